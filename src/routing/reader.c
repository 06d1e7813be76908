#include "routing/reader_internal.h"

#include "base/memory.h"
#include "core/frame.h"
#include "core/ids.h"
#include "core/visibility.h"
#include "routing/listing.h"
#include "routing/worker.h"

enum status reader_get_place(struct worker *worker, const struct session *session,
                             struct view conversation, struct member_row *member)
{
    enum status status =
        store_get_member(worker->store, conversation, view_of(session->user), member);
    if (status != STATUS_NOT_FOUND || !session->is_call ||
        session->authority != WIRE(ACTOR, SYSTEM))
        return status;
    struct conversation_row row;
    status = store_get_conversation(worker->store, conversation, &worker->scratch, &row);
    *member = (struct member_row){.role = WIRE(ROLE, OWNER)};
    return status;
}

bool reader_find_member(struct worker *worker, struct session *session, uint64_t request,
                        struct view conversation, struct member_row *member)
{
    if (!id_is_conversation(conversation)) {
        session_refuse(worker, session, request, REFUSAL_CODE(INVALID_ID),
                       "conversation: 1 to 64 of [A-Za-z0-9._:@-]", false);
        return false;
    }
    arena_reset(&worker->scratch);
    enum status status = reader_get_place(worker, session, conversation, member);
    if (status == STATUS_OK && visibility_end(member) > 0)
        return true;
    refusal_code refusal = REFUSAL_CODE(STORAGE_UNAVAILABLE);
    if (status == STATUS_OK) { /* invited at most */
        refusal = REFUSAL_CODE(NOT_A_MEMBER);
    } else if (status == STATUS_NOT_FOUND) {
        struct conversation_row row;
        arena_reset(&worker->scratch);
        status = store_get_conversation(worker->store, conversation, &worker->scratch, &row);
        refusal = status == STATUS_NOT_FOUND ? REFUSAL_CODE(UNKNOWN_CONVERSATION)
                                             : REFUSAL_CODE(NOT_A_MEMBER);
    }
    session_refuse(worker, session, request, refusal, "", false);
    return false;
}

bool reader_is_member(struct worker *worker, struct session *session, uint64_t request,
                      struct view conversation, struct member_row *member)
{
    if (!reader_find_member(worker, session, request, conversation, member))
        return false;
    if (!row_is_member(member))
        session_refuse(worker, session, request, REFUSAL_CODE(NOT_A_MEMBER), "", false);
    return row_is_member(member);
}

bool reader_has_room(struct worker *worker, struct session *session, uint64_t request)
{
    if (session->reads < LIMIT_SESSION_READS_MAX)
        return true;
    session_refuse(worker, session, request, REFUSAL_CODE(OVERLOADED),
                   "16 pages wait already for this connection", false);
    return false;
}

void reader_queue(struct worker *worker, struct session *session, struct reading reading)
{
    lane_push(
        &session->normal,
        (struct lane_item){.kind = LANE_READ, .reading = memory_copy(&reading, sizeof(reading))});
    session->reads++;
    worker_touch(worker, session);
}

void reader_request(struct worker *worker, struct session *session, uint64_t request,
                    const wire_read *read)
{
    struct member_row member;
    if (read->limit > LIMIT_PAGE_EVENTS_MAX || (read->recalls_only && read->newest)) {
        session_refuse(worker, session, request, REFUSAL_CODE(FIELD_INVALID),
                       "read: limit: 0 to 200; newest: not with recalls_only", false);
        return;
    }
    if (!reader_has_room(worker, session, request) ||
        !reader_find_member(worker, session, request, view_of(read->conversation), &member))
        return;
    struct reading reading = {
        .request = request,
        .after = read->after,
        .before = read->before,
        .origin = read->origin == 0 ? ORIGIN_DEFAULT : read->origin,
        .limit = read->limit == 0 ? LIMIT_PAGE_EVENTS_MAX : read->limit,
        .newest = read->newest,
        .recalls_only = read->recalls_only,
    };
    snprintf(reading.conversation, sizeof(reading.conversation), "%s", read->conversation);
    reader_queue(worker, session, reading);
}

