/* SPDX-License-Identifier: MPL-2.0 */

/* What the programs share that put the library in distress: a clock, counts of what the process
 * holds, monitors, and peers that speak (or break) ZMTP 3 by hand.
 *
 * Everything here waits for an event and gives up, loudly, after PATIENCE. */

#include "check.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

/* How long anything that must happen may take, in milliseconds. */
#define PATIENCE 10000

#define UNUSED __attribute__ ((unused))

/* A test: its name on the command line, and what it does. */
struct test {
    const char *name;
    void (*run) (void);
};

UNUSED static int run_tests (const struct test *tests, size_t count, int argc, char **argv)
{
    size_t i;
    int found = 0;

    for (i = 0; i < count; i++)
        if (argc < 2 || strcmp (argv[1], tests[i].name) == 0) {
            alarm (SECONDS_AT_MOST);
            tests[i].run ();
            found = 1;
        }
    CHECK (found);
    return 0;
}

#define MAIN(tests)                                                            \
    int main (int argc, char **argv)                                           \
    {                                                                          \
        return run_tests (tests, sizeof (tests) / sizeof ((tests)[0]), argc,   \
                          argv);                                               \
    }

/* ---- time and what the process holds ------------------------------------------------------- */

UNUSED static long now_ms (void)
{
    struct timespec t;
    clock_gettime (CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000L + t.tv_nsec / 1000000;
}

/* Processor time of the process, in milliseconds. */
UNUSED static long cpu_ms (void)
{
    struct timespec t;
    clock_gettime (CLOCK_PROCESS_CPUTIME_ID, &t);
    return t.tv_sec * 1000L + t.tv_nsec / 1000000;
}

UNUSED static void breathe (void)
{
    struct timespec t = {0, 2000000};
    nanosleep (&t, NULL);
}

/* Looks again and again until the condition holds: for what nothing tells of. */
#define AWAIT(condition)                                                       \
    do {                                                                       \
        long until_ = now_ms () + PATIENCE;                                    \
        while (!(condition)) {                                                 \
            CHECK (now_ms () < until_ && #condition);                          \
            breathe ();                                                        \
        }                                                                      \
    } while (0)

static int entries (const char *folder)
{
    int count = 0;
    DIR *dir = opendir (folder);
    CHECK (dir != NULL);
    while (readdir (dir) != NULL)
        count++;
    closedir (dir);
    return count;
}

/* Open descriptors (one more while looking, always). */
UNUSED static int descriptors (void)
{
    return entries ("/proc/self/fd");
}

UNUSED static int threads (void)
{
    return entries ("/proc/self/task");
}

/* Resident memory, in KiB. */
UNUSED static long resident (void)
{
    long size = 0, resident = 0;
    FILE *file = fopen ("/proc/self/statm", "r");
    CHECK (file != NULL);
    CHECK (fscanf (file, "%ld %ld", &size, &resident) == 2);
    fclose (file);
    return resident * (sysconf (_SC_PAGESIZE) / 1024);
}

/* ---- sockets of ours ----------------------------------------------------------------------- */

UNUSED static void set (void *socket, int option, int value)
{
    WORKS (zmq_setsockopt (socket, option, &value, sizeof value));
}

UNUSED static void *open_socket (void *ctx, int type)
{
    void *socket = zmq_socket (ctx, type);
    CHECK (socket != NULL);
    set (socket, ZMQ_LINGER, 0);
    set (socket, ZMQ_RCVTIMEO, PATIENCE);
    set (socket, ZMQ_SNDTIMEO, PATIENCE);
    return socket;
}

/* Binds to a port of loopback that is free, and returns it. */
UNUSED static int bind_tcp (void *socket)
{
    char endpoint[64];
    size_t size = sizeof endpoint;
    const char *colon;
    WORKS (zmq_bind (socket, "tcp://127.0.0.1:*"));
    WORKS (zmq_getsockopt (socket, ZMQ_LAST_ENDPOINT, endpoint, &size));
    colon = strrchr (endpoint, ':');
    CHECK (colon != NULL);
    return atoi (colon + 1);
}

UNUSED static void connect_tcp (void *socket, int port)
{
    char endpoint[64];
    snprintf (endpoint, sizeof endpoint, "tcp://127.0.0.1:%d", port);
    WORKS (zmq_connect (socket, endpoint));
}

/* A monitor of all events of a socket. */
UNUSED static void *monitor (void *ctx, void *socket)
{
    static int number = 0;
    char endpoint[64];
    void *reader;
    snprintf (endpoint, sizeof endpoint, "inproc://monitor-%d", number++);
    WORKS (zmq_socket_monitor (socket, endpoint, ZMQ_EVENT_ALL));
    reader = open_socket (ctx, ZMQ_PAIR);
    WORKS (zmq_connect (reader, endpoint));
    return reader;
}

/* The next event among those of the mask; 0 if there is none in time. */
UNUSED static int next_event (void *reader, int mask, uint32_t *value, int timeout)
{
    long until = now_ms () + timeout;
    for (;;) {
        unsigned char head[6];
        char where[256];
        uint16_t event;
        long left = until - now_ms ();
        set (reader, ZMQ_RCVTIMEO, left > 0 ? (int) left : 0);
        if (zmq_recv (reader, head, sizeof head, 0) != sizeof head)
            return 0;
        CHECK (zmq_recv (reader, where, sizeof where, 0) >= 0);
        memcpy (&event, head, sizeof event);
        if (value != NULL)
            memcpy (value, head + 2, sizeof *value);
        if (event & mask)
            return event;
    }
}

UNUSED static uint32_t expect_event_at (const char *file, int line, void *reader, int event)
{
    uint32_t value = 0;
    if (next_event (reader, event, &value, PATIENCE) != event) {
        fprintf (stderr, "%s:%d: no event 0x%x\n", file, line, (unsigned) event);
        exit (1);
    }
    return value;
}

/* This event must come. */
#define expect_event(reader, event) expect_event_at (__FILE__, __LINE__, reader, event)

/* ---- peers by hand ------------------------------------------------------------------------- */

UNUSED static struct sockaddr_in loopback (int port)
{
    struct sockaddr_in address;
    memset (&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_port = htons ((uint16_t) port);
    address.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
    return address;
}

UNUSED static int raw_connect (int port)
{
    struct sockaddr_in address = loopback (port);
    int one = 1;
    int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK (fd >= 0);
    CHECK (connect (fd, (struct sockaddr *) &address, sizeof address) == 0);
    CHECK (setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) == 0);
    return fd;
}

UNUSED static int raw_listen (int *port)
{
    struct sockaddr_in address = loopback (*port);
    socklen_t size = sizeof address;
    int one = 1;
    int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK (fd >= 0);
    CHECK (setsockopt (fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) == 0);
    CHECK (bind (fd, (struct sockaddr *) &address, sizeof address) == 0);
    CHECK (listen (fd, 100) == 0);
    CHECK (getsockname (fd, (struct sockaddr *) &address, &size) == 0);
    *port = ntohs (address.sin_port);
    return fd;
}

UNUSED static int raw_accept (int listener)
{
    struct pollfd item = {listener, POLLIN, 0};
    int fd;
    CHECK (poll (&item, 1, PATIENCE) == 1);
    fd = accept4 (listener, NULL, NULL, SOCK_CLOEXEC);
    CHECK (fd >= 0);
    return fd;
}

/* Sends all of it; 0 if the other side would not have it. */
UNUSED static int raw_send (int fd, const void *data, size_t size)
{
    const unsigned char *at = data;
    while (size > 0) {
        struct pollfd item = {fd, POLLOUT, 0};
        ssize_t sent;
        CHECK (poll (&item, 1, PATIENCE) == 1);
        sent = send (fd, at, size, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno == EAGAIN)
            continue;
        if (sent < 0)
            return 0;
        at += sent;
        size -= (size_t) sent;
    }
    return 1;
}

/* Receives all of it. */
UNUSED static void raw_recv (int fd, void *data, size_t size)
{
    unsigned char *at = data;
    while (size > 0) {
        struct pollfd item = {fd, POLLIN, 0};
        ssize_t got;
        CHECK (poll (&item, 1, PATIENCE) == 1);
        got = recv (fd, at, size, 0);
        CHECK (got > 0);
        at += got;
        size -= (size_t) got;
    }
}

/* The other side ends the connection, whatever it still says. */
UNUSED static void raw_expect_end (int fd)
{
    unsigned char buffer[4096];
    for (;;) {
        struct pollfd item = {fd, POLLIN, 0};
        CHECK (poll (&item, 1, PATIENCE) == 1);
        if (recv (fd, buffer, sizeof buffer, 0) <= 0)
            break;
    }
    close (fd);
}

/* Ends the connection with a RST instead of a FIN. */
UNUSED static void raw_reset (int fd)
{
    struct linger hard = {1, 0};
    CHECK (setsockopt (fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard) == 0);
    close (fd);
}

#define GREETING 64

/* The greeting of a ZMTP 3.1 client without security (RFC 37). */
UNUSED static void greeting (unsigned char *to)
{
    memset (to, 0, GREETING);
    to[0] = 0xff;
    to[8] = 1;
    to[9] = 0x7f;
    to[10] = 3;
    to[11] = 1;
    memcpy (to + 12, "NULL", 4);
}

/* A READY command that says what this peer is: its size. */
UNUSED static size_t ready (unsigned char *to, const char *type)
{
    size_t size = strlen (type);
    unsigned char *at = to + 2;
    *at++ = 5;
    memcpy (at, "READY", 5);
    at += 5;
    *at++ = 11;
    memcpy (at, "Socket-Type", 11);
    at += 11;
    memset (at, 0, 3);
    at[3] = (unsigned char) size;
    at += 4;
    memcpy (at, type, size);
    at += size;
    to[0] = 4;
    to[1] = (unsigned char) (at - to - 2);
    return (size_t) (at - to);
}

/* Greeting and READY in one go: their size. */
UNUSED static size_t opening (unsigned char *to, const char *type)
{
    greeting (to);
    return GREETING + ready (to + GREETING, type);
}

/* Goes through the handshake, by the book. */
UNUSED static void handshake (int fd, const char *type)
{
    unsigned char buffer[512];
    CHECK (raw_send (fd, buffer, opening (buffer, type)));
    raw_recv (fd, buffer, GREETING);
    CHECK (buffer[0] == 0xff && buffer[9] == 0x7f && buffer[10] == 3);
    raw_recv (fd, buffer, 2);
    CHECK (buffer[0] == 4);
    raw_recv (fd, buffer, buffer[1]);
}

/* The header of a long frame with this size. */
UNUSED static void long_header (unsigned char *to, int flags, uint64_t size)
{
    int i;
    to[0] = (unsigned char) (flags | 2);
    for (i = 0; i < 8; i++)
        to[1 + i] = (unsigned char) (size >> (56 - 8 * i));
}

/* Numbers that look random and are the same in every run. */
UNUSED static uint32_t random_number (void)
{
    static uint64_t state = 0x9e3779b97f4a7c15ULL;
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    return (uint32_t) (state >> 33);
}
