/* SPDX-License-Identifier: MPL-2.0 */

/* Threads that do to contexts and sockets what they must not: all at once, after the end, in the
 * middle of a wait; and threads that are cancelled while they wait. An errno each, and no harm. */

#include "hostile.h"

/* What a call may say when somebody else closes or ends things meanwhile. */
static int is_fair (int error)
{
    return error == EAGAIN || error == ENOTSOCK || error == ETERM || error == EFSM
           || error == EINVAL || error == EADDRINUSE || error == ENOENT || error == EFAULT
           || error == EHOSTUNREACH || error == EMFILE || error == ENOTSUP;
}

#define FAIR(call) CHECK ((call) >= 0 || is_fair (errno))

enum { THREADS = 4 };

static struct {
    void *ctx;
    void *volatile sockets[3];
    int type;
    volatile int stop;
} shared;

/* Everything to everybody's sockets, in an order of its own. */
static void *hammer (void *seed)
{
    uint64_t state = (uint64_t) (size_t) seed * 0x9e3779b97f4a7c15ULL + 1;
    while (!shared.stop) {
        char text[256];
        size_t size = sizeof text;
        int value, which;
        void *socket;
        state = state * 6364136223846793005ULL + 1442695040888963407ULL;
        which = (int) (state >> 60) % 3;
        socket = shared.sockets[which];
        switch ((state >> 40) % 16) {
        case 0:
        case 1:
            FAIR (zmq_send (socket, "hello", 5, ZMQ_DONTWAIT));
            break;
        case 2:
            FAIR (zmq_send (socket, "hello", 5, ZMQ_DONTWAIT | ZMQ_SNDMORE));
            break;
        case 3:
        case 4:
            FAIR (zmq_recv (socket, text, sizeof text, ZMQ_DONTWAIT));
            break;
        case 5:
            /* RCVTIMEO is a millisecond. */
            FAIR (zmq_recv (socket, text, sizeof text, 0));
            break;
        case 6:
            FAIR (zmq_send (socket, "hello", 5, 0));
            break;
        case 7: {
            zmq_pollitem_t items[3];
            int i;
            memset (items, 0, sizeof items);
            for (i = 0; i < 3; i++) {
                items[i].socket = shared.sockets[i];
                items[i].events = ZMQ_POLLIN | ZMQ_POLLOUT;
            }
            FAIR (zmq_poll (items, 3, 1));
            break;
        }
        case 8:
            value = (int) (state >> 20) % 1000;
            FAIR (zmq_setsockopt (socket, ZMQ_SNDHWM, &value, sizeof value));
            break;
        case 9:
            FAIR (zmq_setsockopt (socket, ZMQ_SUBSCRIBE, "he", 2));
            break;
        case 10:
            size = sizeof value;
            FAIR (zmq_getsockopt (socket, ZMQ_EVENTS, &value, &size));
            size = sizeof value;
            FAIR (zmq_getsockopt (socket, ZMQ_FD, &value, &size));
            break;
        case 11:
            snprintf (text, sizeof text, "inproc://%d", (int) (state >> 20) % 4);
            FAIR (zmq_bind (socket, text));
            break;
        case 12:
            snprintf (text, sizeof text, "inproc://%d", (int) (state >> 20) % 4);
            FAIR (zmq_connect (socket, text));
            break;
        case 13:
            snprintf (text, sizeof text, "inproc://%d", (int) (state >> 20) % 4);
            if ((state >> 30) % 2)
                FAIR (zmq_unbind (socket, text));
            else
                FAIR (zmq_disconnect (socket, text));
            break;
        case 14:
            if (zmq_bind (socket, "tcp://127.0.0.1:*") == 0
                && zmq_getsockopt (socket, ZMQ_LAST_ENDPOINT, text, &size) == 0
                && strncmp (text, "tcp", 3) == 0) {
                FAIR (zmq_connect (shared.sockets[(which + 1) % 3], text));
                FAIR (zmq_unbind (socket, text));
            }
            break;
        case 15:
            if ((state >> 20) % 8 == 0) {
                void *fresh;
                FAIR (zmq_close (socket));
                fresh = zmq_socket (shared.ctx, shared.type);
                CHECK (fresh != NULL || is_fair (errno));
                if (fresh != NULL) {
                    value = 1;
                    FAIR (zmq_setsockopt (fresh, ZMQ_RCVTIMEO, &value, sizeof value));
                    FAIR (zmq_setsockopt (fresh, ZMQ_SNDTIMEO, &value, sizeof value));
                    value = 0;
                    FAIR (zmq_setsockopt (fresh, ZMQ_LINGER, &value, sizeof value));
                    /* The one that was there is closed by whoever takes it out. */
                    fresh = __sync_lock_test_and_set (&shared.sockets[which], fresh);
                    if (zmq_close (fresh) < 0)
                        CHECK (errno == ENOTSOCK);
                }
            }
            break;
        }
    }
    return NULL;
}

