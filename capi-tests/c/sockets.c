/* SPDX-License-Identifier: MPL-2.0 */

/* Contexts and sockets at the boundary: stale handles, lengths, whole and cut messages, vectors,
 * ownership of what is sent. Everything over inproc, in one thread. */

#include "check.h"

#include <sys/uio.h>

static void *context;
static void *left, *right;

static void open_pair (void)
{
    int linger = 0;
    CHECK ((left = zmq_socket (context, ZMQ_PAIR)) != NULL);
    CHECK ((right = zmq_socket (context, ZMQ_PAIR)) != NULL);
    WORKS (zmq_setsockopt (left, ZMQ_LINGER, &linger, sizeof linger));
    WORKS (zmq_setsockopt (right, ZMQ_LINGER, &linger, sizeof linger));
    WORKS (zmq_bind (left, "inproc://pair"));
    WORKS (zmq_connect (right, "inproc://pair"));
}

static void close_pair (void)
{
    WORKS (zmq_close (left));
    WORKS (zmq_close (right));
}

static void test_context (void)
{
    CHECK (zmq_ctx_get (context, ZMQ_MSG_T_SIZE) == sizeof (zmq_msg_t));
    CHECK (zmq_ctx_get (context, ZMQ_IO_THREADS) == ZMQ_IO_THREADS_DFLT);
    FAILS (zmq_ctx_get (context, 12345), EINVAL);
    FAILS (zmq_ctx_set (context, 12345, 1), EINVAL);
    FAILS (zmq_ctx_set (context, ZMQ_IO_THREADS, -1), EINVAL);
    FAILS_NULL (zmq_socket (context, 99), EINVAL);
    FAILS_NULL (zmq_socket (context, -1), EINVAL);
}

static void test_stale_socket (void)
{
    char buffer[4];
    zmq_pollitem_t item;
    void *socket = zmq_socket (context, ZMQ_PAIR);
    CHECK (socket != NULL);
    WORKS (zmq_close (socket));
    FAILS (zmq_close (socket), ENOTSOCK);
    FAILS (zmq_send (socket, "a", 1, ZMQ_DONTWAIT), ENOTSOCK);
    FAILS (zmq_recv (socket, buffer, sizeof buffer, ZMQ_DONTWAIT), ENOTSOCK);
    FAILS (zmq_bind (socket, "inproc://stale"), ENOTSOCK);
    memset (&item, 0, sizeof item);
    item.socket = socket;
    item.events = ZMQ_POLLIN;
    FAILS (zmq_poll (&item, 1, 0), ENOTSOCK);
}

static void test_handles_of_the_other_kind (void)
{
    FAILS (zmq_close (context), ENOTSOCK);
    FAILS (zmq_send (context, "a", 1, ZMQ_DONTWAIT), ENOTSOCK);
    FAILS (zmq_ctx_term (left), EFAULT);
    FAILS_NULL (zmq_socket (left, ZMQ_PAIR), EFAULT);
}

static void test_endpoints (void)
{
    FAILS (zmq_bind (left, "nonsense"), EINVAL);
    FAILS (zmq_bind (left, "nonsense://a"), EPROTONOSUPPORT);
    FAILS (zmq_connect (left, ""), EINVAL);
    FAILS (zmq_unbind (left, "inproc://elsewhere"), ENOENT);
#ifndef GENUINE
    FAILS (zmq_bind (left, NULL), EFAULT);
    FAILS (zmq_connect (left, NULL), EFAULT);
#endif
    FAILS (zmq_unbind (left, NULL), EINVAL);
    FAILS (zmq_disconnect (left, NULL), EINVAL);
}

static void test_options (void)
{
    int value = 0;
    size_t size = sizeof value;
    WORKS (zmq_getsockopt (left, ZMQ_TYPE, &value, &size));
    CHECK (value == ZMQ_PAIR && size == sizeof value);
    size = 1;
    FAILS (zmq_getsockopt (left, ZMQ_TYPE, &value, &size), EINVAL);
    FAILS (zmq_setsockopt (left, ZMQ_LINGER, &value, 1), EINVAL);
    FAILS (zmq_setsockopt (left, 12345, &value, sizeof value), EINVAL);
#ifndef GENUINE
    FAILS (zmq_getsockopt (left, ZMQ_TYPE, &value, NULL), EFAULT);
    size = sizeof value;
    FAILS (zmq_getsockopt (left, ZMQ_TYPE, NULL, &size), EFAULT);
#endif
}

