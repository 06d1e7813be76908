#include "storage/store.h"

#include "base/memory.h"
#include "storage/keys.h"
#include "storage/kv_memory.h"
#include "storage/kv_rocksdb.h"
#include "storage/rows.h"
#include "storage/store_kv.h"
#include "storage/store_memory.h"

#include <assert.h>
#include <stdatomic.h>
#include <sys/random.h>

struct store {
    struct kv *kv; /* owned */
    atomic_uint_fast64_t commits;
    atomic_uint_fast64_t commits_failed;
    atomic_uint_fast64_t changes;
};

struct store *store_new(struct kv *kv)
{
    struct store *store = memory_new(sizeof(*store));
    store->kv = kv;
    return store;
}

struct kv *store_kv(struct store *store)
{
    return store->kv;
}

static void batch_put(struct arena *arena, struct kv_batch *batch, enum kv_space space,
                      const struct key *key, struct view value)
{
    struct kv_entry *entry = arena_alloc(arena, sizeof(*entry));
    *entry = (struct kv_entry){NULL, space, arena_copy(arena, key_view(key)), value};
    if (batch->last == NULL)
        batch->first = entry;
    else
        batch->last->next = entry;
    batch->last = entry;
    batch->bytes += key->size + value.size;
}

static enum status store_put_id(struct store *store, const struct uuid *id, struct failure *failure)
{
    struct kv_batch batch = {NULL, NULL, 0};
    struct key key;
    struct arena arena;
    arena_init(&arena);
    key_of_store(&key);
    batch_put(&arena, &batch, KV_REST, &key, row_encode_bytes(&arena, uuid_view(id)));
    enum status status = store->kv->operations->write(store->kv, &batch, failure);
    arena_fini(&arena);
    return status;
}

struct store *store_open_memory(void)
{
    static const struct uuid id = {{[UUID_BYTES - 1] = 1}};
    struct store *store = store_new(kv_memory_new());
    enum status status = store_put_id(store, &id, NULL);
    assert(status == STATUS_OK);
    return store;
}

/* A store that has just been made gets its id, and so does one whose making was interrupted before
 * that: nothing was served from it yet. */
static enum status store_make_id(struct store *store, struct failure *failure)
{
    struct uuid id;
    enum status status = store_get_id(store, &id);
    if (status == STATUS_NOT_FOUND) {
        if (getrandom(id.bytes, sizeof(id.bytes), 0) != (ssize_t)sizeof(id.bytes))
            return failure_set(failure, STATUS_IO, "the system has no source of randomness");
        return store_put_id(store, &id, failure);
    }
    if (status != STATUS_OK)
        failure_set(failure, status, "the store's id cannot be read (%s): restore a backup",
                    status_text(status));
    return status;
}

enum status store_open_rocksdb(const struct store_options *options, struct store **store,
                               struct failure *failure)
{
    struct kv *kv;
    *store = NULL;
    enum status status = kv_rocksdb_open(options, NULL, &kv, failure);
    if (status != STATUS_OK)
        return status;
    *store = store_new(kv);
    status = store_make_id(*store, failure);
    if (status != STATUS_OK) {
        store_close(*store);
        *store = NULL;
    }
    return status;
}

void store_close(struct store *store)
{
    if (store == NULL)
        return;
    store->kv->operations->close(store->kv);
    free(store);
}

void store_memory_fail(struct store *store, enum status status, bool applied)
{
    kv_memory_fail(store->kv, status, applied);
}

size_t store_memory_count(struct store *store, struct view needle)
{
    return kv_memory_count(store->kv, needle);
}

/* Writing */

static bool batch_add_member(struct arena *arena, struct kv_batch *batch,
                             const struct change *change)
{
    struct key member;
    struct key membership;
    if (!key_of_member(&member, change->conversation, change->user) ||
        !key_of_membership(&membership, change->user, change->conversation))
        return false;
    struct view value = row_encode_member(arena, &change->member);
    batch_put(arena, batch, KV_REST, &member, value);
    batch_put(arena, batch, KV_REST, &membership, value);
    return true;
}

/* False when the change has an id that no store can hold. */
static bool batch_add(struct arena *arena, struct kv_batch *batch, const struct change *change)
{
    struct key key;
    enum kv_space space = KV_REST;
    struct view value;

    switch (change->kind) {
    case CHANGE_CONVERSATION:
        if (!key_of_conversation(&key, change->conversation))
            return false;
        value = row_encode_conversation(arena, &change->conversation_row);
        break;
    case CHANGE_MEMBER:
        return batch_add_member(arena, batch, change);
    case CHANGE_EVENT:
        if (!key_of_event(&key,
                          (struct event_key){change->conversation, change->origin, change->seq}))
            return false;
        space = KV_EVENTS;
        value = row_encode_bytes(arena, change->bytes);
        break;
    case CHANGE_MESSAGE_ID:
        if (!key_of_message_id(&key, change->conversation, change->user, &change->id))
            return false;
        space = KV_MESSAGE_IDS;
        value = row_encode_message_id(arena, &change->message_id);
        break;
    case CHANGE_REQUEST:
        if (!key_of_request(&key, change->conversation, change->user, change->request_id))
            return false;
        value = row_encode_bytes(arena, change->bytes);
        break;
    case CHANGE_CURSOR:
        if (!key_of_cursor(&key, change->user, change->device, change->conversation,
                           change->origin))
            return false;
        value = row_encode_cursor(arena, &change->cursor);
        break;
    default:
        return false;
    }
    batch_put(arena, batch, space, &key, value);
    return true;
}

