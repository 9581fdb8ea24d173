/* SPDX-License-Identifier: MPL-2.0 */

/* The options of contexts, what sockets take over from them, and how contexts end. */

#include "report.h"

const struct named context_options[] = {{ZMQ_IO_THREADS, "IO_THREADS"},
                                        {ZMQ_MAX_SOCKETS, "MAX_SOCKETS"},
                                        {ZMQ_SOCKET_LIMIT, "SOCKET_LIMIT"},
                                        {ZMQ_THREAD_SCHED_POLICY, "THREAD_SCHED_POLICY"},
                                        {ZMQ_MAX_MSGSZ, "MAX_MSGSZ"},
                                        {ZMQ_MSG_T_SIZE, "MSG_T_SIZE"},
                                        {ZMQ_THREAD_AFFINITY_CPU_ADD, "AFFINITY_CPU_ADD"},
                                        {ZMQ_THREAD_AFFINITY_CPU_REMOVE, "AFFINITY_CPU_REMOVE"},
                                        {ZMQ_THREAD_NAME_PREFIX, "THREAD_NAME_PREFIX"},
                                        {10, "ZERO_COPY_RECV"},
                                        {ZMQ_IPV6, "IPV6"},
                                        {ZMQ_BLOCKY, "BLOCKY"},
                                        {0, "0"},
                                        {11, "11"},
                                        {-1, "-1"},
                                        {69, "69"},
                                        {71, "71"},
                                        {1000, "1000"},
                                        {0, NULL}};

static void report_setting (const struct named *option)
{
    static const int values[] = {0, 1, 2, -1, -2, 16, 1024, 65535, 65536, INT32_MAX, INT32_MIN};
    size_t i;
    for (i = 0; i < sizeof values / sizeof values[0]; i++) {
        void *context = zmq_ctx_new ();
        int result;
        doing ("ctx_set %s %d", option->name, values[i]);
        result = zmq_ctx_set (context, option->number, values[i]);
        returned (result);
        doing ("ctx_get %s after %d", option->name, values[i]);
        returned (zmq_ctx_get (context, option->number));
        zmq_ctx_term (context);
    }
}

static int option_of (void *socket, int option)
{
    int value = -999;
    size_t size = sizeof value;
    zmq_getsockopt (socket, option, &value, &size);
    return value;
}

static void report_inheritance (void)
{
    const struct named *type;
    for (type = types; type->name != NULL; type++) {
        void *context = zmq_ctx_new (), *socket;
        zmq_ctx_set (context, ZMQ_IPV6, 1);
        zmq_ctx_set (context, ZMQ_BLOCKY, 0);
        socket = zmq_socket (context, type->number);
        doing ("inherited %s", type->name);
        became ("ipv6 %d, linger %d", option_of (socket, ZMQ_IPV6), option_of (socket, ZMQ_LINGER));
        zmq_close (socket);
        zmq_ctx_term (context);
    }
}

static void report_limit (void)
{
    void *context = zmq_ctx_new (), *sockets[4];
    int i;
    zmq_ctx_set (context, ZMQ_MAX_SOCKETS, 2);
    for (i = 0; i < 4; i++) {
        sockets[i] = zmq_socket (context, ZMQ_PAIR);
        doing ("socket %d of 2", i + 1);
        returned_pointer (sockets[i]);
    }
    doing ("ctx_set MAX_SOCKETS with sockets");
    returned (zmq_ctx_set (context, ZMQ_MAX_SOCKETS, 10));
    doing ("ctx_set IO_THREADS with sockets");
    returned (zmq_ctx_set (context, ZMQ_IO_THREADS, 3));
    for (i = 0; i < 4; i++)
        if (sockets[i] != NULL)
            zmq_close (sockets[i]);
    zmq_ctx_term (context);
}

static void report_types (void)
{
    void *context = zmq_ctx_new ();
    int type;
    for (type = -2; type < 30; type++) {
        void *socket = zmq_socket (context, type);
        doing ("socket of type %d", type);
        returned_pointer (socket);
        if (socket != NULL)
            zmq_close (socket);
    }
    zmq_ctx_term (context);
}