/* Four threads at the same three sockets, for each type; then the context ends below them. */
static void all_at_once (void)
{
    static const int types[] = {ZMQ_PAIR, ZMQ_PUB,    ZMQ_SUB,  ZMQ_REQ,  ZMQ_REP, ZMQ_DEALER,
                                ZMQ_ROUTER, ZMQ_PULL, ZMQ_PUSH, ZMQ_XPUB, ZMQ_XSUB, ZMQ_STREAM};
    size_t i, j;
    int before = descriptors (), threads_before = threads ();
    for (i = 0; i < sizeof types / sizeof types[0]; i++) {
        pthread_t hammers[THREADS];
        long until;
        shared.stop = 0;
        shared.type = types[i];
        CHECK ((shared.ctx = zmq_ctx_new ()) != NULL);
        for (j = 0; j < 3; j++) {
            shared.sockets[j] = open_socket (shared.ctx, shared.type);
            set (shared.sockets[j], ZMQ_RCVTIMEO, 1);
            set (shared.sockets[j], ZMQ_SNDTIMEO, 1);
        }
        for (j = 0; j < THREADS; j++)
            CHECK (pthread_create (&hammers[j], NULL, hammer, (void *) (i * 10 + j)) == 0);
        until = now_ms () + 150;
        while (now_ms () < until)
            breathe ();
        if (i % 2)
            WORKS (zmq_ctx_shutdown (shared.ctx));
        shared.stop = 1;
        for (j = 0; j < THREADS; j++)
            CHECK (pthread_join (hammers[j], NULL) == 0);
        for (j = 0; j < 3; j++)
            if (zmq_close (shared.sockets[j]) < 0)
                CHECK (errno == ENOTSOCK);
        WORKS (zmq_ctx_term (shared.ctx));
        CHECK (threads () == threads_before);
        /* This thread may have got something to sleep on. */
        CHECK (descriptors () <= before + 2);
    }
}

/* ---- ends while others wait ---------------------------------------------------------------- */

static void *wait_to_receive (void *socket)
{
    char text[8];
    errno = 0;
    CHECK (zmq_recv (socket, text, sizeof text, 0) == -1);
    return (void *) (size_t) errno;
}

static void *wait_to_send (void *socket)
{
    while (zmq_send (socket, "hello", 5, 0) == 5)
        ;
    return (void *) (size_t) errno;
}

static void *wait_to_poll (void *socket)
{
    zmq_pollitem_t items[2];
    memset (items, 0, sizeof items);
    items[0].socket = socket;
    items[0].events = ZMQ_POLLIN;
    items[1].fd = 0;
    CHECK (zmq_poll (items, 2, -1) == -1);
    return (void *) (size_t) errno;
}

static void *wait_to_proxy (void *socket)
{
    CHECK (zmq_proxy (socket, socket, NULL) == -1);
    return (void *) (size_t) errno;
}

typedef void *thread_fn (void *);

static thread_fn *const waits[] = {wait_to_receive, wait_to_send, wait_to_poll, wait_to_proxy};

enum { WAITS = 4 };

