#include "core/client_sync.h"

#include "core/backoff.h"
#include "core/client_sync_internal.h"

void client_sync_init(struct client_sync *sync)
{
    *sync = (struct client_sync){.waiting_ms = CLIENT_NEVER,
                                 .list_retry_ms = CLIENT_NEVER,
                                 .list_later_ms = CLIENT_NEVER,
                                 .answer_due_ms = CLIENT_NEVER};
    client_queue_init(&sync->queue);
    list_init(&sync->waiting);
}

void client_sync_fini(struct client_sync *sync)
{
    client_queue_fini(&sync->queue);
}

static bool client_sync_is_behind(const struct client_conversation *conversation)
{
    return conversation->stored < conversation->head;
}

/* Cursor or head moved: what is missing is counted anew. */
static void client_sync_count(struct client_core *core, struct client_conversation *conversation)
{
    core->sync.lag -= conversation->lag;
    conversation->lag =
        client_sync_is_behind(conversation) ? conversation->head - conversation->stored : 0;
    core->sync.lag += conversation->lag;
}

static void client_sync_raise_head(struct client_core *core,
                                   struct client_conversation *conversation, uint64_t head)
{
    if (head > conversation->head)
        conversation->head = head;
    client_sync_count(core, conversation);
}

void client_sync_show_progress(struct client_core *core)
{
    const struct client_sync *sync = &core->sync;
    if (core->connection.stage != CLIENT_STAGE_SYNCING || !sync->is_listed)
        return;
    struct client_effect *show = client_effects_add(&core->effects, CLIENT_SHOW_SYNCING);
    show->done = sync->done;
    show->total = sync->done + sync->lag;
}

uint32_t client_sync_delay_ms(struct client_core *core, uint32_t failures)
{
    struct backoff backoff = {core->config.reconnect_first_ms, core->config.reconnect_max_ms};
    return backoff_jittered_ms(backoff, failures, &core->prng);
}

void client_sync_expect(struct client_core *core)
{
    struct client_sync *sync = &core->sync;
    bool is_waiting = sync->page_count > 0 || sync->list_request != 0;
    sync->answer_due_ms = is_waiting ? core->now_ms + core->config.answer_timeout_ms : CLIENT_NEVER;
}

/* A conversation that is not under way any more; what it lacks is found by the next listing. */
static void client_sync_forget(struct client_core *core, struct client_conversation *conversation)
{
    list_remove(&conversation->sync_node);
    client_queue_remove(&core->sync.queue, conversation);
    conversation->head = conversation->stored;
    conversation->is_reading = false;
    conversation->read_failures = 0;
    client_sync_count(core, conversation);
}

void client_sync_stop(struct client_core *core)
{
    struct client_sync *sync = &core->sync;
    for (struct client_conversation *each; (each = client_queue_take(&sync->queue)) != NULL;)
        client_sync_forget(core, each);
    while (!list_is_empty(&sync->waiting))
        client_sync_forget(core,
                           LIST_ITEM(sync->waiting.next, struct client_conversation, sync_node));
    for (size_t i = 0; i < CLIENT_PAGES_MAX; i++) {
        if (sync->pages[i].conversation != NULL)
            client_sync_forget(core, sync->pages[i].conversation);
    }
    uint32_t list_round = sync->list_round;
    client_sync_fini(sync);
    client_sync_init(sync);
    sync->list_round = list_round;
}

/* The first event that sync gives of the conversation. Of a new device's conversations the first
 * sync brings only so many. */
static uint64_t client_sync_begin(const struct client_core *core,
                                  const struct client_conversation *conversation)
{
    uint64_t begin = conversation->begin;
    uint64_t wanted = core->config.first_sync;
    if (core->is_synced || conversation->stored != 0 || wanted == CLIENT_FIRST_SYNC_ALL ||
        wanted >= conversation->head)
        return begin;
    uint64_t first = conversation->head - wanted + 1;
    return begin > first ? begin : first;
}

/* The next page: of what is missing, or with `before`, of the recalls of what is skipped. */
static void client_sync_read(struct client_core *core, struct client_conversation *conversation,
                             uint64_t before)
{
    struct client_sync *sync = &core->sync;
    uint32_t slot = 0;
    while (sync->pages[slot].conversation != NULL)
        slot++;
    wire_read read;
    unsay__v1__read__init(&read);
    read.conversation = client_conversation_name(conversation);
    read.origin = conversation->origin;
    read.after = conversation->stored;
    read.before = before;
    read.limit = LIMIT_PAGE_EVENTS_MAX;
    read.recalls_only = before != 0;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    frame.request = client_request_number(core, CLIENT_REQUEST_SYNC, slot);
    frame.body_case = CLIENT_FRAME(READ);
    frame.read = &read;
    client_transmit(core, &frame);
    sync->pages[slot] =
        (struct client_page){conversation, frame.request, conversation->stored, before, 0, 0};
    sync->page_count++;
    conversation->is_reading = true;
    client_sync_expect(core);
}

