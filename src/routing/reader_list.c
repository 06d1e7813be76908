/* Who is in a conversation, what is pinned there, and what a session follows. */
#include "core/frame.h"
#include "core/visibility.h"
#include "routing/reader.h"
#include "routing/worker.h"

#include <stdlib.h>

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
            member->muted_until_ms = rows[i].row.muted_until_ms;
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
    struct member_row member;
    if (!reader_is_member(worker, session, request, view_of(list->conversation), &member))
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
    struct member_row member;
    if (!reader_is_member(worker, session, request, view_of(list->conversation), &member))
        return;
    if (store_list_pins(worker->store, view_of(list->conversation), ORIGIN_DEFAULT, LIMIT_PINS_MAX,
                        &worker->scratch, pins, &count) != STATUS_OK) {
        session_refuse(worker, session, request, REFUSAL_CODE(STORAGE_UNAVAILABLE), "", false);
        return;
    }
    qsort(pins, count, sizeof(pins[0]), reader_compare_pins);
    for (size_t i = 0; i < count; i++) {
        if (!visibility_allows(&member, pins[i].seq))
            continue;
        unsay__v1__reference__init(&references[page.n_pins]);
        references[page.n_pins].origin = ORIGIN_DEFAULT;
        references[page.n_pins].seq = pins[i].seq;
        reference_list[page.n_pins] = &references[page.n_pins];
        page.n_pins++;
    }
    page.conversation = list->conversation;
    page.pins = reference_list;
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
        for (size_t i = 0; i < count; i++) {
            const struct store_membership *each = &memberships[i];
            if (row_is_member(&each->row)) /* not only invited */
                session_subscribe(worker, session, each->conversation,
                                  visibility_since(&each->row));
        }
        if (count < LIMIT_PAGE_EVENTS_MAX)
            return true;
        snprintf(after, sizeof(after), "%.*s", VIEW_PRINT(memberships[count - 1].conversation));
    }
}
