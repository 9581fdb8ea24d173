/* SPDX-License-Identifier: MPL-2.0 */

/* router PEERS SIZE REQUESTS: a ROUTER that answers PEERS DEALERs of no library (asking.h). */

#include "asking.h"

int main (int argc, char **argv)
{
    CHECK (argc == 4);
    long peers = number (argv[1]), size = number (argv[2]), requests = number (argv[3]);
    char endpoint[256];
    many_descriptors ();
    pid_t other = split ();
    if (other == 0)
        ask (peers, size, requests);
    void *ctx = context (1), *socket = make (ctx, ZMQ_ROUTER);
    set (socket, ZMQ_BACKLOG, 4096);
    bind_any (socket, "tcp", endpoint);
    tell_number (port_of (endpoint));
    struct answering clocks = begin ();
    zmq_msg_t id, body;
    CHECK (zmq_msg_init (&id) == 0 && zmq_msg_init (&body) == 0);
    for (long i = 0; i < requests; i++) {
        CHECK (zmq_msg_recv (&id, socket, 0) >= 0);
        CHECK (zmq_msg_recv (&body, socket, 0) == (int) size);
        CHECK (zmq_msg_send (&id, socket, ZMQ_SNDMORE) >= 0);
        CHECK (zmq_msg_send (&body, socket, 0) == (int) size);
    }
    done (clocks, requests, other);
    return 0;
}
