/* SPDX-License-Identifier: MPL-2.0 */

/* Peers that do not go through the handshake as they should: each loses its own connection, the
 * monitor tells why, and the good peer does not notice. */

#include "hostile_scene.h"

#define FAILED                                                                 \
    (ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL                                      \
     | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH)

/* A peer comes. */
static int come (void)
{
    int fd = raw_connect (scene.port);
    expect_event (scene.events, ZMQ_EVENT_ACCEPTED);
    return fd;
}

/* The monitor tells of a handshake that failed, then of the end of the connection. */
static int told (uint32_t *value)
{
    int event = next_event (scene.events, FAILED | ZMQ_EVENT_HANDSHAKE_SUCCEEDED,
                            value, PATIENCE);
    expect_event (scene.events, ZMQ_EVENT_DISCONNECTED);
    return event;
}

/* Says this, and is thrown out for it with this error. */
static void thrown_out (const void *says, size_t size, uint32_t error)
{
    uint32_t value = 0;
    int fd = come ();
    raw_send (fd, says, size);
    CHECK (told (&value) == ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL);
    CHECK (error == 0 || value == error);
    raw_expect_end (fd);
}

/* Says this, and leaves, without or with a farewell. */
static void leaves (const void *says, size_t size, int rudely)
{
    int fd = come ();
    raw_send (fd, says, size);
    if (rudely)
        raw_reset (fd);
    else
        close (fd);
    CHECK (told (NULL) & FAILED);
}

/* A handshake that breaks off behind each of its octets. */
static void truncated (void)
{
    unsigned char says[512];
    size_t size = opening (says, "DEALER");
    size_t cut;
    begin_scene (30000, -1);
    for (cut = 0; cut < size; cut++) {
        leaves (says, cut, 0);
        leaves (says, cut, 1);
    }
    end_scene ();
}

/* The whole handshake, a message and the farewell, all at once: nothing is lost, not even the
 * farewell. */
