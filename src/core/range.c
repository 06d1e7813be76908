#include "core/range.h"

#include "base/limits.h"
#include "base/utf8.h"
#include "core/hlc.h"
#include "core/ids.h"

refusal_code range_check(const wire_recall_range *request, const char **detail)
{
    *detail = "";
    if (!id_is_conversation(view_of(request->conversation))) {
        *detail = "conversation: 1 to 64 of [A-Za-z0-9._:@-]";
        return REFUSAL_CODE(INVALID_ID);
    }
    if (!id_is_user(view_of(request->user))) {
        *detail = "user: 1 to 64 of [A-Za-z0-9._@-]";
        return REFUSAL_CODE(INVALID_ID);
    }
    if (request->request_id.len == 0 || request->request_id.len > LIMIT_REQUEST_ID_BYTES_MAX) {
        *detail = "request_id: 1 to 64 bytes";
        return REFUSAL_CODE(INVALID_ID);
    }
    if (request->until_ms != 0 && request->until_ms <= request->from_ms) {
        *detail = "until_ms: after from_ms, or 0 for now";
        return REFUSAL_CODE(FIELD_INVALID);
    }
    if (strlen(request->reason) > LIMIT_REASON_BYTES_MAX ||
        !utf8_is_valid(view_of(request->reason))) {
        *detail = "reason: at most 256 bytes of UTF-8";
        return REFUSAL_CODE(FIELD_INVALID);
    }
    return REFUSAL_NONE;
}

void range_begin(const wire_recall_range *request, const struct author *author, uint64_t now_ms,
                 wire_range_job *job, wire_recall_range *kept, wire_range_progress *progress)
{
    unsay__v1__range_job__init(job);
    unsay__v1__range_progress__init(progress);
    *kept = *request;
    if (kept->until_ms == 0)
        kept->until_ms = now_ms + 1;
    progress->conversation = request->conversation;
    progress->request_id = request->request_id;
    job->request = kept;
    job->operator_ = string_of(author->user);
    job->device = string_of(author->device);
    job->authority = author->authority;
    job->address = string_of(author->address);
    job->progress = progress;
}

bool range_covers(const wire_range_job *job, const wire_event *event)
{
    return event->kind_case == EVENT_KIND(MESSAGE) &&
           event->message->state == WIRE(MESSAGE_STATE, NORMAL) &&
           strcmp(event->message->sender, job->request->user) == 0 &&
           hlc_ms(event->time) >= job->request->from_ms &&
           hlc_ms(event->time) < job->request->until_ms;
}

void range_count(wire_range_job *job, const struct recall_ruling *ruling)
{
    job->progress->examined++;
    if (ruling->step == RECALL_APPLY)
        job->progress->recalled++;
    else if (ruling->step == RECALL_REFUSE && job->progress->refused++ == 0)
        job->progress->refusal = ruling->refusal;
}

void range_save(const struct conversation *conversation, const wire_range_job *job,
                struct effects *effects)
{
    struct change *change = effects_change(effects, CHANGE_JOB, conversation);
    wire_job row = UNSAY__V1__JOB__INIT;
    row.kind_case = UNSAY__V1__JOB__KIND_RANGE;
    row.range = (wire_range_job *)(uintptr_t)job; /* only read */
    size_t size = unsay__v1__job__get_packed_size(&row);
    uint8_t *bytes = arena_alloc(effects->arena, size);
    unsay__v1__job__pack(&row, bytes);
    change->user = arena_copy(effects->arena, view_of(job->operator_));
    change->request_id = arena_copy(effects->arena, bytes_view(job->request->request_id));
    change->bytes = view_make(bytes, size);
}
