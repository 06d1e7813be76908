#include "storage/rows.h"
#include "storage/store_kv.h"

#include <assert.h>

/* A commit on its way into one batch. */
struct commit {
    struct store *store;
    struct arena *arena;
    struct kv_batch batch;
    size_t changes;
    size_t audits;
    size_t outgoing; /* entries of the outbox */
    bool has_marks;
};

static void batch_add(struct kv_batch *batch, struct kv_entry *entry)
{
    if (batch->last == NULL)
        batch->first = entry;
    else
        batch->last->next = entry;
    batch->last = entry;
    batch->bytes += entry->key.size + entry->value.size;
}

void batch_put(struct arena *arena, struct kv_batch *batch, enum kv_space space,
               const struct key *key, struct view value)
{
    struct kv_entry *entry = arena_alloc(arena, sizeof(*entry));
    *entry =
        (struct kv_entry){.space = space, .key = arena_copy(arena, key_view(key)), .value = value};
    batch_add(batch, entry);
}

void batch_remove(struct arena *arena, struct kv_batch *batch, enum kv_space space,
                  const struct key *key)
{
    struct kv_entry *entry = arena_alloc(arena, sizeof(*entry));
    *entry = (struct kv_entry){
        .space = space, .is_removal = true, .key = arena_copy(arena, key_view(key))};
    batch_add(batch, entry);
}

static struct event_key event_key_of(const struct change *change)
{
    return (struct event_key){change->conversation, change->origin, change->seq};
}

/* Someone who left keeps the row in the conversation's list, to be told from a stranger. */
static bool commit_add_member(struct commit *commit, const struct change *change)
{
    struct key member;
    struct key membership;
    if (!key_of_member(&member, change->conversation, change->user) ||
        !key_of_membership(&membership, change->user, change->conversation))
        return false;
    struct view value = row_encode_member(commit->arena, &change->member);
    batch_put(commit->arena, &commit->batch, KV_REST, &member, value);
    if (change->member.role == WIRE(ROLE, UNSPECIFIED))
        batch_remove(commit->arena, &commit->batch, KV_REST, &membership);
    else
        batch_put(commit->arena, &commit->batch, KV_REST, &membership, value);
    return true;
}

static enum status commit_add_event(struct commit *commit, const struct change *change,
                                    const struct key *key, struct failure *failure)
{
    struct event_row row = {.bytes = change->bytes,
                            .dossier = change->dossier,
                            .evidence_until_ms = change->evidence.until_ms};
    if (change->evidence.body.size > 0) {
        enum status status =
            evidence_keys_seal(commit->store->evidence, key_view(key), change->evidence.body,
                               change->evidence.until_ms, commit->arena, &row.evidence, failure);
        if (status != STATUS_OK)
            return status;
    }
    bool is_mark = row.dossier.size > 0 || row.evidence.size > 0;
    commit->has_marks |= is_mark;
    batch_put(commit->arena, &commit->batch, is_mark ? KV_MARKS : KV_EVENTS, key,
              row_encode_event(commit->arena, &row));
    return STATUS_OK;
}

static bool change_key(const struct change *change, struct key *key)
{
    switch (change->kind) {
    case CHANGE_CONVERSATION:
        return key_of_conversation(key, change->conversation);
    case CHANGE_EVENT:
        return key_of_event(key, event_key_of(change));
    case CHANGE_MESSAGE_ID:
        return key_of_message_id(key, change->conversation, change->user, &change->id);
    case CHANGE_REQUEST:
        return key_of_request(key, change->conversation, change->user, change->request_id);
    case CHANGE_CURSOR:
        return key_of_cursor(key, change->conversation, change->origin, change->user,
                             change->device);
    case CHANGE_DEVICE:
        return key_of_device(key, change->user, change->device);
    case CHANGE_USER:
        return key_of_user(key, change->user);
    case CHANGE_PIN:
        return key_of_pin(key, event_key_of(change));
    case CHANGE_FORWARD:
        return key_of_forward(key, event_key_of(change), &change->forward);
    case CHANGE_JOB:
        return key_of_job(key, change->conversation, change->user, change->request_id);
    case CHANGE_APPROVAL:
        return key_of_approval(key, event_key_of(change), change->user);
    case CHANGE_PUSHED:
        return key_of_pushed(key, event_key_of(change), change->user, change->device);
    case CHANGE_POLICY:
        return key_of_policy(key, change->request_id);
    case CHANGE_LAST_MESSAGE:
        return key_of_last_message(key, change->conversation, change->origin);
    case CHANGE_MEMBER:
    case CHANGE_AUDIT:
    case CHANGE_OUTBOX:
        break;
    }
    return false;
}

