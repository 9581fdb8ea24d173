/* SPDX-License-Identifier: MPL-2.0 */

/* Prints what a libzmq does at its boundary: conformance PART. */

#include "report.h"

#include <sys/wait.h>

const struct named types[] = {
    {ZMQ_PAIR, "PAIR"},     {ZMQ_PUB, "PUB"},       {ZMQ_SUB, "SUB"},   {ZMQ_REQ, "REQ"},
    {ZMQ_REP, "REP"},       {ZMQ_DEALER, "DEALER"}, {ZMQ_ROUTER, "ROUTER"}, {ZMQ_PULL, "PULL"},
    {ZMQ_PUSH, "PUSH"},     {ZMQ_XPUB, "XPUB"},     {ZMQ_XSUB, "XSUB"}, {ZMQ_STREAM, "STREAM"},
    {0, NULL}};

static char what[512];

void doing (const char *format, ...)
{
    va_list args;
    va_start (args, format);
    vsnprintf (what, sizeof what, format, args);
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

void risk (void (*act) (void *arg), void *arg)
{
    int status;
    pid_t child;
    fflush (stdout);
    child = fork ();
    if (child == 0) {
        /* What the library says when it dies would only confuse. */
        if (freopen ("/dev/null", "w", stderr) == NULL)
            _exit (3);
        alarm (3);
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
             {"misuse", report_misuse}};

int main (int argc, char **argv)
{
    size_t i;
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
