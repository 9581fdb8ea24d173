/* SPDX-License-Identifier: MPL-2.0 */

/* Sockets that threads share, used by many at once: messages go both ways while options change,
 * groups are joined and left, pollers wait; and sockets are closed under all of them.
 *
 * Nothing is lost, nobody gets what was meant for another socket, every call returns. What takes too
 * long ends the program, which says where it was. */

#define ZMQ_BUILD_DRAFT_API
#include "check.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/syscall.h>

/* Milliseconds after which a call that should have returned has not. */
#define PATIENCE 20000

static void *context;
static const char *volatile step_now = "the beginning";

static void too_long (int number)
{
    (void) number;
    (void) !write (2, "it takes too long: ", 19);
    (void) !write (2, step_now, strlen (step_now));
    (void) !write (2, "\n", 1);
    _exit (3);
}

static void step (const char *what)
{
    step_now = what;
    alarm (SECONDS_AT_MOST);
}

static void set (void *socket, int option, int value)
{
    WORKS (zmq_setsockopt (socket, option, &value, sizeof value));
}

static void *open_socket (int type)
{
    void *socket = zmq_socket (context, type);
    CHECK (socket != NULL);
    set (socket, ZMQ_LINGER, 0);
    set (socket, ZMQ_RCVTIMEO, PATIENCE);
    set (socket, ZMQ_SNDTIMEO, PATIENCE);
    return socket;
}

static void link_sockets (void *bound, void *connected, const char *endpoint)
{
    char last[128];
    size_t size = sizeof last;
    WORKS (zmq_bind (bound, endpoint));
    WORKS (zmq_getsockopt (bound, ZMQ_LAST_ENDPOINT, last, &size));
    WORKS (zmq_connect (connected, last));
}

static pthread_t start (void *(*run) (void *), void *with)
{
    pthread_t thread;
    WORKS (pthread_create (&thread, NULL, run, with));
    return thread;
}

static void join_thread (pthread_t thread)
{
    WORKS (pthread_join (thread, NULL));
}

/* --- Traffic ------------------------------------------------------------------------------- */

#define SENDERS 3
#define EACH 1500
#define ALL (SENDERS * EACH)

struct traffic {
    void *from, *to;
    const char *group;
    uint32_t peer; /* to whom a PEER sends */
    int answers;   /* each message is sent back */
    atomic_int senders, sent, received, answered;
    atomic_char seen[ALL], back[ALL];
};

static struct traffic traffic;

static void *send_all (void *unused)
{
    int at, first = atomic_fetch_add (&traffic.senders, 1) * EACH;
    (void) unused;
    for (at = first; at < first + EACH; at++) {
        zmq_msg_t msg;
        WORKS (zmq_msg_init_size (&msg, sizeof at));
        memcpy (zmq_msg_data (&msg), &at, sizeof at);
        if (traffic.group)
            WORKS (zmq_msg_set_group (&msg, traffic.group));
        if (traffic.peer)
            WORKS (zmq_msg_set_routing_id (&msg, traffic.peer));
        CHECK (zmq_msg_send (&msg, traffic.from, 0) == sizeof at);
        atomic_fetch_add (&traffic.sent, 1);
    }
    return NULL;
}

/* Each number comes once. */
static void mark (atomic_char *seen, zmq_msg_t *msg)
{
    int at;
    CHECK (zmq_msg_size (msg) == sizeof at && !zmq_msg_more (msg));
    memcpy (&at, zmq_msg_data (msg), sizeof at);
    CHECK (at >= 0 && at < ALL);
    CHECK (atomic_exchange (&seen[at], 1) == 0);
}

static void take (void *socket, atomic_char *seen, atomic_int *count, int answer)
{
    zmq_msg_t msg;
    WORKS (zmq_msg_init (&msg));
    while (atomic_load (count) < ALL) {
        /* Others may take the last of them. */
        if (zmq_msg_recv (&msg, socket, ZMQ_DONTWAIT) == -1) {
            zmq_pollitem_t item = {socket, 0, ZMQ_POLLIN, 0};
            CHECK (errno == EAGAIN);
            CHECK (zmq_poll (&item, 1, 20) >= 0);
            continue;
        }
        mark (seen, &msg);
        if (answer)
            CHECK (zmq_msg_send (&msg, socket, 0) == sizeof (int));
        atomic_fetch_add (count, 1);
    }
    WORKS (zmq_msg_close (&msg));
}

