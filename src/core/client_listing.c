/* The list of conversations, page by page: which of them are behind, where their logs begin, and
 * when they were active last. */
#include "core/backoff.h"
#include "core/client_sync_internal.h"
#include "core/ids.h"
#include "core/rows.h"

enum { CLIENT_LIST_LATER_MS = 60000 };

void client_sync_list(struct client_core *core)
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
    core->sync.done = 0;
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
        conversation->begin = head->begin <= head->seq ? head->begin : 0;
        if (head->time > conversation->activity)
            conversation->activity = head->time;
        client_queue_moved(&core->sync.queue, conversation);
        /* A head below the cursor is that of a server that lost its log: no cursor fits it. */
        if (conversation->stored <= head->seq)
            client_acks_add(core, conversation);
        if (conversation->stored < head->seq)
            client_sync_queue(core, conversation, head->seq, 0);
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
    if (sync->lag > 0)
        client_sync_show_progress(core);
    client_sync_pump(core);
    return true;
}

static void client_sync_all_listed(struct client_core *core)
{
    core->sync.is_listed = true;
    client_sync_leave_others(core);
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
    if (page->more)
        client_sync_list(core);
    else if (sync->is_list_outdated)
        client_sync_start(core);
    else
        client_sync_all_listed(core);
    if (sync->lag > 0)
        client_sync_show_progress(core);
    client_sync_pump(core);
    return true;
}

bool client_sync_list_answer(struct client_core *core, const wire_server_frame *frame)
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
