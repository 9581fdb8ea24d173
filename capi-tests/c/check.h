/* SPDX-License-Identifier: MPL-2.0 */

/* What the programs beside this share. Each is compiled once for our library and once, with
 * GENUINE defined, for the genuine one: what stands under #ifndef GENUINE is where we differ on
 * purpose, nearly always because the genuine library crashes there. */

#include "zmq.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Ends the program where a condition does not hold. */
#define CHECK(condition)                                                       \
    do {                                                                       \
        if (!(condition)) {                                                    \
            fprintf (stderr, "%s:%d: %s (errno %d, %s)\n", __FILE__, __LINE__, \
                     #condition, zmq_errno (), zmq_strerror (zmq_errno ()));   \
            exit (1);                                                          \
        }                                                                      \
    } while (0)

/* The call says that it failed, and errno says why. */
#define FAILS(call, number)                                                    \
    do {                                                                       \
        errno = 0;                                                             \
        CHECK ((call) == -1);                                                  \
        CHECK (errno == (number) && zmq_errno () == (number));                 \
    } while (0)

/* The same where NULL says that it failed. */
#define FAILS_NULL(call, number)                                               \
    do {                                                                       \
        errno = 0;                                                             \
        CHECK ((call) == NULL);                                                \
        CHECK (errno == (number));                                             \
    } while (0)

#define WORKS(call) CHECK ((call) == 0)

/* No program here runs for longer than this, whatever happens. */
#define SECONDS_AT_MOST 60
