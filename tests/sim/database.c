/* The database of a device: what its transactions do. */
#include "database.h"
#include "base/memory.h"
#include "checks.h"
#include "core/frame.h"
#include "watch.h"
#include "world.h"

void database_fini(struct database *database)
{
    for (uint32_t i = 0; i < database->conversation_count; i++) {
        struct kept_conversation *kept = &database->conversations[i];
        for (uint64_t at = 0; at < kept->count; at++)
            free(kept->events[at].bytes);
        free(kept->events);
    }
    for (uint32_t i = 0; i < database->send_count; i++)
        free(database->sends[i].body);
    free(database->sends);
    free(database->recalls);
    free(database->leak);
}

struct kept_conversation *database_find(struct database *database, struct view id)
{
    for (uint32_t i = 0; i < database->conversation_count; i++) {
        if (view_equal(view_of(database->conversations[i].id), id))
            return &database->conversations[i];
    }
    return NULL;
}

struct kept_conversation *database_conversation(struct database *database, struct view id)
{
    struct kept_conversation *kept = database_find(database, id);
    if (kept != NULL || database->conversation_count == KEPT_CONVERSATIONS_MAX)
        return kept;
    kept = &database->conversations[database->conversation_count++];
    snprintf(kept->id, sizeof(kept->id), "%.*s", VIEW_PRINT(id));
    return kept;
}

struct kept_send *database_find_send(struct database *database, uint32_t message)
{
    for (uint32_t i = 0; i < database->send_count; i++) {
        if (database->sends[i].message == message && database->sends[i].state != KEPT_GONE)
            return &database->sends[i];
    }
    return NULL;
}

struct kept_send *database_add_send(struct database *database, uint32_t message)
{
    if (database->send_count == database->send_capacity) {
        database->send_capacity = database->send_capacity == 0 ? 32 : database->send_capacity * 2;
        database->sends =
            memory_resize(database->sends, database->send_capacity * sizeof(*database->sends));
    }
    struct kept_send *send = &database->sends[database->send_count++];
    *send = (struct kept_send){.number = ++database->last_number, .message = message};
    return send;
}

void database_swap_sends(struct database *database)
{
    if (database->send_count < 2)
        return;
    struct kept_send *last = &database->sends[database->send_count - 1];
    struct kept_send before = last[-1];
    if (before.state != KEPT_SENDING)
        return;
    last[-1] = *last;
    *last = before;
    last->number = last[-1].number;
    last[-1].number = before.number;
}

void database_remove_send(struct kept_send *send)
{
    send->state = KEPT_GONE;
    free(send->body);
    send->body = NULL;
}

/* A message that was taken back does not stay in the outbox, once nobody waits for it. */
void database_recalled_send(struct kept_send *send)
{
    send->is_recalled = true;
    if (send->state == KEPT_FAILED)
        database_remove_send(send);
}

bool database_has_message(struct database *database, const struct message *message)
{
    const struct kept_conversation *kept = database_find(database, view_of(message->conversation));
    return kept != NULL && message->seq != 0 && message->seq <= kept->count &&
           kept->events[message->seq - 1].bytes != NULL;
}

void database_add_recall(struct database *database, uint32_t asked)
{
    if (database->recall_count == database->recall_capacity) {
        database->recall_capacity =
            database->recall_capacity == 0 ? 16 : database->recall_capacity * 2;
        database->recalls = memory_resize(database->recalls,
                                          database->recall_capacity * sizeof(*database->recalls));
    }
    database->recalls[database->recall_count++] = asked;
}

/* Empty bytes: an event that is not for the user, or was skipped. */
static void kept_append(struct kept_conversation *kept, struct view bytes)
{
    if (kept->count == kept->capacity) {
        kept->capacity = kept->capacity == 0 ? 64 : kept->capacity * 2;
        kept->events = memory_resize(kept->events, kept->capacity * sizeof(*kept->events));
    }
    kept->events[kept->count++] = (struct kept_event){
        bytes.size == 0 ? NULL : memory_copy(bytes.data, bytes.size), bytes.size, false};
}

void database_skip(struct kept_conversation *kept, uint64_t seq)
{
    while (kept->count < seq)
        kept_append(kept, view_make(NULL, 0));
}

/* The log has the message now: the outbox need not hold it after it had failed. */
static void database_meet_send(struct device *device, const wire_event *event)
{
    struct history *history = &device->world->history;
    const struct message *message =
        event->kind_case == EVENT_KIND(MESSAGE)
            ? history_find_message(history, bytes_view(event->message->message_id))
            : NULL;
    struct kept_send *send =
        message == NULL
            ? NULL
            : database_find_send(&device->database, (uint32_t)(message - history->messages));
    if (send != NULL && send->state == KEPT_FAILED)
        database_remove_send(send);
}

