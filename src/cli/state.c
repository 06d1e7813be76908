/* The state directory of a device: what it is, its key, its end, and what it holds. */
#include "cli/command.h"
#include "cli/key_file.h"
#include "cli/output.h"
#include "cli/session.h"
#include "cli/text.h"
#include "unsay/device.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <unistd.h>

enum { OPTION_TO = 1, OPTION_NEW_KEY_FILE, OPTION_PLAIN, OPTION_YES };

static const struct help help = {
    .usage = "state info [OPTION...]\n"
             "state export [--to FILE] [OPTION...]\n"
             "state rekey --new-key-file FILE | --plain [OPTION...]\n"
             "state wipe --yes [OPTION...]\n",
    .about =
        "Looks after a device's database. \"info\" tells whether it is encrypted, and its size.\n"
        "\"export\" catches up with the server and writes everything that the device has, a JSON\n"
        "object a line. \"rekey\" changes the key, from --key-file to --new-key-file; without\n"
        "--key-file it encrypts, with --plain it decrypts. \"wipe\" overwrites and removes it; "
        "what\n"
        "was not accepted yet is lost. A key file holds 32 bytes, or 64 hexadecimal digits.\n",
    .options = "  --to FILE          export to a new file instead of standard output\n"
               "  --new-key-file F   the key from now on\n"
               "  --plain            no key from now on\n"
               "  --yes              do wipe\n",
    .example = "  head -c 32 /dev/urandom > key && unsay state rekey --new-key-file key\n"
               "  UNSAY_KEY_FILE=key unsay state export --to backup.jsonl\n",
    .is_client = true,
};

struct state_command {
    struct options options;
    const char *to;
    const char *new_key_file;
    bool is_plain;
    bool is_sure;
};

static bool state_read_options(struct state_command *command, int argc, char **argv)
{
    static const struct option choices[] = {
        {"to", required_argument, NULL, OPTION_TO},
        {"new-key-file", required_argument, NULL, OPTION_NEW_KEY_FILE},
        {"plain", no_argument, NULL, OPTION_PLAIN},
        {"yes", no_argument, NULL, OPTION_YES},
        {"help", no_argument, NULL, 'h'},
        OPTIONS_CLIENT,
        {0},
    };
    int option;
    while ((option = options_next(&command->options, argc, argv, choices)) != OPTION_END) {
        if (option == OPTION_STOP)
            return false;
        if (option == OPTION_TO)
            command->to = optarg;
        else if (option == OPTION_NEW_KEY_FILE)
            command->new_key_file = optarg;
        else if (option == OPTION_PLAIN)
            command->is_plain = true;
        else
            command->is_sure = true;
    }
    return true;
}

static int state_fail(const struct state_command *command, const char *text)
{
    fprintf(stderr, "unsay %s: %s\n", command->options.command, text);
    return COMMAND_REFUSED;
}

/* ---- info ---- */

static int state_info(struct state_command *command)
{
    static const char *const names[] = {
        [UNSAY_STATE_NONE] = "none",           [UNSAY_STATE_PLAIN] = "plain",
        [UNSAY_STATE_ENCRYPTED] = "encrypted", [UNSAY_STATE_DAMAGED] = "damaged",
        [UNSAY_STATE_WIPING] = "wiping",
    };
    static const char *const sentences[] = {
        [UNSAY_STATE_NONE] = "There is no database.",
        [UNSAY_STATE_PLAIN] = "The database is not encrypted.",
        [UNSAY_STATE_ENCRYPTED] = "The database is encrypted.",
        [UNSAY_STATE_DAMAGED] = "The database cannot be read; the next command begins a new one.",
        [UNSAY_STATE_WIPING] = "A wipe was interrupted; the next command finishes it.",
    };
    struct unsay_state state;
    if (unsay_state(command->options.state, &state) != UNSAY_OK)
        return state_fail(command, "the state directory cannot be read");
    if (command->options.is_json) {
        json_t *object = json_object();
        json_object_set_new(object, "directory", json_string(command->options.state));
        json_object_set_new(object, "kind", json_string(names[state.kind]));
        json_object_set_new(object, "bytes", json_integer((json_int_t)state.bytes));
        json_object_set_new(object, "set_aside", json_integer(state.set_aside));
        output_object(stdout, object);
        return COMMAND_OK;
    }
    printf("%s\n%s %" PRIu64 " bytes.\n", command->options.state, sentences[state.kind],
           state.bytes);
    if (state.set_aside > 0)
        printf("%" PRIu32 " damaged database%s beside it.\n", state.set_aside,
               state.set_aside == 1 ? " lies" : "s lie");
    return COMMAND_OK;
}

