#include "core/client_progress.h"

#include "core/backoff.h"
#include "core/client_core.h"
#include "core/ids.h"

void client_progress_init(struct client_progress *progress)
{
    *progress = (struct client_progress){.due_ms = CLIENT_NEVER};
}

static void client_progress_ask(struct client_core *core)
{
    struct client_progress *progress = &core->progress;
    wire_list_progress list;
    unsay__v1__list_progress__init(&list);
    list.after = progress->after;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    frame.request = client_request_number(core, CLIENT_REQUEST_SYNC, CLIENT_PROGRESS_SLOT);
    frame.body_case = CLIENT_FRAME(LIST_PROGRESS);
    frame.list_progress = &list;
    client_transmit(core, &frame);
    progress->request = frame.request;
    progress->due_ms = core->now_ms + core->config.answer_timeout_ms;
}

void client_progress_start(struct client_core *core)
{
    core->progress.failures = 0;
    core->progress.after[0] = 0;
    client_progress_ask(core);
}

void client_progress_stop(struct client_core *core)
{
    core->progress.request = 0;
    core->progress.due_ms = CLIENT_NEVER;
}

static bool client_progress_is_valid(const wire_progress *progress)
{
    if (!id_is_conversation(view_of(progress->conversation)) || progress->origin == 0 ||
        progress->seq > INT64_MAX || progress->n_members > LIMIT_RECEIPT_MEMBERS_MAX)
        return false;
    for (size_t i = 0; i < progress->n_members; i++) {
        const wire_member_progress *member = progress->members[i];
        if (!id_is_user(view_of(member->user)) || member->displayed > member->stored ||
            member->stored > INT64_MAX || member->joined > INT64_MAX)
            return false;
    }
    return true;
}

/* Of a conversation that the client does not follow nothing is stored. */
static bool client_progress_take(struct client_core *core, const wire_progress *progress)
{
    if (!client_progress_is_valid(progress))
        return false;
    if (client_conversations_find(&core->conversations, view_of(progress->conversation),
                                  progress->origin) == NULL)
        return true;
    client_effects_add(&core->effects, CLIENT_STORE_PROGRESS)->progress = progress;
    client_effects_add(&core->effects, CLIENT_SHOW_PROGRESS)->progress = progress;
    return true;
}

bool client_progress_told(struct client_core *core, const wire_progress_page *page)
{
    if (page->n_conversations > LIMIT_PROGRESS_CONVERSATIONS_MAX)
        return false;
    for (size_t i = 0; i < page->n_conversations; i++) {
        if (!client_progress_take(core, page->conversations[i]))
            return false;
    }
    return true;
}

void client_progress_privacy(struct client_core *core, const wire_privacy *privacy)
{
    struct client_progress *known = &core->progress;
    bool hides = privacy->hides_displayed != 0;
    bool server_hides = privacy->server_hides_displayed != 0;
    if (known->has_privacy && known->hides_displayed == hides &&
        known->server_hides_displayed == server_hides)
        return;
    known->has_privacy = true;
    known->hides_displayed = hides;
    known->server_hides_displayed = server_hides;
    client_effects_add(&core->effects, CLIENT_SHOW_PRIVACY)->privacy = privacy;
}

static void client_progress_refused(struct client_core *core, const wire_error *error)
{
    struct client_progress *progress = &core->progress;
    struct backoff backoff = {core->config.reconnect_first_ms, core->config.reconnect_max_ms};
    progress->request = 0;
    progress->due_ms = CLIENT_NEVER;
    if (client_error_is_retryable(error))
        progress->due_ms = client_error_retry_ms(
            core, error, backoff_jittered_ms(backoff, progress->failures++, &core->prng));
}

bool client_progress_answer(struct client_core *core, const wire_server_frame *frame)
{
    struct client_progress *progress = &core->progress;
    if (frame->request != progress->request)
        return true;
    if (frame->body_case == SERVER_FRAME(ERROR)) {
        client_progress_refused(core, frame->error);
        return true;
    }
    if (frame->body_case != SERVER_FRAME(PROGRESS))
        return false;
    const wire_progress_page *page = frame->progress;
    struct view next = view_of(page->next);
    progress->request = 0;
    progress->failures = 0;
    progress->due_ms = CLIENT_NEVER;
    if (!client_progress_told(core, page))
        return false;
    if (page->privacy != NULL)
        client_progress_privacy(core, page->privacy);
    if (next.size == 0)
        return true;
    if (!id_is_conversation(next) || view_compare(next, view_of(progress->after)) <= 0)
        return false;
    memcpy(progress->after, next.data, next.size);
    progress->after[next.size] = 0;
    client_progress_ask(core);
    return true;
}

void client_progress_tick(struct client_core *core)
{
    if (core->now_ms >= core->progress.due_ms && client_connection_is_ready(&core->connection))
        client_progress_ask(core);
}

uint64_t client_progress_wake_ms(const struct client_progress *progress)
{
    return progress->due_ms;
}
