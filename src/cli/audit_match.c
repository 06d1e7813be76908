#include "cli/audit.h"
#include "cli/command.h"
#include "cli/match.h"
#include "cli/output.h"
#include "cli/text.h"

#include <inttypes.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

enum { MISMATCHES_SHOWN_MAX = 1000, PROGRESS_EVENTS = 1 << 18, MATCH_PATH_BYTES = 4200 };

static const char *const kinds[MISMATCH_KINDS] = {
    [MISMATCH_NO_ENTRY] = "no_entry",     [MISMATCH_NO_RECALL] = "no_recall",
    [MISMATCH_DIFFERENT] = "different",   [MISMATCH_DOUBLED] = "doubled",
    [MISMATCH_UNREADABLE] = "unreadable",
};

struct shown {
    bool is_json;
    bool has_progress; /* a line of progress stands on the terminal */
    uint64_t count;
};

static void shown_clear(struct shown *shown)
{
    if (shown->has_progress)
        fputs("\r\033[K", stderr);
    shown->has_progress = false;
}

static void shown_add(void *context, const struct mismatch *mismatch)
{
    struct shown *shown = context;
    shown_clear(shown);
    if (++shown->count > MISMATCHES_SHOWN_MAX)
        return;
    if (shown->is_json) {
        json_t *object = json_object();
        bool has_index = mismatch->has_entry && !mismatch->is_in_journal;
        json_object_set_new(object, "kind", json_string(kinds[mismatch->kind]));
        json_object_set_new(object, "index",
                            has_index ? json_integer((json_int_t)mismatch->index) : json_null());
        json_object_set_new(object, "in_journal", json_boolean(mismatch->is_in_journal));
        json_object_set_new(object, "recall", output_json_text(mismatch->recall));
        json_object_set_new(object, "text", output_json_text(mismatch->text));
        output_object(stdout, object);
        return;
    }
    if (mismatch->has_entry)
        printf("entry %" PRIu64 "%s%s", mismatch->index,
               mismatch->is_in_journal ? " of the journal" : "",
               mismatch->recall[0] == 0 ? "" : ", ");
    if (mismatch->recall[0] != 0) {
        fputs("recall ", stdout);
        text_write_foreign(stdout, view_of(mismatch->recall));
    }
    fputs(": ", stdout);
    text_write_foreign(stdout, view_of(mismatch->text));
    putchar('\n');
}

static void shown_progress(void *context, uint64_t events)
{
    struct shown *shown = context;
    if (events % PROGRESS_EVENTS != 0 || events == 0 || !isatty(STDERR_FILENO))
        return;
    fprintf(stderr, "\r%" PRIu64 " events", events);
    fflush(stderr);
    shown->has_progress = true;
}

static void shown_end(const struct shown *shown, const struct match *match)
{
    if (shown->is_json) {
        json_t *object = json_object();
        json_object_set_new(object, "kind", json_string("result"));
        json_object_set_new(object, "events", json_integer((json_int_t)match->events));
        json_object_set_new(object, "recalls", json_integer((json_int_t)match->recalls));
        json_object_set_new(object, "entries", json_integer((json_int_t)match->entries));
        json_object_set_new(object, "in_journal", json_integer((json_int_t)match->in_journal));
        json_object_set_new(object, "problems", json_integer((json_int_t)match->problems));
        output_object(stdout, object);
        return;
    }
    if (shown->count > MISMATCHES_SHOWN_MAX)
        printf("and %" PRIu64 " more\n", shown->count - MISMATCHES_SHOWN_MAX);
    printf("%s: %" PRIu64 " recall%s, %" PRIu64 " granted entr%s",
           match->problems == 0 ? "matched" : "NOT matched", match->recalls,
           match->recalls == 1 ? "" : "s", match->entries, match->entries == 1 ? "y" : "ies");
    if (match->in_journal > 0)
        printf(", %" PRIu64 " of them not in the log yet", match->in_journal);
    if (match->problems > 0)
        printf(", %" PRIu64 " problem%s", match->problems, match->problems == 1 ? "" : "s");
    putchar('\n');
}

/* A wrong directory must not become a store. */
static bool store_is_there(const char *store)
{
    char path[MATCH_PATH_BYTES + 16];
    char text[MATCH_PATH_BYTES + 64];
    snprintf(path, sizeof(path), "%s/FORMAT", store);
    if (access(path, F_OK) == 0)
        return true;
    snprintf(text, sizeof(text), "there is no store in %s", store);
    audit_refuse(text);
    return false;
}

int audit_run_match(struct audit_request *request)
{
    char path[MATCH_PATH_BYTES];
    char log[MATCH_PATH_BYTES];
    struct audit_reader reader;
    struct failure failure;
    struct shown shown = {.is_json = request->options.is_json};
    struct store_options options = {.directory = path};
    struct store *store;
    if (sodium_init() < 0)
        return audit_refuse("the system has no source of randomness");
    snprintf(path, sizeof(path), "%s/store", request->data);
    snprintf(log, sizeof(log), "%s/audit", request->data);
    if (!store_is_there(path))
        return COMMAND_REFUSED;
    if (store_open_rocksdb(&options, &store, &failure) != STATUS_OK)
        return audit_refuse(failure.text);
    if (!audit_reader_open(&reader, log)) {
        store_close(store);
        return COMMAND_REFUSED;
    }
    struct match match = {
        .store = store,
        .tree = &reader.tree,
        .from = request->from,
        .on_mismatch = shown_add,
        .on_progress = shown_progress,
        .context = &shown,
    };
    enum status status = match_run(&match, &failure);
    audit_reader_close(&reader);
    store_close(store);
    shown_clear(&shown);
    if (status != STATUS_OK)
        return audit_refuse(failure.text);
    shown_end(&shown, &match);
    return match.problems == 0 ? COMMAND_OK : COMMAND_REFUSED;
}
