/*  Asks a libzmq what it does with every option, and prints the answers in the form that
 *  src/options/tests.rs reads (observed.txt). Not part of the build. To run it:
 *
 *      cc observe.c -o observe -lzmq && ./observe > observed.txt
 *
 *  Then once more with a library without drafts, of which only the line "usable" is added.
 *
 *  The library asked should be built with drafts, libsodium, GSSAPI and GnuTLS.
 *
 *  Arguments:  i<n> a 32-bit integer, l<n> a 64-bit integer, n<len> NULL with that length,
 *              b<len> that many octets 'x', t<text> text, z<text> text and its NUL
 *              (in both "_" stands for a space).
 *  Lines:
 *      set <option> <kinds, hex mask> <what get says afterwards> m<mechanism> : <arguments>
 *          what get says: "=" the argument's own octets, "=0" those and a NUL, "long" more than
 *          300 octets, "-" there is no get, else the octets in hex;
 *          "but" instead of ":" means all arguments except those that follow
 *      get <option> <kinds> <length>:<new length>:<hex> ...   of a fresh socket; z<n>: n NULs more
 *      full <option> <kinds> <argument> <length>:<new length>:<hex> ...   after setting it
 *      pair <kind> <option> <argument> <option> <argument> <was the second accepted>
 *          <MECHANISM> <PLAIN_SERVER> <CURVE_SERVER> <GSSAPI_SERVER>
 *      usable <draft|plain> <options with any get or set>
 *      ctxget <option> <default>
 *      ctxgetext <option> <argument set before, or -> <length>:<new length>:<hex> ...
 *      ctxset, ctxsetext <option> <what zmq_ctx_get says afterwards> : <arguments>
 *  What is not listed was answered with EINVAL; another errno is listed as "err".
 */
#include <zmq.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define KINDS 21
#define LAST 126

/*  missing from a library without drafts */
int zmq_ctx_set_ext (void *, int, const void *, size_t) __attribute__ ((weak));
int zmq_ctx_get_ext (void *, int, void *, size_t *) __attribute__ ((weak));

static const char *arguments[] = {
  "n0", "b0", "i-2147483648", "i-101", "i-100", "i-99", "i-2", "i-1", "i0", "i1", "i2", "i3", "i4",
  "i5", "i99", "i100", "i199", "i254", "i255", "i256", "i1000", "i65535", "i6553599", "i6553600",
  "i2147483647", "l0", "l1", "l-1", "l9223372036854775807", "b1", "b2", "b3", "b5", "b7", "b9",
  "b15", "b16", "b17", "b31", "b32", "b33", "b39", "b40", "b41", "b42", "b254", "b255", "b256",
  "b257", "b70000",
  "trq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7", "zrq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7",
  "trq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7!", "trq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf~",
  "t#####rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf",
  "t127.0.0.1", "z127.0.0.1", "t127.0.0.1/8", "z127.0.0.1/8", "t127.0.0.1/0", "t127.0.0.1/32",
  "t127.0.0.1/33", "t127.0.0.1/-1", "t127.0.0.1/", "t127.0.0.1/x", "t127.0.0.1/8x",
  "t127.0.0.1/08", "t127.0.0.1/00", "t127.0.0.1/+8", "t127.0.0.1:80", "t127.0.0/8", "t127/8",
  "t300.0.0.1", "t/8", "t*", "t::1", "t::1/64", "t::1/128", "t::1/129", "t[::1]", "t[::1]/64",
  "tlocalhost", "tlo", "tabc", "t127.0.0.1/8/8",
  "tX-a:b", "zX-a:b", "tX-a:", "tX-:b", "tX-:", "tX-ab", "tX-", "tXa:b", "ta:b", "tx-a:b",
  "tX-a:b:c", "t:b", "tX:-b", "tX-a_b:c_d", "tX-a:b:", "tX--:-",
  "tX-ab:", "zX-ab:", "tX-:bc", "tXab:cd", "tab:cd", "tx-ab:c", "tX-abc", "t:X-ab", "tX-ab::", "tX_ab:c",
};
#define ARGUMENTS (sizeof arguments / sizeof arguments[0])

