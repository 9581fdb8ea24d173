/* SPDX-License-Identifier: MPL-2.0 */

/* What the benchmark programs share. Each is compiled once and run with either library before it
 * (LD_LIBRARY_PATH). A program that wants two processes forks before it first calls the library.
 * It prints one `NAME VALUE` a line on its standard output; all times are in seconds. */

#ifndef BENCH_H
#define BENCH_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "zmq.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CHECK(condition)                                                       \
    do {                                                                       \
        if (!(condition)) {                                                    \
            fprintf (stderr, "%s:%d: %s (errno %d, %s)\n", __FILE__, __LINE__, \
                     #condition, errno, strerror (errno));                     \
            _exit (1);                                                         \
        }                                                                      \
    } while (0)

/* No program runs for longer than this, whatever happens. */
#define SECONDS_AT_MOST 100

/* The monotonic clock. */
static inline double now (void)
{
    struct timespec t;
    clock_gettime (CLOCK_MONOTONIC, &t);
    return (double) t.tv_sec + (double) t.tv_nsec * 1e-9;
}

/* Processor time of this process so far, user and system. */
static inline double cpu (void)
{
    struct rusage u;
    getrusage (RUSAGE_SELF, &u);
    return (double) (u.ru_utime.tv_sec + u.ru_stime.tv_sec)
           + (double) (u.ru_utime.tv_usec + u.ru_stime.tv_usec) * 1e-6;
}

/* Octets of the heap in use: what malloc gave out and did not get back. */
static inline double heap (void)
{
    struct mallinfo2 m = mallinfo2 ();
    return (double) m.uordblks + (double) m.hblkhd;
}

/* Octets of memory that are this process's alone. */
static inline double resident (void)
{
    unsigned long size = 0, all = 0, shared = 0;
    FILE *file = fopen ("/proc/self/statm", "r");
    CHECK (file && fscanf (file, "%lu %lu %lu", &size, &all, &shared) == 3);
    fclose (file);
    return (double) (all - shared) * (double) sysconf (_SC_PAGESIZE);
}

static inline void report (const char *name, double value)
{
    printf ("%s %.9g\n", name, value);
    fflush (stdout);
}

static inline long number (const char *text)
{
    char *end;
    long value = strtol (text, &end, 10);
    CHECK (*text && !*end && value >= 0);
    return value;
}

/* As many descriptors as the system allows. */
static inline void many_descriptors (void)
{
    struct rlimit limit;
    CHECK (getrlimit (RLIMIT_NOFILE, &limit) == 0);
    limit.rlim_cur = limit.rlim_max;
    CHECK (setrlimit (RLIMIT_NOFILE, &limit) == 0);
}

/* The line to the other process. */
static int line_;

/* Makes the other process: 0 there, its id here. */
static inline pid_t split (void)
{
    int ends[2];
    CHECK (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    alarm (SECONDS_AT_MOST);
    fflush (stdout);
    pid_t other = fork ();
    CHECK (other >= 0);
    if (other == 0) {
        prctl (PR_SET_PDEATHSIG, SIGKILL);
        alarm (SECONDS_AT_MOST);
    }
    line_ = ends[other == 0];
    close (ends[other != 0]);
    return other;
}

static inline void tell (const void *data, size_t size)
{
    CHECK (write (line_, data, size) == (ssize_t) size);
}

/* Waits for what the other process tells; its death ends this one too. */
static inline void hear (void *data, size_t size)
{
    CHECK (recv (line_, data, size, MSG_WAITALL) == (ssize_t) size);
}

static inline void tell_number (double value)
{
    tell (&value, sizeof value);
}

static inline double hear_number (void)
{
    double value;
    hear (&value, sizeof value);
    return value;
}

/* Waits for the other process, which must have gone well. */
static inline void join (pid_t other)
{
    int status;
    CHECK (waitpid (other, &status, 0) == other);
    CHECK (WIFEXITED (status) && WEXITSTATUS (status) == 0);
}

static inline void set (void *socket, int option, int value)
{
    CHECK (zmq_setsockopt (socket, option, &value, sizeof value) == 0);
}

/* A context that may have `sockets` sockets. */
static inline void *context (long sockets)
{
    void *ctx = zmq_ctx_new ();
    CHECK (ctx);
    if (sockets > 1000)
        CHECK (zmq_ctx_set (ctx, ZMQ_MAX_SOCKETS, (int) sockets + 8) == 0);
    return ctx;
}

static inline void *make (void *ctx, int type)
{
    void *socket = zmq_socket (ctx, type);
    CHECK (socket);
    set (socket, ZMQ_LINGER, 0);
    return socket;
}

/* Binds to a port or path that is free, and tells it. */
static inline void bind_any (void *socket, const char *transport, char endpoint[256])
{
    size_t size = 256;
    char wanted[64];
    snprintf (wanted, sizeof wanted, "%s://%s", transport,
              strcmp (transport, "tcp") ? "*" : "127.0.0.1:*");
    CHECK (zmq_bind (socket, wanted) == 0);
    CHECK (zmq_getsockopt (socket, ZMQ_LAST_ENDPOINT, endpoint, &size) == 0);
}

/* The port of a tcp endpoint. */
static inline int port_of (const char *endpoint)
{
    return (int) number (strrchr (endpoint, ':') + 1);
}

#endif
