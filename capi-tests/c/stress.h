/* SPDX-License-Identifier: MPL-2.0 */

/* What the stress programs share: dice, messages that know what they are, ways to wait for them,
 * and a watch that ends a program in which nothing happens any more.
 *
 * Which messages there are follows from the seed, so that a receiver can say of each whether it is
 * whole. ZMQ_STRESS_SEED repeats the dice of a run (not the order of its threads), and
 * ZMQ_STRESS_SECONDS says how long each case goes on. */

#include "check.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <time.h>

#define UNUSED __attribute__ ((unused))

/* Seconds in which nothing happens, and the program ends. */
#define PATIENCE 20
/* The longest body, and what a case does if nobody says for how long. */
#define LONGEST (100 * 1024)
#define SECONDS 2

static uint64_t seed;
/* The genuine library loses what a peer said before it closed, if the receiver was slow: sockets
 * stay open until all came (ZMQ_STRESS_GENUINE). */
static int patient;
static double ends_at;
/* Counts whatever happens. */
static atomic_ulong progress;
/* Bodies that belong to us, and that the library has. */
static atomic_long lent;

/* --- Time and dice -------------------------------------------------------------------------- */

static double now (void)
{
    struct timespec time;
    clock_gettime (CLOCK_MONOTONIC, &time);
    return (double) time.tv_sec + (double) time.tv_nsec / 1e9;
}

static int goes_on (void)
{
    return now () < ends_at;
}

static void rest (unsigned microseconds)
{
    struct timespec time = {microseconds / 1000000, microseconds % 1000000 * 1000};
    nanosleep (&time, NULL);
}

static uint64_t mix (uint64_t value)
{
    value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9u;
    value = (value ^ value >> 27) * 0x94d049bb133111ebu;
    return value ^ value >> 31;
}

struct dice {
    uint64_t state;
};

/* One of so many. */
static unsigned roll (struct dice *dice, unsigned sides)
{
    dice->state += 0x9e3779b97f4a7c15u;
    return (unsigned) (mix (dice->state) >> 33) % sides;
}

/* Dice for somebody else. */
UNUSED static struct dice another (struct dice *dice)
{
    struct dice other = {mix (dice->state + roll (dice, 1u << 30))};
    return other;
}

/* Now and then a thread is slow. */
static void dawdle (struct dice *dice)
{
    switch (roll (dice, 64)) {
        case 0:
            rest (roll (dice, 500));
            break;
        case 1:
            sched_yield ();
    }
}

/* --- The watch ------------------------------------------------------------------------------ */

/* Counts seconds that it saw itself, so that a machine that was put to sleep has time to wake. */
static void *watch (void *unused)
{
    unsigned long before = 0;
    int quiet = 0;
    (void) unused;
    while (quiet < PATIENCE) {
        unsigned long seen = atomic_load (&progress);
        rest (1000000);
        quiet = seen == before ? quiet + 1 : 0;
        before = seen;
    }
    fprintf (stderr, "nothing happens any more, after %lu steps\n", before);
    /* A core shows who waits for what. */
    abort ();
}

static pthread_t start (void *(*run) (void *), void *with)
{
    pthread_t thread;
    WORKS (pthread_create (&thread, NULL, run, with));
    return thread;
}

static void finish (pthread_t thread)
{
    WORKS (pthread_join (thread, NULL));
}

/* --- Sockets -------------------------------------------------------------------------------- */

static void set (void *socket, int option, int value)
{
    WORKS (zmq_setsockopt (socket, option, &value, sizeof value));
}

static int get (void *socket, int option)
{
    int value;
    size_t size = sizeof value;
    WORKS (zmq_getsockopt (socket, option, &value, &size));
    return value;
}

/* A socket that stays until all is sent, with these high-water marks (0: none). */
static void *open_socket (void *context, int type, int mark)
{
    void *socket = zmq_socket (context, type);
    CHECK (socket != NULL);
    set (socket, ZMQ_LINGER, -1);
    set (socket, ZMQ_SNDHWM, mark);
    set (socket, ZMQ_RCVHWM, mark);
    set (socket, ZMQ_RECONNECT_IVL, 5);
    return socket;
}

/* Small ones, at which everybody waits for everybody, and such that nobody comes to. */
static int any_mark (struct dice *dice)
{
    static const int marks[] = {1, 2, 3, 10, 100, 1000, 0};
    return marks[roll (dice, 7)];
}

#define ENDPOINT 128

/* An endpoint that nobody has, to bind to. */
static void any_endpoint (struct dice *dice, char *endpoint)
{
    static atomic_int serial;
    switch (roll (dice, zmq_has ("WS") ? 4 : 3)) {
        case 0:
            snprintf (endpoint, ENDPOINT, "inproc://stress-%d", atomic_fetch_add (&serial, 1));
            break;
        case 1:
            snprintf (endpoint, ENDPOINT, "ipc://*");
            break;
        case 2:
            snprintf (endpoint, ENDPOINT, "tcp://127.0.0.1:*");
            break;
        default:
            snprintf (endpoint, ENDPOINT, "ws://127.0.0.1:*/stress");
    }
}

