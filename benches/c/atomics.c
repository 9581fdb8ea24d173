/* SPDX-License-Identifier: MPL-2.0 */

/* atomics SIZE COUNT [SUBSCRIBERS]: how many instructions, and how many locked ones (atomic
 * operations that write, fences among them), the library needs to send a message and to receive it,
 * on one thread by inproc; or only to send it, to so many subscribers by tcp, who are behind. The
 * messages are handled by a child that this process has go on by one instruction at a time, so the
 * numbers are the same each time. x86-64 only. */

#include "bench.h"

#ifndef __x86_64__

int main (void)
{
    fputs ("only for x86-64\n", stderr);
    return 1;
}

#else

#include <sys/ptrace.h>
#include <sys/user.h>

static void pass (void *from, void *to, long size)
{
    zmq_msg_t message;
    CHECK (zmq_msg_init_size (&message, (size_t) size) == 0);
    CHECK (zmq_msg_send (&message, from, 0) == (int) size);
    CHECK (zmq_msg_init (&message) == 0);
    CHECK (zmq_msg_recv (&message, to, 0) == (int) size);
    CHECK (zmq_msg_close (&message) == 0);
}

static void publish (void *publisher, long size)
{
    zmq_msg_t message;
    CHECK (zmq_msg_init_size (&message, (size_t) size) == 0);
    CHECK (zmq_msg_send (&message, publisher, 0) == (int) size);
}

/* Subscribers that receive nothing: more is on the way to them than the kernel holds, so that no
 * I/O thread asks for more. */
static void child_publishes (long size, long count, long subscribers)
{
    void *ctx = context (1), *publisher = make (ctx, ZMQ_XPUB);
    char endpoint[256];
    set (publisher, ZMQ_XPUB_VERBOSE, 1);
    set (publisher, ZMQ_SNDHWM, 0);
    bind_any (publisher, "tcp", endpoint);
    for (long i = 0; i < subscribers; i++) {
        void *subscriber = make (ctx, ZMQ_SUB);
        set (subscriber, ZMQ_RCVHWM, 1);
        CHECK (zmq_setsockopt (subscriber, ZMQ_SUBSCRIBE, "", 0) == 0);
        CHECK (zmq_connect (subscriber, endpoint) == 0);
    }
    for (long i = 0; i < subscribers; i++) {
        char subscription[8];
        CHECK (zmq_recv (publisher, subscription, sizeof subscription, 0) == 1);
    }
    for (long sent = 0; sent < 16 * 1024 * 1024; sent += size)
        publish (publisher, size);
    raise (SIGSTOP);
    for (long i = 0; i < count; i++)
        publish (publisher, size);
    raise (SIGSTOP);
    _exit (0);
}

static void child (long size, long count)
{
    void *ctx = context (1), *to = make (ctx, ZMQ_PULL), *from = make (ctx, ZMQ_PUSH);
    CHECK (zmq_bind (to, "inproc://atomics") == 0);
    CHECK (zmq_connect (from, "inproc://atomics") == 0);
    for (int i = 0; i < 5000; i++)
        pass (from, to, size);
    raise (SIGSTOP);
    for (long i = 0; i < count; i++)
        pass (from, to, size);
    raise (SIGSTOP);
    _exit (0);
}

/* Whether the instruction is locked: with the prefix, or an exchange with memory, which has it
 * built in; prefixes of another kind may stand before. */
static int is_locked (unsigned long text)
{
    int locked = 0;
    for (int i = 0; i < 8; i++, text >>= 8) {
        unsigned octet = text & 0xff;
        if (octet == 0xf0)
            locked = 1;
        else if (octet == 0x86 || octet == 0x87)
            return (text >> 8 & 0xc0) != 0xc0;
        else if (octet != 0x66 && octet != 0x67 && octet != 0xf2 && octet != 0xf3
                 && (octet & 0xf0) != 0x40)
            return locked;
    }
    return locked;
}

/* Waits until the child stops, gives the signal it stopped with. */
static int stopped (pid_t child)
{
    int status;
    CHECK (waitpid (child, &status, 0) == child);
    CHECK (WIFSTOPPED (status));
    return WSTOPSIG (status);
}

int main (int argc, char **argv)
{
    CHECK (argc == 3 || argc == 4);
    long size = number (argv[1]), count = number (argv[2]);
    long subscribers = argc == 4 ? number (argv[3]) : 0;
    long instructions = 0, locked = 0;
    alarm (SECONDS_AT_MOST);
    pid_t other = fork ();
    CHECK (other >= 0);
    if (other == 0) {
        prctl (PR_SET_PDEATHSIG, SIGKILL);
        CHECK (ptrace (PTRACE_TRACEME, 0, NULL, NULL) == 0);
        if (subscribers > 0)
            child_publishes (size, count, subscribers);
        child (size, count);
    }
    CHECK (stopped (other) == SIGSTOP);
    for (;;) {
        struct user_regs_struct registers;
        CHECK (ptrace (PTRACE_GETREGS, other, NULL, &registers) == 0);
        errno = 0;
        unsigned long text = (unsigned long) ptrace (PTRACE_PEEKTEXT, other,
                                                     (void *) registers.rip, NULL);
        CHECK (errno == 0);
        instructions++;
        locked += is_locked (text);
        CHECK (ptrace (PTRACE_SINGLESTEP, other, NULL, NULL) == 0);
        int signal = stopped (other);
        if (signal == SIGSTOP)
            break;
        CHECK (signal == SIGTRAP);
    }
    kill (other, SIGKILL);
    report ("instructions", (double) instructions / (double) count);
    report ("locked", (double) locked / (double) count);
    return 0;
}

#endif
