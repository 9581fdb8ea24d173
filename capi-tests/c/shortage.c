/* SPDX-License-Identifier: MPL-2.0 */

/* Descriptors and threads run out at every call: each says so with an errno, nothing dies, hangs
 * or spins, and all is well again once there are some. */

#include "hostile.h"

#include <grp.h>

/* What a call may say when descriptors are short. */
static int is_shortage (int error)
{
    /* A look-up that cannot open its files knows no name. */
    return error == EMFILE || error == ENFILE || error == ENODEV || error == EAGAIN
           || error == ENOMEM;
}

/* Works, or says that there is a shortage; then the rest of the step is left out. */
#define TRY(call)                                                              \
    do {                                                                       \
        errno = 0;                                                             \
        if ((call) < 0) {                                                      \
            CHECK (is_shortage (errno) && #call);                              \
            return 0;                                                          \
        }                                                                      \
    } while (0)

static void limit_descriptors (int limit)
{
    struct rlimit now;
    CHECK (getrlimit (RLIMIT_NOFILE, &now) == 0);
    now.rlim_cur = limit < 0 ? now.rlim_max : (rlim_t) limit;
    CHECK (setrlimit (RLIMIT_NOFILE, &now) == 0);
}

/* The lowest number that a new descriptor would get. */
static int next_descriptor (void)
{
    int fd = dup (0);
    if (fd >= 0)
        close (fd);
    return fd;
}

/* Everything that takes descriptors, between two sockets. 1 if all of it worked. */
static int use (void *ctx, void *one, void *two, const char *endpoint)
{
    char where[256], text[8];
    size_t size = sizeof where;
    int fd;
    size_t fd_size = sizeof fd;
    zmq_pollitem_t items[2];

    TRY (zmq_bind (one, endpoint));
    TRY (zmq_getsockopt (one, ZMQ_LAST_ENDPOINT, where, &size));
    TRY (zmq_connect (two, where));
    set (two, ZMQ_SNDTIMEO, 50);
    set (one, ZMQ_RCVTIMEO, 50);
    TRY (zmq_send (two, "hello", 5, 0));
    /* The connection may take until there is a descriptor for it. */
    TRY (zmq_recv (one, text, sizeof text, 0));
    memset (items, 0, sizeof items);
    items[0].socket = one;
    items[0].events = ZMQ_POLLIN;
    items[1].fd = 0;
    items[1].events = ZMQ_POLLERR;
    TRY (zmq_poll (items, 1, 1));
    TRY (zmq_poll (items, 2, 1));
    TRY (zmq_getsockopt (one, ZMQ_FD, &fd, &fd_size));
    CHECK (fd >= 0);
    TRY (zmq_unbind (one, where));
    TRY (zmq_disconnect (two, where));
    (void) ctx;
    return 1;
}

static const char *const endpoints[] = {
    "inproc://here",           "tcp://127.0.0.1:*", "tcp://localhost:*",
    "ipc:///tmp/zmq-shortage", "ipc://@zmq-short",  "ipc://*",
};

/* From no descriptor left to more than enough. */
static int from_nothing (int limit, const char *endpoint)
{
    void *ctx, *one, *two, *reader;
    int worked = 0;
    char name[256];

    limit_descriptors (limit);
    ctx = zmq_ctx_new ();
    if (ctx == NULL) {
        CHECK (is_shortage (errno));
        return 0;
    }
    one = zmq_socket (ctx, ZMQ_PAIR);
    CHECK (one != NULL || is_shortage (errno));
    two = zmq_socket (ctx, ZMQ_PAIR);
    CHECK (two != NULL || is_shortage (errno));
    if (one != NULL && two != NULL) {
        set (one, ZMQ_LINGER, 0);
        set (two, ZMQ_LINGER, 0);
        snprintf (name, sizeof name, "inproc://events-%d", limit);
        CHECK (zmq_socket_monitor (one, name, ZMQ_EVENT_ALL) == 0 || is_shortage (errno));
        reader = zmq_socket (ctx, ZMQ_PAIR);
        CHECK (reader != NULL || is_shortage (errno));
        if (reader != NULL) {
            CHECK (zmq_connect (reader, name) == 0 || is_shortage (errno));
            WORKS (zmq_close (reader));
        }
        worked = use (ctx, one, two, endpoint);
    }
    if (one != NULL)
        WORKS (zmq_close (one));
    if (two != NULL)
        WORKS (zmq_close (two));
    WORKS (zmq_ctx_term (ctx));
    return worked;
}

/* All is there, and then the last `spare` descriptors are counted out. When there are enough
 * again everything works. */
static int from_plenty (int spare, const char *endpoint)
{
    void *ctx = zmq_ctx_new ();
    void *one = open_socket (ctx, ZMQ_PAIR);
    void *two = open_socket (ctx, ZMQ_PAIR);
    int worked, held[64];
    int i, limit = next_descriptor () + spare;
    void *three, *four;
    char text[8];

    /* No holes below the limit. */
    for (i = 0; i < 64 && (held[i] = dup (0)) >= 0 && held[i] < limit; i++)
        ;
    CHECK (i < 64);
    close (held[i]);
    limit_descriptors (limit);
    while (i-- > 0)
        close (held[i]);
    worked = use (ctx, one, two, endpoint);
    limit_descriptors (-1);
    if (!worked) {
        /* Whatever was half done is done now. */
        char where[256];
        size_t size = sizeof where;
        three = open_socket (ctx, ZMQ_PAIR);
        four = open_socket (ctx, ZMQ_PAIR);
        WORKS (zmq_bind (three, "tcp://127.0.0.1:*"));
        WORKS (zmq_getsockopt (three, ZMQ_LAST_ENDPOINT, where, &size));
        WORKS (zmq_connect (four, where));
        CHECK (zmq_send (four, "hello", 5, 0) == 5);
        CHECK (zmq_recv (three, text, sizeof text, 0) == 5);
        WORKS (zmq_close (three));
        WORKS (zmq_close (four));
    }
    WORKS (zmq_close (one));
    WORKS (zmq_close (two));
    WORKS (zmq_ctx_term (ctx));
    return worked;
}

/* Runs it in a child with few seconds and little processor time: 1 if all calls worked. */
static int in_child (int (*run) (int, const char *), int number, const char *endpoint)
{
    int status;
    struct rusage used;
    pid_t child;
    fflush (NULL);
    child = fork ();
    CHECK (child >= 0);
    if (child == 0) {
        alarm (10);
        _exit (run (number, endpoint) ? 77 : 0);
    }
    CHECK (wait4 (child, &status, 0, &used) == child);
    if (!WIFEXITED (status) || (WEXITSTATUS (status) != 0 && WEXITSTATUS (status) != 77)) {
        fprintf (stderr, "%s with %d descriptors: status 0x%x\n", endpoint, number, status);
        exit (1);
    }
    CHECK (used.ru_utime.tv_sec + used.ru_stime.tv_sec < 2);
    return WEXITSTATUS (status) == 77;
}

static void sweep (void)
{
    size_t i;
    for (i = 0; i < sizeof endpoints / sizeof endpoints[0]; i++) {
        int limit, worked = 0;
        for (limit = 3; limit <= 64; limit += limit < 28 ? 1 : 6)
            worked = in_child (from_nothing, limit, endpoints[i]);
        CHECK (worked);
    }
}

static void sweep_late (void)
{
    size_t i;
    for (i = 0; i < sizeof endpoints / sizeof endpoints[0]; i++) {
        int spare, worked = 0;
        for (spare = 0; spare < 12; spare++)
            worked = in_child (from_plenty, spare, endpoints[i]);
        CHECK (worked);
    }
}

/* When told to, connects `count` times, tells so, and waits until it may go. */
static pid_t crowd (int port, int count, int *ready, int *leave)
{
    int up[2], down[2];
    pid_t child;
    CHECK (pipe (up) == 0 && pipe (down) == 0);
    child = fork ();
    CHECK (child >= 0);
    if (child == 0) {
        char octet;
        int i;
        alarm (SECONDS_AT_MOST);
        close (down[1]);
        CHECK (read (down[0], &octet, 1) == 1);
        for (i = 0; i < count; i++)
            raw_connect (port);
        CHECK (write (up[1], "!", 1) == 1);
        CHECK (read (down[0], &octet, 1) == 0);
        _exit (0);
    }
    close (up[1]);
    close (down[0]);
    *ready = up[0];
    *leave = down[1];
    return child;
}

/* Peers come while there is no descriptor for them: the monitor tells, nothing spins, those who
 * are there go on, and when there are descriptors again the others are let in. */
static void accepting (void)
{
    enum { PEERS = 8, FAILURES = 6 };
    void *ctx = zmq_ctx_new ();
    void *server = open_socket (ctx, ZMQ_ROUTER);
    void *good = open_socket (ctx, ZMQ_DEALER);
    void *events;
    int port, ready, leave, i, status;
    char octet;
    long cpu, began;
    pid_t child;

    events = monitor (ctx, server);
    port = bind_tcp (server);
    connect_tcp (good, port);
    expect_event (events, ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
    /* Whatever these two still need for themselves they have after a message each. */
    for (i = 0; i < 2; i++) {
        char id[64], text[64];
        int size;
        CHECK (zmq_send (good, "ping", 4, 0) == 4);
        CHECK ((size = zmq_recv (server, id, sizeof id, 0)) > 0);
        CHECK (zmq_recv (server, text, sizeof text, 0) == 4);
        CHECK (zmq_send (server, id, (size_t) size, ZMQ_SNDMORE) == size);
        CHECK (zmq_send (server, text, 4, 0) == 4);
        CHECK (zmq_recv (good, text, sizeof text, 0) == 4);
    }
    /* The crowd is a child, which has descriptors of its own. */
    child = crowd (port, PEERS, &ready, &leave);
    limit_descriptors (next_descriptor ());
    CHECK (write (leave, "!", 1) == 1);
    CHECK (read (ready, &octet, 1) == 1);
    /* The arrival of each of them may count. */
    for (i = 0; i < PEERS; i++)
        CHECK (expect_event (events, ZMQ_EVENT_ACCEPT_FAILED) == EMFILE);
    cpu = cpu_ms ();
    began = now_ms ();
    for (i = 0; i < FAILURES; i++) {
        char id[64], text[64];
        int size;
        CHECK (expect_event (events, ZMQ_EVENT_ACCEPT_FAILED) == EMFILE);
        CHECK (zmq_send (good, "ping", 4, 0) == 4);
        CHECK ((size = zmq_recv (server, id, sizeof id, 0)) > 0);
        CHECK (zmq_recv (server, text, sizeof text, 0) == 4);
    }
    began = now_ms () - began;
    cpu = cpu_ms () - cpu;
    printf ("%d failures in %ld ms, %ld ms of them busy\n", FAILURES, began, cpu);
    CHECK (began > 20 * FAILURES);
    CHECK (cpu < began / 4);
    /* A new socket of ours is refused as well, and says so. */
    FAILS (zmq_bind (good, "tcp://127.0.0.1:*"), EMFILE);
    FAILS (zmq_bind (good, "ipc://@zmq-shortage-2"), EMFILE);

    limit_descriptors (-1);
    /* All are there when the last of them leaves. */
    CHECK (close (leave) == 0);
    CHECK (waitpid (child, &status, 0) == child && status == 0);
    for (i = 0; i < PEERS; i++)
        expect_event (events, ZMQ_EVENT_DISCONNECTED);
    close (ready);
    WORKS (zmq_close (events));
    WORKS (zmq_close (server));
    WORKS (zmq_close (good));
    WORKS (zmq_ctx_term (ctx));
}

/* Connecting without descriptors goes on trying, unhurried, and succeeds when it can. */
static void connecting (void)
{
    void *ctx = zmq_ctx_new ();
    void *server = open_socket (ctx, ZMQ_PULL);
    void *client = open_socket (ctx, ZMQ_PUSH);
    void *events;
    int port, i;
    char text[8];
    long cpu = cpu_ms ();

    events = monitor (ctx, client);
    set (client, ZMQ_RECONNECT_IVL, 30);
    port = bind_tcp (server);
    limit_descriptors (next_descriptor ());
    connect_tcp (client, port);
    CHECK (zmq_send (client, "hello", 5, 0) == 5);
    for (i = 0; i < 5; i++)
        expect_event (events, ZMQ_EVENT_CONNECT_RETRIED);
    CHECK (cpu_ms () - cpu < 100);
    limit_descriptors (-1);
    CHECK (zmq_recv (server, text, sizeof text, 0) == 5);
    WORKS (zmq_close (events));
    WORKS (zmq_close (server));
    WORKS (zmq_close (client));
    WORKS (zmq_ctx_term (ctx));
}

/* Threads are refused: to a context, which says so and works when it is asked again; and to a
 * look-up, which is tried again. */
static void no_threads (void)
{
    struct rlimit none = {1, 0}, some;
    void *ctx, *socket, *events;
    long cpu;
    int i;

    /* The limit is not for root. */
    if (getuid () == 0)
        CHECK (setgroups (0, NULL) == 0 && setgid (65534) == 0 && setuid (65534) == 0);
    CHECK (getrlimit (RLIMIT_NPROC, &some) == 0);
    none.rlim_max = some.rlim_max;
    ctx = zmq_ctx_new ();
    CHECK (ctx != NULL);
    CHECK (setrlimit (RLIMIT_NPROC, &none) == 0);
    for (i = 0; i < 3; i++)
        FAILS_NULL (zmq_socket (ctx, ZMQ_PAIR), EAGAIN);
    CHECK (setrlimit (RLIMIT_NPROC, &some) == 0);
    socket = open_socket (ctx, ZMQ_PAIR);
    set (socket, ZMQ_RECONNECT_IVL, 20);
    events = monitor (ctx, socket);
    CHECK (setrlimit (RLIMIT_NPROC, &none) == 0);
    cpu = cpu_ms ();
    WORKS (zmq_connect (socket, "tcp://a-name.invalid:5555"));
    for (i = 0; i < 4; i++)
        expect_event (events, ZMQ_EVENT_CONNECT_RETRIED);
    CHECK (cpu_ms () - cpu < 100);
    WORKS (zmq_close (events));
    WORKS (zmq_close (socket));
    WORKS (zmq_ctx_term (ctx));
    /* With several threads it is all or none of them. */
    ctx = zmq_ctx_new ();
    WORKS (zmq_ctx_set (ctx, ZMQ_IO_THREADS, 4));
    i = descriptors ();
    FAILS_NULL (zmq_socket (ctx, ZMQ_PAIR), EAGAIN);
    CHECK (descriptors () == i && threads () == 3);
    WORKS (zmq_ctx_term (ctx));
}

/* More than there is memory for: the one who sends it loses the connection, and nobody else. */
static void no_memory (void)
{
    enum { MIB = 1 << 20 };
    static unsigned char says[MIB];
    struct rlimit limit;
    void *ctx = zmq_ctx_new ();
    void *server = open_socket (ctx, ZMQ_ROUTER);
    void *good = open_socket (ctx, ZMQ_DEALER);
    void *events = monitor (ctx, server);
    int port = bind_tcp (server);
    int fd, sent;
    char text[64];
    long size = 0;
    FILE *file = fopen ("/proc/self/statm", "r");
    zmq_msg_t msg;

    connect_tcp (good, port);
    expect_event (events, ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
    CHECK (zmq_send (good, "ping", 4, 0) == 4);
    CHECK (zmq_recv (server, text, sizeof text, 0) > 0);
    CHECK (zmq_recv (server, text, sizeof text, 0) == 4);
    CHECK (file != NULL && fscanf (file, "%ld", &size) == 1);
    fclose (file);
    fd = raw_connect (port);
    handshake (fd, "DEALER");
    expect_event (events, ZMQ_EVENT_HANDSHAKE_SUCCEEDED);

    CHECK (getrlimit (RLIMIT_AS, &limit) == 0);
    limit.rlim_cur = (rlim_t) (size * sysconf (_SC_PAGESIZE) + 128L * MIB);
    CHECK (setrlimit (RLIMIT_AS, &limit) == 0);
    FAILS (zmq_msg_init_size (&msg, 1UL << 30), ENOMEM);
    FAILS (zmq_send (good, says, 1UL << 30, 0), ENOMEM);
    memset (says, 'x', sizeof says);
    long_header (says, 0, 1ULL << 32);
    for (sent = 0; raw_send (fd, says, sizeof says); sent++)
        CHECK (sent < 1024);
    raw_expect_end (fd);
    expect_event (events, ZMQ_EVENT_DISCONNECTED);
    CHECK (sent >= 32);
    /* The same in parts without a last one. */
    fd = raw_connect (port);
    handshake (fd, "DEALER");
    expect_event (events, ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
    memset (says, 0, sizeof says);
    for (sent = 0; sent < MIB; sent += 2)
        says[sent] = 1;
    for (sent = 0; raw_send (fd, says, sizeof says); sent++)
        CHECK (sent < 64);
    raw_expect_end (fd);
    expect_event (events, ZMQ_EVENT_DISCONNECTED);
    CHECK (zmq_send (good, "ping", 4, 0) == 4);
    CHECK (zmq_recv (server, text, sizeof text, 0) > 0);
    CHECK (zmq_recv (server, text, sizeof text, 0) == 4);
    WORKS (zmq_close (events));
    WORKS (zmq_close (server));
    WORKS (zmq_close (good));
    WORKS (zmq_ctx_term (ctx));
}

static const struct test tests[] = {
    {"sweep", sweep},           {"sweep_late", sweep_late}, {"accepting", accepting},
    {"connecting", connecting}, {"no_memory", no_memory},   {"no_threads", no_threads},
};

MAIN (tests)
