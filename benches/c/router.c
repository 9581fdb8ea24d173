/* SPDX-License-Identifier: MPL-2.0 */

/* router PEERS SIZE REQUESTS: a ROUTER that answers PEERS DEALERs of no library (wire.h), each
 * with one request under way at a time. */

#include "wire.h"

static void ask (int port, long peers, long size, long requests)
{
    int *fds = dealers (port, peers), poll = epoll_create1 (0);
    unsigned char request[300], answer[300];
    struct epoll_event events[256];
    size_t length = frame (request, (size_t) size);
    for (long i = 0; i < peers; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.fd = fds[i]};
        CHECK (epoll_ctl (poll, EPOLL_CTL_ADD, fds[i], &event) == 0);
    }
    tell_number (0);
    hear_number ();
    long sent = 0, answered = 0;
    while (sent < peers && sent < requests)
        write_all (fds[sent++], request, length);
    while (answered < requests) {
        int ready = epoll_wait (poll, events, 256, -1);
        for (int i = 0; i < ready; i++) {
            read_all (events[i].data.fd, answer, length);
            answered++;
            if (sent < requests) {
                write_all (events[i].data.fd, request, length);
                sent++;
            }
        }
    }
    tell_number (0);
    hear_number ();
    _exit (0);
}

int main (int argc, char **argv)
{
    CHECK (argc == 4);
    long peers = number (argv[1]), size = number (argv[2]), requests = number (argv[3]);
    char endpoint[256];
    double port;
    many_descriptors ();
    pid_t other = split ();
    if (other == 0) {
        hear (&port, sizeof port);
        ask ((int) port, peers, size, requests);
    }
    void *ctx = context (1), *socket = make (ctx, ZMQ_ROUTER);
    set (socket, ZMQ_BACKLOG, 4096);
    bind_any (socket, "tcp", endpoint);
    tell_number (port_of (endpoint));
    hear_number ();
    double used = cpu (), begun = now ();
    tell_number (0);
    zmq_msg_t id, body;
    CHECK (zmq_msg_init (&id) == 0 && zmq_msg_init (&body) == 0);
    for (long i = 0; i < requests; i++) {
        CHECK (zmq_msg_recv (&id, socket, 0) >= 0);
        CHECK (zmq_msg_recv (&body, socket, 0) == (int) size);
        CHECK (zmq_msg_send (&id, socket, ZMQ_SNDMORE) >= 0);
        CHECK (zmq_msg_send (&body, socket, 0) == (int) size);
    }
    hear_number ();
    report ("rate", (double) requests / (now () - begun));
    report ("cpu", (cpu () - used) / (double) requests * 1e6);
    tell_number (0);
    join (other);
    return 0;
}
