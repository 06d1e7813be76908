#include "cli/bench.h"

#include "cli/command.h"
#include "cli/options.h"

#include <signal.h>
#include <string.h>
#include <sys/resource.h>

static const struct help bench_help = {
    .usage = "bench send [OPTION...]\n"
             "bench recall [OPTION...]\n"
             "bench idle [OPTION...]\n"
             "bench floor [OPTION...]",
    .about =
        "send: devices in pairs write to each other, each with a window of unanswered messages;\n"
        "every message is durable before it is accepted, and it is checked that each arrives once\n"
        "and in order at both devices.\n"
        "recall: the same devices send and then take back what they sent, in random order, in\n"
        "conversations that held messages before. With --batch they then take back many at once;\n"
        "with --rate the recalls come at that rate, whatever the server does, and latencies count\n"
        "from when each was due. --tombstones measures reading instead: of a conversation in "
        "which\n"
        "everything was taken back, against one of the same size in which nothing was.\n"
        "idle: so many devices sign in, with tokens and then with tickets, and stay connected "
        "without\n"
        "a word: what a sign-in costs, and how much memory of the server's a connection holds.\n"
        "floor: what this machine gives in the same manner without the product: a log with one\n"
        "sync for all that waits, and an echo server that speaks the protocol and stores nothing.\n"
        "\n"
        "Unless --server is given, send, recall and idle start a server of their own in a "
        "temporary\n"
        "directory, and remove it.\n",
    .options =
        "  --connections N        devices, an even number (default 256; recall: 64; idle: 20000)\n"
        "  --window N             unanswered requests of each (default 2)\n"
        "  --body BYTES           size of a message (32 to 65536, default 200)\n"
        "  --seconds N            length of each measured part (default 10; floor: 5)\n"
        "  --warmup N             seconds before it (default 2)\n"
        "  --conversation-size N  recall: messages in the first conversation before (default\n"
        "                         1000; the others get as many, but at most 1000)\n"
        "  --anywhere             recall: take back messages from before, too\n"
        "  --batch N              recall: targets of a request in a second round (2 to 100)\n"
        "  --rate N               recall: recalls offered a second\n"
        "  --tombstones N         recall: read among N tombstones and among N messages\n"
        "  --workers N            of the server (default: its own)\n"
        "  --data-parent DIR      where the server's directory is made (default: here)\n"
        "  --tls, --websocket     how to connect\n"
        "  --server HOST:PORT     measure this server; needs --data\n"
        "  --data DIR             its directory, for the development key\n"
        "  --http HOST:PORT       its metrics, to count syncs\n"
        "  --pid PID              its process, to measure CPU\n"
        "  --ca FILE              with --tls: the authority of its certificate\n"
        "  --json                 one JSON object\n",
    .example = "  unsay bench send --connections 1000\n"
               "  unsay bench recall --connections 2 --window 32 --conversation-size 1000000\n"
               "  unsay bench recall --rate 10000\n"
               "  unsay bench idle --tls\n"
               "  unsay bench recall --tombstones 1000000\n",
};

enum {
    CHOICE_CONNECTIONS = 1,
    CHOICE_WINDOW,
    CHOICE_BODY,
    CHOICE_SECONDS,
    CHOICE_WARMUP,
    CHOICE_SIZE,
    CHOICE_ANYWHERE,
    CHOICE_BATCH,
    CHOICE_RATE,
    CHOICE_TOMBSTONES,
    CHOICE_WORKERS,
    CHOICE_PARENT,
    CHOICE_TLS,
    CHOICE_WEBSOCKET,
    CHOICE_SERVER,
    CHOICE_DATA,
    CHOICE_HTTP,
    CHOICE_PID,
    CHOICE_CA
};