static const size_t lengths[] = {0,  1,  3,  4,  5,  6,  7,  8,  9,   31,  32,
                                 33, 40, 41, 42, 43, 64, 255, 256, 257};
#define LENGTHS (sizeof lengths / sizeof lengths[0])

struct argument
{
    const void *data;
    size_t length;
    char room[70001];
};

static void read_argument (const char *text, struct argument *into)
{
    const char *rest = text + 1;
    int32_t narrow = (int32_t) atoll (rest);
    int64_t wide = atoll (rest);

    into->data = into->room;
    switch (text[0]) {
        case 'n':
            into->data = NULL;
            into->length = (size_t) wide;
            break;
        case 'i':
            memcpy (into->room, &narrow, into->length = 4);
            break;
        case 'l':
            memcpy (into->room, &wide, into->length = 8);
            break;
        case 'b':
            memset (into->room, 'x', into->length = (size_t) wide);
            break;
        default:
            into->length = strlen (rest) + (text[0] == 'z');
            memcpy (into->room, rest, strlen (rest) + 1);
            for (char *at = into->room; *at; at++)
                if (*at == '_')
                    *at = ' ';
    }
}

/*  Hexadecimal; a run of more than four equal octets is written once, as "78*32." */
static char *hex (char *at, const unsigned char *data, size_t length)
{
    if (!length)
        *at++ = '-';
    while (length) {
        size_t run = 1;
        while (run < length && data[run] == data[0])
            run++;
        if (run <= 4)
            run = 1;
        at += sprintf (at, run > 1 ? "%02x*%zu." : "%02x", data[0], run);
        data += run;
        length -= run;
    }
    *at = 0;
    return at;
}

/*  Reads the option with the buffer size its form wants; -1 when nothing works. */
static int read_back (void *socket, int option, unsigned char *into)
{
    static const size_t tries[] = {4, 8, 32, 70001};
    for (int n = 0; n < 4; n++) {
        size_t length = tries[n];
        if (zmq_getsockopt (socket, option, into, &length) == 0)
            return (int) length;
    }
    return -1;
}

struct shared
{
    char line[KINDS][1 << 16];
};
static struct shared *shared;

static void set_one (int option, int kind, const struct argument *argument)
{
    static unsigned char back[70001];
    char *out = shared->line[kind];
    void *context = zmq_ctx_new ();
    void *socket = zmq_socket (context, kind);
    strcpy (out, "crash");
    if (zmq_setsockopt (socket, option, argument->data, argument->length) != 0) {
        sprintf (out, errno == EINVAL ? "" : "err%d", errno);
    } else {
        int mechanism = -1, length;
        size_t size = 4;
        zmq_getsockopt (socket, ZMQ_MECHANISM, &mechanism, &size);
        length = read_back (socket, option, back);
        if (length < 0)
            out += sprintf (out, "-");
        else if ((size_t) length == argument->length
                 && !memcmp (back, argument->data, (size_t) length))
            out += sprintf (out, "=");
        else if ((size_t) length == argument->length + 1 && back[length - 1] == 0
                 && !memcmp (back, argument->data, argument->length))
            out += sprintf (out, "=0");
        else if (length > 300)
            out += sprintf (out, "long");
        else
            out = hex (out, back, (size_t) length);
        sprintf (out, " m%d", mechanism);
    }
    int zero = 0;
    zmq_setsockopt (socket, ZMQ_LINGER, &zero, sizeof zero);
    zmq_close (socket);
    zmq_ctx_term (context);
}

