#include "server/attempts.h"

#include "base/limits.h"
#include "core/frame.h"
#include "core/refusal.h"

enum {
    BUNDLE = 256,            /* entries that are read at once: those of one file of the log */
    DISORDER_ENTRIES = 1024, /* commits under way at the same time may stand in any order */
    DISORDER_MS = 60000,     /* ... and a clock may be set */
    PAGE_BYTES_MAX = 98304   /* of a frame */
};

/* Indexes of the log, descending: all of them, or those to which a word's postings lead. */
struct candidates {
    struct auditor *auditor;
    struct store *store;
    struct arena arena; /* of the entries that are at hand */
    uint64_t before;    /* the next one is smaller; 0: there is none */
    uint8_t dimension;  /* 0: all */
    struct view word;
    uint64_t indexes[AUDIT_POSTING_INDEXES_MAX];
    size_t index_count;
    uint64_t bundle; /* first entry at hand */
    size_t bundle_count;
    struct view entries[BUNDLE];
};

static void candidates_init(struct candidates *candidates, struct auditor *auditor,
                            struct store *store, uint64_t before)
{
    candidates->auditor = auditor;
    candidates->store = store;
    candidates->before = before;
    candidates->dimension = 0;
    candidates->index_count = 0;
    candidates->bundle_count = 0;
    arena_init(&candidates->arena);
}

static void candidates_by(struct candidates *candidates, enum audit_dimension dimension,
                          const char *word)
{
    candidates->dimension = (uint8_t)dimension;
    candidates->word = view_of(word);
}

/* The indexes of the word's next posting; *is_end when there is none. */
static enum status candidates_fetch(struct candidates *candidates, bool *is_end)
{
    struct arena arena;
    struct store_posting posting;
    size_t count;
    arena_init(&arena);
    enum status status =
        store_list_postings(candidates->store, candidates->dimension, candidates->word,
                            candidates->before, 1, &arena, &posting, &count);
    *is_end = status == STATUS_OK && count == 0;
    if (status == STATUS_OK && count > 0) {
        if (!audit_posting_read(&posting, candidates->indexes, &candidates->index_count))
            status = STATUS_CORRUPT;
        while (status == STATUS_OK && candidates->index_count > 0 &&
               candidates->indexes[candidates->index_count - 1] >= candidates->before)
            candidates->index_count--;
    }
    arena_fini(&arena);
    return status;
}

/* The next index; *is_end when there is none. */
static enum status candidates_next(struct candidates *candidates, uint64_t *index, bool *is_end)
{
    *is_end = candidates->before == 0;
    if (*is_end)
        return STATUS_OK;
    if (candidates->dimension == 0) {
        *index = --candidates->before;
        return STATUS_OK;
    }
    if (candidates->index_count == 0) {
        enum status status = candidates_fetch(candidates, is_end);
        if (status != STATUS_OK || *is_end)
            return status;
    }
    if (candidates->index_count == 0)
        return STATUS_CORRUPT; /* a posting begins with an index that is smaller than `before` */
    *index = candidates->before = candidates->indexes[--candidates->index_count];
    return STATUS_OK;
}

static enum status candidates_read(struct candidates *candidates, uint64_t index,
                                   struct view *entry)
{
    uint64_t size = auditor_size(candidates->auditor);
    if (index >= size)
        return STATUS_NOT_FOUND;
    if (candidates->bundle_count == 0 || index < candidates->bundle ||
        index - candidates->bundle >= candidates->bundle_count) {
        arena_reset(&candidates->arena);
        candidates->bundle = index - index % BUNDLE;
        candidates->bundle_count = size - candidates->bundle < BUNDLE
                                       ? (size_t)(size - candidates->bundle)
                                       : (size_t)BUNDLE;
        enum status status =
            auditor_read(candidates->auditor, candidates->bundle, candidates->bundle_count,
                         &candidates->arena, candidates->entries);
        if (status != STATUS_OK) {
            candidates->bundle_count = 0;
            return status;
        }
    }
    *entry = candidates->entries[index - candidates->bundle];
    return STATUS_OK;
}

/* ---- Attempts ---- */

/* The reason is content, so the audit log does not have it: the recall in the conversation does. */
static enum status attempts_gave_reason(struct store *store, const wire_audit_entry *entry,
                                        const char *reason, struct arena *arena, bool *did)
{
    struct event_key key = {view_of(entry->conversation), entry->origin, entry->recall_seq};
    struct view bytes;
    *did = false;
    if (entry->recall_seq == 0)
        return STATUS_OK;
    enum status status = store_get_event(store, key, arena, &bytes);
    if (status != STATUS_OK)
        return status == STATUS_NOT_FOUND ? STATUS_OK : status;
    const wire_event *event = event_decode(bytes, arena);
    *did = event != NULL && event->kind_case == EVENT_KIND(RECALL) &&
           strcmp(event->recall->reason, reason) == 0;
    return STATUS_OK;
}

static bool attempts_match(const wire_list_recalls *query, const wire_audit_entry *entry)
{
    if (entry->kind != WIRE(AUDIT_KIND, RECALL) &&
        entry->kind != WIRE(AUDIT_KIND, RECALL_ON_ARRIVAL))
        return false;
    return (query->from_ms == 0 || entry->time >= query->from_ms) &&
           (query->until_ms == 0 || entry->time < query->until_ms) &&
           (query->operator_[0] == 0 || strcmp(query->operator_, entry->operator_) == 0) &&
           (query->conversation[0] == 0 || strcmp(query->conversation, entry->conversation) == 0) &&
           (query->outcome == WIRE(RECALL_OUTCOME, UNSPECIFIED) ||
            query->outcome == entry->outcome) &&
           (query->refusal == REFUSAL_NONE || (uint32_t)query->refusal == entry->refusal);
}

