/* SPDX-License-Identifier: MPL-2.0 */

/* A plain scene over tcp and ipc, for a kernel that now and then says no (`strace -e inject`): each
 * call works or says why not; a connection that is lost comes back; in the end everything is
 * closed. It must end by itself, in good time. */

#include "hostile.h"

/* A call of ours that failed ends the scene: that is an answer too. Never with these. */
#define TRY(call)                                                              \
    do {                                                                       \
        if ((call) < 0) {                                                      \
            CHECK (errno != 0 && errno != ENOTSOCK && errno != EFAULT && #call); \
            printf ("%s: %s\n", #call, zmq_strerror (errno));                  \
            goto over;                                                         \
        }                                                                      \
    } while (0)

static void scene (int server_type, int client_type, const char *endpoint)
{
    void *ctx = zmq_ctx_new (), *server = NULL, *client = NULL;
    char where[256];
    size_t size = sizeof where;
    int i, value;
    long until;

    if (ctx == NULL)
        return;
    if ((server = zmq_socket (ctx, server_type)) == NULL
        || (client = zmq_socket (ctx, client_type)) == NULL) {
        printf ("zmq_socket: %s\n", zmq_strerror (errno));
        goto over;
    }
    value = 0;
    TRY (zmq_setsockopt (server, ZMQ_LINGER, &value, sizeof value));
    TRY (zmq_setsockopt (client, ZMQ_LINGER, &value, sizeof value));
    value = 10;
    TRY (zmq_setsockopt (client, ZMQ_RECONNECT_IVL, &value, sizeof value));
    value = 50;
    TRY (zmq_setsockopt (server, ZMQ_RCVTIMEO, &value, sizeof value));
    TRY (zmq_setsockopt (server, ZMQ_SNDTIMEO, &value, sizeof value));
    TRY (zmq_setsockopt (client, ZMQ_RCVTIMEO, &value, sizeof value));
    TRY (zmq_setsockopt (client, ZMQ_SNDTIMEO, &value, sizeof value));
    TRY (zmq_bind (server, endpoint));
    TRY (zmq_getsockopt (server, ZMQ_LAST_ENDPOINT, where, &size));
    TRY (zmq_connect (client, where));
    until = now_ms () + PATIENCE / 2;
    for (i = 0; i < 10; i++) {
        char id[64], text[64];
        int id_size;
        zmq_pollitem_t item = {client, 0, ZMQ_POLLIN, 0};
        /* Again, until it comes back: what was under way when a connection broke is lost. */
        do {
            CHECK (now_ms () < until);
            if (zmq_send (client, "ping", 4, 0) < 0)
                CHECK (errno == EAGAIN || errno == EINTR || errno == EMFILE);
            while ((id_size = zmq_recv (server, id, sizeof id, 0)) > 0) {
                CHECK (zmq_recv (server, text, sizeof text, 0) == 4);
                if (zmq_send (server, id, (size_t) id_size, ZMQ_SNDMORE) == id_size)
                    zmq_send (server, text, 4, 0);
                break;
            }
            zmq_poll (&item, 1, 50);
        } while (zmq_recv (client, text, sizeof text, ZMQ_DONTWAIT) < 0);
        while (zmq_recv (client, text, sizeof text, ZMQ_DONTWAIT) >= 0)
            ;
    }
    printf ("all said\n");
over:
    if (server != NULL)
        WORKS (zmq_close (server));
    if (client != NULL)
        WORKS (zmq_close (client));
    while (zmq_ctx_term (ctx) != 0)
        CHECK (errno == EINTR);
}

static void tcp (void)
{
    alarm (15);
    scene (ZMQ_ROUTER, ZMQ_DEALER, "tcp://127.0.0.1:*");
}

static void ipc (void)
{
    alarm (15);
    scene (ZMQ_ROUTER, ZMQ_DEALER, "ipc://*");
}

static const struct test tests[] = {
    {"tcp", tcp},
    {"ipc", ipc},
};

MAIN (tests)
