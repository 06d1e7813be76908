#include "cli/backup.h"

#include "cli/command.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/text.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { OPTION_DATA = 1, OPTION_TO, OPTION_KEEP };

static const struct help help = {
    .usage = "backup --data DIR --to DIR [--json]\n"
             "backup list --to DIR [--json]\n"
             "backup prune --to DIR --keep N [--json]\n",
    .about =
        "Makes a backup of a data directory, also while a server runs on it: store, audit log, "
        "and\n"
        "the keys without which a restored server would be another one to its clients. A further\n"
        "backup in the same place costs what is new. list tells what is there; prune removes all\n"
        "but the newest N.\n\n"
        "A backup holds what was there when it was made, and so bodies that were taken back "
        "since:\n"
        "keep backups for no longer than your erasure horizon allows, by prune. unsay restore "
        "does\n"
        "not bring such a body back. Keys of evidence are not part of a backup; audit.key and\n"
        "dev.key are: keep the place as closely as the data directory.\n",
    .options = "  --data DIR         the server's data directory\n"
               "  --to DIR           where backups are; the server writes it, as its own user\n"
               "  --keep N           how many backups stay, 1-10000\n"
               "  --json             one JSON object a line\n",
    .example = "  unsay backup --data /var/lib/unsay --to /backup/unsay\n"
               "  unsay backup prune --to /backup/unsay --keep 7\n",
};

struct backup_options {
    struct options options;
    const char *data;
    const char *to;
    uint64_t keep; /* 0: not given */
};

static int refuse(const struct failure *failure)
{
    fputs("unsay backup: ", stderr);
    text_write_foreign(stderr, view_of(failure->text));
    fputc('\n', stderr);
    return failure->status == STATUS_UNREACHABLE ? COMMAND_UNREACHABLE : COMMAND_REFUSED;
}

const char *backup_size(uint64_t bytes, char text[BACKUP_SIZE_BYTES])
{
    static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
    double size = (double)bytes;
    size_t unit = 0;
    for (; size >= 1024 && unit < 4; unit++)
        size /= 1024;
    snprintf(text, BACKUP_SIZE_BYTES, unit == 0 ? "%.0f %s" : "%.1f %s", size, units[unit]);
    return text;
}

void backup_show_progress(uint64_t bytes, uint64_t bytes_of)
{
    char done[BACKUP_SIZE_BYTES];
    char of[BACKUP_SIZE_BYTES];
    if (!isatty(STDERR_FILENO))
        return;
    fprintf(stderr, "\r\033[K%s", backup_size(bytes, done));
    if (bytes_of > bytes)
        fprintf(stderr, " of about %s", backup_size(bytes_of, of));
    fflush(stderr);
}

static json_t *backup_json(const struct backup *backup)
{
    json_t *object = json_object();
    json_object_set_new(object, "id", json_integer((json_int_t)backup->id));
    json_object_set_new(object, "is_damaged", json_boolean(backup->is_damaged));
    json_object_set_new(object, "time", output_json_time(backup->time_ms));
    json_object_set_new(object, "audit_entries", json_integer((json_int_t)backup->audit_entries));
    json_object_set_new(object, "files", json_integer((json_int_t)backup->files));
    json_object_set_new(object, "bytes", json_integer((json_int_t)backup->bytes));
    json_object_set_new(object, "new_bytes", json_integer((json_int_t)backup->new_bytes));
    return object;
}

static void backup_print(const struct backup *backup)
{
    struct output output;
    char bytes[BACKUP_SIZE_BYTES];
    char new_bytes[BACKUP_SIZE_BYTES];
    if (backup->is_damaged) {
        printf("%" PRIu64 "  damaged: it cannot be restored\n", backup->id);
        return;
    }
    output_init(&output, stdout, "", false);
    printf("%" PRIu64 "  ", backup->id);
    output_time(&output, backup->time_ms);
    printf("  %s, %s of it new; %" PRIu64 " audit entries\n", backup_size(backup->bytes, bytes),
           backup_size(backup->new_bytes, new_bytes), backup->audit_entries);
}