/* How many other threads sleep in the kernel. */
static int sleepers (void)
{
    DIR *dir = opendir ("/proc/self/task");
    struct dirent *entry;
    int count = 0;
    CHECK (dir != NULL);
    while ((entry = readdir (dir)) != NULL) {
        char path[300], state = 0;
        FILE *file;
        snprintf (path, sizeof path, "/proc/self/task/%s/stat", entry->d_name);
        file = fopen (path, "r");
        if (file == NULL)
            continue;
        if (fscanf (file, "%*d (%*[^)]) %c", &state) == 1 && state == 'S')
            count++;
        fclose (file);
    }
    closedir (dir);
    return count;
}

/* All these threads (this one is the only other) have gone to sleep. */
static void asleep (int count)
{
    int i;
    for (i = 0; i < 3; i++) {
        AWAIT (threads () >= count && sleepers () >= count - 3);
        breathe ();
    }
}

/* A socket is closed while another thread waits on it. */
static void close_below (void)
{
    int i;
    void *ctx = zmq_ctx_new ();
    for (i = 0; i < WAITS; i++) {
        pthread_t thread;
        void *error;
        void *socket = open_socket (ctx, ZMQ_PAIR);
        int before = threads ();
        set (socket, ZMQ_RCVTIMEO, -1);
        set (socket, ZMQ_SNDTIMEO, -1);
        CHECK (pthread_create (&thread, NULL, waits[i], socket) == 0);
        asleep (before + 1);
        WORKS (zmq_close (socket));
        CHECK (pthread_join (thread, &error) == 0);
        CHECK ((size_t) error == ENOTSOCK);
        FAILS (zmq_close (socket), ENOTSOCK);
    }
    WORKS (zmq_ctx_term (ctx));
}

static void *terminate (void *ctx)
{
    errno = 0;
    /* Whoever comes too late finds no context. */
    CHECK (zmq_ctx_term (ctx) == 0 || errno == EFAULT);
    return NULL;
}

/* A context is ended, twice, while other threads wait on its sockets. */
static void term_below (void)
{
    pthread_t threads_there[WAITS], enders[2];
    void *sockets[WAITS];
    void *ctx = zmq_ctx_new ();
    int i, before;
    for (i = 0; i < WAITS; i++) {
        sockets[i] = open_socket (ctx, ZMQ_PAIR);
        set (sockets[i], ZMQ_RCVTIMEO, -1);
        set (sockets[i], ZMQ_SNDTIMEO, -1);
    }
    before = threads ();
    for (i = 0; i < WAITS; i++)
        CHECK (pthread_create (&threads_there[i], NULL, waits[i], sockets[i]) == 0);
    asleep (before + WAITS);
    for (i = 0; i < 2; i++)
        CHECK (pthread_create (&enders[i], NULL, terminate, ctx) == 0);
    for (i = 0; i < WAITS; i++) {
        void *error;
        CHECK (pthread_join (threads_there[i], &error) == 0);
        CHECK ((size_t) error == ETERM);
        FAILS (zmq_send (sockets[i], "x", 1, 0), ETERM);
        WORKS (zmq_close (sockets[i]));
    }
    for (i = 0; i < 2; i++)
        CHECK (pthread_join (enders[i], NULL) == 0);
    FAILS (zmq_ctx_term (ctx), EFAULT);
    FAILS_NULL (zmq_socket (ctx, ZMQ_PAIR), EFAULT);
}

/* Sockets are opened while the context ends: no thread and no descriptor is left behind. */
static void *opener (void *ctx)
{
    void *socket;
    while ((socket = zmq_socket (ctx, ZMQ_PAIR)) != NULL)
        WORKS (zmq_close (socket));
    CHECK (errno == ETERM || errno == EFAULT);
    return NULL;
}

static void open_at_the_end (void)
{
    int turn, i, before_threads = threads (), before = descriptors ();
    for (turn = 0; turn < 200; turn++) {
        pthread_t openers[3];
        void *ctx = zmq_ctx_new ();
        for (i = 0; i < 3; i++)
            CHECK (pthread_create (&openers[i], NULL, opener, ctx) == 0);
        WORKS (zmq_ctx_term (ctx));
        for (i = 0; i < 3; i++)
            CHECK (pthread_join (openers[i], NULL) == 0);
    }
    CHECK (threads () == before_threads);
    CHECK (descriptors () <= before + 2);
}

