/* SPDX-License-Identifier: MPL-2.0 */

/*  A server and a client of GSSAPI, each of a library of its own.

    gssapi SERVER-LIBRARY CLIENT-LIBRARY CASE PLAINTEXT [STATUS]

    CASE:
      talk        a DEALER each: multipart, empty and large messages, both ways; over heartbeats
      subscribe   an XPUB serves a SUB
      refused     the handler of the server says STATUS: nothing arrives, and monitors hear of it
      stranger    the client wants another server than this
      silence     the key server never answers: others of the same I/O thread do not notice

    With talk STATUS is what the handler says; without it there is no handler. Ends with 0 if all
    was well, else says what was not. KRB5_CONFIG, KRB5_KTNAME and KRB5_CLIENT_KTNAME say where
    keys are; the principal is zmqtest2 at this host.  */

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

#define CHECK(condition)                                                       \
    do {                                                                       \
        if (!(condition)) {                                                    \
            fprintf (stderr, "%s:%d: %s (errno %d)\n", __FILE__, __LINE__,     \
                     #condition, errno);                                       \
            exit (1);                                                          \
        }                                                                      \
    } while (0)

#define LARGE 1000000
#define PATIENCE 20000
#define PRINCIPAL "zmqtest2"

/* A library. */
struct lib
{
    void *(*ctx_new) (void);
    int (*ctx_term) (void *);
    void *(*socket) (void *, int);
    int (*close) (void *);
    int (*setsockopt) (void *, int, const void *, size_t);
    int (*getsockopt) (void *, int, void *, size_t *);
    int (*bind) (void *, const char *);
    int (*connect) (void *, const char *);
    int (*send) (void *, const void *, size_t, int);
    int (*recv) (void *, void *, size_t, int);
    int (*monitor) (void *, const char *, int);
    int (*has) (const char *);
    void *ctx;
};

static void *find (void *library, const char *name)
{
    void *found = dlsym (library, name);
    CHECK (found != NULL);
    return found;
}

static void load (struct lib *lib, const char *path)
{
    void *library = dlopen (path, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL)
        fprintf (stderr, "%s\n", dlerror ());
    CHECK (library != NULL);
    *(void **) &lib->ctx_new = find (library, "zmq_ctx_new");
    *(void **) &lib->ctx_term = find (library, "zmq_ctx_term");
    *(void **) &lib->socket = find (library, "zmq_socket");
    *(void **) &lib->close = find (library, "zmq_close");
    *(void **) &lib->setsockopt = find (library, "zmq_setsockopt");
    *(void **) &lib->getsockopt = find (library, "zmq_getsockopt");
    *(void **) &lib->bind = find (library, "zmq_bind");
    *(void **) &lib->connect = find (library, "zmq_connect");
    *(void **) &lib->send = find (library, "zmq_send");
    *(void **) &lib->recv = find (library, "zmq_recv");
    *(void **) &lib->monitor = find (library, "zmq_socket_monitor");
    *(void **) &lib->has = find (library, "zmq_has");
    CHECK (lib->has ("gssapi") == 1);
    lib->ctx = lib->ctx_new ();
    CHECK (lib->ctx != NULL);
}

static void set (struct lib *lib, void *socket, int option, int value)
{
    CHECK (lib->setsockopt (socket, option, &value, sizeof value) == 0);
}

static void *open_socket (struct lib *lib, int type, int patience)
{
    void *socket = lib->socket (lib->ctx, type);
    CHECK (socket != NULL);
    set (lib, socket, ZMQ_LINGER, 0);
    set (lib, socket, ZMQ_RCVTIMEO, patience);
    set (lib, socket, ZMQ_SNDTIMEO, patience);
    return socket;
}

static void own_principal (struct lib *lib, void *socket, int plaintext)
{
    int mechanism;
    size_t length = sizeof mechanism;
    CHECK (lib->setsockopt (socket, ZMQ_GSSAPI_PRINCIPAL, PRINCIPAL,
                            strlen (PRINCIPAL))
           == 0);
    set (lib, socket, ZMQ_GSSAPI_PRINCIPAL_NAMETYPE, ZMQ_GSSAPI_NT_HOSTBASED);
    set (lib, socket, ZMQ_GSSAPI_PLAINTEXT, plaintext);
    CHECK (lib->getsockopt (socket, ZMQ_MECHANISM, &mechanism, &length) == 0);
    CHECK (mechanism == ZMQ_GSSAPI);
}

static void *serve (struct lib *lib, int type, int plaintext, int patience)
{
    void *socket = open_socket (lib, type, patience);
    set (lib, socket, ZMQ_GSSAPI_SERVER, 1);
    own_principal (lib, socket, plaintext);
    return socket;
}

static void *want (struct lib *lib,
                   int type,
                   int plaintext,
                   const char *server,
                   int patience)
{
    void *socket = open_socket (lib, type, patience);
    CHECK (lib->setsockopt (socket, ZMQ_GSSAPI_SERVICE_PRINCIPAL, server,
                            strlen (server))
           == 0);
    own_principal (lib, socket, plaintext);
    return socket;
}

static void
meet (struct lib *server, void *bound, struct lib *client, void *connected)
{
    char endpoint[128];
    size_t length = sizeof endpoint;
    const char *place = getenv ("PLACE");
    CHECK (server->bind (bound, place ? place : "tcp://127.0.0.1:*") == 0);
    CHECK (server->getsockopt (bound, ZMQ_LAST_ENDPOINT, endpoint, &length)
           == 0);
    CHECK (client->connect (connected, endpoint) == 0);
}

static void expect (
  struct lib *lib, void *socket, const char *body, size_t length, int more)
{
    static char buffer[LARGE];
    int flag;
    size_t size = sizeof flag;
    int received = lib->recv (socket, buffer, sizeof buffer, 0);
    CHECK (received == (int) length);
    CHECK (memcmp (buffer, body, length) == 0);
    CHECK (lib->getsockopt (socket, ZMQ_RCVMORE, &flag, &size) == 0);
    CHECK (flag == more);
}

/* Waits for one of these events; returns which it was. */
static int hear (struct lib *lib, void *monitor, int events, uint32_t *value)
{
    for (;;) {
        unsigned char head[6];
        char address[256];
        uint16_t event;
        CHECK (lib->recv (monitor, head, sizeof head, 0) == 6);
        CHECK (lib->recv (monitor, address, sizeof address, 0) >= 0);
        memcpy (&event, head, sizeof event);
        memcpy (value, head + 2, sizeof *value);
        if (event & events)
            return event;
    }
}

static void *watch (struct lib *lib, void *socket, const char *name)
{
    void *monitor = open_socket (lib, ZMQ_PAIR, PATIENCE);
    CHECK (lib->monitor (socket, name, ZMQ_EVENT_ALL) == 0);
    CHECK (lib->connect (monitor, name) == 0);
    return monitor;
}

/* The handler of the server: what it says to all, and whom it saw. */
static struct lib *handler_lib;
static void *handler;
static const char *status;

static void *judge (void *unused)
{
    (void) unused;
    for (;;) {
        char parts[8][256];
        int count = 0, more = 1;
        size_t length = sizeof more;
        while (more && count < 8) {
            int size = handler_lib->recv (handler, parts[count], 255, 0);
            if (size < 0) {
                handler_lib->close (handler);
                return NULL;
            }
            parts[count][size] = 0;
            handler_lib->getsockopt (handler, ZMQ_RCVMORE, &more, &length);
            count++;
        }
        CHECK (count == 7);
        CHECK (strcmp (parts[0], "1.0") == 0);
        CHECK (strcmp (parts[3], "127.0.0.1") == 0);
        CHECK (strcmp (parts[5], "GSSAPI") == 0);
        CHECK (strncmp (parts[6], PRINCIPAL "/", strlen (PRINCIPAL) + 1) == 0);
        CHECK (strstr (parts[6], "@FERROZMQ.TEST") != NULL);
        handler_lib->send (handler, "1.0", 3, ZMQ_SNDMORE);
        handler_lib->send (handler, parts[1], strlen (parts[1]), ZMQ_SNDMORE);
        handler_lib->send (handler, status, strlen (status), ZMQ_SNDMORE);
        handler_lib->send (handler, "", 0, ZMQ_SNDMORE);
        handler_lib->send (handler, "somebody", 8, ZMQ_SNDMORE);
        handler_lib->send (handler, "", 0, 0);
    }
}

static pthread_t start_handler (struct lib *lib, const char *says)
{
    pthread_t thread;
    handler_lib = lib;
    status = says;
    handler = open_socket (lib, ZMQ_REP, -1);
    CHECK (lib->bind (handler, "inproc://zeromq.zap.01") == 0);
    CHECK (pthread_create (&thread, NULL, judge, NULL) == 0);
    return thread;
}

static void heartbeats (struct lib *lib, void *socket)
{
    set (lib, socket, ZMQ_HEARTBEAT_IVL, 50);
    set (lib, socket, ZMQ_HEARTBEAT_TIMEOUT, 5000);
    set (lib, socket, ZMQ_HEARTBEAT_TTL, 5000);
}

static void talk (struct lib *server, struct lib *client, int plaintext)
{
    static char large[LARGE];
    void *bound = serve (server, ZMQ_DEALER, plaintext, PATIENCE);
    void *connected = want (client, ZMQ_DEALER, plaintext, PRINCIPAL, PATIENCE);
    void *ends[2];
    struct lib *libs[2];
    int turn;
    memset (large, 'y', sizeof large);
    heartbeats (server, bound);
    heartbeats (client, connected);
    meet (server, bound, client, connected);
    libs[0] = client, ends[0] = connected;
    libs[1] = server, ends[1] = bound;
    for (turn = 0; turn < 100; turn++) {
        int from = turn % 2, to = 1 - from;
        CHECK (libs[from]->send (ends[from], "head", 4, ZMQ_SNDMORE) == 4);
        CHECK (libs[from]->send (ends[from], "", 0, ZMQ_SNDMORE) == 0);
        CHECK (libs[from]->send (ends[from], large, LARGE / (turn + 1), 0)
               == LARGE / (turn + 1));
        expect (libs[to], ends[to], "head", 4, 1);
        expect (libs[to], ends[to], "", 0, 1);
        expect (libs[to], ends[to], large, LARGE / (turn + 1), 0);
    }
    CHECK (server->close (bound) == 0);
    CHECK (client->close (connected) == 0);
}

static void subscribe (struct lib *server, struct lib *client, int plaintext)
{
    void *bound = serve (server, ZMQ_XPUB, plaintext, PATIENCE);
    void *connected = want (client, ZMQ_SUB, plaintext, PRINCIPAL, PATIENCE);
    CHECK (client->setsockopt (connected, ZMQ_SUBSCRIBE, "topic", 5) == 0);
    meet (server, bound, client, connected);
    expect (server, bound, "\x01topic", 6, 0);
    CHECK (server->send (bound, "other", 5, 0) == 5);
    CHECK (server->send (bound, "topical", 7, 0) == 7);
    expect (client, connected, "topical", 7, 0);
    CHECK (client->setsockopt (connected, ZMQ_UNSUBSCRIBE, "topic", 5) == 0);
    expect (server, bound, "\x00topic", 6, 0);
    CHECK (server->close (bound) == 0);
    CHECK (client->close (connected) == 0);
}

static void refused (struct lib *server, struct lib *client, int plaintext)
{
    char buffer[8];
    uint32_t value;
    void *bound = serve (server, ZMQ_DEALER, plaintext, 0);
    void *connected = want (client, ZMQ_DEALER, plaintext, PRINCIPAL, 0);
    void *monitor = watch (server, bound, "inproc://of-server");
    void *other = watch (client, connected, "inproc://of-client");
    int events = ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH
                 | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL
                 | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL;
    meet (server, bound, client, connected);
    CHECK (client->send (connected, "sneaky", 6, 0) == 6);
    CHECK (hear (server, monitor, events, &value)
           == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH);
    CHECK (value == (uint32_t) atoi (status));
    CHECK (hear (client, other, events | ZMQ_EVENT_DISCONNECTED, &value)
           != ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
    CHECK (server->recv (bound, buffer, sizeof buffer, 0) == -1);
    CHECK (server->close (monitor) == 0 && server->close (bound) == 0);
    CHECK (client->close (other) == 0 && client->close (connected) == 0);
}

/* The client of the first library, of which no word may reach the server. */
static void stranger (struct lib *server, struct lib *client, int plaintext)
{
    char buffer[8];
    uint32_t value;
    void *bound = serve (server, ZMQ_DEALER, plaintext, 0);
    void *connected = want (client, ZMQ_DEALER, plaintext, "nobody", 0);
    void *other = watch (client, connected, "inproc://of-client");
    meet (server, bound, client, connected);
    CHECK (client->send (connected, "sneaky", 6, 0) == 6);
    CHECK (hear (client, other,
                 ZMQ_EVENT_HANDSHAKE_SUCCEEDED
                   | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL,
                 &value)
           == ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL);
    CHECK (hear (client, other, ZMQ_EVENT_CONNECT_RETRIED, &value) != 0);
    CHECK (server->recv (bound, buffer, sizeof buffer, 0) == -1);
    CHECK (server->close (bound) == 0);
    CHECK (client->close (other) == 0 && client->close (connected) == 0);
}

/* While the client waits for its ticket, two sockets beside it have a talk. */
static void silence (struct lib *lib, int plaintext)
{
    uint32_t value;
    unsigned char head[6];
    int turn;
    void *bound = serve (lib, ZMQ_DEALER, plaintext, PATIENCE);
    void *connected = want (lib, ZMQ_DEALER, plaintext, PRINCIPAL, PATIENCE);
    void *monitor = watch (lib, connected, "inproc://of-client");
    void *one = open_socket (lib, ZMQ_PAIR, PATIENCE);
    void *other = open_socket (lib, ZMQ_PAIR, PATIENCE);
    meet (lib, bound, lib, connected);
    CHECK (hear (lib, monitor, ZMQ_EVENT_CONNECTED, &value)
           == ZMQ_EVENT_CONNECTED);
    meet (lib, one, lib, other);
    for (turn = 0; turn < 100; turn++) {
        CHECK (lib->send (one, "ping", 4, 0) == 4);
        expect (lib, other, "ping", 4, 0);
        CHECK (lib->send (other, "pong", 4, 0) == 4);
        expect (lib, one, "pong", 4, 0);
    }
    CHECK (lib->recv (monitor, head, sizeof head, ZMQ_DONTWAIT) == -1);
    CHECK (lib->close (bound) == 0 && lib->close (connected) == 0);
    CHECK (lib->close (one) == 0 && lib->close (other) == 0);
    /* The context ends when the library below has given up, in a minute perhaps. */
    _exit (0);
}

int main (int argc, char **argv)
{
    struct lib server, client;
    pthread_t thread;
    int plaintext, handled = argc > 5;
    CHECK (argc > 4);
    alarm (60);
    load (&server, argv[1]);
    load (&client, argv[2]);
    plaintext = atoi (argv[4]);
    if (handled)
        thread = start_handler (&server, argv[5]);
    if (strcmp (argv[3], "talk") == 0)
        talk (&server, &client, plaintext);
    else if (strcmp (argv[3], "subscribe") == 0)
        subscribe (&server, &client, plaintext);
    else if (strcmp (argv[3], "refused") == 0)
        refused (&server, &client, plaintext);
    else if (strcmp (argv[3], "stranger") == 0)
        stranger (&server, &client, plaintext);
    else if (strcmp (argv[3], "silence") == 0)
        silence (&client, plaintext);
    else
        CHECK (!"a case");
    CHECK (client.ctx_term (client.ctx) == 0);
    CHECK (server.ctx_term (server.ctx) == 0);
    if (handled)
        CHECK (pthread_join (thread, NULL) == 0);
    return 0;
}
