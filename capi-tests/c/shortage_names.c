/* SPDX-License-Identifier: MPL-2.0 */

/* Names that nobody knows, and a name service that does not answer: neither keeps another socket,
 * nor zmq_close, nor zmq_ctx_term waiting.
 *
 * The name service is this program: its getaddrinfo comes before that of libc. */

#include "hostile.h"

#include <dlfcn.h>
#include <netdb.h>
#include <semaphore.h>

typedef int look_up_fn (const char *, const char *, const struct addrinfo *, struct addrinfo **);

static sem_t asked, answer;

int getaddrinfo (const char *name, const char *service, const struct addrinfo *hints,
                 struct addrinfo **found)
{
    static look_up_fn *genuine;
    if (genuine == NULL)
        genuine = (look_up_fn *) dlsym (RTLD_NEXT, "getaddrinfo");
    CHECK (genuine != NULL);
    if (name != NULL && (hints == NULL || !(hints->ai_flags & AI_NUMERICHOST))) {
        if (strncmp (name, "unknown", 7) == 0)
            return EAI_NONAME;
        if (strncmp (name, "slow", 4) == 0) {
            sem_post (&asked);
            while (sem_wait (&answer) != 0)
                ;
            return genuine ("127.0.0.1", service, hints, found);
        }
    }
    return genuine (name, service, hints, found);
}

static void unknown (void)
{
    void *ctx = zmq_ctx_new ();
    void *socket = open_socket (ctx, ZMQ_DEALER);
    void *events = monitor (ctx, socket);
    long cpu = cpu_ms (), began;
    int i;

    set (socket, ZMQ_RECONNECT_IVL, 20);
    WORKS (zmq_connect (socket, "tcp://unknown.test:5555"));
    for (i = 0; i < 5; i++)
        expect_event (events, ZMQ_EVENT_CONNECT_RETRIED);
    CHECK (cpu_ms () - cpu < 200);
    FAILS (zmq_bind (socket, "tcp://unknown.test:5555"), ENODEV);
    WORKS (zmq_disconnect (socket, "tcp://unknown.test:5555"));
    WORKS (zmq_connect (socket, "tcp://unknown.test:5555"));
    CHECK (zmq_send (socket, "for nobody", 10, 0) == 10);
    set (socket, ZMQ_LINGER, 100);
    began = now_ms ();
    WORKS (zmq_close (socket));
    WORKS (zmq_close (events));
    WORKS (zmq_ctx_term (ctx));
    CHECK (now_ms () - began < 2000);
}

/* While the look-up hangs all else goes on, and the context can be ended. */
static void hanging (void)
{
    void *ctx = zmq_ctx_new ();
    void *socket = open_socket (ctx, ZMQ_DEALER);
    void *server = open_socket (ctx, ZMQ_ROUTER);
    void *good = open_socket (ctx, ZMQ_DEALER);
    char text[64];
    int port, i, before;
    long began;

    port = bind_tcp (server);
    WORKS (zmq_connect (socket, "tcp://slow.test:5555"));
    CHECK (sem_wait (&asked) == 0);
    connect_tcp (good, port);
    for (i = 0; i < 100; i++) {
        CHECK (zmq_send (good, "ping", 4, 0) == 4);
        CHECK (zmq_recv (server, text, sizeof text, 0) > 0);
        CHECK (zmq_recv (server, text, sizeof text, 0) == 4);
    }
    began = now_ms ();
    WORKS (zmq_disconnect (socket, "tcp://slow.test:5555"));
    WORKS (zmq_connect (socket, "tcp://slow.test:5556"));
    CHECK (sem_wait (&asked) == 0);
    CHECK (zmq_send (socket, "for nobody", 10, 0) == 10);
    set (socket, ZMQ_LINGER, 100);
    WORKS (zmq_close (socket));
    WORKS (zmq_close (server));
    WORKS (zmq_close (good));
    WORKS (zmq_ctx_term (ctx));
    CHECK (now_ms () - began < 2000);
    /* The answers come too late for anybody, and what was kept for them goes. */
    before = threads ();
    sem_post (&answer);
    sem_post (&answer);
    AWAIT (threads () == before - 2);
    CHECK (descriptors () < 12);
}

/* An answer that comes late is as good as one that comes at once. */
static void late (void)
{
    void *ctx = zmq_ctx_new ();
    void *server = open_socket (ctx, ZMQ_PULL);
    void *client = open_socket (ctx, ZMQ_PUSH);
    char text[64];
    int port = bind_tcp (server);

    snprintf (text, sizeof text, "tcp://slow.test:%d", port);
    WORKS (zmq_connect (client, text));
    CHECK (sem_wait (&asked) == 0);
    CHECK (zmq_send (client, "hello", 5, 0) == 5);
    sem_post (&answer);
    CHECK (zmq_recv (server, text, sizeof text, 0) == 5);
    WORKS (zmq_close (server));
    WORKS (zmq_close (client));
    WORKS (zmq_ctx_term (ctx));
}

static const struct test tests[] = {
    {"unknown", unknown}, {"hanging", hanging}, {"late", late},
};

MAIN (tests)