void database_store_listing(struct device *device, struct view conversation,
                            const wire_listing *listing)
{
    struct listing_row *row = &database_conversation(&device->database, conversation)->listing;
    if (listing->version <= row->version)
        return;
    *row = (struct listing_row){.version = listing->version,
                                .muted_until_ms = listing->muted_until_ms,
                                .pinned_ms = listing->pinned_ms,
                                .hidden_seq = listing->hidden_seq,
                                .hiding = listing->hiding};
}

void database_store_entry(struct device *device, const wire_conversation_entry *entry)
{
    struct view id = view_of(entry->conversation);
    struct kept_conversation *kept = database_conversation(&device->database, id);
    kept->role = entry->role;
    if (entry->n_heads > 0 && entry->heads[0]->seq > kept->role_seq)
        kept->role_seq = entry->heads[0]->seq;
    if (entry->listing != NULL)
        database_store_listing(device, id, entry->listing);
}

/* The user's own role, where the event tells it. */
static void database_meet_role(const struct device *device, struct kept_conversation *kept,
                               const wire_event *event)
{
    wire_member *const *members = NULL;
    size_t count = 0;
    if (event->kind_case == EVENT_KIND(CREATION)) {
        members = event->creation->members;
        count = event->creation->n_members;
    } else if (event->kind_case == EVENT_KIND(MEMBERSHIP)) {
        members = event->membership->members;
        count = event->membership->n_members;
    }
    for (size_t i = 0; i < count; i++) {
        if (strcmp(members[i]->user, device->user_name) == 0 && event->seq > kept->role_seq)
            kept->role = members[i]->role;
    }
}

void database_store_event(struct device *device, const struct client_effect *effect)
{
    struct world *world = device->world;
    const wire_event *event = effect->event;
    struct kept_conversation *kept =
        database_conversation(&device->database, view_of(event->conversation));
    watch_storing(world, device, kept, event);
    if (check_order_skips(world, device, kept, event->seq - 1))
        database_skip(kept, event->seq - 1);
    if (event->seq != kept->count + 1)
        return;
    if (world->mutation == MUTATION_GAP && event->seq > 1 && world_chance(world, 5))
        return;
    if (world->mutation == MUTATION_BODY_KEPT && event->kind_case == EVENT_KIND(MESSAGE) &&
        event->message->body.len > 0) {
        free(device->database.leak);
        device->database.leak = memory_copy(effect->event_bytes.data, effect->event_bytes.size);
        device->database.leak_bytes = effect->event_bytes.size;
    }
    kept_append(kept, effect->event_bytes);
    database_meet_send(device, event);
    database_meet_role(device, kept, event);
}

void database_store_skip(struct device *device, const struct client_effect *effect)
{
    struct kept_conversation *kept = database_conversation(&device->database, effect->conversation);
    watch_skipping(device->world, device, kept, effect->after, effect->seq);
    database_skip(kept, effect->seq);
}

void database_store_older(struct device *device, const struct client_effect *effect)
{
    struct kept_conversation *kept =
        database_find(&device->database, view_of(effect->event->conversation));
    watch_fetched(device->world, device, kept, effect->event);
    struct kept_event *place = &kept->events[effect->event->seq - 1];
    if (place->bytes != NULL)
        return;
    place->bytes = memory_copy(effect->event_bytes.data, effect->event_bytes.size);
    place->size = effect->event_bytes.size;
}

/* The event of an own message that had failed may lie in a range that was skipped. */
static void database_recall_unsent(struct device *device, const wire_recall *recall)
{
    struct history *history = &device->world->history;
    const struct message *message =
        history_find_message(history, bytes_view(recall->target_message_id));
    struct kept_send *send =
        message == NULL
            ? NULL
            : database_find_send(&device->database, (uint32_t)(message - history->messages));
    if (send != NULL)
        database_recalled_send(send);
}

