/* SPDX-License-Identifier: MPL-2.0 */

/* The functions of the draft API, but for those that libzmq dies of. */

#include "report.h"

#ifdef ZMQ_BUILD_DRAFT_API

/* `zmq_disconnect_peer` is not in 4.3.5, so there is nobody to compare with. */

static void *context;

static void *open_socket (int type)
{
    int none = 0;
    void *socket = zmq_socket (context, type);
    zmq_setsockopt (socket, ZMQ_LINGER, &none, sizeof none);
    return socket;
}

/* A group of so many octets. */
static const char *group_of (size_t size)
{
    static char group[1024];
    memset (group, 'g', size);
    group[size] = 0;
    return group;
}

static const size_t group_sizes[] = {0, 1, 14, 15, 16, 31, 32, 127, 254, 255, 256, 257, 1000};
#define GROUPS (sizeof group_sizes / sizeof group_sizes[0])

static void report_message_group (size_t body, size_t size)
{
    zmq_msg_t msg, copy;
    const char *group;
    zmq_msg_init_size (&msg, body);
    doing ("message of %zu: group at first", body);
    became ("'%s'", zmq_msg_group (&msg));
    doing ("message of %zu: set group of %zu", body, size);
    returned (zmq_msg_set_group (&msg, group_of (size)));
    doing ("message of %zu: group of %zu", body, size);
    group = zmq_msg_group (&msg);
    became ("%zu octets, '%.20s'", strlen (group), group);
    doing ("message of %zu: set group of %zu, then a short one", body, size);
    returned (zmq_msg_set_group (&msg, "other"));
    doing ("message of %zu: group of %zu, then a short one", body, size);
    became ("'%s'", zmq_msg_group (&msg));
    zmq_msg_set_group (&msg, group_of (size));
    zmq_msg_init (&copy);
    doing ("message of %zu: with a group of %zu, copied", body, size);
    returned (zmq_msg_copy (&copy, &msg));
    doing ("message of %zu: with a group of %zu, the copy's", body, size);
    became ("%zu octets, body of %zu", strlen (zmq_msg_group (&copy)), zmq_msg_size (&copy));
    zmq_msg_close (&msg);
    zmq_msg_init (&msg);
    doing ("message of %zu: with a group of %zu, moved", body, size);
    returned (zmq_msg_move (&msg, &copy));
    doing ("message of %zu: with a group of %zu, the moved one's", body, size);
    became ("%zu octets, the other has '%s'", strlen (zmq_msg_group (&msg)), zmq_msg_group (&copy));
    zmq_msg_close (&msg);
    zmq_msg_close (&copy);
}

static void report_message_routing (size_t body)
{
    static const uint32_t ids[] = {0, 1, 2, 0x7fffffff, 0x80000000, UINT32_MAX};
    zmq_msg_t msg, copy;
    size_t i;
    zmq_msg_init_size (&msg, body);
    zmq_msg_init (&copy);
    doing ("message of %zu: routing id at first", body);
    became ("%u", zmq_msg_routing_id (&msg));
    for (i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        doing ("message of %zu: set routing id %u", body, ids[i]);
        returned (zmq_msg_set_routing_id (&msg, ids[i]));
        doing ("message of %zu: routing id after %u", body, ids[i]);
        became ("%u", zmq_msg_routing_id (&msg));
        zmq_msg_copy (&copy, &msg);
        doing ("message of %zu: the copy's routing id after %u", body, ids[i]);
        became ("%u", zmq_msg_routing_id (&copy));
    }
    zmq_msg_close (&copy);
    zmq_msg_close (&msg);
}