/* Handles that are stale for long, with many others opened since. */
static void stale (void)
{
    char text[8];
    size_t size = sizeof text;
    int value = 0, i;
    void *ctx = zmq_ctx_new ();
    void *socket = open_socket (ctx, ZMQ_PAIR);
    void *old = ctx;
    zmq_pollitem_t item = {socket, 0, ZMQ_POLLIN, 0};
    WORKS (zmq_close (socket));
    WORKS (zmq_ctx_term (ctx));
    ctx = zmq_ctx_new ();
    for (i = 0; i < 100; i++) {
        void *other = open_socket (ctx, ZMQ_PAIR);
        if (i % 2)
            WORKS (zmq_close (other));
        FAILS (zmq_send (socket, "x", 1, 0), ENOTSOCK);
        FAILS (zmq_recv (socket, text, 1, 0), ENOTSOCK);
        FAILS (zmq_setsockopt (socket, ZMQ_LINGER, &value, sizeof value), ENOTSOCK);
        FAILS (zmq_getsockopt (socket, ZMQ_TYPE, text, &size), ENOTSOCK);
        FAILS (zmq_bind (socket, "inproc://a"), ENOTSOCK);
        FAILS (zmq_connect (socket, "inproc://a"), ENOTSOCK);
        FAILS (zmq_poll (&item, 1, 0), ENOTSOCK);
        FAILS (zmq_proxy (socket, socket, NULL), ENOTSOCK);
        FAILS (zmq_close (socket), ENOTSOCK);
        FAILS_NULL (zmq_socket (old, ZMQ_PAIR), EFAULT);
        FAILS (zmq_ctx_term (old), EFAULT);
        FAILS (zmq_ctx_shutdown (old), EFAULT);
        FAILS (zmq_ctx_set (old, ZMQ_IO_THREADS, 1), EFAULT);
        if (i % 2 == 0)
            WORKS (zmq_close (other));
    }
    WORKS (zmq_ctx_term (ctx));
}

/* ---- pthread_cancel ------------------------------------------------------------------------ */

static void *poll_two (void *socket)
{
    return wait_to_poll (socket);
}

static void *send_for_ever (void *socket)
{
    static char body[5000];
    for (;;)
        CHECK (zmq_send (socket, body, sizeof body, 0) == sizeof body);
    return NULL;
}

static void *receive_for_ever (void *socket)
{
    char body[5000];
    for (;;)
        CHECK (zmq_recv (socket, body, sizeof body, 0) >= 0);
    return NULL;
}

static void *exchange_for_ever (void *sockets)
{
    char body[500];
    void **two = sockets;
    for (;;) {
        CHECK (zmq_send (two[0], body, sizeof body, 0) >= 0);
        CHECK (zmq_recv (two[1], body, sizeof body, 0) >= 0);
    }
    return NULL;
}

/* Opens and closes, binds and connects without a pause. */
static void *build_for_ever (void *ctx)
{
    for (;;) {
        char where[64];
        size_t size = sizeof where;
        int zero = 0, state;
        void *one, *two;
        /* What was opened must be closed: no end between the two. */
        pthread_setcancelstate (PTHREAD_CANCEL_DISABLE, &state);
        one = zmq_socket (ctx, ZMQ_PAIR);
        two = zmq_socket (ctx, ZMQ_PAIR);
        CHECK (one != NULL && two != NULL);
        pthread_setcancelstate (PTHREAD_CANCEL_ENABLE, &state);
        WORKS (zmq_setsockopt (one, ZMQ_LINGER, &zero, sizeof zero));
        WORKS (zmq_bind (one, "tcp://127.0.0.1:*"));
        WORKS (zmq_getsockopt (one, ZMQ_LAST_ENDPOINT, where, &size));
        WORKS (zmq_connect (two, where));
        WORKS (zmq_unbind (one, where));
        WORKS (zmq_bind (one, "ipc://*"));
        pthread_setcancelstate (PTHREAD_CANCEL_DISABLE, &state);
        WORKS (zmq_close (one));
        WORKS (zmq_close (two));
        pthread_setcancelstate (PTHREAD_CANCEL_ENABLE, &state);
        pthread_testcancel ();
    }
    return NULL;
}

