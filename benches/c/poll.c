/* SPDX-License-Identifier: MPL-2.0 */

/* poll SOCKETS SIZE COUNT: zmq_poll over SOCKETS DEALERs, each with one peer of no library
 * (wire.h); the peers take turns, one asks at a time and waits for its answer. */

#include "wire.h"

static void ask (long sockets, long size, long count)
{
    int *fds = malloc (sizeof *fds * (size_t) sockets);
    unsigned char request[300], answer[300];
    size_t length = frame (request, (size_t) size);
    CHECK (fds);
    for (long i = 0; i < sockets; i++) {
        fds[i] = dial ((int) hear_number (), i);
        introduce (fds[i], "DEALER");
        be_introduced (fds[i]);
    }
    tell_number (0);
    for (long i = 0; i < count; i++) {
        int fd = fds[i * 7919 % sockets];
        write_all (fd, request, length);
        read_all (fd, answer, length);
    }
    hear_number ();
    _exit (0);
}

int main (int argc, char **argv)
{
    CHECK (argc == 4);
    long sockets = number (argv[1]), size = number (argv[2]), count = number (argv[3]);
    char endpoint[256], body[256];
    many_descriptors ();
    pid_t other = split ();
    if (other == 0)
        ask (sockets, size, count);
    void *ctx = context (sockets);
    zmq_pollitem_t *items = calloc ((size_t) sockets, sizeof *items);
    CHECK (items);
    for (long i = 0; i < sockets; i++) {
        items[i].socket = make (ctx, ZMQ_DEALER);
        items[i].events = ZMQ_POLLIN;
        bind_any (items[i].socket, "tcp", endpoint);
        tell_number (port_of (endpoint));
    }
    hear_number ();
    double used = cpu (), begun = now ();
    for (long answered = 0; answered < count;) {
        CHECK (zmq_poll (items, (int) sockets, -1) > 0);
        for (long i = 0; i < sockets; i++) {
            if (!(items[i].revents & ZMQ_POLLIN))
                continue;
            CHECK (zmq_recv (items[i].socket, body, sizeof body, 0) == (int) size);
            CHECK (zmq_send (items[i].socket, body, (size_t) size, 0) == (int) size);
            answered++;
        }
    }
    report ("latency", (now () - begun) / (double) count * 1e6);
    report ("cpu", (cpu () - used) / (double) count * 1e6);
    tell_number (0);
    join (other);
    return 0;
}