static void report_init_buffer (void)
{
    static const size_t sizes[] = {0, 1, 29, 33, 34, 100, 1000};
    static char buffer[1000];
    size_t i;
    memset (buffer, 'b', sizeof buffer);
    for (i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        zmq_msg_t msg;
        doing ("message init_buffer %zu", sizes[i]);
        returned (zmq_msg_init_buffer (&msg, buffer, sizes[i]));
        doing ("message init_buffer %zu: what it has", sizes[i]);
        became ("%zu octets, %s, %s", zmq_msg_size (&msg),
                memcmp (zmq_msg_data (&msg), buffer, sizes[i]) ? "others" : "the same",
                zmq_msg_data (&msg) == buffer ? "in place" : "a copy");
        zmq_msg_close (&msg);
    }
    {
        zmq_msg_t msg;
        doing ("message init_buffer NULL 0");
        returned (zmq_msg_init_buffer (&msg, NULL, 0));
        zmq_msg_close (&msg);
    }
}

static void report_groups (const struct named *type)
{
    void *socket = open_socket (type->number);
    size_t i;
    doing ("%s leaves what it did not join", type->name);
    returned (zmq_leave (socket, "never"));
    for (i = 0; i < GROUPS; i++) {
        doing ("%s joins %zu", type->name, group_sizes[i]);
        returned (zmq_join (socket, group_of (group_sizes[i])));
        doing ("%s joins %zu again", type->name, group_sizes[i]);
        returned (zmq_join (socket, group_of (group_sizes[i])));
    }
    for (i = 0; i < GROUPS; i++) {
        doing ("%s leaves %zu", type->name, group_sizes[i]);
        returned (zmq_leave (socket, group_of (group_sizes[i])));
        doing ("%s leaves %zu again", type->name, group_sizes[i]);
        returned (zmq_leave (socket, group_of (group_sizes[i])));
    }
    zmq_close (socket);
}

/* What RADIO and DISH make of groups, over inproc. */
static void report_radio (size_t size)
{
    void *radio = open_socket (ZMQ_RADIO), *dish = open_socket (ZMQ_DISH);
    int limit = 1000, i, events;
    size_t room = sizeof events;
    char name[40];
    zmq_msg_t msg;
    sprintf (name, "inproc://radio-%zu", size);
    zmq_setsockopt (dish, ZMQ_RCVTIMEO, &limit, sizeof limit);
    zmq_bind (dish, name);
    zmq_connect (radio, name);
    doing ("a group of %zu is joined", size);
    returned (zmq_join (dish, group_of (size)));
    /* libzmq tells and hears of the group in here only. */
    zmq_getsockopt (dish, ZMQ_EVENTS, &events, &room);
    zmq_getsockopt (radio, ZMQ_EVENTS, &events, &room);
    /* The first must not come. */
    for (i = 0; i < 2; i++) {
        zmq_msg_init_size (&msg, 3);
        memcpy (zmq_msg_data (&msg), i ? "yes" : "no!", 3);
        zmq_msg_set_group (&msg, i ? group_of (size) : "another");
        doing ("a group of %zu: message %d is sent", size, i);
        returned (zmq_msg_send (&msg, radio, ZMQ_DONTWAIT));
        zmq_msg_close (&msg);
    }
    zmq_msg_init (&msg);
    doing ("a group of %zu: what comes", size);
    if (zmq_msg_recv (&msg, dish, ZMQ_DONTWAIT) == -1)
        became ("%s", errno_name (zmq_errno ()));
    else
        became ("'%.*s' for %zu octets", (int) zmq_msg_size (&msg), (char *) zmq_msg_data (&msg),
                strlen (zmq_msg_group (&msg)));
    doing ("a group of %zu: what comes then", size);
    returned (zmq_msg_recv (&msg, dish, ZMQ_DONTWAIT));
    zmq_msg_close (&msg);
    zmq_close (radio);
    zmq_close (dish);
}

