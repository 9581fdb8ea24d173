/* SPDX-License-Identifier: MPL-2.0 */

/* A socket of ours that connects to a server which misbehaves in every way: it tries again, the
 * monitor tells what went wrong, another connection of the same socket goes on, and in the end,
 * once the server comes to its senses, the message that waited for it gets through. */

#include "hostile.h"

#define FAILED                                                                 \
    (ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL)

static unsigned char says[1 << 20];

static struct {
    void *ctx;
    void *socket;
    void *events;
    int listener;
    int port;
    int descriptors;
    int threads;
} scene;

static void begin_scene (int type, int handshake_ivl)
{
    scene.port = 0;
    scene.listener = raw_listen (&scene.port);
    CHECK ((scene.ctx = zmq_ctx_new ()) != NULL);
    scene.socket = open_socket (scene.ctx, type);
    set (scene.socket, ZMQ_RECONNECT_IVL, 1);
    set (scene.socket, ZMQ_HANDSHAKE_IVL, handshake_ivl);
    scene.events = monitor (scene.ctx, scene.socket);
    connect_tcp (scene.socket, scene.port);
    scene.descriptors = descriptors ();
    scene.threads = threads ();
}

static int come (void)
{
    int fd = raw_accept (scene.listener);
    expect_event (scene.events, ZMQ_EVENT_CONNECTED);
    return fd;
}

/* Who breaks the protocol, or refuses us, is not tried again, as with libzmq: the application has
 * to say so. */
static void connect_again (void)
{
    char endpoint[64];
    snprintf (endpoint, sizeof endpoint, "tcp://127.0.0.1:%d", scene.port);
    WORKS (zmq_disconnect (scene.socket, endpoint));
    connect_tcp (scene.socket, scene.port);
}

/* The handshake failed, and there will be another try. */
static int told (uint32_t *value)
{
    int event = next_event (scene.events, FAILED | ZMQ_EVENT_HANDSHAKE_SUCCEEDED, value,
                            PATIENCE);
    expect_event (scene.events, ZMQ_EVENT_DISCONNECTED);
    if (event == ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL)
        connect_again ();
    /* Behind a handshake of ZMTP 1 nonsense may break the protocol, or just end. */
    else if (event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED) {
        if (next_event (scene.events, ZMQ_EVENT_CONNECT_RETRIED, NULL, 1000) == 0)
            connect_again ();
    } else
        expect_event (scene.events, ZMQ_EVENT_CONNECT_RETRIED);
    return event;
}

