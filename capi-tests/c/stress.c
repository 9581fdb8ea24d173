/* SPDX-License-Identifier: MPL-2.0 */

/* Many threads with sockets of their own, of every pattern, over every transport, at once, with
 * high-water marks of 1 and of none: nothing is lost, nothing comes twice or out of order, and each
 * message is what was sent, to the last octet. Nobody reconnects here: see stress_peers.c.
 *
 * Nothing is demanded that the genuine library does not do as well. */

#include "stress.h"

#include <signal.h>
#include <sys/wait.h>

#define PEERS 3
/* Who says that no more will come. */
#define STOP 0xffffffffu

/* How many messages each sender has, so that a scene is soon over. */
static unsigned any_count (const struct flow *flow, struct dice *dice)
{
    return flow->longest > 10000 ? 20 + roll (dice, 40) : 50 + roll (dice, 400);
}

/* Connects two sockets over any transport; either may bind. */
static void link_any (void *one, void *other, struct dice *dice)
{
    char endpoint[ENDPOINT];
    int turned = (int) roll (dice, 2);
    any_endpoint (dice, endpoint);
    bind_socket (turned ? other : one, endpoint);
    WORKS (zmq_connect (turned ? one : other, endpoint));
}

/* --- PUSH and PULL ---------------------------------------------------------------------------- */

struct pipeline {
    struct flow flow;
    unsigned senders, count;
    atomic_uint left;
    atomic_uchar *seen;
};

struct sender {
    struct pipeline *pipeline;
    void *socket;
    uint32_t number;
    struct dice dice;
};

struct receiver {
    struct pipeline *pipeline;
    struct reader reader;
    int alone;
};

static void *send_all (void *argument)
{
    struct sender *self = argument;
    unsigned number;
    for (number = 0; number < self->pipeline->count; number++)
        send_message (self->socket, &self->pipeline->flow, self->number, number, &self->dice);
    /* Most of it may be on its way. */
    if (!patient)
        WORKS (zmq_close (self->socket));
    return NULL;
}

/* Of each sender's messages some come here, in order. */
static void *receive_some (void *argument)
{
    struct receiver *self = argument;
    struct pipeline *pipeline = self->pipeline;
    uint32_t next[SOCKETS][PEERS] = {{0}};
    for (;;) {
        int place = await_input (&self->reader);
        struct head head = receive_message (self->reader.sockets[place], &pipeline->flow,
                                            flags_of (&self->reader));
        if (head.sender == STOP)
            break;
        CHECK (head.sender < pipeline->senders && head.number < pipeline->count);
        CHECK (head.number >= next[place][head.sender]);
        next[place][head.sender] = head.number + 1;
        CHECK (atomic_exchange (&pipeline->seen[head.sender * pipeline->count + head.number], 1) == 0);
        if (atomic_fetch_sub (&pipeline->left, 1) == 1 && self->alone)
            break;
    }
    return NULL;
}