/* Numbers of peers: those that exist, and those that do not. */
static void report_numbers (int type, const char *type_name, int peer_type)
{
    void *socket = open_socket (type), *peer = open_socket (peer_type);
    int limit = 1000;
    uint32_t id;
    char name[40];
    zmq_msg_t msg;
    sprintf (name, "inproc://numbers-%s", type_name);
    zmq_setsockopt (socket, ZMQ_RCVTIMEO, &limit, sizeof limit);
    zmq_bind (socket, name);
    zmq_connect (peer, name);
    zmq_send (peer, "hello", 5, 0);
    zmq_msg_init (&msg);
    doing ("%s: a message comes", type_name);
    returned (zmq_msg_recv (&msg, socket, 0));
    id = zmq_msg_routing_id (&msg);
    doing ("%s: whose number is not 0", type_name);
    became ("%d", id != 0);
    zmq_msg_close (&msg);
    zmq_msg_init_size (&msg, 2);
    doing ("%s: an answer without number", type_name);
    returned (zmq_msg_send (&msg, socket, ZMQ_DONTWAIT));
    zmq_msg_set_routing_id (&msg, id + 1000);
    doing ("%s: an answer with another number", type_name);
    returned (zmq_msg_send (&msg, socket, ZMQ_DONTWAIT));
    zmq_msg_set_routing_id (&msg, id);
    doing ("%s: an answer in two parts", type_name);
    returned (zmq_msg_send (&msg, socket, ZMQ_DONTWAIT | ZMQ_SNDMORE));
    doing ("%s: an answer", type_name);
    returned (zmq_msg_send (&msg, socket, ZMQ_DONTWAIT));
    zmq_msg_init (&msg);
    doing ("%s: its peer hears", type_name);
    returned (zmq_msg_recv (&msg, peer, ZMQ_DONTWAIT));
    doing ("%s: its peer sees a number", type_name);
    became ("%d", zmq_msg_routing_id (&msg) != 0);
    zmq_msg_close (&msg);
    zmq_close (peer);
    zmq_close (socket);
}

static void report_connect_peer (const struct named *type)
{
    static const char *const endpoints[] = {"", "nonsense", "xyz://a", "tcp://127.0.0.1", "inproc://nobody",
                                            "tcp://127.0.0.1:1", "ipc://nobody.sock"};
    void *socket = open_socket (type->number);
    size_t i;
    for (i = 0; i < sizeof endpoints / sizeof endpoints[0]; i++) {
        uint32_t id;
        doing ("%s connect_peer '%s'", type->name, endpoints[i]);
        id = zmq_connect_peer (socket, endpoints[i]);
        became ("%s", id ? "a number" : errno_name (zmq_errno ()));
    }
    zmq_close (socket);
}

static void report_peer_state (const struct named *type)
{
    void *socket = open_socket (type->number);
    doing ("%s: state of an unknown peer", type->name);
    returned (zmq_socket_get_peer_state (socket, "unknown", 7));
    doing ("%s: state of nobody", type->name);
    returned (zmq_socket_get_peer_state (socket, "", 0));
    zmq_close (socket);
}

static void report_monitors (const struct named *type)
{
    static const struct named kinds[] = {{ZMQ_PAIR, "PAIR"}, {ZMQ_PUB, "PUB"},   {ZMQ_PUSH, "PUSH"},
                                         {ZMQ_SUB, "SUB"},   {ZMQ_XPUB, "XPUB"}, {ZMQ_DEALER, "DEALER"},
                                         {-1, "-1"},         {99, "99"},         {0, NULL}};
    const struct named *kind;
    int version;
    void *socket = open_socket (type->number);
    doing ("%s: pipes_stats without monitor", type->name);
    returned (zmq_socket_monitor_pipes_stats (socket));
    for (version = 0; version < 4; version++)
        for (kind = kinds; kind->name != NULL; kind++) {
            char name[80];
            sprintf (name, "inproc://monitor-%s-%d-%s", type->name, version, kind->name);
            doing ("%s: monitor of version %d as %s", type->name, version, kind->name);
            returned (zmq_socket_monitor_versioned (socket, name, 0, version, kind->number));
            doing ("%s: monitor of version %d as %s ends", type->name, version, kind->name);
            returned (zmq_socket_monitor_versioned (socket, NULL, 0, version, kind->number));
        }
    doing ("%s: monitor of version 1 of too many events", type->name);
    returned (zmq_socket_monitor_versioned (socket, "inproc://many", (uint64_t) 1 << 40, 1, ZMQ_PAIR));
    doing ("%s: monitor over tcp", type->name);
    returned (zmq_socket_monitor_versioned (socket, "tcp://127.0.0.1:*", 0, 2, ZMQ_PAIR));
    zmq_close (socket);
}

