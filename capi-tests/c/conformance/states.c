/* SPDX-License-Identifier: MPL-2.0 */

/* What can be done with a socket, in each state that its type knows: alone, with a peer, in the
 * middle of a message, with its high-water mark reached. */

#include "report.h"

/* One for each play: names are free again only when their context ends. */
static void *context;

static void end (void)
{
    zmq_ctx_term (context);
    context = zmq_ctx_new ();
}

static void *open_socket (int type)
{
    int none = 0;
    void *socket = zmq_socket (context, type);
    zmq_setsockopt (socket, ZMQ_LINGER, &none, sizeof none);
    return socket;
}

static int get (void *socket, int option)
{
    int value = -999;
    size_t size = sizeof value;
    return zmq_getsockopt (socket, option, &value, &size) == 0 ? value : -1;
}

static void set (void *socket, int option, int value)
{
    zmq_setsockopt (socket, option, &value, sizeof value);
}

static void report_sending (void *socket, const char *state, const char *text, int flags)
{
    int result, errnum;
    doing ("%s: send '%s' flags %d", state, text, flags);
    result = zmq_send (socket, text, strlen (text), flags);
    errnum = zmq_errno ();
    if (result == -1)
        became ("%s, events %d", errno_name (errnum), get (socket, ZMQ_EVENTS));
    else
        became ("%d, events %d", result, get (socket, ZMQ_EVENTS));
}

static void report_receiving (void *socket, const char *state, int flags)
{
    char text[64] = "", shown[200] = "";
    int result, errnum, i;
    doing ("%s: recv flags %d", state, flags);
    result = zmq_recv (socket, text, sizeof text, flags);
    errnum = zmq_errno ();
    for (i = 0; i < result && i < 20; i++)
        sprintf (shown + strlen (shown), text[i] > ' ' && text[i] <= '~' ? "%c" : "\\%02x",
                 (unsigned char) text[i]);
    if (result == 5 && text[0] == 0)
        strcpy (shown, "a made-up id");
    if (result == -1)
        became ("%s, events %d", errno_name (errnum), get (socket, ZMQ_EVENTS));
    else
        became ("%d '%s', more %d, events %d", result, shown, get (socket, ZMQ_RCVMORE),
                get (socket, ZMQ_EVENTS));
}

/* Flags that mean something, and bits that mean nothing. Waiting here would never end. */
static void report_flags (void *socket, const char *state)
{
    static const int flags[] = {ZMQ_DONTWAIT, ZMQ_DONTWAIT | 4, ZMQ_DONTWAIT | 0x100,
                                ZMQ_DONTWAIT | INT32_MIN};
    size_t i;
    for (i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        report_receiving (socket, state, flags[i]);
        report_sending (socket, state, "a", flags[i]);
    }
    report_receiving (socket, state, ZMQ_DONTWAIT | ZMQ_SNDMORE);
    report_sending (socket, state, "b", ZMQ_DONTWAIT | ZMQ_SNDMORE);
    report_sending (socket, state, "", ZMQ_DONTWAIT | ZMQ_SNDMORE);
    report_sending (socket, state, "c", ZMQ_DONTWAIT);
    report_receiving (socket, state, ZMQ_DONTWAIT);
}

/* In a process of its own, for libzmq dies of a DGRAM alone. */
static void report_alone (void *arg)
{
    const struct named *type = arg;
    zmq_pollitem_t item = {NULL, 0, ZMQ_POLLIN | ZMQ_POLLOUT | ZMQ_POLLERR | ZMQ_POLLPRI, 0};
    void *socket;
    char state[100];
    context = zmq_ctx_new ();
    socket = open_socket (type->number);
    item.socket = socket;
    sprintf (state, "%s alone", type->name);
    doing ("%s: poll", state);
    returned (zmq_poll (&item, 1, 0));
    doing ("%s: revents", state);
    became ("%d", item.revents);
    report_flags (socket, state);
    doing ("%s: timeouts", state);
    set (socket, ZMQ_SNDTIMEO, 1);
    set (socket, ZMQ_RCVTIMEO, 1);
    {
        char octet;
        int sent = zmq_send (socket, "a", 1, 0);
        const char *how = sent == -1 ? errno_name (zmq_errno ()) : "sent";
        int received = zmq_recv (socket, &octet, 1, 0);
        became ("%s %s", how, received == -1 ? errno_name (zmq_errno ()) : "received");
    }
    doing ("%s: close", state);
    returned (zmq_close (socket));
    zmq_ctx_term (context);
}

