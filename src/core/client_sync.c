#include "core/client_sync.h"

#include "core/backoff.h"
#include "core/client_core.h"
#include "core/ids.h"
#include "core/rows.h"

enum { CLIENT_LIST_LATER_MS = 60000 };

void client_sync_init(struct client_sync *sync)
{
    *sync = (struct client_sync){.waiting_ms = CLIENT_NEVER,
                                 .list_retry_ms = CLIENT_NEVER,
                                 .list_later_ms = CLIENT_NEVER,
                                 .answer_due_ms = CLIENT_NEVER};
    list_init(&sync->queue);
    list_init(&sync->waiting);
}

static bool client_sync_is_behind(const struct client_conversation *conversation)
{
    return conversation->stored < conversation->head;
}

static uint32_t client_sync_delay_ms(struct client_core *core, uint32_t failures)
{
    struct backoff backoff = {core->config.reconnect_first_ms, core->config.reconnect_max_ms};
    return backoff_jittered_ms(backoff, failures, &core->prng);
}

/* Something was asked or answered. */
static void client_sync_expect(struct client_core *core)
{
    struct client_sync *sync = &core->sync;
    bool is_waiting = sync->page_count > 0 || sync->list_request != 0;
    sync->answer_due_ms = is_waiting ? core->now_ms + core->config.answer_timeout_ms : CLIENT_NEVER;
}

static void client_sync_list(struct client_core *core)
{
    struct client_sync *sync = &core->sync;
    wire_list_conversations list;
    unsay__v1__list_conversations__init(&list);
    list.after = sync->list_after;
    list.limit = LIMIT_PAGE_EVENTS_MAX;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    frame.request = client_request_number(core, CLIENT_REQUEST_SYNC, CLIENT_LIST_SLOT);
    frame.body_case = CLIENT_FRAME(LIST_CONVERSATIONS);
    frame.list_conversations = &list;
    client_transmit(core, &frame);
    sync->list_request = frame.request;
    sync->list_retry_ms = CLIENT_NEVER;
    client_sync_expect(core);
}

void client_sync_start(struct client_core *core)
{
    core->sync.is_listed = false;
    core->sync.is_list_outdated = false;
    core->sync.list_later_ms = CLIENT_NEVER;
    core->sync.list_failures = 0;
    core->sync.list_round++;
    core->sync.list_after[0] = 0;
    client_sync_list(core);
}

void client_sync_behind(struct client_core *core)
{
    client_connection_behind(core);
    if (core->sync.is_listed)
        client_sync_start(core);
    else
        core->sync.is_list_outdated = true;
}

/* A conversation that is not under way any more; what it lacks is found by the next listing. */
static void client_sync_forget(struct client_conversation *conversation)
{
    list_remove(&conversation->sync_node);
    conversation->head = conversation->stored;
    conversation->is_reading = false;
    conversation->read_failures = 0;
}

void client_sync_stop(struct client_core *core)
{
    struct client_sync *sync = &core->sync;
    while (!list_is_empty(&sync->queue))
        client_sync_forget(LIST_ITEM(sync->queue.next, struct client_conversation, sync_node));
    while (!list_is_empty(&sync->waiting))
        client_sync_forget(LIST_ITEM(sync->waiting.next, struct client_conversation, sync_node));
    for (size_t i = 0; i < CLIENT_PAGES_MAX; i++) {
        if (sync->pages[i].conversation != NULL)
            client_sync_forget(sync->pages[i].conversation);
    }
    uint32_t list_round = sync->list_round;
    client_sync_init(sync);
    sync->list_round = list_round;
}

static void client_sync_read(struct client_core *core, struct client_conversation *conversation)
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
    read.limit = LIMIT_PAGE_EVENTS_MAX;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    frame.request = client_request_number(core, CLIENT_REQUEST_SYNC, slot);
    frame.body_case = CLIENT_FRAME(READ);
    frame.read = &read;
    client_transmit(core, &frame);
    sync->pages[slot] = (struct client_page){conversation, frame.request, conversation->stored, 0};
    sync->page_count++;
    conversation->is_reading = true;
    client_sync_expect(core);
}

