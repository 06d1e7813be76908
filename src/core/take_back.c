#include "core/take_back.h"

#include "core/frame.h"

void take_back_id(uint64_t seq, uint8_t id[TAKE_BACK_ID_BYTES])
{
    for (unsigned i = 0; i < TAKE_BACK_ID_BYTES; i++)
        id[i] = (uint8_t)(seq >> (8 * (TAKE_BACK_ID_BYTES - 1 - i)));
}

uint64_t take_back_seq(struct view id)
{
    uint64_t seq = 0;
    for (size_t i = 0; i < id.size && id.size == TAKE_BACK_ID_BYTES; i++)
        seq = seq << 8 | id.data[i];
    return seq;
}

static struct change *take_back_row(const struct conversation *conversation, uint64_t seq,
                                    struct effects *effects)
{
    struct change *change = effects_change(effects, CHANGE_JOB, conversation);
    uint8_t *id = arena_alloc(effects->arena, TAKE_BACK_ID_BYTES);
    take_back_id(seq, id);
    change->user = view_of(TAKE_BACK_USER);
    change->request_id = view_make(id, TAKE_BACK_ID_BYTES);
    return change;
}

static Unsay__V1__Keeping take_back_keeping(enum policy_keep keep)
{
    switch (keep) {
    case POLICY_ERASE:
        return WIRE(KEEPING, ERASED);
    case POLICY_KEEP:
        return WIRE(KEEPING, KEPT);
    case POLICY_SEAL:
        return WIRE(KEEPING, SEALED);
    }
    return WIRE(KEEPING, ERASED);
}

struct view take_back_encode(uint64_t seq, const struct take_back *what, struct arena *arena)
{
    const struct policy_rule *rule = what->ruling->verdict.rule;
    wire_recall_request request = *what->request;
    wire_take_back along = UNSAY__V1__TAKE_BACK__INIT;
    wire_job job = UNSAY__V1__JOB__INIT;
    request.n_targets = 0;
    request.targets = NULL;
    along.seq = seq;
    along.request = &request;
    along.operator_ = string_of(what->author->user);
    along.device = string_of(what->author->device);
    along.authority = what->author->authority;
    along.address = string_of(what->author->address);
    along.actor = what->ruling->verdict.actor;
    along.rule = string_of(rule->name);
    along.policy = bytes_of(view_make(what->rules->policy->version, POLICY_VERSION_BYTES));
    along.clock_unsure = what->rules->clock_is_unsure;
    along.keeping = take_back_keeping(rule->keep);
    along.keep_ms = rule->keep_ms;
    along.vanishes = rule->vanishes;
    along.withdraws_notifications = rule->withdraws_notifications;
    job.kind_case = UNSAY__V1__JOB__KIND_TAKE_BACK;
    job.take_back = &along;

    size_t size = unsay__v1__job__get_packed_size(&job);
    uint8_t *bytes = arena_alloc(arena, size);
    unsay__v1__job__pack(&job, bytes);
    return view_make(bytes, size);
}

void take_back_begin(const struct conversation *conversation, uint64_t seq,
                     const struct take_back *what, struct effects *effects)
{
    struct change *change = take_back_row(conversation, seq, effects);
    change->bytes = take_back_encode(seq, what, effects->arena);
    effects->changes.bytes += change->bytes.size;
}

void take_back_end(const struct conversation *conversation, uint64_t seq, struct effects *effects)
{
    take_back_row(conversation, seq, effects)->is_removal = true;
}

static enum policy_keep take_back_keep(Unsay__V1__Keeping keeping)
{
    if (keeping == WIRE(KEEPING, KEPT))
        return POLICY_KEEP;
    return keeping == WIRE(KEEPING, SEALED) ? POLICY_SEAL : POLICY_ERASE;
}

bool take_back_decode(struct view row, const struct rulebook *rules, struct arena *arena,
                      struct take_back *what)
{
    ProtobufCAllocator allocator;
    arena_allocator(arena, &allocator);
    const wire_job *job = unsay__v1__job__unpack(&allocator, row.size, row.data);
    if (job == NULL || job->kind_case != UNSAY__V1__JOB__KIND_TAKE_BACK ||
        job->take_back->request == NULL || job->take_back->policy.len != POLICY_VERSION_BYTES)
        return false;
    const wire_take_back *along = job->take_back;
    struct policy_rule *rule = arena_zero(arena, sizeof(*rule));
    struct policy *policy = arena_zero(arena, sizeof(*policy));
    struct rulebook *book = arena_zero(arena, sizeof(*book));
    struct recall_ruling *ruling = arena_zero(arena, sizeof(*ruling));
    struct author *author = arena_zero(arena, sizeof(*author));
    *rule = (struct policy_rule){
        .name = along->rule,
        .allows = true,
        .keep = take_back_keep(along->keeping),
        .keep_ms = along->keep_ms,
        .vanishes = along->vanishes,
        .withdraws_notifications = along->withdraws_notifications,
        .forwards = POLICY_FORWARDS_RECALLED,
    };
    policy->rules = rule;
    policy->rule_count = 1;
    memcpy(policy->version, along->policy.data, POLICY_VERSION_BYTES);
    *book = (struct rulebook){policy, rules->region, along->clock_unsure};
    ruling->step = RECALL_APPLY;
    ruling->verdict.rule = rule;
    ruling->verdict.actor = along->actor;
    *author = (struct author){along->operator_, along->device, along->authority, along->address};
    *what = (struct take_back){along->request, author, ruling, book};
    return true;
}
