/* SPDX-License-Identifier: MPL-2.0 */

/* The side that asks, in `router` and its raw counterpart: DEALERs of no library, each with one
 * request under way at a time. The program first splits; the other process calls `ask`, which does
 * not return, and the one that answers calls `begin` and `done` around what it measures. */

#ifndef ASKING_H
#define ASKING_H

#include "wire.h"

/* Asks as soon as the port is told. One thread, and the kernel's lists of what is ready: edges, as
 * each event is one answer and no more comes before the next request. */
static inline void ask (long peers, long size, long requests)
{
    int *fds = dealers ((int) hear_number (), peers), poll = epoll_create1 (EPOLL_CLOEXEC);
    unsigned char request[300], answer[300];
    struct epoll_event events[256];
    size_t length = frame (request, (size_t) size);
    for (long i = 0; i < peers; i++) {
        struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.fd = fds[i]};
        CHECK (epoll_ctl (poll, EPOLL_CTL_ADD, fds[i], &event) == 0);
        without_pacing (fds[i]);
    }
    tell_number (0);
    hear_number ();
    double used = cpu ();
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
    tell_number (cpu () - used);
    hear_number ();
    _exit (0);
}

/* The clocks of the side that answers. */
struct answering {
    double used, began;
};

/* Returns once all peers, who were told the port before, are there and begin to ask. */
static inline struct answering begin (void)
{
    hear_number ();
    struct answering clocks = {cpu (), now ()};
    tell_number (0);
    return clocks;
}

/* All was answered: says how fast, and ends the other side. `client` is the processor time of the
 * side that asks, which is the same program with any library: what bounds the rate on its own
 * processor. */
static inline void done (struct answering clocks, long requests, pid_t other)
{
    double client = hear_number ();
    report ("rate", (double) requests / (now () - clocks.began));
    report ("cpu", (cpu () - clocks.used) / (double) requests * 1e6);
    report ("client", client / (double) requests * 1e6);
    tell_number (0);
    join (other);
}

#endif
