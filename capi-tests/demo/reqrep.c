/*
 * Request and reply: a client asks, a server answers.
 *
 *   reqrep server ENDPOINT
 *   reqrep client ENDPOINT
 *   reqrep all ENDPOINT        both, as threads of one process
 */
#include "demo.h"

enum { REQUESTS = 3 };

static void *context;
static const char *endpoint;

static void *server (void *argument)
{
    void *socket = demo_bind (context, ZMQ_REP, endpoint);
    char text[DEMO_TEXT], reply[DEMO_TEXT + 8];

    demo_listening (socket, NULL);
    do {
        demo_recv (socket, text);
        snprintf (reply, sizeof reply, "%s? yes", text);
        demo_send (socket, reply, 0);
        say ("server", "'%s' -> '%s'", text, reply);
    } while (strcmp (text, "enough") != 0);

    DEMO_CHECK (zmq_close (socket) == 0);
    return argument;
}

static void *client (void *argument)
{
    void *socket = demo_connect (context, ZMQ_REQ, endpoint);
    char text[DEMO_TEXT], expected[DEMO_TEXT + 8], reply[DEMO_TEXT];
    int i;

    for (i = 1; i <= REQUESTS + 1; i++) {
        if (i <= REQUESTS)
            snprintf (text, sizeof text, "request %d", i);
        else
            snprintf (text, sizeof text, "enough");
        demo_send (socket, text, 0);
        demo_recv (socket, reply);
        snprintf (expected, sizeof expected, "%s? yes", text);
        DEMO_CHECK (strcmp (reply, expected) == 0);
    }
    say ("client", "%d requests, every reply as it should be", REQUESTS + 1);

    DEMO_CHECK (zmq_close (socket) == 0);
    return argument;
}

int main (int argc, char **argv)
{
    const char *role = argc > 1 ? argv[1] : "";
    pthread_t thread;

    if (argc != 3) {
        fprintf (stderr, "usage: reqrep server|client|all ENDPOINT\n");
        return 2;
    }
    demo_begin ();
    endpoint = argv[2];
    context = zmq_ctx_new ();
    DEMO_CHECK (context);

    if (strcmp (role, "all") == 0) {
        demo_thread (&thread, server, NULL);
        client (NULL);
        pthread_join (thread, NULL);
    } else if (strcmp (role, "server") == 0)
        server (NULL);
    else
        client (NULL);

    DEMO_CHECK (zmq_ctx_term (context) == 0);
    return 0;
}