void reader_end_page(struct session *session, const struct reading *reading,
                     const struct reader_page *page)
{
    wire_page_end end = UNSAY__V1__PAGE_END__INIT;
    wire_server_frame frame = UNSAY__V1__SERVER_FRAME__INIT;
    end.conversation = string_of(reading->conversation);
    end.origin = reading->origin;
    end.count = (uint32_t)page->count;
    end.head = page->head;
    end.more = page->more;
    end.next = page->next;
    end.begin = page->begin;
    frame.request = reading->request;
    frame.body_case = SERVER_FRAME(PAGE_END);
    frame.page_end = &end;
    lane_push(&session->page,
              (struct lane_item){.kind = LANE_ANSWER, .frame = frame_from_server(&frame)});
}

void reader_put_event(struct session *session, const struct reading *reading, uint64_t hash,
                      const struct store_event *event)
{
    struct lane_item item = {
        .kind = LANE_EVENT,
        .origin = reading->origin,
        .frame = frame_around_event(FRAME_EVENT, reading->request, event->bytes),
        .request = reading->request,
        .seq = event->seq,
        .conversation_hash = hash,
    };
    lane_push(&session->page, item);
}

bool reader_allows(struct worker *worker, const struct member_row *member,
                   const struct store_event *event)
{
    if (visibility_allows(member, event->seq))
        return true;
    if (event_peek(event->bytes).kind != EVENT_KIND(RECALL))
        return false;
    const wire_event *decoded = event_decode(event->bytes, &worker->scratch);
    return decoded != NULL && decoded->kind_case == EVENT_KIND(RECALL) &&
           visibility_allows_recall(member, event->seq, decoded->recall->target_seq);
}

/* Takes from the page what is not for the user as they are now: they may have left, and come back,
 * since it was read. */
static void reader_trim(struct worker *worker, const struct member_row *member,
                        struct reader_page *page)
{
    uint64_t end = visibility_end(member);
    size_t kept = 0;
    while (kept < page->count && reader_allows(worker, member, &page->events[kept]))
        kept++;
    if (kept < page->count || page->passed > end) {
        page->more = row_is_member(member);
        page->count = kept;
        page->passed = kept == 0 ? 0 : page->events[kept - 1].seq;
    }
    if (page->head > end)
        page->head = end;
}

/* A part of the log that is not for the user, but for recalls of what was. */
static void reader_pick_recalls(struct worker *worker, const struct member_row *member,
                                uint32_t limit, struct reader_page *page)
{
    size_t count = page->count;
    page->count = 0;
    for (size_t i = 0; i < count; i++) {
        if (page->count == limit) {
            page->more = true;
            return;
        }
        page->passed = page->events[i].seq;
        if (reader_allows(worker, member, &page->events[i]))
            page->events[page->count++] = page->events[i];
    }
}

/* The events of the page: of a part that is for the user, or recalls of one that is not. */
static enum status reader_read_events(struct worker *worker, const struct member_row *member,
                                      const struct reading *reading, struct reader_page *page)
{
    struct visible_range visible =
        visibility_range(member, reading->after, reading->before, reading->newest);
    struct store_range range = {
        .conversation = view_of(reading->conversation),
        .origin = reading->origin,
        .after = visible.after,
        .before = visible.before,
        .limit = reading->limit,
        .bytes_max = LIMIT_PAGE_BYTES_MAX,
        .newest = reading->newest,
    };
    page->hidden = visible.hidden;
    page->passed = visible.hidden.last;
    if (visible.has_recalls) {
        range.after = visible.hidden.first - 1;
        range.before = visible.hidden.last + 1;
        range.limit = LIMIT_PAGE_EVENTS_MAX;
    } else if (visible.is_empty) {
        return STATUS_OK;
    }
    enum status status = store_read_events(worker->store, &range, &worker->scratch, page->events,
                                           &page->count, &page->more);
    if (status == STATUS_OK && visible.has_recalls)
        reader_pick_recalls(worker, member, reading->limit, page);
    page->more |= visible.more || (visible.has_recalls && !visible.is_empty);
    return status;
}

/* Whether the page continues a cursor at its `after`. */
static bool reader_reads_on(const struct reading *reading, const struct reader_page *page)
{
    uint64_t first = page->count == 0 ? 0 : page->events[0].seq;
    return (page->hidden.first == 0 ? first : page->hidden.first) == reading->after + 1;
}

/* The user's place is looked up before the events, to know where to read, and after them: whatever
 * was appended after they left is told by then. */
