/* P6: a recall is granted exactly when the policy in force allowed it to this operator, of this
 * message, at that moment: said here once more, by the places and cursors that were committed by
 * then. */
#include "checks.h"

#include "core/hlc.h"
#include "core/policy_record.h"
#include "policies.h"

static const char promise[] = "P6 authority";

/* The grounds on which a policy allows. */
enum ground { GROUND_NONE, GROUND_MANDATE, GROUND_MANAGER, GROUND_AUTHOR };

struct opinion {
    refusal_code refusal;
    enum ground ground;
    bool is_vague; /* about when a window began that starts with delivery */
};

/* The attempt that is judged, and the world as it was then. */
struct attempted {
    const wire_audit_entry *entry;
    const struct log *log;
    const struct message *message;
    const struct logged *logged;
    const struct asked *asked;
    unsigned policy;
    unsigned operator_user;
    Unsay__V1__Role operator_role;
    bool has_mandate;
    Unsay__V1__Role author_role;
};

/* ---- At the decision ---- */

void check_authority_decided(struct world *world, unsigned worker, struct view bytes)
{
    const struct shell *shell = &world->server.shells[worker];
    wire_audit_entry *entry = unsay__v1__audit_entry__unpack(NULL, bytes.size, bytes.data);
    if (entry == NULL)
        return; /* check_audit tells */
    /* The recall of a forward is decided along with that of its source. */
    const struct message *message =
        history_find_message(&world->history, bytes_view(entry->target_message_id));
    bool may_be_along = message != NULL && message->source != 0;
    if (entry->time != shell->worker.now.wall_ms)
        world_break(world, promise, "an entry is of %llu, the server's clock said %llu",
                    (unsigned long long)entry->time, (unsigned long long)shell->worker.now.wall_ms);
    if (entry->kind != WIRE(AUDIT_KIND, POLICY) && !may_be_along &&
        sim_policy_index(bytes_view(entry->policy)) != shell->policy)
        world_break(world, promise, "worker %u decided by policy %u, and %u was in force", worker,
                    sim_policy_index(bytes_view(entry->policy)), shell->policy);
    unsay__v1__audit_entry__free_unpacked(entry, NULL);
}

/* ---- What the policies mean ---- */

static bool authority_is_in_window(const struct attempted *attempted, uint64_t from_ms,
                                   uint64_t window_ms)
{
    uint64_t now_ms = attempted->entry->time;
    return now_ms <= from_ms || now_ms - from_ms <= window_ms;
}

/* In a group whoever leads it takes back what those below them wrote, and those who have left. */
static bool authority_is_manager(const struct attempted *attempted)
{
    bool leads = attempted->operator_role == WIRE(ROLE, OWNER) ||
                 attempted->operator_role == WIRE(ROLE, ADMIN);
    bool is_below =
        attempted->author_role != WIRE(ROLE, OWNER) && attempted->author_role != WIRE(ROLE, ADMIN);
    return attempted->log->type != WIRE(CONVERSATION_TYPE, DIRECT) && leads && is_below;
}

static struct opinion authority_of_author(const struct attempted *attempted)
{
    struct opinion opinion = {REFUSAL_NONE, GROUND_AUTHOR, false};
    const struct logged *logged = attempted->logged;
    uint64_t sent_ms = hlc_ms(attempted->message->time);
    if (attempted->policy == POLICY_PLAIN) {
        if (!authority_is_in_window(attempted, sent_ms, SIM_RECALL_WINDOW_MS))
            opinion.refusal = REFUSAL_CODE(WINDOW_CLOSED);
        return opinion;
    }
    if (logged->is_displayed) {
        opinion.refusal = REFUSAL_CODE(NOT_PERMITTED);
        return opinion;
    }
    /* The server knows the time of delivery only between two bounds. */
    if (logged->delivered_ms == 0 ||
        authority_is_in_window(attempted, sent_ms, SIM_RECALL_WINDOW_MS / 2))
        return opinion;
    opinion.refusal = REFUSAL_CODE(WINDOW_CLOSED);
    opinion.is_vague =
        authority_is_in_window(attempted, logged->delivered_ms, SIM_RECALL_WINDOW_MS / 2);
    return opinion;
}

static struct opinion authority_of_policy(const struct attempted *attempted)
{
    bool is_member = attempted->operator_role != WIRE(ROLE, UNSPECIFIED);
    if (attempted->has_mandate)
        return (struct opinion){REFUSAL_NONE, GROUND_MANDATE, false};
    if (is_member && authority_is_manager(attempted))
        return (struct opinion){REFUSAL_NONE, GROUND_MANAGER, false};
    if (is_member && attempted->message->user == attempted->operator_user)
        return authority_of_author(attempted);
    return (struct opinion){REFUSAL_CODE(NOT_PERMITTED), GROUND_NONE, false};
}