static void pipeline (void *context, struct dice *dice)
{
    struct pipeline pipeline;
    struct sender senders[PEERS];
    struct receiver receivers[PEERS];
    pthread_t sending[PEERS], receiving[PEERS];
    void *sockets[PEERS], *stoppers[PEERS];
    int mark = any_mark (dice), alone = (int) roll (dice, 2);
    unsigned i, j, count = 1 + roll (dice, PEERS);
    pipeline.flow = any_flow (dice);
    pipeline.senders = 1 + roll (dice, PEERS);
    pipeline.count = any_count (&pipeline.flow, dice);
    atomic_init (&pipeline.left, pipeline.senders * pipeline.count);
    CHECK ((pipeline.seen = calloc (pipeline.senders, pipeline.count)) != NULL);
    for (i = 0; i < count; i++)
        sockets[i] = open_socket (context, ZMQ_PULL, mark);
    for (i = 0; i < pipeline.senders; i++) {
        struct sender sender = {&pipeline, open_socket (context, ZMQ_PUSH, mark), i, another (dice)};
        senders[i] = sender;
        for (j = 0; j < count; j++)
            link_any (sender.socket, sockets[j], dice);
    }
    memset (receivers, 0, sizeof receivers);
    for (i = 0; i < count; i++) {
        struct receiver *receiver = &receivers[alone ? 0 : i];
        receiver->pipeline = &pipeline;
        receiver->alone = alone || count == 1;
        receiver->reader.sockets[receiver->reader.count++] = sockets[i];
        if (!receiver->alone) {
            /* With one receiver nobody but the senders is there. */
            char endpoint[ENDPOINT];
            snprintf (endpoint, ENDPOINT, "inproc://stop-%p", sockets[i]);
            stoppers[i] = open_socket (context, ZMQ_PUSH, 0);
            WORKS (zmq_bind (stoppers[i], endpoint));
            WORKS (zmq_connect (sockets[i], endpoint));
        }
    }
    for (i = 0; i < (alone ? 1 : count); i++) {
        any_way (&receivers[i].reader, dice);
        receiving[i] = start (receive_some, &receivers[i]);
    }
    for (i = 0; i < pipeline.senders; i++)
        sending[i] = start (send_all, &senders[i]);
    for (i = 0; i < pipeline.senders; i++)
        finish (sending[i]);
    while (!alone && atomic_load (&pipeline.left) > 0)
        rest (1000);
    for (i = 0; i < (alone ? 1 : count); i++) {
        if (!receivers[i].alone) {
            CHECK (try_message (stoppers[i], &pipeline.flow, STOP, 0, 0));
            WORKS (zmq_close (stoppers[i]));
        }
        finish (receiving[i]);
    }
    CHECK (atomic_load (&pipeline.left) == 0);
    for (i = 0; i < count; i++)
        WORKS (zmq_close (sockets[i]));
    for (i = 0; patient && i < pipeline.senders; i++)
        WORKS (zmq_close (senders[i].socket));
    free (pipeline.seen);
}

/* --- Two that talk ---------------------------------------------------------------------------- */

struct end {
    struct flow flow;
    struct reader reader;
    unsigned count;
    uint32_t number;
    enum { IN_TURN, AT_ONCE } manner;
};

/* The next message of the other one. */
static void hear (struct end *self, unsigned number)
{
    void *socket = self->reader.sockets[await_input (&self->reader)];
    struct head head = receive_message (socket, &self->flow, flags_of (&self->reader));
    CHECK (head.sender == !self->number && head.number == number);
}

static void *talk (void *argument)
{
    struct end *self = argument;
    void *socket = self->reader.sockets[0];
    unsigned sent = 0, heard = 0;
    if (self->manner == IN_TURN) {
        for (; sent < self->count; sent++) {
            if (self->number == 1)
                hear (self, sent);
            send_message (socket, &self->flow, self->number, sent, &self->reader.dice);
            if (self->number == 0)
                hear (self, sent);
        }
        return NULL;
    }
    while (sent < self->count || heard < self->count) {
        zmq_pollitem_t item = {socket, 0, 0, 0};
        item.events = (short) ((sent < self->count ? ZMQ_POLLOUT : 0)
                               | (heard < self->count ? ZMQ_POLLIN : 0));
        CHECK (zmq_poll (&item, 1, -1) == 1);
        if (item.revents & ZMQ_POLLOUT)
            CHECK (try_message (socket, &self->flow, self->number, sent++, ZMQ_DONTWAIT));
        if (item.revents & ZMQ_POLLIN) {
            struct head head = receive_message (socket, &self->flow, ZMQ_DONTWAIT);
            CHECK (head.sender == !self->number && head.number == heard++);
        }
        dawdle (&self->reader.dice);
    }
    return NULL;
}

static void conversation (void *context, struct dice *dice)
{
    struct end ends[2];
    pthread_t threads[2];
    int i, type = roll (dice, 2) ? ZMQ_PAIR : ZMQ_DEALER, mark = any_mark (dice);
    memset (ends, 0, sizeof ends);
    ends[0].flow = ends[1].flow = any_flow (dice);
    ends[0].count = ends[1].count = any_count (&ends[0].flow, dice);
    ends[0].manner = ends[1].manner = roll (dice, 2) ? IN_TURN : AT_ONCE;
    for (i = 0; i < 2; i++) {
        ends[i].number = (uint32_t) i;
        ends[i].reader.count = 1;
        ends[i].reader.sockets[0] = open_socket (context, type, mark);
        any_way (&ends[i].reader, dice);
    }
    link_any (ends[0].reader.sockets[0], ends[1].reader.sockets[0], dice);
    for (i = 0; i < 2; i++)
        threads[i] = start (talk, &ends[i]);
    for (i = 0; i < 2; i++) {
        finish (threads[i]);
        if (!patient)
            WORKS (zmq_close (ends[i].reader.sockets[0]));
    }
    for (i = 0; patient && i < 2; i++)
        WORKS (zmq_close (ends[i].reader.sockets[0]));
}

