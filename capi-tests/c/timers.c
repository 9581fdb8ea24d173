/* SPDX-License-Identifier: MPL-2.0 */

/* Timers: what is due, changes from inside of handlers, and what is no timer. */

#include "check.h"

static void *timers;
static int calls[4];
static int id_of[4];

static void count (int timer_id, void *arg)
{
    int index = *(int *) arg;
    CHECK (timer_id == id_of[index]);
    calls[index]++;
}

static int index_of[4] = {0, 1, 2, 3};

static int add (int index, size_t interval, zmq_timer_fn handler)
{
    calls[index] = 0;
    id_of[index] = zmq_timers_add (timers, interval, handler, &index_of[index]);
    CHECK (id_of[index] > 0);
    return id_of[index];
}

/* Waits until something is due, by what the library itself says, and runs it. */
static void wait_and_execute (void)
{
    long left;
    while ((left = zmq_timers_timeout (timers)) > 0)
        CHECK (zmq_poll (NULL, 0, left) == 0);
    CHECK (left == 0);
    WORKS (zmq_timers_execute (timers));
}

static void test_repeats (void)
{
    int before;
    add (0, 20, count);
    add (1, 1000000, count);
    WORKS (zmq_timers_execute (timers));
    CHECK (zmq_timers_timeout (timers) <= 20);
    before = calls[0];
    wait_and_execute ();
    wait_and_execute ();
    CHECK (calls[0] == before + 2 && calls[1] == 0);
    WORKS (zmq_timers_set_interval (timers, id_of[1], 1));
    WORKS (zmq_timers_cancel (timers, id_of[0]));
    wait_and_execute ();
    CHECK (calls[0] == before + 2 && calls[1] == 1);
    WORKS (zmq_timers_cancel (timers, id_of[1]));
}

static void test_none_is_left (void)
{
    FAILS (zmq_timers_cancel (timers, id_of[0]), EINVAL);
    CHECK (zmq_timers_timeout (timers) == -1);
    WORKS (zmq_timers_execute (timers));
}

static void test_limits (void)
{
    int id = add (0, SIZE_MAX, count);
#ifndef GENUINE
    /* The genuine library's sum overflows: its timer is due at once. */
    CHECK (zmq_timers_timeout (timers) == LONG_MAX);
    WORKS (zmq_timers_execute (timers));
    CHECK (calls[0] == 0);
#endif
    WORKS (zmq_timers_cancel (timers, id));
#ifndef GENUINE
    /* Here the genuine library never comes back. */
    add (0, 0, count);
    CHECK (zmq_timers_timeout (timers) == 0);
    WORKS (zmq_timers_execute (timers));
    CHECK (calls[0] == 1);
    WORKS (zmq_timers_execute (timers));
    CHECK (calls[0] == 2);
    WORKS (zmq_timers_cancel (timers, id_of[0]));
#endif
}

static void test_unknown (void)
{
    FAILS (zmq_timers_cancel (timers, 12345), EINVAL);
    FAILS (zmq_timers_reset (timers, 12345), EINVAL);
    FAILS (zmq_timers_set_interval (timers, 12345, 1), EINVAL);
    FAILS (zmq_timers_add (timers, 10, NULL, NULL), EFAULT);
}

static void test_no_timers (void *handle)
{
    void *copy = handle;
    FAILS (zmq_timers_add (handle, 10, count, NULL), EFAULT);
    FAILS (zmq_timers_cancel (handle, 1), EFAULT);
    FAILS (zmq_timers_set_interval (handle, 1, 10), EFAULT);
    FAILS (zmq_timers_reset (handle, 1), EFAULT);
    FAILS (zmq_timers_timeout (handle), EFAULT);
    FAILS (zmq_timers_execute (handle), EFAULT);
    FAILS (zmq_timers_destroy (&copy), EFAULT);
}

static void cancel_both (int timer_id, void *arg)
{
    count (timer_id, arg);
    WORKS (zmq_timers_cancel (timers, id_of[0]));
    WORKS (zmq_timers_cancel (timers, id_of[1]));
}

#ifndef GENUINE
static void add_another (int timer_id, void *arg)
{
    count (timer_id, arg);
    add (2, 0, count);
}

static void execute_again (int timer_id, void *arg)
{
    count (timer_id, arg);
    if (calls[0] < 5)
        WORKS (zmq_timers_execute (timers));
}

static void slow_down (int timer_id, void *arg)
{
    count (timer_id, arg);
    WORKS (zmq_timers_set_interval (timers, timer_id, 100000));
    WORKS (zmq_timers_reset (timers, timer_id));
}

static void destroy (int timer_id, void *arg)
{
    count (timer_id, arg);
    WORKS (zmq_timers_destroy (&timers));
}
#endif

static void test_inside_handlers (void)
{
    add (0, 0, cancel_both);
    add (1, 0, count);
    WORKS (zmq_timers_execute (timers));
    CHECK (calls[0] == 1 && calls[1] == 0);
    CHECK (zmq_timers_timeout (timers) == -1);

#ifndef GENUINE
    add (0, 0, add_another);
    WORKS (zmq_timers_execute (timers));
    CHECK (calls[0] == 1 && calls[2] == 0);
    WORKS (zmq_timers_cancel (timers, id_of[0]));
    WORKS (zmq_timers_execute (timers));
    CHECK (calls[2] == 1);
    WORKS (zmq_timers_cancel (timers, id_of[2]));

    add (0, 0, execute_again);
    WORKS (zmq_timers_execute (timers));
    CHECK (calls[0] == 5);
    WORKS (zmq_timers_cancel (timers, id_of[0]));

    add (0, 0, slow_down);
    WORKS (zmq_timers_execute (timers));
    WORKS (zmq_timers_execute (timers));
    CHECK (calls[0] == 1 && zmq_timers_timeout (timers) > 50000);
    WORKS (zmq_timers_cancel (timers, id_of[0]));

    {
        void *stale = timers;
        add (0, 0, destroy);
        add (1, 0, count);
        WORKS (zmq_timers_execute (timers));
        CHECK (calls[0] == 1 && calls[1] == 0 && timers == NULL);
        test_no_timers (stale);
        timers = zmq_timers_new ();
        test_no_timers (stale);
    }
#endif
}

int main (void)
{
    void *pointer = NULL;
    alarm (SECONDS_AT_MOST);
    timers = zmq_timers_new ();
    CHECK (timers != NULL);
    test_repeats ();
    test_none_is_left ();
    test_limits ();
    test_unknown ();
    test_no_timers (NULL);
    test_no_timers (&pointer);
    test_inside_handlers ();
    WORKS (zmq_timers_destroy (&timers));
    CHECK (timers == NULL);
    FAILS (zmq_timers_destroy (&timers), EFAULT);
#ifndef GENUINE
    FAILS (zmq_timers_destroy (NULL), EFAULT);
#endif
    return 0;
}
