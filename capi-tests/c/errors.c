/* SPDX-License-Identifier: MPL-2.0 */

/* Error numbers, texts, the version, capabilities, and calls on what is no handle. */

#include "check.h"

static void test_errno (void)
{
    errno = 4711;
    CHECK (zmq_errno () == 4711);
    FAILS (zmq_ctx_term (NULL), EFAULT);
}

static void test_strerror (void)
{
    CHECK (!strcmp (zmq_strerror (EFSM), "Operation cannot be accomplished in current state"));
    CHECK (!strcmp (zmq_strerror (ENOCOMPATPROTO),
                    "The protocol is not compatible with the socket type"));
    CHECK (!strcmp (zmq_strerror (ETERM), "Context was terminated"));
    CHECK (!strcmp (zmq_strerror (EMTHREAD), "No thread available"));
    CHECK (!strcmp (zmq_strerror (EHOSTUNREACH), "Host unreachable"));
    CHECK (!strcmp (zmq_strerror (EINVAL), strerror (EINVAL)));
    CHECK (zmq_strerror (-1) != NULL && zmq_strerror (0) != NULL && zmq_strerror (INT_MAX) != NULL);
}

static void test_version (void)
{
    int major = -1, minor = -1, patch = -1;
    zmq_version (&major, &minor, &patch);
    CHECK (major == ZMQ_VERSION_MAJOR && minor == ZMQ_VERSION_MINOR);
#ifndef GENUINE
    CHECK (patch == ZMQ_VERSION_PATCH);
    zmq_version (NULL, NULL, NULL);
#endif
}

static void test_has (void)
{
    CHECK (zmq_has ("ipc") == 1);
    CHECK (zmq_has ("") == 0 && zmq_has ("nothing") == 0);
    CHECK (zmq_has ("IPC") == 0 && zmq_has ("ws") == 0);
    CHECK (zmq_has ("tcp") == 0 && zmq_has ("inproc") == 0);
    CHECK (zmq_has ("\xFF") == 0);
#ifndef GENUINE
    CHECK (zmq_has (NULL) == 0);
#endif
}

/* Memory that is no context and no socket: of other kinds of ours, and of C's. */
static void test_no_handle (void *handle)
{
    int value = 0;
    size_t size = sizeof value;
    zmq_pollitem_t item;
    zmq_msg_t msg;
    memset (&item, 0, sizeof item);
    WORKS (zmq_msg_init (&msg));

    FAILS (zmq_ctx_term (handle), EFAULT);
    FAILS (zmq_term (handle), EFAULT);
    FAILS (zmq_ctx_destroy (handle), EFAULT);
    FAILS (zmq_ctx_shutdown (handle), EFAULT);
    FAILS (zmq_ctx_set (handle, ZMQ_IO_THREADS, 1), EFAULT);
    FAILS (zmq_ctx_get (handle, ZMQ_IO_THREADS), EFAULT);
    FAILS_NULL (zmq_socket (handle, ZMQ_PAIR), EFAULT);

    FAILS (zmq_close (handle), ENOTSOCK);
    FAILS (zmq_bind (handle, "inproc://a"), ENOTSOCK);
    FAILS (zmq_connect (handle, "inproc://a"), ENOTSOCK);
    FAILS (zmq_unbind (handle, "inproc://a"), ENOTSOCK);
    FAILS (zmq_disconnect (handle, "inproc://a"), ENOTSOCK);
    FAILS (zmq_setsockopt (handle, ZMQ_LINGER, &value, sizeof value), ENOTSOCK);
    FAILS (zmq_getsockopt (handle, ZMQ_LINGER, &value, &size), ENOTSOCK);
    FAILS (zmq_send (handle, "a", 1, 0), ENOTSOCK);
    FAILS (zmq_send_const (handle, "a", 1, 0), ENOTSOCK);
    FAILS (zmq_recv (handle, &value, sizeof value, 0), ENOTSOCK);
    FAILS (zmq_msg_send (&msg, handle, 0), ENOTSOCK);
    FAILS (zmq_msg_recv (&msg, handle, 0), ENOTSOCK);
    FAILS (zmq_sendmsg (handle, &msg, 0), ENOTSOCK);
    FAILS (zmq_recvmsg (handle, &msg, 0), ENOTSOCK);
    FAILS (zmq_socket_monitor (handle, "inproc://a", ZMQ_EVENT_ALL), ENOTSOCK);
    if (handle) {
        item.socket = handle;
        item.events = ZMQ_POLLIN;
        FAILS (zmq_poll (&item, 1, 0), ENOTSOCK);
        FAILS (zmq_proxy (handle, handle, NULL), ENOTSOCK);
    } else {
        FAILS (zmq_proxy (handle, handle, handle), EFAULT);
#ifndef GENUINE
        FAILS (zmq_proxy_steerable (handle, handle, handle, handle), EFAULT);
        FAILS (zmq_device (ZMQ_QUEUE, handle, handle), EFAULT);
#endif
    }
    WORKS (zmq_msg_close (&msg));
}

static void test_poll (void)
{
    FAILS (zmq_poll (NULL, -1, 0), EINVAL);
    FAILS (zmq_poll (NULL, 1, 0), EFAULT);
    CHECK (zmq_poll (NULL, 0, 0) == 0);
    CHECK (zmq_poll (NULL, 0, 5) == 0);
}

static void test_curve (void)
{
    char public_key[41], secret_key[41], derived[41];
    if (zmq_has ("curve")) {
        WORKS (zmq_curve_keypair (public_key, secret_key));
        CHECK (strlen (public_key) == 40 && strlen (secret_key) == 40);
        WORKS (zmq_curve_public (derived, secret_key));
        CHECK (!strcmp (derived, public_key));
        FAILS (zmq_curve_public (derived, "too short"), EINVAL);
    } else {
        memset (secret_key, '0', 40);
        secret_key[40] = 0;
        FAILS (zmq_curve_keypair (public_key, secret_key), ENOTSUP);
        FAILS (zmq_curve_public (public_key, secret_key), ENOTSUP);
    }
}

int main (void)
{
    static uint64_t zeros[32], ones[32];
    void *pointer = NULL;
    alarm (SECONDS_AT_MOST);
    memset (ones, 0xFF, sizeof ones);
    test_errno ();
    test_strerror ();
    test_version ();
    test_has ();
    test_no_handle (NULL);
    test_no_handle (zeros);
    test_no_handle (ones);
    test_no_handle (&pointer);
#ifndef GENUINE
    test_no_handle ((char *) ones + 1);
#endif
    test_poll ();
    test_curve ();
    FAILS_NULL (zmq_init (-1), EINVAL);
    return 0;
}
