/* SPDX-License-Identifier: MPL-2.0 */

/* Peers that come and go while others talk: they close with time to linger and come back, their
 * servers go and return, their contexts end, their connections are cut by somebody in the middle.
 *
 * Where nobody cuts, nothing is lost. Where connections are cut what is under way may be lost, but
 * what arrives is whole, comes once, and in order; and as soon as there are no more cuts, all comes.
 *
 * The genuine library passes as well, but for `leaving`, which it cannot be asked: it loses the last
 * words of a peer if the receiver is slow. */

#include "stress.h"

#include <netinet/in.h>
#include <sys/socket.h>

#define PEERS 3

/* An endpoint that can be bound to again. Not a port that the system may give to somebody else: who
 * connects to it while nobody listens might even meet himself. */
static void same_endpoint (struct dice *dice, char *endpoint)
{
    static atomic_int serial;
    int number = atomic_fetch_add (&serial, 1), port = 10000 + (int) getpid () % 600 * 32 + number % 32;
    if (roll (dice, 2))
        snprintf (endpoint, ENDPOINT, "ipc://@stress-%d-%d", (int) getpid (), number);
    else
        snprintf (endpoint, ENDPOINT, zmq_has ("WS") && roll (dice, 2) ? "ws://127.0.0.1:%d" : "tcp://127.0.0.1:%d",
                  port);
}

/* --- Peers that close with time to linger, and come back ---------------------------------------- */

struct guests {
    void *context;
    struct flow flow;
    char endpoint[ENDPOINT];
    int mark;
    atomic_uint visits, sent;
};

#define VISITS 4096

struct guest {
    struct guests *guests;
    struct dice dice;
};

/* Comes, says something, and goes, again and again, now and then with a context of its own. */
static void *visit (void *argument)
{
    struct guest *self = argument;
    struct guests *guests = self->guests;
    int is_local = strncmp (guests->endpoint, "inproc", 6) == 0;
    while (goes_on ()) {
        uint32_t number, visitor = atomic_fetch_add (&guests->visits, 1);
        unsigned count = roll (&self->dice, 60);
        void *context = is_local || roll (&self->dice, 2) ? NULL : zmq_ctx_new ();
        void *socket = open_socket (context ? context : guests->context, ZMQ_PUSH, guests->mark);
        if (visitor >= VISITS) {
            WORKS (zmq_close (socket));
            break;
        }
        WORKS (zmq_connect (socket, guests->endpoint));
        for (number = 0; number < count; number++)
            send_message (socket, &guests->flow, visitor, number, &self->dice);
        atomic_fetch_add (&guests->sent, count);
        WORKS (zmq_close (socket));
        /* All that is not sent yet is waited for. */
        if (context)
            WORKS (zmq_ctx_term (context));
    }
    return NULL;
}

/* Everybody is heard to the end. */
static void *host (void *argument)
{
    struct guests *guests = argument;
    struct reader reader;
    unsigned heard = 0;
    uint32_t *next = calloc (VISITS + PEERS, sizeof *next);
    struct dice dice = {mix (seed ^ guests->flow.number)};
    memset (&reader, 0, sizeof reader);
    reader.count = 1;
    reader.sockets[0] = open_socket (guests->context, ZMQ_PULL, guests->mark);
    any_way (&reader, &dice);
    bind_socket (reader.sockets[0], guests->endpoint);
    atomic_store (&guests->visits, 1);
    for (;;) {
        struct head head;
        await_input (&reader);
        head = receive_message (reader.sockets[0], &guests->flow, flags_of (&reader));
        /* The last one says how many there were. */
        if (head.sender == VISITS + 1)
            break;
        CHECK (head.sender < VISITS && head.number == next[head.sender]++);
        heard++;
    }
    /* Others' last words may still be under way. */
    while (heard < atomic_load (&guests->sent)) {
        struct head head;
        await_input (&reader);
        head = receive_message (reader.sockets[0], &guests->flow, flags_of (&reader));
        CHECK (head.sender < VISITS && head.number == next[head.sender]++);
        heard++;
    }
    WORKS (zmq_close (reader.sockets[0]));
    free (next);
    return NULL;
}

