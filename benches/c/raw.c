/* SPDX-License-Identifier: MPL-2.0 */

/* raw MEASURE TRANSPORT SIZE COUNT: what the sockets of the kernel allow without any library, two
 * processes. `lat`: microseconds one way, COUNT round trips. `thr`: messages a second when COUNT
 * messages, each with a header of two octets, are written and read in pieces of 256 KiB. */

#include "wire.h"

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
    /* BBR, where it is the default, paces connections within the machine to half of what they
     * carry: that would be no limit to compare with. */
    for (int i = 0; i < 2; i++)
        setsockopt (ends[i], IPPROTO_TCP, TCP_CONGESTION, "reno", 4);
}

int main (int argc, char **argv)
{
    CHECK (argc == 5);
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