/* ---- rekey and wipe ---- */

static int state_rekey(struct state_command *command)
{
    struct options *options = &command->options;
    struct failure failure;
    uint8_t key[UNSAY_KEY_BYTES];
    char text[SESSION_TEXT_BYTES];
    if (command->is_plain == (command->new_key_file != NULL))
        return options_wrong(options, "give --new-key-file FILE or --plain");
    if (command->new_key_file != NULL &&
        key_file_read(command->new_key_file, key, &failure) != STATUS_OK)
        return state_fail(command, failure.text);
    enum unsay_result result =
        unsay_change_key(options->state, options->has_key ? options->key : NULL,
                         command->is_plain ? NULL : key, text, sizeof(text));
    sodium_memzero(key, sizeof(key));
    return result == UNSAY_OK ? COMMAND_OK : state_fail(command, text);
}

static int state_wipe(struct state_command *command)
{
    char text[SESSION_TEXT_BYTES];
    char path[sizeof(command->options.state) + sizeof("/shown")];
    if (!command->is_sure)
        return options_wrong(&command->options,
                             "this removes everything that the device has; add --yes");
    if (unsay_wipe(command->options.state, text, sizeof(text)) != UNSAY_OK)
        return state_fail(command, text);
    snprintf(path, sizeof(path), "%s/shown", command->options.state);
    if (unlink(path) != 0 && errno != ENOENT)
        return state_fail(command, strerror(errno));
    return COMMAND_OK;
}

/* ---- export ---- */

static int state_export_to(struct state_command *command, struct session *session, int file)
{
    enum unsay_result result = unsay_export(session->client, file, NULL, NULL);
    if (result == UNSAY_UNREACHABLE)
        return state_fail(command, strerror(errno));
    if (result != UNSAY_OK)
        return state_fail(command, "the local database cannot be read");
    if (fsync(file) != 0 && errno != EINVAL && errno != EROFS)
        return state_fail(command, strerror(errno));
    return COMMAND_OK;
}

/* Catches up first, as a search does. */
static int state_export_run(struct state_command *command, struct session *session, int file)
{
    uint32_t timeout_ms = command->options.timeout_ms;
    enum session_turn turn = session_catch_up(
        session, timeout_ms == 0 ? SESSION_FOREVER : session_now_ms() + (int64_t)timeout_ms);
    if (turn == SESSION_INTERRUPTED)
        return COMMAND_UNREACHABLE;
    if (turn == SESSION_REJECTED)
        return session_explain(session);
    if (session_connection(session) != UNSAY_CONNECTION_ONLINE) {
        text_write(stderr, TEXT_STATE_OFFLINE, NULL, NULL);
        fputc('\n', stderr);
    }
    return state_export_to(command, session, file);
}

static int state_export(struct state_command *command)
{
    struct session session;
    int file = command->to == NULL
                   ? STDOUT_FILENO
                   : open(command->to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0) {
        fprintf(stderr, "unsay state: %s: %s\n", command->to, strerror(errno));
        return COMMAND_REFUSED;
    }
    int exit_status = session_open(&session, &command->options, NULL);
    if (exit_status == COMMAND_OK) {
        exit_status = state_export_run(command, &session, file);
        session_close(&session);
    }
    if (command->to != NULL)
        close(file);
    return exit_status;
}

int command_state(int argc, char **argv)
{
    static const struct {
        const char *name;
        int (*run)(struct state_command *command);
        bool needs_token;
    } tasks[] = {
        {"info", state_info, false},
        {"export", state_export, true},
        {"rekey", state_rekey, false},
        {"wipe", state_wipe, false},
    };
    struct state_command command = {.to = NULL};
    options_init(&command.options, "state", &help, 10000);
    if (!state_read_options(&command, argc, argv))
        return command.options.exit_status;
    const char *name = argc - optind == 1 ? argv[optind] : "";
    for (size_t i = 0; i < sizeof(tasks) / sizeof(tasks[0]); i++) {
        if (strcmp(name, tasks[i].name) != 0)
            continue;
        command.options.may_lack_token = !tasks[i].needs_token;
        if (!options_finish(&command.options))
            return command.options.exit_status;
        int exit_status = tasks[i].run(&command);
        sodium_memzero(command.options.key, sizeof(command.options.key));
        return exit_status;
    }
    return options_wrong(&command.options, "say info, export, rekey or wipe");
}