static struct view change_value(const struct change *change, struct arena *arena)
{
    switch (change->kind) {
    case CHANGE_CONVERSATION:
        return row_encode_conversation(arena, &change->conversation_row);
    case CHANGE_MESSAGE_ID:
        return row_encode_message_id(arena, &change->message_id);
    case CHANGE_CURSOR:
        return row_encode_cursor(arena, change->cursor);
    case CHANGE_DEVICE:
        return row_encode_device(arena, change->device_row);
    case CHANGE_USER:
        return row_encode_user(arena, &change->user_row);
    case CHANGE_PIN:
        return row_encode_pin(arena, &change->pin);
    case CHANGE_LAST_MESSAGE:
        return row_encode_last_message(arena, &change->last_message);
    case CHANGE_FORWARD:
    case CHANGE_PUSHED:
        return row_encode_bytes(arena, view_make(NULL, 0));
    case CHANGE_REQUEST:
    case CHANGE_JOB:
    case CHANGE_APPROVAL:
    case CHANGE_POLICY:
        return row_encode_bytes(arena, change->bytes);
    case CHANGE_MEMBER:
    case CHANGE_EVENT:
    case CHANGE_AUDIT:
    case CHANGE_OUTBOX:
        break;
    }
    assert(false); /* these have rows of their own */
    return view_make(NULL, 0);
}

static enum status commit_add(struct commit *commit, const struct change *change,
                              struct failure *failure)
{
    struct key key;
    bool is_possible = true;
    commit->changes++;
    if (change->kind == CHANGE_AUDIT)
        commit->audits++;
    else if (change->kind == CHANGE_OUTBOX)
        commit->outgoing++;
    else if (change->kind == CHANGE_MEMBER)
        is_possible = commit_add_member(commit, change);
    else
        is_possible = change_key(change, &key);
    if (!is_possible)
        return failure_set(failure, STATUS_MALFORMED,
                           "nothing was stored: change %zu of the commit has an id that is empty, "
                           "too long or contains a NUL, or the seq 0",
                           commit->changes);
    if (change->kind == CHANGE_AUDIT || change->kind == CHANGE_OUTBOX ||
        change->kind == CHANGE_MEMBER)
        return STATUS_OK;
    if (change->kind == CHANGE_EVENT)
        return commit_add_event(commit, change, &key, failure);
    enum kv_space space = change->kind == CHANGE_MESSAGE_ID ? KV_MESSAGE_IDS : KV_REST;
    if (change->is_removal)
        batch_remove(commit->arena, &commit->batch, space, &key);
    else
        batch_put(commit->arena, &commit->batch, space, &key, change_value(change, commit->arena));
    return STATUS_OK;
}

/* The entries of one kind, together. */
static struct view commit_gather(struct commit *commit, const struct change_list *const *lists,
                                 size_t count, enum change_kind kind, size_t entry_count)
{
    struct view *entries = arena_alloc(commit->arena, entry_count * sizeof(*entries));
    size_t filled = 0;
    for (size_t i = 0; i < count; i++) {
        for (const struct change *change = lists[i]->first; change != NULL; change = change->next) {
            if (change->kind == kind)
                entries[filled++] = change->bytes;
        }
    }
    return row_encode_entries(commit->arena, entries, filled);
}

/* All audit entries of the commit are one row, and so are all entries of the outbox. */
static void commit_add_numbered(struct commit *commit, const struct change_list *const *lists,
                                size_t count, uint64_t number)
{
    struct key key;
    if (commit->audits > 0) {
        key_of_journal(&key, number);
        batch_put(commit->arena, &commit->batch, KV_JOURNAL, &key,
                  commit_gather(commit, lists, count, CHANGE_AUDIT, commit->audits));
    }
    if (commit->outgoing > 0) {
        key_of_outbox(&key, number);
        batch_put(commit->arena, &commit->batch, KV_JOURNAL, &key,
                  commit_gather(commit, lists, count, CHANGE_OUTBOX, commit->outgoing));
    }
}

static enum status commit_write(struct commit *commit, const struct change_list *const *lists,
                                size_t count, struct failure *failure)
{
    struct store *store = commit->store;
    struct journal_place place;
    if (commit->audits == 0 && commit->outgoing == 0)
        return store->kv->operations->write(store->kv, &commit->batch, failure);
    journal_enter(&store->journal, &place);
    commit_add_numbered(commit, lists, count, place.number);
    enum status status = store->kv->operations->write(store->kv, &commit->batch, failure);
    journal_leave(&store->journal, &place);
    return status;
}

enum status store_commit(struct store *store, const struct change_list *const *lists, size_t count,
                         struct failure *failure)
{
    struct arena arena;
    struct commit commit = {.store = store, .arena = &arena};
    enum status status = STATUS_OK;

    arena_init(&arena);
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        const struct change *change = lists[i]->first;
        for (; change != NULL && status == STATUS_OK; change = change->next)
            status = commit_add(&commit, change, failure);
    }
    if (commit.has_marks)
        pthread_rwlock_rdlock(&store->marking);
    if (status == STATUS_OK)
        status = commit_write(&commit, lists, count, failure);
    if (commit.has_marks)
        pthread_rwlock_unlock(&store->marking);
    arena_fini(&arena);
    if (status == STATUS_OK) {
        atomic_fetch_add(&store->commits, 1);
        atomic_fetch_add(&store->changes, commit.changes);
    } else {
        atomic_fetch_add(&store->commits_failed, 1);
    }
    return status;
}