static void test_send_and_receive (void)
{
    static const size_t sizes[] = {0, 1, 33, 34, 48, 49, 1000, 100000};
    static char sent[100000], received[100001];
    size_t i;
    for (i = 0; i < sizeof sent; i++)
        sent[i] = (char) (i * 11);
    for (i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        int size = (int) sizes[i];
        CHECK (zmq_send (left, sent, sizes[i], 0) == size);
        memset (received, 0x55, sizeof received);
        CHECK (zmq_recv (right, received, sizeof received, 0) == size);
        CHECK (!memcmp (received, sent, sizes[i]) && received[size] == 0x55);

        CHECK (zmq_send_const (right, sent, sizes[i], 0) == size);
        CHECK (zmq_recv (left, received, sizeof received, 0) == size);
        CHECK (!memcmp (received, sent, sizes[i]));
    }
    /* What does not fit is dropped, and its size is told all the same. */
    CHECK (zmq_send (left, sent, 1000, 0) == 1000);
    memset (received, 0x55, sizeof received);
    CHECK (zmq_recv (right, received, 10, 0) == 1000);
    CHECK (!memcmp (received, sent, 10) && received[10] == 0x55);
    CHECK (zmq_send (left, sent, 5, 0) == 5);
    CHECK (zmq_recv (right, NULL, 0, 0) == 5);
    CHECK (zmq_send (left, NULL, 0, 0) == 0);
    CHECK (zmq_recv (right, received, SIZE_MAX, 0) == 0);
    FAILS (zmq_recv (right, received, 10, ZMQ_DONTWAIT), EAGAIN);
#ifndef GENUINE
    FAILS (zmq_send (left, NULL, 5, 0), EFAULT);
    FAILS (zmq_send_const (left, NULL, 5, 0), EFAULT);
    CHECK (zmq_send (left, "kept", 4, 0) == 4);
    FAILS (zmq_recv (right, NULL, 5, 0), EFAULT);
    CHECK (zmq_recv (right, received, 5, 0) == 4);
#endif
}

static int freed;

static void free_once (void *data, void *hint)
{
    (void) data;
    (void) hint;
    freed++;
}

static void test_messages (void)
{
    static char body[300];
    zmq_msg_t msg, dead;
    int more;
    size_t size = sizeof more;
    WORKS (zmq_msg_init_size (&msg, 200));
    CHECK (zmq_msg_send (&msg, left, ZMQ_SNDMORE) == 200);
    CHECK (zmq_msg_size (&msg) == 0);
    freed = 0;
    WORKS (zmq_msg_init_data (&msg, body, sizeof body, free_once, NULL));
    CHECK (zmq_sendmsg (left, &msg, 0) == 300);
    CHECK (zmq_msg_size (&msg) == 0 && freed == 0);
    WORKS (zmq_msg_close (&msg));

    WORKS (zmq_msg_init (&msg));
    CHECK (zmq_msg_recv (&msg, right, 0) == 200);
    CHECK (zmq_msg_more (&msg) == 1 && zmq_msg_get (&msg, ZMQ_MORE) == 1);
    WORKS (zmq_getsockopt (right, ZMQ_RCVMORE, &more, &size));
    CHECK (more == 1);
    CHECK (zmq_recvmsg (right, &msg, 0) == 300);
    CHECK (zmq_msg_more (&msg) == 0 && freed == 0);
    CHECK (zmq_msg_data (&msg) == body);
    FAILS (zmq_msg_recv (&msg, right, ZMQ_DONTWAIT), EAGAIN);
    WORKS (zmq_msg_close (&msg));
    CHECK (freed == 1);

    memset (&dead, 0, sizeof dead);
#ifndef GENUINE
    FAILS (zmq_msg_send (&dead, left, 0), EFAULT);
    FAILS (zmq_msg_recv (&dead, right, 0), EFAULT);
    FAILS (zmq_msg_recv (NULL, right, 0), EFAULT);
    FAILS (zmq_msg_send (NULL, left, 0), EFAULT);
#endif
}

static void test_what_is_not_sent_is_kept (void)
{
    zmq_msg_t msg;
    void *alone = zmq_socket (context, ZMQ_PAIR);
    CHECK (alone != NULL);
    WORKS (zmq_msg_init_size (&msg, 77));
    memset (zmq_msg_data (&msg), 7, 77);
    FAILS (zmq_msg_send (&msg, alone, ZMQ_DONTWAIT), EAGAIN);
    CHECK (zmq_msg_size (&msg) == 77 && ((char *) zmq_msg_data (&msg))[76] == 7);
    WORKS (zmq_msg_close (&msg));
    FAILS (zmq_send (alone, "a", 1, ZMQ_DONTWAIT), EAGAIN);
    WORKS (zmq_close (alone));
}