void database_store_recall(struct device *device, const wire_event *event)
{
    const wire_recall *recall = event->recall;
    struct kept_conversation *kept =
        database_conversation(&device->database, view_of(event->conversation));
    database_recall_unsent(device, recall);
    if (recall->target_seq == 0 || recall->target_seq > kept->count ||
        device->world->mutation == MUTATION_NO_RECALL)
        return;
    struct kept_event *target = &kept->events[recall->target_seq - 1];
    if (target->bytes == NULL)
        return;
    struct arena arena;
    arena_init(&arena);
    wire_event *message = event_decode(view_make(target->bytes, target->size), &arena);
    if (message->kind_case == EVENT_KIND(MESSAGE) &&
        message->message->state == WIRE(MESSAGE_STATE, NORMAL)) {
        wire_tombstone tombstone = UNSAY__V1__TOMBSTONE__INIT;
        tombstone.operator_ = recall->operator_;
        tombstone.time = event->time + (device->world->mutation == MUTATION_OTHER_TOMBSTONE);
        tombstone.recall_origin = event->origin;
        tombstone.recall_seq = event->seq;
        tombstone.actor = recall->actor;
        tombstone.vanished = recall->vanished;
        message->message->quote = NULL;
        message->message->forwarded_from = NULL;
        message->message->n_mentions = 0;
        message->message->body = (ProtobufCBinaryData){0, NULL};
        message->message->state = WIRE(MESSAGE_STATE, RECALLED);
        message->message->tombstone = &tombstone;
        struct view bytes = event_encode(message, &arena);
        free(target->bytes);
        target->bytes = memory_copy(bytes.data, bytes.size);
        target->size = bytes.size;
    }
    arena_fini(&arena);
}

/* The recalls are those of the committed log: the device need not have stored them. */
bool database_holds_recalled(struct device *device, const struct kept_conversation *kept,
                             uint64_t stored)
{
    bool holds = false;
    struct arena arena;
    struct history *history = &device->world->history;
    const struct log *log = kept == NULL ? NULL : history_find_log(history, view_of(kept->id));
    arena_init(&arena);
    for (uint64_t seq = 1; log != NULL && seq <= stored && seq <= log->head && !holds; seq++) {
        uint64_t target = log->events[seq].kind == EVENT_KIND(RECALL)
                              ? history->messages[log->events[seq].message].seq
                              : 0;
        if (target == 0 || target > kept->count || kept->events[target - 1].bytes == NULL)
            continue;
        const struct kept_event *held = &kept->events[target - 1];
        const wire_event *event = event_decode(view_make(held->bytes, held->size), &arena);
        holds = event->kind_case == EVENT_KIND(MESSAGE) && event->message->body.len > 0;
        arena_reset(&arena);
    }
    arena_fini(&arena);
    return holds;
}

static uint64_t kept_larger(const struct world *world, uint64_t kept, uint64_t told)
{
    return told > kept || world->mutation == MUTATION_LEVEL_BACK ? told : kept;
}

/* By the rules of core/client_progress.h. */
void database_store_progress(struct device *device, const wire_progress *progress)
{
    struct world *world = device->world;
    uint32_t listed = UINT32_C(1) << device->user;
    struct kept_conversation *kept =
        database_conversation(&device->database, view_of(progress->conversation));
    bool is_whole = progress->is_whole && progress->seq >= kept->whole_seq;
    for (size_t i = 0; i < progress->n_members; i++) {
        const wire_member_progress *member = progress->members[i];
        unsigned user = history_user(view_of(member->user));
        if (user == USERS_ALL)
            continue;
        struct kept_place *place = &kept->places[user];
        struct kept_place before = *place;
        listed |= UINT32_C(1) << user;
        if (!is_whole && user != device->user && !place->is_there)
            continue;
        if (!place->is_there)
            *place = (struct kept_place){.is_there = true};
        place->stored = kept_larger(world, place->stored, member->stored);
        place->displayed = kept_larger(world, place->displayed, member->displayed);
        if (member->joined > place->joined)
            place->joined = member->joined;
        watch_place(world, device, kept, user, &before);
    }
    if (!is_whole)
        return;
    kept->whole_seq = progress->seq;
    kept->is_large = progress->is_large != 0;
    for (unsigned user = 0; user < USERS_ALL; user++)
        kept->places[user].is_there &= (listed >> user & 1) != 0;
}

/* The answer to a recall: it need not be asked again, and what it took back leaves the outbox. */
void database_store_answer(struct device *device, const struct client_effect *effect)
{
    struct database *database = &device->database;
    for (uint32_t i = 0; i < database->recall_count; i++) {
        if (database->recalls[i] == effect->token) {
            database->recalls[i] = database->recalls[--database->recall_count];
            break;
        }
    }
    if (effect->answer == NULL || effect->answer->body_case != SERVER_FRAME(RECALL))
        return;
    const wire_recall_result *result = effect->answer->recall;
    struct history *history = &device->world->history;
    for (size_t i = 0; i < result->n_outcomes; i++) {
        const struct message *message =
            result->outcomes[i]->target == NULL
                ? NULL
                : history_find_message(history,
                                       bytes_view(result->outcomes[i]->target->message_id));
        struct kept_send *send =
            message == NULL ? NULL
                            : database_find_send(database, (uint32_t)(message - history->messages));
        if (send != NULL && result->outcomes[i]->outcome != WIRE(RECALL_OUTCOME, REFUSED))
            database_recalled_send(send);
    }
}
