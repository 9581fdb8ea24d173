/* SPDX-License-Identifier: MPL-2.0 */

/* Bind, connect and taking either back, with endpoints good and bad. Nothing here leaves the
 * machine: what is connected to is on the loopback interface, and nothing that would be asked of a
 * name service is connected to. No address of vmci and vsock is one: they lead off the machine. */

#include "report.h"

static void *context;

static void *open_socket (int type)
{
    int none = 0;
    void *socket = zmq_socket (context, type);
    zmq_setsockopt (socket, ZMQ_LINGER, &none, sizeof none);
    return socket;
}

static char long_ipc[300], long_inproc[300];

/* For both bind and connect. */
static const char *const both[] = {
  "", ":", "/", "//", "://", "tcp", "tcp:", "tcp:/", "tcp:127.0.0.1:1", "://127.0.0.1:1", "xyz://a",
  "TCP://127.0.0.1:5", " tcp://127.0.0.1:5", "tcp ://127.0.0.1:5", "tcp://", "tcp://*", "tcp://:",
  "tcp://127.0.0.1", "tcp://127.0.0.1:", "tcp://127.0.0.1:65536", "tcp://127.0.0.1:99999999999",
  "tcp://127.0.0.1:-1", "tcp://127.0.0.1:abc", "tcp://127.0.0.1:1.5", "tcp://[::1]", "tcp://[::1]:",
  "tcp://127.0.0.1/5", "tcp://[::1]:70000", "ipc://", "ipc://@", "ipc:///", "ipc:///nowhere/at/all",
  "ipc:///dev/null/x", "ipc:///tmp", long_ipc, "udp://127.0.0.1:5", "udp://", "pgm://127.0.0.1;224.0.0.1:5",
  "epgm://127.0.0.1;224.0.0.1:5", "norm://127.0.0.1:5", "vmci://1", "vmci://x:2", "vsock://1",
  "vsock://x:2", "tipc://", "tipc://{1,2,3}", "tipc://{5560,2,1}", "tipc://<1>", "tipc://x", "tipc://<*>",
  "tipc://<1.2.3:4>", "tipc://{5560,0,0}", "tipc://{5560,0}@0.0.0", "inproc://"};

static const char *const for_bind[] = {
  "tcp://*:*", "tcp://*:0", "tcp://127.0.0.1:*", "tcp://127.0.0.1:0", "tcp://127.0.0.1:!", "tcp://lo:*",
  "tcp://[::1]:*", "tcp://::1:*", "tcp://[127.0.0.1]:*", "tcp://localhost:*", "tcp://nosuchinterface:*",
  "tcp://192.0.2.1:*", "tcp://*:*x", "tcp://127.0.0.1:0x", "tcp://127.0.0.1:*;127.0.0.1:1",
  "tcp://0.0.0.0:*", "tcp://0:*", "tcp://1:*", "tcp://127.1:*", "tcp://[*]:*", "tcp://[::]:*", "tcp://:*", "ipc://*",
  "ipc://@*", "ipc://@ferrozmq-conformance", "ipc://conformance.sock", "inproc://a", "inproc://*",
  long_inproc, "inproc://a b\tc", "inproc://\xff\xfe",
  "tcp://[::1", "tcp://::1]:5", "tcp://[]:5", "tcp://256.0.0.1:5", "tcp://127.0.0.1:5:6"};

static const char *const for_connect[] = {
  "tcp://*:5", "tcp://127.0.0.1:*", "tcp://127.0.0.1:0", "tcp://127.0.0.1:5", "tcp://127.0.0.1:05", "tcp://127.0.0.1:+5",
  "tcp://127.0.0.1: 5", "tcp://127.0.0.1:5 ", "tcp://127.0.0.1:5x", "tcp://0.0.0.0:5", "tcp://[::1]:5", "tcp://::1:5",
  "tcp://[127.0.0.1]:5", "tcp://127.1:5", "tcp://127.0.0.1:0;127.0.0.1:5", "tcp://127.0.0.1;127.0.0.1:5", "tcp://;127.0.0.1:5", "tcp://lo:0;127.0.0.1:5",
  "tcp://x;127.0.0.1:5", "tcp://127.0.0.1:5;", "tcp://127.0.0.1:0;", "tcp://127.0.0.1:5;127.0.0.1",
  "ipc://*", "ipc://@ferrozmq-nobody", "ipc://nobody.sock", "inproc://nobody", "inproc://*", long_inproc};