static void report_end (void)
{
    void *context = zmq_ctx_new (), *socket = zmq_socket (context, ZMQ_PAIR);
    char octet;
    int value = 1, linger;
    size_t size = sizeof linger;
    zmq_pollitem_t item = {socket, 0, ZMQ_POLLIN, 0};
    doing ("ctx_shutdown");
    returned (zmq_ctx_shutdown (context));
    doing ("ctx_shutdown again");
    returned (zmq_ctx_shutdown (context));
    doing ("after shutdown: socket");
    returned_pointer (zmq_socket (context, ZMQ_PAIR));
    doing ("after shutdown: send");
    returned (zmq_send (socket, "a", 1, 0));
    doing ("after shutdown: recv");
    returned (zmq_recv (socket, &octet, 1, 0));
    doing ("after shutdown: recv without waiting");
    returned (zmq_recv (socket, &octet, 1, ZMQ_DONTWAIT));
    doing ("after shutdown: setsockopt");
    returned (zmq_setsockopt (socket, ZMQ_SNDHWM, &value, sizeof value));
    doing ("after shutdown: getsockopt");
    returned (zmq_getsockopt (socket, ZMQ_LINGER, &linger, &size));
    doing ("after shutdown: bind");
    returned (zmq_bind (socket, "inproc://late"));
    doing ("after shutdown: connect");
    returned (zmq_connect (socket, "inproc://late"));
    doing ("after shutdown: unbind");
    returned (zmq_unbind (socket, "inproc://late"));
    doing ("after shutdown: disconnect");
    returned (zmq_disconnect (socket, "inproc://late"));
    doing ("after shutdown: monitor");
    returned (zmq_socket_monitor (socket, "inproc://monitor", ZMQ_EVENT_ALL));
    doing ("after shutdown: monitor none");
    returned (zmq_socket_monitor (socket, NULL, 0));
    doing ("after shutdown: poll");
    returned (zmq_poll (&item, 1, 0));
    doing ("after shutdown: ctx_get");
    returned (zmq_ctx_get (context, ZMQ_IO_THREADS));
    doing ("after shutdown: ctx_set");
    returned (zmq_ctx_set (context, ZMQ_IO_THREADS, 2));
    doing ("after shutdown: close");
    returned (zmq_close (socket));
    doing ("ctx_term");
    returned (zmq_ctx_term (context));
    context = zmq_ctx_new ();
    doing ("ctx_term of a context without sockets");
    returned (zmq_ctx_term (context));
    context = zmq_ctx_new ();
    doing ("shutdown of a context without sockets");
    returned (zmq_ctx_shutdown (context));
    doing ("socket of a context that was shut down before its first");
    returned_pointer (zmq_socket (context, ZMQ_PAIR));
    zmq_ctx_term (context);
}

static void report_threads (void)
{
    void *context = zmq_ctx_new (), *bound, *connected;
    zmq_ctx_set (context, ZMQ_IO_THREADS, 0);
    bound = zmq_socket (context, ZMQ_PAIR);
    connected = zmq_socket (context, ZMQ_PAIR);
    doing ("no I/O threads: bind inproc");
    returned (zmq_bind (bound, "inproc://x"));
    doing ("no I/O threads: connect inproc");
    returned (zmq_connect (connected, "inproc://x"));
    doing ("no I/O threads: bind tcp");
    returned (zmq_bind (bound, "tcp://127.0.0.1:*"));
    doing ("no I/O threads: bind ipc");
    returned (zmq_bind (bound, "ipc://*"));
    doing ("no I/O threads: connect tcp");
    returned (zmq_connect (bound, "tcp://127.0.0.1:9"));
    zmq_close (bound);
    zmq_close (connected);
    zmq_ctx_term (context);
}

static void init_with (void *arg)
{
    void *context = zmq_init (*(int *) arg);
    returned_pointer (context);
    if (context != NULL)
        zmq_term (context);
}

void report_context (void)
{
    static int counts[] = {-1, 0, 1, 3};
    const struct named *option;
    size_t i;
    for (option = context_options; option->name != NULL; option++)
        report_setting (option);
    report_inheritance ();
    report_limit ();
    report_types ();
    report_end ();
    report_threads ();
    for (i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        doing ("init %d", counts[i]);
        risk (init_with, &counts[i]);
    }
}
