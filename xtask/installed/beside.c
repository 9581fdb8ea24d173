/* A program that links two Rust archives: libzmq.a and another, with a standard library of its own. */
#include <string.h>
#include <zmq.h>

int beside_answer (void);

int main (void)
{
    char text[6] = "";
    void *context = zmq_ctx_new ();
    void *one = zmq_socket (context, ZMQ_PAIR), *two = zmq_socket (context, ZMQ_PAIR);

    if (!one || !two || zmq_bind (one, "inproc://beside") || zmq_connect (two, "inproc://beside"))
        return 1;
    if (zmq_send (one, "hello", 5, 0) != 5 || zmq_recv (two, text, 5, 0) != 5)
        return 2;
    if (strcmp (text, "hello") != 0)
        return 3;
    if (zmq_close (one) || zmq_close (two) || zmq_ctx_term (context))
        return 4;
    return beside_answer () == 42 ? 0 : 5;
}
