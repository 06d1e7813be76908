/* Groups and channels: nobody writes who may not, nobody joins who may not, and what is dissolved
 * stays as it is. Said by the events that were committed before, in their order. */
#include "checks.h"

#include "core/hlc.h"

static const char promise[] = "groups";

static void groups_check_message(struct world *world, const struct log *log,
                                 const wire_event *event)
{
    uint64_t since;
    unsigned user = history_user(view_of(event->message->sender));
    Unsay__V1__Role role = log_role(log, user, log->head, &since);
    bool is_closed = log->type == WIRE(CONVERSATION_TYPE, CHANNEL) || log->is_read_only;
    bool leads = role >= WIRE(ROLE, OWNER) && role <= WIRE(ROLE, MODERATOR);
    if (role == WIRE(ROLE, UNSPECIFIED))
        world_break(world, promise, "u%u writes in %s, and is no member", user, log->id);
    else if (is_closed && !leads)
        world_break(world, promise, "u%u writes in %s, where only those write who lead", user,
                    log->id);
    /* The hybrid time is never before the clock by which that was judged. */
    else if (hlc_ms(event->time) < log->muted_until_ms[user])
        world_break(world, promise, "u%u writes in %s, and is muted", user, log->id);
}

/* Who made themselves a member was invited, or could join. */
static void groups_check_membership(struct world *world, const struct log *log,
                                    const wire_membership *membership)
{
    for (size_t i = 0; i < membership->n_members; i++) {
        uint64_t since;
        const wire_member *member = membership->members[i];
        unsigned user = history_user(view_of(member->user));
        bool is_new = log_role(log, user, log->head, &since) == WIRE(ROLE, UNSPECIFIED);
        bool is_let_in = (log->invited >> user & 1) != 0 ||
                         (log->join == WIRE(JOIN_POLICY, OPEN) && (log->barred >> user & 1) == 0);
        if (is_new && role_is_member(member->role) &&
            strcmp(member->user, membership->actor) == 0 && !is_let_in)
            world_break(world, promise, "u%u joins %s, and may not", user, log->id);
    }
}

void check_groups_committed(struct world *world, const struct log *log, const wire_event *event)
{
    if (log->is_dissolved && event->kind_case != EVENT_KIND(RECALL))
        world_break(world, promise, "%s is dissolved, and goes on", log->id);
    if (event->kind_case == EVENT_KIND(MESSAGE))
        groups_check_message(world, log, event);
    else if (event->kind_case == EVENT_KIND(MEMBERSHIP))
        groups_check_membership(world, log, event->membership);
    else if (event->kind_case == EVENT_KIND(HIDDEN))
        world_break(world, promise, "%s:%llu stands for what is hidden, and is in a log", log->id,
                    (unsigned long long)event->seq);
}