/* --- Questions and answers --------------------------------------------------------------------- */

struct client {
    struct flow flow;
    struct reader reader;
    unsigned count, depth;
    uint32_t number;
};

struct server {
    struct flow flow;
    struct reader reader;
    unsigned left;
    int routes;
};

/* Asks, with so many questions open at most. */
static void *ask (void *argument)
{
    struct client *self = argument;
    void *socket = self->reader.sockets[0];
    unsigned asked = 0, answered = 0;
    while (answered < self->count) {
        struct head head;
        if (asked < self->count && asked - answered < self->depth) {
            send_message (socket, &self->flow, self->number, asked++, &self->reader.dice);
            if (roll (&self->reader.dice, 2) && self->depth > 1)
                continue;
        }
        await_input (&self->reader);
        head = receive_message (socket, &self->flow, flags_of (&self->reader));
        CHECK (head.sender == self->number && head.number == answered++);
    }
    return NULL;
}

static void *answer (void *argument)
{
    struct server *self = argument;
    void *socket = self->reader.sockets[0];
    for (; self->left > 0; self->left--) {
        int flags = flags_of (&self->reader);
        zmq_msg_t id;
        struct head head;
        WORKS (zmq_msg_init (&id));
        await_input (&self->reader);
        if (self->routes) {
            CHECK (zmq_msg_recv (&id, socket, flags) > 0 && zmq_msg_more (&id));
            flags = ZMQ_DONTWAIT;
        }
        head = receive_message (socket, &self->flow, flags);
        if (self->routes)
            CHECK (zmq_msg_send (&id, socket, ZMQ_SNDMORE) > 0);
        CHECK (try_message (socket, &self->flow, head.sender, head.number, 0));
        WORKS (zmq_msg_close (&id));
    }
    return NULL;
}

static void questions (void *context, struct dice *dice)
{
    struct client clients[PEERS];
    struct server server;
    pthread_t asking[PEERS], answering;
    char endpoint[ENDPOINT];
    int mark = any_mark (dice);
    unsigned i, count = 1 + roll (dice, PEERS);
    memset (&server, 0, sizeof server);
    memset (clients, 0, sizeof clients);
    server.flow = any_flow (dice);
    server.routes = roll (dice, 3) > 0;
    server.reader.count = 1;
    server.reader.sockets[0] = open_socket (context, server.routes ? ZMQ_ROUTER : ZMQ_REP, mark);
    if (server.routes)
        set (server.reader.sockets[0], ZMQ_ROUTER_MANDATORY, 1);
    any_way (&server.reader, dice);
    any_endpoint (dice, endpoint);
    bind_socket (server.reader.sockets[0], endpoint);
    for (i = 0; i < count; i++) {
        struct client *client = &clients[i];
        client->flow = server.flow;
        client->number = i;
        client->count = any_count (&client->flow, dice);
        /* There is room for all answers, so that the server need not wait for one of them. */
        client->depth = server.routes ? 1 + roll (dice, (unsigned) (mark > 0 && mark < 30 ? mark : 30)) : 1;
        client->reader.count = 1;
        client->reader.sockets[0] = open_socket (context, server.routes ? ZMQ_DEALER : ZMQ_REQ, mark);
        any_way (&client->reader, dice);
        WORKS (zmq_connect (client->reader.sockets[0], endpoint));
        server.left += client->count;
    }
    answering = start (answer, &server);
    for (i = 0; i < count; i++)
        asking[i] = start (ask, &clients[i]);
    for (i = 0; i < count; i++) {
        finish (asking[i]);
        WORKS (zmq_close (clients[i].reader.sockets[0]));
    }
    finish (answering);
    WORKS (zmq_close (server.reader.sockets[0]));
}

/* --- A publisher that waits for its subscribers ------------------------------------------------ */

struct audience {
    struct flow flow;
    struct reader reader;
    unsigned count;
    /* What each of them hears next, and how many messages further the one after that is. */
    unsigned next[SOCKETS], step[SOCKETS];
};

