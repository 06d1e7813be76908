#include "cli/match.h"

#include "base/limits.h"
#include "base/memory.h"
#include "cli/told.h"
#include "core/frame.h"
#include "core/hlc.h"
#include "storage/audit/entry.h"

#include <inttypes.h>
#include <stdlib.h>

enum { MATCH_EVENTS = 256, MATCH_ROWS = 16 };

#define MATCH_JOURNAL (UINT64_C(1) << 62)
#define MATCH_SEEN (UINT64_C(1) << 63)

/* A granted entry. */
struct record {
    struct told_hash hash; /* of what it tells */
    uint64_t time_ms;
    uint64_t place; /* index in the log, or number in the journal with MATCH_JOURNAL; MATCH_SEEN */
};

_Static_assert(sizeof(struct record) == 40, "match.h tells the size");

struct matching {
    struct match *match;
    struct record *records; /* owned; sorted by key, then place */
    size_t count;
    size_t capacity;
    struct arena arena;
    /* The event before this one, whoever's. */
    char conversation[LIMIT_CONVERSATION_ID_BYTES_MAX + 1];
    uint32_t origin;
    uint64_t seq;
    uint64_t time;
};

/* ---- Telling ---- */

static void matching_tell(struct matching *matching, enum mismatch_kind kind,
                          const struct record *record, const struct told *told, const char *text)
{
    struct mismatch mismatch = {.kind = kind};
    if (record != NULL) {
        mismatch.has_entry = true;
        mismatch.is_in_journal = (record->place & MATCH_JOURNAL) != 0;
        mismatch.index = record->place & ~(MATCH_JOURNAL | MATCH_SEEN);
    }
    if (told != NULL)
        snprintf(mismatch.recall, sizeof(mismatch.recall), "%s@%" PRIu64, told->conversation,
                 told->recall_seq);
    snprintf(mismatch.text, sizeof(mismatch.text), "%s", text);
    matching->match->problems++;
    matching->match->on_mismatch(matching->match->context, &mismatch);
}

/* The entry of a record, read again; NULL: it cannot be. */
static wire_audit_entry *matching_read(struct matching *matching, const struct record *record)
{
    uint64_t place = record->place & ~(MATCH_JOURNAL | MATCH_SEEN);
    struct view entry;
    if ((record->place & MATCH_JOURNAL) == 0)
        return tree_read_entries(matching->match->tree, place, 1, &matching->arena, &entry, NULL) ==
                       STATUS_OK
                   ? audit_entry_decode(entry, &matching->arena)
                   : NULL;
    struct store_journal row;
    size_t count = 0;
    if (store_read_journal(matching->match->store, place - 1, 1, &matching->arena, &row, &count) !=
        STATUS_OK)
        return NULL;
    for (size_t i = 0; i < row.count && count == 1; i++) {
        wire_audit_entry *found = audit_entry_decode(row.entries[i], &matching->arena);
        if (found == NULL)
            continue;
        struct told told = told_by_entry(found);
        struct told_hash hash = told_hash(&told);
        if (memcmp(hash.key, record->hash.key, TOLD_KEY_BYTES) == 0)
            return found;
    }
    return NULL;
}

static void matching_tell_different(struct matching *matching, const struct record *record,
                                    const struct told *told, bool is_time)
{
    char text[200];
    const wire_audit_entry *entry = matching_read(matching, record);
    struct told says = entry == NULL ? *told : told_by_entry(entry);
    snprintf(text, sizeof(text), "the entry tells of %s than the recall itself",
             is_time ? "another time" : told_difference(&says, told));
    matching_tell(matching, MISMATCH_DIFFERENT, record, told, text);
}

static void matching_tell_no_recall(struct matching *matching, const struct record *record)
{
    char text[240];
    const wire_audit_entry *entry = matching_read(matching, record);
    if (entry == NULL) {
        matching_tell(matching, MISMATCH_UNREADABLE, record, NULL, "the entry cannot be read");
        return;
    }
    struct told told = told_by_entry(entry);
    snprintf(text, sizeof(text), "%s took back message %" PRIu64 "; the store has no such recall",
             told.operator_user, told.target_seq);
    matching_tell(matching, MISMATCH_NO_RECALL, record, &told, text);
}

/* ---- The entries ---- */

/* A store that was put back from a backup has not what came after: entries of the log between the
 * two places tell of what is lost. What was applied again has entries of its own. */
static void matching_lose(struct matching *matching, const wire_restored *restored)
{
    size_t kept = 0;
    for (size_t i = 0; i < matching->count; i++) {
        uint64_t place = matching->records[i].place;
        bool is_lost = (place & MATCH_JOURNAL) == 0 && place >= restored->lost_from &&
                       place < restored->lost_until;
        if (!is_lost)
            matching->records[kept++] = matching->records[i];
    }
    matching->count = kept;
}

