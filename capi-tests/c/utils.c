/* SPDX-License-Identifier: MPL-2.0 */

/* Atomic counters, stopwatches, threads. */

#include "check.h"

#include <pthread.h>
#include <signal.h>

static void test_counter (void)
{
    void *counter = zmq_atomic_counter_new ();
    CHECK (counter != NULL && zmq_atomic_counter_value (counter) == 0);
    CHECK (zmq_atomic_counter_inc (counter) == 0);
    CHECK (zmq_atomic_counter_inc (counter) == 1);
    CHECK (zmq_atomic_counter_value (counter) == 2);
    CHECK (zmq_atomic_counter_dec (counter) == 1);
    CHECK (zmq_atomic_counter_dec (counter) == 0);
    zmq_atomic_counter_set (counter, 7);
    CHECK (zmq_atomic_counter_value (counter) == 7);
    zmq_atomic_counter_destroy (&counter);
    CHECK (counter == NULL);
#ifndef GENUINE
    zmq_atomic_counter_destroy (&counter);
    zmq_atomic_counter_destroy (NULL);
    CHECK (zmq_atomic_counter_inc (NULL) == 0 && zmq_atomic_counter_dec (NULL) == 0);
    CHECK (zmq_atomic_counter_value (NULL) == 0);
    zmq_atomic_counter_set (NULL, 1);
#endif
}

#define ROUNDS 20000

static void count (void *counter)
{
    int i;
    for (i = 0; i < ROUNDS; i++)
        zmq_atomic_counter_inc (counter);
}

static void test_threads_count_together (void)
{
    void *counter = zmq_atomic_counter_new ();
    void *threads[4];
    int i;
    for (i = 0; i < 4; i++)
        CHECK ((threads[i] = zmq_threadstart (count, counter)) != NULL);
    for (i = 0; i < 4; i++)
        zmq_threadclose (threads[i]);
    CHECK (zmq_atomic_counter_value (counter) == 4 * ROUNDS);
    zmq_atomic_counter_destroy (&counter);
}

#ifndef GENUINE
static void exit_early (void *done)
{
    *(int *) done = 1;
    pthread_exit (NULL);
}

static void mask_is_full (void *wrong)
{
    sigset_t mask;
    *(int *) wrong = pthread_sigmask (SIG_BLOCK, NULL, &mask) != 0
                     || !sigismember (&mask, SIGTERM) || !sigismember (&mask, SIGALRM)
                     || sigismember (&mask, SIGSEGV);
}

static void test_threads_of_ours (void)
{
    int done = 0, wrong = 1;
    sigset_t before, after;
    void *thread = zmq_threadstart (exit_early, &done);
    CHECK (thread != NULL);
    zmq_threadclose (thread);
    CHECK (done == 1);

    sigemptyset (&before);
    sigaddset (&before, SIGUSR2);
    CHECK (pthread_sigmask (SIG_SETMASK, &before, NULL) == 0);
    CHECK ((thread = zmq_threadstart (mask_is_full, &wrong)) != NULL);
    zmq_threadclose (thread);
    CHECK (wrong == 0);
    CHECK (pthread_sigmask (SIG_SETMASK, NULL, &after) == 0);
    CHECK (sigismember (&after, SIGUSR2) && !sigismember (&after, SIGTERM));

    FAILS_NULL (zmq_threadstart (NULL, NULL), EFAULT);
    zmq_threadclose (NULL);
}
#endif

static void test_stopwatch (void)
{
    void *watch = zmq_stopwatch_start ();
    unsigned long first, last;
    CHECK (watch != NULL);
    first = zmq_stopwatch_intermediate (watch);
    zmq_sleep (1);
    last = zmq_stopwatch_stop (watch);
    CHECK (first < 500000 && last - first >= 990000);
#ifndef GENUINE
    CHECK (zmq_stopwatch_stop (NULL) == 0 && zmq_stopwatch_intermediate (NULL) == 0);
    zmq_sleep (-1);
#endif
}

int main (void)
{
    alarm (SECONDS_AT_MOST);
    test_counter ();
    test_threads_count_together ();
    test_stopwatch ();
#ifndef GENUINE
    test_threads_of_ours ();
#endif
    return 0;
}
