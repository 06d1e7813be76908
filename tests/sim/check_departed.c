/* P6: everyone is told of what is for them: who has left a conversation nothing of what came after,
 * who has come nothing of what was before unless a setting says so, who never was in it nothing at
 * all. And evidence: a body that was kept goes to two people with a mandate, or one, as the policy
 * said, while it is kept. */
#include "checks.h"

#include "policies.h"

static const char promise[] = "P6 authority";

/* A day, and what the clock may have jumped since the decision. */
enum { LOOK_MS = 27 * 3600 * 1000 };

/* Everyone hears of what is for them, and of nothing else. */
static void departed_check(struct world *world, const struct link *link, const char *conversation,
                           uint64_t seq)
{
    const struct log *log = history_find_log(&world->history, view_of(conversation));
    unsigned user = link->session == NULL ? USERS_ALL : history_user(view_of(link->session->user));
    if (log == NULL || user == USERS_ALL || log_sees(log, user, seq, log->head))
        return;
    world_break(world, promise, "u%u hears of %s:%llu, which is not for them", user, log->id,
                (unsigned long long)seq);
}

/* What is left out of a page is not for them. */
static void departed_check_hidden(struct world *world, const struct link *link,
                                  const wire_event *event)
{
    const struct log *log = history_find_log(&world->history, view_of(event->conversation));
    unsigned user = link->session == NULL ? USERS_ALL : history_user(view_of(link->session->user));
    for (uint64_t seq = event->hidden->first; log != NULL && seq <= event->seq; seq++) {
        if (user != USERS_ALL && log_sees(log, user, seq, log->head))
            world_break(world, "P1 nothing accepted is lost", "%s:%llu is kept from u%u", log->id,
                        (unsigned long long)seq, user);
    }
}

static void departed_check_list(struct world *world, const struct link *link,
                                const wire_conversation_page *page)
{
    for (size_t i = 0; i < page->n_conversations; i++) {
        for (size_t at = 0; at < page->conversations[i]->n_heads; at++)
            departed_check(world, link, page->conversations[i]->conversation,
                           page->conversations[i]->heads[at]->seq);
        if (page->conversations[i]->preview != NULL)
            departed_check(world, link, page->conversations[i]->conversation,
                           page->conversations[i]->preview->seq);
    }
}

void check_departed_handed(struct world *world, const struct link *link,
                           const wire_server_frame *frame)
{
    if (frame->body_case == SERVER_FRAME(EVENT) && frame->event->kind_case == EVENT_KIND(HIDDEN))
        departed_check_hidden(world, link, frame->event);
    else if (frame->body_case == SERVER_FRAME(EVENT))
        departed_check(world, link, frame->event->conversation, frame->event->seq);
    else if (frame->body_case == SERVER_FRAME(NOTICE))
        departed_check(world, link, frame->notice->conversation, frame->notice->seq);
    else if (frame->body_case == SERVER_FRAME(REFRESH))
        departed_check(world, link, frame->refresh->conversation, frame->refresh->seq);
    else if (frame->body_case == SERVER_FRAME(REPLACE)) {
        departed_check(world, link, frame->replace->recall->conversation,
                       frame->replace->recall->seq);
        departed_check(world, link, frame->replace->recall->conversation,
                       frame->replace->tombstone->seq);
    } else if (frame->body_case == SERVER_FRAME(PAGE_END))
        departed_check(world, link, frame->page_end->conversation, frame->page_end->head);
    else if (frame->body_case == SERVER_FRAME(CONVERSATIONS))
        departed_check_list(world, link, frame->conversations);
    else if (frame->body_case == SERVER_FRAME(EVIDENCE))
        check_evidence(world, link, frame->evidence);
}

/* ---- Evidence ---- */

static bool evidence_was_looked_at(const struct history *history, uint32_t message, unsigned user,
                                   bool by_user, uint64_t now_ms)
{
    for (uint32_t i = 0; i < history->look_count; i++) {
        const struct look *look = &history->looks[i];
        bool is_recent = look->time_ms >= now_ms || now_ms - look->time_ms <= LOOK_MS;
        if (look->message == message && (look->user == user) == by_user && is_recent)
            return true;
    }
    return false;
}

void check_evidence(struct world *world, const struct link *link, const wire_evidence *evidence)
{
    struct history *history = &world->history;
    const struct log *log = history_find_log(history, view_of(evidence->conversation));
    unsigned user = link->session == NULL ? USERS_ALL : history_user(view_of(link->session->user));
    size_t at = 0;
    if (evidence->body.len == 0)
        return;
    const struct taken_back *recall =
        log == NULL || evidence->target_seq > log->head
            ? NULL
            : history_find_recall(history, log, log->events[evidence->target_seq].recall_seq);
    const struct message *shown = history_find_canary(history, bytes_view(evidence->body), &at);
    if (user < world->profile.users || user == USERS_ALL || recall == NULL ||
        recall->keeping == WIRE(KEEPING, ERASED) || shown == NULL ||
        shown != history_root(history, &history->messages[recall->message])) {
        world_break(world, promise, "u%u is shown a body that is not kept for them", user);
        return;
    }
    if (!evidence_was_looked_at(history, recall->message, user, true, server_wall_ms(world)))
        world_break(world, promise, "u%u looks at %s, which is not on record", user, shown->canary);
    if (recall->keeping == WIRE(KEEPING, SEALED) &&
        !evidence_was_looked_at(history, recall->message, user, false, server_wall_ms(world)))
        world_break(world, promise, "u%u opens the sealed body of %s alone", user, shown->canary);
}
