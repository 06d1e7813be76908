/* The list of conversations: the server's by activity, and those of all of a user's devices,
 * against one that is made from the ledger: which events were committed, and what the user had set.
 * And what a user set is told to nobody else. */
#include "checks.h"

#include "core/frame.h"
#include "core/listing.h"

#include <stdlib.h>

static const char promise[] = "list";

enum list_question list_question_of(const struct device *device)
{
    return (enum list_question)(device->index % 3);
}

struct listed {
    const struct log *log;
    struct listing_place place;
};

static int listed_compare(const void *a, const void *b)
{
    const struct listed *left = a;
    const struct listed *right = b;
    return listing_compare(&left->place, &right->place);
}

static bool list_is_invited(const struct log *log, unsigned user)
{
    return (log->invited >> user & 1) != 0;
}

/* The event that moves the conversation in the user's list. */
static uint64_t list_activity(const struct log *log, unsigned user)
{
    return list_is_invited(log, user) ? log->invited_seq[user] : log_activity(log, user);
}

/* What the user's list must be. */
static size_t list_expect(struct world *world, unsigned user, enum list_question question,
                          bool with_invited, struct listed listed[LOGS_MAX])
{
    size_t count = 0;
    uint64_t since;
    for (uint32_t i = 0; i < world->history.log_count; i++) {
        const struct log *log = &world->history.logs[i];
        const struct listing_row *listing = &log->listings[user];
        bool is_member = log_role(log, user, log->head, &since) != WIRE(ROLE, UNSPECIFIED);
        if (log->head == 0 || (!is_member && !(with_invited && list_is_invited(log, user))))
            continue;
        uint64_t activity = list_activity(log, user);
        if (question == LIST_BY_ACTIVITY && listing_is_hidden(listing, activity))
            continue;
        listed[count].log = log;
        listed[count].place = (struct listing_place){0, 0, view_of(log->id)};
        if (question != LIST_BY_ID) {
            listed[count].place.pinned_ms = listing->pinned_ms;
            listed[count].place.activity = log->events[activity].time;
        }
        count++;
    }
    qsort(listed, count, sizeof(listed[0]), listed_compare);
    return count;
}

static bool listing_is(const struct listing_row *row, const wire_listing *wire)
{
    return wire == NULL
               ? row->version == 0
               : wire->version == row->version && wire->muted_until_ms == row->muted_until_ms &&
                     wire->pinned_ms == row->pinned_ms && wire->hiding == row->hiding &&
                     wire->hidden_seq == row->hidden_seq;
}

void check_list(struct world *world, const struct link *link, const wire_conversation_page *page)
{
    const struct device *device = &world->devices[link->device];
    struct listed listed[LOGS_MAX];
    size_t count = list_expect(world, device->user, list_question_of(device), true, listed);
    if (page->more ? page->n_conversations >= count : page->n_conversations != count)
        world_break(world, promise, "%s has %zu conversations in its list, and %zu are listed",
                    device->name, count, page->n_conversations);
    for (size_t i = 0; i < page->n_conversations && i < count; i++) {
        const wire_conversation_entry *entry = page->conversations[i];
        const struct log *log = listed[i].log;
        uint64_t activity = list_activity(log, device->user);
        if (strcmp(entry->conversation, log->id) != 0)
            world_break(world, promise, "number %zu in the list of %s is %s, not %s", i,
                        device->name, log->id, entry->conversation);
        else if (entry->activity_seq != activity || entry->activity != log->events[activity].time)
            world_break(world, promise, "what moves %s is %llu, not %llu", log->id,
                        (unsigned long long)activity, (unsigned long long)entry->activity_seq);
        else if (!listing_is(&log->listings[device->user], entry->listing))
            world_break(world, promise, "u%u has set something else for %s than the list says",
                        device->user, log->id);
    }
}

/* ---- Devices ---- */

static const wire_event *kept_event(const struct kept_conversation *kept, uint64_t seq,
                                    struct arena *arena)
{
    const struct kept_event *event = &kept->events[seq - 1];
    return event->bytes == NULL ? NULL : event_decode(view_make(event->bytes, event->size), arena);
}

/* From what the device holds, without the ledger: the event that moves the conversation. */
static uint64_t kept_activity(const struct device *device, const struct kept_conversation *kept,
                              uint64_t *time, struct arena *arena)
{
    bool is_member = false;
    uint64_t seq = 0;
    for (uint64_t at = 1; at <= kept->count; at++) {
        const wire_event *event = kept_event(kept, at, arena);
        if (event == NULL) /* not for the user */
            continue;
        bool is_moved = event->kind_case == EVENT_KIND(MESSAGE);
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
            if (strcmp(members[i]->user, device->user_name) != 0)
                continue;
            bool was_member = is_member;
            is_member = role_is_member(members[i]->role);
            is_moved |= is_member && !was_member;
        }
        if (is_moved) {
            seq = at;
            *time = event->time;
        }
    }
    return seq;
}

