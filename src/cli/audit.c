#include "cli/audit.h"

#include "cli/command.h"

#include <errno.h>
#include <string.h>

enum { OPTION_KEY = 1, OPTION_SINCE, OPTION_LAST, OPTION_FROM, OPTION_UNTIL, OPTION_DATA };

static const struct help help = {
    .usage = "audit verify DIR --key PUB [--since FILE]\n"
             "audit show DIR INDEX...\n"
             "audit show DIR --last N\n"
             "audit export DIR [--from INDEX] [--until INDEX]\n"
             "audit prove DIR INDEX\n"
             "audit verify-proof FILE --key PUB\n"
             "audit match --data DIR [--from INDEX]\n",
    .about =
        "Looks into the log of all attempts to take something back, without the server. DIR is\n"
        "the log's directory, or a copy of it: DATA/audit.\n"
        "  verify        finds every entry that was changed, dropped, inserted or moved, every\n"
        "                file that is not as it was signed, and says which\n"
        "  show          shows entries\n"
        "  export        writes entries as JSON, one a line\n"
        "  prove         writes a proof that an entry is in the log\n"
        "  verify-proof  checks such a proof (\"-\": standard input) and shows the entry\n"
        "  match         finds every recall without its one entry, and every entry without its\n"
        "                recall; the server must not run\n",
    .options = "  --key PUB          the log's public key: the file DATA/audit.pub, or its line\n"
               "  --since FILE       a checkpoint that was kept earlier: the log must continue it\n"
               "  --last N           the last N entries\n"
               "  --from INDEX       the first entry; entries are counted from 0\n"
               "  --until INDEX      the entry before which to end\n"
               "  --data DIR         the server's data directory, with log and store\n"
               "  --json             one JSON object a line\n",
    .example = "  unsay audit verify data/audit --key data/audit.pub --since checkpoint.yesterday\n"
               "  unsay audit prove data/audit 907 > 907.tlog-proof\n",
};

static const struct {
    const char *name;
    int (*run)(struct audit_request *request);
    int operands_min;
    int operands_max;
    const char *options; /* of those below, which it takes */
} subcommands[] = {
    {"verify", audit_run_verify, 1, 1, "ks"},
    {"show", audit_run_show, 1, 1000, "l"},
    {"export", audit_run_export, 1, 1, "fu"},
    {"prove", audit_run_prove, 2, 2, ""},
    {"verify-proof", audit_run_verify_proof, 1, 1, "k"},
    {"match", audit_run_match, 0, 0, "df"},
};

enum { SUBCOMMANDS = sizeof(subcommands) / sizeof(subcommands[0]) };

int audit_refuse(const char *text)
{
    fprintf(stderr, "unsay audit: %s\n", text);
    return COMMAND_REFUSED;
}

bool audit_read_file(const char *path, size_t bytes_max, struct buffer *bytes)
{
    char text[512];
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "rbe");
    size_t count = 0;
    if (file == NULL) {
        snprintf(text, sizeof(text), "%s cannot be opened: %s", path, strerror(errno));
        audit_refuse(text);
        return false;
    }
    do {
        count = fread(buffer_reserve(bytes, 4096), 1, 4096, file);
        buffer_grow(bytes, count);
    } while (count > 0 && buffer_size(bytes) <= bytes_max);
    bool is_read = !ferror(file) && buffer_size(bytes) <= bytes_max;
    if (file != stdin)
        fclose(file);
    if (!is_read) {
        snprintf(text, sizeof(text), "%s cannot be read, or has more than %zu bytes", path,
                 bytes_max);
        audit_refuse(text);
    }
    return is_read;
}

bool audit_read_key(const struct audit_request *request, struct note_key *key)
{
    struct buffer bytes;
    if (note_key_parse(view_of(request->key), key))
        return true;
    buffer_init(&bytes);
    bool is_read = audit_read_file(request->key, NOTE_KEY_TEXT_BYTES, &bytes);
    if (is_read && !note_key_parse(buffer_view(&bytes), key)) {
        audit_refuse("--key holds no public key of a log, such as DATA/audit.pub: NAME+ID+KEY");
        is_read = false;
    }
    buffer_fini(&bytes);
    return is_read;
}

