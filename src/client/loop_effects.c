#include "client/loop_internal.h"

#include "client/convert.h"
#include "core/refusal.h"

/* ---- Storing ---- */

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

static void loop_store_recall(struct loop *loop, const struct client_effect *effects,
                              const struct client_effect *effect)
{
    if (!database_recall(loop->client->database, effect->event))
        return;
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
        database_outbox_recalled(database, &message_id);
    }
}

static bool effect_is_stored(struct loop *loop, const struct client_effect *effect)
{
    if (effect->kind == CLIENT_ANSWER) {
        const struct request *request = loop_find_request(loop, effect->token);
        return request != NULL && request->number != 0;
    }
    return effect->kind <= CLIENT_STORE_FAILED;
}

static void loop_store_effect(struct loop *loop, const struct client_effect *effects,
                              const struct client_effect *effect)
{
    struct database *database = loop->client->database;
    switch (effect->kind) {
    case CLIENT_STORE_FORGET:
        database_forget(database);
        break;
    case CLIENT_STORE_STORE:
        database_put_store(database, &effect->store);
        break;
    case CLIENT_STORE_EVENT:
        database_put_event(database, effect->event);
        break;
    case CLIENT_STORE_RECALL:
        loop_store_recall(loop, effects, effect);
        break;
    case CLIENT_STORE_CURSOR:
        database_put_cursor(database, effect->conversation, effect->origin, effect->stored,
                            effect->displayed);
        break;
    case CLIENT_STORE_CONVERSATION:
        database_put_conversation(database, effect->entry);
        break;
    case CLIENT_STORE_ACCEPTED:
        database_outbox_accepted(database, &effect->message_id);
        break;
    case CLIENT_STORE_FAILED:
        database_outbox_failed(database, &effect->message_id, effect->refusal,
                               effect->text == NULL ? "" : effect->text);
        break;
    case CLIENT_ANSWER:
        loop_store_answer(loop, effect);
        break;
    case CLIENT_CONNECT:
    case CLIENT_DISCONNECT:
    case CLIENT_TRANSMIT:
    case CLIENT_SHOW_EVENT:
    case CLIENT_SHOW_SEND:
    case CLIENT_SHOW_LINK:
    case CLIENT_LOAD_OUTBOX:
    case CLIENT_WAKE_AT:
        break;
    }
}

enum status loop_store(struct loop *loop, const struct client_effect *effects,
                       struct failure *failure)
{
    loop->recalled = NULL;
    const struct client_effect *first = effects;
    while (first != NULL && !effect_is_stored(loop, first))
        first = first->next;
    if (first == NULL)
        return STATUS_OK;
    database_begin(loop->client->database);
    for (const struct client_effect *at = first; at != NULL; at = at->next)
        loop_store_effect(loop, effects, at);
    return database_commit(loop->client->database, failure);
}

/* ---- Showing ---- */

/* Its key at least, should the database not be readable: the application must hide the body. */
static void loop_show_tombstone(struct loop *loop, const struct recalled *recalled,
                                void (*callback)(void *, const struct unsay_event *))
{
    struct unsay_event tombstone;
    if (callback == NULL)
        return;
    if (database_event(loop->client->database, view_of(recalled->conversation), recalled->origin,
                       recalled->seq, &loop->arena, &tombstone) != STATUS_OK)
        tombstone = (struct unsay_event){
            .kind = UNSAY_EVENT_MESSAGE,
            .state = UNSAY_MESSAGE_RECALLED,
            .conversation = recalled->conversation,
            .origin = recalled->origin,
            .seq = recalled->seq,
            .sender = "",
            .device = "",
            .operator_user = "",
            .reason = "",
        };
    callback(loop->client->context, &tombstone);
}

static void recalled_reverse(struct recalled **list)
{
    struct recalled *reversed = NULL;
    while (*list != NULL) {
        struct recalled *next = (*list)->next;
        (*list)->next = reversed;
        reversed = *list;
        *list = next;
    }
    *list = reversed;
}

void loop_show_recalled(struct loop *loop)
{
    recalled_reverse(&loop->recalled);
    for (const struct recalled *at = loop->recalled; at != NULL; at = at->next) {
        if (!at->is_new)
            loop_show_tombstone(loop, at, loop->client->callbacks.on_recalled);
    }
}

static void loop_show_event(struct loop *loop, const wire_event *wire)
{
    const struct unsay_callbacks *callbacks = &loop->client->callbacks;
    struct unsay_event event;
    event_from_wire(wire, &event);
    if (callbacks->on_event == NULL || event.kind == 0)
        return;
    for (const struct recalled *at = loop->recalled; at != NULL; at = at->next) {
        if (at->seq == event.seq && at->origin == event.origin &&
            strcmp(at->conversation, event.conversation) == 0) {
            loop_show_tombstone(loop, at, callbacks->on_event);
            return;
        }
    }
    callbacks->on_event(loop->client->context, &event);
}

static void loop_show_send(struct loop *loop, const struct client_effect *effect)
{
    const struct unsay_callbacks *callbacks = &loop->client->callbacks;
    if (callbacks->on_send_state == NULL)
        return;
    struct unsay_send_status status = {
        .conversation = (const char *)arena_copy(&loop->arena, effect->conversation).data,
        .state = (enum unsay_send_state)effect->send_state,
        .origin = effect->origin,
        .seq = effect->seq,
        .time_ms = effect->time >> 16,
        .is_recalled = effect->is_recalled,
        .error = effect->send_state == CLIENT_SEND_FAILED ? error_from_effect(effect)
                                                          : error_make(UNSAY_OK, ""),
    };
    memcpy(status.message_id, effect->message_id.bytes, UUID_BYTES);
    callbacks->on_send_state(loop->client->context, &status);
}

void loop_show_connection(struct loop *loop, enum unsay_connection connection,
                          struct unsay_error error)
{
    if (loop->shown == connection && error.result == UNSAY_OK)
        return;
    loop->shown = connection;
    if (loop->client->callbacks.on_connection != NULL)
        loop->client->callbacks.on_connection(loop->client->context, connection, &error);
}

static void loop_show_answer(struct loop *loop, const struct client_effect *effect)
{
    struct request *request = loop_find_request(loop, effect->token);
    if (request == NULL)
        return;
    loop_remove_request(loop, request);
    request_answer(request, effect, &loop->arena);
    request_free(request);
}

void loop_show(struct loop *loop, const struct client_effect *effect)
{
    if (effect->kind == CLIENT_SHOW_EVENT)
        loop_show_event(loop, effect->event);
    else if (effect->kind == CLIENT_SHOW_SEND)
        loop_show_send(loop, effect);
    else if (effect->kind == CLIENT_SHOW_LINK)
        loop_show_connection(loop, connection_from_link(effect->link), error_from_effect(effect));
    else if (effect->kind == CLIENT_ANSWER)
        loop_show_answer(loop, effect);
}
