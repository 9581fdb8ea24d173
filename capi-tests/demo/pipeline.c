/*
 * A pipeline: the ventilator deals out tasks, workers do them, the sink adds up the results.
 *
 *   pipeline sink RESULTS
 *   pipeline ventilator TASKS READY RESULTS
 *   pipeline worker NAME TASKS READY RESULTS
 *   pipeline all TASKS READY RESULTS         one of each and a second worker, as threads
 */
#include "demo.h"

enum { TASKS = 100, WORKERS = 2 };

static void *context;
static const char *tasks, *ready, *results;

static void *ventilator (void *argument)
{
    static const char *const probes[] = {"there?"};
    void *belt = demo_bind (context, ZMQ_PUSH, tasks);
    void *gate = demo_bind (context, ZMQ_PULL, ready);
    char text[DEMO_TEXT];
    int i;

    demo_listening (belt, gate);
    demo_gather (belt, probes, 1, gate, WORKERS);

    for (i = 1; i <= TASKS; i++) {
        snprintf (text, sizeof text, "%d", i);
        demo_send (belt, text, 0);
    }
    /* PUSH deals in turn, so each of the workers gets one of these, after all of its tasks. */
    for (i = 0; i < WORKERS; i++)
        demo_send (belt, "home", 0);
    say ("ventilator", "dealt out %d tasks", TASKS);

    DEMO_CHECK (zmq_close (belt) == 0);
    DEMO_CHECK (zmq_close (gate) == 0);
    return argument;
}

static void *worker (void *argument)
{
    const char *name = argument;
    void *belt = demo_connect (context, ZMQ_PULL, tasks);
    void *gate = demo_connect (context, ZMQ_PUSH, ready);
    void *done = demo_connect (context, ZMQ_PUSH, results);
    char text[DEMO_TEXT];
    int number, count = 0, reported = 0;

    for (;;) {
        demo_recv (belt, text);
        if (strcmp (text, "home") == 0)
            break;
        if (strcmp (text, "there?") == 0) {
            if (!reported)
                demo_send (gate, name, 0);
            reported = 1;
            continue;
        }
        DEMO_CHECK (sscanf (text, "%d", &number) == 1);
        snprintf (text, sizeof text, "%d", number * number);
        demo_send (done, name, ZMQ_SNDMORE);
        demo_send (done, text, 0);
        count++;
    }
    say ("worker", "%s did %d tasks", name, count);

    DEMO_CHECK (zmq_close (belt) == 0);
    DEMO_CHECK (zmq_close (gate) == 0);
    DEMO_CHECK (zmq_close (done) == 0);
    return argument;
}

static void *sink (void *argument)
{
    void *done = demo_bind (context, ZMQ_PULL, results);
    char name[DEMO_TEXT], text[DEMO_TEXT];
    int i, more, square;
    long sum = 0, expected = 0;
    size_t size = sizeof more;

    demo_listening (done, NULL);
    for (i = 1; i <= TASKS; i++) {
        demo_recv (done, name);
        DEMO_CHECK (zmq_getsockopt (done, ZMQ_RCVMORE, &more, &size) == 0 && more);
        demo_recv (done, text);
        DEMO_CHECK (zmq_getsockopt (done, ZMQ_RCVMORE, &more, &size) == 0 && !more);
        DEMO_CHECK (sscanf (text, "%d", &square) == 1);
        sum += square;
        expected += (long) i * i;
    }
    DEMO_CHECK (sum == expected);
    say ("sink", "%d results, sum of squares %ld", TASKS, sum);

    DEMO_CHECK (zmq_close (done) == 0);
    return argument;
}

int main (int argc, char **argv)
{
    const char *role = argc > 1 ? argv[1] : "";
    int is_worker = strcmp (role, "worker") == 0, is_sink = strcmp (role, "sink") == 0;
    pthread_t threads[WORKERS + 1];
    int i;

    if (argc != (is_worker ? 6 : is_sink ? 3 : 5)) {
        fprintf (stderr, "usage: pipeline sink RESULTS\n"
                         "       pipeline ventilator|worker NAME|all TASKS READY RESULTS\n");
        return 2;
    }
    demo_begin ();
    results = argv[argc - 1];
    ready = is_sink ? NULL : argv[argc - 2];
    tasks = is_sink ? NULL : argv[argc - 3];
    context = zmq_ctx_new ();
    DEMO_CHECK (context);

    if (strcmp (role, "all") == 0) {
        demo_thread (&threads[0], sink, NULL);
        demo_thread (&threads[1], worker, "A");
        demo_thread (&threads[2], worker, "B");
        ventilator (NULL);
        for (i = 0; i < WORKERS + 1; i++)
            pthread_join (threads[i], NULL);
    } else if (strcmp (role, "ventilator") == 0)
        ventilator (NULL);
    else if (is_worker)
        worker (argv[2]);
    else
        sink (NULL);

    DEMO_CHECK (zmq_ctx_term (context) == 0);
    return 0;
}