/* Peers over inproc, where nothing happens behind one's back. */
static void report_together (const struct named *left_type, const struct named *right_type)
{
    void *left = open_socket (left_type->number), *right = open_socket (right_type->number);
    char state[100];
    set (left, ZMQ_SNDHWM, 3);
    set (left, ZMQ_RCVHWM, 3);
    set (right, ZMQ_SNDHWM, 3);
    set (right, ZMQ_RCVHWM, 3);
    if (left_type->number == ZMQ_SUB)
        zmq_setsockopt (left, ZMQ_SUBSCRIBE, "", 0);
    if (right_type->number == ZMQ_SUB)
        zmq_setsockopt (right, ZMQ_SUBSCRIBE, "", 0);
    zmq_setsockopt (left, ZMQ_ROUTING_ID, "left", 4);
    zmq_setsockopt (right, ZMQ_ROUTING_ID, "right", 5);
    zmq_bind (left, "inproc://together");
    sprintf (state, "%s with %s", left_type->name, right_type->name);
    doing ("%s: connect", state);
    returned (zmq_connect (right, "inproc://together"));
    sprintf (state, "%s bound to %s", left_type->name, right_type->name);
    report_flags (left, state);
    sprintf (state, "%s connected to %s", right_type->name, left_type->name);
    report_flags (right, state);
    sprintf (state, "%s bound to %s, again", left_type->name, right_type->name);
    report_flags (left, state);
    zmq_close (left);
    zmq_close (right);
    end ();
}

/* REQ and REP, step by step. */
static void report_requests (const char *note, int relaxed, int correlate)
{
    void *req = open_socket (ZMQ_REQ), *rep = open_socket (ZMQ_REP);
    char state[100], peer[100];
    set (req, ZMQ_REQ_RELAXED, relaxed);
    set (req, ZMQ_REQ_CORRELATE, correlate);
    zmq_bind (rep, "inproc://requests");
    zmq_connect (req, "inproc://requests");
    sprintf (state, "REQ%s", note);
    sprintf (peer, "REP of REQ%s", note);
    report_receiving (req, state, ZMQ_DONTWAIT);
    report_sending (rep, peer, "early", ZMQ_DONTWAIT);
    report_sending (req, state, "one", ZMQ_SNDMORE);
    report_receiving (req, state, ZMQ_DONTWAIT);
    report_sending (req, state, "two", ZMQ_DONTWAIT);
    report_sending (req, state, "again", ZMQ_DONTWAIT);
    report_receiving (rep, peer, ZMQ_DONTWAIT);
    report_sending (rep, peer, "too early", ZMQ_DONTWAIT);
    report_receiving (rep, peer, ZMQ_DONTWAIT);
    report_receiving (rep, peer, ZMQ_DONTWAIT);
    report_sending (rep, peer, "answer", ZMQ_SNDMORE);
    report_receiving (rep, peer, ZMQ_DONTWAIT);
    report_sending (rep, peer, "ends", ZMQ_DONTWAIT);
    report_sending (rep, peer, "twice", ZMQ_DONTWAIT);
    report_receiving (req, state, ZMQ_DONTWAIT);
    report_sending (req, state, "between", ZMQ_DONTWAIT);
    report_receiving (req, state, ZMQ_DONTWAIT);
    report_receiving (req, state, ZMQ_DONTWAIT);
    zmq_close (req);
    zmq_close (rep);
    end ();
}