static enum status reader_read_page(struct worker *worker, const struct session *session,
                                    const struct reading *reading, struct reader_page *page)
{
    struct view conversation = view_of(reading->conversation);
    struct view last;
    struct member_row member;
    *page = (struct reader_page){.count = 0};
    enum status status = reader_get_place(worker, session, conversation, &member);
    if (status == STATUS_OK)
        status = reader_read_events(worker, &member, reading, page);
    if (status != STATUS_OK)
        return status;
    status = store_get_last_event(worker->store, conversation, reading->origin, &worker->scratch,
                                  &page->head, &last);
    if (status != STATUS_OK)
        return status == STATUS_NOT_FOUND ? STATUS_OK : status;
    status = reader_get_place(worker, session, conversation, &member);
    if (status != STATUS_OK)
        return status;
    reader_trim(worker, &member, page);
    if (!reading->newest && reader_reads_on(reading, page))
        status = retention_begin(worker, conversation, reading->origin, page->head, reading->after,
                                 &page->begin);
    return status;
}

/* In the place of what is not for the user, from *first up to before the event `seq`. */
static void reader_skip(struct session *session, const struct reading *reading,
                        const struct reader_page *page, uint64_t *first, uint64_t seq)
{
    wire_event event = UNSAY__V1__EVENT__INIT;
    wire_hidden hidden = UNSAY__V1__HIDDEN__INIT;
    wire_server_frame frame = UNSAY__V1__SERVER_FRAME__INIT;
    uint64_t last = seq - 1 < page->hidden.last ? seq - 1 : page->hidden.last;
    hidden.first = *first;
    *first = seq + 1;
    if (hidden.first > last)
        return;
    event.conversation = string_of(reading->conversation);
    event.origin = reading->origin;
    event.seq = last;
    event.kind_case = EVENT_KIND(HIDDEN);
    event.hidden = &hidden;
    frame.request = reading->request;
    frame.body_case = SERVER_FRAME(EVENT);
    frame.event = &event;
    lane_push(&session->page,
              (struct lane_item){.kind = LANE_ANSWER, .frame = frame_from_server(&frame)});
}

static void reader_serve_log(struct worker *worker, struct session *session,
                             const struct reading *reading)
{
    struct reader_page page;
    if (reader_read_page(worker, session, reading, &page) != STATUS_OK) {
        session_refuse(worker, session, reading->request, REFUSAL_CODE(STORAGE_UNAVAILABLE), "",
                       false);
        return;
    }
    uint64_t hash = table_hash(view_of(reading->conversation));
    uint64_t hidden = page.hidden.first;
    for (size_t i = 0; i < page.count; i++) {
        if (page.hidden.first != 0)
            reader_skip(session, reading, &page, &hidden, page.events[i].seq);
        reader_put_event(session, reading, hash, &page.events[i]);
    }
    if (page.hidden.first != 0)
        reader_skip(session, reading, &page, &hidden, page.passed + 1);
    reader_end_page(session, reading, &page);
    stats_add(&worker->stats, STAT_pages_served, 1);
}

void reader_list(struct worker *worker, struct session *session, uint64_t request,
                 const wire_list_conversations *list)
{
    if (list->limit > LIMIT_PAGE_EVENTS_MAX || list->order > WIRE(LIST_ORDER, ACTIVITY) ||
        list->order < WIRE(LIST_ORDER, ID) ||
        strlen(list->after) > LIMIT_CONVERSATION_ID_BYTES_MAX) {
        session_refuse(worker, session, request, REFUSAL_CODE(FIELD_INVALID),
                       "list_conversations: limit: 0 to 200; order: 0 or 1; after: a "
                       "conversation's id",
                       false);
        return;
    }
    if (!reader_has_room(worker, session, request))
        return;
    struct reading reading = {
        .is_list = true,
        .request = request,
        .limit = list->limit == 0 ? LIMIT_PAGE_EVENTS_MAX : list->limit,
        .order = list->order,
        .with_hidden = list->with_hidden != 0,
        .pinned_ms = list->place == NULL ? 0 : list->place->pinned_ms,
        .activity = list->place == NULL ? 0 : list->place->activity,
    };
    snprintf(reading.conversation, sizeof(reading.conversation), "%s", list->after);
    reader_queue(worker, session, reading);
}

void reader_serve(struct worker *worker, struct session *session, const struct reading *reading)
{
    arena_reset(&worker->scratch);
    if (reading->is_list)
        listing_serve(worker, session, reading);
    else if (reading->recalls_only)
        reader_serve_recalls(worker, session, reading);
    else
        reader_serve_log(worker, session, reading);
}