/* Reads what may be read, and sees whether anything is left to do. */
static void client_sync_pump(struct client_core *core)
{
    struct client_sync *sync = &core->sync;
    if (!client_connection_is_ready(&core->connection))
        return;
    while (sync->page_count < CLIENT_PAGES_MAX && !list_is_empty(&sync->queue)) {
        struct list *node = list_pop_front(&sync->queue);
        client_sync_read(core, LIST_ITEM(node, struct client_conversation, sync_node));
    }
    if (core->connection.stage == CLIENT_STAGE_SYNCING && sync->is_listed &&
        sync->page_count == 0 && list_is_empty(&sync->queue) && list_is_empty(&sync->waiting))
        client_connection_live(core);
}

static void client_sync_wait(struct client_core *core, struct client_conversation *conversation,
                             uint64_t retry_ms)
{
    conversation->retry_ms = retry_ms;
    list_push_back(&core->sync.waiting, &conversation->sync_node);
    core->sync.waiting_ms = client_earlier(core->sync.waiting_ms, retry_ms);
}

void client_sync_gap(struct client_core *core, struct client_conversation *conversation,
                     uint64_t head, uint32_t patience_ms)
{
    if (head > conversation->head)
        conversation->head = head;
    if (conversation->is_reading || !list_is_empty(&conversation->sync_node))
        return;
    if (patience_ms > 0) {
        client_sync_wait(core, conversation, core->now_ms + patience_ms);
    } else {
        list_push_back(&core->sync.queue, &conversation->sync_node);
        client_sync_pump(core);
    }
}

void client_sync_advanced(struct client_core *core, struct client_conversation *conversation)
{
    if (client_sync_is_behind(conversation))
        return;
    conversation->head = conversation->stored;
    conversation->read_failures = 0;
    if (!list_is_empty(&conversation->sync_node)) {
        list_remove(&conversation->sync_node);
        client_sync_pump(core);
    }
}

void client_sync_heard(struct client_core *core, struct client_conversation *conversation)
{
    conversation->list_round = core->sync.list_round;
    conversation->is_left = false;
}

/* Also where there is nothing to read, since the user is only invited. */
static void client_sync_heard_of(struct client_core *core, const wire_conversation_entry *entry)
{
    struct client_conversation *conversation = client_conversations_add(
        &core->conversations, view_of(entry->conversation), ORIGIN_DEFAULT);
    if (conversation != NULL)
        client_sync_heard(core, conversation);
}

static bool client_sync_entry(struct client_core *core, const wire_conversation_entry *entry)
{
    struct client_effect *store = client_effects_add(&core->effects, CLIENT_STORE_CONVERSATION);
    store->entry = entry;
    store->conversation = view_of(entry->conversation);
    if (entry->n_heads == 0)
        client_sync_heard_of(core, entry);
    for (size_t i = 0; i < entry->n_heads; i++) {
        const wire_head *head = entry->heads[i];
        struct client_conversation *conversation = client_conversations_add(
            &core->conversations, view_of(entry->conversation), head->origin);
        if (conversation == NULL)
            return false;
        client_sync_heard(core, conversation);
        conversation->confirmed_stored = head->stored;
        conversation->confirmed_displayed = head->displayed;
        /* A head below the cursor is that of a server that lost its log: no cursor fits it. */
        if (conversation->stored <= head->seq)
            client_acks_add(core, conversation);
        if (conversation->stored < head->seq)
            client_sync_gap(core, conversation, head->seq, 0);
    }
    return true;
}

bool client_sync_invited(struct client_core *core, const wire_conversation_entry *entry)
{
    if (!id_is_conversation(view_of(entry->conversation)) || entry->n_heads != 0 ||
        role_is_member(entry->role))
        return false;
    client_sync_heard_of(core, entry);
    struct client_effect *store = client_effects_add(&core->effects, CLIENT_STORE_CONVERSATION);
    store->entry = entry;
    store->conversation = view_of(entry->conversation);
    return true;
}