bool audit_reader_open(struct audit_reader *reader, const char *directory)
{
    struct failure failure;
    struct view origin;
    struct checkpoint checkpoint;
    enum status status = files_open(directory, FILES_READ, &reader->files, &failure);
    if (status != STATUS_OK) {
        audit_refuse(failure.text);
        return false;
    }
    buffer_init(&reader->checkpoint);
    status = files_read(reader->files, "checkpoint", NOTE_BYTES_MAX, &reader->checkpoint, &failure);
    if (status == STATUS_OK &&
        !checkpoint_read(buffer_view(&reader->checkpoint), &origin, &checkpoint))
        status = failure_set(&failure, STATUS_MALFORMED,
                             "%s/checkpoint is not a checkpoint; \"unsay audit verify\" tells more",
                             directory);
    if (status != STATUS_OK) {
        audit_refuse(failure.text);
        buffer_fini(&reader->checkpoint);
        files_close(reader->files);
        return false;
    }
    reader->hasher = hasher_new();
    reader->tree = (struct tree){reader->files, reader->hasher, checkpoint.size};
    return true;
}

void audit_reader_close(struct audit_reader *reader)
{
    hasher_free(reader->hasher);
    buffer_fini(&reader->checkpoint);
    files_close(reader->files);
}

static bool request_take(struct audit_request *request, int option, char *given)
{
    static const char letters[] = {0, 'k', 's', 'l', 'f', 'u', 'd'};
    size_t count = strlen(given);
    given[count] = letters[option];
    given[count + 1] = 0;
    switch (option) {
    case OPTION_KEY:
        request->key = optarg;
        return true;
    case OPTION_SINCE:
        request->since = optarg;
        return true;
    case OPTION_DATA:
        request->data = optarg;
        return true;
    case OPTION_LAST:
        return options_number(optarg, 1, INT64_MAX, &request->last);
    case OPTION_FROM:
        return options_number(optarg, 0, INT64_MAX, &request->from);
    default:
        return options_number(optarg, 0, INT64_MAX, &request->until);
    }
}

static bool request_read_options(struct audit_request *request, char *given, size_t given_max,
                                 int argc, char **argv)
{
    static const struct option choices[] = {
        {"key", required_argument, NULL, OPTION_KEY},
        {"since", required_argument, NULL, OPTION_SINCE},
        {"last", required_argument, NULL, OPTION_LAST},
        {"from", required_argument, NULL, OPTION_FROM},
        {"until", required_argument, NULL, OPTION_UNTIL},
        {"data", required_argument, NULL, OPTION_DATA},
        {"json", no_argument, NULL, OPTION_JSON},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    int option;
    while ((option = options_next(&request->options, argc, argv, choices)) != OPTION_END) {
        if (option == OPTION_STOP)
            return false;
        if (strlen(given) + 1 >= given_max || !request_take(request, option, given)) {
            request->options.exit_status =
                options_wrong(&request->options, "\"%s\" is not a number", optarg);
            return false;
        }
    }
    return true;
}

int command_audit(int argc, char **argv)
{
    struct audit_request request = {.until = UINT64_MAX};
    char given[32] = "";
    options_init(&request.options, "audit", &help, 0);
    if (!request_read_options(&request, given, sizeof(given), argc, argv))
        return request.options.exit_status;
    const char *name = optind < argc ? argv[optind] : "";
    size_t found = 0;
    while (found < SUBCOMMANDS && strcmp(subcommands[found].name, name) != 0)
        found++;
    if (found == SUBCOMMANDS)
        return options_wrong(&request.options,
                             "say verify, show, export, prove, verify-proof or match");
    request.operands = argv + optind + 1;
    request.operand_count = argc - optind - 1;
    if (request.operand_count < subcommands[found].operands_min ||
        request.operand_count > subcommands[found].operands_max)
        return options_wrong(&request.options, "%s has too few arguments, or too many", name);
    if (strspn(given, subcommands[found].options) != strlen(given))
        return options_wrong(&request.options, "an option is not one of %s", name);
    if (strchr(subcommands[found].options, 'k') != NULL && request.key == NULL)
        return options_wrong(&request.options, "%s needs --key, the log's public key", name);
    if (strchr(subcommands[found].options, 'd') != NULL && request.data == NULL)
        return options_wrong(&request.options, "%s needs --data, the server's directory", name);
    return subcommands[found].run(&request);
}