static void test_vectors (void)
{
    static char parts[3][100];
    struct iovec out[3], in[5];
    size_t count = 5, i;
    memset (in, 0, sizeof in);
    for (i = 0; i < 3; i++) {
        memset (parts[i], (int) ('a' + i), sizeof parts[i]);
        out[i].iov_base = parts[i];
        out[i].iov_len = i * 50;
    }
    FAILS (zmq_sendiov (left, out, 0, 0), EINVAL);
    FAILS (zmq_sendiov (left, NULL, 3, 0), EINVAL);
    CHECK (zmq_sendiov (left, out, 3, ZMQ_SNDMORE) == 100);
    FAILS (zmq_recviov (right, NULL, &count, 0), EINVAL);
    FAILS (zmq_recviov (right, in, NULL, 0), EINVAL);
    count = 0;
    FAILS (zmq_recviov (right, in, &count, 0), EINVAL);
    count = 5;
    CHECK (zmq_recviov (right, in, &count, 0) == 3 && count == 3);
    for (i = 0; i < 3; i++) {
        CHECK (in[i].iov_base != NULL && in[i].iov_len == i * 50);
        CHECK (!memcmp (in[i].iov_base, parts[i], in[i].iov_len));
        free (in[i].iov_base);
    }
    count = 5;
    FAILS (zmq_recviov (right, in, &count, ZMQ_DONTWAIT), EAGAIN);
    CHECK (count == 0);
}

static void test_poll (void)
{
    zmq_pollitem_t items[40];
    int ends[2], i;
    char octet;
    CHECK (pipe (ends) == 0);
    memset (items, 0, sizeof items);
    for (i = 0; i < 40; i++) {
        items[i].fd = ends[0];
        items[i].events = ZMQ_POLLIN;
        items[i].revents = 99;
    }
    items[0].socket = right;
    items[1].socket = left;
    items[1].events = ZMQ_POLLIN | ZMQ_POLLOUT;
    CHECK (zmq_poll (items, 40, 0) == 1);
    CHECK (items[0].revents == 0 && items[1].revents == ZMQ_POLLOUT && items[39].revents == 0);
    CHECK (zmq_send (left, "a", 1, 0) == 1);
    CHECK (write (ends[1], "x", 1) == 1);
    CHECK (zmq_poll (items, 40, -1) == 40);
    CHECK (items[0].revents == ZMQ_POLLIN && items[39].revents == ZMQ_POLLIN);
    CHECK (zmq_poll (items, 1, 1000) == 1);
    CHECK (zmq_recv (right, &octet, 1, 0) == 1);
    CHECK (zmq_poll (items, 1, 5) == 0 && items[0].revents == 0);
    CHECK (close (ends[0]) == 0 && close (ends[1]) == 0);
}

static void test_monitor (void)
{
    unsigned char event[6];
    uint16_t number;
    void *watcher = zmq_socket (context, ZMQ_PAIR);
    CHECK (watcher != NULL);
    FAILS (zmq_socket_monitor (left, "tcp://127.0.0.1:*", ZMQ_EVENT_ALL), EPROTONOSUPPORT);
    WORKS (zmq_socket_monitor (left, "inproc://watch", ZMQ_EVENT_ALL));
    WORKS (zmq_connect (watcher, "inproc://watch"));
    WORKS (zmq_socket_monitor (left, NULL, 0));
    CHECK (zmq_recv (watcher, event, sizeof event, 0) == sizeof event);
    memcpy (&number, event, sizeof number);
    CHECK (number == ZMQ_EVENT_MONITOR_STOPPED);
    CHECK (zmq_recv (watcher, NULL, 0, 0) == 0);
    WORKS (zmq_close (watcher));
#ifndef GENUINE
    /* Without anyone to tell, the genuine library waits here for good. */
    WORKS (zmq_socket_monitor (left, "inproc://unwatched", ZMQ_EVENT_ALL));
    WORKS (zmq_socket_monitor (left, NULL, 0));
#endif
}

static void test_shutdown (void)
{
    char octet;
    void *stale = context;
    WORKS (zmq_ctx_shutdown (context));
    FAILS_NULL (zmq_socket (context, ZMQ_PAIR), ETERM);
    FAILS (zmq_send (left, "a", 1, 0), ETERM);
    FAILS (zmq_recv (right, &octet, 1, 0), ETERM);
    close_pair ();
    WORKS (zmq_ctx_term (context));
    FAILS (zmq_ctx_term (stale), EFAULT);
    FAILS_NULL (zmq_socket (stale, ZMQ_PAIR), EFAULT);
}

int main (void)
{
    alarm (SECONDS_AT_MOST);
    CHECK ((context = zmq_ctx_new ()) != NULL);
    test_context ();
    open_pair ();
    test_stale_socket ();
    test_handles_of_the_other_kind ();
    test_endpoints ();
    test_options ();
    test_send_and_receive ();
    test_messages ();
    test_what_is_not_sent_is_kept ();
    test_vectors ();
    test_poll ();
    test_monitor ();
    test_shutdown ();
    CHECK ((context = zmq_init (3)) != NULL);
    CHECK (zmq_ctx_get (context, ZMQ_IO_THREADS) == 3);
    WORKS (zmq_term (context));
    return 0;
}
