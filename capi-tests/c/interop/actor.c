/* SPDX-License-Identifier: MPL-2.0 */

/* One process of a play: opens, drives and closes sockets as it is told.
 *
 * Each line of the standard input is a command; each is answered by one line, "ok" and what there
 * is to tell, or "err" and the name of the error number. Sockets are known by small numbers. Parts
 * of messages are told as x and hexadecimal digits, or as @SIZE.SEED, a long body that both sides
 * can make; they are shown as x and digits up to 64 octets, beyond that as #SIZE.HASH. */

#include "../names.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#define SOCKETS 256
#define WORDS 160
#define LINE (1 << 21)
/* No call waits for longer, in milliseconds; the process ends after ten times that. */
#define LIMIT 10000

static void *context;
static void *sockets[SOCKETS];
static void *monitors[SOCKETS];
/* The part received last, for those who ask for its properties. */
static zmq_msg_t last;

static char line[LINE];
static char reply[LINE];
static size_t reply_size;

static void tell (const char *format, ...)
{
    va_list args;
    int size;
    va_start (args, format);
    size = vsnprintf (reply + reply_size, LINE - reply_size, format, args);
    va_end (args);
    if (size < 0 || reply_size + (size_t) size >= LINE) {
        fprintf (stderr, "an answer does not fit\n");
        exit (2);
    }
    reply_size += (size_t) size;
}

static void answer (int failed)
{
    if (failed) {
        reply_size = 0;
        tell ("err %s", errno_name (zmq_errno ()));
    }
    printf ("%s\n", reply);
    fflush (stdout);
}

static unsigned char octet_at (size_t index, unsigned seed)
{
    return (unsigned char) (seed * 31u + (unsigned) index * 7u + (unsigned) (index >> 8));
}

#define HASH_START 0xcbf29ce484222325u

static uint64_t hash_on (uint64_t hash, const unsigned char *data, size_t size)
{
    size_t i;
    for (i = 0; i < size; i++)
        hash = (hash ^ data[i]) * 0x100000001b3u;
    return hash;
}

static void make (zmq_msg_t *msg, const char *part)
{
    unsigned char *data;
    size_t i, size;
    unsigned seed, octet;
    if (*part == '@' && sscanf (part, "@%zu.%u", &size, &seed) == 2) {
        if (zmq_msg_init_size (msg, size) != 0)
            exit (2);
        data = zmq_msg_data (msg);
        for (i = 0; i < size; i++)
            data[i] = octet_at (i, seed);
        return;
    }
    size = (strlen (part) - 1) / 2;
    if (*part != 'x' || zmq_msg_init_size (msg, size) != 0)
        exit (2);
    data = zmq_msg_data (msg);
    for (i = 0; i < size; i++) {
        if (sscanf (part + 1 + 2 * i, "%2x", &octet) != 1)
            exit (2);
        data[i] = (unsigned char) octet;
    }
}

static void show (zmq_msg_t *msg)
{
    const unsigned char *data = zmq_msg_data (msg);
    size_t i, size = zmq_msg_size (msg);
    if (size > 64) {
        tell (" #%zu.%016llx", size,
              (unsigned long long) hash_on (HASH_START, data, size));
        return;
    }
    tell (" x");
    for (i = 0; i < size; i++)
        tell ("%02x", data[i]);
}

static int send_parts (void *socket, char **parts, int count, int flags)
{
    int i;
    for (i = 0; i < count; i++) {
        zmq_msg_t msg;
        make (&msg, parts[i]);
        if (zmq_msg_send (&msg, socket, flags | (i + 1 < count ? ZMQ_SNDMORE : 0)) == -1) {
            int errnum = zmq_errno ();
            zmq_msg_close (&msg);
            errno = errnum;
            return -1;
        }
    }
    return 0;
}

static int recv_part (void *socket)
{
    zmq_msg_close (&last);
    zmq_msg_init (&last);
    return zmq_msg_recv (&last, socket, 0);
}

/* Sends back what comes, in one part. */
static int echo (void *socket)
{
    return recv_part (socket) == -1 || zmq_msg_send (&last, socket, 0) == -1;
}

static int recv_parts (void *socket)
{
    do {
        if (recv_part (socket) == -1)
            return -1;
        show (&last);
    } while (zmq_msg_more (&last));
    return 0;
}

/* Messages that know which they are, from one number up to another. */
static int flood (void *socket, unsigned long first, unsigned long end, size_t size)
{
    unsigned long number;
    for (number = first; number < end; number++) {
        zmq_msg_t msg;
        unsigned char *data;
        size_t i;
        if (zmq_msg_init_size (&msg, size) != 0)
            return -1;
        data = zmq_msg_data (&msg);
        for (i = 0; i < size; i++)
            data[i] = i < 4 ? (unsigned char) (number >> (8 * i)) : octet_at (i, (unsigned) number);
        if (zmq_msg_send (&msg, socket, 0) == -1)
            return -1;
    }
    return 0;
}

