/* SPDX-License-Identifier: MPL-2.0 */

/* curve SIZE COUNT: PUSH to PULL by tcp with CURVE, two processes. */

#include "bench.h"

int main (int argc, char **argv)
{
    CHECK (argc == 3);
    long size = number (argv[1]), count = number (argv[2]);
    char endpoint[256], public[41], secret[41];
    pid_t other = split ();
    void *ctx = context (1);
    CHECK (zmq_curve_keypair (public, secret) == 0);
    if (other == 0) {
        void *socket = make (ctx, ZMQ_PUSH);
        char server[41];
        hear (endpoint, sizeof endpoint);
        hear (server, sizeof server);
        CHECK (zmq_setsockopt (socket, ZMQ_CURVE_SERVERKEY, server, 40) == 0);
        CHECK (zmq_setsockopt (socket, ZMQ_CURVE_PUBLICKEY, public, 40) == 0);
        CHECK (zmq_setsockopt (socket, ZMQ_CURVE_SECRETKEY, secret, 40) == 0);
        CHECK (zmq_connect (socket, endpoint) == 0);
        double used = 0;
        for (long i = 0; i <= count; i++) {
            zmq_msg_t message;
            CHECK (zmq_msg_init_size (&message, (size_t) size) == 0);
            CHECK (zmq_msg_send (&message, socket, 0) == (int) size);
            /* The first message shows that the handshake is over. */
            if (i == 0) {
                hear_number ();
                used = cpu ();
            }
        }
        hear_number ();
        tell_number (cpu () - used);
        hear_number ();
        _exit (0);
    }
    void *socket = make (ctx, ZMQ_PULL);
    set (socket, ZMQ_CURVE_SERVER, 1);
    CHECK (zmq_setsockopt (socket, ZMQ_CURVE_SECRETKEY, secret, 40) == 0);
    bind_any (socket, "tcp", endpoint);
    tell (endpoint, sizeof endpoint);
    tell (public, sizeof public);
    zmq_msg_t message;
    CHECK (zmq_msg_init (&message) == 0);
    CHECK (zmq_msg_recv (&message, socket, 0) == (int) size);
    double used = cpu (), begun = now ();
    tell_number (0);
    for (long i = 0; i < count; i++)
        CHECK (zmq_msg_recv (&message, socket, 0) == (int) size);
    double took = now () - begun;
    used = cpu () - used;
    tell_number (0);
    used += hear_number ();
    report ("rate", (double) count / took);
    report ("cpu", used / (double) count * 1e6);
    tell_number (0);
    join (other);
    return 0;
}