static void backup_tell(const struct backup_options *given, const struct backup *backup)
{
    if (given->options.is_json)
        output_object(stdout, backup_json(backup));
    else
        backup_print(backup);
}

static int backup_run_make(const struct backup_options *given)
{
    char place[PATH_MAX];
    char here[PATH_MAX];
    struct backup made;
    struct failure failure;
    if (given->to[0] != '/' && getcwd(here, sizeof(here)) != NULL &&
        snprintf(place, sizeof(place), "%s/%s", here, given->to) >= (int)sizeof(place))
        return options_wrong(&given->options, "--to is too long");
    if (strchr(given->to, '\n') != NULL)
        return options_wrong(&given->options, "--to has a line break");
    enum status status =
        backup_ask(given->data, given->to[0] == '/' ? given->to : place, &made, &failure);
    if (isatty(STDERR_FILENO))
        fputs("\r\033[K", stderr);
    if (status != STATUS_OK)
        return refuse(&failure);
    backup_tell(given, &made);
    return COMMAND_OK;
}

static int backup_run_list(const struct backup_options *given)
{
    struct backup *backups;
    struct failure failure;
    size_t count;
    if (backup_list(given->to, &backups, &count, &failure) != STATUS_OK)
        return refuse(&failure);
    for (size_t i = 0; i < count; i++)
        backup_tell(given, &backups[i]);
    if (count == 0 && !given->options.is_json)
        puts("no backups");
    free(backups);
    return COMMAND_OK;
}

static int backup_run_prune(const struct backup_options *given)
{
    struct failure failure;
    size_t removed;
    if (backup_prune(given->to, (size_t)given->keep, &removed, &failure) != STATUS_OK)
        return refuse(&failure);
    if (given->options.is_json) {
        json_t *object = json_object();
        json_object_set_new(object, "removed", json_integer((json_int_t)removed));
        output_object(stdout, object);
    } else {
        printf("removed %zu backup%s\n", removed, removed == 1 ? "" : "s");
    }
    return COMMAND_OK;
}

static bool backup_read_options(struct backup_options *given, int argc, char **argv)
{
    static const struct option choices[] = {
        {"data", required_argument, NULL, OPTION_DATA},
        {"to", required_argument, NULL, OPTION_TO},
        {"keep", required_argument, NULL, OPTION_KEEP},
        {"json", no_argument, NULL, OPTION_JSON},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    int option;
    while ((option = options_next(&given->options, argc, argv, choices)) != OPTION_END) {
        if (option == OPTION_STOP)
            return false;
        if (option == OPTION_DATA)
            given->data = optarg;
        else if (option == OPTION_TO)
            given->to = optarg;
        else if (!options_number(optarg, 1, 10000, &given->keep)) {
            given->options.exit_status =
                options_wrong(&given->options, "--keep: a number, 1 to 10000");
            return false;
        }
    }
    return true;
}

int command_backup(int argc, char **argv)
{
    struct backup_options given = {.data = NULL};
    options_init(&given.options, "backup", &help, 0);
    if (!backup_read_options(&given, argc, argv))
        return given.options.exit_status;
    const char *word = optind < argc ? argv[optind] : "";
    bool is_list = strcmp(word, "list") == 0;
    bool is_prune = strcmp(word, "prune") == 0;
    bool is_making = word[0] == 0;
    if ((!is_list && !is_prune && !is_making) || argc > optind + 1)
        return options_wrong(&given.options, "\"%s\" is one argument too many",
                             argv[argc > optind + 1 ? optind + 1 : optind]);
    if (given.to == NULL || (is_making && given.data == NULL))
        return options_wrong(&given.options, is_making ? "--data DIR and --to DIR are needed"
                                                       : "--to DIR is needed");
    if (is_prune != (given.keep != 0) || (!is_making && given.data != NULL))
        return options_wrong(&given.options, is_prune && given.keep == 0
                                                 ? "prune needs --keep N"
                                                 : "an option does not belong here");
    return is_list    ? backup_run_list(&given)
           : is_prune ? backup_run_prune(&given)
                      : backup_run_make(&given);
}
