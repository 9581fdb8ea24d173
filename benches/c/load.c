/* SPDX-License-Identifier: MPL-2.0 */

/* load COUNT [LIBRARY...]: the median time in microseconds that the loader needs for libzmq.so.5
 * and what it needs, each time in a new process, which is not linked with it; and how many octets
 * the files have that are loaded. What a LIBRARY needs, and the C library, is there before and does
 * not count. */

#include "bench.h"

#include <dlfcn.h>
#include <link.h>
#include <sys/stat.h>

/* Adds up the sizes of the files that are loaded. */
static int add_file (struct dl_phdr_info *object, size_t size, void *sum)
{
    struct stat file;
    (void) size;
    /* The program itself has no name, the kernel's part no file. */
    if (*object->dlpi_name && stat (object->dlpi_name, &file) == 0)
        *(double *) sum += (double) file.st_size;
    return 0;
}

static double files (void)
{
    double sum = 0;
    dl_iterate_phdr (add_file, &sum);
    return sum;
}

static int ascending (const void *a, const void *b)
{
    double left = *(const double *) a, right = *(const double *) b;
    return (left > right) - (left < right);
}

int main (int argc, char **argv)
{
    CHECK (argc >= 2);
    long count = number (argv[1]);
    double *times = calloc ((size_t) count + 1, sizeof *times), memory = 0, size = 0;
    CHECK (times && count > 0);
    for (long i = 0; i < count; i++) {
        pid_t other = split ();
        if (other == 0) {
            /* Whoever has not got it does not need it. */
            for (int library = 2; library < argc; library++)
                dlopen (argv[library], RTLD_NOW | RTLD_LOCAL);
            dlopen ("libm.so.6", RTLD_NOW | RTLD_LOCAL);
            double files_before = files (), resident_before = resident (), begun = now ();
            void *library = dlopen ("libzmq.so.5", RTLD_NOW | RTLD_LOCAL);
            double took = now () - begun;
            if (!library)
                fprintf (stderr, "%s\n", dlerror ());
            CHECK (library && dlsym (library, "zmq_version"));
            tell_number (took * 1e6);
            tell_number (resident () - resident_before);
            tell_number (files () - files_before);
            _exit (0);
        }
        times[i] = hear_number ();
        memory = hear_number ();
        size = hear_number ();
        join (other);
        close (line_);
    }
    qsort (times, (size_t) count, sizeof *times, ascending);
    report ("load", times[count / 2]);
    report ("resident", memory);
    report ("size", size);
    return 0;
}
