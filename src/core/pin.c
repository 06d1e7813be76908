#include "core/pin.h"

#include "base/limits.h"
#include "core/act.h"
#include "core/ids.h"
#include "core/visibility.h"

refusal_code pin_check(const wire_change_pin *request, const char **detail)
{
    *detail = "";
    if (!id_is_conversation(view_of(request->conversation))) {
        *detail = "conversation: 1 to 64 of [A-Za-z0-9._:@-]";
        return REFUSAL_CODE(INVALID_ID);
    }
    if (request->target == NULL || request->target->seq == 0) {
        *detail = "target: seq: 1 or more";
        return REFUSAL_CODE(FIELD_INVALID);
    }
    return REFUSAL_NONE;
}

static refusal_code pin_judge_author(const struct conversation *conversation,
                                     const struct pin_facts *facts, const char **detail)
{
    if (facts->author->authority == WIRE(ACTOR, SYSTEM))
        return REFUSAL_NONE;
    if (!facts->member->is_member)
        return REFUSAL_CODE(NOT_A_MEMBER);
    bool may = act_is_permitted(ACT_PIN, conversation->type, facts->member->row.role);
    if (!may)
        *detail = "pins are for owners, admins and moderators";
    return may ? REFUSAL_NONE : REFUSAL_CODE(NOT_PERMITTED);
}

static refusal_code pin_judge_target(const struct pin_facts *facts)
{
    bool may_see = facts->author->authority == WIRE(ACTOR, SYSTEM) || facts->event == NULL ||
                   visibility_allows(&facts->member->row, facts->event->seq);
    if (facts->event == NULL || !may_see)
        return REFUSAL_CODE(UNKNOWN_MESSAGE);
    if (facts->event->kind_case != EVENT_KIND(MESSAGE))
        return REFUSAL_CODE(NOT_A_MESSAGE);
    if (facts->event->message->state != WIRE(MESSAGE_STATE, NORMAL))
        return REFUSAL_CODE(RECALLED);
    return facts->pin_count >= LIMIT_PINS_MAX ? REFUSAL_CODE(TOO_MANY_PINS) : REFUSAL_NONE;
}

static struct change *pin_row(const struct conversation *conversation, uint64_t seq,
                              struct effects *effects)
{
    struct change *change = effects_change(effects, CHANGE_PIN, conversation);
    change->origin = conversation->origin;
    change->seq = seq;
    return change;
}

refusal_code pin_change(struct conversation *conversation, const wire_change_pin *request,
                        const struct pin_facts *facts, struct effects *effects,
                        wire_appended *answer, const char **detail)
{
    *detail = "";
    refusal_code refusal = pin_judge_author(conversation, facts, detail);
    if (refusal != REFUSAL_NONE)
        return refusal;
    answer->conversation = string_of(conversation->id);
    answer->origin = conversation->origin;
    if (facts->is_pinned == (request->is_pinned != 0))
        return REFUSAL_NONE;
    if (conversation->settings.is_dissolved)
        return REFUSAL_CODE(DISSOLVED);
    refusal = request->is_pinned ? pin_judge_target(facts) : REFUSAL_NONE;
    if (refusal != REFUSAL_NONE)
        return refusal;

    wire_event event = UNSAY__V1__EVENT__INIT;
    wire_pin pin = UNSAY__V1__PIN__INIT;
    wire_reference target = UNSAY__V1__REFERENCE__INIT;
    target.origin = conversation->origin;
    target.seq = request->target->seq;
    pin.actor = string_of(facts->author->user);
    pin.target = &target;
    pin.is_pinned = request->is_pinned;
    event.kind_case = EVENT_KIND(PIN);
    event.pin = &pin;
    conversation_append(conversation, &event, facts->now_ms, effects);
    struct change *change = pin_row(conversation, target.seq, effects);
    change->is_removal = !request->is_pinned;
    change->pin.user = arena_copy(effects->arena, view_of(facts->author->user));
    change->pin.pin_seq = event.seq;
    answer->seq = event.seq;
    answer->time = event.time;
    return REFUSAL_NONE;
}

void pin_drop(const struct conversation *conversation, uint64_t seq, struct effects *effects)
{
    pin_row(conversation, seq, effects)->is_removal = true;
}