static void report_extended (void)
{
    static const size_t sizes[] = {0, 1, 3, 4, 5, 8, 15, 16, 17, 100};
    static const int values[] = {0, 1, 2, -1, 7};
    const struct named *option;
    size_t i, j;
    for (option = context_options; option->name != NULL; option++) {
        for (i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
            char text[128];
            size_t size = sizes[i];
            void *fresh = zmq_ctx_new ();
            memset (text, 0, sizeof text);
            doing ("ctx_get_ext %s room %zu", option->name, sizes[i]);
            if (zmq_ctx_get_ext (fresh, option->number, text, &size) == -1)
                became ("%s", errno_name (zmq_errno ()));
            else
                became ("%zu octets %02x %02x %02x %02x", size, text[0] & 255, text[1] & 255, text[2] & 255,
                        text[3] & 255);
            zmq_ctx_term (fresh);
            for (j = 0; j < sizeof values / sizeof values[0]; j++) {
                fresh = zmq_ctx_new ();
                memset (text, 0, sizeof text);
                memcpy (text, &values[j], sizeof values[j]);
                doing ("ctx_set_ext %s %d in %zu octets", option->name, values[j], sizes[i]);
                returned (zmq_ctx_set_ext (fresh, option->number, text, sizes[i]));
                doing ("ctx_set_ext %s %d in %zu octets, then", option->name, values[j], sizes[i]);
                returned (zmq_ctx_get (fresh, option->number));
                zmq_ctx_term (fresh);
            }
        }
    }
    for (i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        char text[128] = "";
        size_t size = sizeof text;
        void *fresh = zmq_ctx_new ();
        doing ("ctx_set_ext THREAD_NAME_PREFIX text of %zu", sizes[i]);
        returned (zmq_ctx_set_ext (fresh, ZMQ_THREAD_NAME_PREFIX, group_of (sizes[i]), sizes[i]));
        doing ("ctx_get_ext THREAD_NAME_PREFIX after text of %zu", sizes[i]);
        if (zmq_ctx_get_ext (fresh, ZMQ_THREAD_NAME_PREFIX, text, &size) == -1)
            became ("%s", errno_name (zmq_errno ()));
        else
            became ("%zu '%s'", size, text);
        zmq_ctx_term (fresh);
    }
}

#define EVENTS 4

static void report_found (int result, const zmq_poller_event_t *events)
{
    int i;
    char text[200] = "";
    if (result == -1) {
        became ("%s, socket %s, fd %d, user_data %s, events %d", errno_name (zmq_errno ()),
                events->socket ? "set" : "NULL", events->fd, events->user_data ? "set" : "NULL", events->events);
        return;
    }
    for (i = 0; i < (result ? result : 1) && i < EVENTS; i++)
        sprintf (text + strlen (text), " [%s %s %d]", events[i].socket ? "socket" : "fd",
                 events[i].user_data ? (char *) events[i].user_data : "-", events[i].events);
    became ("%d%s", result, text);
}

