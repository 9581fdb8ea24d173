/* SPDX-License-Identifier: MPL-2.0 */

/* connections SIDE COUNT: COUNT tcp connections that are set up and then say nothing. SIDE `server`:
 * a ROUTER of the library, DEALERs of none (wire.h); `client`: a ROUTER of the library with COUNT
 * connections to a ROUTER of none (a DEALER connects to an endpoint only once). They are set up when
 * every handshake is over. */

#include "wire.h"

int main (int argc, char **argv)
{
    CHECK (argc == 3);
    int server = !strcmp (argv[1], "server");
    long count = number (argv[2]);
    char endpoint[256];
    many_descriptors ();
    CHECK (server || !strcmp (argv[1], "client"));
    pid_t other = split ();
    if (other == 0) {
        int port, *fds, listener = -1;
        if (!server) {
            listener = listen_any (&port);
            tell_number (port);
        }
        port = (int) hear_number ();
        fds = server ? dealers (port, count) : routers (listener, count);
        tell_number (0);
        hear_number ();
        free (fds);
        _exit (0);
    }
    void *ctx = context (1), *socket = make (ctx, ZMQ_ROUTER);
    if (server) {
        set (socket, ZMQ_BACKLOG, 4096);
        bind_any (socket, "tcp", endpoint);
    } else {
        snprintf (endpoint, sizeof endpoint, "tcp://127.0.0.1:%d", (int) hear_number ());
    }
    /* Threads and what else is made once come before the measurement. */
    char byte;
    CHECK (zmq_recv (socket, &byte, 1, ZMQ_DONTWAIT) == -1 && errno == EAGAIN);
    double heap_before = heap (), before = resident (), used = cpu (), begun = now ();
    tell_number (server ? port_of (endpoint) : 0);
    for (long i = 0; !server && i < count; i++)
        CHECK (zmq_connect (socket, endpoint) == 0);
    hear_number ();
    double took = now () - begun;
    used = cpu () - used;
    /* The socket takes in the news of its peers when it is used. */
    while (zmq_recv (socket, &byte, 1, ZMQ_DONTWAIT) == -1 && errno == EINTR)
        ;
    usleep (200 * 1000);
    CHECK (zmq_recv (socket, &byte, 1, ZMQ_DONTWAIT) == -1 && errno == EAGAIN);
    report ("rate", (double) count / took);
    report ("cpu", used / (double) count * 1e6);
    report ("heap", (heap () - heap_before) / (double) count);
    report ("resident", (resident () - before) / (double) count);
    kill (other, SIGKILL);
    fflush (stdout);
    _exit (0);
}
