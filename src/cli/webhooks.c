/* The webhooks that were given up: shown, and put back on their way. The server is stopped. */
#include "base/limits.h"
#include "base/memory.h"
#include "cli/command.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/text.h"
#include "core/frame.h"
#include "core/hlc.h"
#include "storage/store.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

enum { OPTION_DATA = 1, WEBHOOKS_PATH_BYTES = 4200, WEBHOOKS_AT_ONCE = 64, WORDS_MAX = 1000 };

static const struct help help = {
    .usage = "webhooks list --data DIR [--json]\n"
             "webhooks replay --data DIR [NUMBER...]\n",
    .about =
        "Webhooks that the receiver refused too often, or that waited too long, are kept as dead\n"
        "letters. list shows them, oldest first; replay puts them, or those of these numbers,\n"
        "back on their way: they go out when the server starts, behind what waits already. The\n"
        "server must be stopped.\n",
    .options = "  --data DIR         the server's data directory\n"
               "  --json             one JSON object a line\n",
    .example = "  unsay webhooks list --data /var/lib/unsay\n"
               "  unsay webhooks replay --data /var/lib/unsay 17 18\n",
};

struct letters {
    struct store *store;
    bool is_json;
    bool is_replay;
    const uint64_t *wanted;
    size_t wanted_count; /* 0: all */
    uint64_t found;
    struct arena arena; /* of those that are at hand */
};

static int refuse(const char *text)
{
    fputs("unsay webhooks: ", stderr);
    text_write_foreign(stderr, view_of(text));
    fputc('\n', stderr);
    return COMMAND_REFUSED;
}

/* A wrong directory must not become a store. */
static int letters_open(struct letters *letters, const char *data)
{
    char path[WEBHOOKS_PATH_BYTES];
    struct store_options options = {.directory = path};
    struct failure failure;
    snprintf(path, sizeof(path), "%s/store/FORMAT", data);
    if (access(path, F_OK) != 0)
        return refuse("there is no store in this data directory");
    snprintf(path, sizeof(path), "%s/store", data);
    if (store_open_rocksdb(&options, &letters->store, &failure) != STATUS_OK)
        return refuse(failure.text);
    return COMMAND_OK;
}

static void letter_print(uint64_t number, const wire_dead_letter *letter)
{
    char time[OUTPUT_TIME_BYTES];
    output_rfc3339(letter->since_ms, time);
    printf("%" PRIu64 "  %s  ", number, time);
    text_write_foreign(stdout, view_of(letter->entry->only));
    fputs(" of ", stdout);
    text_write_foreign(stdout, view_of(letter->entry->conversation));
    printf(" #%" PRIu64 ", tried %u times: ", letter->entry->seq, letter->attempts);
    text_write_foreign(stdout, view_of(letter->reason));
    putchar('\n');
}

static void letter_print_json(uint64_t number, const wire_dead_letter *letter)
{
    const wire_outbox_entry *entry = letter->entry;
    json_t *object = json_object();
    json_object_set_new(object, "number", json_integer((json_int_t)number));
    json_object_set_new(object, "since", output_json_time(letter->since_ms));
    json_object_set_new(object, "type", output_json_text(entry->only));
    json_object_set_new(object, "conversation", output_json_text(entry->conversation));
    json_object_set_new(object, "origin", json_integer(entry->origin));
    json_object_set_new(object, "seq", json_integer((json_int_t)entry->seq));
    json_object_set_new(object, "time", output_json_time(hlc_ms(entry->time)));
    json_object_set_new(object, "attempts", json_integer(letter->attempts));
    json_object_set_new(object, "reason", output_json_text(letter->reason));
    output_object(stdout, object);
}

static bool letters_want(const struct letters *letters, uint64_t number)
{
    for (size_t i = 0; i < letters->wanted_count; i++) {
        if (letters->wanted[i] == number)
            return true;
    }
    return letters->wanted_count == 0;
}