static void *receive_all (void *unused)
{
    (void) unused;
    take (traffic.to, traffic.seen, &traffic.received, traffic.answers);
    return NULL;
}

static void *receive_answers (void *unused)
{
    (void) unused;
    take (traffic.from, traffic.back, &traffic.answered, 0);
    return NULL;
}

/* Changes and reads what has nothing to do with the messages, on both ends. */
static void *meddle (void *unused)
{
    void *ends[2];
    int turn, value;
    (void) unused;
    ends[0] = traffic.from;
    ends[1] = traffic.to;
    for (turn = 0; atomic_load (&traffic.received) < ALL; turn++) {
        void *socket = ends[turn & 1];
        char text[128];
        size_t size = sizeof value, text_size = sizeof text;
        set (socket, ZMQ_SNDHWM, 5 + turn % 10);
        set (socket, ZMQ_RCVHWM, 5 + turn % 10);
        set (socket, ZMQ_RECONNECT_IVL, 100 + turn % 10);
        WORKS (zmq_getsockopt (socket, ZMQ_EVENTS, &value, &size));
        WORKS (zmq_getsockopt (socket, ZMQ_LAST_ENDPOINT, text, &text_size));
        if (traffic.group) {
            char group[16];
            snprintf (group, sizeof group, "other %d", turn % 7);
            WORKS (zmq_join (traffic.to, group));
            WORKS (zmq_leave (traffic.to, group));
        }
        sched_yield ();
    }
    return NULL;
}

/* Casts until the group is known to be joined, and hears the rest of that. */
static void until_joined (void *radio, void *dish, const char *group)
{
    char buffer[8];
    int tries = 0;
    const char *said[] = {"knock", "begin"};
    zmq_pollitem_t item = {dish, 0, ZMQ_POLLIN, 0};
    while (tries++ >= 0) {
        const char *what = said[item.revents != 0];
        zmq_msg_t msg;
        WORKS (zmq_msg_init_size (&msg, 5));
        memcpy (zmq_msg_data (&msg), what, 5);
        WORKS (zmq_msg_set_group (&msg, group));
        CHECK (zmq_msg_send (&msg, radio, 0) == 5);
        if (what == said[1])
            break;
        CHECK (zmq_poll (&item, 1, 5) >= 0);
    }
    do
        CHECK (zmq_recv (dish, buffer, sizeof buffer, 0) == 5);
    while (memcmp (buffer, "begin", 5) != 0);
}

static void talk (int from, int to, const char *endpoint)
{
    pthread_t threads[4 * SENDERS + 1];
    int i, count = 0;
    memset (&traffic, 0, sizeof traffic);
    traffic.from = open_socket (from);
    traffic.to = open_socket (to);
    traffic.answers = from == ZMQ_CLIENT || from == ZMQ_PEER || from == ZMQ_CHANNEL;
    if (from == ZMQ_PEER) {
        char last[128];
        size_t size = sizeof last;
        WORKS (zmq_bind (traffic.to, endpoint));
        WORKS (zmq_getsockopt (traffic.to, ZMQ_LAST_ENDPOINT, last, &size));
        traffic.peer = zmq_connect_peer (traffic.from, last);
        CHECK (traffic.peer != 0);
    } else if (from == ZMQ_RADIO) {
        /* It is to wait for room, not to drop. */
        set (traffic.from, ZMQ_XPUB_NODROP, 1);
        traffic.group = "group";
        WORKS (zmq_join (traffic.to, traffic.group));
        link_sockets (traffic.to, traffic.from, endpoint);
        until_joined (traffic.from, traffic.to, traffic.group);
    } else
        link_sockets (traffic.to, traffic.from, endpoint);
    for (i = 0; i < SENDERS; i++) {
        threads[count++] = start (send_all, NULL);
        threads[count++] = start (receive_all, NULL);
        if (traffic.answers)
            threads[count++] = start (receive_answers, NULL);
    }
    threads[count++] = start (meddle, NULL);
    while (count > 0)
        join_thread (threads[--count]);
    WORKS (zmq_close (traffic.from));
    WORKS (zmq_close (traffic.to));
}

