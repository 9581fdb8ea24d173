/*  A client in C, through CZMQ: `alone FOLDER`, `server`, or `client ENDPOINT`. See ../README.md.
 *  Alone it runs the tests that CZMQ carries in its library, each in a process of its own.
 */
#include <czmq.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHECK(what, holds)                                                                         \
    do                                                                                             \
        if (!(holds)) {                                                                            \
            fprintf (stderr, "%s failed: %s\n", what, zmq_strerror (zmq_errno ()));                \
            exit (1);                                                                              \
        }                                                                                          \
    while (0)

typedef struct {
    const char *name;
    void (*run) (bool verbose);
} test_t;

/*  Those that use sockets. zbeacon is left out: it broadcasts beyond this machine.
 *
 *  zgossip may fail with any library: it wants what one of its threads was told twice before what
 *  another was told, though both go on at once; on a busy machine 1 in 50 does not, the genuine
 *  library's too. So that one has three tries. */
static const test_t tests[] = {
    {"zactor", zactor_test},   {"zauth", zauth_test},       {"zcert", zcert_test},
    {"zcertstore", zcertstore_test}, {"zclock", zclock_test}, {"zframe", zframe_test},
    {"zgossip", zgossip_test}, {"zloop", zloop_test},       {"zmonitor", zmonitor_test},
    {"zmsg", zmsg_test},       {"zpoller", zpoller_test},   {"zproxy", zproxy_test},
    {"zsock", zsock_test},     {"zstr", zstr_test},
};

static void server (void)
{
    zsock_t *socket = zsock_new (ZMQ_REP);
    CHECK ("bind", zsock_bind (socket, "tcp://127.0.0.1:*") > 0);
    printf ("endpoint %s\n", zsock_endpoint (socket));
    bool end = false;
    while (!end) {
        zmsg_t *request = zmsg_recv (socket);
        CHECK ("receive", request);
        end = zframe_streq (zmsg_first (request), "end");
        zmsg_t *reply = zmsg_new ();
        zframe_t *frame;
        while ((frame = zmsg_pop (request)) != NULL)
            zmsg_prepend (reply, &frame);
        CHECK ("send", zmsg_send (&reply, socket) == 0);
        zmsg_destroy (&request);
    }
    zsock_set_linger (socket, 10000);
    zsock_destroy (&socket);
}

static void client (const char *endpoint)
{
    zsock_t *socket = zsock_new_req (endpoint);
    CHECK ("connect", socket);
    zsock_set_rcvtimeo (socket, 10000);
    for (int number = 0; number < 100; number++) {
        size_t size = (size_t) number * 97;
        char text[16];
        char body[100 * 97];
        memset (body, number, size);
        snprintf (text, sizeof text, "%d", number);
        CHECK ("send", zsock_send (socket, "ssb", text, "czmq", body, size) == 0);
        char *back_text = NULL, *name = NULL;
        zchunk_t *chunk = NULL;
        CHECK ("receive", zsock_recv (socket, "css", &chunk, &name, &back_text) == 0);
        bool same = zchunk_size (chunk) == size && !memcmp (zchunk_data (chunk), body, size)
                    && streq (name, "czmq") && streq (back_text, text);
        CHECK ("reply", same);
        zchunk_destroy (&chunk);
        zstr_free (&name);
        zstr_free (&back_text);
    }
    zstr_send (socket, "end");
    char *end = zstr_recv (socket);
    CHECK ("the end", end && streq (end, "end"));
    zstr_free (&end);
    zsock_destroy (&socket);
}

static bool passes (const test_t *test)
{
    fflush (stdout);
    pid_t child = fork ();
    CHECK ("fork", child >= 0);
    if (child == 0) {
        alarm (20);
        test->run (false);
        fflush (stdout);
        _exit (0);
    }
    int status = 0;
    CHECK ("wait", waitpid (child, &status, 0) == child);
    return status == 0;
}

static void alone (void)
{
    for (size_t at = 0; at < sizeof tests / sizeof *tests; at++) {
        int tries = streq (tests[at].name, "zgossip") ? 3 : 1;
        bool passed = false;
        while (tries-- > 0 && !passed)
            passed = passes (&tests[at]);
        printf ("%s %s\n", passed ? "passed" : "failed", tests[at].name);
    }
}

int main (int argc, char **argv)
{
    setvbuf (stdout, NULL, _IOLBF, 0);
    const char *role = argc > 1 ? argv[1] : "";
    if (streq (role, "server"))
        server ();
    else if (streq (role, "client") && argc > 2)
        client (argv[2]);
    else
        alone ();
    int major, minor, patch;
    zmq_version (&major, &minor, &patch);
    printf ("version %d.%d.%d\n", major, minor, patch);
    char line[1024], last[1024] = "";
    FILE *maps = fopen ("/proc/self/maps", "r");
    CHECK ("maps", maps);
    while (fgets (line, sizeof line, maps)) {
        const char *file = strchr (line, '/');
        if (file && strstr (file, "/libzmq") && !streq (file, last)) {
            snprintf (last, sizeof last, "%s", file);
            printf ("library %s", file);
        }
    }
    fclose (maps);
    puts ("done");
    return 0;
}
