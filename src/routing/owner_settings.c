#include "routing/owner_settings.h"

#include "core/settings.h"
#include "routing/worker.h"

enum status owner_get_conversation(struct worker *worker, const struct owned_conversation *owned,
                                   struct conversation_row *row)
{
    struct change probe = {.kind = CHANGE_CONVERSATION, .conversation = view_of(owned->id)};
    const struct change *change = owner_find(&worker->owner, &probe);
    if (change == NULL)
        return store_get_conversation(worker->store, probe.conversation, &worker->scratch, row);
    *row = change->conversation_row;
    return STATUS_OK;
}

void owner_change_settings(struct worker *worker, const struct request *request)
{
    const wire_change_settings *change = request->frame->change_settings;
    struct owned_conversation *owned;
    struct owned_member scratch;
    struct owned_member *actor;
    struct conversation_row row;
    if (!owner_find_author(worker, request, change->conversation, &owned, &scratch, &actor))
        return;
    if (owner_get_conversation(worker, owned, &row) != STATUS_OK) {
        owner_refuse(worker, request, REFUSAL_CODE(STORAGE_UNAVAILABLE), "");
        return;
    }
    struct settings_facts facts = {.author = &request->author,
                                   .actor = &actor->member,
                                   .row = &row,
                                   .now_ms = worker->now.wall_ms};
    struct group *group = owner_group(worker);
    wire_appended appended = UNSAY__V1__APPENDED__INIT;
    wire_server_frame answer = UNSAY__V1__SERVER_FRAME__INIT;
    const char *detail;
    refusal_code refusal =
        settings_change(&owned->conversation, change, &facts, &group->effects, &appended, &detail);
    if (refusal != REFUSAL_NONE) {
        owner_refuse(worker, request, refusal, detail);
        return;
    }
    if (appended.seq != 0)
        owned->touched = group->number;
    answer.body_case = SERVER_FRAME(APPENDED);
    answer.appended = &appended;
    owner_answer(worker, request, &answer);
}
