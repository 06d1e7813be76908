#include "routing/listing.h"

#include "core/frame.h"
#include "core/listing.h"
#include "core/settings.h"
#include "core/visibility.h"
#include "routing/overview.h"
#include "routing/worker.h"

#include <stdlib.h>

/* A conversation of the user, on its way into a page. */
struct listed {
    struct store_membership membership;
    struct last_message_row activity;
    struct listing_place place; /* lends the membership's conversation */
};

/* What a page is made of; everything in it lives in the worker's scratch arena. */
struct listed_page {
    struct listed *items;
    size_t count;
    bool more;
};

void listing_note_message(struct interest *interest, const struct publication *publication)
{
    if (publication->message_time == 0 ||
        (interest->knows_last_message && publication->seq < interest->last_message.seq))
        return;
    interest->last_message = (struct last_message_row){publication->seq, publication->message_time};
    interest->knows_last_message = true;
}

/* The last event is a message, or a row tells which message was the last. */
static enum status listing_read_last_message(struct worker *worker, struct view conversation,
                                             struct last_message_row *last)
{
    struct arena arena;
    struct view bytes;
    uint64_t head = 0;
    const wire_event *event = NULL;
    arena_init(&arena);
    *last = (struct last_message_row){.seq = 0};
    enum status status =
        store_get_last_event(worker->store, conversation, ORIGIN_DEFAULT, &arena, &head, &bytes);
    if (status == STATUS_OK) {
        event = event_decode(bytes, &arena);
        status = event == NULL ? STATUS_CORRUPT : STATUS_OK;
    }
    if (event != NULL && event->kind_case == EVENT_KIND(MESSAGE))
        *last = (struct last_message_row){head, event->time};
    else if (event != NULL)
        status = store_get_last_message(worker->store, conversation, ORIGIN_DEFAULT, last);
    arena_fini(&arena);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

/* From memory where the conversation is followed, which is then kept up. */
static enum status listing_last_message(struct worker *worker, struct view conversation,
                                        struct last_message_row *last)
{
    struct interest *interest = table_get(&worker->interests, conversation);
    if (interest != NULL && interest->knows_last_message) {
        *last = interest->last_message;
        return STATUS_OK;
    }
    enum status status = listing_read_last_message(worker, conversation, last);
    if (status == STATUS_OK && interest != NULL) {
        interest->last_message = *last;
        interest->knows_last_message = true;
    }
    return status;
}

/* Rows that were written before joined_time was kept name the event alone. */
static enum status listing_joined_time(struct worker *worker,
                                       const struct store_membership *membership, uint64_t *time)
{
    struct event_key key = {membership->conversation, ORIGIN_DEFAULT, membership->row.joined_seq};
    struct arena arena;
    struct view bytes;
    *time = membership->row.joined_time;
    if (*time != 0)
        return STATUS_OK;
    arena_init(&arena);
    enum status status = store_get_event(worker->store, key, &arena, &bytes);
    const wire_event *event = status == STATUS_OK ? event_decode(bytes, &arena) : NULL;
    if (event != NULL)
        *time = event->time;
    arena_fini(&arena);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

/* Fills in the activity and the place of an item whose membership is set. */
static enum status listing_place(struct worker *worker, struct listed *item)
{
    const struct store_membership *membership = &item->membership;
    bool is_invited = membership->row.role == WIRE(ROLE, INVITED); /* and hears of no message */
    item->activity = (struct last_message_row){.seq = 0};
    enum status status =
        is_invited ? STATUS_OK
                   : listing_last_message(worker, membership->conversation, &item->activity);
    if (status == STATUS_OK && item->activity.seq < membership->row.joined_seq) {
        item->activity.seq = membership->row.joined_seq;
        status = listing_joined_time(worker, membership, &item->activity.time);
    }
    item->place = (struct listing_place){membership->row.listing.pinned_ms, item->activity.time,
                                         membership->conversation};
    return status;
}

/* A page by id. */
static enum status listing_read_by_id(struct worker *worker, const struct session *session,
                                      const struct reading *reading, struct listed_page *page)
{
    struct store_membership memberships[LIMIT_PAGE_EVENTS_MAX + 1];
    size_t count = 0;
    enum status status = store_list_conversations(
        worker->store, view_of(session->user), view_of(reading->conversation), reading->limit + 1,
        &worker->scratch, memberships, &count);
    page->more = count > reading->limit;
    page->count = page->more ? reading->limit : count;
    page->items = arena_zero(&worker->scratch, (page->count + 1) * sizeof(*page->items));
    for (size_t i = 0; i < page->count && status == STATUS_OK; i++) {
        page->items[i].membership = memberships[i];
        status = listing_place(worker, &page->items[i]);
    }
    return status;
}

static int listing_compare_items(const void *a, const void *b)
{
    const struct listed *left = a;
    const struct listed *right = b;
    return listing_compare(&left->place, &right->place);
}

/* Room for one more item, which is not counted yet. */
static struct listed *listing_next_item(struct arena *arena, struct listed_page *page,
                                        size_t *capacity)
{
    if (page->count == *capacity) {
        const struct listed *items = page->items;
        *capacity = 2 * *capacity + LIMIT_PAGE_EVENTS_MAX;
        page->items = arena_alloc(arena, *capacity * sizeof(*items));
        if (page->count > 0)
            memcpy(page->items, items, page->count * sizeof(*items));
    }
    return &page->items[page->count];
}

/* All conversations of the user that belong into the list and stand below the page before. */
static enum status listing_gather(struct worker *worker, const struct session *session,
                                  const struct reading *reading, struct listed_page *page)
{
    struct store_membership memberships[LIMIT_PAGE_EVENTS_MAX];
    struct listing_place before = {reading->pinned_ms, reading->activity,
                                   view_of(reading->conversation)};
    struct view after = {NULL, 0};
    size_t count = LIMIT_PAGE_EVENTS_MAX;
    size_t capacity = 0;
    while (count == LIMIT_PAGE_EVENTS_MAX && page->count < LIMIT_CONVERSATIONS_PER_USER_MAX) {
        enum status status =
            store_list_conversations(worker->store, view_of(session->user), after,
                                     LIMIT_PAGE_EVENTS_MAX, &worker->scratch, memberships, &count);
        for (size_t i = 0; i < count && status == STATUS_OK; i++) {
            struct listed *item = listing_next_item(&worker->scratch, page, &capacity);
            item->membership = memberships[i];
            status = listing_place(worker, item);
            bool is_shown = reading->with_hidden ||
                            !listing_is_hidden(&item->membership.row.listing, item->activity.seq);
            bool is_below =
                before.conversation.size == 0 || listing_compare(&before, &item->place) < 0;
            page->count += is_shown && is_below;
        }
        if (status != STATUS_OK)
            return status;
        if (count > 0)
            after = memberships[count - 1].conversation;
    }
    return STATUS_OK;
}

static enum status listing_read_by_activity(struct worker *worker, const struct session *session,
                                            const struct reading *reading, struct listed_page *page)
{
    enum status status = listing_gather(worker, session, reading, page);
    if (status != STATUS_OK)
        return status;
    if (page->count > 0)
        qsort(page->items, page->count, sizeof(*page->items), listing_compare_items);
    page->more = page->count > reading->limit;
    page->count = page->more ? reading->limit : page->count;
    return STATUS_OK;
}

/* One who is invited is told by whom, and nothing of the log. */
static enum status listing_fill_invitation(struct worker *worker, const struct listed *item,
                                           wire_conversation_entry *entry)
{
    struct event_key key = {item->membership.conversation, ORIGIN_DEFAULT,
                            item->membership.row.joined_seq};
    struct view bytes;
    entry->n_heads = 0;
    enum status status = store_get_event(worker->store, key, &worker->scratch, &bytes);
    if (status != STATUS_OK)
        return status == STATUS_NOT_FOUND ? STATUS_CORRUPT : status;
    const wire_event *event = event_decode(bytes, &worker->scratch);
    if (event == NULL || event->kind_case != EVENT_KIND(MEMBERSHIP))
        return STATUS_CORRUPT;
    entry->peer = event->membership->actor;
    return STATUS_OK;
}

/* What the store has of the conversation, for this user and device. The user's place is looked up
 * once more after the head: no event up to there says otherwise, and whatever was appended after
 * they left is told by then. */
static enum status listing_fill_entry(struct worker *worker, const struct session *session,
                                      struct listed *item, wire_conversation_entry *entry,
                                      wire_head *head)
{
    struct member_row *member = &item->membership.row;
    struct arena *arena = &worker->scratch;
    struct view conversation = item->membership.conversation;
    struct conversation_row row = {.time = 0};
    struct cursor_row cursor = {.receipt_seq = 0};
    struct view bytes = {NULL, 0};
    enum status status = store_get_conversation(worker->store, conversation, arena, &row);
    if (status != STATUS_OK)
        return status;
    head->origin = ORIGIN_DEFAULT;
    status = store_get_last_event(worker->store, conversation, ORIGIN_DEFAULT, arena, &head->seq,
                                  &bytes);
    if (status == STATUS_OK || status == STATUS_NOT_FOUND)
        status = store_get_member(worker->store, conversation, view_of(session->user), member);
    if (status != STATUS_OK)
        return status;
    if (head->seq > visibility_end(member))
        head->seq = visibility_end(member);
    else
        head->time = event_peek(bytes).time;
    status = store_get_cursor(worker->store, view_of(session->user), view_of(session->device),
                              conversation, ORIGIN_DEFAULT, &cursor);
    if (status != STATUS_OK && status != STATUS_NOT_FOUND)
        return status;
    head->stored = trail_seq(&cursor.stored);
    head->displayed = trail_seq(&cursor.displayed);
    status = retention_begin(worker, conversation, ORIGIN_DEFAULT, head->seq, head->stored,
                             &head->begin);
    if (status != STATUS_OK)
        return status;

    entry->conversation = arena_text(arena, conversation);
    entry->type = row.type;
    entry->name = arena_text(arena, row.name);
    entry->role = member->role;
    if (member->role == WIRE(ROLE, INVITED))
        return listing_fill_invitation(worker, item, entry);
    entry->muted_until_ms = member->muted_until_ms;
    if (row.type == WIRE(CONVERSATION_TYPE, DIRECT)) {
        struct view peer =
            view_equal(row.peers[0], view_of(session->user)) ? row.peers[1] : row.peers[0];
        entry->peer = arena_text(arena, peer);
    } else {
        entry->settings = arena_alloc(arena, sizeof(*entry->settings));
        settings_fill(&row, arena, entry->settings);
    }
    return STATUS_OK;
}

/* What the user set, and what is new to the user. */
static enum status listing_fill_view(struct worker *worker, const struct session *session,
                                     const struct listed *item, bool has_overview,
                                     wire_conversation_entry *entry)
{
    const struct listing_row *listing = &item->membership.row.listing;
    entry->activity_seq = item->activity.seq;
    entry->activity = item->activity.time;
    if (listing->version != 0) {
        entry->listing = arena_alloc(&worker->scratch, sizeof(*entry->listing));
        listing_to_wire(listing, entry->listing);
    }
    if (!has_overview || item->membership.row.role == WIRE(ROLE, INVITED))
        return STATUS_OK;
    struct overview overview;
    struct barren unknown = {.first = 0};
    struct interest *interest = table_get(&worker->interests, item->place.conversation);
    enum status status =
        overview_read(worker->store, session->user, item->place.conversation, &item->membership.row,
                      interest == NULL ? &unknown : &interest->barren, &worker->scratch, &overview);
    entry->unread = overview.unread;
    entry->mentions = overview.mentions;
    entry->preview = overview.preview;
    return status;
}

enum status listing_describe(struct worker *worker, const struct session *session,
                             const struct store_membership *membership,
                             wire_conversation_entry *entry, wire_head *head)
{
    struct listed item = {.membership = *membership};
    enum status status = listing_place(worker, &item);
    if (status == STATUS_OK)
        status = listing_fill_entry(worker, session, &item, entry, head);
    return status == STATUS_OK ? listing_fill_view(worker, session, &item, false, entry) : status;
}

static void listing_answer(struct session *session, const struct reading *reading,
                           wire_conversation_page *page)
{
    wire_server_frame frame = UNSAY__V1__SERVER_FRAME__INIT;
    frame.request = reading->request;
    frame.body_case = SERVER_FRAME(CONVERSATIONS);
    frame.conversations = page;
    lane_push(&session->page,
              (struct lane_item){.kind = LANE_ANSWER, .frame = frame_from_server(&frame)});
}

void listing_serve(struct worker *worker, struct session *session, const struct reading *reading)
{
    wire_conversation_entry entries[LIMIT_PAGE_EVENTS_MAX];
    wire_conversation_entry *entry_list[LIMIT_PAGE_EVENTS_MAX];
    wire_head heads[LIMIT_PAGE_EVENTS_MAX];
    wire_head *head_list[LIMIT_PAGE_EVENTS_MAX];
    bool has_overview = reading->limit <= LIMIT_OVERVIEW_CONVERSATIONS_MAX;
    struct listed_page listed = {.count = 0};
    enum status status = reading->order == WIRE(LIST_ORDER, ACTIVITY)
                             ? listing_read_by_activity(worker, session, reading, &listed)
                             : listing_read_by_id(worker, session, reading, &listed);
    wire_conversation_page page = UNSAY__V1__CONVERSATION_PAGE__INIT;
    page.more = listed.more;
    page.n_conversations = listed.count;
    page.conversations = entry_list;
    for (size_t i = 0; i < listed.count && status == STATUS_OK; i++) {
        unsay__v1__conversation_entry__init(&entries[i]);
        unsay__v1__head__init(&heads[i]);
        entry_list[i] = &entries[i];
        head_list[i] = &heads[i];
        entries[i].n_heads = 1;
        entries[i].heads = &head_list[i];
        status = listing_fill_entry(worker, session, &listed.items[i], &entries[i], &heads[i]);
        if (status == STATUS_OK)
            status =
                listing_fill_view(worker, session, &listed.items[i], has_overview, &entries[i]);
    }
    if (status == STATUS_OK)
        listing_answer(session, reading, &page);
    else
        session_refuse(worker, session, reading->request, REFUSAL_CODE(STORAGE_UNAVAILABLE), "",
                       false);
}
