/* A program for the draft API, compiled with nothing but what libzmq.pc says. */
#include <string.h>
#include <zmq.h>

#ifndef ZMQ_BUILD_DRAFT_API
#error "libzmq.pc of a draft build must define ZMQ_BUILD_DRAFT_API"
#endif

int main (void)
{
    char text[6] = "";
    zmq_poller_event_t event;
    void *context = zmq_ctx_new ();
    void *server = zmq_socket (context, ZMQ_SERVER), *client = zmq_socket (context, ZMQ_CLIENT);
    void *poller = zmq_poller_new ();

    if (zmq_has ("draft") != 1)
        return 1;
    if (!server || !client || !poller)
        return 2;
    if (zmq_bind (server, "inproc://draft") || zmq_connect (client, "inproc://draft"))
        return 3;
    if (zmq_poller_add (poller, server, NULL, ZMQ_POLLIN) != 0)
        return 4;
    if (zmq_send (client, "hello", 5, 0) != 5)
        return 5;
    if (zmq_poller_wait (poller, &event, 10000) != 0 || event.socket != server)
        return 6;
    if (zmq_recv (server, text, 5, 0) != 5 || strcmp (text, "hello") != 0)
        return 7;
    if (zmq_poller_destroy (&poller) || zmq_close (server) || zmq_close (client))
        return 8;
    return zmq_ctx_term (context) == 0 ? 0 : 9;
}
