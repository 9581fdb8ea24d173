/* SPDX-License-Identifier: MPL-2.0 */

/* A process forks while it uses the library. In the child what is the parent's answers ETERM, can
 * be closed and ended, and is let go of without waiting; what the child makes for itself works.
 * The parent does not notice. */

#include "hostile.h"

/* The child's part, in a child: it must come to its end by itself. */
static void in_child (void (*run) (void))
{
    int status;
    pid_t child;
    fflush (NULL);
    child = fork ();
    CHECK (child >= 0);
    if (child == 0) {
        alarm (10);
        run ();
        fflush (NULL);
        _exit (77);
    }
    CHECK (waitpid (child, &status, 0) == child);
    if (!WIFEXITED (status) || WEXITSTATUS (status) != 77) {
        fprintf (stderr, "child: status 0x%x\n", (unsigned) status);
        exit (1);
    }
}

/* What is the parent's when it forks. */
static struct {
    void *ctx;
    void *bound;
    void *connected;
    void *events;
} ours;

static void pass (void *from, void *to)
{
    char text[8];
    CHECK (zmq_send (from, "hello", 5, 0) == 5);
    CHECK (zmq_recv (to, text, sizeof text, 0) == 5 && memcmp (text, "hello", 5) == 0);
}

static void begin (void)
{
    CHECK ((ours.ctx = zmq_ctx_new ()) != NULL);
    ours.bound = open_socket (ours.ctx, ZMQ_PAIR);
    ours.connected = open_socket (ours.ctx, ZMQ_PAIR);
    ours.events = monitor (ours.ctx, ours.bound);
    connect_tcp (ours.connected, bind_tcp (ours.bound));
    pass (ours.connected, ours.bound);
    pass (ours.bound, ours.connected);
}

static void end (void)
{
    pass (ours.connected, ours.bound);
    pass (ours.bound, ours.connected);
    WORKS (zmq_close (ours.events));
    WORKS (zmq_close (ours.bound));
    WORKS (zmq_close (ours.connected));
    WORKS (zmq_ctx_term (ours.ctx));
}

/* Every call on what is the parent's. */
static void use_the_parents (void)
{
    char text[64];
    size_t size = sizeof text;
    int value = 1;
    zmq_pollitem_t item = {ours.bound, 0, ZMQ_POLLIN, 0};
    FAILS (zmq_send (ours.bound, "x", 1, 0), ETERM);
    FAILS (zmq_send (ours.bound, "x", 1, ZMQ_DONTWAIT), ETERM);
    FAILS (zmq_recv (ours.bound, text, 1, 0), ETERM);
    FAILS (zmq_bind (ours.bound, "tcp://127.0.0.1:*"), ETERM);
    FAILS (zmq_bind (ours.bound, "inproc://a"), ETERM);
    FAILS (zmq_connect (ours.bound, "tcp://127.0.0.1:9"), ETERM);
    FAILS (zmq_unbind (ours.bound, "tcp://127.0.0.1:9"), ETERM);
    FAILS (zmq_disconnect (ours.bound, "tcp://127.0.0.1:9"), ETERM);
    FAILS (zmq_setsockopt (ours.bound, ZMQ_LINGER, &value, sizeof value), ETERM);
    FAILS (zmq_getsockopt (ours.bound, ZMQ_EVENTS, text, &size), ETERM);
    FAILS (zmq_socket_monitor (ours.bound, "inproc://m", ZMQ_EVENT_ALL), ETERM);
    FAILS (zmq_poll (&item, 1, 100), ETERM);
    FAILS (zmq_proxy (ours.bound, ours.connected, NULL), ETERM);
    FAILS_NULL (zmq_socket (ours.ctx, ZMQ_PAIR), ETERM);
}

static void let_go_of_the_parents (void)
{
    WORKS (zmq_close (ours.bound));
    FAILS (zmq_close (ours.bound), ENOTSOCK);
    FAILS (zmq_send (ours.bound, "x", 1, 0), ENOTSOCK);
    WORKS (zmq_close (ours.connected));
    WORKS (zmq_close (ours.events));
    WORKS (zmq_ctx_shutdown (ours.ctx));
    WORKS (zmq_ctx_term (ours.ctx));
    FAILS (zmq_ctx_term (ours.ctx), EFAULT);
}

/* A context of one's own, with every transport. */
static void make_own (void)
{
    static const char *const endpoints[] = {"inproc://own", "tcp://127.0.0.1:*", "ipc://*"};
    size_t i;
    void *ctx = zmq_ctx_new ();
    CHECK (ctx != NULL);
    for (i = 0; i < 3; i++) {
        void *one = open_socket (ctx, ZMQ_PAIR);
        void *two = open_socket (ctx, ZMQ_PAIR);
        char where[256];
        size_t size = sizeof where;
        WORKS (zmq_bind (one, endpoints[i]));
        WORKS (zmq_getsockopt (one, ZMQ_LAST_ENDPOINT, where, &size));
        WORKS (zmq_connect (two, where));
        pass (one, two);
        pass (two, one);
        WORKS (zmq_close (one));
        WORKS (zmq_close (two));
    }
    WORKS (zmq_ctx_term (ctx));
}

