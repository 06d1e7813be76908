#include "cli/audit.h"
#include "cli/command.h"
#include "cli/output.h"
#include "cli/text.h"
#include "storage/audit/verify.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

enum { FINDINGS_SHOWN_MAX = 1000, PROGRESS_ENTRIES_MIN = 200000 };

static const char *const kinds[FINDING_KINDS] = {
    [FINDING_NOTE] = "note",
    [FINDING_FILE] = "file",
    [FINDING_CHANGED] = "changed",
    [FINDING_MISSING] = "missing",
    [FINDING_INSERTED] = "inserted",
    [FINDING_MOVED] = "moved",
    [FINDING_CHECKPOINT] = "checkpoint",
};

struct shown {
    bool is_json;
    bool has_progress; /* a line of progress stands on the terminal */
    uint64_t count;
};

static bool finding_has_index(const struct finding *finding)
{
    return finding->kind == FINDING_CHANGED || finding->kind == FINDING_MISSING ||
           finding->kind == FINDING_INSERTED || finding->kind == FINDING_MOVED;
}

static json_t *string_or_null(const char *text)
{
    json_t *string = *text == 0 ? NULL : json_string(text);
    return string == NULL ? json_null() : string;
}

static void shown_clear(struct shown *shown)
{
    if (shown->has_progress)
        fputs("\r\033[K", stderr);
    shown->has_progress = false;
}

static void shown_add(void *context, const struct finding *finding)
{
    struct shown *shown = context;
    shown_clear(shown);
    if (++shown->count > FINDINGS_SHOWN_MAX)
        return;
    if (shown->is_json) {
        json_t *object = json_object();
        json_object_set_new(object, "kind", json_string(kinds[finding->kind]));
        json_object_set_new(object, "index",
                            finding_has_index(finding) ? json_integer((json_int_t)finding->index)
                                                       : json_null());
        json_object_set_new(object, "file", string_or_null(finding->file));
        json_object_set_new(object, "text", string_or_null(finding->text));
        output_object(stdout, object);
        return;
    }
    if (finding->kind == FINDING_NOTE)
        fputs("note: ", stdout);
    if (finding_has_index(finding))
        printf("entry %" PRIu64 ": ", finding->index);
    else if (finding->file[0] != 0) {
        text_write_foreign(stdout, view_of(finding->file));
        fputs(": ", stdout);
    }
    text_write_foreign(stdout, view_of(finding->text));
    if (finding_has_index(finding))
        printf(" (%s)", finding->file);
    putchar('\n');
}

static void shown_progress(void *context, uint64_t done, uint64_t size)
{
    struct shown *shown = context;
    if (size < PROGRESS_ENTRIES_MIN || !isatty(STDERR_FILENO))
        return;
    fprintf(stderr, "\r%" PRIu64 " of %" PRIu64 " entries", done, size);
    fflush(stderr);
    shown->has_progress = true;
}

static void shown_end(const struct shown *shown, const struct verification *verification)
{
    char root[HASH_TEXT_BYTES];
    hash_format(&verification->checkpoint.root, root);
    if (shown->is_json) {
        json_t *object = json_object();
        json_object_set_new(object, "kind", json_string("result"));
        json_object_set_new(object, "size",
                            json_integer((json_int_t)verification->checkpoint.size));
        json_object_set_new(object, "root", json_string(root));
        json_object_set_new(object, "origin", json_string(verification->key->name));
        json_object_set_new(object, "problems", json_integer((json_int_t)verification->problems));
        output_object(stdout, object);
        return;
    }
    if (shown->count > FINDINGS_SHOWN_MAX)
        printf("and %" PRIu64 " more\n", shown->count - FINDINGS_SHOWN_MAX);
    if (verification->problems == 0)
        printf("verified: %" PRIu64 " entries of %s, root %s\n", verification->checkpoint.size,
               verification->key->name, root);
    else
        printf("NOT verified: %" PRIu64 " problem%s\n", verification->problems,
               verification->problems == 1 ? "" : "s");
}

int audit_run_verify(struct audit_request *request)
{
    struct note_key key;
    struct buffer since;
    struct failure failure;
    struct shown shown = {.is_json = request->options.is_json};
    buffer_init(&since);
    if (!audit_read_key(request, &key) ||
        (request->since != NULL && !audit_read_file(request->since, NOTE_BYTES_MAX, &since))) {
        buffer_fini(&since);
        return COMMAND_REFUSED;
    }
    struct verification verification = {
        .directory = request->operands[0],
        .key = &key,
        .since = buffer_view(&since),
        .has_since = request->since != NULL,
        .on_finding = shown_add,
        .on_progress = shown_progress,
        .context = &shown,
    };
    enum status status = audit_verify(&verification, &failure);
    buffer_fini(&since);
    shown_clear(&shown);
    if (status != STATUS_OK)
        return audit_refuse(failure.text);
    shown_end(&shown, &verification);
    return verification.problems == 0 ? COMMAND_OK : COMMAND_REFUSED;
}