/* Back on its way, and then no letter any more: in between it is both, and told twice at worst. */
static enum status letter_replay(struct letters *letters, uint64_t number,
                                 const wire_outbox_entry *entry, struct failure *failure)
{
    struct change change = {.kind = CHANGE_OUTBOX};
    struct change_list list = {.count = 0};
    const struct change_list *lists[] = {&list};
    size_t size = unsay__v1__outbox_entry__get_packed_size(entry);
    uint8_t *bytes = arena_alloc(&letters->arena, size);
    unsay__v1__outbox_entry__pack(entry, bytes);
    change.bytes = view_make(bytes, size);
    change_list_add(&list, &change);
    enum status status = store_commit(letters->store, lists, 1, failure);
    return status == STATUS_OK ? store_drop_dead_letters(letters->store, &number, 1, failure)
                               : status;
}

static enum status letters_take(struct letters *letters, const struct store_dead_letter *row,
                                struct failure *failure)
{
    ProtobufCAllocator allocator;
    arena_allocator(&letters->arena, &allocator);
    const wire_dead_letter *letter =
        unsay__v1__dead_letter__unpack(&allocator, row->bytes.size, row->bytes.data);
    if (!letters_want(letters, row->number))
        return STATUS_OK;
    if (letter == NULL || letter->entry == NULL)
        return failure_set(failure, STATUS_CORRUPT, "letter %" PRIu64 " is damaged", row->number);
    letters->found++;
    if (letters->is_json)
        letter_print_json(row->number, letter);
    else
        letter_print(row->number, letter);
    return letters->is_replay ? letter_replay(letters, row->number, letter->entry, failure)
                              : STATUS_OK;
}

static int letters_walk(struct letters *letters)
{
    struct store_dead_letter rows[WEBHOOKS_AT_ONCE];
    struct failure failure = {STATUS_OK, "the dead letters cannot be read"};
    size_t count = WEBHOOKS_AT_ONCE;
    uint64_t after = 0;
    enum status status = STATUS_OK;
    while (status == STATUS_OK && count == WEBHOOKS_AT_ONCE && ferror(stdout) == 0) {
        arena_reset(&letters->arena);
        status = store_list_dead_letters(letters->store, after, WEBHOOKS_AT_ONCE, &letters->arena,
                                         rows, &count);
        for (size_t i = 0; status == STATUS_OK && i < count; i++) {
            status = letters_take(letters, &rows[i], &failure);
            after = rows[i].number;
        }
    }
    if (status != STATUS_OK)
        return refuse(failure.text);
    if (letters->found < letters->wanted_count)
        return refuse("not all of these letters are there");
    return COMMAND_OK;
}

static bool letters_read_words(const struct options *options, struct letters *letters,
                               uint64_t *wanted, int argc, char **argv)
{
    letters->is_replay = argc > optind && strcmp(argv[optind], "replay") == 0;
    if (argc <= optind || (!letters->is_replay && strcmp(argv[optind], "list") != 0)) {
        options_wrong(options, "say list or replay");
        return false;
    }
    int words = argc - optind - 1;
    if (words > WORDS_MAX || (words > 0 && !letters->is_replay)) {
        options_wrong(options, "\"%s\" is one argument too many", argv[argc - 1]);
        return false;
    }
    for (int i = 0; i < words; i++) {
        if (!options_number(argv[optind + 1 + i], 1, INT64_MAX, &wanted[letters->wanted_count++])) {
            options_wrong(options, "\"%s\" is no number of a letter", argv[optind + 1 + i]);
            return false;
        }
    }
    letters->wanted = wanted;
    return true;
}

int command_webhooks(int argc, char **argv)
{
    static const struct option choices[] = {
        {"data", required_argument, NULL, OPTION_DATA},
        {"json", no_argument, NULL, OPTION_JSON},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    static uint64_t wanted[WORDS_MAX];
    struct options options;
    struct letters letters = {.store = NULL};
    const char *data = NULL;
    int option;
    options_init(&options, "webhooks", &help, 0);
    while ((option = options_next(&options, argc, argv, choices)) != OPTION_END) {
        if (option == OPTION_STOP)
            return options.exit_status;
        data = optarg;
    }
    if (!letters_read_words(&options, &letters, wanted, argc, argv))
        return COMMAND_USAGE;
    if (data == NULL)
        return options_wrong(&options, "--data DIR is needed");
    letters.is_json = options.is_json;
    arena_init(&letters.arena);
    int exit_status = letters_open(&letters, data);
    if (exit_status == COMMAND_OK)
        exit_status = letters_walk(&letters);
    store_close(letters.store);
    arena_fini(&letters.arena);
    return exit_status;
}
