#include "storage/rows.h"
#include "storage/store_kv.h"

enum status store_get(struct store *store, bool is_possible, enum kv_space space,
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

/* The mark over an event, or the event: no read shows a body that was taken back. */
static enum status event_get(struct store *store, struct event_key event, struct key *key,
                             struct arena *arena, struct event_row *row)
{
    struct view value;
    if (!key_of_event(key, event))
        return STATUS_NOT_FOUND;
    pthread_rwlock_rdlock(&store->marking);
    enum status status = store_get(store, true, KV_MARKS, key, arena, &value);
    if (status == STATUS_NOT_FOUND)
        status = store_get(store, true, KV_EVENTS, key, arena, &value);
    pthread_rwlock_unlock(&store->marking);
    return status == STATUS_OK ? row_decode_event(value, row) : status;
}

enum status store_get_event(struct store *store, struct event_key event, struct arena *arena,
                            struct view *bytes)
{
    struct key key;
    struct event_row row;
    enum status status = event_get(store, event, &key, arena, &row);
    if (status == STATUS_OK)
        *bytes = row.bytes;
    return status;
}

enum status store_get_dossier(struct store *store, struct event_key event, struct arena *arena,
                              struct view *bytes)
{
    struct key key;
    struct event_row row;
    enum status status = event_get(store, event, &key, arena, &row);
    if (status == STATUS_OK && row.dossier.size == 0)
        status = STATUS_NOT_FOUND;
    if (status == STATUS_OK)
        *bytes = row.dossier;
    return status;
}

enum status store_get_evidence(struct store *store, struct event_key event, struct arena *arena,
                               struct view *body, uint64_t *until_ms)
{
    struct key key;
    struct event_row row;
    enum status status = event_get(store, event, &key, arena, &row);
    if (status == STATUS_OK && row.evidence.size == 0)
        status = STATUS_NOT_FOUND;
    if (status != STATUS_OK)
        return status;
    *until_ms = row.evidence_until_ms;
    return evidence_keys_open(store->evidence, key_view(&key), row.evidence, row.evidence_until_ms,
                              arena, body);
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

static bool note_row(void *context, struct view key, struct view value)
{
    bool *has = context;
    (void)key;
    (void)value;
    *has = true;
    return false;
}

enum status store_has_requests(struct store *store, struct view conversation, struct view user,
                               bool *has)
{
    struct key_range range;
    *has = false;
    if (!key_range_of_requests(&range, conversation, user))
        return STATUS_OK;
    return store_scan(store, KV_REST, &range, false, note_row, has);
}

enum status store_get_job(struct store *store, struct view conversation, struct view user,
                          struct view request_id, struct arena *arena, struct view *bytes)
{
    struct key key;
    struct view value;
    bool is_possible = key_of_job(&key, conversation, user, request_id);
    enum status status = store_get(store, is_possible, KV_REST, &key, arena, &value);
    return status == STATUS_OK ? row_decode_bytes(value, bytes) : status;
}

enum status store_get_pushed(struct store *store, struct event_key recall, struct view user,
                             struct view device)
{
    struct key key;
    struct view value;
    struct arena arena;
    arena_init(&arena);
    bool is_possible = key_of_pushed(&key, recall, user, device);
    enum status status = store_get(store, is_possible, KV_REST, &key, &arena, &value);
    arena_fini(&arena);
    return status;
}

enum status store_get_device(struct store *store, struct view user, struct view device,
                             struct device_row *row)
{
    struct key key;
    struct view value;
    struct arena arena;
    arena_init(&arena);
    bool is_possible = key_of_device(&key, user, device);
    enum status status = store_get(store, is_possible, KV_REST, &key, &arena, &value);
    if (status == STATUS_OK)
        status = row_decode_device(value, row);
    arena_fini(&arena);
    return status;
}

enum status store_get_last_message(struct store *store, struct view conversation, uint32_t origin,
                                   struct last_message_row *row)
{
    struct key key;
    struct view value;
    struct arena arena;
    arena_init(&arena);
    bool is_possible = key_of_last_message(&key, conversation, origin);
    enum status status = store_get(store, is_possible, KV_REST, &key, &arena, &value);
    if (status == STATUS_OK)
        status = row_decode_last_message(value, row);
    arena_fini(&arena);
    return status;
}

enum status store_get_user(struct store *store, struct view user, struct user_row *row)
{
    struct key key;
    struct view value;
    struct arena arena;
    arena_init(&arena);
    bool is_possible = key_of_user(&key, user);
    enum status status = store_get(store, is_possible, KV_REST, &key, &arena, &value);
    if (status == STATUS_OK)
        status = row_decode_user(value, row);
    arena_fini(&arena);
    return status;
}

enum status store_get_policy(struct store *store, struct view version, struct arena *arena,
                             struct view *content)
{
    struct key key;
    struct view value;
    bool is_possible = key_of_policy(&key, version);
    enum status status = store_get(store, is_possible, KV_REST, &key, arena, &value);
    return status == STATUS_OK ? row_decode_bytes(value, content) : status;
}

enum status store_get_cursor(struct store *store, struct view user, struct view device,
                             struct view conversation, uint32_t origin, struct cursor_row *row)
{
    struct key key;
    struct view value;
    struct arena arena;
    arena_init(&arena);
    bool is_possible = key_of_cursor(&key, conversation, origin, user, device);
    enum status status = store_get(store, is_possible, KV_REST, &key, &arena, &value);
    if (status == STATUS_OK)
        status = row_decode_cursor(value, row);
    arena_fini(&arena);
    return status;
}
