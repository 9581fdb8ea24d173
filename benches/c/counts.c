/* SPDX-License-Identifier: MPL-2.0 */

/* counts MANNER TRANSPORT SIZE COUNT: how often memory is asked for, and how many octets are copied,
 * for each message, by the library in both roles, two threads. MANNER `stream`: PUSH to PULL;
 * `turn`: REQ to REP and back, two messages. The program has the C library's functions in front of
 * it, so this counts what the library as it is installed does. What comes once, and what grows as
 * it is used, is over before counting begins. */

#include "bench.h"

#include <pthread.h>
#include <stdatomic.h>

extern void *__libc_malloc (size_t);
extern void *__libc_calloc (size_t, size_t);
extern void *__libc_realloc (void *, size_t);
extern void *__libc_memalign (size_t, size_t);

static atomic_long allocations_, copied_;

static void allocated (void)
{
    atomic_fetch_add_explicit (&allocations_, 1, memory_order_relaxed);
}

void *malloc (size_t size)
{
    allocated ();
    return __libc_malloc (size);
}

void *calloc (size_t count, size_t size)
{
    allocated ();
    return __libc_calloc (count, size);
}

void *realloc (void *memory, size_t size)
{
    allocated ();
    return __libc_realloc (memory, size);
}

void *aligned_alloc (size_t alignment, size_t size)
{
    allocated ();
    return __libc_memalign (alignment, size);
}

int posix_memalign (void **memory, size_t alignment, size_t size)
{
    allocated ();
    *memory = __libc_memalign (alignment, size);
    return *memory ? 0 : ENOMEM;
}

void *memcpy (void *restrict to, const void *restrict from, size_t size)
{
    char *into = to;
    const char *of = from;
    atomic_fetch_add_explicit (&copied_, (long) size, memory_order_relaxed);
    /* Hidden from the compiler, which would make it a call of memcpy. */
    for (size_t i = 0; i < size; i++) {
        into[i] = of[i];
        __asm__ volatile ("" ::: "memory");
    }
    return to;
}

void *memmove (void *to, const void *from, size_t size)
{
    char *into = to;
    const char *of = from;
    if ((uintptr_t) into - (uintptr_t) of >= size)
        return memcpy (to, from, size);
    atomic_fetch_add_explicit (&copied_, (long) size, memory_order_relaxed);
    while (size--) {
        into[size] = of[size];
        __asm__ volatile ("" ::: "memory");
    }
    return to;
}

static void *ctx_;
static char endpoint_[256];
static long size_, count_, before_;
static int turn_;

static void send_one (void *socket)
{
    zmq_msg_t message;
    CHECK (zmq_msg_init_size (&message, (size_t) size_) == 0);
    CHECK (zmq_msg_send (&message, socket, 0) == (int) size_);
}

static void receive_one (void *socket)
{
    zmq_msg_t message;
    CHECK (zmq_msg_init (&message) == 0);
    CHECK (zmq_msg_recv (&message, socket, 0) == (int) size_);
    CHECK (zmq_msg_close (&message) == 0);
}

static void *other (void *unused)
{
    void *socket = make (ctx_, turn_ ? ZMQ_REQ : ZMQ_PUSH);
    CHECK (zmq_connect (socket, endpoint_) == 0);
    for (long i = 0; i < before_ + count_; i++) {
        send_one (socket);
        if (turn_)
            receive_one (socket);
    }
    /* Its end is none of the counted. */
    pause ();
    return unused;
}

int main (int argc, char **argv)
{
    CHECK (argc == 5);
    const char *transport = argv[2];
    pthread_t thread;
    turn_ = !strcmp (argv[1], "turn");
    CHECK (turn_ || !strcmp (argv[1], "stream"));
    size_ = number (argv[3]);
    count_ = number (argv[4]);
    before_ = count_ / 2 + 10;
    alarm (SECONDS_AT_MOST);
    ctx_ = context (1);
    void *socket = make (ctx_, turn_ ? ZMQ_REP : ZMQ_PULL);
    if (!strcmp (transport, "inproc")) {
        strcpy (endpoint_, "inproc://counts");
        CHECK (zmq_bind (socket, endpoint_) == 0);
    } else {
        bind_any (socket, transport, endpoint_);
    }
    CHECK (pthread_create (&thread, NULL, other, NULL) == 0);
    long allocations = 0, copied = 0;
    for (long i = 0; i < before_ + count_; i++) {
        if (i == before_) {
            allocations = allocations_;
            copied = copied_;
        }
        receive_one (socket);
        if (turn_)
            send_one (socket);
    }
    allocations = allocations_ - allocations;
    copied = copied_ - copied;
    double messages = (double) count_ * (turn_ ? 2 : 1);
    report ("allocations", (double) allocations / messages);
    report ("copied", (double) copied / messages);
    report ("copies", (double) copied / messages / (double) (size_ ? size_ : 1));
    fflush (stdout);
    _exit (0);
}