static void test_traffic (void)
{
    static const int pairs[][2] = {{ZMQ_CLIENT, ZMQ_SERVER},   {ZMQ_SCATTER, ZMQ_GATHER},
                                   {ZMQ_CHANNEL, ZMQ_CHANNEL}, {ZMQ_PEER, ZMQ_PEER},
                                   {ZMQ_RADIO, ZMQ_DISH}};
    static const char *const endpoints[] = {"inproc://shared", "tcp://127.0.0.1:*", "ipc://*"};
    static char what[64];
    size_t i, j;
    for (i = 0; i < sizeof pairs / sizeof *pairs; i++)
        for (j = 0; j < sizeof endpoints / sizeof *endpoints; j++) {
            snprintf (what, sizeof what, "traffic from type %d to type %d, %s", pairs[i][0],
                      pairs[i][1], endpoints[j]);
            step (what);
            talk (pairs[i][0], pairs[i][1], endpoints[j]);
        }
}

/* --- Closing ------------------------------------------------------------------------------- */

static atomic_int running;
static atomic_int calls;
/* The thread's number for the kernel, once it is about to call. */
static atomic_int callers[8];

struct caller {
    void *socket;
    int what;
    int place;
};

/* One call, which ends when the socket is closed, with nothing to show for it. */
static void *call_once (void *argument)
{
    struct caller *caller = argument;
    char buffer[64];
    zmq_pollitem_t item = {caller->socket, 0, ZMQ_POLLIN, 0};
    int result;
    atomic_store (&callers[caller->place], (int) syscall (SYS_gettid));
    if (caller->what == 0)
        result = zmq_recv (caller->socket, buffer, sizeof buffer, 0);
    else if (caller->what == 1)
        result = zmq_send (caller->socket, "x", 1, 0);
    else
        result = zmq_poll (&item, 1, PATIENCE);
    CHECK (result == -1 && errno == ENOTSOCK);
    return NULL;
}

/* Whether the thread sleeps in the kernel. */
static int sleeps (int thread)
{
    char path[64], text[128];
    const char *state;
    ssize_t size;
    int file;
    snprintf (path, sizeof path, "/proc/self/task/%d/stat", thread);
    file = open (path, O_RDONLY);
    CHECK (file != -1);
    size = read (file, text, sizeof text - 1);
    close (file);
    CHECK (size > 0);
    text[size] = 0;
    state = strrchr (text, ')');
    return state != NULL && state[2] == 'S';
}

/* Who waits in a socket that is closed is told so, though another takes its place at once. */
static void close_under_sleepers (int type, int what)
{
    void *socket = open_socket (type);
    struct caller callers_of[8];
    pthread_t threads[8];
    int i;
    WORKS (zmq_bind (socket, "tcp://127.0.0.1:*"));
    for (i = 0; i < 8; i++) {
        atomic_store (&callers[i], 0);
        callers_of[i].socket = socket;
        callers_of[i].what = i % 2 ? 2 : what;
        callers_of[i].place = i;
        threads[i] = start (call_once, &callers_of[i]);
    }
    for (i = 0; i < 8; i++)
        while (atomic_load (&callers[i]) == 0 || !sleeps (atomic_load (&callers[i])))
            sched_yield ();
    WORKS (zmq_close (socket));
    {
        /* With something to hear and somebody to send to. */
        void *there = open_socket (ZMQ_CHANNEL), *here = open_socket (ZMQ_CHANNEL);
        char buffer[8];
        link_sockets (there, here, "inproc://next");
        CHECK (zmq_send (here, "next", 4, 0) == 4 && zmq_send (there, "next", 4, 0) == 4);
        for (i = 0; i < 8; i++)
            join_thread (threads[i]);
        CHECK (zmq_recv (here, buffer, sizeof buffer, 0) == 4);
        CHECK (zmq_recv (there, buffer, sizeof buffer, 0) == 4);
        FAILS (zmq_recv (there, buffer, sizeof buffer, ZMQ_DONTWAIT), EAGAIN);
        WORKS (zmq_close (there));
        WORKS (zmq_close (here));
    }
}

