/* SPDX-License-Identifier: MPL-2.0 */

/* What the parts of this program share. Each line that it prints is "what was done = what came of
 * it"; what was done is said the same way whatever came of it, so that two libraries can be
 * compared line by line. */

#include "../names.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

struct named
{
    int number;
    const char *name;
};

/* The socket types, and the options, with their names. Each ends with a name that is NULL. */
extern const struct named types[];
extern const struct named options[];
/* The options of contexts, and numbers that are none. */
extern const struct named context_options[];

/* What was done, until the next call. */
void doing (const char *format, ...);
/* What came of it: any text. */
void became (const char *format, ...);
/* What came of a call that returned this number: the number, or the name of the error. */
void returned (long result);
/* The same for a pointer: "a pointer", or the name of the error. */
void returned_pointer (const void *result);

/* Does something in a process of its own, which may die of it. "dies" and "hangs" come of it then.
 * What it does has to report one line. */
void risk (void (*what) (void *arg), void *arg);

/* The same for what reports many lines, in so many seconds: what was last to be done is what it
 * died of, and the rest is not asked. */
void apart (void (*what) (void *arg), void *arg, unsigned seconds);

/* The parts of the program. */
void report_options (void);
void report_context (void);
void report_endpoints (void);
void report_states (void);
void report_messages (void);
void report_utilities (void);
void report_misuse (void);
#ifdef ZMQ_BUILD_DRAFT_API
void report_drafts (void);
#endif
