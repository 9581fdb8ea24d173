/* SPDX-License-Identifier: MPL-2.0 */

/* Everything that is neither a context, a socket nor a message. */

#include "report.h"

static void report_errors (void)
{
    static const int numbers[] = {EFSM, ENOCOMPATPROTO, ETERM, EMTHREAD, EHOSTUNREACH, 0, EAGAIN, EINVAL, ENOTSOCK,
                                  -1, ZMQ_HAUSNUMERO, ZMQ_HAUSNUMERO + 50, 100000};
    size_t i;
    for (i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        doing ("strerror %d", numbers[i]);
        became ("%s", zmq_strerror (numbers[i]));
    }
}

static void report_capabilities (void)
{
    static const char *const names[] = {"ipc",  "pgm",  "tipc",  "norm",   "curve", "gssapi", "vmci", "draft", "ws",
                                        "wss",  "WS",   "WSS",   "vsock",  "tcp",   "inproc", "udp",  "null",  "plain",
                                        "",     "IPC",  "ipc ",  "nothing"};
    size_t i;
    for (i = 0; i < sizeof names / sizeof names[0]; i++) {
        doing ("has '%s'", names[i]);
        became ("%d", zmq_has (names[i]));
    }
}

static void report_z85 (void)
{
    static const uint8_t data[40] = {0x86, 0x4f, 0xd2, 0x6f, 0xb5, 0x59, 0xf7, 0x5b, 0xff, 0xff, 0xff, 0xff};
    static const char *const texts[] = {"", "a", "abcd", "HelloWorld", "Hello", "HelloWorl", "Hello World", "#####",
                                        "%nSc0", "%nSc1", "00000", "Hell\xff", "Hel\"o", "0000000000000000000000000"};
    char text[64];
    uint8_t decoded[64];
    size_t i, k;
    for (i = 0; i <= 12; i++) {
        char *result;
        memset (text, 'x', sizeof text);
        result = zmq_z85_encode (text, data, i);
        doing ("z85_encode %zu", i);
        became ("%s", result == NULL ? errno_name (zmq_errno ()) : text);
    }
    for (i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        char shown[128] = "";
        memset (decoded, 0, sizeof decoded);
        doing ("z85_decode '%s'", texts[i]);
        if (zmq_z85_decode (decoded, texts[i]) == NULL) {
            became ("%s", errno_name (zmq_errno ()));
            continue;
        }
        for (k = 0; k < strlen (texts[i]) / 5 * 4; k++)
            sprintf (shown + 2 * k, "%02x", decoded[k]);
        became ("%s", shown);
    }
}

static void report_curve (void)
{
    char public[64], secret[64];
    static const char *const keys[] = {"", "short", "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6",
                                       "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6x", "                                        "};
    size_t i;
    doing ("curve_keypair");
    returned (zmq_curve_keypair (public, secret));
    doing ("curve_keypair: lengths");
    became ("%zu %zu", strlen (public), strlen (secret));
    for (i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        int result = zmq_curve_public (public, keys[i]);
        doing ("curve_public '%s'", keys[i]);
        became ("%s", result == 0 ? public : errno_name (zmq_errno ()));
    }
}

static void report_counters (void)
{
    void *counter = zmq_atomic_counter_new ();
    doing ("atomic counter: new");
    became ("%d", zmq_atomic_counter_value (counter));
    doing ("atomic counter: inc");
    became ("%d %d", zmq_atomic_counter_inc (counter), zmq_atomic_counter_inc (counter));
    doing ("atomic counter: dec to 1 and 0");
    {
        int one = zmq_atomic_counter_dec (counter), none = zmq_atomic_counter_dec (counter);
        became ("%d %d", one, none);
    }
    doing ("atomic counter: set");
    zmq_atomic_counter_set (counter, INT32_MAX);
    became ("%d", zmq_atomic_counter_value (counter));
    zmq_atomic_counter_destroy (&counter);
    doing ("atomic counter: destroyed");
    became ("%s", counter == NULL ? "NULL" : "a pointer");
}

static void fired (int id, void *arg)
{
    (void) id;
    ++*(int *) arg;
}

static void report_timers (void)
{
    void *timers = zmq_timers_new ();
    int times = 0, id;
    doing ("timers: timeout of none");
    returned (zmq_timers_timeout (timers));
    doing ("timers: execute none");
    returned (zmq_timers_execute (timers));
    doing ("timers: cancel unknown");
    returned (zmq_timers_cancel (timers, 12));
    doing ("timers: set_interval unknown");
    returned (zmq_timers_set_interval (timers, 12, 10));
    doing ("timers: reset unknown");
    returned (zmq_timers_reset (timers, 12));
    id = zmq_timers_add (timers, 1, fired, &times);
    doing ("timers: first id");
    became ("%d", id);
    zmq_poll (NULL, 0, 5);
    doing ("timers: timeout of one that is due");
    returned (zmq_timers_timeout (timers));
    doing ("timers: execute");
    returned (zmq_timers_execute (timers));
    doing ("timers: fired");
    became ("%d", times);
    doing ("timers: set_interval");
    returned (zmq_timers_set_interval (timers, id, 1000000));
    doing ("timers: reset");
    returned (zmq_timers_reset (timers, id));
    doing ("timers: timeout is long");
    became ("%d", zmq_timers_timeout (timers) > 900000);
    doing ("timers: cancel");
    returned (zmq_timers_cancel (timers, id));
    doing ("timers: cancel again");
    returned (zmq_timers_cancel (timers, id));
    doing ("timers: reset what was cancelled");
    returned (zmq_timers_reset (timers, id));
    doing ("timers: timeout after cancel");
    returned (zmq_timers_timeout (timers));
    doing ("timers: add without function");
    returned (zmq_timers_add (timers, 10, NULL, NULL));
    doing ("timers: second id");
    returned (zmq_timers_add (timers, 10, fired, &times));
    doing ("timers: destroy");
    returned (zmq_timers_destroy (&timers));
    doing ("timers: destroyed");
    became ("%s", timers == NULL ? "NULL" : "a pointer");
    doing ("timers: destroy again");
    returned (zmq_timers_destroy (&timers));
}

void report_utilities (void)
{
    int major, minor, patch;
    zmq_version (&major, &minor, &patch);
    doing ("version");
    became ("%d.%d.%d", major, minor, patch);
    report_errors ();
    report_capabilities ();
    report_z85 ();
    report_curve ();
    report_counters ();
    report_timers ();
}
