/* SPDX-License-Identifier: MPL-2.0 */

/*  What monitors hear of a handshake.

    security_events SERVER CLIENT DOMAIN HANDLER ENFORCE KEYS TYPES

    SERVER, CLIENT: null, plain or curve. DOMAIN: a ZAP domain, or - for none. HANDLER: the status
    that the handler gives, or how it misbehaves (version, request, parts, silent), or - for none.
    ENFORCE: 1 enforces domains. KEYS: right or wrong. TYPES: right or wrong.

    Prints the outcome on the server's side, as number and value, then the client's ("-" if there
    is none while the connection stands), then who the client is to the server.  */

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#ifndef ZMQ_ZAP_ENFORCE_DOMAIN
#define ZMQ_ZAP_ENFORCE_DOMAIN 93
#endif

#define WORKS(call)                                                                               \
    do {                                                                                          \
        if ((call) == -1) {                                                                       \
            fprintf (stderr, "%s: %s\n", #call, zmq_strerror (zmq_errno ()));                     \
            exit (1);                                                                             \
        }                                                                                         \
    } while (0)

static const char *behaviour;

static void *handle (void *handler)
{
    char parts[12][256];
    for (;;) {
        int count = 0, more = 1;
        size_t length = sizeof more;
        while (more && count < 12) {
            int size = zmq_recv (handler, parts[count], 255, 0);
            if (size < 0) {
                zmq_close (handler);
                return NULL;
            }
            parts[count][size] = 0;
            zmq_getsockopt (handler, ZMQ_RCVMORE, &more, &length);
            count++;
        }
        int is = strlen (behaviour) == 3 && behaviour[0] >= '0' && behaviour[0] <= '9';
        const char *version = strcmp (behaviour, "version") == 0 ? "2.0" : "1.0";
        const char *request = strcmp (behaviour, "request") == 0 ? "7" : parts[1];
        zmq_send (handler, version, 3, ZMQ_SNDMORE);
        zmq_send (handler, request, strlen (request), ZMQ_SNDMORE);
        zmq_send (handler, is ? behaviour : "200", 3, ZMQ_SNDMORE);
        zmq_send (handler, "text", 4, ZMQ_SNDMORE);
        zmq_send (handler, "somebody", 8, ZMQ_SNDMORE);
        if (strcmp (behaviour, "parts") == 0)
            zmq_send (handler, "", 0, ZMQ_SNDMORE);
        zmq_send (handler, "", 0, 0);
    }
}

static void set_int (void *socket, int option, int value)
{
    WORKS (zmq_setsockopt (socket, option, &value, sizeof value));
}

static char server_public[41], server_secret[41], client_public[41], client_secret[41];

static void secure (void *socket, const char *mechanism, int is_server)
{
    if (strcmp (mechanism, "plain") == 0) {
        if (is_server)
            set_int (socket, ZMQ_PLAIN_SERVER, 1);
        else {
            WORKS (zmq_setsockopt (socket, ZMQ_PLAIN_USERNAME, "admin", 5));
            WORKS (zmq_setsockopt (socket, ZMQ_PLAIN_PASSWORD, "secret", 6));
        }
    } else if (strcmp (mechanism, "curve") == 0) {
        if (is_server) {
            set_int (socket, ZMQ_CURVE_SERVER, 1);
            WORKS (zmq_setsockopt (socket, ZMQ_CURVE_SECRETKEY, server_secret, 41));
        } else {
            WORKS (zmq_setsockopt (socket, ZMQ_CURVE_SERVERKEY, server_public, 41));
            WORKS (zmq_setsockopt (socket, ZMQ_CURVE_PUBLICKEY, client_public, 41));
            WORKS (zmq_setsockopt (socket, ZMQ_CURVE_SECRETKEY, client_secret, 41));
        }
    }
}

/*  The first event of a monitor within the time, or -.  */
static int hear (void *monitor, int timeout)
{
    unsigned char head[6];
    char endpoint[256];
    uint16_t event;
    uint32_t value;
    set_int (monitor, ZMQ_RCVTIMEO, timeout);
    if (zmq_recv (monitor, head, sizeof head, 0) == -1) {
        printf ("- ");
        return 0;
    }
    memcpy (&event, head, sizeof event);
    memcpy (&value, head + 2, sizeof value);
    WORKS (zmq_recv (monitor, endpoint, sizeof endpoint, 0));
    if (event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED)
        printf ("succeeded ");
    else
        printf ("%s:%u ",
                event == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH       ? "auth"
                : event == ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL ? "protocol"
                                                               : "errno",
                value);
    return event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED;
}

int main (int argc, char **argv)
{
    if (argc != 8)
        return 2;
    void *context = zmq_ctx_new ();
    pthread_t thread;
    behaviour = argv[4];
    int handles = strcmp (behaviour, "-") != 0;
    if (zmq_has ("curve")) {
        WORKS (zmq_curve_keypair (server_public, server_secret));
        WORKS (zmq_curve_keypair (client_public, client_secret));
        if (strcmp (argv[6], "wrong") == 0)
            strcpy (server_public, client_public);
    }
    if (handles) {
        void *handler = zmq_socket (context, ZMQ_REP);
        WORKS (zmq_bind (handler, "inproc://zeromq.zap.01"));
        if (pthread_create (&thread, NULL, handle, handler) != 0)
            return 1;
    }
    void *server = zmq_socket (context, ZMQ_DEALER);
    void *client = zmq_socket (context, strcmp (argv[7], "wrong") == 0 ? ZMQ_PUB : ZMQ_DEALER);
    set_int (server, ZMQ_LINGER, 0);
    set_int (client, ZMQ_LINGER, 0);
    set_int (server, ZMQ_RCVTIMEO, 10000);
    /*  One try is all that is looked at.  */
    set_int (client, ZMQ_RECONNECT_IVL, 60000);
    secure (server, argv[1], 1);
    secure (client, argv[2], 0);
    if (strcmp (argv[3], "-") != 0)
        WORKS (zmq_setsockopt (server, ZMQ_ZAP_DOMAIN, argv[3], strlen (argv[3])));
    set_int (server, ZMQ_ZAP_ENFORCE_DOMAIN, atoi (argv[5]));
    int events = ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH
                 | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL;
    WORKS (zmq_socket_monitor (server, "inproc://server", events));
    WORKS (zmq_socket_monitor (client, "inproc://client", events));
    void *server_monitor = zmq_socket (context, ZMQ_PAIR);
    void *client_monitor = zmq_socket (context, ZMQ_PAIR);
    WORKS (zmq_connect (server_monitor, "inproc://server"));
    WORKS (zmq_connect (client_monitor, "inproc://client"));
    char endpoint[256];
    size_t length = sizeof endpoint;
    WORKS (zmq_bind (server, "tcp://127.0.0.1:*"));
    WORKS (zmq_getsockopt (server, ZMQ_LAST_ENDPOINT, endpoint, &length));
    WORKS (zmq_connect (client, endpoint));

    int good = hear (server_monitor, 10000);
    /*  A failure that the server is silent about may leave the connection as it is.  */
    good &= hear (client_monitor, good ? 10000 : 300);
    if (good) {
        zmq_msg_t msg;
        WORKS (zmq_msg_init (&msg));
        WORKS (zmq_send (client, "hello", 5, 0));
        WORKS (zmq_msg_recv (&msg, server, 0));
        const char *user = zmq_msg_gets (&msg, "User-Id");
        printf ("%s\n", user ? user : "nobody");
        WORKS (zmq_msg_close (&msg));
    } else
        printf ("out\n");
    WORKS (zmq_close (server));
    WORKS (zmq_close (client));
    WORKS (zmq_close (server_monitor));
    WORKS (zmq_close (client_monitor));
    WORKS (zmq_ctx_shutdown (context));
    if (handles)
        pthread_join (thread, NULL);
    WORKS (zmq_ctx_term (context));
    return 0;
}