static void client_sync_begin_read(struct client_core *core,
                                   struct client_conversation *conversation)
{
    uint64_t begin = client_sync_begin(core, conversation);
    if (begin > conversation->stored + 1 && conversation->stored == 0)
        client_event_skip(core, conversation, begin - 1);
    if (!client_sync_is_behind(conversation))
        return;
    client_sync_read(core, conversation, begin > conversation->stored + 1 ? begin : 0);
}

void client_sync_pump(struct client_core *core)
{
    struct client_sync *sync = &core->sync;
    if (!client_connection_is_ready(&core->connection))
        return;
    size_t pages_max = sync->is_listed ? CLIENT_PAGES_MAX : 1;
    while (sync->page_count < pages_max && sync->queue.count > 0)
        client_sync_begin_read(core, client_queue_take(&sync->queue));
    if (core->connection.stage == CLIENT_STAGE_SYNCING && sync->is_listed &&
        sync->page_count == 0 && list_is_empty(&sync->waiting))
        client_connection_live(core);
}

static void client_sync_wait(struct client_core *core, struct client_conversation *conversation,
                             uint64_t retry_ms)
{
    conversation->retry_ms = retry_ms;
    list_push_back(&core->sync.waiting, &conversation->sync_node);
    core->sync.waiting_ms = client_earlier(core->sync.waiting_ms, retry_ms);
}

bool client_sync_queue(struct client_core *core, struct client_conversation *conversation,
                       uint64_t head, uint32_t patience_ms)
{
    client_sync_raise_head(core, conversation, head);
    if (conversation->is_reading || conversation->queue_place != 0 ||
        !list_is_empty(&conversation->sync_node))
        return false;
    if (patience_ms > 0)
        client_sync_wait(core, conversation, core->now_ms + patience_ms);
    else
        client_queue_add(&core->sync.queue, conversation);
    return patience_ms == 0;
}

void client_sync_gap(struct client_core *core, struct client_conversation *conversation,
                     uint64_t head, uint32_t patience_ms)
{
    if (client_sync_queue(core, conversation, head, patience_ms))
        client_sync_pump(core);
}

void client_sync_set_open(struct client_core *core, struct client_conversation *conversation,
                          bool is_open)
{
    conversation->is_open = is_open;
    client_queue_moved(&core->sync.queue, conversation);
}

void client_sync_advanced(struct client_core *core, struct client_conversation *conversation)
{
    uint64_t lag = conversation->lag;
    client_sync_count(core, conversation);
    core->sync.done += lag - conversation->lag;
    if (client_sync_is_behind(conversation))
        return;
    conversation->head = conversation->stored;
    conversation->read_failures = 0;
    if (conversation->queue_place != 0 || !list_is_empty(&conversation->sync_node)) {
        list_remove(&conversation->sync_node);
        client_queue_remove(&core->sync.queue, conversation);
        client_sync_pump(core);
    }
}

static struct client_conversation *client_page_finish(struct client_core *core,
                                                      struct client_page *page)
{
    struct client_conversation *conversation = page->conversation;
    conversation->is_reading = false;
    page->conversation = NULL;
    core->sync.page_count--;
    return conversation;
}

/* How far the recalls of a range that is skipped were looked for. A page that is not whole says
 * nothing: unlike a gap between events, a recall that it lacks would never be missed. */
static uint64_t client_page_reach(const struct client_page *page, const wire_page_end *end)
{
    if (end->count != page->event_count)
        return page->after;
    return end->more && end->next < page->before ? end->next : page->before - 1;
}

