#include "client/loop_internal.h"

#include "client/convert.h"
#include "core/refusal.h"

#include <sodium.h>

static bool effects_store_message(const struct client_effect *effects,
                                  const struct client_effect *recall)
{
    const wire_recall *target = recall->event->recall;
    for (const struct client_effect *at = effects; at != recall; at = at->next) {
        if (at->kind == CLIENT_STORE_EVENT && at->event->origin == target->target_origin &&
            at->event->seq == target->target_seq &&
            strcmp(at->event->conversation, recall->event->conversation) == 0)
            return true;
    }
    return false;
}

/* Each once, in the order in which they changed. */
static void loop_changed(void *context, struct view conversation)
{
    struct loop *loop = context;
    if (loop->client->callbacks.on_conversation == NULL)
        return;
    for (const struct changed *at = loop->changed; at != NULL; at = at->next) {
        if (view_equal(at->conversation, conversation))
            return;
    }
    struct changed *changed = arena_zero(&loop->arena, sizeof(*changed));
    changed->conversation = arena_copy(&loop->arena, conversation);
    *loop->changed_end = changed;
    loop->changed_end = &changed->next;
}

static void loop_regret(struct loop *loop, struct view conversation, ProtobufCBinaryData message_id,
                        struct view body)
{
    if (body.size == 0 || message_id.len != UUID_BYTES)
        return;
    struct regretted *regretted = arena_zero(&loop->arena, sizeof(*regretted));
    regretted->conversation = conversation;
    memcpy(regretted->message_id.bytes, message_id.data, UUID_BYTES);
    regretted->body = body;
    regretted->next = loop->regretted;
    loop->regretted = regretted;
}

/* The author may edit what was taken back from here. */
static void loop_regret_event(struct loop *loop, const wire_event *event)
{
    const struct identity *self = &loop->client->identity;
    const wire_recall *recall = event->recall;
    struct view conversation = view_of(event->conversation);
    if (loop->client->edits.keep_ms != 0 && strcmp(recall->operator_, self->user) == 0 &&
        strcmp(recall->device, self->device) == 0 && strcmp(recall->target_sender, self->user) == 0)
        loop_regret(loop, conversation, recall->target_message_id,
                    database_body(loop->client->database, conversation, recall->target_origin,
                                  recall->target_seq, &loop->arena));
}

static void loop_store_recall(struct loop *loop, const struct client_effect *effects,
                              const struct client_effect *effect)
{
    loop_regret_event(loop, effect->event);
    if (!database_recall(loop->client->database, effect->event))
        return;
    loop_changed(loop, view_of(effect->event->conversation));
    struct recalled *recalled = arena_zero(&loop->arena, sizeof(*recalled));
    recalled->conversation =
        (const char *)arena_copy(&loop->arena, view_of(effect->event->conversation)).data;
    recalled->origin = effect->event->recall->target_origin;
    recalled->seq = effect->event->recall->target_seq;
    recalled->is_new = effects_store_message(effects, effect);
    recalled->next = loop->recalled;
    loop->recalled = recalled;
}

/* What an answer changes: the recall need not be repeated, and a message of ours that was taken
 * back does not stay in the outbox. */
static void loop_store_answer(struct loop *loop, const struct client_effect *effect)
{
    struct database *database = loop->client->database;
    const struct request *request = loop_find_request(loop, effect->token);
    if (request != NULL && request->kind == REQUEST_OLDER)
        loop_store_older(loop, request, effect);
    if (request == NULL || request->number == 0 ||
        (request->kind == REQUEST_REPEATED && refusal_is_retryable(effect->refusal)))
        return;
    database_request_remove(database, request->number);
    const wire_server_frame *frame = effect->answer;
    if (frame == NULL || frame->body_case != SERVER_FRAME(RECALL))
        return;
    for (size_t i = 0; i < frame->recall->n_outcomes; i++) {
        const wire_target_outcome *outcome = frame->recall->outcomes[i];
        if (outcome->outcome == WIRE(RECALL_OUTCOME, REFUSED) || outcome->target == NULL ||
            outcome->target->message_id.len != UUID_BYTES)
            continue;
        struct uuid message_id;
        memcpy(message_id.bytes, outcome->target->message_id.data, UUID_BYTES);
        if (loop->client->edits.keep_ms != 0)
            loop_regret(loop, view_of(frame->recall->conversation), outcome->target->message_id,
                        database_outbox_body(database, &message_id, &loop->arena));
        database_outbox_recalled(database, &message_id);
    }
}

static void loop_settle(struct loop *loop, const struct uuid *message_id,
                        struct database_place place, bool is_new)
{
    struct settled *settled = arena_zero(&loop->arena, sizeof(*settled));
    *settled = (struct settled){*message_id, place, is_new, loop->settled};
    loop->settled = settled;
}

static void loop_store_event(struct loop *loop, const wire_event *event, bool is_older)
{
    struct database *database = loop->client->database;
    loop_changed(loop, view_of(event->conversation));
    if (!(is_older ? database_put_fetched(database, event) : database_put_event(database, event)))
        return;
    struct uuid message_id;
    memcpy(message_id.bytes, event->message->message_id.data, UUID_BYTES);
    struct database_place place = {
        .origin = event->origin,
        .seq = event->seq,
        .time_ms = time_to_ms(event->time),
        .is_recalled = event->message->state != WIRE(MESSAGE_STATE, NORMAL),
    };
    loop_settle(loop, &message_id, place, true);
}

static void loop_store_failed(struct loop *loop, const struct client_effect *effect)
{
    struct database_place place =
        database_outbox_failed(loop->client->database, &effect->message_id, effect->refusal,
                               effect->text == NULL ? "" : effect->text);
    if (place.seq != 0)
        loop_settle(loop, &effect->message_id, place, false);
}

