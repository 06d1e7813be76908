#include "client/loop_internal.h"

#include "client/convert.h"

enum { LOOP_BATCH_MAX = 256 };

/* Its key at least, should the database not be readable: the application must hide the body. */
static void loop_read_tombstone(struct loop *loop, const struct recalled *recalled,
                                struct unsay_event *tombstone)
{
    if (database_event(loop->client->database, view_of(recalled->conversation), recalled->origin,
                       recalled->seq, &loop->arena, tombstone) != STATUS_OK)
        *tombstone = (struct unsay_event){
            .kind = UNSAY_EVENT_MESSAGE,
            .state = UNSAY_MESSAGE_RECALLED,
            .conversation = recalled->conversation,
            .origin = recalled->origin,
            .seq = recalled->seq,
            .sender = "",
            .device = "",
            .operator_user = "",
            .reason = "",
            .forwarded_from = {.conversation = ""},
        };
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
    const struct unsay_callbacks *callbacks = &loop->client->callbacks;
    struct unsay_event tombstone;
    recalled_reverse(&loop->recalled);
    for (const struct recalled *at = loop->recalled; at != NULL; at = at->next) {
        if (at->is_new || callbacks->on_recalled == NULL)
            continue;
        loop_read_tombstone(loop, at, &tombstone);
        callbacks->on_recalled(loop->client->context, &tombstone);
    }
}

void loop_show_conversations(struct loop *loop)
{
    struct arena arena;
    arena_init(&arena);
    for (const struct changed *at = loop->changed; at != NULL; at = at->next) {
        struct unsay_conversation conversation;
        if (database_conversation(loop->client->database, at->conversation, &arena,
                                  &conversation) == STATUS_OK)
            loop->client->callbacks.on_conversation(loop->client->context, &conversation);
        arena_reset(&arena);
    }
    arena_fini(&arena);
}

/* The event as it is shown: with what the same transaction did to it. False when it is of no kind
 * that this version knows. */
static bool loop_read_event(struct loop *loop, const wire_event *wire, struct unsay_event *event)
{
    event_from_wire(wire, &loop->arena, event);
    for (const struct recalled *at = loop->recalled; at != NULL; at = at->next) {
        if (at->seq == event->seq && at->origin == event->origin &&
            strcmp(at->conversation, event->conversation) == 0)
            loop_read_tombstone(loop, at, event);
    }
    return event->kind != 0;
}

static void loop_show_event(struct loop *loop, const wire_event *wire)
{
    struct unsay_event event;
    if (loop->client->callbacks.on_event != NULL && loop_read_event(loop, wire, &event))
        loop->client->callbacks.on_event(loop->client->context, &event);
}

/* The events from `first` on that no other effect stands between; returns the last. */
static const struct client_effect *loop_show_events(struct loop *loop,
                                                    const struct client_effect *first)
{
    const struct client_effect *last = first;
    size_t count = 0;
    struct unsay_event *events = arena_alloc(&loop->arena, LOOP_BATCH_MAX * sizeof(*events));
    for (const struct client_effect *at = first; at != NULL && count < LOOP_BATCH_MAX;
         at = at->next) {
        if (at->kind != CLIENT_SHOW_EVENT)
            break;
        count += loop_read_event(loop, at->event, &events[count]);
        last = at;
    }
    if (count > 0)
        loop->client->callbacks.on_events(loop->client->context, events, count);
    return last;
}

static void loop_show_accepted(struct loop *loop, const char *conversation,
                               const struct settled *settled)
{
    struct unsay_send_status status = {
        .conversation = conversation,
        .state = UNSAY_SEND_ACCEPTED,
        .origin = settled->place.origin,
        .seq = settled->place.seq,
        .time_ms = settled->place.time_ms,
        .is_recalled = settled->place.is_recalled,
        .error = error_make(UNSAY_OK, ""),
    };
    memcpy(status.message_id, settled->message_id.bytes, UUID_BYTES);
    loop->client->callbacks.on_send_state(loop->client->context, &status);
}

static const struct settled *loop_find_settled(const struct loop *loop, struct view message_id)
{
    const struct settled *at = loop->settled;
    while (at != NULL && !view_equal(uuid_view(&at->message_id), message_id))
        at = at->next;
    return at;
}

/* A message that had failed, and is in the log after all. */
static void loop_correct_send(struct loop *loop, const wire_event *wire)
{
    if (loop->settled == NULL || loop->client->callbacks.on_send_state == NULL ||
        wire->kind_case != EVENT_KIND(MESSAGE))
        return;
    const struct settled *settled = loop_find_settled(loop, bytes_view(wire->message->message_id));
    if (settled != NULL && settled->is_new && settled->place.seq == wire->seq)
        loop_show_accepted(loop, wire->conversation, settled);
}

