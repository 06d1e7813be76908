#include "routing/reader.h"

#include "base/memory.h"
#include "core/frame.h"
#include "core/ids.h"
#include "routing/listing.h"
#include "routing/worker.h"

#include <stdlib.h>

/* The user's place in the conversation; answers the request when there is none, now or ever. */
static bool reader_find_member(struct worker *worker, struct session *session, uint64_t request,
                               struct view conversation, struct member_row *member)
{
    if (!id_is_conversation(conversation)) {
        session_refuse(worker, session, request, REFUSAL_CODE(INVALID_ID),
                       "conversation: 1 to 64 of [A-Za-z0-9._:@-]", false);
        return false;
    }
    enum status status =
        store_get_member(worker->store, conversation, view_of(session->user), member);
    if (status == STATUS_OK)
        return true;
    refusal_code refusal = REFUSAL_CODE(STORAGE_UNAVAILABLE);
    if (status == STATUS_NOT_FOUND) {
        struct conversation_row row;
        arena_reset(&worker->scratch);
        status = store_get_conversation(worker->store, conversation, &worker->scratch, &row);
        refusal = status == STATUS_NOT_FOUND ? REFUSAL_CODE(UNKNOWN_CONVERSATION)
                                             : REFUSAL_CODE(NOT_A_MEMBER);
    }
    session_refuse(worker, session, request, refusal, "", false);
    return false;
}

/* As above, of one who is in now. */
static bool reader_is_member(struct worker *worker, struct session *session, uint64_t request,
                             struct view conversation)
{
    struct member_row member;
    if (!reader_find_member(worker, session, request, conversation, &member))
        return false;
    if (member.role == WIRE(ROLE, UNSPECIFIED))
        session_refuse(worker, session, request, REFUSAL_CODE(NOT_A_MEMBER), "", false);
    return member.role != WIRE(ROLE, UNSPECIFIED);
}

static bool reader_has_room(struct worker *worker, struct session *session, uint64_t request)
{
    if (session->reads < LIMIT_SESSION_READS_MAX)
        return true;
    session_refuse(worker, session, request, REFUSAL_CODE(OVERLOADED),
                   "16 pages wait already for this connection", false);
    return false;
}

static void reader_queue(struct worker *worker, struct session *session, struct reading reading)
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
    if (read->limit > LIMIT_PAGE_EVENTS_MAX) {
        session_refuse(worker, session, request, REFUSAL_CODE(FIELD_INVALID),
                       "read: limit: 0 to 200", false);
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
    };
    /* Someone who left reads up to that. */
    if (member.left_seq != 0 && (reading.before == 0 || reading.before > member.left_seq))
        reading.before = member.left_seq + 1;
    snprintf(reading.conversation, sizeof(reading.conversation), "%s", read->conversation);
    reader_queue(worker, session, reading);
}

static void reader_end_page(struct session *session, const struct reading *reading, size_t count,
                            uint64_t head, bool more)
{
    wire_page_end end = UNSAY__V1__PAGE_END__INIT;
    wire_server_frame frame = UNSAY__V1__SERVER_FRAME__INIT;
    end.conversation = string_of(reading->conversation);
    end.origin = reading->origin;
    end.count = (uint32_t)count;
    end.head = head;
    end.more = more;
    frame.request = reading->request;
    frame.body_case = SERVER_FRAME(PAGE_END);
    frame.page_end = &end;
    lane_push(&session->page,
              (struct lane_item){.kind = LANE_ANSWER, .frame = frame_from_server(&frame)});
}

/* Reads the page, and the head of the log as far as this user may know of it. The user's place is
 * looked up after the events: whatever was appended after they left is told by then. */
static enum status reader_read_page(struct worker *worker, const struct session *session,
                                    const struct store_range *range, struct store_event *events,
                                    size_t *count, bool *more, uint64_t *head)
{
    struct view last;
    struct member_row member;
    enum status status =
        store_read_events(worker->store, range, &worker->scratch, events, count, more);
    if (status != STATUS_OK)
        return status;
    status = store_get_last_event(worker->store, range->conversation, range->origin,
                                  &worker->scratch, head, &last);
    if (status != STATUS_OK)
        return status == STATUS_NOT_FOUND ? STATUS_OK : status;
    status = store_get_member(worker->store, range->conversation, view_of(session->user), &member);
    if (status != STATUS_OK || member.left_seq == 0)
        return status;
    while (*count > 0 && events[*count - 1].seq > member.left_seq)
        --*count;
    *head = *head > member.left_seq ? member.left_seq : *head;
    return STATUS_OK;
}

static void reader_serve_log(struct worker *worker, struct session *session,
                             const struct reading *reading)
{
    struct store_event events[LIMIT_PAGE_EVENTS_MAX];
    struct store_range range = {
        .conversation = view_of(reading->conversation),
        .origin = reading->origin,
        .after = reading->after,
        .before = reading->before,
        .limit = reading->limit,
        .bytes_max = LIMIT_PAGE_BYTES_MAX,
        .newest = reading->newest,
    };
    size_t count = 0;
    bool more = false;
    uint64_t head = 0;
    if (reader_read_page(worker, session, &range, events, &count, &more, &head) != STATUS_OK) {
        session_refuse(worker, session, reading->request, REFUSAL_CODE(STORAGE_UNAVAILABLE), "",
                       false);
        return;
    }
    uint64_t hash = table_hash(range.conversation);
    for (size_t i = 0; i < count; i++) {
        struct lane_item item = {
            .kind = LANE_EVENT,
            .origin = range.origin,
            .frame = frame_around_event(FRAME_EVENT, reading->request, events[i].bytes),
            .request = reading->request,
            .seq = events[i].seq,
            .conversation_hash = hash,
        };
        lane_push(&session->page, item);
    }
    reader_end_page(session, reading, count, head, more);
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
    else
        reader_serve_log(worker, session, reading);
}

