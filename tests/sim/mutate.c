#include "mutate.h"

#include "core/frame.h"
#include "world.h"

/* ---- Commits ---- */

/* The tombstone as if nothing had happened, for a later commit. */
static void mutate_keep_raised(struct world *world, wire_event *event, struct arena *arena)
{
    event->message->tombstone = NULL;
    event->message->state = WIRE(MESSAGE_STATE, NORMAL);
    struct view bytes = event_encode(event, arena);
    blob_release(world->server.stale);
    world->server.stale = blob_new(bytes.size);
    memcpy(world->server.stale->bytes, bytes.data, bytes.size);
}

static struct change *mutate_raised(struct world *world, struct arena *arena)
{
    if (world->mutation != MUTATION_RESURRECT || world->server.stale == NULL)
        return NULL;
    struct view bytes = arena_copy(arena, blob_view(world->server.stale));
    const wire_event *event = event_decode(bytes, arena);
    struct change *change = arena_zero(arena, sizeof(*change));
    change->kind = CHANGE_EVENT;
    change->conversation = view_of(event->conversation);
    change->origin = event->origin;
    change->seq = event->seq;
    change->bytes = bytes;
    return change;
}

/* A change besides those of the commit. */
static struct change *mutate_add(struct change_list *list, const struct change *like,
                                 struct arena *arena)
{
    struct change *change = arena_alloc(arena, sizeof(*change));
    *change = *like;
    change_list_add(list, change);
    return change;
}

static bool mutate_drops(const struct world *world, const struct change *change)
{
    return (world->mutation == MUTATION_FORGOTTEN_ANSWER && change->kind == CHANGE_REQUEST) ||
           (world->mutation == MUTATION_LOST_CURSOR && change->kind == CHANGE_CURSOR) ||
           (world->mutation == MUTATION_LOST_ENTRY && change->kind == CHANGE_AUDIT) ||
           (world->mutation == MUTATION_LOST_ACTIVITY && change->kind == CHANGE_LAST_MESSAGE) ||
           (world->mutation == MUTATION_UNTOLD && change->kind == CHANGE_OUTBOX) ||
           (world->mutation == MUTATION_PIN_STAYS && change->kind == CHANGE_PIN &&
            change->is_removal);
}

static struct view mutate_entry(struct view bytes, struct arena *arena)
{
    ProtobufCAllocator allocator;
    arena_allocator(arena, &allocator);
    wire_audit_entry *entry = unsay__v1__audit_entry__unpack(&allocator, bytes.size, bytes.data);
    entry->rule = string_of("<<<00000000>>>");
    uint8_t *out = arena_alloc(arena, unsay__v1__audit_entry__get_packed_size(entry));
    return view_make(out, unsay__v1__audit_entry__pack(entry, out));
}

static const struct cursor_row *mutate_cursor(const struct cursor_row *row, struct arena *arena)
{
    struct cursor_row *copy = arena_alloc(arena, sizeof(*copy));
    *copy = *row;
    copy->shared = trail_seq(&row->displayed);
    return copy;
}

static struct view mutate_dossier(struct view bytes, struct arena *arena)
{
    ProtobufCAllocator allocator;
    arena_allocator(arena, &allocator);
    wire_dossier *dossier = unsay__v1__dossier__unpack(&allocator, bytes.size, bytes.data);
    dossier->n_devices = 0;
    uint8_t *out = arena_alloc(arena, unsay__v1__dossier__get_packed_size(dossier));
    return view_make(out, unsay__v1__dossier__pack(dossier, out));
}

static void mutate_event(struct world *world, struct change *copy, struct change_list *mutated,
                         struct arena *arena)
{
    wire_event *event = event_decode(copy->bytes, arena);
    if (event->kind_case != EVENT_KIND(MESSAGE))
        return;
    if (world->mutation == MUTATION_EMPTY_DOSSIER && copy->dossier.size > 0)
        copy->dossier = mutate_dossier(copy->dossier, arena);
    if (world->mutation == MUTATION_DOUBLE_WRITE && event->message->device[1] == '0') {
        struct change *twin = mutate_add(mutated, copy, arena);
        event->seq = twin->seq = copy->seq + 1;
        twin->bytes = event_encode(event, arena);
    }
    if (world->mutation == MUTATION_LATE_FORWARD && event->message->tombstone != NULL) {
        struct change *forward = mutate_add(mutated, copy, arena);
        forward->kind = CHANGE_FORWARD;
        forward->user = view_of("u0");
        forward->forward = (struct forward_row){copy->conversation, forward->user, forward->id};
    }
    if (world->mutation == MUTATION_RESURRECT && event->message->tombstone != NULL)
        mutate_keep_raised(world, event, arena);
}