static void *entertain (void *argument)
{
    struct guest *self = argument;
    struct guest guests_of[PEERS];
    pthread_t coming[PEERS], hosting;
    struct guests guests;
    void *socket;
    int i;
    memset (&guests, 0, sizeof guests);
    guests.context = zmq_ctx_new ();
    guests.flow = any_flow (&self->dice);
    guests.mark = any_mark (&self->dice);
    any_endpoint (&self->dice, guests.endpoint);
    hosting = start (host, &guests);
    while (atomic_load (&guests.visits) == 0)
        rest (1000);
    for (i = 0; i < PEERS; i++) {
        guests_of[i].guests = &guests;
        guests_of[i].dice = another (&self->dice);
        coming[i] = start (visit, &guests_of[i]);
    }
    for (i = 0; i < PEERS; i++)
        finish (coming[i]);
    socket = open_socket (guests.context, ZMQ_PUSH, 0);
    WORKS (zmq_connect (socket, guests.endpoint));
    CHECK (try_message (socket, &guests.flow, VISITS + 1, 0, 0));
    WORKS (zmq_close (socket));
    finish (hosting);
    WORKS (zmq_ctx_term (guests.context));
    return NULL;
}

/* Several hosts, each with its guests. */
static void leaving (struct dice *dice)
{
    struct guest hosts[PEERS];
    pthread_t threads[PEERS];
    int i;
    for (i = 0; i < PEERS; i++) {
        hosts[i].dice = another (dice);
        threads[i] = start (entertain, &hosts[i]);
    }
    for (i = 0; i < PEERS; i++)
        finish (threads[i]);
}

/* --- Servers that go and return ------------------------------------------------------------------ */

/* Waits for an event of a monitored socket. */
static void await_event (void *events, int event)
{
    uint16_t number = 0;
    while (number != event) {
        unsigned char frame[6];
        CHECK (zmq_recv (events, frame, sizeof frame, 0) == sizeof frame);
        memcpy (&number, frame, sizeof number);
        CHECK (zmq_recv (events, NULL, 0, 0) >= 0);
        atomic_fetch_add (&progress, 1);
    }
}

/* A client knows that its server is gone, goes on talking, and the next server hears all of it. */
static void *outlive (void *argument)
{
    struct dice *dice = argument;
    struct flow flow = any_flow (dice);
    void *context = zmq_ctx_new (), *events = open_socket (context, ZMQ_PAIR, 0);
    void *client = open_socket (context, ZMQ_DEALER, 0);
    char endpoint[ENDPOINT], name[ENDPOINT];
    unsigned asked = 0, answered = 0;
    same_endpoint (dice, endpoint);
    snprintf (name, ENDPOINT, "inproc://events-%p", client);
    WORKS (zmq_socket_monitor (client, name, ZMQ_EVENT_DISCONNECTED));
    WORKS (zmq_connect (events, name));
    WORKS (zmq_connect (client, endpoint));
    while (goes_on ()) {
        void *server_context = roll (dice, 2) ? zmq_ctx_new () : NULL;
        void *server = open_socket (server_context ? server_context : context, ZMQ_ROUTER, 0);
        unsigned count = 1 + roll (dice, 50);
        zmq_pollitem_t items[2] = {{server, 0, ZMQ_POLLIN, 0}, {client, 0, ZMQ_POLLIN, 0}};
        set (server, ZMQ_ROUTER_MANDATORY, 1);
        /* While nobody is there. */
        while (asked < answered + count / 2)
            send_message (client, &flow, 1, asked++, dice);
        while (zmq_bind (server, endpoint) != 0) {
            CHECK (errno == EADDRINUSE);
            rest (1000);
        }
        count += answered;
        while (asked < count)
            send_message (client, &flow, 1, asked++, dice);
        while (answered < count) {
            CHECK (zmq_poll (items, 2, -1) > 0);
            if (items[0].revents & ZMQ_POLLIN) {
                zmq_msg_t id;
                struct head head;
                WORKS (zmq_msg_init (&id));
                CHECK (zmq_msg_recv (&id, server, ZMQ_DONTWAIT) > 0);
                head = receive_message (server, &flow, ZMQ_DONTWAIT);
                CHECK (zmq_msg_send (&id, server, ZMQ_SNDMORE) > 0);
                CHECK (try_message (server, &flow, 2, head.number, 0));
                WORKS (zmq_msg_close (&id));
            }
            if (items[1].revents & ZMQ_POLLIN) {
                struct head head = receive_message (client, &flow, ZMQ_DONTWAIT);
                CHECK (head.sender == 2 && head.number == answered++);
            }
        }
        WORKS (zmq_close (server));
        if (server_context)
            WORKS (zmq_ctx_term (server_context));
        await_event (events, ZMQ_EVENT_DISCONNECTED);
    }
    WORKS (zmq_close (client));
    WORKS (zmq_close (events));
    WORKS (zmq_ctx_term (context));
    return NULL;
}