static void get_one (int option, int kind, const char *first)
{
    static unsigned char buffer[512];
    struct argument argument;
    char *out = shared->line[kind];
    void *context = zmq_ctx_new ();
    void *socket = zmq_socket (context, kind);
    *out = 0;
    if (first) {
        read_argument (first, &argument);
        if (zmq_setsockopt (socket, option, argument.data, argument.length) != 0)
            goto done;
    }
    for (unsigned n = 0; n < LENGTHS; n++) {
        size_t length = lengths[n];
        memset (buffer, 0xaa, sizeof buffer);
        if (zmq_getsockopt (socket, option, buffer, &length) == 0) {
            out += sprintf (out, "%zu:%zu:", lengths[n], length);
            if (option == ZMQ_FD)
                out += sprintf (out, "fd ");
            else {
                /*  trailing zeros up to the length given are summed up as z<count> */
                size_t filled = lengths[n], zeros = 0;
                while (filled > length && buffer[filled - 1] == 0)
                    filled--, zeros++;
                out = hex (out, buffer, filled);
                out += sprintf (out, zeros ? "z%zu " : " ", zeros);
            }
        } else if (errno != EINVAL)
            out += sprintf (out, "%zu:err%d ", lengths[n], errno);
    }
done:
    zmq_close (socket);
    zmq_ctx_term (context);
}

/*  Runs the rest of the kinds in a child, so that a crash costs one kind only. */
static void all_kinds (int option, const struct argument *argument, const char *first, int get)
{
    int kind = 0;
    for (int n = 0; n < KINDS; n++)
        shared->line[n][0] = 1;
    while (kind < KINDS) {
        pid_t child = fork ();
        if (child == 0) {
            close (2);
            for (; kind < KINDS; kind++) {
                if (get)
                    get_one (option, kind, first);
                else
                    set_one (option, kind, argument);
            }
            _exit (0);
        }
        waitpid (child, NULL, 0);
        while (kind < KINDS && shared->line[kind][0] != 1)
            kind++;
        if (kind < KINDS && strcmp (shared->line[kind], "crash"))
            if (shared->line[kind][0] == 1)
                continue;
    }
}

static void print_kinds (const char *what, int option, const char *tail)
{
    int done[KINDS] = {0};
    for (int n = 0; n < KINDS; n++) {
        unsigned mask = 0;
        if (done[n] || !shared->line[n][0])
            continue;
        for (int m = n; m < KINDS; m++)
            if (!strcmp (shared->line[n], shared->line[m]))
                mask |= 1u << m, done[m] = 1;
        printf ("%s %d %x %s%s\n", what, option, mask, tail, shared->line[n]);
    }
}

static void pair (int kind, int first, const char *with, int second, const char *also)
{
    static const int asked[] = {ZMQ_MECHANISM, ZMQ_PLAIN_SERVER, ZMQ_CURVE_SERVER,
                                ZMQ_GSSAPI_SERVER};
    static struct argument argument;
    void *context = zmq_ctx_new ();
    void *socket = zmq_socket (context, kind);
    int ok, zero = 0;
    read_argument (with, &argument);
    zmq_setsockopt (socket, first, argument.data, argument.length);
    read_argument (also, &argument);
    ok = zmq_setsockopt (socket, second, argument.data, argument.length) == 0;
    printf ("pair %d %d %s %d %s %d", kind, first, with, second, also, ok);
    for (int n = 0; n < 4; n++) {
        int value = -1;
        size_t size = sizeof value;
        zmq_getsockopt (socket, asked[n], &value, &size);
        printf (" %d", value);
    }
    printf ("\n");
    zmq_setsockopt (socket, ZMQ_LINGER, &zero, sizeof zero);
    zmq_close (socket);
    zmq_ctx_term (context);
}

