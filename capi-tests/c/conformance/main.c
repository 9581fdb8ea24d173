/* SPDX-License-Identifier: MPL-2.0 */

/* Prints what a libzmq does at its boundary: conformance PART. */

#include "report.h"

#include <sys/mman.h>
#include <sys/wait.h>

const struct named types[] = {
    {ZMQ_PAIR, "PAIR"},     {ZMQ_PUB, "PUB"},       {ZMQ_SUB, "SUB"},   {ZMQ_REQ, "REQ"},
    {ZMQ_REP, "REP"},       {ZMQ_DEALER, "DEALER"}, {ZMQ_ROUTER, "ROUTER"}, {ZMQ_PULL, "PULL"},
    {ZMQ_PUSH, "PUSH"},     {ZMQ_XPUB, "XPUB"},     {ZMQ_XSUB, "XSUB"}, {ZMQ_STREAM, "STREAM"},
#ifdef ZMQ_BUILD_DRAFT_API
    {ZMQ_SERVER, "SERVER"}, {ZMQ_CLIENT, "CLIENT"}, {ZMQ_RADIO, "RADIO"}, {ZMQ_DISH, "DISH"},
    {ZMQ_GATHER, "GATHER"}, {ZMQ_SCATTER, "SCATTER"}, {ZMQ_DGRAM, "DGRAM"}, {ZMQ_PEER, "PEER"},
    {ZMQ_CHANNEL, "CHANNEL"},
#endif
    {0, NULL}};

/* Shared with the processes that may die: who is left knows what they died of. */
#define ROOM 512
static char *what;

void doing (const char *format, ...)
{
    va_list args;
    va_start (args, format);
    vsnprintf (what, ROOM, format, args);
    va_end (args);
}

void became (const char *format, ...)
{
    va_list args;
    printf ("%s = ", what);
    va_start (args, format);
    vprintf (format, args);
    va_end (args);
    printf ("\n");
    fflush (stdout);
}

void returned (long result)
{
    if (result == -1)
        became ("%s", errno_name (zmq_errno ()));
    else
        became ("%ld", result);
}

void returned_pointer (const void *result)
{
    if (result == NULL)
        became ("%s", errno_name (zmq_errno ()));
    else
        became ("a pointer");
}

void risk (void (*act) (void *arg), void *arg) { apart (act, arg, 3); }

void apart (void (*act) (void *arg), void *arg, unsigned seconds)
{
    int status;
    pid_t child;
    fflush (stdout);
    child = fork ();
    if (child == 0) {
        /* What the library says when it dies would only confuse. */
        if (freopen ("/dev/null", "w", stderr) == NULL)
            _exit (3);
        alarm (seconds);
        act (arg);
        fflush (stdout);
        _exit (0);
    }
    if (child == -1 || waitpid (child, &status, 0) != child)
        exit (2);
    if (WIFSIGNALED (status))
        became (WTERMSIG (status) == SIGALRM ? "hangs" : "dies");
    else if (WEXITSTATUS (status) != 0)
        became ("exits with %d", WEXITSTATUS (status));
}

static const struct
{
    const char *name;
    void (*report) (void);
} parts[] = {{"options", report_options},     {"context", report_context},
             {"endpoints", report_endpoints}, {"states", report_states},
             {"messages", report_messages},   {"utilities", report_utilities},
             {"misuse", report_misuse},
#ifdef ZMQ_BUILD_DRAFT_API
             {"drafts", report_drafts},
#endif
};

int main (int argc, char **argv)
{
    size_t i;
    what = mmap (NULL, ROOM, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (what == MAP_FAILED)
        return 2;
    for (i = 0; argc == 2 && i < sizeof parts / sizeof parts[0]; i++) {
        if (strcmp (argv[1], parts[i].name) != 0)
            continue;
        alarm (50);
        parts[i].report ();
        return 0;
    }
    fprintf (stderr, "usage: conformance PART\n");
    return 2;
}
