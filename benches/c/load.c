/* SPDX-License-Identifier: MPL-2.0 */

/* load COUNT: the median time in microseconds that the loader needs for libzmq.so.5 and what it
 * needs, each time in a new process, which is not linked with it. */

#include "bench.h"

#include <dlfcn.h>

static int ascending (const void *a, const void *b)
{
    double left = *(const double *) a, right = *(const double *) b;
    return (left > right) - (left < right);
}

int main (int argc, char **argv)
{
    CHECK (argc == 2);
    long count = number (argv[1]);
    double *times = calloc ((size_t) count + 1, sizeof *times), before = 0;
    CHECK (times && count > 0);
    for (long i = 0; i < count; i++) {
        pid_t other = split ();
        if (other == 0) {
            double resident_before = resident (), begun = now ();
            void *library = dlopen ("libzmq.so.5", RTLD_NOW | RTLD_LOCAL);
            double took = now () - begun;
            if (!library)
                fprintf (stderr, "%s\n", dlerror ());
            CHECK (library && dlsym (library, "zmq_version"));
            tell_number (took * 1e6);
            tell_number (resident () - resident_before);
            _exit (0);
        }
        times[i] = hear_number ();
        before = hear_number ();
        join (other);
        close (line_);
    }
    qsort (times, (size_t) count, sizeof *times, ascending);
    report ("load", times[count / 2]);
    report ("resident", before);
    return 0;
}