static void report_poller (void)
{
    zmq_poller_event_t events[EVENTS];
    void *poller = zmq_poller_new (), *socket = open_socket (ZMQ_PAIR), *peer = open_socket (ZMQ_PAIR),
         *server = open_socket (ZMQ_SERVER);
    int ends[2], limit;
    static const int event_sets[] = {0, 1, 2, 4, 8, 15, 16, 32, -1};
    size_t i;
    zmq_fd_t fd = -1;
    if (pipe (ends) != 0)
        exit (2);
    zmq_bind (socket, "inproc://poller");
    zmq_connect (peer, "inproc://poller");
    memset (events, 0x55, sizeof events);
#define ASK(text, call)                                                                            \
    doing ("poller: %s", text);                                                                    \
    returned (call)
#define WAIT(text, n, time)                                                                        \
    memset (events, 0, sizeof events);                                                             \
    doing ("poller: %s", text);                                                                    \
    report_found (n ? zmq_poller_wait_all (poller, events, n, time)                                \
                    : zmq_poller_wait (poller, events, time),                                      \
                  events)
    ASK ("size of a new one", zmq_poller_size (poller));
    ASK ("fd of a new one", zmq_poller_fd (poller, &fd));
    WAIT ("wait with nothing", 0, 0);
    WAIT ("wait_all with nothing", 3, 0);
    WAIT ("wait with nothing, for ever", 0, -1);
    WAIT ("wait_all with nothing, for ever", 3, -1);
    WAIT ("wait with nothing, for a while", 0, 1);
    ASK ("remove what is not there", zmq_poller_remove (poller, socket));
    ASK ("modify what is not there", zmq_poller_modify (poller, socket, ZMQ_POLLIN));
    ASK ("remove a descriptor that is not there", zmq_poller_remove_fd (poller, ends[0]));
    ASK ("modify a descriptor that is not there", zmq_poller_modify_fd (poller, ends[0], ZMQ_POLLIN));
    ASK ("add descriptor -1", zmq_poller_add_fd (poller, -1, NULL, ZMQ_POLLIN));
    ASK ("modify descriptor -1", zmq_poller_modify_fd (poller, -1, ZMQ_POLLIN));
    ASK ("remove descriptor -1", zmq_poller_remove_fd (poller, -1));
    for (i = 0; i < sizeof event_sets / sizeof event_sets[0]; i++) {
        doing ("poller: add for events %d", event_sets[i]);
        returned (zmq_poller_add (poller, peer, NULL, (short) event_sets[i]));
        doing ("poller: modify for events %d", event_sets[i]);
        returned (zmq_poller_modify (poller, peer, (short) event_sets[i]));
        doing ("poller: remove for events %d", event_sets[i]);
        returned (zmq_poller_remove (poller, peer));
        doing ("poller: add a descriptor for events %d", event_sets[i]);
        returned (zmq_poller_add_fd (poller, ends[0], NULL, (short) event_sets[i]));
        doing ("poller: modify a descriptor for events %d", event_sets[i]);
        returned (zmq_poller_modify_fd (poller, ends[0], (short) event_sets[i]));
        doing ("poller: remove a descriptor for events %d", event_sets[i]);
        returned (zmq_poller_remove_fd (poller, ends[0]));
    }
    ASK ("add", zmq_poller_add (poller, socket, "socket", ZMQ_POLLIN));
    ASK ("add twice", zmq_poller_add (poller, socket, "socket", ZMQ_POLLIN));
    ASK ("size with one", zmq_poller_size (poller));
    ASK ("fd with a socket that is not thread safe", zmq_poller_fd (poller, &fd));
    WAIT ("wait in vain", 0, 0);
    WAIT ("wait_all in vain", 3, 0);
    zmq_send (peer, "a", 1, 0);
    WAIT ("wait for a message", 0, 1000);
    WAIT ("wait_all for a message", 3, 1000);
    ASK ("modify to output", zmq_poller_modify (poller, socket, ZMQ_POLLOUT));
    WAIT ("wait for room", 0, 1000);
    ASK ("modify to nothing", zmq_poller_modify (poller, socket, 0));
    WAIT ("wait for nothing of it", 0, 0);
    WAIT ("wait for nothing of it, for ever", 0, -1);
    ASK ("modify to both", zmq_poller_modify (poller, socket, ZMQ_POLLIN | ZMQ_POLLOUT));
    WAIT ("wait for both", 0, 1000);
    ASK ("add a descriptor", zmq_poller_add_fd (poller, ends[0], "pipe", ZMQ_POLLIN));
    ASK ("add a descriptor twice", zmq_poller_add_fd (poller, ends[0], "pipe", ZMQ_POLLIN));
    ASK ("size with two", zmq_poller_size (poller));
    if (write (ends[1], "a", 1) != 1)
        exit (2);
    ASK ("add another", zmq_poller_add (poller, server, NULL, ZMQ_POLLIN | ZMQ_POLLOUT));
    for (limit = 1; limit < 5; limit++) {
        memset (events, 0, sizeof events);
        doing ("poller: wait_all for at most %d: how many", limit);
        returned (zmq_poller_wait_all (poller, events, limit, 1000));
    }
    ASK ("remove", zmq_poller_remove (poller, socket));
    ASK ("remove a descriptor", zmq_poller_remove_fd (poller, ends[0]));
    ASK ("remove the other", zmq_poller_remove (poller, server));
    ASK ("size at the end", zmq_poller_size (poller));
    ASK ("add with a thread-safe one alone", zmq_poller_add (poller, server, NULL, ZMQ_POLLIN));
    ASK ("fd with a thread-safe socket", zmq_poller_fd (poller, &fd));
    doing ("poller: the fd is a descriptor");
    became ("%d", fd >= 0);
    zmq_close (server);
    ASK ("destroy with a closed socket", zmq_poller_destroy (&poller));
    doing ("poller: destroyed");
    became ("%s", poller == NULL ? "NULL" : "a pointer");
    ASK ("destroy again", zmq_poller_destroy (&poller));
    zmq_close (socket);
    zmq_close (peer);
    close (ends[0]);
    close (ends[1]);
}