/* A ROUTER and who it does not know. */
static void report_routing (int mandatory, int raw)
{
    void *router = open_socket (ZMQ_ROUTER);
    char state[100];
    sprintf (state, "ROUTER mandatory %d raw %d", mandatory, raw);
    set (router, ZMQ_ROUTER_MANDATORY, mandatory);
    set (router, ZMQ_ROUTER_RAW, raw);
    report_sending (router, state, "nobody", ZMQ_DONTWAIT);
    report_sending (router, state, "nobody", ZMQ_DONTWAIT | ZMQ_SNDMORE);
    report_sending (router, state, "text", ZMQ_DONTWAIT);
    report_sending (router, state, "", ZMQ_DONTWAIT | ZMQ_SNDMORE);
    report_sending (router, state, "text", ZMQ_DONTWAIT);
    zmq_close (router);
}

/* Where the high-water marks are. */
static void report_marks (const struct named *type, int peer_type, const char *peer_name, int marks, int of_peer)
{
    void *socket = open_socket (type->number), *peer = open_socket (peer_type);
    int sent = 0;
    set (socket, ZMQ_SNDHWM, marks);
    set (peer, ZMQ_RCVHWM, of_peer);
    if (peer_type == ZMQ_SUB)
        zmq_setsockopt (peer, ZMQ_SUBSCRIBE, "", 0);
    zmq_bind (peer, "inproc://marks");
    zmq_connect (socket, "inproc://marks");
    if (type->number == ZMQ_REQ || type->number == ZMQ_ROUTER) {
        zmq_close (socket);
        zmq_close (peer);
        end ();
        return;
    }
    get (peer, ZMQ_EVENTS);
    while (sent < 100 && zmq_send (socket, "a", 1, ZMQ_DONTWAIT) == 1)
        sent++;
    doing ("%s to %s, marks %d and %d: sent", type->name, peer_name, marks, of_peer);
    became ("%d", sent);
    zmq_close (socket);
    zmq_close (peer);
    end ();
}

#ifndef ZMQ_BUILD_DRAFT_API
static void poll_less_than_nothing (void *items) { returned (zmq_poll (items, -1, 0)); }
#endif

static void poll_null (void *none) { returned (zmq_poll (none, 1, 0)); }

/* zmq_poll with other things than sockets, and with nothing. */
static void report_polling (void)
{
    zmq_pollitem_t items[4];
    int ends[2];
    void *socket = open_socket (ZMQ_PUSH);
    memset (items, 0, sizeof items);
    doing ("poll nothing");
    returned (zmq_poll (items, 0, 0));
    doing ("poll nothing, NULL");
    returned (zmq_poll (NULL, 0, 0));
    doing ("poll nothing for a while");
    returned (zmq_poll (NULL, 0, 1));
#ifndef ZMQ_BUILD_DRAFT_API
    /* libzmq with the draft API reads what lies behind the items, and dies of it, or not. */
    doing ("poll -1 items");
    risk (poll_less_than_nothing, items);
#endif
    doing ("poll NULL");
    risk (poll_null, NULL);
    items[0].fd = 9999;
    items[0].events = ZMQ_POLLIN;
    doing ("poll a descriptor that is none");
    returned (zmq_poll (items, 1, 0));
    doing ("poll a descriptor that is none: revents");
    became ("%d", items[0].revents);
    if (pipe (ends) != 0)
        exit (2);
    items[0].fd = ends[0];
    items[0].events = ZMQ_POLLIN;
    items[1].fd = ends[1];
    items[1].events = ZMQ_POLLOUT | ZMQ_POLLIN;
    items[2].socket = socket;
    items[2].events = ZMQ_POLLIN | ZMQ_POLLOUT;
    doing ("poll a pipe and a socket");
    returned (zmq_poll (items, 3, 0));
    doing ("poll a pipe and a socket: revents");
    became ("%d %d %d", items[0].revents, items[1].revents, items[2].revents);
    if (write (ends[1], "a", 1) != 1)
        exit (2);
    items[1].events = 0;
    items[2].events = 0;
    doing ("poll a pipe that is readable, and for no events");
    returned (zmq_poll (items, 3, -1));
    doing ("poll a pipe that is readable, and for no events: revents");
    became ("%d %d %d", items[0].revents, items[1].revents, items[2].revents);
    close (ends[1]);
    doing ("poll a pipe with a closed end");
    returned (zmq_poll (items, 1, -1));
    doing ("poll a pipe with a closed end: revents");
    became ("%d", items[0].revents);
    items[0].events = ZMQ_POLLPRI | ZMQ_POLLERR;
    doing ("poll for errors and urgent data");
    returned (zmq_poll (items, 1, 0));
    close (ends[0]);
    zmq_close (socket);
}