static void returning (struct dice *dice)
{
    struct dice dice_of_them[2 * PEERS];
    pthread_t threads[2 * PEERS];
    int i;
    for (i = 0; i < 2 * PEERS; i++) {
        dice_of_them[i] = another (dice);
        threads[i] = start (outlive, &dice_of_them[i]);
    }
    for (i = 0; i < 2 * PEERS; i++)
        finish (threads[i]);
}

/* --- Contexts that end --------------------------------------------------------------------------- */

struct worker {
    void *socket;
    struct dice dice;
    const char *endpoint;
};

/* Sends, receives and polls until the context ends. */
static void *work (void *argument)
{
    struct worker *self = argument;
    for (;;) {
        char buffer[64];
        zmq_pollitem_t item = {self->socket, 0, ZMQ_POLLIN, 0};
        int result = 0;
        switch (roll (&self->dice, 16)) {
            case 0:
                result = zmq_recv (self->socket, buffer, sizeof buffer, 0);
                break;
            case 1:
                result = zmq_poll (&item, 1, -1);
                break;
            case 2:
                result = zmq_connect (self->socket, self->endpoint);
                break;
            default:
                result = zmq_send (self->socket, "answer me", 9, ZMQ_DONTWAIT);
                if (result == -1 && errno == EAGAIN)
                    result = zmq_recv (self->socket, buffer, sizeof buffer, 0);
        }
        if (result == -1) {
            CHECK (errno == ETERM);
            break;
        }
        atomic_fetch_add (&progress, 1);
    }
    WORKS (zmq_close (self->socket));
    return NULL;
}

static void *echo (void *socket)
{
    zmq_msg_t msg;
    WORKS (zmq_msg_init (&msg));
    while (zmq_msg_recv (&msg, socket, 0) >= 0) {
        int more = zmq_msg_more (&msg);
        if (zmq_msg_send (&msg, socket, more ? ZMQ_SNDMORE : 0) == -1)
            break;
    }
    CHECK (errno == ETERM);
    WORKS (zmq_msg_close (&msg));
    WORKS (zmq_close (socket));
    return NULL;
}

static void *end_contexts (void *argument)
{
    struct worker *self = argument;
    while (goes_on ()) {
        void *context = zmq_ctx_new ();
        struct worker workers[PEERS];
        pthread_t threads[PEERS];
        int i;
        for (i = 0; i < PEERS; i++) {
            workers[i].socket = open_socket (context, ZMQ_DEALER, any_mark (&self->dice));
            workers[i].dice = another (&self->dice);
            workers[i].endpoint = self->endpoint;
            set (workers[i].socket, ZMQ_LINGER, 0);
            WORKS (zmq_connect (workers[i].socket, self->endpoint));
            threads[i] = start (work, &workers[i]);
        }
        rest (roll (&self->dice, 5000));
        if (roll (&self->dice, 2))
            WORKS (zmq_ctx_shutdown (context));
        WORKS (zmq_ctx_term (context));
        for (i = 0; i < PEERS; i++)
            finish (threads[i]);
        atomic_fetch_add (&progress, 1);
    }
    return NULL;
}

/* Contexts end under their sockets' users, and their common server serves another one undisturbed. */
static void ending (struct dice *dice)
{
    void *context = zmq_ctx_new (), *other = zmq_ctx_new ();
    void *server = open_socket (context, ZMQ_ROUTER, 0), *good = open_socket (other, ZMQ_REQ, 0);
    struct worker workers[PEERS];
    struct flow flow = any_flow (dice);
    pthread_t threads[PEERS], serving;
    char endpoint[ENDPOINT];
    uint32_t number = 0;
    int i;
    do
        any_endpoint (dice, endpoint);
    while (strncmp (endpoint, "inproc", 6) == 0);
    set (server, ZMQ_LINGER, 0);
    bind_socket (server, endpoint);
    serving = start (echo, server);
    for (i = 0; i < PEERS; i++) {
        workers[i].dice = another (dice);
        workers[i].endpoint = endpoint;
        threads[i] = start (end_contexts, &workers[i]);
    }
    WORKS (zmq_connect (good, endpoint));
    for (; goes_on (); number++) {
        send_message (good, &flow, 1, number, dice);
        CHECK (receive_message (good, &flow, 0).number == number);
    }
    for (i = 0; i < PEERS; i++)
        finish (threads[i]);
    WORKS (zmq_close (good));
    WORKS (zmq_ctx_term (other));
    WORKS (zmq_ctx_term (context));
    finish (serving);
}

