/*
 * Publish and subscribe: one station reports the weather of three cities, each subscriber
 * receives the one it asked for and nothing else.
 *
 *   pubsub publisher DATA READY
 *   pubsub subscriber CITY DATA READY
 *   pubsub all DATA READY              one publisher, two subscribers, as threads
 */
#include "demo.h"

enum { READINGS = 5, SUBSCRIBERS = 2 };

static const char *const cities[] = {"berlin", "lisbon", "oslo"};
static const char *const probes[] = {"berlin ?", "lisbon ?", "oslo ?"};
enum { CITIES = 3 };

static void *context;
static const char *data, *ready;

static void *publisher (void *argument)
{
    void *station = demo_bind (context, ZMQ_PUB, data);
    void *gate = demo_bind (context, ZMQ_PULL, ready);
    char text[DEMO_TEXT];
    int city, i;

    demo_listening (station, gate);
    demo_gather (station, probes, CITIES, gate, SUBSCRIBERS);

    for (i = 1; i <= READINGS; i++)
        for (city = 0; city < CITIES; city++) {
            snprintf (text, sizeof text, "%s %d degrees", cities[city], 10 * (city + 1) + i);
            demo_send (station, text, 0);
        }
    for (city = 0; city < CITIES; city++) {
        snprintf (text, sizeof text, "%s .", cities[city]);
        demo_send (station, text, 0);
    }
    say ("publisher", "sent %d readings of %d cities", READINGS, CITIES);

    DEMO_CHECK (zmq_close (station) == 0);
    DEMO_CHECK (zmq_close (gate) == 0);
    return argument;
}

static void *subscriber (void *argument)
{
    const char *city = argument;
    size_t length = strlen (city);
    void *feed = demo_connect (context, ZMQ_SUB, data);
    void *gate = demo_connect (context, ZMQ_PUSH, ready);
    char text[DEMO_TEXT];
    int readings = 0, first = 0, degrees, reported = 0;

    DEMO_CHECK (zmq_setsockopt (feed, ZMQ_SUBSCRIBE, city, length) == 0);
    for (;;) {
        demo_recv (feed, text);
        DEMO_CHECK (strncmp (text, city, length) == 0);
        if (strcmp (text + length, " ?") == 0) {
            if (!reported)
                demo_send (gate, city, 0);
            reported = 1;
        } else if (strcmp (text + length, " .") == 0)
            break;
        else {
            DEMO_CHECK (sscanf (text + length, "%d", &degrees) == 1);
            first = readings == 0 ? degrees : first;
            DEMO_CHECK (degrees == first + readings);
            readings++;
        }
    }
    DEMO_CHECK (readings == READINGS);
    say ("subscriber", "%s: %d to %d degrees, %d readings in order", city, first, degrees, readings);

    DEMO_CHECK (zmq_close (feed) == 0);
    DEMO_CHECK (zmq_close (gate) == 0);
    return argument;
}

int main (int argc, char **argv)
{
    const char *role = argc > 1 ? argv[1] : "";
    pthread_t threads[SUBSCRIBERS];
    int i;

    if (argc != (strcmp (role, "subscriber") == 0 ? 5 : 4)) {
        fprintf (stderr, "usage: pubsub publisher|subscriber CITY|all DATA READY\n");
        return 2;
    }
    demo_begin ();
    data = argv[argc - 2];
    ready = argv[argc - 1];
    context = zmq_ctx_new ();
    DEMO_CHECK (context);

    if (strcmp (role, "all") == 0) {
        for (i = 0; i < SUBSCRIBERS; i++)
            demo_thread (&threads[i], subscriber, (void *) cities[i]);
        publisher (NULL);
        for (i = 0; i < SUBSCRIBERS; i++)
            pthread_join (threads[i], NULL);
    } else if (strcmp (role, "publisher") == 0)
        publisher (NULL);
    else
        subscriber (argv[2]);

    DEMO_CHECK (zmq_ctx_term (context) == 0);
    return 0;
}