static const struct option bench_choices[] = {
    {"connections", required_argument, NULL, CHOICE_CONNECTIONS},
    {"window", required_argument, NULL, CHOICE_WINDOW},
    {"body", required_argument, NULL, CHOICE_BODY},
    {"seconds", required_argument, NULL, CHOICE_SECONDS},
    {"warmup", required_argument, NULL, CHOICE_WARMUP},
    {"conversation-size", required_argument, NULL, CHOICE_SIZE},
    {"anywhere", no_argument, NULL, CHOICE_ANYWHERE},
    {"batch", required_argument, NULL, CHOICE_BATCH},
    {"rate", required_argument, NULL, CHOICE_RATE},
    {"tombstones", required_argument, NULL, CHOICE_TOMBSTONES},
    {"workers", required_argument, NULL, CHOICE_WORKERS},
    {"data-parent", required_argument, NULL, CHOICE_PARENT},
    {"tls", no_argument, NULL, CHOICE_TLS},
    {"websocket", no_argument, NULL, CHOICE_WEBSOCKET},
    {"server", required_argument, NULL, CHOICE_SERVER},
    {"data", required_argument, NULL, CHOICE_DATA},
    {"http", required_argument, NULL, CHOICE_HTTP},
    {"pid", required_argument, NULL, CHOICE_PID},
    {"ca", required_argument, NULL, CHOICE_CA},
    {"json", no_argument, NULL, OPTION_JSON},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

enum {
    CONNECTIONS_MAX = LIMIT_CONNECTIONS_MAX,
    WINDOW_MAX = 4096,
    SECONDS_MAX = 3600,
    CONVERSATION_SIZE_MAX = 1000000000,
    RATE_MAX = 1000000,
    PID_MAX = 1 << 22,
    SPARE_FILES = 64
};

static volatile sig_atomic_t is_interrupted;

static void bench_on_signal(int signal)
{
    (void)signal;
    is_interrupted = 1;
}

bool bench_is_interrupted(void)
{
    return is_interrupted != 0;
}

static bool bench_take_number(unsigned *value, uint64_t min, uint64_t max)
{
    uint64_t number;
    if (!options_number(optarg, min, max, &number))
        return false;
    *value = (unsigned)number;
    return true;
}

static bool bench_take(struct bench_options *bench, int choice)
{
    unsigned pid;
    switch (choice) {
    case CHOICE_CONNECTIONS:
        return bench_take_number(&bench->connections, 2, CONNECTIONS_MAX) &&
               bench->connections % 2 == 0;
    case CHOICE_WINDOW:
        return bench_take_number(&bench->window, 1, WINDOW_MAX);
    case CHOICE_BODY:
        return bench_take_number(&bench->body_bytes, LOAD_BODY_BYTES_MIN, LIMIT_BODY_BYTES_MAX);
    case CHOICE_SECONDS:
        return bench_take_number(&bench->seconds, 1, SECONDS_MAX);
    case CHOICE_WARMUP:
        return bench_take_number(&bench->warmup_seconds, 0, SECONDS_MAX);
    case CHOICE_SIZE:
        return options_number(optarg, 0, CONVERSATION_SIZE_MAX, &bench->conversation_size);
    case CHOICE_BATCH:
        return bench_take_number(&bench->batch, 2, LIMIT_RECALL_TARGETS_MAX);
    case CHOICE_RATE:
        return bench_take_number(&bench->rate, 1, RATE_MAX);
    case CHOICE_TOMBSTONES:
        return options_number(optarg, 2, CONVERSATION_SIZE_MAX, &bench->tombstones);
    case CHOICE_WORKERS:
        return bench_take_number(&bench->server.workers, 1, LIMIT_WORKERS_MAX);
    case CHOICE_PID:
        if (!bench_take_number(&pid, 1, PID_MAX))
            return false;
        bench->server.pid = (pid_t)pid;
        return true;
    case CHOICE_ANYWHERE:
        bench->is_anywhere = true;
        return true;
    case CHOICE_TLS:
        bench->server.is_tls = true;
        return true;
    case CHOICE_WEBSOCKET:
        bench->is_websocket = true;
        return true;
    case CHOICE_PARENT:
        bench->server.data_parent = optarg;
        return true;
    case CHOICE_SERVER:
        bench->server.address = optarg;
        return true;
    case CHOICE_DATA:
        bench->server.data = optarg;
        return true;
    case CHOICE_HTTP:
        bench->server.http = optarg;
        return true;
    default:
        bench->server.ca = optarg;
        return true;
    }
}

static int bench_run_kind(const char *kind, const struct bench_options *bench,
                          const struct options *options)
{
    if (strcmp(kind, "send") == 0)
        return bench_send(bench);
    if (strcmp(kind, "recall") == 0)
        return bench->tombstones > 0 ? bench_tombstones(bench) : bench_recall(bench);
    if (strcmp(kind, "idle") == 0)
        return bench_idle(bench);
    if (strcmp(kind, "floor") == 0)
        return bench_floor(bench);
    return options_wrong(options, "\"%s\" cannot be measured; send, recall, idle and floor can",
                         kind);
}

/* Each connection is a file in the generator and one in the server, which inherits the limit. */
static void bench_raise_files(unsigned connections)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < connections + SPARE_FILES) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

int command_bench(int argc, char **argv)
{
    struct options options;
    struct bench_options bench = {
        .server = {.data_parent = "."},
        .window = 2,
        .body_bytes = 200,
        .warmup_seconds = 2,
        .conversation_size = 1000,
    };
    int choice;
    options_init(&options, "bench", &bench_help, 0);
    while ((choice = options_next(&options, argc, argv, bench_choices)) >= 0) {
        if (!bench_take(&bench, choice))
            return options_wrong(&options, "\"%s\" is out of range", optarg);
    }
    if (choice == OPTION_STOP)
        return options.exit_status;
    if (optind + 1 != argc)
        return options_wrong(&options, "name one measurement: send, recall, idle or floor");
    if ((bench.server.address == NULL) != (bench.server.data == NULL))
        return options_wrong(&options, "--server and --data belong together");
    const char *kind = argv[optind];
    bench.is_json = options.is_json;
    if (strcmp(kind, "recall") != 0 && (bench.batch > 0 || bench.rate > 0 || bench.tombstones > 0))
        return options_wrong(&options, "--batch, --rate and --tombstones belong to recall");
    if (bench.tombstones > 0)
        bench.connections = BENCH_TOMBSTONE_CONNECTIONS;
    if (bench.connections == 0)
        bench.connections = strcmp(kind, "recall") == 0 ? 64
                            : strcmp(kind, "idle") == 0 ? 20000
                                                        : 256;
    if (bench.seconds == 0)
        bench.seconds = strcmp(kind, "floor") == 0 ? 5 : 10;
    bench.server.connections = bench.connections;

    struct sigaction action = {.sa_handler = bench_on_signal};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    bench_raise_files(bench.connections);
    return bench_run_kind(kind, &bench, &options);
}
