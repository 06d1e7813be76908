#include "routing/reader.h"

#include "base/memory.h"
#include "core/frame.h"
#include "core/ids.h"
#include "routing/worker.h"

/* The user's right to read the conversation; answers the request when there is none. */
static bool reader_may_read(struct worker *worker, struct session *session, uint64_t request,
                            struct view conversation)
{
    struct member_row member;
    if (!id_is_conversation(conversation)) {
        session_refuse(worker, session, request, REFUSAL_CODE(INVALID_ID),
                       "conversation: 1 to 64 of [A-Za-z0-9._:@-]", false);
        return false;
    }
    enum status status =
        store_get_member(worker->store, conversation, view_of(session->user), &member);
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

void reader_request(struct worker *worker, struct session *session, uint64_t request,
                    const wire_read *read)
{
    if (read->limit > LIMIT_PAGE_EVENTS_MAX) {
        session_refuse(worker, session, request, REFUSAL_CODE(FIELD_INVALID),
                       "read: limit: 0 to 200", false);
        return;
    }
    if (session->reads >= LIMIT_SESSION_READS_MAX) {
        session_refuse(worker, session, request, REFUSAL_CODE(OVERLOADED),
                       "read: 16 pages wait already for this connection", false);
        return;
    }
    if (!reader_may_read(worker, session, request, view_of(read->conversation)))
        return;
    struct reading *reading = memory_new(sizeof(*reading));
    reading->request = request;
    reading->after = read->after;
    reading->before = read->before;
    reading->origin = read->origin == 0 ? ORIGIN_DEFAULT : read->origin;
    reading->limit = read->limit == 0 ? LIMIT_PAGE_EVENTS_MAX : read->limit;
    reading->newest = read->newest;
    snprintf(reading->conversation, sizeof(reading->conversation), "%s", read->conversation);
    lane_push(&session->normal, (struct lane_item){.kind = LANE_READ, .reading = reading});
    session->reads++;
    worker_touch(worker, session);
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

void reader_serve(struct worker *worker, struct session *session, const struct reading *reading)
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
    struct view last;
    arena_reset(&worker->scratch);
    enum status status =
        store_read_events(worker->store, &range, &worker->scratch, events, &count, &more);
    if (status == STATUS_OK)
        status = store_get_last_event(worker->store, range.conversation, range.origin,
                                      &worker->scratch, &head, &last);
    if (status != STATUS_OK && status != STATUS_NOT_FOUND) {
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

static enum status reader_fill_entry(struct worker *worker, const struct session *session,
                                     const struct store_membership *membership,
                                     wire_conversation_entry *entry, wire_head *head)
{
    struct arena *arena = &worker->scratch;
    struct conversation_row row = {.time = 0};
    struct cursor_row cursor = {0, 0};
    struct view bytes;
    enum status status =
        store_get_conversation(worker->store, membership->conversation, arena, &row);
    if (status != STATUS_OK)
        return status;
    head->origin = ORIGIN_DEFAULT;
    status = store_get_last_event(worker->store, membership->conversation, ORIGIN_DEFAULT, arena,
                                  &head->seq, &bytes);
    if (status != STATUS_OK && status != STATUS_NOT_FOUND)
        return status;
    status = store_get_cursor(worker->store, view_of(session->user), view_of(session->device),
                              membership->conversation, ORIGIN_DEFAULT, &cursor);
    if (status != STATUS_OK && status != STATUS_NOT_FOUND)
        return status;
    head->stored = cursor.stored;
    head->displayed = cursor.displayed;

    entry->conversation = arena_text(arena, membership->conversation);
    entry->type = row.type;
    entry->name = arena_text(arena, row.name);
    entry->role = membership->row.role;
    if (row.type == WIRE(CONVERSATION_TYPE, DIRECT)) {
        struct view peer =
            view_equal(row.peers[0], view_of(session->user)) ? row.peers[1] : row.peers[0];
        entry->peer = arena_text(arena, peer);
    }
    return STATUS_OK;
}

void reader_list(struct worker *worker, struct session *session, uint64_t request,
                 const wire_list_conversations *list)
{
    struct store_membership memberships[LIMIT_PAGE_EVENTS_MAX + 1];
    wire_conversation_entry entries[LIMIT_PAGE_EVENTS_MAX];
    wire_conversation_entry *entry_list[LIMIT_PAGE_EVENTS_MAX];
    wire_head heads[LIMIT_PAGE_EVENTS_MAX];
    wire_head *head_list[LIMIT_PAGE_EVENTS_MAX];
    if (list->limit > LIMIT_PAGE_EVENTS_MAX ||
        strlen(list->after) > LIMIT_CONVERSATION_ID_BYTES_MAX) {
        session_refuse(worker, session, request, REFUSAL_CODE(FIELD_INVALID),
                       "list_conversations: limit: 0 to 200; after: a conversation's id", false);
        return;
    }
    size_t limit = list->limit == 0 ? LIMIT_PAGE_EVENTS_MAX : list->limit;
    size_t count = 0;
    arena_reset(&worker->scratch);
    enum status status =
        store_list_conversations(worker->store, view_of(session->user), view_of(list->after),
                                 limit + 1, &worker->scratch, memberships, &count);
    wire_conversation_page page = UNSAY__V1__CONVERSATION_PAGE__INIT;
    page.more = count > limit;
    page.n_conversations = count > limit ? limit : count;
    page.conversations = entry_list;
    for (size_t i = 0; i < page.n_conversations && status == STATUS_OK; i++) {
        unsay__v1__conversation_entry__init(&entries[i]);
        unsay__v1__head__init(&heads[i]);
        entry_list[i] = &entries[i];
        head_list[i] = &heads[i];
        entries[i].n_heads = 1;
        entries[i].heads = &head_list[i];
        status = reader_fill_entry(worker, session, &memberships[i], &entries[i], &heads[i]);
    }
    if (status != STATUS_OK) {
        session_refuse(worker, session, request, REFUSAL_CODE(STORAGE_UNAVAILABLE), "", false);
        return;
    }
    wire_server_frame frame = UNSAY__V1__SERVER_FRAME__INIT;
    frame.request = request;
    frame.body_case = SERVER_FRAME(CONVERSATIONS);
    frame.conversations = &page;
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