/* Calls one after the other, of every kind, until there is no socket. */
static void *call_until_closed (void *argument)
{
    struct caller *caller = argument;
    int turn, result;
    for (turn = caller->place;; turn++) {
        char buffer[64];
        int value = turn % 100;
        size_t size = sizeof value;
        zmq_pollitem_t item = {caller->socket, 0, ZMQ_POLLIN | ZMQ_POLLOUT, 0};
        errno = 0;
        switch (turn % 8) {
            case 0:
                result = zmq_recv (caller->socket, buffer, sizeof buffer, ZMQ_DONTWAIT);
                break;
            case 1:
                result = zmq_send (caller->socket, "x", 1, ZMQ_DONTWAIT);
                break;
            case 2:
                result = zmq_setsockopt (caller->socket, ZMQ_SNDHWM, &value, size);
                break;
            case 3:
                result = zmq_getsockopt (caller->socket, ZMQ_EVENTS, &value, &size);
                break;
            case 4:
                result = zmq_poll (&item, 1, 0);
                break;
            case 5:
                result = zmq_join (caller->socket, "g");
                break;
            case 6:
                result = zmq_leave (caller->socket, "g");
                break;
            default:
                result = zmq_poll (&item, 1, 1);
        }
        atomic_fetch_add (&calls, 1);
        if (result == -1 && errno == ENOTSOCK)
            break;
    }
    atomic_fetch_sub (&running, 1);
    return NULL;
}

static void close_under_callers (int type, int peer)
{
    void *socket = open_socket (type), *other = open_socket (peer);
    struct caller callers_of[4];
    pthread_t threads[4];
    int i;
    link_sockets (other, socket, type % 2 ? "tcp://127.0.0.1:*" : "inproc://under");
    atomic_store (&calls, 0);
    atomic_store (&running, 4);
    for (i = 0; i < 4; i++) {
        callers_of[i].socket = socket;
        callers_of[i].place = 2 * i;
        threads[i] = start (call_until_closed, &callers_of[i]);
    }
    while (atomic_load (&calls) < 100)
        sched_yield ();
    WORKS (zmq_close (socket));
    for (i = 0; i < 4; i++)
        join_thread (threads[i]);
    CHECK (atomic_load (&running) == 0);
    WORKS (zmq_close (other));
}

static const int types[][2] = {{ZMQ_SERVER, ZMQ_CLIENT},   {ZMQ_CLIENT, ZMQ_SERVER},
                               {ZMQ_RADIO, ZMQ_DISH},      {ZMQ_DISH, ZMQ_RADIO},
                               {ZMQ_GATHER, ZMQ_SCATTER},  {ZMQ_SCATTER, ZMQ_GATHER},
                               {ZMQ_PEER, ZMQ_PEER},       {ZMQ_CHANNEL, ZMQ_CHANNEL}};

static void test_closing (void)
{
    static char what[64];
    size_t i;
    int round;
    for (i = 0; i < sizeof types / sizeof *types; i++) {
        snprintf (what, sizeof what, "closing type %d", types[i][0]);
        step (what);
        for (round = 0; round < 10; round++) {
            close_under_callers (types[i][0], types[i][1]);
            /* Those that only send never wait to receive, and a RADIO never waits. */
            if (types[i][0] == ZMQ_SCATTER || types[i][0] == ZMQ_CLIENT)
                close_under_sleepers (types[i][0], 1);
            if (types[i][0] != ZMQ_SCATTER && types[i][0] != ZMQ_RADIO)
                close_under_sleepers (types[i][0], 0);
        }
    }
}

/* --- Pollers ------------------------------------------------------------------------------- */

static void *poller;

static void *wait_for_end (void *unused)
{
    (void) unused;
    for (;;) {
        zmq_poller_event_t events[4];
        int found = zmq_poller_wait_all (poller, events, 4, PATIENCE);
        atomic_fetch_add (&calls, 1);
        if (found == -1) {
            CHECK (errno == ENOTSOCK);
            return NULL;
        }
        CHECK (found > 0);
    }
}

/* Adds, changes and takes away while others wait. */
static void *change_poller (void *socket)
{
    int turn;
    for (turn = 0; turn < 300; turn++) {
        WORKS (zmq_poller_add (poller, socket, NULL, ZMQ_POLLIN));
        WORKS (zmq_poller_modify (poller, socket, ZMQ_POLLIN | ZMQ_POLLERR));
        CHECK (zmq_poller_size (poller) >= 2);
        WORKS (zmq_poller_remove (poller, socket));
    }
    return NULL;
}

