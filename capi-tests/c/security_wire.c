/* SPDX-License-Identifier: MPL-2.0 */

/*  One of two processes that talk under a mechanism, each on a library of its own.

    security_wire bind|connect ENDPOINT plain|curve server|client PATTERN

    The one that binds prints its endpoint first. Both check every octet they receive, and print
    "fine" when all has come that was to come.  */

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

static void die (const char *what)
{
    fprintf (stderr, "%s: %s\n", what, zmq_strerror (zmq_errno ()));
    exit (1);
}

#define WORKS(call)                                                                               \
    do {                                                                                          \
        if ((call) == -1)                                                                         \
            die (#call);                                                                          \
    } while (0)

static void set_int (void *socket, int option, int value)
{
    WORKS (zmq_setsockopt (socket, option, &value, sizeof value));
}

/*  The keys of the secret keys 01 01 ... and 02 02 ...  */
static void keys (char public_[41], char secret[41], int octet)
{
    unsigned char octets[32];
    memset (octets, octet, sizeof octets);
    if (!zmq_z85_encode (secret, octets, sizeof octets))
        die ("zmq_z85_encode");
    WORKS (zmq_curve_public (public_, secret));
}

static void secure (void *socket, const char *mechanism, int is_server)
{
    if (strcmp (mechanism, "plain") == 0) {
        if (is_server)
            set_int (socket, ZMQ_PLAIN_SERVER, 1);
        else {
            WORKS (zmq_setsockopt (socket, ZMQ_PLAIN_USERNAME, "admin", 5));
            WORKS (zmq_setsockopt (socket, ZMQ_PLAIN_PASSWORD, "secret", 6));
        }
    } else {
        char server_public[41], server_secret[41], client_public[41], client_secret[41];
        keys (server_public, server_secret, 1);
        keys (client_public, client_secret, 2);
        if (is_server) {
            set_int (socket, ZMQ_CURVE_SERVER, 1);
            WORKS (zmq_setsockopt (socket, ZMQ_CURVE_SECRETKEY, server_secret, 40));
        } else {
            WORKS (zmq_setsockopt (socket, ZMQ_CURVE_SERVERKEY, server_public, 40));
            WORKS (zmq_setsockopt (socket, ZMQ_CURVE_PUBLICKEY, client_public, 40));
            WORKS (zmq_setsockopt (socket, ZMQ_CURVE_SECRETKEY, client_secret, 40));
        }
    }
}

/*  A ROUTER as the handler: lets in whoever shows the right password, or any key.  */
static void *handle (void *handler)
{
    char parts[12][256];
    int sizes[12];
    for (;;) {
        int count = 0, more = 1;
        size_t length = sizeof more;
        while (more && count < 12) {
            sizes[count] = zmq_recv (handler, parts[count], 255, 0);
            if (sizes[count] < 0) {
                zmq_close (handler);
                return NULL;
            }
            parts[count][sizes[count]] = 0;
            zmq_getsockopt (handler, ZMQ_RCVMORE, &more, &length);
            count++;
        }
        /*  id, empty, version, request, domain, address, routing id, mechanism, credentials  */
        int good = count == 9 && strcmp (parts[7], "CURVE") == 0 && sizes[8] == 32;
        good |= count == 10 && strcmp (parts[7], "PLAIN") == 0 && strcmp (parts[8], "admin") == 0
                && strcmp (parts[9], "secret") == 0;
        const char *status = good ? "200" : "400";
        zmq_send (handler, parts[0], sizes[0], ZMQ_SNDMORE);
        zmq_send (handler, "", 0, ZMQ_SNDMORE);
        zmq_send (handler, "1.0", 3, ZMQ_SNDMORE);
        zmq_send (handler, parts[3], sizes[3], ZMQ_SNDMORE);
        zmq_send (handler, status, 3, ZMQ_SNDMORE);
        zmq_send (handler, "", 0, ZMQ_SNDMORE);
        zmq_send (handler, "somebody", 8, ZMQ_SNDMORE);
        zmq_send (handler, "", 0, 0);
    }
}

static const int sizes[] = {0,   1,    14,   15,   16,    31,     32,      33,      63,     64,   65,
                            222, 223,  254,  255,  256,   4095,   4096,    4097,    8158,   8159, 8192,
                            65535, 65536, 131072, 1048575, 1048576};
#define COUNT ((int) (sizeof sizes / sizeof sizes[0]))

static unsigned char octet (int number, int at)
{
    return (unsigned char) (number * 31 + at % 251);
}

/*  Parts: what the caller says, an empty one, a body.  */
static void send_one (void *socket, const char *first, int number)
{
    zmq_msg_t body;
    WORKS (zmq_msg_init_size (&body, sizes[number]));
    unsigned char *data = zmq_msg_data (&body);
    for (int at = 0; at < sizes[number]; at++)
        data[at] = octet (number, at);
    WORKS (zmq_send (socket, first, strlen (first), ZMQ_SNDMORE));
    WORKS (zmq_send (socket, "", 0, ZMQ_SNDMORE));
    WORKS (zmq_msg_send (&body, socket, 0));
}

static void expect_part (void *socket, const char *expected, int more)
{
    char part[64];
    int size = zmq_recv (socket, part, sizeof part, 0);
    WORKS (size);
    int has_more;
    size_t length = sizeof has_more;
    WORKS (zmq_getsockopt (socket, ZMQ_RCVMORE, &has_more, &length));
    if (size != (int) strlen (expected) || memcmp (part, expected, size) != 0 || has_more != more) {
        fprintf (stderr, "\"%s\" expected, %d octets received\n", expected, size);
        exit (1);
    }
}

static void expect_one (void *socket, const char *first, int number, const char *user)
{
    expect_part (socket, first, 1);
    expect_part (socket, "", 1);
    zmq_msg_t body;
    WORKS (zmq_msg_init (&body));
    WORKS (zmq_msg_recv (&body, socket, 0));
    int good = (int) zmq_msg_size (&body) == sizes[number] && !zmq_msg_more (&body);
    const unsigned char *data = zmq_msg_data (&body);
    for (int at = 0; good && at < sizes[number]; at++)
        good = data[at] == octet (number, at);
    const char *shown = zmq_msg_gets (&body, "User-Id");
    good = good && (user ? shown && strcmp (shown, user) == 0 : !shown);
    if (!good) {
        fprintf (stderr, "message %d is wrong; of %s\n", number, shown ? shown : "nobody");
        exit (1);
    }
    WORKS (zmq_msg_close (&body));
}

int main (int argc, char **argv)
{
    if (argc != 6)
        return 2;
    int binds = strcmp (argv[1], "bind") == 0;
    int is_server = strcmp (argv[4], "server") == 0;
    const char *pattern = argv[5];
    const char *user = is_server ? "somebody" : NULL;
    setvbuf (stdout, NULL, _IOLBF, 0);

    static const struct
    {
        const char *name;
        int binds, connects;
    } kinds[] = {{"pair", ZMQ_PAIR, ZMQ_PAIR},     {"reqrep", ZMQ_REP, ZMQ_REQ},
                 {"router", ZMQ_ROUTER, ZMQ_DEALER}, {"pipeline", ZMQ_PULL, ZMQ_PUSH},
                 {"pubsub", ZMQ_XPUB, ZMQ_SUB},    {"subpub", ZMQ_SUB, ZMQ_XPUB}};
    int kind = -1;
    for (size_t at = 0; at < sizeof kinds / sizeof kinds[0]; at++)
        if (strcmp (kinds[at].name, pattern) == 0)
            kind = binds ? kinds[at].binds : kinds[at].connects;
    if (kind == -1)
        return 2;

    void *context = zmq_ctx_new ();
    pthread_t thread;
    if (is_server) {
        void *handler = zmq_socket (context, ZMQ_ROUTER);
        WORKS (zmq_bind (handler, "inproc://zeromq.zap.01"));
        if (pthread_create (&thread, NULL, handle, handler) != 0)
            die ("pthread_create");
    }
    void *socket = zmq_socket (context, kind);
    if (!socket)
        die ("zmq_socket");
    set_int (socket, ZMQ_RCVTIMEO, 20000);
    set_int (socket, ZMQ_SNDTIMEO, 20000);
    /*  Beats pass among everything else; none is to be missed on a slow machine.  */
    set_int (socket, ZMQ_HEARTBEAT_IVL, 20);
    set_int (socket, ZMQ_HEARTBEAT_TIMEOUT, 20000);
    if (kind == ZMQ_SUB)
        WORKS (zmq_setsockopt (socket, ZMQ_SUBSCRIBE, "wanted", 6));
    if (kind == ZMQ_DEALER)
        WORKS (zmq_setsockopt (socket, ZMQ_ROUTING_ID, "dealer", 6));
    secure (socket, argv[3], is_server);
    if (binds) {
        char endpoint[256];
        size_t length = sizeof endpoint;
        WORKS (zmq_bind (socket, argv[2]));
        WORKS (zmq_getsockopt (socket, ZMQ_LAST_ENDPOINT, endpoint, &length));
        printf ("%s\n", endpoint);
    } else
        WORKS (zmq_connect (socket, argv[2]));

    switch (kind) {
        case ZMQ_REP:
            for (int number = 0; number < COUNT; number++) {
                expect_one (socket, "ask", number, user);
                send_one (socket, "answer", number);
            }
            break;
        case ZMQ_REQ:
            for (int number = 0; number < COUNT; number++) {
                send_one (socket, "ask", number);
                expect_one (socket, "answer", number, user);
            }
            break;
        case ZMQ_PULL:
            for (int number = 0; number < COUNT; number++)
                expect_one (socket, "item", number, user);
            break;
        case ZMQ_PUSH:
            for (int number = 0; number < COUNT; number++)
                send_one (socket, "item", number);
            break;
        case ZMQ_DEALER:
        case ZMQ_PAIR:
            for (int number = 0; number < COUNT; number++)
                send_one (socket, "item", number);
            for (int number = 0; number < COUNT; number++)
                expect_one (socket, "item", number, user);
            break;
        case ZMQ_ROUTER:
            for (int number = 0; number < COUNT; number++) {
                expect_part (socket, "dealer", 1);
                expect_one (socket, "item", number, user);
            }
            for (int number = 0; number < COUNT; number++) {
                WORKS (zmq_send (socket, "dealer", 6, ZMQ_SNDMORE));
                send_one (socket, "item", number);
            }
            break;
        case ZMQ_XPUB:
            expect_part (socket, "\1wanted", 0);
            for (int number = 0; number < COUNT; number++) {
                send_one (socket, "unwanted", number);
                send_one (socket, "wanted", number);
            }
            /*  Cancelled, then nothing is wanted any more.  */
            if (zmq_recv (socket, (char[8]){0}, 8, 0) != 7)
                die ("a cancellation");
            break;
        case ZMQ_SUB:
            for (int number = 0; number < COUNT; number++)
                expect_one (socket, "wanted", number, user);
            WORKS (zmq_setsockopt (socket, ZMQ_UNSUBSCRIBE, "wanted", 6));
            break;
    }
    puts ("fine");
    /*  The other one is done when it closes its end of this.  */
    while (getchar () != EOF)
        ;
    WORKS (zmq_close (socket));
    if (is_server)
        WORKS (zmq_ctx_shutdown (context));
    WORKS (zmq_ctx_term (context));
    if (is_server)
        pthread_join (thread, NULL);
    return 0;
}