/* The server behaves at last. */
static void end_scene (void)
{
    unsigned char heard[8];
    int fd;
    CHECK (zmq_send (scene.socket, "at last", 7, 0) == 7);
    fd = come ();
    handshake (fd, "ROUTER");
    expect_event (scene.events, ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
    raw_recv (fd, heard, 2);
    CHECK (heard[0] == 0 && heard[1] == 7);
    raw_recv (fd, heard, 7);
    CHECK (memcmp (heard, "at last", 7) == 0);
    CHECK (raw_send (fd, "\0\5hello", 7));
    /* Some of the nonsense was messages of ZMTP 1. */
    do
        CHECK (zmq_recv (scene.socket, heard, sizeof heard, 0) >= 0);
    while (memcmp (heard, "hello", 5) != 0);
    CHECK (threads () == scene.threads);
    CHECK (descriptors () <= scene.descriptors + 4);
    close (fd);
    close (scene.listener);
    WORKS (zmq_close (scene.socket));
    WORKS (zmq_close (scene.events));
    WORKS (zmq_ctx_term (scene.ctx));
}

/* A server that breaks the handshake off behind each octet, and one that says nonsense. */
static void handshakes (void)
{
    size_t size = opening (says, "ROUTER");
    size_t cut;
    int i, j;
    begin_scene (ZMQ_DEALER, 30000);
    for (cut = 0; cut < size; cut++) {
        int fd = come ();
        raw_send (fd, says, cut);
        if (cut % 2)
            raw_reset (fd);
        else
            close (fd);
        CHECK (told (NULL) & FAILED);
    }
    for (i = 0; i < 30; i++) {
        int fd = come ();
        greeting (says);
        for (j = i % 3 == 0 ? 0 : i % 3 == 1 ? 10 : GREETING; j < 300; j++)
            says[j] = (unsigned char) random_number ();
        raw_send (fd, says, 300);
        shutdown (fd, SHUT_WR);
        CHECK (told (NULL) != 0);
        raw_expect_end (fd);
    }
    end_scene ();
}

/* The wrong mechanism, the wrong socket type, an ERROR. */
static void misfits (void)
{
    uint32_t value;
    size_t size;
    int fd;
    begin_scene (ZMQ_DEALER, 30000);

    fd = come ();
    size = opening (says, "ROUTER");
    memcpy (says + 12, "CURVE", 5);
    raw_send (fd, says, size);
    CHECK (told (&value) == ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL);
    CHECK (value == ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH);
    raw_expect_end (fd);

    fd = come ();
    raw_send (fd, says, opening (says, "PUB"));
    CHECK (told (&value) == ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL);
    raw_expect_end (fd);

    fd = come ();
    greeting (says);
    memcpy (says + GREETING, "\4\12\5ERROR\3no!", 12);
    raw_send (fd, says, GREETING + 12);
    shutdown (fd, SHUT_WR);
    /* Being refused in words that are no status of ZAP is no failure to a monitor. */
    expect_event (scene.events, ZMQ_EVENT_DISCONNECTED);
    raw_expect_end (fd);
    connect_again ();
    end_scene ();
}

/* A server that says nothing. */
static void silent (void)
{
    int i;
    begin_scene (ZMQ_DEALER, 150);
    for (i = 0; i < 4; i++) {
        uint32_t value = 0;
        int fd = come ();
        long began = now_ms ();
        CHECK (raw_send (fd, says, 0));
        CHECK (told (&value) == ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL && value == ETIMEDOUT);
        CHECK (now_ms () - began >= 100);
        raw_expect_end (fd);
    }
    end_scene ();
}

/* Sizes that are lies, bodies that break off, messages without an end. */
static void traffic (void)
{
    static const uint64_t huge[] = {1ULL << 30, (1ULL << 63) - 1, 1ULL << 63, ~0ULL};
    long before = 0;
    int i;
    memset (says, 'x', sizeof says);
    begin_scene (ZMQ_DEALER, 30000);
    for (i = 0; i < 24; i++) {
        int fd = come ();
        handshake (fd, "ROUTER");
        expect_event (scene.events, ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
        long_header (says, i % 2 ? 1 : 0, huge[i % 4]);
        raw_send (fd, says, sizeof says);
        if (i % 4 < 2)
            raw_reset (fd);
        expect_event (scene.events, ZMQ_EVENT_DISCONNECTED);
        if (i % 4 < 2)
            expect_event (scene.events, ZMQ_EVENT_CONNECT_RETRIED);
        else {
            raw_expect_end (fd);
            connect_again ();
        }
        if (i == 4)
            before = resident ();
    }
    CHECK (resident () - before < 16 * 1024);
    for (i = 0; i < 4; i++) {
        /* A thousand parts, and no last one: none of them is delivered. */
        int j;
        int fd = come ();
        handshake (fd, "ROUTER");
        for (j = 0; j < 1000; j++)
            memcpy (says + 3 * j, "\1\1p", 3);
        CHECK (raw_send (fd, says, 3000));
        raw_reset (fd);
        expect_event (scene.events, ZMQ_EVENT_DISCONNECTED);
        set (scene.socket, ZMQ_RCVTIMEO, 0);
        FAILS (zmq_recv (scene.socket, says, 1, 0), EAGAIN);
        set (scene.socket, ZMQ_RCVTIMEO, PATIENCE);
    }
    end_scene ();
}

/* One server of two is a nuisance; messages go on with the other. */
static void other_server (void)
{
    void *server, *other;
    int i, events = 0;
    begin_scene (ZMQ_REQ, 30000);
    server = scene.socket;
    other = open_socket (scene.ctx, ZMQ_ROUTER);
    i = bind_tcp (other);
    scene.socket = open_socket (scene.ctx, ZMQ_DEALER);
    set (scene.socket, ZMQ_RECONNECT_IVL, 1);
    WORKS (zmq_close (server));
    WORKS (zmq_close (scene.events));
    scene.events = monitor (scene.ctx, scene.socket);
    connect_tcp (scene.socket, i);
    expect_event (scene.events, ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
    /* Nothing is to be given to the one that is not there. */
    set (scene.socket, ZMQ_IMMEDIATE, 1);
    close (scene.listener);
    scene.port = 0;
    scene.listener = raw_listen (&scene.port);
    connect_tcp (scene.socket, scene.port);
    for (i = 0; i < 200; i++) {
        unsigned char heard[64];
        struct pollfd item = {scene.listener, POLLIN, 0};
        int number = -1;
        if (poll (&item, 1, 1) == 1) {
            int fd = raw_accept (scene.listener);
            raw_send (fd, "nonsense", 8);
            raw_reset (fd);
            events++;
        }
        CHECK (zmq_send (scene.socket, &i, sizeof i, 0) == sizeof i);
        CHECK (zmq_recv (other, heard, sizeof heard, 0) == 5);
        CHECK (zmq_recv (other, &number, sizeof number, 0) == sizeof number);
        CHECK (number == i);
    }
    CHECK (events > 2);
    close (scene.listener);
    WORKS (zmq_close (other));
    WORKS (zmq_close (scene.socket));
    WORKS (zmq_close (scene.events));
    WORKS (zmq_ctx_term (scene.ctx));
}

static const struct test tests[] = {
    {"handshakes", handshakes}, {"misfits", misfits}, {"silent", silent},
    {"traffic", traffic},       {"other_server", other_server},
};

MAIN (tests)