/* Ports and made-up names differ from run to run. */
static void masked (char *endpoint)
{
    char *colon = strrchr (endpoint, ':');
    if (strncmp (endpoint, "tcp://", 6) == 0 && colon != NULL && atoi (colon + 1) > 1024)
        strcpy (colon + 1, "PORT");
    char *made_up = strstr (endpoint, "/tmp");
    if (strncmp (endpoint, "ipc://", 6) == 0 && made_up != NULL && strlen (made_up) > 10)
        strcpy (made_up + 4, "...");
    if (strncmp (endpoint, "ipc://@", 7) == 0 && strlen (endpoint) == 12)
        strcpy (endpoint + 7, "...");
}

static void last_endpoint (void *socket, char *endpoint, size_t size)
{
    endpoint[0] = '\0';
    zmq_getsockopt (socket, ZMQ_LAST_ENDPOINT, endpoint, &size);
}

static void named (char *text, const char *endpoint)
{
    if (strlen (endpoint) > 100)
        sprintf (text, "%.20s... (%zu)", endpoint, strlen (endpoint));
    else
        strcpy (text, endpoint);
}

/* One endpoint on a fresh socket; what worked is taken back, twice. In a context of its own, for the
 * names that are let go of are free only when a context ends. */
static void try_one (const struct named *type, int binds, const char *endpoint, const char *note, int ipv6)
{
    void *socket;
    char name[400], last[512], shown[512];
    int result;
    const char *verb = binds ? "bind" : "connect";
    context = zmq_ctx_new ();
    socket = open_socket (type->number);
    zmq_setsockopt (socket, ZMQ_IPV6, &ipv6, sizeof ipv6);
    named (name, endpoint);
    result = binds ? zmq_bind (socket, endpoint) : zmq_connect (socket, endpoint);
    doing ("%s %s%s '%s'", verb, type->name, note, name);
    if (result == -1) {
        returned (result);
        doing ("%s %s%s '%s', then the last endpoint", verb, type->name, note, name);
        last_endpoint (socket, last, sizeof last);
        became ("'%s'", last);
    } else {
        last_endpoint (socket, last, sizeof last);
        strcpy (shown, last);
        masked (shown);
        became ("%d '%s'", result, strlen (shown) > 100 ? "long" : shown);
        doing ("%s %s%s '%s', then back as given", verb, type->name, note, name);
        returned (binds ? zmq_unbind (socket, endpoint) : zmq_disconnect (socket, endpoint));
        doing ("%s %s%s '%s', then back as the last endpoint", verb, type->name, note, name);
        returned (binds ? zmq_unbind (socket, last) : zmq_disconnect (socket, last));
    }
    doing ("%s %s%s '%s', then close", verb, type->name, note, name);
    returned (zmq_close (socket));
    zmq_ctx_term (context);
}

static void report_syntax (void)
{
    static const int chosen[] = {ZMQ_PAIR, ZMQ_PUB, ZMQ_DEALER, ZMQ_ROUTER, ZMQ_STREAM};
    const struct named *type;
    size_t i, c;
    for (type = types; type->name != NULL; type++) {
        for (c = 0; c < sizeof chosen / sizeof chosen[0] && chosen[c] != type->number; c++)
            ;
        if (c == sizeof chosen / sizeof chosen[0])
            continue;
        for (i = 0; i < sizeof both / sizeof both[0]; i++) {
            try_one (type, 1, both[i], "", 0);
            try_one (type, 0, both[i], "", 0);
        }
        for (i = 0; i < sizeof for_bind / sizeof for_bind[0]; i++) {
            try_one (type, 1, for_bind[i], "", 0);
            if (strncmp (for_bind[i], "tcp:", 4) == 0)
                try_one (type, 1, for_bind[i], " IPv6", 1);
        }
        for (i = 0; i < sizeof for_connect / sizeof for_connect[0]; i++) {
            try_one (type, 0, for_connect[i], "", 0);
            if (strncmp (for_connect[i], "tcp:", 4) == 0)
                try_one (type, 0, for_connect[i], " IPv6", 1);
        }
    }
}

/* Which types may use which schemes. */
static void report_schemes (void)
{
    static const char *const endpoints[] = {"tcp://127.0.0.1:*", "ipc://scheme.sock", "inproc://scheme",
                                            "udp://127.0.0.1:5555"};
    const struct named *type;
    size_t i;
    for (type = types; type->name != NULL; type++)
        for (i = 0; i < sizeof endpoints / sizeof endpoints[0]; i++)
            try_one (type, 1, endpoints[i], " scheme", 0);
}

static void report_twice (const char *endpoint)
{
    void *one = open_socket (ZMQ_PULL), *two = open_socket (ZMQ_PULL);
    char last[512];
    doing ("twice '%s': one", endpoint);
    returned (zmq_bind (one, endpoint));
    last_endpoint (one, last, sizeof last);
    doing ("twice '%s': the same again", endpoint);
    returned (zmq_bind (one, last));
    doing ("twice '%s': another", endpoint);
    returned (zmq_bind (two, last));
    doing ("twice '%s': the other takes back", endpoint);
    returned (zmq_unbind (two, last));
    doing ("twice '%s': disconnect what is bound", endpoint);
    returned (zmq_disconnect (one, last));
    doing ("twice '%s': take back", endpoint);
    returned (zmq_unbind (one, last));
    zmq_close (one);
    zmq_close (two);
}