static void loop_store_progress(struct loop *loop, const wire_progress *progress)
{
    struct moved *moved = arena_zero(&loop->arena, sizeof(*moved));
    moved->progress = progress;
    database_put_progress(loop->client->database, progress, &loop->arena, &moved->moved);
    moved->next = loop->moved;
    loop->moved = moved;
    if (moved->moved.read != 0)
        loop_changed(loop, view_of(progress->conversation));
}

static bool effect_is_stored(struct loop *loop, const struct client_effect *effect)
{
    if (effect->kind == CLIENT_ANSWER) {
        const struct request *request = loop_find_request(loop, effect->token);
        return request != NULL && (request->number != 0 || request->kind == REQUEST_OLDER);
    }
    return effect->kind <= CLIENT_STORE_FAILED;
}

/* Places are asked for again after each catching up. */
static bool effects_need_sync(struct loop *loop, const struct client_effect *effects)
{
    for (const struct client_effect *at = effects; at != NULL; at = at->next) {
        if (at->kind != CLIENT_STORE_PROGRESS && effect_is_stored(loop, at))
            return true;
    }
    return false;
}

static void loop_store_effect(struct loop *loop, const struct client_effect *effects,
                              const struct client_effect *effect)
{
    struct database *database = loop->client->database;
    switch (effect->kind) {
    case CLIENT_STORE_FORGET:
        database_each_conversation(database, loop_changed, loop);
        if (effect->lost_from_ms != 0)
            database_send_again(database, effect->lost_from_ms);
        database_forget(database);
        break;
    case CLIENT_STORE_STORE:
        database_put_store(database, &effect->store);
        break;
    case CLIENT_STORE_SYNCED:
        database_put_synced(database);
        break;
    case CLIENT_STORE_SKIP:
        database_skip(database, effect->conversation, effect->origin, effect->seq);
        break;
    case CLIENT_STORE_EVENT:
        loop_store_event(loop, effect->event, effect->is_older);
        break;
    case CLIENT_STORE_RECALL:
        loop_store_recall(loop, effects, effect);
        break;
    case CLIENT_STORE_CURSOR:
        database_put_cursor(database, &effect->cursor);
        loop_changed(loop, effect->cursor.conversation);
        break;
    case CLIENT_STORE_CONVERSATION:
        if (database_put_conversation(database, effect->entry))
            loop_changed(loop, effect->conversation);
        break;
    case CLIENT_STORE_LISTING:
        if (database_put_listing(database, effect->listing))
            loop_changed(loop, effect->conversation);
        break;
    case CLIENT_STORE_LEFT:
        if (database_put_left(database, effect->conversation))
            loop_changed(loop, effect->conversation);
        break;
    case CLIENT_STORE_ACCEPTED:
        database_outbox_accepted(database, &effect->message_id);
        break;
    case CLIENT_STORE_PROGRESS:
        loop_store_progress(loop, effect->progress);
        break;
    case CLIENT_STORE_FAILED:
        loop_store_failed(loop, effect);
        break;
    case CLIENT_ANSWER:
        loop_store_answer(loop, effect);
        break;
    case CLIENT_CONNECT:
    case CLIENT_DISCONNECT:
    case CLIENT_TRANSMIT:
    case CLIENT_SIGN:
    case CLIENT_SHOW_EVENT:
    case CLIENT_SHOW_SKIPPED:
    case CLIENT_SHOW_SYNCING:
    case CLIENT_SHOW_SEND:
    case CLIENT_SHOW_LINK:
    case CLIENT_SHOW_PROGRESS:
    case CLIENT_SHOW_PRIVACY:
    case CLIENT_LOAD_OUTBOX:
    case CLIENT_WAKE_AT:
        break;
    }
}

/* What was asked for is shown from the database, after the transaction: no room is made by it. */
static bool effects_bring_older(const struct client_effect *effects)
{
    for (const struct client_effect *at = effects; at != NULL; at = at->next) {
        if (at->kind == CLIENT_STORE_EVENT && at->is_older)
            return true;
    }
    return false;
}

/* The bodies leave the arena for where they are kept, or for good. */
static void loop_keep_regretted(struct loop *loop, bool is_committed)
{
    for (const struct regretted *at = loop->regretted; at != NULL; at = at->next) {
        if (is_committed)
            edits_put(&loop->client->edits, at->conversation, &at->message_id, at->body,
                      loop_now_ms());
        sodium_memzero((uint8_t *)(uintptr_t)at->body.data, at->body.size);
    }
}

enum status loop_store(struct loop *loop, const struct client_effect *effects,
                       struct failure *failure)
{
    loop->recalled = NULL;
    loop->settled = NULL;
    loop->regretted = NULL;
    loop->changed = NULL;
    loop->changed_end = &loop->changed;
    loop->moved = NULL;
    loop->evicted = NULL;
    const struct client_effect *first = effects;
    while (first != NULL && !effect_is_stored(loop, first))
        first = first->next;
    if (first == NULL)
        return STATUS_OK;
    bool needs_sync = effects_need_sync(loop, first);
    if (needs_sync)
        database_begin(loop->client->database);
    else
        database_begin_unsynced(loop->client->database);
    for (const struct client_effect *at = first; at != NULL; at = at->next)
        loop_store_effect(loop, effects, at);
    if (needs_sync && !effects_bring_older(first))
        loop_evict(loop);
    enum status status = database_commit(loop->client->database, failure);
    loop_keep_regretted(loop, status == STATUS_OK);
    return status;
}