static bool authority_condition_holds(const struct attempted *attempted)
{
    if (attempted->asked->condition == WIRE(RECALL_CONDITION, IF_UNDELIVERED))
        return attempted->logged->delivered_ms == 0;
    return attempted->asked->condition != WIRE(RECALL_CONDITION, IF_UNREAD) ||
           !attempted->logged->is_displayed;
}

/* ---- What was granted ---- */

struct settings {
    Unsay__V1__Keeping keeping;
    bool takes_forwards;
    bool vanishes;
};

static struct settings authority_settings(unsigned policy, enum ground ground)
{
    if (policy == POLICY_PLAIN)
        return (struct settings){WIRE(KEEPING, ERASED), ground != GROUND_MANAGER,
                                 ground == GROUND_MANAGER};
    return (struct settings){ground == GROUND_MANDATE ? WIRE(KEEPING, SEALED) : WIRE(KEEPING, KEPT),
                             ground != GROUND_AUTHOR, false};
}

/* The message was forwarded, and what it comes from was taken back by this request. */
static const struct taken_back *authority_taken_along(struct history *history,
                                                      const struct attempted *attempted)
{
    const struct message *at = attempted->message;
    while (at->source != 0) {
        at = &history->messages[at->source - 1];
        const struct log *log = history_find_log(history, view_of(at->conversation));
        if (log == NULL || at->seq == 0 || at->seq > log->head)
            continue;
        const struct taken_back *recall =
            history_find_recall(history, log, log->events[at->seq].recall_seq);
        if (recall != NULL && recall->takes_forwards &&
            recall->asked == (uint32_t)(attempted->asked - history->asked))
            return recall;
    }
    return NULL;
}

static void authority_granted(struct world *world, const struct attempted *attempted,
                              struct opinion opinion)
{
    struct history *history = &world->history;
    struct taken_back *recall =
        history_find_recall(history, attempted->log, attempted->entry->recall_seq);
    const struct taken_back *along = authority_taken_along(history, attempted);
    if (recall == NULL)
        return; /* check_audit tells */
    if (along != NULL) {
        recall->takes_forwards = true;
        return;
    }
    if (opinion.refusal != REFUSAL_NONE && !opinion.is_vague) {
        world_break(world, promise, "u%u took back %s of u%u in %s, against policy %u: %s",
                    attempted->operator_user, attempted->message->canary, attempted->message->user,
                    attempted->log->id, attempted->policy, refusal_name(opinion.refusal));
        return;
    }
    struct settings settings = authority_settings(attempted->policy, opinion.ground);
    recall->takes_forwards = settings.takes_forwards;
    if (recall->keeping != settings.keeping || attempted->logged->is_vanished != settings.vanishes)
        world_break(world, promise, "%s was taken back, and kept otherwise than policy %u says",
                    attempted->message->canary, attempted->policy);
}

/* ---- Every entry ---- */

/* The message was there and nobody had taken it back: the policy decides. */
static void authority_check_message(struct world *world, const struct attempted *attempted)
{
    const wire_audit_entry *entry = attempted->entry;
    struct opinion opinion = authority_of_policy(attempted);
    if (opinion.refusal == REFUSAL_NONE && !authority_condition_holds(attempted))
        opinion.refusal = REFUSAL_CODE(CONDITION_NOT_MET);
    if (entry->outcome == WIRE(RECALL_OUTCOME, RECALLED)) {
        authority_granted(world, attempted, opinion);
        return;
    }
    bool is_late = entry->refusal == REFUSAL_CODE(CONDITION_NOT_MET) && opinion.is_vague &&
                   !authority_condition_holds(attempted);
    if (entry->outcome != WIRE(RECALL_OUTCOME, REFUSED) || opinion.refusal == REFUSAL_NONE)
        world_break(world, promise, "u%u may take back %s in %s, and has outcome %d, %s",
                    attempted->operator_user, attempted->message->canary, attempted->log->id,
                    (int)entry->outcome, refusal_name(entry->refusal));
    else if (entry->refusal != opinion.refusal && !is_late)
        world_break(world, promise, "u%u may not take back %s: %s, and hears %s",
                    attempted->operator_user, attempted->message->canary,
                    refusal_name(opinion.refusal), refusal_name(entry->refusal));
}

