/* SPDX-License-Identifier: MPL-2.0 */

/* Every option on every type of socket, with every kind of value. */

#include "report.h"

const struct named options[] = {
    {4, "AFFINITY"},
    {5, "ROUTING_ID"},
    {6, "SUBSCRIBE"},
    {7, "UNSUBSCRIBE"},
    {8, "RATE"},
    {9, "RECOVERY_IVL"},
    {11, "SNDBUF"},
    {12, "RCVBUF"},
    {13, "RCVMORE"},
    {14, "FD"},
    {15, "EVENTS"},
    {16, "TYPE"},
    {17, "LINGER"},
    {18, "RECONNECT_IVL"},
    {19, "BACKLOG"},
    {21, "RECONNECT_IVL_MAX"},
    {22, "MAXMSGSIZE"},
    {23, "SNDHWM"},
    {24, "RCVHWM"},
    {25, "MULTICAST_HOPS"},
    {27, "RCVTIMEO"},
    {28, "SNDTIMEO"},
    {31, "IPV4ONLY"},
    {32, "LAST_ENDPOINT"},
    {33, "ROUTER_MANDATORY"},
    {34, "TCP_KEEPALIVE"},
    {35, "TCP_KEEPALIVE_CNT"},
    {36, "TCP_KEEPALIVE_IDLE"},
    {37, "TCP_KEEPALIVE_INTVL"},
    {38, "TCP_ACCEPT_FILTER"},
    {39, "IMMEDIATE"},
    {40, "XPUB_VERBOSE"},
    {41, "ROUTER_RAW"},
    {42, "IPV6"},
    {43, "MECHANISM"},
    {44, "PLAIN_SERVER"},
    {45, "PLAIN_USERNAME"},
    {46, "PLAIN_PASSWORD"},
    {47, "CURVE_SERVER"},
    {48, "CURVE_PUBLICKEY"},
    {49, "CURVE_SECRETKEY"},
    {50, "CURVE_SERVERKEY"},
    {51, "PROBE_ROUTER"},
    {52, "REQ_CORRELATE"},
    {53, "REQ_RELAXED"},
    {54, "CONFLATE"},
    {55, "ZAP_DOMAIN"},
    {56, "ROUTER_HANDOVER"},
    {57, "TOS"},
    {58, "IPC_FILTER_PID"},
    {59, "IPC_FILTER_UID"},
    {60, "IPC_FILTER_GID"},
    {61, "CONNECT_ROUTING_ID"},
    {62, "GSSAPI_SERVER"},
    {63, "GSSAPI_PRINCIPAL"},
    {64, "GSSAPI_SERVICE_PRINCIPAL"},
    {65, "GSSAPI_PLAINTEXT"},
    {66, "HANDSHAKE_IVL"},
    {68, "SOCKS_PROXY"},
    {69, "XPUB_NODROP"},
    {71, "XPUB_MANUAL"},
    {72, "XPUB_WELCOME_MSG"},
    {73, "STREAM_NOTIFY"},
    {74, "INVERT_MATCHING"},
    {75, "HEARTBEAT_IVL"},
    {76, "HEARTBEAT_TTL"},
    {77, "HEARTBEAT_TIMEOUT"},
    {78, "XPUB_VERBOSER"},
    {79, "CONNECT_TIMEOUT"},
    {80, "TCP_MAXRT"},
    {81, "THREAD_SAFE"},
    {84, "MULTICAST_MAXTPDU"},
    {85, "VMCI_BUFFER_SIZE"},
    {86, "VMCI_BUFFER_MIN_SIZE"},
    {87, "VMCI_BUFFER_MAX_SIZE"},
    {88, "VMCI_CONNECT_TIMEOUT"},
    {89, "USE_FD"},
    {90, "GSSAPI_PRINCIPAL_NAMETYPE"},
    {91, "GSSAPI_SERVICE_PRINCIPAL_NAMETYPE"},
    {92, "BINDTODEVICE"},
    {93, "ZAP_ENFORCE_DOMAIN"},
    {94, "LOOPBACK_FASTPATH"},
    {95, "METADATA"},
    {96, "MULTICAST_LOOP"},
    {97, "ROUTER_NOTIFY"},
    {98, "XPUB_MANUAL_LAST_VALUE"},
    {99, "SOCKS_USERNAME"},
    {100, "SOCKS_PASSWORD"},
    {101, "IN_BATCH_SIZE"},
    {102, "OUT_BATCH_SIZE"},
    {103, "WSS_KEY_PEM"},
    {104, "WSS_CERT_PEM"},
    {105, "WSS_TRUST_PEM"},
    {106, "WSS_HOSTNAME"},
    {107, "WSS_TRUST_SYSTEM"},
    {108, "ONLY_FIRST_SUBSCRIBE"},
    {109, "RECONNECT_STOP"},
    {110, "HELLO_MSG"},
    {111, "DISCONNECT_MSG"},
    {112, "PRIORITY"},
    {113, "BUSY_POLL"},
    {114, "HICCUP_MSG"},
    {115, "XSUB_VERBOSE_UNSUBSCRIBE"},
    {116, "TOPICS_COUNT"},
    {117, "NORM_MODE"},
    {118, "NORM_UNICAST_NACK"},
    {119, "NORM_BUFFER_SIZE"},
    {120, "NORM_SEGMENT_SIZE"},
    {121, "NORM_BLOCK_SIZE"},
    {122, "NORM_NUM_PARITY"},
    {123, "NORM_NUM_AUTOPARITY"},
    {124, "NORM_PUSH"},    {0, NULL}};