struct change_list mutate_changes(struct world *world, const struct change_list *changes,
                                  struct arena *arena)
{
    struct change_list mutated = {.first = NULL};
    struct change *raised = mutate_raised(world, arena);
    for (const struct change *at = changes->first; at != NULL; at = at->next) {
        if (mutate_drops(world, at))
            continue;
        struct change *copy = mutate_add(&mutated, at, arena);
        if (at->kind == CHANGE_EVENT)
            mutate_event(world, copy, &mutated, arena);
        else if (at->kind == CHANGE_MEMBER && world->mutation == MUTATION_LOST_SETTING)
            copy->member.listing = (struct listing_row){.version = at->member.listing.version};
        else if (at->kind == CHANGE_AUDIT && world->mutation == MUTATION_DOUBLE_ENTRY)
            mutate_add(&mutated, at, arena);
        else if (at->kind == CHANGE_AUDIT && world->mutation == MUTATION_LOUD_ENTRY &&
                 world->history.message_count > 0)
            copy->bytes = mutate_entry(copy->bytes, arena);
        else if (at->kind == CHANGE_MEMBER && world->mutation == MUTATION_OPEN_PAST)
            copy->member.hidden_count = 0;
        else if (at->kind == CHANGE_MEMBER && world->mutation == MUTATION_UNMUTED)
            copy->member.muted_until_ms = 0;
        else if (at->kind == CHANGE_CONVERSATION && world->mutation == MUTATION_UNSETTLED)
            copy->conversation_row.settings = (struct conversation_settings){false};
        else if (at->kind == CHANGE_CURSOR && world->mutation == MUTATION_LOUD_CURSOR)
            copy->cursor = mutate_cursor(at->cursor, arena);
        else if (at->kind == CHANGE_APPROVAL && world->mutation == MUTATION_OPEN_SEAL)
            mutate_add(&mutated, at, arena)->user = view_of("nobody");
    }
    if (raised != NULL)
        change_list_add(&mutated, raised);
    return mutated;
}

/* ---- Requests and answers ---- */

bool mutate_request(const struct world *world, wire_client_frame *frame)
{
    if (world->mutation == MUTATION_NO_CONDITION && frame->body_case == CLIENT_FRAME(RECALL)) {
        frame->recall->condition = WIRE(RECALL_CONDITION, NONE);
        return true;
    }
    if (world->mutation == MUTATION_SHORT_RANGE && frame->body_case == CLIENT_FRAME(RECALL_RANGE)) {
        frame->recall_range->until_ms = frame->recall_range->from_ms + 1;
        return true;
    }
    if (world->mutation == MUTATION_UNREAD_RECALLS && frame->body_case == CLIENT_FRAME(READ) &&
        frame->read->recalls_only) {
        frame->read->after = frame->read->before - 1;
        return true;
    }
    return false;
}

struct blob *mutate_answer(const struct world *world, struct blob *frame)
{
    struct arena arena;
    bool is_changed = false;
    if (world->mutation != MUTATION_MISCOUNT && world->mutation != MUTATION_APPLIED_ANYWAY &&
        world->mutation != MUTATION_NO_PLACES && world->mutation != MUTATION_NO_NEWS)
        return frame;
    arena_init(&arena);
    wire_server_frame *decoded = frame_decode_server(frame_payload(blob_view(frame)), &arena);
    if (world->mutation == MUTATION_MISCOUNT && decoded->body_case == SERVER_FRAME(CONVERSATIONS) &&
        decoded->conversations->n_conversations > 0) {
        decoded->conversations->conversations[0]->unread++;
        is_changed = true;
    } else if (world->mutation == MUTATION_APPLIED_ANYWAY &&
               decoded->body_case == SERVER_FRAME(RECALL) && decoded->recall->reach != NULL) {
        decoded->recall->reach->applied = decoded->recall->reach->devices;
        decoded->recall->reach->n_missing = 0;
        is_changed = true;
    }
    if (world->mutation == MUTATION_NO_PLACES && decoded->request != 0 &&
        decoded->body_case == SERVER_FRAME(PROGRESS)) {
        decoded->progress->n_conversations = 0;
        is_changed = true;
    }
    if (world->mutation == MUTATION_NO_NEWS && decoded->body_case == SERVER_FRAME(WELCOME)) {
        is_changed = decoded->welcome->n_news > 0;
        decoded->welcome->n_news = 0;
    }
    if (is_changed) {
        blob_release(frame);
        frame = frame_from_server(decoded);
    }
    arena_fini(&arena);
    return frame;
}

/* News of a group, as the mutation has them. */
static void mutate_news(const struct world *world, struct group *group)
{
    for (struct publication *at = group->effects.first; at != NULL; at = at->next) {
        if (at->only_user != NULL && world->mutation == MUTATION_QUIET_NEWS)
            at->only_user = "nobody";
        else if (at->only_user != NULL && world->mutation == MUTATION_LOUD_NEWS)
            at->only_user = at->only_user[1] == '0' ? "u1" : "u0";
    }
}

bool mutate_mail(const struct world *world, const struct mail *mail)
{
    if (mail->kind == MAIL_GROUP)
        mutate_news(world, mail->group);
    if (world->mutation == MUTATION_HEARS_ON && mail->kind == MAIL_GROUP) {
        for (struct publication *at = mail->group->effects.first; at != NULL; at = at->next)
            at->gone_member_count = 0;
    }
    return world->mutation != MUTATION_FORWARD_STAYS || mail->kind != MAIL_TAKE_BACK;
}