static void test_pollers (void)
{
    int round, i, fd;
    for (round = 0; round < 20; round++) {
        pthread_t waiting[3], changing[2];
        void *server = open_socket (ZMQ_SERVER), *client = open_socket (ZMQ_CLIENT);
        void *more[2];
        char buffer[8];
        step ("sockets closed under pollers");
        poller = zmq_poller_new ();
        CHECK (poller != NULL);
        link_sockets (server, client, round % 2 ? "tcp://127.0.0.1:*" : "inproc://polled");
        WORKS (zmq_poller_add (poller, server, NULL, ZMQ_POLLIN));
        atomic_store (&calls, 0);
        for (i = 0; i < 3; i++)
            waiting[i] = start (wait_for_end, NULL);
        for (i = 0; i < 2; i++) {
            more[i] = open_socket (ZMQ_GATHER);
            changing[i] = start (change_poller, more[i]);
        }
        if (round % 4 < 2)
            WORKS (zmq_poller_fd (poller, &fd));
        CHECK (zmq_send (client, "look", 4, 0) == 4);
        while (atomic_load (&calls) < 30)
            sched_yield ();
        CHECK (zmq_recv (server, buffer, sizeof buffer, 0) == 4);
        for (i = 0; i < 2; i++)
            join_thread (changing[i]);
        WORKS (zmq_close (server));
        for (i = 0; i < 3; i++)
            join_thread (waiting[i]);
        WORKS (zmq_poller_destroy (&poller));
        WORKS (zmq_close (more[0]));
        WORKS (zmq_close (more[1]));
        WORKS (zmq_close (client));
    }
}

/* The descriptor of a poller is all that is waited for; three threads send. */
static void test_descriptor (const char *endpoint)
{
    pthread_t threads[SENDERS];
    zmq_poller_event_t events[4];
    int fd, i;
    step ("the descriptor of a poller");
    memset (&traffic, 0, sizeof traffic);
    traffic.to = open_socket (ZMQ_GATHER);
    traffic.from = open_socket (ZMQ_SCATTER);
    poller = zmq_poller_new ();
    WORKS (zmq_poller_add (poller, traffic.to, NULL, ZMQ_POLLIN));
    WORKS (zmq_poller_fd (poller, &fd));
    link_sockets (traffic.to, traffic.from, endpoint);
    for (i = 0; i < SENDERS; i++)
        threads[i] = start (send_all, NULL);
    while (atomic_load (&traffic.received) < ALL) {
        struct pollfd item = {fd, POLLIN, 0};
        int found;
        CHECK (poll (&item, 1, PATIENCE) == 1);
        found = zmq_poller_wait_all (poller, events, 4, 0);
        CHECK (found == 1 || (found == -1 && errno == EAGAIN));
        if (found == 1) {
            /* One only: what is left is to be told of again. */
            zmq_msg_t msg;
            WORKS (zmq_msg_init (&msg));
            CHECK (zmq_msg_recv (&msg, traffic.to, ZMQ_DONTWAIT) == sizeof (int));
            mark (traffic.seen, &msg);
            atomic_fetch_add (&traffic.received, 1);
            WORKS (zmq_msg_close (&msg));
        }
    }
    for (i = 0; i < SENDERS; i++)
        join_thread (threads[i]);
    WORKS (zmq_poller_destroy (&poller));
    WORKS (zmq_close (traffic.from));
    WORKS (zmq_close (traffic.to));
}

/* --- The end ------------------------------------------------------------------------------- */

static void *receive_to_the_end (void *socket)
{
    char buffer[8];
    atomic_fetch_add (&running, 1);
    CHECK (zmq_recv (socket, buffer, sizeof buffer, 0) == -1 && errno == ETERM);
    atomic_fetch_sub (&running, 1);
    return NULL;
}

static void test_end (void)
{
    void *sockets[4];
    pthread_t threads[12];
    int i;
    step ("the end of the context");
    for (i = 0; i < 4; i++)
        sockets[i] = open_socket (i % 2 ? ZMQ_SERVER : ZMQ_GATHER);
    for (i = 0; i < 12; i++)
        threads[i] = start (receive_to_the_end, sockets[i % 4]);
    while (atomic_load (&running) < 12)
        sched_yield ();
    WORKS (zmq_ctx_shutdown (context));
    for (i = 0; i < 12; i++)
        join_thread (threads[i]);
    for (i = 0; i < 4; i++)
        WORKS (zmq_close (sockets[i]));
    WORKS (zmq_ctx_term (context));
}

int main (void)
{
    signal (SIGALRM, too_long);
    context = zmq_ctx_new ();
    CHECK (context != NULL);
    test_traffic ();
    test_closing ();
    test_pollers ();
    test_descriptor ("inproc://descriptor");
    test_descriptor ("tcp://127.0.0.1:*");
    test_end ();
    return 0;
}