static void *listen_to_all (void *argument)
{
    struct audience *self = argument;
    while (self->reader.count > 0) {
        int place = await_input (&self->reader);
        struct head head
          = receive_message (self->reader.sockets[place], &self->flow, flags_of (&self->reader));
        CHECK (head.number == self->next[place]);
        self->next[place] += self->step[place];
        if (self->next[place] >= self->count) {
            int last = --self->reader.count;
            WORKS (zmq_close (self->reader.sockets[place]));
            self->reader.sockets[place] = self->reader.sockets[last];
            self->next[place] = self->next[last];
            self->step[place] = self->step[last];
        }
    }
    return NULL;
}

static void publication (void *context, struct dice *dice)
{
    struct audience audiences[PEERS];
    pthread_t threads[PEERS];
    int mark = any_mark (dice), j, expected = 0;
    void *publisher = open_socket (context, ZMQ_XPUB, mark);
    unsigned i, number, count = 1 + roll (dice, PEERS);
    struct flow flow = any_flow (dice);
    unsigned messages = any_count (&flow, dice);
    set (publisher, ZMQ_XPUB_NODROP, 1);
    set (publisher, ZMQ_XPUB_VERBOSE, 1);
    memset (audiences, 0, sizeof audiences);
    for (i = 0; i < count; i++) {
        struct audience *audience = &audiences[i];
        audience->flow = flow;
        audience->count = messages;
        audience->reader.count = 1 + (int) roll (dice, SOCKETS);
        for (j = 0; j < audience->reader.count; j++) {
            unsigned topic = roll (dice, TOPICS + 1);
            char name = (char) ('a' + topic);
            void *socket = audience->reader.sockets[j] = open_socket (context, ZMQ_SUB, mark);
            /* Nobody need hear that it listens. */
            set (socket, ZMQ_LINGER, 0);
            audience->next[j] = topic < TOPICS ? topic : 0;
            audience->step[j] = topic < TOPICS ? TOPICS : 1;
            link_any (publisher, socket, dice);
            WORKS (zmq_setsockopt (socket, ZMQ_SUBSCRIBE, &name, topic < TOPICS));
            expected++;
        }
        any_way (&audience->reader, dice);
        threads[i] = start (listen_to_all, audience);
    }
    while (expected-- > 0) {
        char subscription[4];
        CHECK (zmq_recv (publisher, subscription, sizeof subscription, 0) > 0 && subscription[0] == 1);
    }
    for (number = 0; number < messages; number++) {
        dawdle (dice);
        CHECK (try_message (publisher, &flow, 0, number, 0));
    }
    if (roll (dice, 2) && !patient) {
        WORKS (zmq_close (publisher));
        publisher = NULL;
    }
    for (i = 0; i < count; i++)
        finish (threads[i]);
    if (publisher != NULL)
        WORKS (zmq_close (publisher));
}

/* --- Sockets that are handed on ---------------------------------------------------------------- */

struct handed {
    void *socket;
    uint32_t number;
    unsigned sent, heard;
};

struct pool {
    pthread_mutex_t mutex;
    struct flow flow;
    unsigned count, taken, unfinished;
    int free;
    struct handed *ends[2 * PEERS];
    struct dice dice;
};

/* Takes a socket, does a few things to it, and leaves it to the others. */
static void *hand_on (void *argument)
{
    struct pool *pool = argument;
    struct dice dice;
    pthread_mutex_lock (&pool->mutex);
    dice = another (&pool->dice);
    while (pool->unfinished > 0) {
        unsigned turns = 1 + roll (&dice, 20), ended;
        struct handed *end;
        zmq_pollitem_t item = {NULL, 0, ZMQ_POLLIN, 0};
        if (pool->free == 0) {
            pthread_mutex_unlock (&pool->mutex);
            sched_yield ();
            pthread_mutex_lock (&pool->mutex);
            continue;
        }
        ended = roll (&dice, (unsigned) pool->free);
        end = pool->ends[ended];
        pool->ends[ended] = pool->ends[--pool->free];
        pthread_mutex_unlock (&pool->mutex);
        item.socket = end->socket;
        while (turns-- > 0) {
            if (end->sent < pool->count
                && try_message (end->socket, &pool->flow, end->number, end->sent, ZMQ_DONTWAIT))
                end->sent++;
            CHECK (zmq_poll (&item, 1, roll (&dice, 8) ? 0 : 1) >= 0);
            if (item.revents & ZMQ_POLLIN) {
                struct head head = receive_message (end->socket, &pool->flow, ZMQ_DONTWAIT);
                CHECK (head.sender == (end->number ^ 1) && head.number == end->heard++);
            }
        }
        ended = end->sent == pool->count && end->heard == pool->count;
        pthread_mutex_lock (&pool->mutex);
        if (ended)
            pool->unfinished--;
        else
            pool->ends[pool->free++] = end;
    }
    pthread_mutex_unlock (&pool->mutex);
    return NULL;
}