static int drain (void *socket, unsigned long first, unsigned long end, size_t size)
{
    unsigned long number;
    for (number = first; number < end; number++) {
        const unsigned char *data;
        size_t i;
        if (recv_part (socket) == -1) {
            fprintf (stderr, "%lu of %lu came\n", number, end);
            return -1;
        }
        data = zmq_msg_data (&last);
        if (zmq_msg_size (&last) != size || zmq_msg_more (&last)) {
            fprintf (stderr, "message %lu has %zu octets\n", number, zmq_msg_size (&last));
            errno = EPROTO;
            return -1;
        }
        for (i = 0; i < size; i++) {
            if (data[i] == (i < 4 ? (unsigned char) (number >> (8 * i)) : octet_at (i, (unsigned) number)))
                continue;
            fprintf (stderr, "message %lu is wrong at %zu\n", number, i);
            errno = EPROTO;
            return -1;
        }
    }
    return 0;
}

/* Subscribes to so many topics. */
static int subscribe (void *socket, int count)
{
    char topic[32];
    int i;
    for (i = 0; i < count; i++) {
        int size = snprintf (topic, sizeof topic, "topic %d", i);
        if (zmq_setsockopt (socket, ZMQ_SUBSCRIBE, topic, (size_t) size) == -1)
            return -1;
    }
    return 0;
}

/* Hears of so many subscriptions, each topic once, in any order. */
static int hear (void *socket, int count)
{
    unsigned char *seen = calloc ((size_t) count, 1);
    int i, number;
    for (i = 0; i < count; i++) {
        char topic[32] = "";
        if (recv_part (socket) == -1 || zmq_msg_size (&last) >= sizeof topic)
            break;
        memcpy (topic, zmq_msg_data (&last), zmq_msg_size (&last));
        if (topic[0] != 1 || sscanf (topic + 1, "topic %d", &number) != 1 || number < 0
            || number >= count || seen[number]++)
            break;
    }
    free (seen);
    if (i < count)
        fprintf (stderr, "%d of %d subscriptions came, or one twice\n", i, count);
    return i < count;
}

/* A STREAM's octets, however they are cut. */
static int collect (void *socket, size_t total)
{
    uint64_t hash = HASH_START;
    size_t size = 0;
    while (size < total) {
        if (recv_part (socket) == -1 || recv_part (socket) == -1)
            return -1;
        size += zmq_msg_size (&last);
        hash = hash_on (hash, zmq_msg_data (&last), zmq_msg_size (&last));
    }
    tell (" #%zu.%016llx", size, (unsigned long long) hash);
    return 0;
}

static int watch (int number)
{
    static int serial;
    int limit = LIMIT, linger = 0;
    char name[32];
    snprintf (name, sizeof name, "inproc://watch-%d", serial++);
    monitors[number] = zmq_socket (context, ZMQ_PAIR);
    return zmq_socket_monitor (sockets[number], name, ZMQ_EVENT_ALL)
           || zmq_setsockopt (monitors[number], ZMQ_RCVTIMEO, &limit, sizeof limit)
           || zmq_setsockopt (monitors[number], ZMQ_LINGER, &linger, sizeof linger)
           || zmq_connect (monitors[number], name);
}

/* Waits for one of these events, for so long. */
static int await (int number, long events, int limit)
{
    for (;;) {
        unsigned char frame[6];
        uint16_t event;
        uint32_t value;
        if (zmq_setsockopt (monitors[number], ZMQ_RCVTIMEO, &limit, sizeof limit) == -1
            || zmq_recv (monitors[number], frame, sizeof frame, 0) == -1
            || zmq_recv (monitors[number], NULL, 0, 0) == -1)
            return -1;
        memcpy (&event, frame, sizeof event);
        memcpy (&value, frame + 2, sizeof value);
        if (!(event & events))
            continue;
        tell (" %u %lu", (unsigned) event, (unsigned long) value);
        return 0;
    }
}

static int open_socket (int number, int type)
{
    int limit = LIMIT, linger = 0;
    sockets[number] = zmq_socket (context, type);
    return sockets[number] == NULL
           || zmq_setsockopt (sockets[number], ZMQ_RCVTIMEO, &limit, sizeof limit)
           || zmq_setsockopt (sockets[number], ZMQ_SNDTIMEO, &limit, sizeof limit)
           || zmq_setsockopt (sockets[number], ZMQ_LINGER, &linger, sizeof linger);
}

