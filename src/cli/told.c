#include "cli/told.h"

#include <sodium.h>
#include <string.h>

struct told told_by_entry(const wire_audit_entry *entry)
{
    return (struct told){entry->conversation,
                         entry->origin,
                         entry->recall_seq,
                         entry->target_seq,
                         entry->target_message_id,
                         entry->target_sender,
                         (uint32_t)entry->content_type,
                         entry->operator_,
                         entry->device,
                         (uint32_t)entry->actor,
                         entry->request_id};
}

struct told told_by_event(const wire_event *event)
{
    const wire_recall *recall = event->recall;
    return (struct told){event->conversation,
                         event->origin,
                         event->seq,
                         recall->target_seq,
                         recall->target_message_id,
                         recall->target_sender,
                         (uint32_t)recall->content_type,
                         recall->operator_,
                         recall->device,
                         (uint32_t)recall->actor,
                         recall->request_id};
}

static void hash_add(crypto_generichash_state *state, struct view bytes)
{
    uint64_t size = bytes.size;
    crypto_generichash_update(state, (const uint8_t *)&size, sizeof(size));
    crypto_generichash_update(state, bytes.size == 0 ? (const uint8_t *)"" : bytes.data,
                              bytes.size);
}

static void hash_add_number(crypto_generichash_state *state, uint64_t number)
{
    crypto_generichash_update(state, (const uint8_t *)&number, sizeof(number));
}

struct told_hash told_hash(const struct told *told)
{
    struct told_hash hash;
    crypto_generichash_state state;
    uint8_t facts[crypto_generichash_BYTES_MIN];
    crypto_generichash_init(&state, NULL, 0, TOLD_KEY_BYTES);
    hash_add(&state, view_of(told->conversation));
    hash_add_number(&state, told->origin);
    hash_add_number(&state, told->recall_seq);
    crypto_generichash_final(&state, hash.key, TOLD_KEY_BYTES);
    crypto_generichash_init(&state, NULL, 0, sizeof(facts));
    hash_add_number(&state, told->target_seq);
    hash_add(&state, bytes_view(told->target_message_id));
    hash_add(&state, view_of(told->target_sender));
    hash_add_number(&state, told->content_type);
    hash_add(&state, view_of(told->operator_user));
    hash_add(&state, view_of(told->device));
    hash_add_number(&state, told->actor);
    hash_add(&state, bytes_view(told->request_id));
    crypto_generichash_final(&state, facts, sizeof(facts));
    memcpy(&hash.facts, facts, sizeof(hash.facts));
    return hash;
}

const char *told_difference(const struct told *entry, const struct told *event)
{
    if (strcmp(entry->operator_user, event->operator_user) != 0)
        return "another operator";
    if (entry->target_seq != event->target_seq ||
        !view_equal(bytes_view(entry->target_message_id), bytes_view(event->target_message_id)) ||
        strcmp(entry->target_sender, event->target_sender) != 0 ||
        entry->content_type != event->content_type)
        return "another target";
    return "another device, capacity or request";
}
