/* SPDX-License-Identifier: MPL-2.0 */

/* raw MEASURE TRANSPORT SIZE COUNT: what the sockets of the kernel allow without any library, two
 * processes. `lat`: microseconds one way, COUNT round trips. `thr`: messages a second when COUNT
 * messages, each with a header of two octets, are written and read in pieces of 256 KiB.
 *
 * raw router PEERS SIZE REQUESTS: answers as `router` does, with one thread, epoll, and for each
 * request a read and a write. */

#include "asking.h"

#include <sys/un.h>

#define PIECE (256 * 1024)

/* A connected pair of sockets. */
static void connected (const char *transport, int ends[2])
{
    if (strcmp (transport, "tcp")) {
        CHECK (socketpair (AF_UNIX, SOCK_STREAM, 0, ends) == 0);
        return;
    }
    int port, listener = listen_any (&port);
    ends[0] = dial (port, 0);
    ends[1] = accept (listener, NULL, NULL);
    CHECK (ends[1] >= 0);
    tune (ends[1]);
    close (listener);
    without_pacing (ends[0]);
    without_pacing (ends[1]);
}

/* Answers peers that ask. */
static void answer (long peers, long size, long requests)
{
    many_descriptors ();
    pid_t other = split ();
    if (other == 0)
        ask (peers, size, requests);
    int port, listener = listen_any (&port), poll = epoll_create1 (EPOLL_CLOEXEC);
    unsigned char request[300];
    struct epoll_event events[256];
    size_t length = frame (request, (size_t) size);
    tell_number (port);
    for (long i = 0; i < peers; i++) {
        int fd = accept4 (listener, NULL, NULL, SOCK_CLOEXEC);
        struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.fd = fd};
        CHECK (fd >= 0);
        tune (fd);
        without_pacing (fd);
        introduce (fd, "ROUTER");
        be_introduced (fd);
        CHECK (epoll_ctl (poll, EPOLL_CTL_ADD, fd, &event) == 0);
    }
    struct answering clocks = begin ();
    for (long answered = 0; answered < requests;) {
        int ready = epoll_wait (poll, events, 256, -1);
        for (int i = 0; i < ready; i++) {
            ssize_t n = recv (events[i].data.fd, request, sizeof request, MSG_DONTWAIT);
            if (n < 0 && errno == EAGAIN)
                continue;
            CHECK (n == (ssize_t) length);
            write_all (events[i].data.fd, request, length);
            answered++;
        }
    }
    done (clocks, requests, other);
}

int main (int argc, char **argv)
{
    CHECK (argc == 5);
    if (!strcmp (argv[1], "router")) {
        answer (number (argv[2]), number (argv[3]), number (argv[4]));
        return 0;
    }
    int ends[2], latency = !strcmp (argv[1], "lat");
    long size = number (argv[3]), count = number (argv[4]);
    size_t all = (size_t) (size + 2) * (size_t) count;
    char *data = calloc (1, (size_t) size > PIECE ? (size_t) size : PIECE);
    CHECK (data);
    connected (argv[2], ends);
    pid_t other = split ();
    int fd = ends[other == 0];
    close (ends[other != 0]);
    double used = cpu (), begun = now (), took;
    if (latency) {
        for (long i = 0; i < count; i++) {
            if (other)
                write_all (fd, data, (size_t) size);
            read_all (fd, data, (size_t) size);
            if (!other)
                write_all (fd, data, (size_t) size);
        }
    } else if (other) {
        for (size_t left = all; left;) {
            ssize_t n = read (fd, data, PIECE);
            CHECK (n > 0);
            left -= (size_t) n;
        }
    } else {
        for (size_t left = all; left;) {
            size_t n = left < PIECE ? left : PIECE;
            write_all (fd, data, n);
            left -= n;
        }
    }
    took = now () - begun;
    used = cpu () - used;
    if (other == 0) {
        tell_number (used);
        hear_number ();
        _exit (0);
    }
    used += hear_number ();
    tell_number (0);
    join (other);
    if (latency)
        report ("latency", took / (double) count / 2 * 1e6);
    else
        report ("rate", (double) count / took);
    report ("cpu", used / (double) count / (latency ? 2 : 1) * 1e6);
    return 0;
}
