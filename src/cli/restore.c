/* `unsay restore`: a backup becomes a new data directory. */
#include "storage/backup/restore.h"

#include "cli/backup.h"
#include "cli/command.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/text.h"
#include "cli/when.h"

#include <inttypes.h>
#include <unistd.h>

enum { OPTION_FROM = 1, OPTION_DATA, OPTION_ID, OPTION_AGAINST, OPTION_ACCEPT };

static const struct help help = {
    .usage = "restore --from DIR --data NEWDIR --against AUDITDIR [--id N] [--json]\n"
             "restore --from DIR --data NEWDIR --accept-unknown-recalls [--id N] [--json]\n",
    .about =
        "Puts a backup back as a new data directory, and does not bring back what was taken back\n"
        "since it was made: every recall in the lost server's audit log is applied to the "
        "restored\n"
        "store, and no file of it yields such a body. The log (DATA/audit of the lost server, or "
        "a\n"
        "copy of it) must be signed by the backup's key and continue the backup's log; it is what\n"
        "the restored server goes on with.\n\n"
        "Where that log is lost too, recalls since the backup cannot be known, and the bodies "
        "would\n"
        "be readable again: --accept-unknown-recalls says that you know.\n\n"
        "Devices notice that the store is another one, fetch everything anew, and send again what\n"
        "they had sent since the backup.\n",
    .options = "  --from DIR         where backups are\n"
               "  --id N             which one; the newest, unless given\n"
               "  --data NEWDIR      the new data directory: missing, or empty\n"
               "  --against DIR      the lost server's audit log\n"
               "  --accept-unknown-recalls\n"
               "                     there is no such log\n"
               "  --json             one JSON object\n",
    .example = "  unsay restore --from /backup/unsay --data /var/lib/unsay-new \\\n"
               "      --against /var/lib/unsay/audit\n",
};

static int refuse(const struct failure *failure)
{
    fputs("unsay restore: ", stderr);
    text_write_foreign(stderr, view_of(failure->text));
    fputc('\n', stderr);
    return COMMAND_REFUSED;
}

static void restore_progress(void *context, uint64_t bytes, uint64_t bytes_of)
{
    (void)context;
    backup_show_progress(bytes, bytes_of);
}

static void restored_print(const struct restore_request *request, const struct restored *restored)
{
    struct output output;
    output_init(&output, stdout, "", false);
    printf("restored backup %" PRIu64 " of ", restored->backup.id);
    output_time(&output, restored->backup.time_ms);
    printf(" to ");
    text_write_foreign(stdout, view_of(request->data));
    putchar('\n');
    if (request->against != NULL)
        printf("taken back since: %" PRIu64
               " of the messages in it, whose bodies are gone now; %" PRIu64
               " that it does not have\n",
               restored->taken_back, restored->waiting);
    else
        puts("what was taken back since the backup is not known, and may be readable again");
    puts("next: start the server on it, and make a first backup in a new place");
}

static void restored_print_json(const struct restore_request *request,
                                const struct restored *restored)
{
    json_t *object = json_object();
#define SET(name, value) json_object_set_new(object, name, value)
    SET("id", json_integer((json_int_t)restored->backup.id));
    SET("time", output_json_time(restored->backup.time_ms));
    SET("audit_entries", json_integer((json_int_t)restored->log_entries));
    SET("recalls_known", json_boolean(request->against != NULL));
    SET("taken_back", json_integer((json_int_t)restored->taken_back));
    SET("already", json_integer((json_int_t)restored->already));
    SET("waiting", json_integer((json_int_t)restored->waiting));
    SET("erased", json_integer((json_int_t)restored->erased));
#undef SET
    output_object(stdout, object);
}

static bool restore_read_options(struct options *options, struct restore_request *request, int argc,
                                 char **argv)
{
    static const struct option choices[] = {
        {"from", required_argument, NULL, OPTION_FROM},
        {"data", required_argument, NULL, OPTION_DATA},
        {"id", required_argument, NULL, OPTION_ID},
        {"against", required_argument, NULL, OPTION_AGAINST},
        {"accept-unknown-recalls", no_argument, NULL, OPTION_ACCEPT},
        {"json", no_argument, NULL, OPTION_JSON},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    int option;
    while ((option = options_next(options, argc, argv, choices)) != OPTION_END) {
        if (option == OPTION_STOP)
            return false;
        if (option == OPTION_FROM)
            request->from = optarg;
        else if (option == OPTION_DATA)
            request->data = optarg;
        else if (option == OPTION_AGAINST)
            request->against = optarg;
        else if (option == OPTION_ACCEPT)
            request->accepts_unknown_recalls = true;
        else if (!options_number(optarg, 1, INT64_MAX, &request->id)) {
            options->exit_status = options_wrong(options, "--id: a number of unsay backup list");
            return false;
        }
    }
    if (optind < argc)
        options->exit_status =
            options_wrong(options, "\"%s\" is one argument too many", argv[optind]);
    else if (request->from == NULL || request->data == NULL)
        options->exit_status = options_wrong(options, "--from DIR and --data NEWDIR are needed");
    else if (request->against != NULL && request->accepts_unknown_recalls)
        options->exit_status =
            options_wrong(options, "with --against nothing is unknown: leave out "
                                   "--accept-unknown-recalls");
    else
        return true;
    return false;
}

int command_restore(int argc, char **argv)
{
    struct options options;
    struct restored restored;
    struct failure failure;
    struct restore_request request = {.now_ms = when_now_ms(), .on_progress = restore_progress};
    options_init(&options, "restore", &help, 0);
    if (!restore_read_options(&options, &request, argc, argv))
        return options.exit_status;
    enum status status = restore_run(&request, &restored, &failure);
    if (isatty(STDERR_FILENO))
        fputs("\r\033[K", stderr);
    if (status != STATUS_OK)
        return refuse(&failure);
    if (options.is_json)
        restored_print_json(&request, &restored);
    else
        restored_print(&request, &restored);
    return COMMAND_OK;
}
