/*
 * What the programs of the demo share.
 *
 * Lines that begin with '@' are for whoever runs them: '@library VERSION FILE' says which library
 * is at work, '@endpoint ADDRESS...' where the program listens.
 */
#ifndef DEMO_H
#define DEMO_H

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

/* No program of the demo runs longer than this, come what may. */
enum { DEMO_SECONDS = 20 };

enum { DEMO_TEXT = 256 };

static inline void say (const char *who, const char *format, ...)
{
    char line[2 * DEMO_TEXT];
    va_list args;

    va_start (args, format);
    vsnprintf (line, sizeof line, format, args);
    va_end (args);
    /* One call, so that lines of several threads do not mix. */
    printf ("%-11s %s\n", who, line);
}

/* Ends the program if something that must hold does not. */
#define DEMO_CHECK(x)                                                                              \
    do {                                                                                           \
        if (!(x)) {                                                                                \
            fprintf (stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, #x,                            \
                     zmq_strerror (zmq_errno ()));                                                 \
            exit (1);                                                                              \
        }                                                                                          \
    } while (0)

/* Prints which files called libzmq the process has mapped. */
static inline void demo_library (void)
{
    char line[4096], seen[4096] = "";
    int major, minor, patch, files = 0;
    FILE *maps = fopen ("/proc/self/maps", "r");

    zmq_version (&major, &minor, &patch);
    while (maps && fgets (line, sizeof line, maps)) {
        char *path = strchr (line, '/');
        if (!path || !strstr (path, "libzmq"))
            continue;
        path[strcspn (path, "\n")] = '\0';
        if (strcmp (path, seen) != 0) {
            printf ("@library %d.%d.%d %s\n", major, minor, patch, path);
            snprintf (seen, sizeof seen, "%s", path);
            files++;
        }
    }
    if (maps)
        fclose (maps);
    if (files == 0)
        printf ("@library %d.%d.%d (linked into the program)\n", major, minor, patch);
}

static inline void demo_begin (void)
{
    setvbuf (stdout, NULL, _IOLBF, 0);
    alarm (DEMO_SECONDS);
    demo_library ();
}

static inline void *demo_bind (void *context, int type, const char *endpoint)
{
    void *socket = zmq_socket (context, type);
    DEMO_CHECK (socket);
    DEMO_CHECK (zmq_bind (socket, endpoint) == 0);
    return socket;
}

static inline void *demo_connect (void *context, int type, const char *endpoint)
{
    void *socket = zmq_socket (context, type);
    DEMO_CHECK (socket);
    DEMO_CHECK (zmq_connect (socket, endpoint) == 0);
    return socket;
}

/* Says where one or two sockets listen; with a port of '*' only the library knows. */
static inline void demo_listening (void *first, void *second)
{
    char one[DEMO_TEXT], two[DEMO_TEXT] = "";
    size_t size = sizeof one;

    DEMO_CHECK (zmq_getsockopt (first, ZMQ_LAST_ENDPOINT, one, &size) == 0);
    size = sizeof two;
    if (second)
        DEMO_CHECK (zmq_getsockopt (second, ZMQ_LAST_ENDPOINT, two, &size) == 0);
    printf ("@endpoint %s %s\n", one, two);
}

static inline void demo_send (void *socket, const char *text, int flags)
{
    DEMO_CHECK (zmq_send (socket, text, strlen (text), flags) == (int) strlen (text));
}

/* Receives one part as text. */
static inline void demo_recv (void *socket, char text[DEMO_TEXT])
{
    int size = zmq_recv (socket, text, DEMO_TEXT - 1, 0);
    DEMO_CHECK (size >= 0 && size < DEMO_TEXT);
    text[size] = '\0';
}

/*
 * Waits until 'count' peers have reported on 'ready', and sends 'probe' on 'socket' meanwhile,
 * again and again: who has been reached by a probe is connected for good. That is how a program
 * finds out without guessing how long a connection takes.
 */
static inline void
demo_gather (void *socket, const char *const *probes, int probe_count, void *ready, int count)
{
    zmq_pollitem_t item = {ready, 0, ZMQ_POLLIN, 0};
    char who[DEMO_TEXT];
    int i;

    while (count > 0) {
        for (i = 0; i < probe_count; i++)
            /* With nobody connected yet, some sockets have nowhere to send it. */
            if (zmq_send (socket, probes[i], strlen (probes[i]), ZMQ_DONTWAIT) == -1)
                DEMO_CHECK (zmq_errno () == EAGAIN);
        DEMO_CHECK (zmq_poll (&item, 1, 10) >= 0);
        while (count > 0 && zmq_recv (ready, who, sizeof who, ZMQ_DONTWAIT) >= 0)
            count--;
    }
}

static inline void demo_thread (pthread_t *thread, void *(*body) (void *), void *argument)
{
    DEMO_CHECK (pthread_create (thread, NULL, body, argument) == 0);
}

#endif