static int last_endpoint (void *socket)
{
    char endpoint[512];
    size_t size = sizeof endpoint;
    if (zmq_getsockopt (socket, ZMQ_LAST_ENDPOINT, endpoint, &size) == -1)
        return -1;
    tell (" %s", endpoint);
    return 0;
}

static int set_bytes (void *socket, int option, const char *part)
{
    zmq_msg_t msg;
    int result;
    make (&msg, part);
    result = zmq_setsockopt (socket, option, zmq_msg_data (&msg), zmq_msg_size (&msg));
    zmq_msg_close (&msg);
    return result;
}

static int get_int (void *socket, int option)
{
    int value = 0;
    size_t size = sizeof value;
    if (zmq_getsockopt (socket, option, &value, &size) == -1)
        return -1;
    tell (" %d", value);
    return 0;
}

static int ready (void *socket, int events, int limit)
{
    zmq_pollitem_t item;
    int result;
    item.socket = socket;
    item.fd = 0;
    item.events = (short) events;
    item.revents = 0;
    result = zmq_poll (&item, 1, limit);
    tell (" %d", item.revents);
    return result < 0 ? -1 : 0;
}

static int property (const char *name)
{
    const char *value = zmq_msg_gets (&last, name);
    if (value == NULL)
        return -1;
    tell (" %s", value);
    return 0;
}

/* A monitor is heard to its end: libzmq's I/O threads wait for whoever does not listen. */
static int close_socket (int number)
{
    int result = zmq_close (sockets[number]);
    sockets[number] = NULL;
    if (monitors[number] == NULL || result != 0)
        return result;
    result = await (number, ZMQ_EVENT_MONITOR_STOPPED, LIMIT) || zmq_close (monitors[number]);
    monitors[number] = NULL;
    return result;
}

/* Asked who may come in: anybody, but with PLAIN only admin, whose password is secret. Ends with its
 * context. */
static void judge (void *handler)
{
    for (;;) {
        static const char *const answer[] = {"1.0", NULL, "200", "", "somebody", ""};
        char parts[16][64];
        int i, size, count = 0, more = 1;
        size_t more_size = sizeof more;
        while (more && count < 16) {
            size = zmq_recv (handler, parts[count], 63, 0);
            if (size == -1 || zmq_getsockopt (handler, ZMQ_RCVMORE, &more, &more_size) == -1) {
                zmq_close (handler);
                return;
            }
            parts[count++][size < 63 ? size : 63] = 0;
        }
        for (i = 0; i < 6; i++) {
            const char *part = answer[i] ? answer[i] : parts[1];
            if (i == 2 && strcmp (parts[5], "PLAIN") == 0
                && (count != 8 || strcmp (parts[6], "admin") || strcmp (parts[7], "secret")))
                part = "400";
            zmq_send (handler, part, strlen (part), i < 5 ? ZMQ_SNDMORE : 0);
        }
    }
}

static void *judging;

/* Begins to answer for this context. */
static int begin_judging (void)
{
    void *handler = zmq_socket (context, ZMQ_REP);
    if (handler == NULL || zmq_bind (handler, "inproc://zeromq.zap.01") == -1)
        return -1;
    judging = zmq_threadstart (judge, handler);
    return 0;
}

#ifdef ZMQ_BUILD_DRAFT_API
/* A message of one part for a group, or for the peer with a number. */
static int send_draft (void *socket, const char *group, const char *number, const char *part)
{
    zmq_msg_t msg;
    make (&msg, part);
    if ((group == NULL || zmq_msg_set_group (&msg, group) == 0)
        && (number == NULL || zmq_msg_set_routing_id (&msg, (uint32_t) strtoul (number, NULL, 10)) == 0)
        && zmq_msg_send (&msg, socket, 0) != -1)
        return 0;
    {
        int errnum = zmq_errno ();
        zmq_msg_close (&msg);
        errno = errnum;
    }
    return -1;
}

/* The commands of the draft API; 1 if it is none of them. */
static int perform_draft (void *socket, char **words, int count)
{
    const char *what = words[0];
#define IS_DRAFT(name, least) (strcmp (what, name) == 0 && count == (least) + 1)
    if (IS_DRAFT ("join", 2))
        return zmq_join (socket, words[2]);
    if (IS_DRAFT ("leave", 2))
        return zmq_leave (socket, words[2]);
    if (IS_DRAFT ("cast", 3))
        return send_draft (socket, words[2], NULL, words[3]);
    if (IS_DRAFT ("reply", 3))
        return send_draft (socket, NULL, words[2], words[3]);
    if (IS_DRAFT ("group", 0)) {
        tell (" %s", zmq_msg_group (&last));
        return 0;
    }
    if (IS_DRAFT ("number", 0)) {
        tell (" %lu", (unsigned long) zmq_msg_routing_id (&last));
        return 0;
    }
    if (IS_DRAFT ("meet", 2)) {
        uint32_t number = zmq_connect_peer (socket, words[2]);
        tell (" %lu", (unsigned long) number);
        return number ? 0 : -1;
    }
    return 1;
}
#endif