static void matching_note(struct matching *matching, struct view bytes, uint64_t place)
{
    const wire_audit_entry *entry = audit_entry_decode(bytes, &matching->arena);
    struct record record = {.place = place};
    if (entry == NULL) {
        matching_tell(matching, MISMATCH_UNREADABLE, &record, NULL, "the entry cannot be decoded");
        return;
    }
    if (entry->kind == WIRE(AUDIT_KIND, RESTORE) && entry->restored != NULL)
        matching_lose(matching, entry->restored);
    if ((entry->kind != WIRE(AUDIT_KIND, RECALL) &&
         entry->kind != WIRE(AUDIT_KIND, RECALL_ON_ARRIVAL)) ||
        entry->outcome != WIRE(RECALL_OUTCOME, RECALLED))
        return;
    struct told told = told_by_entry(entry);
    record.hash = told_hash(&told);
    record.time_ms = entry->time;
    if (matching->count == matching->capacity) {
        matching->capacity += matching->capacity / 2 + 1024;
        matching->records =
            memory_resize(matching->records, matching->capacity * sizeof(*matching->records));
    }
    matching->records[matching->count++] = record;
}

static enum status matching_read_log(struct matching *matching, struct failure *failure)
{
    const struct match *match = matching->match;
    struct view entries[TILE_WIDTH];
    uint64_t end;
    for (uint64_t at = match->from; at < match->tree->size; at = end) {
        end = (at / TILE_WIDTH + 1) * TILE_WIDTH;
        end = end < match->tree->size ? end : match->tree->size;
        enum status status = tree_read_entries(match->tree, at, (size_t)(end - at),
                                               &matching->arena, entries, failure);
        if (status != STATUS_OK)
            return status;
        for (uint64_t i = at; i < end; i++)
            matching_note(matching, entries[i - at], i);
        arena_reset(&matching->arena);
    }
    return STATUS_OK;
}

static enum status matching_read_journal(struct matching *matching, struct failure *failure)
{
    struct store_journal rows[MATCH_ROWS];
    size_t count = MATCH_ROWS;
    uint64_t after = 0;
    while (count == MATCH_ROWS) {
        enum status status = store_read_journal(matching->match->store, after, MATCH_ROWS,
                                                &matching->arena, rows, &count);
        if (status != STATUS_OK)
            return failure_set(failure, status, "the store's journal cannot be read: %s",
                               status_text(status));
        for (size_t i = 0; i < count; i++) {
            for (size_t k = 0; k < rows[i].count; k++)
                matching_note(matching, rows[i].entries[k], rows[i].number | MATCH_JOURNAL);
            after = rows[i].number;
        }
        arena_reset(&matching->arena);
    }
    return STATUS_OK;
}

static int record_compare(const void *one, const void *other)
{
    const struct record *a = one;
    const struct record *b = other;
    int order = memcmp(a->hash.key, b->hash.key, TOLD_KEY_BYTES);
    return order != 0 ? order : (a->place > b->place) - (a->place < b->place);
}

static int record_compare_places(const void *one, const void *other)
{
    const struct record *a = one;
    const struct record *b = other;
    return (a->place > b->place) - (a->place < b->place);
}

static void matching_tell_doubled(struct matching *matching, const struct record *first,
                                  const struct record *again)
{
    char text[160];
    const wire_audit_entry *entry = matching_read(matching, again);
    struct told told;
    if (entry != NULL)
        told = told_by_entry(entry);
    snprintf(text, sizeof(text), "entry %" PRIu64 "%s tells of the same recall",
             first->place & ~(MATCH_JOURNAL | MATCH_SEEN),
             (first->place & MATCH_JOURNAL) != 0 ? " of the journal" : "");
    matching_tell(matching, MISMATCH_DOUBLED, again, entry == NULL ? NULL : &told, text);
}

/* Leaves one record a recall. What is in the journal may have come into the log already, and not
 * have been settled: that is one entry. */
static void matching_sort(struct matching *matching)
{
    struct record *records = matching->records;
    size_t kept = 0;
    if (matching->count > 0)
        qsort(records, matching->count, sizeof(*records), record_compare);
    for (size_t i = 0; i < matching->count; i++) {
        struct record *last = kept == 0 ? NULL : &records[kept - 1];
        if (last == NULL || memcmp(last->hash.key, records[i].hash.key, TOLD_KEY_BYTES) != 0) {
            records[kept++] = records[i];
            continue;
        }
        bool is_settling =
            (records[i].place & MATCH_JOURNAL) != 0 && (last->place & MATCH_JOURNAL) == 0 &&
            last->hash.facts == records[i].hash.facts && last->time_ms == records[i].time_ms;
        if (!is_settling)
            matching_tell_doubled(matching, last, &records[i]);
        arena_reset(&matching->arena);
    }
    matching->count = kept;
    matching->match->entries = kept;
    for (size_t i = 0; i < kept; i++)
        matching->match->in_journal += (records[i].place & MATCH_JOURNAL) != 0;
}

/* ---- The recalls ---- */

