/* SPDX-License-Identifier: MPL-2.0 */

/* Peers that are no library: ZMTP 3.0 with NULL (RFC 23) over plain sockets, so that what is
 * measured is the library on the other side alone, and the same traffic for both libraries. */

#ifndef WIRE_H
#define WIRE_H

#include "bench.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>

static inline void read_all (int fd, void *into, size_t size)
{
    char *at = into;
    while (size) {
        ssize_t n = read (fd, at, size);
        if (n < 0 && errno == EINTR)
            continue;
        CHECK (n > 0);
        at += n;
        size -= (size_t) n;
    }
}

static inline void write_all (int fd, const void *from, size_t size)
{
    const char *at = from;
    while (size) {
        ssize_t n = send (fd, at, size, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        CHECK (n > 0);
        at += n;
        size -= (size_t) n;
    }
}

/* The end is a reset: nothing waits in TIME_WAIT for the next run to stumble over. */
static inline void tune (int fd)
{
    int one = 1;
    struct linger reset = {1, 0};
    CHECK (setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) == 0);
    CHECK (setsockopt (fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset) == 0);
}

/* BBR, where it is the default, paces connections within the machine to half of what they carry,
 * and costs timers: what is measured beside it, or by it, would show that. */
static inline void without_pacing (int fd)
{
    setsockopt (fd, IPPROTO_TCP, TCP_CONGESTION, "reno", 4);
}

/* Connects; the source addresses take turns, so that ports do not run out. */
static inline int dial (int port, long index)
{
    struct sockaddr_in from = {.sin_family = AF_INET}, to = {.sin_family = AF_INET};
    int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
    CHECK (fd >= 0);
    setsockopt (fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
    from.sin_addr.s_addr = htonl (INADDR_LOOPBACK + 1 + (uint32_t) (index % 16));
    CHECK (bind (fd, (struct sockaddr *) &from, sizeof from) == 0);
    to.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
    to.sin_port = htons ((uint16_t) port);
    CHECK (connect (fd, (struct sockaddr *) &to, sizeof to) == 0);
    tune (fd);
    return fd;
}

static inline int listen_any (int *port)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t size = sizeof at;
    int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK (fd >= 0);
    at.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
    CHECK (bind (fd, (struct sockaddr *) &at, sizeof at) == 0 && listen (fd, 4096) == 0);
    CHECK (getsockname (fd, (struct sockaddr *) &at, &size) == 0);
    *port = ntohs (at.sin_port);
    return fd;
}

/* What a side says first: the greeting, and READY with its type. */
static inline void introduce (int fd, const char *type)
{
    unsigned char text[128] = {0};
    size_t length = strlen (type), at = 64;
    text[0] = 0xff;
    text[9] = 0x7f;
    text[10] = 3;
    memcpy (text + 12, "NULL", 4);
    text[at++] = 4;
    text[at++] = (unsigned char) (6 + 12 + 4 + length);
    memcpy (text + at, "\5READY\13Socket-Type\0\0\0", 21);
    at += 21;
    text[at++] = (unsigned char) length;
    memcpy (text + at, type, length);
    write_all (fd, text, at + length);
}

/* Reads the same of the other side. */
static inline void be_introduced (int fd)
{
    unsigned char text[256];
    read_all (fd, text, 64);
    CHECK (text[0] == 0xff && text[10] >= 3);
    read_all (fd, text, 2);
    CHECK (text[0] == 4);
    read_all (fd, text + 2, text[1]);
    CHECK (memcmp (text + 2, "\5READY", 6) == 0);
}

/* A short message of one frame, of at most 255 octets, ready to be written. */
static inline size_t frame (unsigned char *into, size_t size)
{
    CHECK (size <= 255);
    into[0] = 0;
    into[1] = (unsigned char) size;
    memset (into + 2, 'm', size);
    return size + 2;
}

/* `count` DEALERs of no library, connected to `port` and past the handshake. The handshakes
 * overlap by up to 64, as those of many clients would. */
static inline int *dealers (int port, long count)
{
    int *fds = malloc (sizeof *fds * (size_t) (count ? count : 1));
    CHECK (fds);
    for (long begun = 0, done = 0; done < count;) {
        while (begun < count && begun < done + 64) {
            fds[begun] = dial (port, begun);
            introduce (fds[begun++], "DEALER");
        }
        be_introduced (fds[done++]);
    }
    return fds;
}

/* Accepts `count` peers that connect, as a ROUTER of no library. All are accepted before any is
 * waited for: what overflows the queue of the listener would come again only a second later. */
static inline int *routers (int listener, long count)
{
    int *fds = malloc (sizeof *fds * (size_t) (count ? count : 1));
    CHECK (fds);
    for (long i = 0; i < count; i++) {
        fds[i] = accept4 (listener, NULL, NULL, SOCK_CLOEXEC);
        CHECK (fds[i] >= 0);
        tune (fds[i]);
        introduce (fds[i], "ROUTER");
    }
    for (long i = 0; i < count; i++)
        be_introduced (fds[i]);
    return fds;
}

#endif
