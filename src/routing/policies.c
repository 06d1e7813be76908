#include "routing/policies.h"

#include "core/frame.h"
#include "routing/worker.h"

static void policies_answer(struct worker *worker, struct session *session, uint64_t request,
                            wire_policy_info *info)
{
    wire_server_frame frame = UNSAY__V1__SERVER_FRAME__INIT;
    frame.request = request;
    frame.body_case = SERVER_FRAME(POLICY);
    frame.policy = info;
    session_answer(worker, session, frame_from_server(&frame));
}

static void policies_get(struct worker *worker, struct session *session, uint64_t request,
                         const wire_policy_request *query)
{
    const struct policy *current = worker->settings.rules.policy;
    wire_policy_info info = UNSAY__V1__POLICY_INFO__INIT;
    struct view version = query->version.len == 0
                              ? view_make(current->version, POLICY_VERSION_BYTES)
                              : bytes_view(query->version);
    struct view content;
    if (version.size != POLICY_VERSION_BYTES) {
        session_refuse(worker, session, request, REFUSAL_CODE(FIELD_INVALID),
                       "policy: version: 32 bytes, or none for the one in force", false);
        return;
    }
    enum status status = store_get_policy(worker->store, version, &worker->scratch, &content);
    if (status != STATUS_OK) {
        session_refuse(worker, session, request,
                       status == STATUS_NOT_FOUND ? REFUSAL_CODE(FIELD_INVALID)
                                                  : REFUSAL_CODE(STORAGE_UNAVAILABLE),
                       status == STATUS_NOT_FOUND ? "policy: version: never in force here" : "",
                       false);
        return;
    }
    info.version = bytes_of(version);
    info.content = bytes_of(content);
    policies_answer(worker, session, request, &info);
}

/* From the audit log, which knows when each came into force. */
static void policies_list(struct worker *worker, struct session *session, uint64_t request)
{
    wire_policy_info info = UNSAY__V1__POLICY_INFO__INIT;
    if (shell_list_policies(worker->shell, &worker->scratch, &info) != STATUS_OK) {
        session_refuse(worker, session, request, REFUSAL_CODE(STORAGE_UNAVAILABLE), "", false);
        return;
    }
    info.version =
        bytes_of(view_make(worker->settings.rules.policy->version, POLICY_VERSION_BYTES));
    policies_answer(worker, session, request, &info);
}

void policies_read(struct worker *worker, struct session *session, uint64_t request,
                   const wire_policy_request *query)
{
    if (session->authority == WIRE(ACTOR, UNSPECIFIED))
        session_refuse(worker, session, request, REFUSAL_CODE(NOT_PERMITTED),
                       "policy: for system and compliance", false);
    else if (query->action == WIRE(POLICY_ACTION, LIST))
        policies_list(worker, session, request);
    else
        policies_get(worker, session, request, query);
}

static void policies_record(struct worker *worker, const struct author *author,
                            const struct policy *policy, struct effects *effects)
{
    wire_audit_entry entry = UNSAY__V1__AUDIT_ENTRY__INIT;
    entry.kind = WIRE(AUDIT_KIND, POLICY);
    entry.time = worker->now.wall_ms;
    entry.operator_ = string_of(author->user);
    entry.device = string_of(author->device);
    entry.address = string_of(author->address);
    entry.actor = author->authority;
    entry.policy = bytes_of(view_make(policy->version, POLICY_VERSION_BYTES));
    effects_audit(effects, &entry);
}

static void policies_bring(struct worker *worker, const struct author *author,
                           const struct policy *policy)
{
    struct group *group = owner_group(worker);
    struct change *change = arena_zero(&group->arena, sizeof(*change));
    change->kind = CHANGE_POLICY;
    change->request_id =
        arena_copy(&group->arena, view_make(policy->version, POLICY_VERSION_BYTES));
    change->bytes = arena_copy(&group->arena, policy->content);
    change_list_add(&group->effects.changes, change);
    policies_record(worker, author, policy, &group->effects);
    group->requests++;
    if (group->policy != NULL)
        shell_release_policy(worker->shell, group->policy); /* two within one commit: the later */
    group->policy = policy;
}

void policies_reload(struct worker *worker, const struct request *request)
{
    static const struct author nobody = {
        .user = "", .device = "", .authority = WIRE(ACTOR, SYSTEM), .address = ""};
    const struct author *author = request == NULL ? &nobody : &request->author;
    char text[512];
    const struct policy *policy = NULL;
    if (author->authority == WIRE(ACTOR, UNSPECIFIED)) {
        owner_refuse(worker, request, REFUSAL_CODE(NOT_PERMITTED),
                     "policy: for system and compliance");
        return;
    }
    bool is_valid = shell_load_policy(worker->shell, &policy, text, sizeof(text));
    if (is_valid)
        policies_bring(worker, author, policy);
    if (request == NULL)
        return;
    if (!is_valid) {
        owner_refuse(worker, request, REFUSAL_CODE(POLICY_INVALID), text);
        return;
    }
    wire_policy_info info = UNSAY__V1__POLICY_INFO__INIT;
    wire_server_frame answer = UNSAY__V1__SERVER_FRAME__INIT;
    info.version = bytes_of(view_make(policy->version, POLICY_VERSION_BYTES));
    info.since_ms = worker->now.wall_ms;
    answer.body_case = SERVER_FRAME(POLICY);
    answer.policy = &info;
    owner_answer(worker, request, &answer);
}

void policies_adopt(struct worker *worker, struct group *group)
{
    if (group->policy == NULL || group->failure != REFUSAL_NONE)
        return;
    if (group->worker == worker->index)
        group->retired = worker->settings.rules.policy;
    worker->settings.rules.policy = group->policy;
    worker_set_time(worker, worker->now); /* how unsure the clock may be is the policy's, too */
}

void policies_retire(struct worker *worker, const struct group *group)
{
    if (group->policy != NULL)
        shell_release_policy(worker->shell,
                             group->failure == REFUSAL_NONE ? group->retired : group->policy);
}