static void handing_on (void *context, struct dice *dice)
{
    struct pool pool = {.mutex = PTHREAD_MUTEX_INITIALIZER, .unfinished = 2 * PEERS, .free = 2 * PEERS};
    struct handed ends[2 * PEERS];
    pthread_t threads[PEERS];
    int i;
    pool.flow = any_flow (dice);
    pool.count = any_count (&pool.flow, dice) / 2;
    pool.dice = another (dice);
    memset (ends, 0, sizeof ends);
    for (i = 0; i < 2 * PEERS; i++) {
        ends[i].number = (uint32_t) i;
        ends[i].socket = open_socket (context, i / 2 % 2 ? ZMQ_PAIR : ZMQ_DEALER, any_mark (dice));
        pool.ends[i] = &ends[i];
        if (i % 2)
            link_any (ends[i - 1].socket, ends[i].socket, dice);
    }
    for (i = 0; i < PEERS; i++)
        threads[i] = start (hand_on, &pool);
    for (i = 0; i < PEERS; i++)
        finish (threads[i]);
    for (i = 0; i < 2 * PEERS; i++)
        WORKS (zmq_close (ends[i].socket));
}

/* --- The cases --------------------------------------------------------------------------------- */

#define AT_A_TIME 4

struct scene {
    void (*play) (void *context, struct dice *dice);
    void *context;
    struct dice dice;
};

static void *play (void *argument)
{
    struct scene *scene = argument;
    scene->play (scene->context, &scene->dice);
    return NULL;
}

/* Several scenes at once, in one context. */
static void play_some (struct dice *dice, void (*only) (void *, struct dice *))
{
    static void (*const plays[]) (void *, struct dice *)
      = {pipeline, conversation, questions, publication, handing_on};
    do {
        struct scene scenes[AT_A_TIME];
        pthread_t threads[AT_A_TIME];
        void *context = zmq_ctx_new ();
        int i;
        CHECK (context != NULL);
        WORKS (zmq_ctx_set (context, ZMQ_IO_THREADS, 1 + (int) roll (dice, 2)));
        for (i = 0; i < AT_A_TIME; i++) {
            scenes[i].play = only ? only : plays[roll (dice, sizeof plays / sizeof *plays)];
            scenes[i].context = context;
            scenes[i].dice = another (dice);
            threads[i] = start (play, &scenes[i]);
        }
        for (i = 0; i < AT_A_TIME; i++)
            finish (threads[i]);
        WORKS (zmq_ctx_term (context));
    } while (goes_on ());
}

static void all (struct dice *dice)
{
    play_some (dice, NULL);
}

static void handed (struct dice *dice)
{
    play_some (dice, handing_on);
}

/* The same in a process that is stopped again and again, as by a shell or a debugger. There is no
 * handler of any signal, so nothing may say EINTR. */
static void stopped (struct dice *dice)
{
    struct dice naps = another (dice);
    pid_t self = getpid (), child;
    int ends[2];
    WORKS (pipe (ends));
    CHECK ((child = fork ()) != -1);
    if (child == 0) {
        struct pollfd over = {ends[0], POLLIN, 0};
        close (ends[1]);
        /* It never leaves us stopped. */
        while (poll (&over, 1, (int) roll (&naps, 20)) == 0) {
            kill (self, SIGSTOP);
            rest (roll (&naps, 4000));
            kill (self, SIGCONT);
        }
        _exit (0);
    }
    play_some (dice, NULL);
    close (ends[1]);
    close (ends[0]);
    CHECK (waitpid (child, NULL, 0) == child);
}

int main (int argc, char **argv)
{
    static const struct step steps[]
      = {{"all", all}, {"handed", handed}, {"stopped", stopped}, {NULL, NULL}};
    return run_case (steps, argc, argv);
}
