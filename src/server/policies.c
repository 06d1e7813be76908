#include "server/policies.h"

#include "core/conversation.h"
#include "server/policy_file.h"

enum status policies_load(const struct policies *policies, const struct policy **policy,
                          struct failure *failure)
{
    if (policies->file != NULL)
        return policy_file_load(policies->file, policy, failure);
    *policy = &policy_default;
    return STATUS_OK;
}

enum status policies_begin(const struct policy *policy, struct store *store, uint64_t now_ms,
                           struct failure *failure)
{
    struct arena arena;
    struct effects effects;
    arena_init(&arena);
    effects_init(&effects, &arena);
    struct change *change = arena_zero(&arena, sizeof(*change));
    change->kind = CHANGE_POLICY;
    change->request_id = view_make(policy->version, POLICY_VERSION_BYTES);
    change->bytes = policy->content;
    change_list_add(&effects.changes, change);
    wire_audit_entry entry = UNSAY__V1__AUDIT_ENTRY__INIT;
    entry.kind = WIRE(AUDIT_KIND, START);
    entry.time = now_ms;
    entry.actor = WIRE(ACTOR, SYSTEM);
    entry.policy = bytes_of(view_make(policy->version, POLICY_VERSION_BYTES));
    effects_audit(&effects, &entry);
    const struct change_list *lists[] = {&effects.changes};
    enum status status = store_commit(store, lists, 1, failure);
    effects_fini(&effects);
    arena_fini(&arena);
    return status;
}