static void tidy_child (void)
{
    use_the_parents ();
    let_go_of_the_parents ();
    make_own ();
}

/* The child only ends the context, as many programs do. */
static void brief_child (void)
{
    long began = now_ms ();
    WORKS (zmq_ctx_term (ours.ctx));
    CHECK (now_ms () - began < 1000);
}

/* The child's child is no different. */
static void grandchild (void)
{
    make_own ();
    in_child (tidy_child);
    make_own ();
    use_the_parents ();
}

static void plain (void)
{
    begin ();
    in_child (tidy_child);
    pass (ours.connected, ours.bound);
    in_child (brief_child);
    pass (ours.bound, ours.connected);
    in_child (make_own);
    in_child (grandchild);
    end ();
    /* What ended before the fork, and what was never begun. */
    in_child (make_own);
}

/* A child that goes on with its life, without a word to the library, does not keep the parent's
 * peers from hearing that the parent closed. */
static int leave[2];

static void idle_child (void)
{
    char octet;
    close (leave[1]);
    CHECK (read (leave[0], &octet, 1) == 0);
}

static void *wait_for_child (void *run)
{
    in_child ((void (*) (void)) run);
    return NULL;
}

static void living_child (void)
{
    pthread_t thread;
    void *events;
    char where[64];
    size_t size = sizeof where;
    CHECK (pipe (leave) == 0);
    begin ();
    events = ours.events;
    CHECK (pthread_create (&thread, NULL, wait_for_child, (void *) idle_child) == 0);
    AWAIT (threads () > 4);
    pass (ours.connected, ours.bound);
    WORKS (zmq_close (ours.connected));
    expect_event (events, ZMQ_EVENT_DISCONNECTED);
    /* Nor does it keep the address. */
    WORKS (zmq_getsockopt (ours.bound, ZMQ_LAST_ENDPOINT, where, &size));
    WORKS (zmq_unbind (ours.bound, where));
    WORKS (zmq_bind (ours.bound, where));
    close (leave[1]);
    pthread_join (thread, NULL);
    WORKS (zmq_close (ours.events));
    WORKS (zmq_close (ours.bound));
    WORKS (zmq_ctx_term (ours.ctx));
}

/* ---- with the parent's threads in the middle of something ---------------------------------- */

static volatile int stop;

/* Opens, uses and closes sockets and contexts without a pause. */
static void *restless (void *unused)
{
    (void) unused;
    while (!stop) {
        void *ctx = zmq_ctx_new ();
        void *one = open_socket (ctx, ZMQ_PAIR);
        void *two = open_socket (ctx, ZMQ_PAIR);
        WORKS (zmq_bind (one, "inproc://restless"));
        WORKS (zmq_connect (two, "inproc://restless"));
        pass (one, two);
        WORKS (zmq_close (one));
        WORKS (zmq_close (two));
        WORKS (zmq_ctx_term (ctx));
    }
    return NULL;
}

/* Sends and receives without a pause. */
static void *busy (void *unused)
{
    (void) unused;
    while (!stop) {
        pass (ours.connected, ours.bound);
        pass (ours.bound, ours.connected);
    }
    return NULL;
}

/* Waits for a message that comes when all is over. */
static void *blocked (void *socket)
{
    char text[8];
    set (socket, ZMQ_RCVTIMEO, -1);
    CHECK (zmq_recv (socket, text, sizeof text, 0) == 4);
    return NULL;
}

static void among_threads (void)
{
    enum { CHILDREN = 60 };
    pthread_t threads[4];
    void *waiting, *waker;
    int i;

    begin ();
    waiting = open_socket (ours.ctx, ZMQ_PAIR);
    waker = open_socket (ours.ctx, ZMQ_PAIR);
    connect_tcp (waker, bind_tcp (waiting));
    stop = 0;
    CHECK (pthread_create (&threads[0], NULL, restless, NULL) == 0);
    CHECK (pthread_create (&threads[1], NULL, restless, NULL) == 0);
    CHECK (pthread_create (&threads[2], NULL, busy, NULL) == 0);
    CHECK (pthread_create (&threads[3], NULL, blocked, waiting) == 0);
    for (i = 0; i < CHILDREN; i++)
        in_child (i % 3 == 0 ? tidy_child : i % 3 == 1 ? brief_child : make_own);
    stop = 1;
    CHECK (zmq_send (waker, "over", 4, 0) == 4);
    for (i = 0; i < 4; i++)
        CHECK (pthread_join (threads[i], NULL) == 0);
    WORKS (zmq_close (waiting));
    WORKS (zmq_close (waker));
    end ();
}

static const struct test tests[] = {
    {"plain", plain},
    {"living_child", living_child},
    {"among_threads", among_threads},
};

MAIN (tests)
