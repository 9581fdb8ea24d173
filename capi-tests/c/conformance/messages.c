/* SPDX-License-Identifier: MPL-2.0 */

/* Messages: what they say of themselves, moved, copied, given away, misused. */

#include "report.h"

static int freed;

static void count (void *data, void *hint)
{
    (void) data;
    (void) hint;
    freed++;
}

static void report_message (const char *which, zmq_msg_t *msg)
{
    static const int properties[] = {ZMQ_MORE, ZMQ_SRCFD, ZMQ_SHARED, 0, 4, -1, 1000};
    static const char *const names[] = {"Socket-Type", "Routing-Id", "Identity", "User-Id", "Peer-Address", "", "x"};
    size_t i;
    doing ("message %s: size", which);
    became ("%zu", zmq_msg_size (msg));
    doing ("message %s: data", which);
    became ("%s", zmq_msg_data (msg) == NULL ? "NULL" : "a pointer");
    doing ("message %s: more", which);
    became ("%d", zmq_msg_more (msg));
    for (i = 0; i < sizeof properties / sizeof properties[0]; i++) {
        doing ("message %s: get %d", which, properties[i]);
        returned (zmq_msg_get (msg, properties[i]));
        doing ("message %s: set %d", which, properties[i]);
        returned (zmq_msg_set (msg, properties[i], 1));
    }
    for (i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *value = zmq_msg_gets (msg, names[i]);
        doing ("message %s: gets '%s'", which, names[i]);
        became ("%s", value == NULL ? errno_name (zmq_errno ()) : value);
    }
}

static void report_sizes (void)
{
    static const size_t sizes[] = {0, 1, 29, 32, 33, 34, 48, 49, 64, 1000};
    size_t i;
    for (i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        zmq_msg_t msg, copy;
        char name[64];
        doing ("init_size %zu", sizes[i]);
        returned (zmq_msg_init_size (&msg, sizes[i]));
        zmq_msg_init (&copy);
        sprintf (name, "of %zu", sizes[i]);
        report_message (name, &msg);
        doing ("copy of %zu", sizes[i]);
        returned (zmq_msg_copy (&copy, &msg));
        sprintf (name, "of %zu that was copied", sizes[i]);
        report_message (name, &msg);
        sprintf (name, "copy of %zu", sizes[i]);
        report_message (name, &copy);
        doing ("move of %zu", sizes[i]);
        returned (zmq_msg_move (&copy, &msg));
        sprintf (name, "of %zu that was moved away", sizes[i]);
        report_message (name, &msg);
        doing ("move onto itself of %zu", sizes[i]);
        returned (zmq_msg_move (&copy, &copy));
        sprintf (name, "of %zu onto itself", sizes[i]);
        report_message (name, &copy);
        doing ("close of %zu", sizes[i]);
        returned (zmq_msg_close (&msg));
        doing ("close again of %zu", sizes[i]);
        returned (zmq_msg_close (&msg));
        zmq_msg_close (&copy);
    }
}

static void report_huge (void)
{
    zmq_msg_t msg;
    doing ("init_size SIZE_MAX");
    returned (zmq_msg_init_size (&msg, SIZE_MAX));
    doing ("init_size SIZE_MAX / 2");
    returned (zmq_msg_init_size (&msg, SIZE_MAX / 2));
    doing ("init_size 2^62");
    returned (zmq_msg_init_size (&msg, (size_t) 1 << 62));
}

static void report_given (void)
{
    static char body[100];
    zmq_msg_t msg, copy;
    doing ("init_data");
    returned (zmq_msg_init_data (&msg, body, sizeof body, count, NULL));
    report_message ("of somebody's data", &msg);
    doing ("init_data: data");
    became ("%s", zmq_msg_data (&msg) == body ? "the same" : "other");
    zmq_msg_init (&copy);
    zmq_msg_copy (&copy, &msg);
    zmq_msg_close (&msg);
    doing ("init_data: freed with a copy left");
    became ("%d", freed);
    zmq_msg_close (&copy);
    doing ("init_data: freed at the end");
    became ("%d", freed);
    doing ("init_data of nothing");
    returned (zmq_msg_init_data (&msg, body, 0, count, NULL));
    zmq_msg_close (&msg);
    doing ("init_data of nothing: freed");
    became ("%d", freed);
    doing ("init_data without function");
    returned (zmq_msg_init_data (&msg, body, sizeof body, NULL, NULL));
    report_message ("of constant data", &msg);
    zmq_msg_close (&msg);
}

/* Messages that came over inproc. */
static void report_received (void)
{
    void *context = zmq_ctx_new ();
    void *left = zmq_socket (context, ZMQ_DEALER), *right = zmq_socket (context, ZMQ_ROUTER);
    zmq_msg_t msg, part;
    char buffer[4];
    zmq_setsockopt (left, ZMQ_ROUTING_ID, "left", 4);
    zmq_bind (left, "inproc://messages");
    zmq_connect (right, "inproc://messages");
    zmq_msg_init_size (&msg, 300);
    doing ("msg_send of 300");
    returned (zmq_msg_send (&msg, left, 0));
    report_message ("that was sent", &msg);
    doing ("msg_recv");
    returned (zmq_msg_recv (&msg, right, 0));
    report_message ("that is a routing id", &msg);
    doing ("msg_recv of the body");
    returned (zmq_msg_recv (&msg, right, 0));
    report_message ("that came", &msg);
    zmq_msg_init_size (&part, 10);
    zmq_msg_send (&part, left, ZMQ_SNDMORE);
    zmq_send (left, "", 0, 0);
    zmq_recv (right, buffer, sizeof buffer, 0);
    zmq_msg_recv (&part, right, 0);
    doing ("a closed part that had more behind it: more");
    zmq_msg_close (&part);
    became ("%d", zmq_msg_more (&part));
    doing ("a closed part that had more behind it: get MORE");
    returned (zmq_msg_get (&part, ZMQ_MORE));
    zmq_recv (right, buffer, sizeof buffer, 0);
    doing ("a closed part that had nothing behind it: more");
    zmq_msg_init (&part);
    zmq_msg_close (&part);
    became ("%d", zmq_msg_more (&part));
    doing ("msg_recv of nothing");
    returned (zmq_msg_recv (&msg, right, ZMQ_DONTWAIT));
    report_message ("after nothing came", &msg);
    zmq_msg_close (&msg);
    zmq_send (left, "a long one", 10, 0);
    zmq_recv (right, buffer, sizeof buffer, 0);
    doing ("recv into too small a buffer");
    returned (zmq_recv (right, buffer, sizeof buffer, 0));
    doing ("recv into too small a buffer: the rest");
    returned (zmq_recv (right, buffer, sizeof buffer, ZMQ_DONTWAIT));
    zmq_close (left);
    zmq_close (right);
    zmq_ctx_term (context);
}

void report_messages (void)
{
    zmq_msg_t msg;
    zmq_msg_init (&msg);
    report_message ("that is empty", &msg);
    report_sizes ();
    report_huge ();
    report_given ();
    report_received ();
}