/* The recall was decided at the entry's time: its stamp is the next one of the log at that time. */
static bool matching_is_time(const struct matching *matching, const wire_event *event,
                             uint64_t time_ms)
{
    bool follows = matching->seq + 1 == event->seq && matching->origin == event->origin &&
                   strcmp(matching->conversation, event->conversation) == 0;
    if (!follows && event->seq != 1)
        return hlc_ms(event->time) >= time_ms; /* what came before is not here */
    return event->time == hlc_next(follows ? matching->time : 0, time_ms);
}

static void matching_look_up(struct matching *matching, const wire_event *event)
{
    struct told told = told_by_event(event);
    struct told_hash hash = told_hash(&told);
    size_t low = 0;
    size_t high = matching->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (memcmp(matching->records[middle].hash.key, hash.key, TOLD_KEY_BYTES) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    struct record *record = low < matching->count ? &matching->records[low] : NULL;
    if (record == NULL || memcmp(record->hash.key, hash.key, TOLD_KEY_BYTES) != 0) {
        char text[200];
        snprintf(text, sizeof(text), "%s took back message %" PRIu64 "; no entry tells of it",
                 told.operator_user, told.target_seq);
        matching_tell(matching, MISMATCH_NO_ENTRY, NULL, &told, text);
        return;
    }
    record->place |= MATCH_SEEN;
    if (record->hash.facts != hash.facts)
        matching_tell_different(matching, record, &told, false);
    else if (!matching_is_time(matching, event, record->time_ms))
        matching_tell_different(matching, record, &told, true);
}

static void matching_take(struct matching *matching, const struct store_logged *logged)
{
    const wire_event *event = event_decode(logged->bytes, &matching->arena);
    char conversation[LIMIT_CONVERSATION_ID_BYTES_MAX + 1];
    snprintf(conversation, sizeof(conversation), "%.*s", VIEW_PRINT(logged->key.conversation));
    matching->match->events++;
    if (event == NULL || strcmp(event->conversation, conversation) != 0 ||
        event->origin != logged->key.origin || event->seq != logged->key.seq) {
        struct told told = {.conversation = conversation, .recall_seq = logged->key.seq};
        matching_tell(matching, MISMATCH_UNREADABLE, NULL, &told,
                      "the event is damaged, or stands in another one's place");
        return;
    }
    if (event->kind_case == EVENT_KIND(RECALL)) {
        matching->match->recalls++;
        matching_look_up(matching, event);
    }
    memcpy(matching->conversation, conversation, sizeof(conversation));
    matching->origin = event->origin;
    matching->seq = event->seq;
    matching->time = event->time;
}

static enum status matching_walk(struct matching *matching, struct failure *failure)
{
    struct store_logged *events = memory_new_array(MATCH_EVENTS, sizeof(*events));
    char conversation[LIMIT_CONVERSATION_ID_BYTES_MAX + 1];
    struct event_key after = {{NULL, 0}, 0, 0};
    size_t count = MATCH_EVENTS;
    enum status status = STATUS_OK;
    while (count == MATCH_EVENTS && status == STATUS_OK) {
        status = store_list_events(matching->match->store, after.seq == 0 ? NULL : &after,
                                   MATCH_EVENTS, &matching->arena, events, &count);
        for (size_t i = 0; i < count && status == STATUS_OK; i++)
            matching_take(matching, &events[i]);
        if (status == STATUS_OK && count > 0) {
            after = events[count - 1].key;
            snprintf(conversation, sizeof(conversation), "%.*s", VIEW_PRINT(after.conversation));
            after.conversation = view_of(conversation);
        }
        arena_reset(&matching->arena);
        if (matching->match->on_progress != NULL)
            matching->match->on_progress(matching->match->context, matching->match->events);
    }
    free(events);
    return status == STATUS_OK
               ? STATUS_OK
               : failure_set(failure, status, "the store cannot be read: %s", status_text(status));
}

/* What no recall was found for, in the order of the log. */
static void matching_end(struct matching *matching)
{
    size_t left = 0;
    for (size_t i = 0; i < matching->count; i++) {
        if ((matching->records[i].place & MATCH_SEEN) == 0)
            matching->records[left++] = matching->records[i];
    }
    if (left > 0)
        qsort(matching->records, left, sizeof(*matching->records), record_compare_places);
    for (size_t i = 0; i < left; i++) {
        matching_tell_no_recall(matching, &matching->records[i]);
        arena_reset(&matching->arena);
    }
}

enum status match_run(struct match *match, struct failure *failure)
{
    struct matching matching = {.match = match};
    arena_init(&matching.arena);
    enum status status = matching_read_log(&matching, failure);
    if (status == STATUS_OK)
        status = matching_read_journal(&matching, failure);
    if (status == STATUS_OK) {
        matching_sort(&matching);
        status = matching_walk(&matching, failure);
    }
    if (status == STATUS_OK)
        matching_end(&matching);
    arena_fini(&matching.arena);
    free(matching.records);
    return status;
}