static void report_subscriptions (void)
{
    static const char *const publishers[] = {"PUB", "XPUB"};
    int manual;
    void *sub = open_socket (ZMQ_SUB);
    doing ("SUB unsubscribe what was not subscribed");
    returned (zmq_setsockopt (sub, ZMQ_UNSUBSCRIBE, "x", 1));
    doing ("SUB subscribe twice");
    returned (zmq_setsockopt (sub, ZMQ_SUBSCRIBE, "x", 1) + zmq_setsockopt (sub, ZMQ_SUBSCRIBE, "x", 1));
    zmq_close (sub);
    for (manual = 0; manual < 4; manual++) {
        void *pub = open_socket (manual & 1 ? ZMQ_XPUB : ZMQ_PUB);
        set (pub, ZMQ_XPUB_MANUAL, manual >> 1);
        doing ("%s manual %d subscribe", publishers[manual & 1], manual >> 1);
        returned (zmq_setsockopt (pub, ZMQ_SUBSCRIBE, "x", 1));
        doing ("%s manual %d unsubscribe", publishers[manual & 1], manual >> 1);
        returned (zmq_setsockopt (pub, ZMQ_UNSUBSCRIBE, "x", 1));
        zmq_close (pub);
    }
}

static void report_xpub (const char *note, int option)
{
    void *xpub = open_socket (ZMQ_XPUB), *xsub = open_socket (ZMQ_XSUB);
    static const char *const requests[] = {"\001a", "\001a", "\001ab", "\000a", "\000zzz"};
    size_t i;
    char state[100];
    if (option)
        set (xpub, option, 1);
    zmq_setsockopt (xpub, ZMQ_XPUB_WELCOME_MSG, "welcome", 7);
    zmq_bind (xpub, "inproc://xpub");
    zmq_connect (xsub, "inproc://xpub");
    sprintf (state, "XSUB at XPUB%s", note);
    report_receiving (xsub, state, ZMQ_DONTWAIT);
    sprintf (state, "XPUB%s", note);
    for (i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        size_t size = requests[i][0] ? strlen (requests[i]) : 1 + strlen (requests[i] + 1);
        zmq_send (xsub, requests[i], size, 0);
        sprintf (state, "XPUB%s after request %u", note, (unsigned) i);
        report_receiving (xpub, state, ZMQ_DONTWAIT);
    }
    zmq_send (xsub, "plain", 5, 0);
    sprintf (state, "XPUB%s after a plain message", note);
    report_receiving (xpub, state, ZMQ_DONTWAIT);
    zmq_send (xsub, "", 0, 0);
    sprintf (state, "XPUB%s after an empty message", note);
    report_receiving (xpub, state, ZMQ_DONTWAIT);
    zmq_send (xsub, "\001more", 5, ZMQ_SNDMORE);
    zmq_send (xsub, "\001parts", 6, 0);
    sprintf (state, "XPUB%s after two parts", note);
    report_receiving (xpub, state, ZMQ_DONTWAIT);
    report_receiving (xpub, state, ZMQ_DONTWAIT);
    report_receiving (xpub, state, ZMQ_DONTWAIT);
    zmq_close (xsub);
    zmq_close (xpub);
    end ();
}