static void report_ppoll (void)
{
    zmq_pollitem_t items[2];
    sigset_t none;
    void *socket = open_socket (ZMQ_CHANNEL);
    sigemptyset (&none);
    memset (items, 0, sizeof items);
    items[0].socket = socket;
    items[0].events = ZMQ_POLLIN | ZMQ_POLLOUT;
    doing ("ppoll nothing");
    returned (zmq_ppoll (NULL, 0, 0, NULL));
    doing ("ppoll nothing for a while, with a mask");
    returned (zmq_ppoll (NULL, 0, 1, &none));
    doing ("ppoll -1 items");
    returned (zmq_ppoll (items, -1, 0, NULL));
    doing ("ppoll NULL");
    returned (zmq_ppoll (NULL, 1, 0, NULL));
    doing ("ppoll a thread-safe socket");
    returned (zmq_ppoll (items, 1, 0, &none));
    doing ("poll a thread-safe socket");
    returned (zmq_poll (items, 1, 0));
    zmq_close (socket);
}

void report_drafts (void)
{
    static const size_t bodies[] = {0, 1, 33, 34, 1000};
    const struct named *type;
    size_t i, k;
    for (i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        for (k = 0; k < GROUPS; k++)
            report_message_group (bodies[i], group_sizes[k]);
        report_message_routing (bodies[i]);
    }
    report_init_buffer ();
    context = zmq_ctx_new ();
    for (type = types; type->name != NULL; type++) {
        report_groups (type);
        report_connect_peer (type);
        report_peer_state (type);
        report_monitors (type);
    }
    for (k = 0; k < GROUPS; k++)
        report_radio (group_sizes[k]);
    report_numbers (ZMQ_SERVER, "SERVER", ZMQ_CLIENT);
    report_numbers (ZMQ_PEER, "PEER", ZMQ_PEER);
    report_poller ();
    report_ppoll ();
    zmq_ctx_term (context);
    report_extended ();
}

#endif