enum status store_commit(struct store *store, const struct change_list *const *lists, size_t count,
                         struct failure *failure)
{
    struct kv_batch batch = {NULL, NULL, 0};
    size_t changes = 0;
    enum status status = STATUS_OK;
    struct arena arena;

    arena_init(&arena);
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        const struct change *change = lists[i]->first;
        for (; change != NULL && status == STATUS_OK; change = change->next) {
            changes++;
            if (!batch_add(&arena, &batch, change))
                status = failure_set(failure, STATUS_MALFORMED,
                                     "nothing was stored: change %zu of the commit has an id that "
                                     "is empty, too long or contains a NUL, or the seq 0",
                                     changes);
        }
    }
    if (status == STATUS_OK)
        status = store->kv->operations->write(store->kv, &batch, failure);
    arena_fini(&arena);
    if (status == STATUS_OK) {
        atomic_fetch_add(&store->commits, 1);
        atomic_fetch_add(&store->changes, changes);
    } else {
        atomic_fetch_add(&store->commits_failed, 1);
    }
    return status;
}

void store_read_stats(struct store *store, struct store_stats *stats)
{
    *stats = (struct store_stats){
        .commits = atomic_load(&store->commits),
        .commits_failed = atomic_load(&store->commits_failed),
        .changes = atomic_load(&store->changes),
    };
    store->kv->operations->read_stats(store->kv, stats);
}

/* Reading one row. An id that cannot be stored is an id that is not there. */

static enum status store_get(struct store *store, bool is_possible, enum kv_space space,
                             const struct key *key, struct arena *arena, struct view *value)
{
    if (!is_possible)
        return STATUS_NOT_FOUND;
    return store->kv->operations->get(store->kv, space, key_view(key), arena, value);
}

enum status store_get_id(struct store *store, struct uuid *id)
{
    struct key key;
    struct view value;
    struct arena arena;
    arena_init(&arena);
    key_of_store(&key);
    enum status status = store_get(store, true, KV_REST, &key, &arena, &value);
    if (status == STATUS_OK)
        status = row_decode_bytes(value, &value);
    if (status == STATUS_OK && value.size != UUID_BYTES)
        status = STATUS_CORRUPT;
    if (status == STATUS_OK)
        memcpy(id->bytes, value.data, UUID_BYTES);
    arena_fini(&arena);
    return status;
}

enum status store_get_conversation(struct store *store, struct view conversation,
                                   struct arena *arena, struct conversation_row *row)
{
    struct key key;
    struct view value;
    bool is_possible = key_of_conversation(&key, conversation);
    enum status status = store_get(store, is_possible, KV_REST, &key, arena, &value);
    return status == STATUS_OK ? row_decode_conversation(value, row) : status;
}

enum status store_get_member(struct store *store, struct view conversation, struct view user,
                             struct member_row *row)
{
    struct key key;
    struct view value;
    struct arena arena;
    arena_init(&arena);
    bool is_possible = key_of_member(&key, conversation, user);
    enum status status = store_get(store, is_possible, KV_REST, &key, &arena, &value);
    if (status == STATUS_OK)
        status = row_decode_member(value, row);
    arena_fini(&arena);
    return status;
}

enum status store_get_event(struct store *store, struct event_key event, struct arena *arena,
                            struct view *bytes)
{
    struct key key;
    struct view value;
    bool is_possible = key_of_event(&key, event);
    enum status status = store_get(store, is_possible, KV_EVENTS, &key, arena, &value);
    return status == STATUS_OK ? row_decode_bytes(value, bytes) : status;
}

enum status store_get_message_id(struct store *store, struct view conversation, struct view user,
                                 const struct uuid *id, struct arena *arena,
                                 struct message_id_row *row)
{
    struct key key;
    struct view value;
    bool is_possible = key_of_message_id(&key, conversation, user, id);
    enum status status = store_get(store, is_possible, KV_MESSAGE_IDS, &key, arena, &value);
    return status == STATUS_OK ? row_decode_message_id(value, row) : status;
}

enum status store_get_request(struct store *store, struct view conversation, struct view user,
                              struct view request_id, struct arena *arena, struct view *bytes)
{
    struct key key;
    struct view value;
    bool is_possible = key_of_request(&key, conversation, user, request_id);
    enum status status = store_get(store, is_possible, KV_REST, &key, arena, &value);
    return status == STATUS_OK ? row_decode_bytes(value, bytes) : status;
}

enum status store_get_cursor(struct store *store, struct view user, struct view device,
                             struct view conversation, uint32_t origin, struct cursor_row *row)
{
    struct key key;
    struct view value;
    struct arena arena;
    arena_init(&arena);
    bool is_possible = key_of_cursor(&key, user, device, conversation, origin);
    enum status status = store_get(store, is_possible, KV_REST, &key, &arena, &value);
    if (status == STATUS_OK)
        status = row_decode_cursor(value, row);
    arena_fini(&arena);
    return status;
}
