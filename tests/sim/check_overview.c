/* What the list of conversations says of each, at rest, against a naive count over the log. */
#include "checks.h"

static const char promise[] = "overview";

static uint64_t overview_displayed(const struct world *world, const struct log *log, unsigned user)
{
    uint64_t displayed = 0;
    for (size_t i = 0; i < world->device_count; i++) {
        if (world->devices[i].user == user && log->reached[i].displayed > displayed)
            displayed = log->reached[i].displayed;
    }
    return displayed;
}

static void overview_check(struct world *world, unsigned user, const wire_conversation_entry *entry)
{
    const struct log *log = history_find_log(&world->history, view_of(entry->conversation));
    uint64_t since;
    uint32_t unread = 0;
    uint32_t mentions = 0;
    uint64_t preview = 0;
    if (log == NULL)
        return;
    if ((log->invited >> user & 1) != 0) {
        if (entry->role != WIRE(ROLE, INVITED) || entry->n_heads != 0 || entry->unread != 0 ||
            entry->preview != NULL || entry->settings != NULL)
            world_break(world, promise, "u%u is invited to %s, and is told more", user, log->id);
        return;
    }
    uint64_t displayed = overview_displayed(world, log, user);
    for (uint64_t seq = log->head; seq > 0; seq--) {
        const struct logged *logged = &log->events[seq];
        if (logged->kind != EVENT_KIND(MESSAGE) || !log_sees(log, user, seq, log->head))
            continue;
        const struct message *message = &world->history.messages[logged->message];
        if (preview == 0 && !logged->is_vanished)
            preview = seq;
        if (seq <= displayed || message->user == user || message->is_recalled ||
            unread == LIMIT_UNREAD_MAX)
            continue;
        unread++;
        mentions += (message->mentions & (MENTIONS_ALL | UINT32_C(1) << user)) != 0;
    }
    /* The server looks back so far and not farther. */
    bool is_counted = !world->profile.is_bulky && log->head <= LIMIT_OVERVIEW_EVENTS_MAX;
    if (entry->unread > unread || entry->mentions > mentions ||
        (is_counted && (entry->unread != unread || entry->mentions != mentions)))
        world_break(world, promise, "u%u has %u messages and %u mentions to read in %s, not %u, %u",
                    user, unread, mentions, log->id, entry->unread, entry->mentions);
    if ((entry->preview == NULL ? 0 : entry->preview->seq) != preview)
        world_break(world, promise, "the latest message of %s is %llu, not %llu", log->id,
                    (unsigned long long)preview,
                    (unsigned long long)(entry->preview == NULL ? 0 : entry->preview->seq));
    if (entry->role != log_role(log, user, log->head, &since) ||
        entry->muted_until_ms != log->muted_until_ms[user])
        world_break(world, promise, "u%u has another place in %s than the log says", user, log->id);
    const wire_settings *settings = entry->settings;
    if (settings != NULL &&
        ((settings->dissolved != 0) != log->is_dissolved ||
         (settings->read_only != 0) != log->is_read_only || settings->join != log->join ||
         settings->history != log->past || settings->history_last != log->past_last))
        world_break(world, promise, "%s has other settings than the log says", log->id);
}

void check_overview(struct world *world, const struct link *link,
                    const wire_conversation_page *page)
{
    for (size_t i = 0; i < page->n_conversations; i++)
        overview_check(world, world->devices[link->device].user, page->conversations[i]);
}