static void client_page_ended(struct client_core *core, struct client_page *page,
                              const wire_page_end *end)
{
    struct client_page ended = *page;
    struct client_conversation *conversation = client_page_finish(core, page);
    if (ended.before != 0)
        client_event_skip(core, conversation, client_page_reach(&ended, end));
    else if (end->begin <= end->head)
        conversation->begin = end->begin;
    bool is_progress = conversation->stored > ended.after;
    client_sync_raise_head(core, conversation, end->head);
    if (is_progress) {
        core->connection.failures = 0;
        client_sync_show_progress(core);
    }
    if (client_sync_is_behind(conversation) && is_progress) {
        conversation->read_failures = 0;
        client_queue_add(&core->sync.queue, conversation);
    } else if (client_sync_is_behind(conversation)) {
        uint32_t delay_ms = client_sync_delay_ms(core, conversation->read_failures++);
        client_sync_wait(core, conversation, core->now_ms + delay_ms);
    }
    client_sync_pump(core);
}

static void client_page_refused(struct client_core *core, struct client_page *page,
                                const wire_error *error)
{
    struct client_conversation *conversation = client_page_finish(core, page);
    if (client_error_is_retryable(error)) {
        uint32_t delay_ms = client_sync_delay_ms(core, conversation->read_failures++);
        client_sync_wait(core, conversation, client_error_retry_ms(core, error, delay_ms));
    } else {
        client_sync_forget(core, conversation);
    }
    client_sync_pump(core);
}

static bool client_page_event(struct client_core *core, struct client_page *page,
                              const wire_event *event)
{
    struct client_conversation *conversation = page->conversation;
    bool is_repeated = page->before != 0 && event != NULL && event->seq <= page->last;
    if (!client_event_is_valid(event) || event->origin != conversation->origin ||
        !view_equal(view_of(event->conversation), client_conversation_id(conversation)) ||
        (!is_repeated &&
         ++page->event_count > LIMIT_PAGE_EVENTS_MAX + 1)) /* with what stands in for hidden ones */
        return false;
    if (is_repeated)
        return true;
    page->last = event->seq;
    if (page->before != 0) {
        if (event->kind_case != EVENT_KIND(RECALL) || event->seq >= page->before)
            return false;
        client_event_apply_recall(core, event);
    } else if (!client_event_read(core, conversation, event)) {
        client_sync_raise_head(core, conversation, event->seq);
    }
    return true;
}

bool client_sync_answer(struct client_core *core, const wire_server_frame *frame)
{
    struct client_sync *sync = &core->sync;
    uint32_t slot = client_request_slot(frame->request);
    bool is_allowed = true;
    if (slot == CLIENT_LIST_SLOT) {
        if (sync->list_request != frame->request)
            return true;
        is_allowed = client_sync_list_answer(core, frame);
    } else {
        struct client_page *page = slot < CLIENT_PAGES_MAX ? &sync->pages[slot] : NULL;
        if (page == NULL || page->conversation == NULL || page->request != frame->request)
            return true;
        if (frame->body_case == SERVER_FRAME(EVENT))
            is_allowed = client_page_event(core, page, frame->event);
        else if (frame->body_case == SERVER_FRAME(PAGE_END))
            client_page_ended(core, page, frame->page_end);
        else if (frame->body_case == SERVER_FRAME(ERROR))
            client_page_refused(core, page, frame->error);
        else
            is_allowed = false;
    }
    client_sync_expect(core);
    return is_allowed;
}

static void client_sync_tick_waiting(struct client_core *core)
{
    struct client_sync *sync = &core->sync;
    if (core->now_ms < sync->waiting_ms)
        return;
    sync->waiting_ms = CLIENT_NEVER;
    for (struct list *node = sync->waiting.next, *next; node != &sync->waiting; node = next) {
        next = node->next;
        struct client_conversation *conversation =
            LIST_ITEM(node, struct client_conversation, sync_node);
        if (core->now_ms >= conversation->retry_ms) {
            list_remove(node);
            client_queue_add(&sync->queue, conversation);
        } else {
            sync->waiting_ms = client_earlier(sync->waiting_ms, conversation->retry_ms);
        }
    }
    client_sync_pump(core);
}

void client_sync_tick(struct client_core *core)
{
    struct client_sync *sync = &core->sync;
    if (!client_connection_is_ready(&core->connection))
        return;
    if (core->now_ms >= sync->answer_due_ms) {
        client_connection_break(core, REFUSAL_NONE, "The server did not answer in time.", 0);
        return;
    }
    if (core->now_ms >= sync->list_later_ms)
        client_sync_start(core);
    else if (core->now_ms >= sync->list_retry_ms)
        client_sync_list(core);
    client_sync_tick_waiting(core);
}

uint64_t client_sync_wake_ms(const struct client_sync *sync)
{
    return client_earlier(
        sync->answer_due_ms,
        client_earlier(sync->waiting_ms, client_earlier(sync->list_retry_ms, sync->list_later_ms)));
}
