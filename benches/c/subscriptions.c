/* SPDX-License-Identifier: MPL-2.0 */

/* subscriptions COUNT PUBLISH: one subscriber with COUNT topics of 16 octets, by tcp. What a topic
 * costs in either process, and how much processor time of the publisher's thread a message takes that
 * nobody, and one that somebody wants. */

#include "bench.h"

/* Processor time of this thread so far. */
static double thread_cpu (void)
{
    struct timespec t;
    clock_gettime (CLOCK_THREAD_CPUTIME_ID, &t);
    return (double) t.tv_sec + (double) t.tv_nsec * 1e-9;
}

/* Topics as they are used: a common beginning, a thousand groups, members. */
static void topic (char into[17], long number)
{
    unsigned member = (unsigned) number % 1000000000;
    char text[32];
    snprintf (text, sizeof text, "t/%04u/%09u", member % 1000, member);
    memcpy (into, text, 17);
}

int main (int argc, char **argv)
{
    CHECK (argc == 3);
    long count = number (argv[1]), published = number (argv[2]);
    char endpoint[256], text[17];
    pid_t other = split ();
    if (other == 0) {
        void *ctx = context (1), *socket = make (ctx, ZMQ_SUB);
        hear (endpoint, sizeof endpoint);
        set (socket, ZMQ_SNDHWM, 0);
        set (socket, ZMQ_RCVHWM, 0);
        double before = heap ();
        CHECK (zmq_connect (socket, endpoint) == 0);
        for (long i = 0; i < count; i++) {
            topic (text, i);
            CHECK (zmq_setsockopt (socket, ZMQ_SUBSCRIBE, text, 16) == 0);
        }
        CHECK (zmq_setsockopt (socket, ZMQ_SUBSCRIBE, "the end", 7) == 0);
        CHECK (zmq_recv (socket, text, 16, 0) == 7);
        tell_number ((heap () - before) / (double) count);
        hear_number ();
        _exit (0);
    }
    void *ctx = context (1), *socket = make (ctx, ZMQ_PUB);
    set (socket, ZMQ_SNDHWM, 0);
    set (socket, ZMQ_RCVHWM, 0);
    bind_any (socket, "tcp", endpoint);
    double before = heap (), resident_before = resident (), begun = now (), subscriber;
    tell (endpoint, sizeof endpoint);
    /* The last subscription has come when a message for it arrives. */
    for (;;) {
        CHECK (zmq_send (socket, "the end", 7, 0) == 7);
        if (recv (line_, &subscriber, sizeof subscriber, MSG_DONTWAIT) == sizeof subscriber)
            break;
        usleep (1000);
    }
    report ("subscribe", (now () - begun) / (double) count * 1e9);
    malloc_trim (0);
    report ("publisher_heap", (heap () - before) / (double) count);
    report ("publisher_resident", (resident () - resident_before) / (double) count);
    report ("subscriber_heap", subscriber);
    /* Making topics up takes longer than publishing may. */
    char (*topics)[17] = malloc ((size_t) published * sizeof *topics);
    CHECK (topics);
    for (int wanted = 0; wanted < 2; wanted++) {
        for (long i = 0; i < published; i++) {
            topic (topics[i], (i * 7919) % count);
            if (!wanted)
                topics[i][15] = 'x';
        }
        double used = thread_cpu ();
        for (long i = 0; i < published; i++)
            CHECK (zmq_send (socket, topics[i], 16, 0) == 16);
        report (wanted ? "wanted" : "unwanted", (thread_cpu () - used) / (double) published * 1e9);
    }
    kill (other, SIGKILL);
    return 0;
}