/* Binds, and says where. */
static void bind_socket (void *socket, char *endpoint)
{
    size_t size = ENDPOINT;
    WORKS (zmq_bind (socket, endpoint));
    WORKS (zmq_getsockopt (socket, ZMQ_LAST_ENDPOINT, endpoint, &size));
}

/* --- Messages ------------------------------------------------------------------------------- */

/* What stands at the beginning of each: who says it, the how-manieth it is, and in which flow. */
struct head {
    unsigned char topic;
    uint32_t flow, sender, number;
};

/* What goes one way, or to and fro: how many parts, and how long, follows from its number. */
struct flow {
    uint32_t number;
    unsigned parts, longest;
};

#define HEAD sizeof (struct head)
#define TOPICS 3

static unsigned char pattern[LONGEST + 256];

static struct flow any_flow (struct dice *dice)
{
    static const unsigned longest[] = {16, 100, 1000, 1000, 10000, LONGEST};
    struct flow flow;
    flow.number = roll (dice, 1u << 30);
    flow.parts = roll (dice, 2) ? 1 : 1 + roll (dice, 5);
    flow.longest = longest[roll (dice, 6)];
    return flow;
}

/* What all about one message follows from. */
static struct dice dice_of (const struct flow *flow, uint32_t sender, uint32_t number)
{
    struct dice dice = {mix (seed ^ mix ((uint64_t) flow->number << 32 | number) ^ sender)};
    return dice;
}

/* Mostly short, sometimes empty. */
static size_t any_size (const struct flow *flow, struct dice *dice)
{
    unsigned most[] = {8, 64, 300, flow->longest / 8, flow->longest};
    unsigned size = roll (dice, most[roll (dice, 5)] + 1);
    return size < flow->longest ? size : flow->longest;
}

static void let_go (void *data, void *hint)
{
    (void) hint;
    free (data);
    atomic_fetch_sub (&lent, 1);
}

static void make_part (zmq_msg_t *msg, size_t size, int is_ours)
{
    if (is_ours) {
        void *data = malloc (size + 1);
        CHECK (data != NULL);
        atomic_fetch_add (&lent, 1);
        WORKS (zmq_msg_init_data (msg, data, size, let_go, NULL));
    } else
        WORKS (zmq_msg_init_size (msg, size));
}

/* Sends what cannot fail but for want of room (0: there is none). */
static int send_part (void *socket, zmq_msg_t *msg, int flags)
{
    int result = zmq_msg_send (msg, socket, flags);
    if (result >= 0)
        return 1;
    CHECK (errno == EAGAIN && (flags & ZMQ_DONTWAIT));
    return 0;
}

/* Sends a message, in all its parts or not at all (0: there is no room). */
static int try_message (void *socket, const struct flow *flow, uint32_t sender, uint32_t number,
                        int flags)
{
    struct dice dice = dice_of (flow, sender, number);
    unsigned part, parts = 1 + roll (&dice, flow->parts);
    for (part = 0; part < parts; part++) {
        zmq_msg_t msg;
        size_t size = any_size (flow, &dice), before = part == 0 ? HEAD : 0;
        unsigned from = roll (&dice, 256);
        int more = part + 1 < parts ? ZMQ_SNDMORE : 0;
        make_part (&msg, before + size, size > 8 && from % 4 == 0);
        if (part == 0) {
            struct head head;
            memset (&head, 0, sizeof head);
            head.topic = (unsigned char) ('a' + number % TOPICS);
            head.flow = flow->number;
            head.sender = sender;
            head.number = number;
            memcpy (zmq_msg_data (&msg), &head, HEAD);
        }
        memcpy ((char *) zmq_msg_data (&msg) + before, pattern + from, size);
        if (!send_part (socket, &msg, (part == 0 ? flags : 0) | more)) {
            CHECK (part == 0);
            WORKS (zmq_msg_close (&msg));
            return 0;
        }
    }
    atomic_fetch_add (&progress, 1);
    return 1;
}

/* Sends a message, and waits for room in one of several ways. */
static void send_message (void *socket, const struct flow *flow, uint32_t sender, uint32_t number,
                          struct dice *way)
{
    dawdle (way);
    if (roll (way, 2)) {
        CHECK (try_message (socket, flow, sender, number, 0));
        return;
    }
    while (!try_message (socket, flow, sender, number, ZMQ_DONTWAIT)) {
        zmq_pollitem_t item = {socket, 0, ZMQ_POLLOUT, 0};
        CHECK (zmq_poll (&item, 1, -1) == 1);
    }
}