static void report_connected_twice (int type, const char *name, const char *endpoint)
{
    void *socket = open_socket (type);
    int i;
    for (i = 1; i <= 2; i++) {
        doing ("connect %s '%s' for the %d. time", name, endpoint, i);
        returned (zmq_connect (socket, endpoint));
    }
    doing ("unbind %s '%s' that is connected", name, endpoint);
    returned (zmq_unbind (socket, endpoint));
    for (i = 1; i <= 2; i++) {
        doing ("disconnect %s '%s' for the %d. time", name, endpoint, i);
        returned (zmq_disconnect (socket, endpoint));
    }
    zmq_close (socket);
}

static void report_unknown (void)
{
    static const char *const endpoints[] = {"", "tcp", "xyz://a", "tcp://127.0.0.1:5", "ipc://x",
                                            "inproc://x", "tcp://127.0.0.1:*", "udp://127.0.0.1:5"};
    void *socket = open_socket (ZMQ_PAIR);
    size_t i;
    for (i = 0; i < sizeof endpoints / sizeof endpoints[0]; i++) {
        doing ("unbind unknown '%s'", endpoints[i]);
        returned (zmq_unbind (socket, endpoints[i]));
        doing ("disconnect unknown '%s'", endpoints[i]);
        returned (zmq_disconnect (socket, endpoints[i]));
    }
    zmq_close (socket);
}

/* Several endpoints of one socket. */
static void report_several (void)
{
    void *socket;
    char one[512], two[512];
    context = zmq_ctx_new ();
    socket = open_socket (ZMQ_ROUTER);
    doing ("several: tcp");
    returned (zmq_bind (socket, "tcp://127.0.0.1:*"));
    last_endpoint (socket, one, sizeof one);
    doing ("several: tcp again");
    returned (zmq_bind (socket, "tcp://127.0.0.1:*"));
    last_endpoint (socket, two, sizeof two);
    doing ("several: ipc");
    returned (zmq_bind (socket, "ipc://several.sock"));
    doing ("several: inproc");
    returned (zmq_bind (socket, "inproc://several"));
    doing ("several: connect to itself");
    returned (zmq_connect (socket, one));
    doing ("several: back the first");
    returned (zmq_unbind (socket, one));
    doing ("several: back the first again");
    returned (zmq_unbind (socket, one));
    doing ("several: back the second");
    returned (zmq_unbind (socket, two));
    doing ("several: back ipc");
    returned (zmq_unbind (socket, "ipc://several.sock"));
    doing ("several: back inproc");
    returned (zmq_unbind (socket, "inproc://several"));
    zmq_close (socket);
    zmq_ctx_term (context);
    doing ("several: the ipc file afterwards");
    became ("%s", access ("several.sock", F_OK) == 0 ? "is there" : "is gone");
}

/* Options that decide over bind and connect. */
static void report_options_of_endpoints (void)
{
    static const char *const devices[] = {"lo", "nosuchdevice"};
    void *socket;
    size_t i;
    for (i = 0; i < 2; i++) {
        socket = open_socket (ZMQ_PAIR);
        zmq_setsockopt (socket, ZMQ_BINDTODEVICE, devices[i], strlen (devices[i]));
        doing ("bind with BINDTODEVICE %s", devices[i]);
        returned (zmq_bind (socket, "tcp://127.0.0.1:*"));
        doing ("connect with BINDTODEVICE %s", devices[i]);
        returned (zmq_connect (socket, "tcp://127.0.0.1:5"));
        zmq_close (socket);
    }
}

void report_endpoints (void)
{
    const struct named *type;
    snprintf (long_ipc, sizeof long_ipc, "ipc://");
    memset (long_ipc + 6, 'l', 200);
    snprintf (long_inproc, sizeof long_inproc, "inproc://");
    memset (long_inproc + 9, 'l', 280);
    report_syntax ();
    report_schemes ();
    report_several ();
    context = zmq_ctx_new ();
    report_twice ("tcp://127.0.0.1:*");
    report_twice ("ipc://twice.sock");
    report_twice ("ipc://@ferrozmq-twice");
    report_twice ("inproc://twice");
    for (type = types; type->name != NULL; type++) {
        report_connected_twice (type->number, type->name, "tcp://127.0.0.1:5");
        report_connected_twice (type->number, type->name, "inproc://nobody");
    }
    report_unknown ();
    report_options_of_endpoints ();
    zmq_ctx_term (context);
}
