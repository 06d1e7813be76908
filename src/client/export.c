/* Everything that a device has, for its user. What is exported is fixed by the cursors at the
 * beginning; each page is read as it is then, so that what was taken back meanwhile is not in it.
 */
#include "base/memory.h"
#include "client/client.h"
#include "client/convert.h"
#include "client/export_json.h"
#include "unsay/device.h"

#include <errno.h>
#include <unistd.h>

struct range {
    char *conversation;
    uint32_t origin;
    uint64_t last;
    struct range *next;
};

struct export
{
    struct unsay *client;
    int file;
    unsay_export_fn *progress;
    void *context;
    struct range *ranges;
    struct arena arena; /* of the ranges */
    uint64_t done;
    uint64_t total;
    enum unsay_result result;
};

static void export_range(void *context, const struct client_cursor *cursor)
{
    struct export *export = context;
    struct range *range = arena_zero(&export->arena, sizeof(*range));
    *range = (struct range){arena_text(&export->arena, cursor->conversation), cursor->origin,
                            cursor->stored, export->ranges};
    export->ranges = range;
}

static void export_check(struct export *export, enum status status)
{
    if (status != STATUS_OK && export->result == UNSAY_OK)
        export->result = UNSAY_STORAGE;
}

static void export_write(struct export *export, json_t *object)
{
    char *text = json_dumps(object, JSON_COMPACT);
    size_t size = text == NULL ? 0 : strlen(text);
    json_decref(object);
    if (size > 0)
        text[size++] = '\n';
    for (size_t at = 0; at < size && export->result == UNSAY_OK;) {
        ssize_t written = write(export->file, text + at, size - at);
        if (written > 0)
            at += (size_t)written;
        else if (errno != EINTR)
            export->result = UNSAY_UNREACHABLE;
    }
    free(text);
}

static void export_turn(struct export *export, size_t count)
{
    export->done += count;
    if (export->total < export->done)
        export->total = export->done;
    if (export->result == UNSAY_OK && count > 0 && export->progress != NULL &&
        !export->progress(export->context, export->done, export->total))
        export->result = UNSAY_STOPPED;
}

static void export_header(struct export *export)
{
    json_t *object = json_object();
    json_object_set_new(object, "kind", json_string("export"));
    json_object_set_new(object, "version", json_integer(1));
    json_object_set_new(object, "user", json_string(export->client->identity.user));
    json_object_set_new(object, "device", json_string(export->client->identity.device));
    json_object_set_new(object, "time_ms", json_integer((json_int_t)client_wall_ms()));
    export_write(export, object);
}

static void export_events(struct export *export, const struct range *range)
{
    struct arena arena;
    struct unsay_event *events;
    size_t count = 1;
    arena_init(&arena);
    for (uint64_t after = 0; count > 0 && export->result == UNSAY_OK;) {
        arena_reset(&arena);
        export_check(export,
                     database_page(export->client->database, view_of(range->conversation),
                                   range->origin, after, range->last, &arena, &events, &count));
        for (size_t i = 0; i < count && export->result == UNSAY_OK; i++) {
            after = events[i].seq;
            export_write(export, export_event(&events[i]));
        }
        export_turn(export, count);
    }
    arena_fini(&arena);
}

static void export_outbox(struct export *export)
{
    struct arena arena;
    struct unsay_waiting *waiting;
    size_t count;
    bool more = true;
    arena_init(&arena);
    for (uint64_t after = 0; more && export->result == UNSAY_OK;) {
        arena_reset(&arena);
        export_check(export,
                     database_outbox_show(export->client->database, view_make(NULL, 0), after,
                                          LIMIT_PAGE_EVENTS_MAX, &arena, &waiting, &count, &more));
        for (size_t i = 0; i < count && export->result == UNSAY_OK; i++) {
            after = waiting[i].number;
            export_write(export, export_outgoing(&waiting[i]));
        }
        export_turn(export, count);
    }
    arena_fini(&arena);
}

static void export_fix(struct export *export)
{
    export->ranges = NULL;
    export_check(export, database_cursors(export->client->database, export_range, export));
}

static void export_count(struct export *export)
{
    export_fix(export);
    for (const struct range *range = export->ranges; range != NULL; range = range->next) {
        uint64_t first = 0;
        export_check(export, database_first(export->client->database, view_of(range->conversation),
                                            range->origin, &first));
        if (first != 0 && first <= range->last)
            export->total += range->last - first + 1;
    }
    export->total += unsay_outbox_count(export->client);
}

enum unsay_result unsay_export(struct unsay *client, int file, unsay_export_fn *progress,
                               void *context)
{
    struct export export = {
        .client = client, .file = file, .progress = progress, .context = context};
    if (client == NULL || file < 0)
        return UNSAY_INVALID;
    arena_init(&export.arena);
    database_hold(client->database, true);
    export_count(&export);
    export_header(&export);
    export_outbox(&export);
    export_fix(&export);
    for (const struct range *range = export.ranges; range != NULL; range = range->next)
        export_events(&export, range);
    database_hold(client->database, false);
    arena_fini(&export.arena);
    return export.result;
}