/* One command; not 0 if it failed. */
static int perform (char **words, int count)
{
    const char *what = words[0];
    int number = count > 1 ? atoi (words[1]) : 0;
    int first = count > 2 ? atoi (words[2]) : 0;
    long second = count > 3 ? atol (words[3]) : 0;
    void *socket;
#define IS(name, least) (strcmp (what, name) == 0 && count >= (least) + 1)
    if (number < 0 || number >= SOCKETS)
        exit (2);
    socket = sockets[number];
    if (IS ("version", 0)) {
        int major, minor, patch;
        zmq_version (&major, &minor, &patch);
        tell (" %d.%d.%d", major, minor, patch);
        return 0;
    }
    if (IS ("has", 1)) {
        tell (" %d", zmq_has (words[1]));
        return 0;
    }
    if (IS ("judge", 0))
        return begin_judging ();
    if (IS ("context", 2))
        return zmq_ctx_set (context, number, first);
    if (IS ("socket", 2))
        return open_socket (number, first);
    if (IS ("int", 3)) {
        int value = (int) second;
        return zmq_setsockopt (socket, first, &value, sizeof value);
    }
    if (IS ("long", 3)) {
        int64_t value = second;
        return zmq_setsockopt (socket, first, &value, sizeof value);
    }
    if (IS ("bytes", 3))
        return set_bytes (socket, first, words[3]);
    if (IS ("get", 2))
        return get_int (socket, first);
    if (IS ("bind", 2))
        return zmq_bind (socket, words[2]) || last_endpoint (socket);
    if (IS ("endpoint", 1))
        return last_endpoint (socket);
    if (IS ("connect", 2))
        return zmq_connect (socket, words[2]);
    if (IS ("unbind", 2))
        return zmq_unbind (socket, words[2]);
    if (IS ("disconnect", 2))
        return zmq_disconnect (socket, words[2]);
    if (IS ("watch", 1))
        return watch (number);
    if (IS ("await", 2))
        return await (number, first, LIMIT);
    if (IS ("within", 3))
        return await (number, first, (int) second);
    if (IS ("send", 2))
        return send_parts (socket, words + 2, count - 2, 0);
    if (IS ("try", 2))
        return send_parts (socket, words + 2, count - 2, ZMQ_DONTWAIT);
    if (IS ("recv", 1))
        return recv_parts (socket);
    if (IS ("echo", 1))
        return echo (socket);
    if (IS ("ready", 3))
        return ready (socket, first, (int) second);
    if (IS ("property", 1))
        return property (words[1]);
    if (IS ("flood", 4))
        return flood (socket, (unsigned long) first, (unsigned long) second,
                      (size_t) atol (words[4]));
    if (IS ("drain", 4))
        return drain (socket, (unsigned long) first, (unsigned long) second,
                      (size_t) atol (words[4]));
    if (IS ("collect", 2))
        return collect (socket, (size_t) first);
    if (IS ("subscribe", 2))
        return subscribe (socket, first);
    if (IS ("hear", 2))
        return hear (socket, first);
    if (IS ("close", 1))
        return close_socket (number);
    if (IS ("term", 0)) {
        int result;
        zmq_msg_close (&last);
        zmq_msg_init (&last);
        result = zmq_ctx_term (context);
        if (judging != NULL)
            zmq_threadclose (judging);
        judging = NULL;
        context = zmq_ctx_new ();
        return result;
    }
#ifdef ZMQ_BUILD_DRAFT_API
    {
        int result = perform_draft (socket, words, count);
        if (result != 1)
            return result;
    }
#endif
    fprintf (stderr, "'%s' with %d words is not understood\n", what, count - 1);
    exit (2);
}

int main (void)
{
    alarm (10 * LIMIT / 1000);
    context = zmq_ctx_new ();
    zmq_msg_init (&last);
    while (fgets (line, sizeof line, stdin) != NULL) {
        char *words[WORDS];
        int count = 0;
        char *word = strtok (line, " \n");
        for (; word != NULL && count < WORDS; word = strtok (NULL, " \n"))
            words[count++] = word;
        if (count == 0 || word != NULL)
            return 2;
        reply_size = 0;
        tell ("ok");
        answer (perform (words, count) != 0);
    }
    return 0;
}