static void report_monitors (void)
{
    static const char *const endpoints[] = {"inproc://m", "", "inproc", "tcp://127.0.0.1:*", "ipc://m", "xyz://m"};
    size_t i;
    for (i = 0; i < sizeof endpoints / sizeof endpoints[0]; i++) {
        void *socket = open_socket (ZMQ_PAIR);
        doing ("monitor '%s'", endpoints[i]);
        /* Of no events, or libzmq waits for somebody to hear of the end. */
        returned (zmq_socket_monitor (socket, endpoints[i], 0));
        zmq_close (socket);
        end ();
    }
    {
        void *socket = open_socket (ZMQ_PAIR);
        doing ("monitor with too many events");
        returned (zmq_socket_monitor (socket, "inproc://m", 0x10000));
        doing ("monitor none");
        returned (zmq_socket_monitor (socket, NULL, 0));
        zmq_close (socket);
    }
    end ();
}

/* Each draft type with those that it talks to, and with those that it does not. */
static void report_draft_states (void)
{
#ifdef ZMQ_BUILD_DRAFT_API
    static const struct named pairs[][2] = {{{ZMQ_SERVER, "SERVER"}, {ZMQ_CLIENT, "CLIENT"}},
                                            {{ZMQ_RADIO, "RADIO"}, {ZMQ_DISH, "DISH"}},
                                            {{ZMQ_SCATTER, "SCATTER"}, {ZMQ_GATHER, "GATHER"}},
                                            {{ZMQ_PEER, "PEER"}, {ZMQ_PEER, "PEER"}},
                                            {{ZMQ_CHANNEL, "CHANNEL"}, {ZMQ_CHANNEL, "CHANNEL"}}};
    size_t i;
    int j;
    for (i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        const struct named *left = &pairs[i][0], *right = &pairs[i][1];
        report_together (left, right);
        if (left->number != right->number)
            report_together (right, left);
        for (j = 0; j < 9; j++) {
            report_marks (left, right->number, right->name, j % 3 * 2, j / 3 * 3);
            if (left->number != right->number)
                report_marks (right, left->number, left->name, j % 3 * 2, j / 3 * 3);
        }
    }
#endif
}

void report_states (void)
{
    static const struct named partners[] = {
        {ZMQ_PAIR, "PAIR"}, {ZMQ_SUB, "SUB"}, {ZMQ_PUB, "PUB"},     {ZMQ_REP, "REP"},
        {ZMQ_REQ, "REQ"},   {ZMQ_DEALER, "DEALER"}, {ZMQ_DEALER, "DEALER"}, {ZMQ_PUSH, "PUSH"},
        {ZMQ_PULL, "PULL"}, {ZMQ_XSUB, "XSUB"}, {ZMQ_XPUB, "XPUB"}, {-1, NULL}};
    int i, j;
    for (i = 0; types[i].name != NULL; i++) {
        struct named type = types[i];
        apart (report_alone, &type, 5);
    }
    context = zmq_ctx_new ();
    for (i = 0; partners[i].name != NULL; i++)
        report_together (&types[i], &partners[i]);
    report_together (&types[5], &types[6]);
    report_together (&types[9], &types[2]);
    report_together (&types[1], &types[10]);
    report_requests ("", 0, 0);
    report_requests (" relaxed", 1, 0);
    report_requests (" correlate", 0, 1);
    report_requests (" relaxed correlate", 1, 1);
    for (i = 0; i < 4; i++)
        report_routing (i & 1, i >> 1);
    for (i = 0; partners[i].name != NULL; i++) {
        if (i == 2 || i == 7 || i == 4 || i == 10)
            continue;
        for (j = 0; j < 9; j++)
            report_marks (&types[i], partners[i].number, partners[i].name, j % 3 * 2, j / 3 * 3);
    }
    for (j = 0; j < 9; j++)
        report_marks (&types[8], ZMQ_PULL, "PULL", j % 3 * 2, j / 3 * 3);
    report_draft_states ();
    report_polling ();
    report_subscriptions ();
    report_xpub ("", 0);
    report_xpub (" verbose", ZMQ_XPUB_VERBOSE);
    report_xpub (" verboser", ZMQ_XPUB_VERBOSER);
    report_xpub (" manual", ZMQ_XPUB_MANUAL);
    report_monitors ();
    zmq_ctx_term (context);
}
