/* SPDX-License-Identifier: MPL-2.0 */

/* Calls that nobody should make: NULL, what is no handle, handles of the other kind. Each is made
 * in a process of its own, for libzmq dies of many of them. */

#include "report.h"

#include <sys/uio.h>

static void *context, *socket, *peer;
static zmq_msg_t msg, dead;
static char buffer[256];
/* Neither a context nor a socket. */
static char nothing[4096];
static struct iovec vector[2];

static void none (void *data, void *hint)
{
    (void) data;
    (void) hint;
}

static int value;
static size_t size = sizeof value;

/* Each is one expression; a pointer that comes back counts as what it is, NULL as -1. */
#define MISUSES                                                                                    \
    X ("setsockopt NULL as 4 octets", zmq_setsockopt (socket, ZMQ_SNDHWM, NULL, 4))                \
    X ("setsockopt NULL as 8 octets", zmq_setsockopt (socket, ZMQ_MAXMSGSIZE, NULL, 8))            \
    X ("setsockopt NULL as a routing id", zmq_setsockopt (socket, ZMQ_ROUTING_ID, NULL, 5))        \
    X ("setsockopt NULL as a subscription", zmq_setsockopt (peer, ZMQ_SUBSCRIBE, NULL, 5))         \
    X ("setsockopt NULL as a subscription to all", zmq_setsockopt (peer, ZMQ_SUBSCRIBE, NULL, 0))  \
    X ("setsockopt of NULL", zmq_setsockopt (NULL, ZMQ_SNDHWM, &value, 4))                         \
    X ("setsockopt of a context", zmq_setsockopt (context, ZMQ_SNDHWM, &value, 4))                 \
    X ("setsockopt of nothing", zmq_setsockopt (nothing, ZMQ_SNDHWM, &value, 4))                   \
    X ("getsockopt to NULL", zmq_getsockopt (socket, ZMQ_SNDHWM, NULL, &size))                     \
    X ("getsockopt without a length", zmq_getsockopt (socket, ZMQ_SNDHWM, &value, NULL))           \
    X ("getsockopt of NULL", zmq_getsockopt (NULL, ZMQ_SNDHWM, &value, &size))                     \
    X ("getsockopt of nothing", zmq_getsockopt (nothing, ZMQ_SNDHWM, &value, &size))               \
    X ("bind to NULL", zmq_bind (socket, NULL))                                                    \
    X ("connect to NULL", zmq_connect (socket, NULL))                                              \
    X ("unbind of NULL", zmq_unbind (socket, NULL))                                                \
    X ("disconnect of NULL", zmq_disconnect (socket, NULL))                                        \
    X ("NULL binds", zmq_bind (NULL, "inproc://x"))                                                \
    X ("NULL connects", zmq_connect (NULL, "inproc://x"))                                          \
    X ("NULL unbinds", zmq_unbind (NULL, "inproc://x"))                                            \
    X ("NULL disconnects", zmq_disconnect (NULL, "inproc://x"))                                    \
    X ("NULL is closed", zmq_close (NULL))                                                         \
    X ("nothing is closed", zmq_close (nothing))                                                   \
    X ("a context is closed", zmq_close (context))                                                 \
    X ("NULL sends", zmq_send (NULL, "a", 1, 0))                                                   \
    X ("nothing sends", zmq_send (nothing, "a", 1, 0))                                             \
    X ("NULL receives", zmq_recv (NULL, buffer, 1, 0))                                             \
    X ("NULL is sent as 5 octets", zmq_send (socket, NULL, 5, ZMQ_DONTWAIT))                       \
    X ("NULL is sent as no octets", zmq_send (socket, NULL, 0, ZMQ_DONTWAIT))                      \
    X ("SIZE_MAX octets are sent", zmq_send (socket, buffer, SIZE_MAX, ZMQ_DONTWAIT))              \
    X ("NULL is sent as 5 constant octets", zmq_send_const (socket, NULL, 5, ZMQ_DONTWAIT))        \
    X ("NULL sends constants", zmq_send_const (NULL, "a", 1, 0))                                   \
    X ("a NULL message is sent", zmq_msg_send (NULL, socket, 0))                                   \
    X ("a message is sent by NULL", zmq_msg_send (&msg, NULL, 0))                                  \
    X ("a dead message is sent", zmq_msg_send (&dead, socket, ZMQ_DONTWAIT))                       \
    X ("a NULL message is received", zmq_msg_recv (NULL, socket, ZMQ_DONTWAIT))                    \
    X ("a message is received by NULL", zmq_msg_recv (&msg, NULL, 0))                              \
    X ("a dead message is received", zmq_msg_recv (&dead, socket, ZMQ_DONTWAIT))                   \
    X ("a NULL message is sent the old way", zmq_sendmsg (socket, NULL, 0))                        \
    X ("a message is sent by NULL the old way", zmq_sendmsg (NULL, &msg, 0))                       \
    X ("a message is received by NULL the old way", zmq_recvmsg (NULL, &msg, 0))                   \
    X ("a NULL vector is sent", zmq_sendiov (socket, NULL, 1, 0))                                  \
    X ("an empty vector is sent", zmq_sendiov (socket, vector, 0, 0))                              \
    X ("a vector is sent by NULL", zmq_sendiov (NULL, vector, 1, 0))                               \
    X ("a vector is received without count", zmq_recviov (socket, vector, NULL, ZMQ_DONTWAIT))     \
    X ("a NULL vector is received", zmq_recviov (socket, NULL, &size, ZMQ_DONTWAIT))               \
    X ("a vector is received by NULL", zmq_recviov (NULL, vector, &size, 0))                       \
    X ("message init NULL", zmq_msg_init (NULL))                                                   \
    X ("message init_size NULL", zmq_msg_init_size (NULL, 5))                                      \
    X ("message init_data NULL", zmq_msg_init_data (NULL, buffer, 5, none, NULL))                  \
    X ("message init_data of NULL", zmq_msg_init_data (&msg, NULL, 5, none, NULL))                 \
    X ("message init_data of NULL, none", zmq_msg_init_data (&msg, NULL, 0, none, NULL))           \
    X ("message close NULL", zmq_msg_close (NULL))                                                 \
    X ("message close dead", zmq_msg_close (&dead))                                                \
    X ("message move to NULL", zmq_msg_move (NULL, &msg))                                          \
    X ("message move from NULL", zmq_msg_move (&msg, NULL))                                        \
    X ("message move to dead", zmq_msg_move (&dead, &msg))                                         \
    X ("message move from dead", zmq_msg_move (&msg, &dead))                                       \
    X ("message copy to NULL", zmq_msg_copy (NULL, &msg))                                          \
    X ("message copy from NULL", zmq_msg_copy (&msg, NULL))                                        \
    X ("message copy to dead", zmq_msg_copy (&dead, &msg))                                         \
    X ("message copy from dead", zmq_msg_copy (&msg, &dead))                                       \
    X ("message copy onto itself", zmq_msg_copy (&msg, &msg))                                      \
    X ("message copy of a long one onto itself", copy_onto_itself ())                              \
    X ("message size of NULL", (long) zmq_msg_size (NULL))                                         \
    X ("message size of dead", (long) zmq_msg_size (&dead))                                        \
    X ("message data of NULL", zmq_msg_data (NULL) == NULL ? -1 : 0)                               \
    X ("message data of dead", zmq_msg_data (&dead) == NULL ? -1 : 0)                              \
    X ("message more of NULL", zmq_msg_more (NULL))                                                \
    X ("message more of dead", zmq_msg_more (&dead))                                               \
    X ("message get of NULL", zmq_msg_get (NULL, ZMQ_MORE))                                        \
    X ("message get of dead", zmq_msg_get (&dead, ZMQ_MORE))                                       \
    X ("message set of NULL", zmq_msg_set (NULL, ZMQ_MORE, 1))                                     \
    X ("message gets of NULL", zmq_msg_gets (NULL, "x") == NULL ? -1 : 0)                          \
    X ("message gets NULL", zmq_msg_gets (&msg, NULL) == NULL ? -1 : 0)                            \
    X ("context term NULL", zmq_ctx_term (NULL))                                                   \
    X ("context term of a socket", zmq_ctx_term (socket))                                          \
    X ("context term of nothing", zmq_ctx_term (nothing))                                          \
    X ("context shutdown NULL", zmq_ctx_shutdown (NULL))                                           \
    X ("context shutdown of a socket", zmq_ctx_shutdown (socket))                                  \
    X ("context set of NULL", zmq_ctx_set (NULL, ZMQ_IO_THREADS, 1))                               \
    X ("context get of NULL", zmq_ctx_get (NULL, ZMQ_IO_THREADS))                                  \
    X ("context get of a socket", zmq_ctx_get (socket, ZMQ_IO_THREADS))                            \
    X ("socket of NULL", zmq_socket (NULL, ZMQ_PAIR) == NULL ? -1 : 0)                             \
    X ("socket of a socket", zmq_socket (socket, ZMQ_PAIR) == NULL ? -1 : 0)                       \
    X ("monitor of NULL", zmq_socket_monitor (NULL, "inproc://x", ZMQ_EVENT_ALL))                  \
    X ("poll a socket that is none", poll_of (nothing))                                            \
    X ("proxy NULL", zmq_proxy (NULL, NULL, NULL))                                                 \
    X ("proxy NULL and a socket", zmq_proxy (NULL, socket, NULL))                                  \
    X ("proxy a socket and NULL", zmq_proxy (socket, NULL, NULL))                                  \
    X ("proxy nothing", zmq_proxy (nothing, nothing, NULL))                                        \
    X ("steerable proxy NULL", zmq_proxy_steerable (NULL, NULL, NULL, NULL))                       \
    X ("device NULL", zmq_device (ZMQ_QUEUE, NULL, NULL))                                          \
    X ("timers destroy NULL", zmq_timers_destroy (NULL))                                           \
    X ("timers destroy of nothing", timers_of_nothing ())                                          \
    X ("timers add to NULL", zmq_timers_add (NULL, 1, NULL, NULL))                                 \
    X ("timers cancel of NULL", zmq_timers_cancel (NULL, 1))                                       \
    X ("timers reset of NULL", zmq_timers_reset (NULL, 1))                                         \
    X ("timers set_interval of NULL", zmq_timers_set_interval (NULL, 1, 1))                        \
    X ("timers timeout of NULL", zmq_timers_timeout (NULL))                                        \
    X ("timers execute of NULL", zmq_timers_execute (NULL))                                        \
    X ("has NULL", zmq_has (NULL))                                                                 \
    X ("z85_encode of NULL", zmq_z85_encode (buffer, NULL, 4) == NULL ? -1 : 0)                    \
    X ("z85_encode to NULL", zmq_z85_encode (NULL, (uint8_t *) nothing, 4) == NULL ? -1 : 0)       \
    X ("z85_decode of NULL", zmq_z85_decode ((uint8_t *) buffer, NULL) == NULL ? -1 : 0)           \
    X ("z85_decode to NULL", zmq_z85_decode (NULL, "00000") == NULL ? -1 : 0)                      \
    X ("curve_keypair NULL", zmq_curve_keypair (NULL, NULL))                                       \
    X ("curve_public of NULL", zmq_curve_public (buffer, NULL))                                    \
    X ("version to NULL", (zmq_version (NULL, NULL, NULL), 0))                                     \
    X ("counter inc of NULL", zmq_atomic_counter_inc (NULL))                                       \
    X ("counter value of NULL", zmq_atomic_counter_value (NULL))                                   \
    X ("counter destroy NULL", (zmq_atomic_counter_destroy (NULL), 0))                             \
    X ("stopwatch stop NULL", (zmq_stopwatch_stop (NULL), 0))