static void loop_show_send(struct loop *loop, const struct client_effect *effect)
{
    const struct unsay_callbacks *callbacks = &loop->client->callbacks;
    if (callbacks->on_send_state == NULL)
        return;
    const char *conversation = arena_text(&loop->arena, effect->conversation);
    const struct settled *settled = loop_find_settled(loop, uuid_view(&effect->message_id));
    if (effect->send_state == CLIENT_SEND_FAILED && settled != NULL) {
        loop_show_accepted(loop, conversation, settled);
        return;
    }
    struct unsay_send_status status = {
        .conversation = conversation,
        .state = (enum unsay_send_state)effect->send_state,
        .origin = effect->origin,
        .seq = effect->seq,
        .time_ms = time_to_ms(effect->time),
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

static void loop_show_progress(struct loop *loop, const wire_progress *progress)
{
    const struct unsay_callbacks *callbacks = &loop->client->callbacks;
    const struct moved *found = loop->moved;
    while (found->progress != progress)
        found = found->next;
    const struct database_moved *moved = &found->moved;
    if (moved->is_changed && callbacks->on_progress != NULL) {
        struct unsay_progress shown = {.conversation = progress->conversation,
                                       .origin = progress->origin,
                                       .places = moved->places,
                                       .count = moved->count};
        callbacks->on_progress(loop->client->context, &shown);
    }
    if (moved->read != 0 && callbacks->on_read != NULL)
        callbacks->on_read(loop->client->context, progress->conversation, progress->origin,
                           moved->read);
}

static void loop_show_privacy(struct loop *loop, const wire_privacy *privacy)
{
    struct unsay_privacy shown = {.hides_displayed = privacy->hides_displayed != 0,
                                  .server_hides_displayed = privacy->server_hides_displayed != 0};
    if (loop->client->callbacks.on_privacy != NULL)
        loop->client->callbacks.on_privacy(loop->client->context, &shown);
}

void loop_show_damage(struct loop *loop)
{
    struct database_damage *damage = arena_alloc(&loop->arena, sizeof(*damage));
    if (!database_take_damage(loop->client->database, damage) ||
        loop->client->callbacks.on_damaged == NULL)
        return;
    struct unsay_damage shown = {
        .set_aside = damage->path, .outbox_messages = damage->outbox, .recalls = damage->requests};
    loop->client->callbacks.on_damaged(loop->client->context, &shown);
}

static void loop_show_answer(struct loop *loop, const struct client_effect *effect)
{
    struct request *request = loop_find_request(loop, effect->token);
    if (request == NULL)
        return;
    loop_remove_request(loop, request);
    if (request->kind != REQUEST_OLDER || !loop_show_older(loop, request, effect))
        request_answer(request, effect, &loop->arena);
    request_free(request);
}

static void loop_show_skipped(struct loop *loop, const struct client_effect *effect)
{
    if (loop->client->callbacks.on_skipped != NULL)
        loop->client->callbacks.on_skipped(loop->client->context,
                                           arena_text(&loop->arena, effect->conversation),
                                           effect->after, effect->seq + 1);
}

const struct client_effect *loop_show(struct loop *loop, const struct client_effect *effect)
{
    const struct unsay_callbacks *callbacks = &loop->client->callbacks;
    const struct client_effect *last = effect;
    if (effect->kind == CLIENT_SHOW_EVENT) {
        if (callbacks->on_events == NULL)
            loop_show_event(loop, effect->event);
        else
            last = loop_show_events(loop, effect);
        for (const struct client_effect *at = effect; at != last->next; at = at->next)
            loop_correct_send(loop, at->event);
    } else if (effect->kind == CLIENT_SHOW_SEND) {
        loop_show_send(loop, effect);
    } else if (effect->kind == CLIENT_SHOW_PROGRESS) {
        loop_show_progress(loop, effect->progress);
    } else if (effect->kind == CLIENT_SHOW_PRIVACY) {
        loop_show_privacy(loop, effect->privacy);
    } else if (effect->kind == CLIENT_SHOW_LINK) {
        loop_show_connection(loop, connection_from_link(effect->link), error_from_effect(effect));
    } else if (effect->kind == CLIENT_SHOW_SKIPPED) {
        loop_show_skipped(loop, effect);
    } else if (effect->kind == CLIENT_SHOW_SYNCING) {
        if (callbacks->on_sync_progress != NULL)
            callbacks->on_sync_progress(loop->client->context, effect->done, effect->total);
    } else if (effect->kind == CLIENT_ANSWER) {
        loop_show_answer(loop, effect);
    }
    return last;
}