static void authority_check_found(struct world *world, struct attempted *attempted)
{
    const wire_audit_entry *entry = attempted->entry;
    uint64_t since;
    bool was_recalled =
        attempted->logged->recall_seq != 0 && (entry->outcome != WIRE(RECALL_OUTCOME, RECALLED) ||
                                               attempted->logged->recall_seq != entry->recall_seq);
    attempted->author_role =
        log_role(attempted->log, attempted->message->user, attempted->log->head, &since);
    if (was_recalled && entry->outcome != WIRE(RECALL_OUTCOME, ALREADY_RECALLED))
        world_break(world, promise, "%s was taken back already, and has outcome %d",
                    attempted->message->canary, (int)entry->outcome);
    if (!was_recalled && entry->target_role != attempted->author_role)
        world_break(world, promise, "the author of %s is on record with role %d, and has %d",
                    attempted->message->canary, (int)entry->target_role,
                    (int)attempted->author_role);
    if (!was_recalled)
        authority_check_message(world, attempted);
}

/* What is on record is enough to decide it again, and the same policy decides the same. */
static void authority_judge_again(struct world *world, const wire_audit_entry *entry,
                                  unsigned policy)
{
    struct policy_record record;
    struct policy_verdict verdict;
    if (policy_record_read(entry, &record) != POLICY_RECORD_ASKED)
        return;
    if (policy_record_judge(&record, &sim_policies[policy], NULL, &verdict) !=
            POLICY_LACKS_NOTHING ||
        !policy_record_agrees(&record, &verdict))
        world_break(world, promise, "%s: policy %u, asked again, says %s by %s, on record is %s",
                    entry->operator_, policy, refusal_name(verdict.refusal),
                    verdict.rule == NULL ? "no rule" : verdict.rule->name, entry->rule);
}

void check_authority_attempt(struct world *world, const wire_audit_entry *entry,
                             const struct attempt *attempt)
{
    struct history *history = &world->history;
    uint64_t since;
    struct attempted attempted = {
        .entry = entry,
        .policy = sim_policy_index(bytes_view(entry->policy)),
        .operator_user = history_user(view_of(entry->operator_)),
    };
    if (attempt->asked == UINT32_MAX || (history->policies >> attempted.policy & 1) == 0) {
        world_break(world, promise, "an attempt of %s, by a policy that never came into force",
                    entry->operator_);
        return;
    }
    attempted.has_mandate =
        attempted.operator_user >= world->profile.users && attempted.operator_user < USERS_ALL;
    bool acted_by_mandate = (entry->capacities & POLICY_BIT(WIRE(ACTOR, COMPLIANCE))) != 0;
    if (entry->capacities != 0 && acted_by_mandate != attempted.has_mandate)
        world_break(world, promise, "%s %s a mandate, and it did%s count", entry->operator_,
                    attempted.has_mandate ? "has" : "does not have",
                    acted_by_mandate ? "" : " not");
    authority_judge_again(world, entry, attempted.policy);
    if (attempt->log == UINT32_MAX)
        return; /* of no conversation */
    attempted.asked = &history->asked[attempt->asked];
    attempted.log = &history->logs[attempt->log];
    attempted.operator_role =
        log_role(attempted.log, attempted.operator_user, attempted.log->head, &since);
    bool is_stranger = attempted.operator_role == WIRE(ROLE, UNSPECIFIED) && !attempted.has_mandate;
    if (entry->target_seq != 0 && entry->target_seq <= attempted.log->head &&
        attempt->message != UINT32_MAX) {
        attempted.message = &history->messages[attempt->message];
        attempted.logged = &attempted.log->events[entry->target_seq];
    }
    bool is_taken_along =
        attempted.message != NULL && authority_taken_along(history, &attempted) != NULL;
    if (is_stranger && !is_taken_along && entry->refusal != REFUSAL_CODE(NOT_A_MEMBER))
        world_break(world, promise, "u%u is no member of %s, and has outcome %d",
                    attempted.operator_user, attempted.log->id, (int)entry->outcome);
    else if ((!is_stranger || is_taken_along) && attempted.message != NULL)
        authority_check_found(world, &attempted);
}

void check_authority_committed(struct world *world, const wire_event *event,
                               const struct message *target)
{
    const wire_recall *recall = event->recall;
    const struct asked *asked = history_find_asked(&world->history, bytes_view(recall->request_id));
    const struct device *author = &world->devices[target->device];
    if (asked == NULL || asked->user != history_user(view_of(recall->operator_)) ||
        strcmp(recall->target_sender, author->user_name) != 0)
        world_break(world, promise, "a message of %s was taken back in the name of %s",
                    author->user_name, recall->operator_);
}
