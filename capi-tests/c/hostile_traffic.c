/* SPDX-License-Identifier: MPL-2.0 */

/* Peers that go through the handshake and then misbehave: sizes that are lies, endless messages,
 * floods, deaf ears, connections torn down in the middle. Memory and descriptors stay flat, and
 * the good peer does not notice. */

#include "hostile_scene.h"

/* What a scene may grow by, in KiB. */
#define FLAT (32 * 1024)

static int come (const char *type)
{
    int fd = raw_connect (scene.port);
    handshake (fd, type);
    expect_event (scene.events, ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
    return fd;
}

static void gone (void)
{
    expect_event (scene.events, ZMQ_EVENT_DISCONNECTED);
}

/* Frames that announce more than they bring, with and without a limit. */
static void sizes (void)
{
    static const uint64_t huge[] = {1ULL << 20, 1ULL << 30, 1ULL << 40, (1ULL << 62) - 1,
                                    (1ULL << 63) - 1, 1ULL << 63, ~0ULL};
    unsigned char says[4096];
    size_t i, limited;
    for (limited = 0; limited < 2; limited++) {
        long before;
        begin_scene (30000, limited ? 1000 : -1);
        before = resident ();
        for (i = 0; i < 2 * sizeof huge / sizeof huge[0]; i++) {
            /* As a message, then as a command. */
            int flags = i % 2 ? 4 : 0;
            int fd = come ("DEALER");
            memset (says, 'x', sizeof says);
            long_header (says, flags, huge[i / 2]);
            raw_send (fd, says, sizeof says);
            if (limited || huge[i / 2] >> 63) {
                gone ();
                raw_expect_end (fd);
            } else {
                raw_reset (fd);
                gone ();
            }
            CHECK (resident () - before < FLAT);
        }
        if (limited) {
            /* What is as large as it may be gets through. */
            int fd = come ("DEALER");
            memset (says, 'x', sizeof says);
            long_header (says, 0, 1000);
            CHECK (raw_send (fd, says, 1009));
            raw_recv (fd, says, 1009);
            CHECK (says[0] == 2 && says[9] == 'x' && says[1008] == 'x');
            long_header (says, 0, 1001);
            raw_send (fd, says, 1010);
            gone ();
            raw_expect_end (fd);
        }
        end_scene ();
    }
}

/* Commands that are none, too short, or not for us: ignored or the end, never more. */
static void commands (void)
{
    static const struct {
        int fatal;
        size_t size;
        const char *octets;
    } odd[] = {
        {1, 2, "\4\0"},
        {1, 3, "\4\1\5"},
        {1, 7, "\4\5\4PING"},
        {1, 8, "\4\6\4PING\0"},
        {0, 9, "\4\7\4PING\0\0"},
        {0, 10, "\4\10\7UNKNOWN"},
        {0, 12, "\4\12\11SUBSCRIBE"},
        {0, 9, "\4\7\6CANCEL"},
        {0, 7, "\4\5\4JOIN"},
        {0, 9, "\4\7\4PONG42"},
        {1, 4, "\10\2hi"},
        {1, 4, "\360\2hi"},
        {1, 7, "\5\5\4PING"},
    };
    unsigned char says[512], heard[512];
    size_t i;
    begin_scene (30000, -1);
    for (i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        int fd = come ("DEALER");
        memcpy (says, odd[i].octets, odd[i].size);
        memcpy (says + odd[i].size, "\0\1x", 3);
        raw_send (fd, says, odd[i].size + 3);
        if (odd[i].fatal) {
            gone ();
            raw_expect_end (fd);
            continue;
        }
        /* A PING was answered first. */
        do {
            raw_recv (fd, heard, 2);
            raw_recv (fd, heard + 2, heard[1]);
        } while (heard[0] == 4);
        CHECK (heard[0] == 0 && heard[1] == 1 && heard[2] == 'x');
        close (fd);
        gone ();
    }
    end_scene ();
}

/* A message octet by octet, and one of very many parts. */
static void pieces (void)
{
    enum { PARTS = 100000 };
    static unsigned char says[2 * PARTS + 3], heard[2 * PARTS + 3];
    size_t i;
    int fd;
    begin_scene (30000, -1);
    fd = come ("DEALER");
    memset (says, 0, sizeof says);
    says[0] = 1;
    says[1] = 3;
    memcpy (says + 2, "one", 3);
    long_header (says + 5, 0, 300);
    for (i = 0; i < 314; i++)
        CHECK (raw_send (fd, says + i, 1));
    raw_recv (fd, heard, 314);
    CHECK (memcmp (says, heard, 314) == 0);
    for (i = 0; i < PARTS; i++) {
        says[2 * i] = 1;
        says[2 * i + 1] = 0;
    }
    memcpy (says + 2 * PARTS, "\0\1z", 3);
    CHECK (raw_send (fd, says, sizeof says));
    raw_recv (fd, heard, sizeof heard);
    CHECK (memcmp (says, heard, sizeof says) == 0);
    undisturbed ();
    /* As many parts, and then the end instead of the last one: none of them gets through. */
    CHECK (raw_send (fd, says, 2 * PARTS));
    raw_reset (fd);
    gone ();
    end_scene ();
}

/* Connections that end in the middle of a large body, again and again. */
static void torn (void)
{
    enum { BODY = 1 << 20, TIMES = 40 };
    static unsigned char says[BODY];
    long before = 0;
    int i;
    begin_scene (30000, -1);
    memset (says, 'x', sizeof says);
    for (i = 0; i < TIMES; i++) {
        int fd = come ("DEALER");
        long_header (says, i % 2, 2 * BODY);
        CHECK (raw_send (fd, says, sizeof says));
        if (i % 3 == 0)
            close (fd);
        else
            raw_reset (fd);
        gone ();
        if (i == TIMES / 4)
            before = resident ();
    }
    CHECK (resident () - before < FLAT);
    end_scene ();
}

/* Peers that come and go, by the thousand. */
static void churn (void)
{
    enum { TIMES = 10000, WARM = 2000 };
    unsigned char says[512];
    size_t size = opening (says, "DEALER");
    long before = 0;
    int i;
    begin_scene (30000, -1);
    WORKS (zmq_close (scene.events));
    for (i = 0; i < TIMES; i++) {
        int fd = raw_connect (scene.port);
        if (i % 4 == 0) {
            unsigned char heard[GREETING];
            CHECK (raw_send (fd, says, size));
            raw_recv (fd, heard, sizeof heard);
        } else
            raw_send (fd, says, (size_t) i % size);
        raw_reset (fd);
        if (i == WARM)
            before = resident ();
        if (i % 1000 == 0)
            AWAIT (descriptors () < scene.descriptors + 100);
    }
    AWAIT (descriptors () <= scene.descriptors);
    CHECK (resident () - before < FLAT);
    scene.events = monitor (scene.ctx, scene.server);
    scene.descriptors = descriptors ();
    end_scene ();
}

/* PINGs without end, heard by nobody: what is answered is bounded. */
static void pings (void)
{
    enum { PINGS = 4096 };
    static unsigned char says[PINGS * 25];
    long before;
    size_t total = 0;
    int fd, i;
    begin_scene (30000, -1);
    fd = come ("DEALER");
    for (i = 0; i < PINGS; i++) {
        memcpy (says + 25 * i, "\4\27\4PING\0\0", 9);
        memcpy (says + 25 * i + 9, "0123456789abcdef", 16);
        /* Promises to be heard of, of all lengths. */
        says[25 * i + 7] = (unsigned char) (0xff - i % 251);
    }
    before = resident ();
    /* Until it would not hear more, or has heard much. */
    while (total < 64 * sizeof says) {
        struct pollfd item = {fd, POLLOUT, 0};
        ssize_t sent;
        if (poll (&item, 1, 300) == 0)
            break;
        /* Where a write ends in the middle of a PING the next goes on from there. */
        sent = send (fd, says + total % sizeof says, sizeof says - total % sizeof says,
                     MSG_NOSIGNAL | MSG_DONTWAIT);
        CHECK (sent > 0 || errno == EAGAIN);
        if (sent > 0)
            total += (size_t) sent;
    }
    CHECK (resident () - before < FLAT);
    undisturbed ();
    raw_reset (fd);
    gone ();
    end_scene ();
}

/* A peer that is there and says nothing any more is found out by heartbeats. */
static void half_open (void)
{
    unsigned char buffer[512];
    void *ctx = zmq_ctx_new ();
    void *server = open_socket (ctx, ZMQ_ROUTER);
    void *events = monitor (ctx, server);
    int port, fd;
    long began;
    set (server, ZMQ_HEARTBEAT_IVL, 50);
    set (server, ZMQ_HEARTBEAT_TIMEOUT, 300);
    port = bind_tcp (server);
    fd = raw_connect (port);
    handshake (fd, "DEALER");
    began = now_ms ();
    expect_event (events, ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
    raw_recv (fd, buffer, 2);
    CHECK (buffer[0] == 4);
    raw_recv (fd, buffer + 2, buffer[1]);
    CHECK (memcmp (buffer + 2, "\4PING", 5) == 0);
    expect_event (events, ZMQ_EVENT_DISCONNECTED);
    CHECK (now_ms () - began >= 300);
    raw_expect_end (fd);
    WORKS (zmq_close (events));
    WORKS (zmq_close (server));
    WORKS (zmq_ctx_term (ctx));
}

/* A peer that never reads: what waits for it is bounded, others go on, and closing is prompt. */
static void deaf (void)
{
    enum { BODY = 100000, MESSAGES = 400 };
    static unsigned char body[BODY];
    void *ctx = zmq_ctx_new ();
    void *pub = open_socket (ctx, ZMQ_XPUB);
    void *push = open_socket (ctx, ZMQ_PUSH);
    void *sub = open_socket (ctx, ZMQ_SUB);
    void *events;
    int port, fd, i, sent = 0;
    long before, began;
    unsigned char said[2];

    set (pub, ZMQ_SNDHWM, 20);
    set (push, ZMQ_SNDHWM, 20);
    port = bind_tcp (pub);
    fd = raw_connect (port);
    handshake (fd, "SUB");
    CHECK (raw_send (fd, "\0\1\1", 3));
    CHECK (zmq_recv (pub, said, sizeof said, 0) == 1);
    connect_tcp (sub, port);
    WORKS (zmq_setsockopt (sub, ZMQ_SUBSCRIBE, "", 0));
    /* The same topic again is not told twice, so verbosely. */
    set (pub, ZMQ_XPUB_VERBOSE, 1);
    while (zmq_recv (pub, said, sizeof said, ZMQ_DONTWAIT) >= 0)
        ;
    before = resident ();
    for (i = 0; i < MESSAGES; i++) {
        memcpy (body, &i, sizeof i);
        CHECK (zmq_send (pub, body, sizeof body, 0) == BODY);
        /* Once the good subscriber hears anything, it hears all of it. */
        set (sub, ZMQ_RCVTIMEO, sent ? PATIENCE : 20);
        if (zmq_recv (sub, body, sizeof body, 0) == BODY) {
            int number;
            memcpy (&number, body, sizeof number);
            CHECK (number == i);
            sent = 1;
        }
    }
    CHECK (sent);
    CHECK (resident () - before < FLAT);
    close (fd);

    events = monitor (ctx, push);
    port = bind_tcp (push);
    fd = raw_connect (port);
    handshake (fd, "PULL");
    expect_event (events, ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
    set (push, ZMQ_SNDTIMEO, 300);
    for (sent = 0; zmq_send (push, body, sizeof body, 0) == BODY; sent++)
        CHECK (sent < 2000);
    CHECK (errno == EAGAIN);
    CHECK (sent >= 20);
    /* What it did not hear goes with it when it is reset. */
    raw_reset (fd);
    expect_event (events, ZMQ_EVENT_DISCONNECTED);

    fd = raw_connect (port);
    handshake (fd, "PULL");
    expect_event (events, ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
    while (zmq_send (push, body, sizeof body, 0) == BODY)
        ;
    began = now_ms ();
    set (push, ZMQ_LINGER, 200);
    WORKS (zmq_close (push));
    WORKS (zmq_close (pub));
    WORKS (zmq_close (sub));
    WORKS (zmq_close (events));
    WORKS (zmq_ctx_term (ctx));
    CHECK (now_ms () - began < 3000);
    close (fd);
}

/* Subscriptions as large as memory, made, taken back, and left behind. */
static void topics (void)
{
    enum { TOPIC = 64 << 20 };
    unsigned char *says = malloc (TOPIC + 64);
    void *ctx = zmq_ctx_new ();
    void *pub = open_socket (ctx, ZMQ_XPUB);
    void *events = monitor (ctx, pub);
    zmq_msg_t heard;
    int port, fd, turn;

    CHECK (says != NULL);
    port = bind_tcp (pub);
    memset (says, 't', TOPIC + 64);
    for (turn = 0; turn < 2; turn++) {
        fd = raw_connect (port);
        handshake (fd, "SUB");
        /* As a message (ZMTP 3.0), then as a command (3.1). */
        if (turn == 0) {
            long_header (says, 0, TOPIC);
            says[9] = 1;
        } else {
            long_header (says, 4, TOPIC);
            memcpy (says + 9, "\11SUBSCRIBE", 10);
        }
        CHECK (raw_send (fd, says, TOPIC + 9));
        WORKS (zmq_msg_init (&heard));
        CHECK (zmq_msg_recv (&heard, pub, 0) == TOPIC - (turn ? 9 : 0));
        CHECK (*(char *) zmq_msg_data (&heard) == 1);
        CHECK (zmq_send (pub, "t", 1, 0) == 1);
        /* Taken back by the message, by leaving. */
        if (turn == 0) {
            says[9] = 0;
            CHECK (raw_send (fd, says, TOPIC + 9));
        } else
            close (fd);
        CHECK (zmq_msg_recv (&heard, pub, 0) == TOPIC - (turn ? 9 : 0));
        CHECK (*(char *) zmq_msg_data (&heard) == 0);
        WORKS (zmq_msg_close (&heard));
        if (turn == 0)
            close (fd);
        expect_event (events, ZMQ_EVENT_DISCONNECTED);
    }
    free (says);
    WORKS (zmq_close (pub));
    WORKS (zmq_close (events));
    WORKS (zmq_ctx_term (ctx));
}

static const struct test tests[] = {
    {"sizes", sizes}, {"commands", commands}, {"pieces", pieces},
    {"torn", torn},   {"churn", churn},       {"pings", pings},
    {"half_open", half_open}, {"deaf", deaf}, {"topics", topics},
};

MAIN (tests)