/* The word that leads to the fewest entries, as far as one can say without looking. */
static void attempts_choose(struct candidates *candidates, const wire_list_recalls *query)
{
    if (query->conversation[0] != 0)
        candidates_by(candidates, AUDIT_BY_CONVERSATION, query->conversation);
    else if (query->operator_[0] != 0)
        candidates_by(candidates, AUDIT_BY_OPERATOR, query->operator_);
    else if (query->refusal != REFUSAL_NONE)
        candidates_by(candidates, AUDIT_BY_OUTCOME, refusal_name(query->refusal));
    else if (query->outcome == WIRE(RECALL_OUTCOME, PENDING))
        candidates_by(candidates, AUDIT_BY_OUTCOME, "pending");
}

static enum status attempts_start(struct auditor *auditor, const wire_list_recalls *query,
                                  uint64_t *before)
{
    uint64_t index;
    *before = auditor_size(auditor);
    if (query->before != 0 && query->before < *before)
        *before = query->before;
    if (query->until_ms == 0)
        return STATUS_OK;
    enum status status = auditor_find(auditor, query->until_ms, &index);
    if (status == STATUS_OK && index + DISORDER_ENTRIES < *before)
        *before = index + DISORDER_ENTRIES;
    return status;
}

static void attempts_add(wire_recall_page *page, uint64_t index, struct view bytes,
                         struct arena *arena)
{
    wire_recall_entry *entry = arena_alloc(arena, sizeof(*entry));
    unsay__v1__recall_entry__init(entry);
    entry->index = index;
    entry->entry = audit_entry_decode(bytes, arena);
    page->entries[page->n_entries++] = entry;
}

static enum status attempts_walk(struct candidates *candidates, const wire_list_recalls *query,
                                 struct arena *arena, wire_recall_page *page)
{
    struct arena scratch;
    size_t page_bytes = 0;
    bool is_end = false;
    enum status status = STATUS_OK;
    arena_init(&scratch);
    for (size_t examined = 0; status == STATUS_OK; examined++) {
        uint64_t index = 0;
        struct view bytes;
        if (examined == LIMIT_ATTEMPTS_EXAMINED_MAX || page->n_entries == query->limit ||
            page_bytes > PAGE_BYTES_MAX) {
            page->next = candidates->before;
            break;
        }
        arena_reset(&scratch);
        status = candidates_next(candidates, &index, &is_end);
        if (status != STATUS_OK || is_end)
            break;
        status = candidates_read(candidates, index, &bytes);
        if (status != STATUS_OK)
            break;
        const wire_audit_entry *entry = audit_entry_decode(bytes, &scratch);
        if (entry != NULL && entry->time + DISORDER_MS < query->from_ms)
            break; /* what is older is not asked for */
        bool is_match = entry != NULL && attempts_match(query, entry);
        if (is_match && query->reason[0] != 0)
            status =
                attempts_gave_reason(candidates->store, entry, query->reason, &scratch, &is_match);
        if (status == STATUS_OK && is_match) {
            attempts_add(page, index, bytes, arena);
            page_bytes += bytes.size;
        }
    }
    arena_fini(&scratch);
    return status;
}

enum status attempts_find(struct auditor *auditor, struct store *store,
                          const wire_list_recalls *query, struct arena *arena,
                          wire_recall_page *page)
{
    uint64_t before;
    enum status status = attempts_start(auditor, query, &before);
    if (status != STATUS_OK)
        return status;
    struct candidates *candidates = arena_alloc(arena, sizeof(*candidates));
    candidates_init(candidates, auditor, store, before);
    attempts_choose(candidates, query);
    page->entries = arena_alloc(arena, query->limit * sizeof(wire_recall_entry *));
    status = attempts_walk(candidates, query, arena, page);
    arena_fini(&candidates->arena);
    return status;
}

/* ---- Policies ---- */

static bool attempts_has_policy(const wire_policy_info *info, struct view version)
{
    for (size_t i = 0; i < info->n_versions; i++) {
        if (view_equal(bytes_view(info->versions[i]->version), version))
            return true;
    }
    return false;
}

enum status attempts_find_policies(struct auditor *auditor, struct store *store,
                                   struct arena *arena, wire_policy_info *info)
{
    struct candidates *candidates = arena_alloc(arena, sizeof(*candidates));
    bool is_end = false;
    enum status status = STATUS_OK;
    candidates_init(candidates, auditor, store, auditor_size(auditor));
    candidates_by(candidates, AUDIT_BY_KIND, "policy");
    info->versions = arena_alloc(arena, LIMIT_PAGE_EVENTS_MAX * sizeof(wire_policy_info *));
    for (size_t examined = 0; status == STATUS_OK && examined < LIMIT_ATTEMPTS_EXAMINED_MAX &&
                              info->n_versions < LIMIT_PAGE_EVENTS_MAX;
         examined++) {
        uint64_t index = 0;
        struct view bytes;
        status = candidates_next(candidates, &index, &is_end);
        if (status != STATUS_OK || is_end)
            break;
        status = candidates_read(candidates, index, &bytes);
        const wire_audit_entry *entry =
            status == STATUS_OK ? audit_entry_decode(bytes, arena) : NULL;
        if (entry == NULL || attempts_has_policy(info, bytes_view(entry->policy)))
            continue;
        wire_policy_info *version = arena_alloc(arena, sizeof(*version));
        unsay__v1__policy_info__init(version);
        version->version = entry->policy;
        version->since_ms = entry->time;
        info->versions[info->n_versions++] = version;
    }
    arena_fini(&candidates->arena);
    return status;
}