static long poll_of (void *what)
{
    zmq_pollitem_t item = {what, 0, ZMQ_POLLIN, 0};
    return zmq_poll (&item, 1, 0);
}

static long copy_onto_itself (void)
{
    zmq_msg_init_size (&msg, 1000);
    return zmq_msg_copy (&msg, &msg) == 0 && zmq_msg_size (&msg) == 1000 ? 0 : -1;
}

static long timers_of_nothing (void)
{
    void *timers = nothing;
    return zmq_timers_destroy (&timers);
}

static int chosen;

static long perform (void)
{
    int number = 0;
#define X(name, call)                                                                              \
    if (number++ == chosen)                                                                        \
        return (long) (call);
    MISUSES
#undef X
    return 0;
}

#define X(name, call) name,
static const char *const names[] = {MISUSES NULL};
#undef X

/* What belongs to a process is made in it: threads do not survive a fork. */
static void misuse (void *arg)
{
    (void) arg;
    context = zmq_ctx_new ();
    socket = zmq_socket (context, ZMQ_PUB);
    peer = zmq_socket (context, ZMQ_SUB);
    zmq_msg_init (&msg);
    returned (perform ());
}

void report_misuse (void)
{
    for (chosen = 0; names[chosen] != NULL; chosen++) {
        doing ("misuse: %s", names[chosen]);
        risk (misuse, NULL);
    }
}
