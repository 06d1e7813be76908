/* What holds for everyone in a conversation. */
#include "core/frame.h"
#include "core/settings.h"
#include "routing/reader.h"
#include "routing/worker.h"

static void reader_fill_peers(struct arena *arena, const struct conversation_row *row,
                              wire_conversation_info *info)
{
    info->peers = arena_zero(arena, 2 * sizeof(*info->peers));
    for (size_t i = 0; i < 2; i++)
        info->peers[i] = arena_text(arena, row->peers[i]);
    info->n_peers = 2;
}

static enum status reader_fill_info(struct worker *worker, struct view conversation,
                                    wire_conversation_info *info)
{
    struct arena *arena = &worker->scratch;
    struct conversation_row row;
    struct view last;
    enum status status = store_get_conversation(worker->store, conversation, arena, &row);
    if (status == STATUS_OK)
        status = store_get_last_event(worker->store, conversation, ORIGIN_DEFAULT, arena,
                                      &info->head, &last);
    if (status != STATUS_OK)
        return status;
    info->conversation = arena_text(arena, conversation);
    info->type = row.type;
    info->members = row.member_count;
    info->owners = row.owner_count;
    info->invited = row.invited_count;
    info->creator = arena_text(arena, row.creator);
    info->time = row.time;
    if (row.type == WIRE(CONVERSATION_TYPE, DIRECT)) {
        reader_fill_peers(arena, &row, info);
    } else {
        info->settings = arena_alloc(arena, sizeof(*info->settings));
        settings_fill(&row, arena, info->settings);
    }
    return STATUS_OK;
}

void reader_tell_conversation(struct worker *worker, struct session *session, uint64_t request,
                              const wire_read_conversation *read)
{
    struct member_row member;
    wire_conversation_info info = UNSAY__V1__CONVERSATION_INFO__INIT;
    wire_server_frame frame = UNSAY__V1__SERVER_FRAME__INIT;
    struct view conversation = view_of(read->conversation);
    if (!reader_is_member(worker, session, request, conversation, &member))
        return;
    if (reader_fill_info(worker, conversation, &info) != STATUS_OK) {
        session_refuse(worker, session, request, REFUSAL_CODE(STORAGE_UNAVAILABLE), "", false);
        return;
    }
    frame.request = request;
    frame.body_case = SERVER_FRAME(CONVERSATION);
    frame.conversation = &info;
    session_answer(worker, session, frame_from_server(&frame));
}