static void *context;

/* Values, by the text that stands for them in the report. */
struct value
{
    const char *name;
    const void *data;
    size_t size;
};

static const int integers[] = {-1000, -100,  -99,   -2,    -1,         0,       1,
                               2,     3,     4,     99,    100,        255,     256,
                               65535, 65536, 65600, 1 << 20, 6553599, 6553600, INT32_MAX,
                               INT32_MIN};
static const int64_t longs[] = {0, 1, -1, 256, (int64_t) 1 << 40, INT64_MIN, INT64_MAX};
static char filler[1024];

/* Texts that mean something to some option, whole and of unusual lengths. */
static const char *const texts[] = {"a",
                                    "abc",
                                    "abcd",
                                    "127.0.0.1",
                                    "127.0.0.1/8",
                                    "127.0.0.1/33",
                                    "127.0.0.1/",
                                    "::1",
                                    "::1/128",
                                    "::1/129",
                                    "lo",
                                    "127.0.0.1:1080",
                                    "X-name:value",
                                    "X-name",
                                    "name:value",
                                    "X-:value",
                                    "X-name:",
                                    "Yne@$w0&Vd+fO>W[E?k7KzZ9/%tW2Xn+QQ&5QEqC",
                                    "                                        "};

static void shown (char *text, size_t room, const unsigned char *data, size_t size)
{
    size_t i, at = 0;
    uint32_t hash = 2166136261u;
    for (i = 0; i < size; i++)
        hash = (hash ^ data[i]) * 16777619u;
    if (size > 16) {
        snprintf (text, room, "%zu octets %08x", size, hash);
        return;
    }
    for (i = 0; i < size && at + 3 < room; i++)
        at += (size_t) snprintf (text + at, room - at, "%02x", data[i]);
    if (size == 0)
        snprintf (text, room, "nothing");
}

/* Some values are of this process only. */
static int is_private (int option) { return option == ZMQ_FD; }

/* What can be read with a buffer of this size. */
static void read_option (void *socket, int option, size_t room, char *text, size_t text_room)
{
    unsigned char data[1200];
    size_t size = room;
    memset (data, 0xee, sizeof data);
    if (zmq_getsockopt (socket, option, data, &size) == -1)
        snprintf (text, text_room, "%s", errno_name (zmq_errno ()));
    else if (is_private (option))
        snprintf (text, text_room, "%zu private octets", size);
    else if (data[room] != 0xee || size > sizeof data)
        snprintf (text, text_room, "too much");
    else
        shown (text, text_room, data, size);
}

