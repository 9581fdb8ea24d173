/* SPDX-License-Identifier: MPL-2.0 */

/* Waits for answers in a conversation: that one who is left waiting sleeps and uses no processor,
 * and that its wait ends as any other does. */

#include "check.h"

#include <pthread.h>
#include <signal.h>
#include <time.h>

#define TURNS 500
#define SILENCE 300 /* ms */

static void *context;
static char endpoint[256];

/* Seconds of this clock. */
static double seconds (clockid_t clock)
{
    struct timespec time;
    CHECK (clock_gettime (clock, &time) == 0);
    return (double) time.tv_sec + (double) time.tv_nsec * 1e-9;
}

/* Answers whatever is asked; to an empty question it has no answer, and with a second one, or the
 * end of the context, it is gone. */
static void *answer (void *unused)
{
    char question[8];
    void *socket = zmq_socket (context, ZMQ_DEALER);
    int size;
    (void) unused;
    CHECK (socket != NULL);
    WORKS (zmq_connect (socket, endpoint));
    while ((size = zmq_recv (socket, question, sizeof question, 0)) > 0)
        CHECK (zmq_send (socket, question, (size_t) size, 0) == size);
    CHECK (size == 0 || errno == ETERM);
    CHECK (zmq_recv (socket, question, sizeof question, 0) == 0 || errno == ETERM);
    WORKS (zmq_close (socket));
    return NULL;
}

/* The end of a conversation. */
static void over_and_out (void *socket, pthread_t peer)
{
    CHECK (zmq_send (socket, NULL, 0, 0) == 0);
    WORKS (pthread_join (peer, NULL));
    WORKS (zmq_close (socket));
}

/* A socket in the midst of a conversation; with items, zmq_poll waits for the answers. */
static void *conversing (pthread_t *peer, zmq_pollitem_t *items, int count)
{
    char octet = 'a';
    size_t length = sizeof endpoint;
    void *socket = zmq_socket (context, ZMQ_DEALER);
    CHECK (socket != NULL);
    WORKS (zmq_bind (socket, "tcp://127.0.0.1:*"));
    WORKS (zmq_getsockopt (socket, ZMQ_LAST_ENDPOINT, endpoint, &length));
    WORKS (pthread_create (peer, NULL, answer, NULL));
    if (count)
        items[0].socket = socket;
    for (int i = 0; i < TURNS; i++) {
        CHECK (zmq_send (socket, &octet, 1, 0) == 1);
        if (count) {
            CHECK (zmq_poll (items, count, -1) == 1);
            CHECK (items[0].revents == ZMQ_POLLIN);
        }
        CHECK (zmq_recv (socket, &octet, 1, 0) == 1);
    }
    CHECK (zmq_send (socket, NULL, 0, 0) == 0);
    return socket;
}

/* What the wait that ended just now took, which was to last as long as the silence. */
static void check_idle (double began, double used)
{
    CHECK (seconds (CLOCK_MONOTONIC) - began >= SILENCE * 0.99e-3);
    CHECK (seconds (CLOCK_THREAD_CPUTIME_ID) - used < SILENCE * 0.5e-3);
}

static void test_receiving (void)
{
    int timeout = SILENCE;
    char octet;
    pthread_t peer;
    void *socket = conversing (&peer, NULL, 0);
    WORKS (zmq_setsockopt (socket, ZMQ_RCVTIMEO, &timeout, sizeof timeout));
    double began = seconds (CLOCK_MONOTONIC), used = seconds (CLOCK_THREAD_CPUTIME_ID);
    FAILS (zmq_recv (socket, &octet, 1, 0), EAGAIN);
    check_idle (began, used);
    over_and_out (socket, peer);
}

static void test_polling (void)
{
    pthread_t peer;
    zmq_pollitem_t items[2] = {{NULL, 0, ZMQ_POLLIN, 0}, {NULL, 0, ZMQ_POLLIN, 0}};
    CHECK ((items[1].socket = zmq_socket (context, ZMQ_DEALER)) != NULL);
    void *socket = conversing (&peer, items, 2);
    double began = seconds (CLOCK_MONOTONIC), used = seconds (CLOCK_THREAD_CPUTIME_ID);
    CHECK (zmq_poll (items, 2, SILENCE) == 0);
    check_idle (began, used);
    over_and_out (socket, peer);
    WORKS (zmq_close (items[1].socket));
}

static volatile int heard;

static void noted (int number)
{
    (void) number;
}

/* Disturbs a thread again and again. */
static void *disturb (void *thread)
{
    struct timespec pause = {0, 2000000};
    while (!__atomic_load_n (&heard, __ATOMIC_SEQ_CST)) {
        CHECK (pthread_kill (*(pthread_t *) thread, SIGUSR1) == 0);
        nanosleep (&pause, NULL);
    }
    return NULL;
}

static void test_signals (void)
{
    char octet;
    pthread_t peer, other, own = pthread_self ();
    struct sigaction action = {0};
    void *socket = conversing (&peer, NULL, 0);
    action.sa_handler = noted;
    action.sa_flags = SA_RESTART;
    CHECK (sigaction (SIGUSR1, &action, NULL) == 0);
    WORKS (pthread_create (&other, NULL, disturb, &own));
    FAILS (zmq_recv (socket, &octet, 1, 0), EINTR);
    __atomic_store_n (&heard, 1, __ATOMIC_SEQ_CST);
    WORKS (pthread_join (other, NULL));
    over_and_out (socket, peer);
}

static void *shut (void *unused)
{
    (void) unused;
    WORKS (zmq_ctx_shutdown (context));
    return NULL;
}

static void test_shutdown (void)
{
    char octet;
    pthread_t peer, other;
    void *socket = conversing (&peer, NULL, 0);
    WORKS (pthread_create (&other, NULL, shut, NULL));
    FAILS (zmq_recv (socket, &octet, 1, 0), ETERM);
    WORKS (pthread_join (other, NULL));
    WORKS (pthread_join (peer, NULL));
    WORKS (zmq_close (socket));
}

int main (void)
{
    alarm (SECONDS_AT_MOST);
    CHECK ((context = zmq_ctx_new ()) != NULL);
    test_receiving ();
    test_polling ();
    test_signals ();
    test_shutdown ();
    WORKS (zmq_ctx_term (context));
    return 0;
}