/* --- Connections that are cut -------------------------------------------------------------------- */

/* Passes octets on between those who connect to it and a server, and cuts now and then. */
struct relay {
    struct dice dice;
    int listener;
    struct sockaddr_in server;
    atomic_int over;
};

#define PIPED 8

static void cut (int *pair, struct dice *dice)
{
    struct linger at_once = {1, 0};
    int i;
    for (i = 0; i < 2; i++) {
        /* The end of a stream, or a reset, to either side. */
        if (roll (dice, 2))
            setsockopt (pair[i], SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        close (pair[i]);
        pair[i] = -1;
    }
}

/* Passes on what one side said; 0: it said no more. */
static int pass (int from, int to, struct dice *dice)
{
    static const size_t most[] = {1, 10, 1000, 65536};
    unsigned char buffer[65536];
    ssize_t size = recv (from, buffer, most[roll (dice, 4)], MSG_DONTWAIT), sent = 0;
    if (size <= 0)
        return size == -1 && errno == EAGAIN;
    while (sent < size) {
        ssize_t some = send (to, buffer + sent, (size_t) (size - sent), MSG_NOSIGNAL | MSG_DONTWAIT);
        struct pollfd room = {to, POLLOUT, 0};
        if (some > 0)
            sent += some;
        else if (errno != EAGAIN)
            return 0;
        /* Who does not read for so long is cut off, too. */
        else if (poll (&room, 1, 1000) == 0)
            return 0;
    }
    return 1;
}

static void *relay_all (void *argument)
{
    struct relay *relay = argument;
    int pairs[PIPED][2], count = 0, i;
    while (!atomic_load (&relay->over)) {
        struct pollfd files[1 + 2 * PIPED];
        files[0].fd = count < PIPED ? relay->listener : -1;
        files[0].events = POLLIN;
        for (i = 0; i < 2 * count; i++) {
            files[1 + i].fd = pairs[i / 2][i % 2];
            files[1 + i].events = POLLIN;
        }
        CHECK (poll (files, (nfds_t) (1 + 2 * count), 20) >= 0);
        for (i = 0; i < 2 * count; i++) {
            int *pair = pairs[i / 2];
            if (pair[0] == -1 || !files[1 + i].revents)
                continue;
            if (!pass (pair[i % 2], pair[!(i % 2)], &relay->dice)
                || (goes_on () && roll (&relay->dice, 100) == 0))
                cut (pair, &relay->dice);
        }
        for (i = 0; i < count; i++)
            if (pairs[i][0] == -1) {
                count--;
                memmove (pairs[i], pairs[count], sizeof pairs[i]);
                i--;
            }
        if (files[0].revents) {
            CHECK ((pairs[count][0] = accept (relay->listener, NULL, NULL)) != -1);
            pairs[count][1] = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
            if (connect (pairs[count][1], (struct sockaddr *) &relay->server, sizeof relay->server) == 0)
                count++;
            else
                cut (pairs[count], &relay->dice);
        }
    }
    for (i = 0; i < count; i++)
        cut (pairs[i], &relay->dice);
    close (relay->listener);
    return NULL;
}

/* A relay before an endpoint of ours; the endpoint then names the relay. */
static pthread_t begin_relay (struct relay *relay, char *endpoint, struct dice *dice)
{
    struct sockaddr_in own;
    socklen_t size = sizeof own;
    char *port = strrchr (endpoint, ':'), *path;
    char rest_of_it[ENDPOINT];
    memset (relay, 0, sizeof *relay);
    memset (&own, 0, sizeof own);
    own.sin_family = AF_INET;
    own.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
    relay->server = own;
    relay->server.sin_port = htons ((uint16_t) atoi (port + 1));
    relay->dice = another (dice);
    CHECK ((relay->listener = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) != -1);
    WORKS (bind (relay->listener, (struct sockaddr *) &own, sizeof own));
    WORKS (listen (relay->listener, 16));
    WORKS (getsockname (relay->listener, (struct sockaddr *) &own, &size));
    path = strchr (port, '/');
    snprintf (rest_of_it, ENDPOINT, "%s", path ? path : "");
    snprintf (port, (size_t) (endpoint + ENDPOINT - port), ":%d%.60s", ntohs (own.sin_port), rest_of_it);
    return start (relay_all, relay);
}

struct cut_flow {
    struct flow flow;
    void *socket;
    atomic_int heard_last;
    struct dice dice;
};

/* Sends until the other side has heard something that was sent after the cuts. */
static void *send_on (void *argument)
{
    struct cut_flow *self = argument;
    uint32_t number;
    for (number = 0; !atomic_load (&self->heard_last); number++) {
        uint32_t sender = goes_on () ? 1 : 2;
        while (!try_message (self->socket, &self->flow, sender, number, ZMQ_DONTWAIT)
               && !atomic_load (&self->heard_last)) {
            zmq_pollitem_t item = {self->socket, 0, ZMQ_POLLOUT, 0};
            CHECK (zmq_poll (&item, 1, 20) >= 0);
        }
        dawdle (&self->dice);
    }
    return NULL;
}

/* Who connects has one pipe for all its connections, so order holds beyond them; who binds has one
 * for each, and what is left in several comes in turn. A PAIR that binds hears nobody else while there
 * is something to read of its peer, be that gone: so here it is the one that sends. */
static void *survive (void *argument)
{
    struct dice *dice = argument;
    static const int types[][2] = {{ZMQ_PUSH, ZMQ_PULL}, {ZMQ_DEALER, ZMQ_DEALER}, {ZMQ_PUB, ZMQ_SUB},
                                   {ZMQ_PAIR, ZMQ_PAIR}};
    const int *type = types[roll (dice, 4)];
    int receiver_connects = type[0] == ZMQ_PUB || type[0] == ZMQ_PAIR || roll (dice, 2), mark = 1 + (int) roll (dice, 50);
    void *context = zmq_ctx_new ();
    void *receiver = open_socket (context, type[1], mark);
    struct reader reader = {.way = POLL, .count = 1, .sockets = {receiver}, .dice = another (dice)};
    struct cut_flow flow = {.flow = any_flow (dice), .dice = another (dice)};
    struct relay relay;
    pthread_t relaying, sending;
    char endpoint[ENDPOINT];
    uint32_t next = 0, room = 1u << 16, after_cuts = 0;
    unsigned char *seen = calloc (room, 1);
    flow.socket = open_socket (context, type[0], mark);
    set (flow.socket, ZMQ_LINGER, 0);
    set (receiver, ZMQ_LINGER, 0);
    if (type[1] == ZMQ_SUB)
        WORKS (zmq_setsockopt (receiver, ZMQ_SUBSCRIBE, "", 0));
    any_way (&reader, dice);
    snprintf (endpoint, ENDPOINT, zmq_has ("WS") && roll (dice, 2) ? "ws://127.0.0.1:*" : "tcp://127.0.0.1:*");
    bind_socket (receiver_connects ? flow.socket : receiver, endpoint);
    relaying = begin_relay (&relay, endpoint, dice);
    WORKS (zmq_connect (receiver_connects ? receiver : flow.socket, endpoint));
    sending = start (send_on, &flow);
    /* Some that were sent without cuts, one after the other. */
    while (after_cuts < 10) {
        struct head head;
        await_input (&reader);
        head = receive_message (receiver, &flow.flow, flags_of (&reader));
        CHECK (head.sender == 1 || head.sender == 2);
        if (receiver_connects) {
            CHECK (head.number >= next);
            next = head.number + 1;
        }
        while (head.number >= room) {
            CHECK ((seen = realloc (seen, 2 * (size_t) room)) != NULL);
            memset (seen + room, 0, room);
            room *= 2;
        }
        CHECK (!seen[head.number]++);
        after_cuts += head.sender == 2;
    }
    atomic_store (&flow.heard_last, 1);
    finish (sending);
    atomic_store (&relay.over, 1);
    finish (relaying);
    WORKS (zmq_close (flow.socket));
    WORKS (zmq_close (receiver));
    WORKS (zmq_ctx_term (context));
    free (seen);
    return NULL;
}

static void cuts (struct dice *dice)
{
    struct dice dice_of_them[2 * PEERS];
    pthread_t threads[2 * PEERS];
    int i;
    for (i = 0; i < 2 * PEERS; i++) {
        dice_of_them[i] = another (dice);
        threads[i] = start (survive, &dice_of_them[i]);
    }
    for (i = 0; i < 2 * PEERS; i++)
        finish (threads[i]);
}

int main (int argc, char **argv)
{
    static const struct step steps[] = {{"leaving", leaving},
                                        {"returning", returning},
                                        {"ending", ending},
                                        {"cuts", cuts},
                                        {NULL, NULL}};
    return run_case (steps, argc, argv);
}