/* One row more than asked for tells whether there are others. Former members keep their rows: they
 * are passed over. */
static enum status reader_read_members(struct worker *worker, const wire_list_members *list,
                                       wire_member_page *page, size_t limit)
{
    struct store_membership rows[LIMIT_PAGE_EVENTS_MAX + 1];
    struct view after = view_of(list->after);
    size_t count = limit + 1;
    while (count == limit + 1 && !page->more) {
        enum status status = store_list_members(worker->store, view_of(list->conversation), after,
                                                limit + 1, &worker->scratch, rows, &count);
        if (status != STATUS_OK)
            return status;
        for (size_t i = 0; i < count && !page->more; i++) {
            after = rows[i].user;
            if (rows[i].row.role == WIRE(ROLE, UNSPECIFIED))
                continue;
            page->more = page->n_members == limit;
            if (page->more)
                break;
            wire_member *member = arena_alloc(&worker->scratch, sizeof(*member));
            unsay__v1__member__init(member);
            member->user = arena_text(&worker->scratch, rows[i].user);
            member->role = rows[i].row.role;
            page->members[page->n_members++] = member;
        }
    }
    return STATUS_OK;
}

void reader_list_members(struct worker *worker, struct session *session, uint64_t request,
                         const wire_list_members *list)
{
    wire_member *members[LIMIT_PAGE_EVENTS_MAX];
    wire_member_page page = UNSAY__V1__MEMBER_PAGE__INIT;
    wire_server_frame frame = UNSAY__V1__SERVER_FRAME__INIT;
    if (list->limit > LIMIT_PAGE_EVENTS_MAX || strlen(list->after) > LIMIT_USER_ID_BYTES_MAX) {
        session_refuse(worker, session, request, REFUSAL_CODE(FIELD_INVALID),
                       "list_members: limit: 0 to 200; after: a user", false);
        return;
    }
    if (!reader_is_member(worker, session, request, view_of(list->conversation)))
        return;
    page.conversation = list->conversation;
    page.members = members;
    if (reader_read_members(worker, list, &page,
                            list->limit == 0 ? LIMIT_PAGE_EVENTS_MAX : list->limit) != STATUS_OK) {
        session_refuse(worker, session, request, REFUSAL_CODE(STORAGE_UNAVAILABLE), "", false);
        return;
    }
    frame.request = request;
    frame.body_case = SERVER_FRAME(MEMBERS);
    frame.members = &page;
    session_answer(worker, session, frame_from_server(&frame));
}

static int reader_compare_pins(const void *a, const void *b)
{
    const struct store_pin *left = a;
    const struct store_pin *right = b;
    return left->row.pin_seq < right->row.pin_seq ? -1 : left->row.pin_seq > right->row.pin_seq;
}

void reader_list_pins(struct worker *worker, struct session *session, uint64_t request,
                      const wire_list_pins *list)
{
    struct store_pin pins[LIMIT_PINS_MAX];
    wire_reference references[LIMIT_PINS_MAX];
    wire_reference *reference_list[LIMIT_PINS_MAX];
    wire_pin_list page = UNSAY__V1__PIN_LIST__INIT;
    wire_server_frame frame = UNSAY__V1__SERVER_FRAME__INIT;
    size_t count = 0;
    if (!reader_is_member(worker, session, request, view_of(list->conversation)))
        return;
    if (store_list_pins(worker->store, view_of(list->conversation), ORIGIN_DEFAULT, LIMIT_PINS_MAX,
                        &worker->scratch, pins, &count) != STATUS_OK) {
        session_refuse(worker, session, request, REFUSAL_CODE(STORAGE_UNAVAILABLE), "", false);
        return;
    }
    qsort(pins, count, sizeof(pins[0]), reader_compare_pins);
    for (size_t i = 0; i < count; i++) {
        unsay__v1__reference__init(&references[i]);
        references[i].origin = ORIGIN_DEFAULT;
        references[i].seq = pins[i].seq;
        reference_list[i] = &references[i];
    }
    page.conversation = list->conversation;
    page.pins = reference_list;
    page.n_pins = count;
    frame.request = request;
    frame.body_case = SERVER_FRAME(PINS);
    frame.pins = &page;
    session_answer(worker, session, frame_from_server(&frame));
}

bool reader_subscribe(struct worker *worker, struct session *session)
{
    struct store_membership memberships[LIMIT_PAGE_EVENTS_MAX];
    char after[LIMIT_CONVERSATION_ID_BYTES_MAX + 1] = "";
    for (;;) {
        size_t count = 0;
        arena_reset(&worker->scratch);
        if (store_list_conversations(worker->store, view_of(session->user), view_of(after),
                                     LIMIT_PAGE_EVENTS_MAX, &worker->scratch, memberships,
                                     &count) != STATUS_OK)
            return false;
        for (size_t i = 0; i < count; i++)
            session_subscribe(worker, session, memberships[i].conversation);
        if (count < LIMIT_PAGE_EVENTS_MAX)
            return true;
        snprintf(after, sizeof(after), "%.*s", VIEW_PRINT(memberships[count - 1].conversation));
    }
}