static void hasty (void)
{
    unsigned char says[512];
    size_t size = opening (says, "DEALER");
    int i;
    begin_scene (30000, -1);
    memcpy (says + size, "\0\3bye", 5);
    for (i = 0; i < 20; i++) {
        int fd = come ();
        CHECK (raw_send (fd, says, size + 5));
        CHECK (shutdown (fd, SHUT_WR) == 0);
        expect_event (scene.events, ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
        expect_event (scene.events, ZMQ_EVENT_DISCONNECTED);
        raw_expect_end (fd);
    }
    end_scene ();
}

/* Every octet of the greeting changed, one at a time. */
static void altered (void)
{
    unsigned char says[512];
    size_t size = opening (says, "DEALER");
    size_t at;
    begin_scene (30000, -1);
    for (at = 0; at < size; at++) {
        int fd = come ();
        uint32_t value = 0;
        int event;
        says[at] ^= 0x55;
        raw_send (fd, says, size);
        says[at] ^= 0x55;
        /* No more will come of it, whatever it waits for. */
        shutdown (fd, SHUT_WR);
        event = told (&value);
        raw_expect_end (fd);
        /* Who the peer is, is none of the filler's business. */
        if (at >= 12 && at < 32)
            CHECK (event == ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL
                   && value == ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH);
        else
            CHECK (event != 0);
    }
    end_scene ();
}

/* Other protocols, and nonsense of all sizes. */
static void garbage (void)
{
    static const char *const texts[] = {
        "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        "SSH-2.0-OpenSSH_9.6\r\n",
        "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
        "\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f\x00",
        "\xff\x7f\xff\xff\xff\xff\xff\xff\xff\x00",
        "\x01\x00\x01\x00\x01\x00",
    };
    static const size_t sizes[] = {1,   2,   9,   10,  11,   12,   63,    64,
                                   65,  127, 255, 256, 1000, 8191, 8192,  8193,
                                   65535, 65536, 131072, 1000000};
    static unsigned char noise[1000000];
    size_t i, j;
    begin_scene (30000, -1);
    for (i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        int fd = come ();
        raw_send (fd, texts[i], strlen (texts[i]));
        shutdown (fd, SHUT_WR);
        CHECK (told (NULL) != 0);
        raw_expect_end (fd);
    }
    for (i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        for (j = 0; j < 4; j++) {
            size_t at;
            int fd = come ();
            for (at = 0; at < sizes[i]; at++)
                noise[at] = (unsigned char) random_number ();
            /* Nonsense from the start, from the version on, and behind a good greeting. */
            if (j > 0)
                noise[0] = 0xff;
            if (j > 1 && sizes[i] > 9)
                noise[9] = 0x7f;
            if (j > 2 && sizes[i] > GREETING)
                greeting (noise);
            raw_send (fd, noise, sizes[i]);
            shutdown (fd, SHUT_WR);
            CHECK (told (NULL) != 0);
            raw_expect_end (fd);
        }
    end_scene ();
}

/* Versions, mechanisms and socket types that do not fit. */
static void misfits (void)
{
    static const char *const types[] = {"PUB",  "SUB", "PUSH",  "PULL",  "REP1",
                                        "XPUB", "",    "PAIR",  "STREAM", "router"};
    static const char *const mechanisms[] = {"PLAIN", "CURVE", "GSSAPI", "NULLX", "",
                                             "ABCDEFGHIJKLMNOPQRST"};
    unsigned char says[512];
    size_t size, i;
    begin_scene (30000, -1);
    for (i = 0; i < sizeof types / sizeof types[0]; i++) {
        size = opening (says, types[i]);
        thrown_out (says, size, 0);
    }
    for (i = 0; i < sizeof mechanisms / sizeof mechanisms[0]; i++) {
        size = opening (says, "DEALER");
        memset (says + 12, 0, 20);
        memcpy (says + 12, mechanisms[i], strlen (mechanisms[i]));
        thrown_out (says, size, ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH);
    }
    /* Versions to come are talked to as 3.1; what is older is talked to as such. */
    for (i = 3; i < 256; i += 84) {
        int fd = come ();
        size = opening (says, "DEALER");
        says[10] = (unsigned char) i;
        CHECK (raw_send (fd, says, size));
        CHECK (next_event (scene.events, FAILED | ZMQ_EVENT_HANDSHAKE_SUCCEEDED, NULL,
                           PATIENCE)
               == ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
        close (fd);
        expect_event (scene.events, ZMQ_EVENT_DISCONNECTED);
    }
    for (i = 0; i < 3; i++) {
        int fd = come ();
        size = opening (says, "DEALER");
        says[10] = (unsigned char) i;
        raw_send (fd, says, size);
        shutdown (fd, SHUT_WR);
        CHECK (told (NULL) != 0);
        raw_expect_end (fd);
    }
    end_scene ();
}

/* Commands of the handshake that are none. */
static void commands (void)
{
    static const struct {
        size_t size;
        const char *octets;
    } wrong[] = {
        {2, "\4\0"},
        {3, "\4\1\5"},
        {3, "\4\1\0"},
        {4, "\4\2\5R"},
        {8, "\4\6\5REDAY"},
        {9, "\4\7\5READY\1"},
        {10, "\4\10\5READY\377A"},
        {13, "\4\13\5READY\1A\377\377\377\377"},
        {13, "\4\13\5READY\1A\177\377\377\377"},
        {13, "\4\13\5READY\0\0\0\0\0\0"},
        {9, "\6\377\377\377\377\377\377\377\377"},
        {9, "\6\0\0\0\0\0\1\0\1"},
        {9, "\6\177\377\377\377\377\377\377\377"},
        {8, "\5\6\5READY"},
        {7, "\4\5\4PING"},
        {10, "\4\10\5HELLO\0\0"},
    };
    /* COMPAT: who does not say what it is is welcome, and so is a READY that is no command. */
    static const char *const lax[] = {"\4\6\5READY", "\0\6\5READY"};
    unsigned char says[512];
    size_t i;
    begin_scene (30000, -1);
    for (i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        greeting (says);
        memcpy (says + GREETING, wrong[i].octets, wrong[i].size);
        thrown_out (says, GREETING + wrong[i].size, 0);
    }
    for (i = 0; i < sizeof lax / sizeof lax[0]; i++) {
        int fd = come ();
        greeting (says);
        memcpy (says + GREETING, lax[i], 8);
        raw_send (fd, says, GREETING + 8);
        shutdown (fd, SHUT_WR);
        CHECK (told (NULL) == ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
        raw_expect_end (fd);
    }
    /* ERROR is allowed, and ends it. */
    greeting (says);
    memcpy (says + GREETING, "\4\12\5ERROR\3no!", 12);
    {
        /* No failure to a monitor: the words are no status of ZAP. */
        int fd = come ();
        raw_send (fd, says, GREETING + 12);
        expect_event (scene.events, ZMQ_EVENT_DISCONNECTED);
        raw_expect_end (fd);
    }
    end_scene ();
}

/* Peers that connect and say nothing, or next to nothing: closed when the time for a handshake is
 * over, all of them, and no sooner. */
static void silent (void)
{
    enum { MANY = 100, INTERVAL = 400 };
    unsigned char says[512];
    int peers[MANY];
    int i, failed = 0, ended = 0;
    long began = now_ms ();
    begin_scene (INTERVAL, -1);
    greeting (says);
    for (i = 0; i < MANY; i++) {
        peers[i] = raw_connect (scene.port);
        raw_send (peers[i], says, (size_t) (i % 4 == 0 ? 0 : i % GREETING));
    }
    while (ended < MANY) {
        uint32_t value = 0;
        int event = next_event (scene.events, FAILED | ZMQ_EVENT_DISCONNECTED, &value,
                                PATIENCE);
        CHECK (event != 0);
        CHECK (now_ms () - began >= INTERVAL);
        if (event == ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL) {
            CHECK (value == ETIMEDOUT);
            failed++;
        } else
            ended++;
    }
    CHECK (failed == MANY);
    for (i = 0; i < MANY; i++)
        raw_expect_end (peers[i]);
    /* One octet now and then does not win more time. */
    peers[0] = come ();
    began = now_ms ();
    for (i = 0; i < GREETING && raw_send (peers[0], says + i, 1); i++)
        if (next_event (scene.events, FAILED, NULL, 20) != 0)
            break;
    CHECK (i < GREETING);
    CHECK (now_ms () - began >= INTERVAL - 50);
    raw_expect_end (peers[0]);
    end_scene ();
}

static const struct test tests[] = {
    {"truncated", truncated}, {"hasty", hasty},       {"altered", altered},
    {"garbage", garbage},     {"misfits", misfits},   {"commands", commands},
    {"silent", silent},
};

MAIN (tests)