int main (void)
{
    static unsigned char room[512];
    static struct argument argument;
    static char answers[ARGUMENTS][KINDS][128];
    char usable[LAST + 1] = {0};
    shared = mmap (NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    printf ("args");
    for (unsigned n = 0; n < ARGUMENTS; n++)
        printf (" %s", arguments[n]);
    printf ("\nlengths");
    for (unsigned n = 0; n < LENGTHS; n++)
        printf (" %zu", lengths[n]);
    printf ("\n");
    for (int option = 0; option <= LAST; option++) {
        int gettable = 0, settable = 0;
        char pattern[ARGUMENTS][512];
        fflush (stdout);
        all_kinds (option, NULL, NULL, 1);
        print_kinds ("get", option, "");
        for (int k = 0; k < KINDS; k++)
            gettable |= shared->line[k][0] != 0;
        for (unsigned a = 0; a < ARGUMENTS; a++) {
            read_argument (arguments[a], &argument);
            all_kinds (option, &argument, NULL, 0);
            for (int k = 0; k < KINDS; k++) {
                snprintf (answers[a][k], 128, "%s", shared->line[k]);
                settable |= shared->line[k][0] != 0;
            }
        }
        if (gettable || settable)
            usable[option] = 1;
        if (gettable && settable) {
            static const char *firsts[] = {"thello", "b32", "b255", "i3"};
            for (int n = 0; n < 4; n++) {
                char tail[32];
                all_kinds (option, NULL, firsts[n], 1);
                sprintf (tail, "%s ", firsts[n]);
                print_kinds ("full", option, tail);
            }
        }
        /*  one line per set of kinds and answer, with the arguments that have it */
        for (unsigned a = 0; a < ARGUMENTS; a++) {
            char *out = pattern[a];
            int done[KINDS] = {0};
            *out = 0;
            for (int n = 0; n < KINDS; n++) {
                unsigned mask = 0;
                if (done[n] || !answers[a][n][0])
                    continue;
                for (int m = n; m < KINDS; m++)
                    if (!strcmp (answers[a][n], answers[a][m]))
                        mask |= 1u << m, done[m] = 1;
                out += sprintf (out, "%s%x %s", *pattern[a] ? ";" : "", mask, answers[a][n]);
            }
        }
        for (unsigned a = 0; a < ARGUMENTS; a++) {
            char copy[512];
            if (!pattern[a][0])
                continue;
            strcpy (copy, pattern[a]);
            for (char *piece = strtok (copy, ";"); piece; piece = strtok (NULL, ";")) {
                unsigned like = 0;
                for (unsigned b = 0; b < ARGUMENTS; b++)
                    like += !strcmp (pattern[a], pattern[b]);
                int most = like > ARGUMENTS / 2;
                printf ("set %d %s %s", option, piece, most ? "but" : ":");
                for (unsigned b = 0; b < ARGUMENTS; b++)
                    if ((strcmp (pattern[a], pattern[b]) == 0) != most)
                        printf (" %s", arguments[b]);
                printf ("\n");
            }
            for (unsigned b = ARGUMENTS; b-- > a;)
                if (b != a && !strcmp (pattern[a], pattern[b]))
                    pattern[b][0] = 0;
        }
    }

    printf ("usable %s", zmq_has ("draft") ? "draft" : "plain");
    for (int option = 0; option <= LAST; option++)
        printf (usable[option] ? " %d" : "", option);
    printf ("\n");

    static const struct { int option; const char *argument; } steps[] = {
      {44, "i1"}, {44, "i0"}, {45, "tuser"}, {45, "n0"}, {46, "tpass"}, {46, "n0"}, {47, "i1"},
      {47, "i0"}, {48, "b32"}, {49, "b32"}, {50, "b32"}, {55, "tzap"}, {62, "i1"}, {62, "i0"},
      {63, "tme"}, {64, "tyou"}, {65, "i1"}, {65, "i0"}, {90, "i1"}};
    const unsigned count = sizeof steps / sizeof steps[0];
    for (unsigned a = 0; a < count; a++)
        for (unsigned b = 0; b < count; b++)
            pair (ZMQ_DEALER, steps[a].option, steps[a].argument, steps[b].option,
                  steps[b].argument);
    static const char *filters[] = {
      "t127.0.0.1", "t127.0.0.1/8", "t127.0.0.1/32", "t127.0.0.1/33", "t127.0.0.1/104",
      "t127.0.0.1/128", "t127.0.0.1/129", "t127/8", "t::1", "z::1", "t::1/0", "t::1/64", "t::1/128",
      "t::1/129", "t[::1]", "t[::1]/64", "t::ffff:127.0.0.1/104", "t::1%lo", "t*", "tlocalhost",
      "tlo", "t/8", "t:::/8", "t[127.0.0.1]/8", "t_127.0.0.1", "t127.0.0.1/_8", "t127.0.0.1/8_",
      "t0x7f.1/8", "t0177.0.0.1", "t127.1", "t1.2.3.4.5", "t256.1.1.1", "t1.2.65536", "t4294967296",
      "t127.0.0.1_", "t08.1", "t127.0.0.1/4294967297", "t127.0.0.1/8_x", "t1..2", "t1.", "t"};
    for (unsigned n = 0; n < sizeof filters / sizeof filters[0]; n++)
        for (int on = 0; on < 2; on++)
            pair (ZMQ_DEALER, ZMQ_IPV6, on ? "i1" : "i0", ZMQ_TCP_ACCEPT_FILTER, filters[n]);
    static const int publishers[] = {ZMQ_PUB, ZMQ_XPUB};
    static const char *topics[] = {"tabc", "b0", "n0", "b300"};
    static const int manual[] = {ZMQ_XPUB_MANUAL, ZMQ_XPUB_MANUAL_LAST_VALUE};
    for (int n = 0; n < 2; n++)
        for (int m = 0; m < 2; m++)
            for (int on = 0; on < 2; on++)
                for (int t = 0; t < 4; t++) {
                    const char *value = on ? "i1" : "i0";
                    pair (publishers[n], manual[m], value, ZMQ_SUBSCRIBE, topics[t]);
                    pair (publishers[n], manual[m], value, ZMQ_UNSUBSCRIBE, topics[t]);
                }

    for (int option = 0; option <= 128; option++) {
        static const char *names[] = {NULL, "thello", "tab", "ttwelveoctets"};
        static char rows[2][ARGUMENTS][700];
        void *context = zmq_ctx_new ();
        int value = (errno = 0, zmq_ctx_get (context, option));
        if (value != -1 || errno == 0)
            printf ("ctxget %d %d\n", option, value);
        zmq_ctx_term (context);
        for (int n = 0; zmq_ctx_get_ext && n < 4; n++) {
            int any = 0;
            context = zmq_ctx_new ();
            if (names[n]) {
                read_argument (names[n], &argument);
                if (zmq_ctx_set_ext (context, option, argument.data, argument.length) != 0) {
                    zmq_ctx_term (context);
                    continue;
                }
            }
            for (unsigned l = 0; l < LENGTHS; l++) {
                size_t length = lengths[l];
                memset (room, 0xaa, sizeof room);
                if (zmq_ctx_get_ext (context, option, room, &length) == 0) {
                    char text[2048];
                    if (!any++)
                        printf ("ctxgetext %d %s", option, names[n] ? names[n] : "-");
                    hex (text, room, lengths[l]);
                    printf (" %zu:%zu:%s", lengths[l], length, text);
                }
            }
            if (any)
                printf ("\n");
            zmq_ctx_term (context);
        }
        for (unsigned a = 0; a < ARGUMENTS; a++) {
            read_argument (arguments[a], &argument);
            for (int ext = 0; ext < 2; ext++) {
                int rc;
                char *out = rows[ext][a];
                *out = 0;
                if (ext ? !zmq_ctx_set_ext : arguments[a][0] != 'i')
                    continue;
                context = zmq_ctx_new ();
                rc = ext ? zmq_ctx_set_ext (context, option, argument.data, argument.length)
                         : zmq_ctx_set (context, option, atoi (arguments[a] + 1));
                if (rc == 0) {
                    int now = (errno = 0, zmq_ctx_get (context, option));
                    if (now == -1 && errno)
                        sprintf (out, "-");
                    else if (arguments[a][0] == 'i' && now == atoi (arguments[a] + 1))
                        sprintf (out, "=");
                    else
                        sprintf (out, "%d", now);
                } else if (errno != EINVAL)
                    sprintf (out, "err%d", errno);
                zmq_ctx_term (context);
            }
        }
        for (int ext = 0; ext < 2; ext++)
            for (unsigned a = 0; a < ARGUMENTS; a++) {
                char copy[700];
                if (!rows[ext][a][0])
                    continue;
                strcpy (copy, rows[ext][a]);
                printf ("%s %d %s :", ext ? "ctxsetext" : "ctxset", option, copy);
                for (unsigned b = a; b < ARGUMENTS; b++)
                    if (!strcmp (rows[ext][b], copy)) {
                        printf (" %s", arguments[b]);
                        rows[ext][b][0] = 0;
                    }
                printf ("\n");
            }
    }
    return 0;
}