/* Receives a message that is there, or is waited for, and checks it to the last octet. */
static struct head receive_message (void *socket, const struct flow *flow, int flags)
{
    struct dice dice = {0};
    struct head head;
    unsigned part, parts = 1;
    memset (&head, 0, sizeof head);
    for (part = 0; part < parts; part++) {
        zmq_msg_t msg;
        size_t size, before = part == 0 ? HEAD : 0;
        unsigned from;
        WORKS (zmq_msg_init (&msg));
        CHECK (zmq_msg_recv (&msg, socket, flags) >= 0);
        if (part == 0) {
            CHECK (zmq_msg_size (&msg) >= HEAD);
            memcpy (&head, zmq_msg_data (&msg), HEAD);
            CHECK (head.flow == flow->number && head.topic == 'a' + head.number % TOPICS);
            dice = dice_of (flow, head.sender, head.number);
            parts = 1 + roll (&dice, flow->parts);
        }
        size = any_size (flow, &dice);
        from = roll (&dice, 256);
        CHECK (zmq_msg_size (&msg) == before + size);
        CHECK (memcmp ((char *) zmq_msg_data (&msg) + before, pattern + from, size) == 0);
        CHECK (zmq_msg_more (&msg) == (part + 1 < parts));
        WORKS (zmq_msg_close (&msg));
    }
    atomic_fetch_add (&progress, 1);
    return head;
}

/* --- Waiting to receive ---------------------------------------------------------------------- */

#define SOCKETS 4

/* How one thread waits for several sockets. */
struct reader {
    enum { CALL, POLL, DESCRIPTOR, LOOK, WAYS } way;
    int count;
    void *sockets[SOCKETS];
    struct dice dice;
};

/* Only with one socket may the call itself wait. */
UNUSED static void any_way (struct reader *reader, struct dice *dice)
{
    reader->dice = another (dice);
    do
        reader->way = roll (dice, WAYS);
    while (reader->way == CALL && reader->count > 1);
}

/* Waits until one of the sockets has a message: its place. What is read there then must not wait,
 * but for the way CALL. */
static int await_input (struct reader *reader)
{
    zmq_pollitem_t items[SOCKETS];
    struct pollfd files[SOCKETS];
    int i, found, first = (int) roll (&reader->dice, (unsigned) reader->count);
    dawdle (&reader->dice);
    if (reader->way == CALL)
        return 0;
    for (;;) {
        for (i = 0; i < reader->count; i++) {
            void *socket = reader->sockets[i];
            zmq_pollitem_t item = {socket, 0, ZMQ_POLLIN, 0};
            items[i] = item;
            if (reader->way == DESCRIPTOR) {
                files[i].fd = get (socket, ZMQ_FD);
                files[i].events = POLLIN;
            }
        }
        found = 0;
        if (reader->way == POLL)
            CHECK ((found = zmq_poll (items, reader->count, -1)) > 0);
        for (i = 0; i < reader->count; i++) {
            int place = (first + i) % reader->count;
            if (reader->way == POLL ? items[place].revents & ZMQ_POLLIN
                                    : get (reader->sockets[place], ZMQ_EVENTS) & ZMQ_POLLIN)
                return place;
        }
        CHECK (found == 0);
        if (reader->way == DESCRIPTOR)
            CHECK (poll (files, (nfds_t) reader->count, -1) > 0);
        else
            sched_yield ();
    }
}

static int flags_of (const struct reader *reader)
{
    return reader->way == CALL ? 0 : ZMQ_DONTWAIT;
}

/* --- The beginning and the end ---------------------------------------------------------------- */

struct step {
    const char *name;
    void (*run) (struct dice *dice);
};

/* Runs the case that is named. */
static int run_case (const struct step *steps, int argc, char **argv)
{
    const char *said = getenv ("ZMQ_STRESS_SEED"), *time_said = getenv ("ZMQ_STRESS_SECONDS");
    struct dice dice;
    size_t i;
    CHECK (argc == 2);
    patient = getenv ("ZMQ_STRESS_GENUINE") != NULL;
    seed = said ? strtoull (said, NULL, 0) : mix ((uint64_t) getpid () << 32 ^ (uint64_t) (now () * 1e6));
    fprintf (stderr, "ZMQ_STRESS_SEED=0x%llx\n", (unsigned long long) seed);
    for (i = 0; i < sizeof pattern; i++)
        pattern[i] = (unsigned char) (i * 7 + (i >> 8));
    for (; steps->name; steps++) {
        if (strcmp (steps->name, argv[1]) != 0)
            continue;
        start (watch, NULL);
        dice.state = seed;
        ends_at = now () + (time_said ? atof (time_said) : SECONDS);
        steps->run (&dice);
        /* Whatever was lent is back. */
        CHECK (atomic_load (&lent) == 0);
        fprintf (stderr, "%lu steps\n", atomic_load (&progress));
        return 0;
    }
    return 2;
}