/* Of these the server has not spoken while it listed all that the user is in. */
static void client_sync_leave_others(struct client_core *core)
{
    size_t at = 0;
    for (struct client_conversation *each;
         (each = table_next(&core->conversations.table, &at)) != NULL;) {
        if (each->list_round == core->sync.list_round || each->is_left)
            continue;
        each->is_left = true;
        client_effects_add(&core->effects, CLIENT_STORE_LEFT)->conversation =
            client_conversation_id(each);
    }
}

bool client_sync_resume(struct client_core *core, wire_conversation_entry *const *news,
                        size_t count)
{
    struct client_sync *sync = &core->sync;
    for (size_t i = 0; i < count; i++) {
        if (!id_is_conversation(view_of(news[i]->conversation)) ||
            !client_sync_entry(core, news[i]))
            return false;
    }
    struct backoff later = {CLIENT_LIST_LATER_MS, CLIENT_LIST_LATER_MS};
    sync->is_listed = true;
    sync->list_later_ms =
        core->now_ms + CLIENT_LIST_LATER_MS + backoff_full_jitter_ms(later, 0, &core->prng);
    client_sync_pump(core);
    return true;
}

static bool client_sync_listed(struct client_core *core, const wire_conversation_page *page)
{
    struct client_sync *sync = &core->sync;
    sync->list_request = 0;
    sync->list_failures = 0;
    for (size_t i = 0; i < page->n_conversations; i++) {
        const wire_conversation_entry *entry = page->conversations[i];
        struct view id = view_of(entry->conversation);
        if (!id_is_conversation(id) || view_compare(id, view_of(sync->list_after)) <= 0 ||
            !client_sync_entry(core, entry))
            return false;
        memcpy(sync->list_after, id.data, id.size);
        sync->list_after[id.size] = 0;
    }
    if (page->more && page->n_conversations == 0)
        return false;
    if (page->more) {
        client_sync_list(core);
    } else if (sync->is_list_outdated) {
        client_sync_start(core);
    } else {
        sync->is_listed = true;
        client_sync_leave_others(core);
        client_sync_pump(core);
    }
    return true;
}

static bool client_sync_list_answer(struct client_core *core, const wire_server_frame *frame)
{
    struct client_sync *sync = &core->sync;
    if (frame->body_case == SERVER_FRAME(CONVERSATIONS))
        return client_sync_listed(core, frame->conversations);
    if (frame->body_case != SERVER_FRAME(ERROR))
        return false;
    sync->list_request = 0;
    sync->list_retry_ms = client_error_retry_ms(core, frame->error,
                                                client_sync_delay_ms(core, sync->list_failures++));
    return true;
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

static void client_page_ended(struct client_core *core, struct client_page *page,
                              const wire_page_end *end)
{
    struct client_conversation *conversation = client_page_finish(core, page);
    bool is_progress = conversation->stored > page->after;
    if (end->head > conversation->head)
        conversation->head = end->head;
    if (is_progress)
        core->connection.failures = 0;
    if (client_sync_is_behind(conversation) && is_progress) {
        conversation->read_failures = 0;
        list_push_back(&core->sync.queue, &conversation->sync_node);
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
        client_sync_forget(conversation);
    }
    client_sync_pump(core);
}

static bool client_page_event(struct client_core *core, struct client_page *page,
                              const wire_event *event)
{
    struct client_conversation *conversation = page->conversation;
    if (!client_event_is_valid(event) || event->origin != conversation->origin ||
        !view_equal(view_of(event->conversation), client_conversation_id(conversation)) ||
        ++page->event_count > LIMIT_PAGE_EVENTS_MAX + 1) /* with what stands in for hidden ones */
        return false;
    if (!client_event_read(core, conversation, event) && event->seq > conversation->head)
        conversation->head = event->seq;
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
            list_push_back(&sync->queue, node);
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
