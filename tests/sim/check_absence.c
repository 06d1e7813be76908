/* Devices that were away for long, or are new: the server tells of no beginning that is later than
 * the retention allows, and devices skip nothing else. What they fetch is no body that they know to
 * be taken back, and no cursor passes a recall whose message the device still holds. */
#include "checks.h"

#include "base/limits.h"
#include "database.h"

static const char promise[] = "absence";

static void absence_told(struct world *world, const struct link *link, const char *conversation,
                         uint64_t head, uint64_t begin)
{
    struct log *log = history_find_log(&world->history, view_of(conversation));
    if (begin == 0)
        return;
    if (log == NULL || head > log->head || begin + LIMIT_SYNC_EVENTS_MIN - 1 > head) {
        world_break(world, promise, "%s is said to begin with %llu of %llu", conversation,
                    (unsigned long long)begin, (unsigned long long)head);
        return;
    }
    /* By the clock of the server when it was furthest ahead. */
    uint64_t latest_ms = world->server.wall_base_max_ms + world->now_ms;
    uint64_t time_ms = log->events[begin - 1].time >> 16;
    if (world->profile.retention_ms == 0 || time_ms + world->profile.retention_ms > latest_ms)
        world_break(world, promise, "%s is said to begin with %llu, and what is before is not old",
                    conversation, (unsigned long long)begin);
    if (begin > log->begins[link->device])
        log->begins[link->device] = begin;
}

static void absence_listed(struct world *world, const struct link *link,
                           wire_conversation_entry *const *entries, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t at = 0; at < entries[i]->n_heads; at++)
            absence_told(world, link, entries[i]->conversation, entries[i]->heads[at]->seq,
                         entries[i]->heads[at]->begin);
    }
}

void check_absence_told(struct world *world, const struct link *link,
                        const wire_server_frame *frame)
{
    if (frame->body_case == SERVER_FRAME(PAGE_END))
        absence_told(world, link, frame->page_end->conversation, frame->page_end->head,
                     frame->page_end->begin);
    else if (frame->body_case == SERVER_FRAME(CONVERSATIONS))
        absence_listed(world, link, frame->conversations->conversations,
                       frame->conversations->n_conversations);
    else if (frame->body_case == SERVER_FRAME(WELCOME))
        absence_listed(world, link, frame->welcome->news, frame->welcome->n_news);
}

void check_absence_skipping(struct world *world, const struct device *device,
                            const struct kept_conversation *kept, uint64_t after, uint64_t seq)
{
    const struct log *log = history_find_log(&world->history, view_of(kept->id));
    if (log == NULL || after != kept->count || seq <= after) {
        world_break(world, promise, "%s skips %s:%llu after %llu", device->name, kept->id,
                    (unsigned long long)seq, (unsigned long long)kept->count);
        return;
    }
    bool is_first = after == 0 && !device->database.is_synced &&
                    seq + (uint64_t)device->first_sync <= log->head;
    if (!is_first && seq >= log->begins[device->index])
        world_break(world, promise, "%s skips %s to %llu, and was told that it begins with %llu",
                    device->name, kept->id, (unsigned long long)seq,
                    (unsigned long long)log->begins[device->index]);
}

void check_absence_fetched(struct world *world, const struct device *device,
                           const struct kept_conversation *kept, const wire_event *event)
{
    if (kept == NULL || event->seq > kept->count)
        world_break(world, promise, "%s fetches an event beyond its cursor", device->name);
}

void check_absence_cursor(struct world *world, struct device *device,
                          const struct kept_conversation *kept)
{
    if (database_holds_recalled(device, kept, kept->stored))
        world_break(world, "P5 no late exposure",
                    "%s is at %s:%llu, and holds a body that was taken back by then", device->name,
                    kept->id, (unsigned long long)kept->stored);
}
