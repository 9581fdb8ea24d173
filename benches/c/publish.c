/* SPDX-License-Identifier: MPL-2.0 */

/* publish TRANSPORT SUBSCRIBERS SIZE COUNT: one publisher, SUBSCRIBERS sockets each with a thread
 * of its own that get every message: by tcp or ipc in another process, by inproc in this one.
 * The publisher waits instead of dropping. */

#include "bench.h"

#include <pthread.h>

static void *ctx_;
static char endpoint_[256];
static long size_, count_;
static pthread_barrier_t done_;

static void *subscriber (void *unused)
{
    void *socket = make (ctx_, ZMQ_SUB);
    zmq_msg_t message;
    CHECK (zmq_setsockopt (socket, ZMQ_SUBSCRIBE, "", 0) == 0);
    CHECK (zmq_connect (socket, endpoint_) == 0);
    CHECK (zmq_msg_init (&message) == 0);
    for (long i = 0; i < count_; i++) {
        CHECK (zmq_msg_recv (&message, socket, 0) == (int) size_);
    }
    zmq_msg_close (&message);
    pthread_barrier_wait (&done_);
    zmq_close (socket);
    return unused;
}

static void start (long subscribers)
{
    pthread_attr_t small;
    pthread_attr_init (&small);
    pthread_attr_setstacksize (&small, 256 * 1024);
    CHECK (pthread_barrier_init (&done_, NULL, (unsigned) subscribers + 1) == 0);
    for (long i = 0; i < subscribers; i++) {
        pthread_t thread;
        CHECK (pthread_create (&thread, &small, subscriber, NULL) == 0);
        pthread_detach (thread);
    }
}

int main (int argc, char **argv)
{
    CHECK (argc == 5);
    const char *transport = argv[1];
    long subscribers = number (argv[2]);
    int inproc = !strcmp (transport, "inproc");
    pid_t other = -1;
    size_ = number (argv[3]);
    count_ = number (argv[4]);
    alarm (SECONDS_AT_MOST);
    if (!inproc && (other = split ()) == 0) {
        hear (endpoint_, sizeof endpoint_);
        ctx_ = context (subscribers);
        start (subscribers);
        hear_number ();
        double before = cpu ();
        tell_number (0);
        pthread_barrier_wait (&done_);
        tell_number (cpu () - before);
        _exit (0);
    }
    ctx_ = context (subscribers);
    void *socket = make (ctx_, ZMQ_XPUB);
    set (socket, ZMQ_XPUB_VERBOSE, 1);
    set (socket, ZMQ_XPUB_NODROP, 1);
    if (inproc) {
        strcpy (endpoint_, "inproc://publish");
        CHECK (zmq_bind (socket, endpoint_) == 0);
        start (subscribers);
    } else {
        bind_any (socket, transport, endpoint_);
        tell (endpoint_, sizeof endpoint_);
    }
    for (long i = 0; i < subscribers; i++) {
        char subscription[8];
        CHECK (zmq_recv (socket, subscription, sizeof subscription, 0) == 1);
    }
    if (!inproc) {
        tell_number (0);
        hear_number ();
    }
    double used = cpu (), begun = now ();
    for (long i = 0; i < count_; i++) {
        zmq_msg_t message;
        CHECK (zmq_msg_init_size (&message, (size_t) size_) == 0);
        CHECK (zmq_msg_send (&message, socket, 0) == (int) size_);
    }
    if (inproc)
        pthread_barrier_wait (&done_);
    else
        used -= hear_number ();
    double took = now () - begun, deliveries = (double) count_ * (double) subscribers;
    report ("rate", deliveries / took);
    report ("cpu", (cpu () - used) / deliveries * 1e6);
    if (!inproc)
        join (other);
    return 0;
}
