/* SPDX-License-Identifier: MPL-2.0 */

/* A server that echoes, a good peer that talks to it without a pause, and a monitor: what hostile
 * peers come to. The good peer must not notice them. */

#include "hostile.h"

/* The longest that the good peer may have to wait for an echo, in milliseconds. */
#define UNDISTURBED 2000

static struct {
    void *ctx;
    void *server;
    void *events;
    int port;
    pthread_t echo;
    pthread_t good;
    volatile unsigned long echoes;
    volatile long slowest;
    int descriptors;
    int threads;
} scene;

/* Sends back every message that the server receives, until the context ends. */
static void *echo (void *unused)
{
    zmq_msg_t part;
    (void) unused;
    CHECK (zmq_msg_init (&part) == 0);
    while (zmq_msg_recv (&part, scene.server, 0) >= 0) {
        int more = zmq_msg_more (&part);
        if (zmq_msg_send (&part, scene.server, more ? ZMQ_SNDMORE : 0) < 0) {
            CHECK (errno == ETERM);
            break;
        }
    }
    CHECK (errno == ETERM);
    zmq_msg_close (&part);
    WORKS (zmq_close (scene.server));
    return NULL;
}

/* Says a number, and wants to hear it. */
static void *good_peer (void *socket)
{
    uint64_t number = 0;
    for (;;) {
        uint64_t answer = 0;
        long began = now_ms ();
        long took;
        if (zmq_send (socket, &number, sizeof number, 0) < 0
            || zmq_recv (socket, &answer, sizeof answer, 0) < 0) {
            CHECK (errno == ETERM);
            WORKS (zmq_close (socket));
            return NULL;
        }
        took = now_ms () - began;
        CHECK (answer == number);
        CHECK (took < UNDISTURBED);
        if (took > scene.slowest)
            scene.slowest = took;
        number++;
        scene.echoes = number;
    }
}

/* The good peer was served since. */
UNUSED static void undisturbed (void)
{
    unsigned long before = scene.echoes;
    AWAIT (scene.echoes > before + 2);
}

/* A server with these options and its good peer. */
UNUSED static void begin_scene (int handshake_ivl, int64_t max)
{
    void *good;
    memset (&scene, 0, sizeof scene);
    CHECK ((scene.ctx = zmq_ctx_new ()) != NULL);
    scene.server = open_socket (scene.ctx, ZMQ_ROUTER);
    set (scene.server, ZMQ_HANDSHAKE_IVL, handshake_ivl);
    set (scene.server, ZMQ_RCVTIMEO, -1);
    WORKS (zmq_setsockopt (scene.server, ZMQ_MAXMSGSIZE, &max, sizeof max));
    scene.events = monitor (scene.ctx, scene.server);
    scene.port = bind_tcp (scene.server);
    good = open_socket (scene.ctx, ZMQ_DEALER);
    connect_tcp (good, scene.port);
    CHECK (pthread_create (&scene.echo, NULL, echo, NULL) == 0);
    CHECK (pthread_create (&scene.good, NULL, good_peer, good) == 0);
    expect_event (scene.events, ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
    undisturbed ();
    scene.descriptors = descriptors ();
    scene.threads = threads ();
}

/* Everybody hostile is gone, and what they cost was given back. */
UNUSED static void end_scene (void)
{
    undisturbed ();
    /* Threads of the application may have got something to sleep on since. */
    AWAIT (descriptors () <= scene.descriptors + 3);
    CHECK (threads () == scene.threads);
    WORKS (zmq_ctx_shutdown (scene.ctx));
    pthread_join (scene.good, NULL);
    pthread_join (scene.echo, NULL);
    WORKS (zmq_close (scene.events));
    WORKS (zmq_ctx_term (scene.ctx));
    printf ("%lu echoes, the slowest in %ld ms\n", scene.echoes, scene.slowest);
}