static void cancelled (pthread_t thread)
{
    void *how = NULL;
    CHECK (pthread_cancel (thread) == 0);
    CHECK (pthread_join (thread, &how) == 0);
    CHECK (how == PTHREAD_CANCELED);
}

/* A thread that waits is cancelled; its socket goes on. */
static void cancel_waiting (void)
{
    static thread_fn *const ways[] = {wait_to_receive, wait_to_send, poll_two, wait_to_proxy};
    void *ctx = zmq_ctx_new ();
    int i;
    for (i = 0; i < 4; i++) {
        char text[8];
        void *one = open_socket (ctx, ZMQ_PAIR), *two = open_socket (ctx, ZMQ_PAIR);
        pthread_t thread;
        int before = threads ();
        set (one, ZMQ_RCVTIMEO, -1);
        set (one, ZMQ_SNDTIMEO, -1);
        CHECK (pthread_create (&thread, NULL, ways[i], one) == 0);
        asleep (before + 1);
        cancelled (thread);
        connect_tcp (two, bind_tcp (one));
        CHECK (zmq_send (two, "hello", 5, 0) == 5);
        CHECK (zmq_recv (one, text, sizeof text, 0) == 5);
        CHECK (zmq_send (one, "hello", 5, 0) == 5);
        CHECK (zmq_recv (two, text, sizeof text, 0) == 5);
        WORKS (zmq_close (one));
        WORKS (zmq_close (two));
    }
    WORKS (zmq_ctx_term (ctx));
}

/* A thread is cancelled in the middle of whatever it does: no lock stays locked, and the socket
 * and the context can be closed. */
static void cancel_working (void)
{
    int turn;
    for (turn = 0; turn < 120; turn++) {
        void *ctx = zmq_ctx_new ();
        void *sockets[2];
        pthread_t thread, partner;
        int pause = (int) (random_number () % 3000), way = turn % 4;
        struct timespec some = {0, 1000 * pause};
        sockets[0] = open_socket (ctx, ZMQ_PAIR);
        sockets[1] = open_socket (ctx, ZMQ_PAIR);
        set (sockets[0], ZMQ_SNDHWM, 10);
        set (sockets[1], ZMQ_RCVHWM, 10);
        set (sockets[0], ZMQ_SNDTIMEO, -1);
        set (sockets[1], ZMQ_RCVTIMEO, -1);
        if (way != 3)
            connect_tcp (sockets[0], bind_tcp (sockets[1]));
        if (way == 0) {
            CHECK (pthread_create (&thread, NULL, send_for_ever, sockets[0]) == 0);
            CHECK (pthread_create (&partner, NULL, receive_for_ever, sockets[1]) == 0);
        } else if (way == 1) {
            CHECK (pthread_create (&thread, NULL, receive_for_ever, sockets[1]) == 0);
            CHECK (pthread_create (&partner, NULL, send_for_ever, sockets[0]) == 0);
        } else if (way == 2)
            CHECK (pthread_create (&thread, NULL, exchange_for_ever, sockets) == 0);
        else
            CHECK (pthread_create (&thread, NULL, build_for_ever, ctx) == 0);
        nanosleep (&some, NULL);
        cancelled (thread);
        if (way < 2)
            cancelled (partner);
        WORKS (zmq_close (sockets[0]));
        WORKS (zmq_close (sockets[1]));
        if (way < 3)
            WORKS (zmq_ctx_term (ctx));
    }
}

static const struct test tests[] = {
    {"all_at_once", all_at_once},
    {"close_below", close_below},
    {"term_below", term_below},
    {"open_at_the_end", open_at_the_end},
    {"stale", stale},
    {"cancel_waiting", cancel_waiting},
    {"cancel_working", cancel_working},
};

MAIN (tests)