/* What the option is, read the way that works. */
static void present (void *socket, int option, char *text, size_t room)
{
    static const size_t rooms[] = {4, 8, 1024, 41, 32};
    size_t i;
    for (i = 0; i < sizeof rooms / sizeof rooms[0]; i++) {
        read_option (socket, option, rooms[i], text, room);
        if (strcmp (text, "EINVAL") != 0)
            return;
    }
}

static void write_option (void *socket, int option, const struct value *value)
{
    char before[64], after[64];
    int result;
    present (socket, option, before, sizeof before);
    result = zmq_setsockopt (socket, option, value->data, value->size);
    if (result == -1) {
        became ("%s", errno_name (zmq_errno ()));
        return;
    }
    present (socket, option, after, sizeof after);
    if (strcmp (before, after) == 0)
        became ("%d", result);
    else
        became ("%d, now %s", result, after);
}

static void report_reading (const char *type, const char *name, int option, void *socket)
{
    static const size_t rooms[] = {0, 1, 3, 4, 5, 7, 8, 9, 31, 32, 33, 40, 41, 42, 254, 255, 256, 1024};
    size_t i;
    for (i = 0; i < sizeof rooms / sizeof rooms[0]; i++) {
        char text[64];
        read_option (socket, option, rooms[i], text, sizeof text);
        doing ("get %s %s room %zu", type, name, rooms[i]);
        became ("%s", text);
    }
}

static void report_writing (const char *type, const char *name, int option, void *socket)
{
    static const size_t lengths[] = {0, 1, 2, 3, 5, 7, 9, 16, 17, 31, 32, 33, 39, 40, 41, 42, 254, 255, 256, 1000};
    struct value value;
    size_t i;
    for (i = 0; i < sizeof integers / sizeof integers[0]; i++) {
        value.data = &integers[i];
        value.size = sizeof integers[i];
        doing ("set %s %s int %d", type, name, integers[i]);
        write_option (socket, option, &value);
    }
    for (i = 0; i < sizeof longs / sizeof longs[0]; i++) {
        value.data = &longs[i];
        value.size = sizeof longs[i];
        doing ("set %s %s long %lld", type, name, (long long) longs[i]);
        write_option (socket, option, &value);
    }
    for (i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        value.data = texts[i];
        value.size = strlen (texts[i]);
        doing ("set %s %s text '%s'", type, name, texts[i]);
        write_option (socket, option, &value);
    }
    for (i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        value.data = filler;
        value.size = lengths[i];
        doing ("set %s %s length %zu", type, name, lengths[i]);
        write_option (socket, option, &value);
    }
    value.data = NULL;
    value.size = 0;
    doing ("set %s %s NULL", type, name);
    write_option (socket, option, &value);
}

struct question
{
    const struct named *type;
    const struct named *option;
};

/* Threads do not survive a fork: the context is made here. */
static void report_option (void *arg)
{
    const struct question *asked = arg;
    void *socket;
    context = zmq_ctx_new ();
    socket = zmq_socket (context, asked->type->number);
    /* A NULL that is said to have octets kills. */
    report_reading (asked->type->name, asked->option->name, asked->option->number, socket);
    report_writing (asked->type->name, asked->option->name, asked->option->number, socket);
    zmq_close (socket);
    zmq_ctx_term (context);
}

void report_options (void)
{
    static const struct named unknown[] = {
        {0, "0"},     {1, "1"},     {3, "3"},     {10, "10"},   {20, "20"},
        {26, "26"},   {30, "30"},   {67, "67"},   {70, "70"},   {82, "82"},
        {83, "83"},   {125, "125"}, {-1, "-1"},   {1000, "1000"}, {INT32_MAX, "INT_MAX"},
        {INT32_MIN, "INT_MIN"},     {0, NULL}};
    const struct named *const lists[] = {options, unknown};
    struct question asked;
    size_t i;
    memset (filler, 'f', sizeof filler);
    for (asked.type = types; asked.type->name != NULL; asked.type++)
        for (i = 0; i < sizeof lists / sizeof lists[0]; i++)
            for (asked.option = lists[i]; asked.option->name != NULL; asked.option++)
                apart (report_option, &asked, 5);
}