/* The latest message that shows something; 0: none. */
static uint64_t kept_preview(const struct kept_conversation *kept, struct arena *arena)
{
    for (uint64_t seq = kept->count; seq > 0; seq--) {
        const wire_event *event = kept_event(kept, seq, arena);
        if (event != NULL && event->kind_case == EVENT_KIND(MESSAGE) &&
            (event->message->tombstone == NULL || !event->message->tombstone->vanished))
            return seq;
    }
    return 0;
}

static uint64_t log_preview(const struct log *log, unsigned user)
{
    uint64_t seq = log->head;
    while (seq > 0 && (log->events[seq].kind != EVENT_KIND(MESSAGE) ||
                       log->events[seq].is_vanished || !log_sees(log, user, seq, log->head)))
        seq--;
    return seq;
}

struct kept_listed {
    const struct kept_conversation *kept;
    struct listing_place place;
};

static int kept_compare(const void *a, const void *b)
{
    const struct kept_listed *left = a;
    const struct kept_listed *right = b;
    return listing_compare(&left->place, &right->place);
}

static size_t device_list(const struct device *device, struct arena *arena,
                          struct kept_listed listed[KEPT_CONVERSATIONS_MAX])
{
    size_t count = 0;
    for (uint32_t i = 0; i < device->database.conversation_count; i++) {
        const struct kept_conversation *kept = &device->database.conversations[i];
        uint64_t time = 0;
        if (!role_is_member(kept->role)) /* of an invitation it holds no event */
            continue;
        uint64_t activity = kept_activity(device, kept, &time, arena);
        if (listing_is_hidden(&kept->listing, activity))
            continue;
        listed[count].kept = kept;
        listed[count++].place =
            (struct listing_place){kept->listing.pinned_ms, time, view_of(kept->id)};
    }
    qsort(listed, count, sizeof(listed[0]), kept_compare);
    return count;
}

static bool listing_is_same(const struct listing_row *a, const struct listing_row *b)
{
    return a->version == b->version && a->muted_until_ms == b->muted_until_ms &&
           a->pinned_ms == b->pinned_ms && a->hiding == b->hiding && a->hidden_seq == b->hidden_seq;
}

/* What a device skipped it cannot list by: the library takes that from the server's entries. */
static bool device_has_skipped(struct world *world, const struct device *device)
{
    for (uint32_t i = 0; i < device->database.conversation_count; i++) {
        const struct kept_conversation *kept = &device->database.conversations[i];
        const struct log *log = history_find_log(&world->history, view_of(kept->id));
        for (uint64_t at = 0; log != NULL && at < kept->count; at++) {
            if (kept->events[at].bytes == NULL && log_sees(log, device->user, at + 1, log->head))
                return true;
        }
    }
    return false;
}

static void check_device_list(struct world *world, const struct device *device, struct arena *arena)
{
    if (device_has_skipped(world, device))
        return;
    struct listed listed[LOGS_MAX];
    struct kept_listed kept[KEPT_CONVERSATIONS_MAX];
    size_t count = list_expect(world, device->user, LIST_BY_ACTIVITY, false, listed);
    size_t kept_count = device_list(device, arena, kept);
    if (count != kept_count)
        world_break(world, promise, "%s lists %zu conversations, not %zu", device->name, kept_count,
                    count);
    for (size_t i = 0; i < count && i < kept_count; i++) {
        const struct log *log = listed[i].log;
        if (strcmp(kept[i].kept->id, log->id) != 0)
            world_break(world, promise, "number %zu in the list on %s is %s, not %s", i,
                        device->name, kept[i].kept->id, log->id);
        else if (!listing_is_same(&kept[i].kept->listing, &log->listings[device->user]))
            world_break(world, promise, "%s has other settings for %s than its user", device->name,
                        log->id);
        else if (kept_preview(kept[i].kept, arena) != log_preview(log, device->user))
            world_break(world, promise, "%s has another preview of %s than the log", device->name,
                        log->id);
    }
}

void check_lists_end(struct world *world)
{
    struct arena arena;
    arena_init(&arena);
    for (size_t i = 0; i < world->device_count; i++) {
        check_device_list(world, &world->devices[i], &arena);
        arena_reset(&arena);
    }
    arena_fini(&arena);
}

/* ---- Nobody else ---- */

void check_listing_handed(struct world *world, const struct link *link,
                          const wire_server_frame *frame)
{
    if (frame->body_case != SERVER_FRAME(LISTING) || link->session == NULL)
        return;
    const struct log *log =
        history_find_log(&world->history, view_of(frame->listing->conversation));
    unsigned user = history_user(view_of(link->session->user));
    if (log == NULL || user == USERS_ALL)
        return;
    const struct listing_row *row = &log->listings[user];
    if (frame->listing->version > row->version ||
        (frame->listing->version == row->version && row->version > 0 &&
         !listing_is(row, frame->listing)))
        world_break(world, promise, "u%u is told of what somebody else set for %s", user, log->id);
}
