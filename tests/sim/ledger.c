#include "ledger.h"

#include "base/memory.h"
#include "checks.h"
#include "core/hlc.h"
#include "policies.h"

/* ---- Events ---- */

static void ledger_take_places(struct log *log, wire_member *const *members, size_t count,
                               Unsay__V1__Role otherwise, uint64_t seq)
{
    for (size_t i = 0; i < count; i++) {
        unsigned user = history_user(view_of(members[i]->user));
        Unsay__V1__Role role =
            members[i]->role == WIRE(ROLE, UNSPECIFIED) ? otherwise : members[i]->role;
        uint32_t bit = UINT32_C(1) << user;
        bool was_invited = (log->invited & bit) != 0;
        log->invited &= ~bit;
        log->muted_until_ms[user] = members[i]->muted_until_ms;
        if (role == WIRE(ROLE, INVITED)) {
            log->invited |= bit;
            log->invited_seq[user] = seq;
        } else if (!was_invited || role != WIRE(ROLE, UNSPECIFIED))
            log_add_place(log, user, role, seq);
    }
}

/* Who was removed by somebody else does not come back by themselves, until somebody lets them. */
static void ledger_take_bars(struct log *log, const wire_membership *membership)
{
    for (size_t i = 0; i < membership->n_members && !membership->mutes; i++) {
        const wire_member *member = membership->members[i];
        unsigned user = history_user(view_of(member->user));
        uint32_t bit = UINT32_C(1) << user;
        if (member->role != WIRE(ROLE, UNSPECIFIED))
            log->barred &= ~bit;
        else if ((log->invited & bit) == 0 && strcmp(member->user, membership->actor) != 0)
            log->barred |= bit;
    }
}

void ledger_take_event(struct world *world, struct log *log, const wire_event *event)
{
    (void)world;
    if (event->kind_case == EVENT_KIND(CREATION)) {
        log->type = event->creation->type;
        ledger_take_places(log, event->creation->members, event->creation->n_members,
                           WIRE(ROLE, MEMBER), event->seq);
    } else if (event->kind_case == EVENT_KIND(SETTINGS)) {
        const wire_settings *settings = event->settings->settings;
        log->is_read_only = settings->read_only != 0;
        log->is_dissolved = settings->dissolved != 0;
        log->join = settings->join;
        log->past = settings->history;
        log->past_last = settings->history_last;
    } else if (event->kind_case == EVENT_KIND(MEMBERSHIP)) {
        ledger_take_bars(log, event->membership);
        ledger_take_places(log, event->membership->members, event->membership->n_members,
                           WIRE(ROLE, UNSPECIFIED), event->seq);
    }
}

static bool ledger_device_has(struct device *device, const struct log *log, uint64_t seq,
                              const char *canary)
{
    const struct kept_conversation *kept = database_find(&device->database, view_of(log->id));
    if (kept == NULL || seq > kept->count || kept->events[seq - 1].bytes == NULL)
        return false;
    const struct kept_event *event = &kept->events[seq - 1];
    return event->bytes != NULL && memmem(event->bytes, event->size, canary, CANARY_BYTES) != NULL;
}

void ledger_take_recall(struct world *world, struct log *log, const wire_event *event,
                        struct message *target)
{
    struct history *history = &world->history;
    const wire_recall *recall = event->recall;
    const struct asked *asked = history_find_asked(history, bytes_view(recall->request_id));
    struct taken_back *taken = history_add_recall(history);
    taken->log = (uint32_t)(log - history->logs);
    taken->message = (uint32_t)(target - history->messages);
    taken->seq = event->seq;
    taken->target_seq = recall->target_seq;
    taken->committed_ms = world->now_ms;
    taken->is_troubled =
        history->trouble_ms != 0 && world->now_ms - history->trouble_ms < TROUBLE_MS;
    if (asked != NULL)
        taken->asked = (uint32_t)(asked - history->asked);
    memcpy(taken->reached, log->reached, sizeof(taken->reached));
    const char *canary = history_root(history, target)->canary;
    for (size_t i = 0; i < world->device_count; i++) {
        if (ledger_device_has(&world->devices[i], log, recall->target_seq, canary))
            taken->holders |= UINT32_C(1) << i;
    }
    taken->holders &= target->handed_since;
    struct logged *logged = log_at(log, recall->target_seq);
    logged->recall_seq = event->seq;
    logged->is_vanished = recall->vanished;
}

void ledger_take_dossier(struct world *world, struct log *log, uint64_t seq, struct view bytes)
{
    struct taken_back *recall =
        history_find_recall(&world->history, log, log_at(log, seq)->recall_seq);
    wire_dossier *dossier = unsay__v1__dossier__unpack(NULL, bytes.size, bytes.data);
    check_audit_private(world, "a dossier", bytes);
    if (recall != NULL && dossier != NULL)
        recall->keeping = dossier->keeping;
    for (size_t i = 0; dossier != NULL && i < dossier->n_devices; i++)
        world_tell(world, "%s:%llu had come to %s, to the degree %d", log->id,
                   (unsigned long long)seq, dossier->devices[i]->device,
                   (int)dossier->devices[i]->reach);
    unsay__v1__dossier__free_unpacked(dossier, NULL);
}

/* ---- The audit log ---- */

static void ledger_take_attempt(struct world *world, const wire_audit_entry *entry)
{
    struct history *history = &world->history;
    struct log *log = history_find_log(history, view_of(entry->conversation));
    const struct asked *asked = history_find_asked(history, bytes_view(entry->request_id));
    struct attempt *attempt = history_add_attempt(history);
    if (log != NULL && log->head > 0)
        attempt->log = (uint32_t)(log - history->logs);
    if (asked != NULL)
        attempt->asked = (uint32_t)(asked - history->asked);
    const struct message *message =
        history_find_message(history, bytes_view(entry->target_message_id));
    if (message != NULL)
        attempt->message = (uint32_t)(message - history->messages);
    attempt->outcome = entry->outcome;
    attempt->refusal = entry->refusal;
    world_tell(world, "on record: %.*s by %s in %s of %llu: outcome %d, refusal %u, rule %s",
               VIEW_PRINT(bytes_view(entry->request_id)), entry->operator_, entry->conversation,
               (unsigned long long)entry->target_seq, (int)entry->outcome, entry->refusal,
               entry->rule);
    check_authority_attempt(world, entry, attempt);
    check_audit_attempt(world, entry, attempt);
}

static void ledger_take_look(struct world *world, const wire_audit_entry *entry)
{
    struct history *history = &world->history;
    const struct message *message =
        history_find_message(history, bytes_view(entry->target_message_id));
    if (message == NULL || entry->refusal != REFUSAL_NONE || history->look_count == LOOKS_MAX)
        return;
    history->looks[history->look_count++] =
        (struct look){(uint32_t)(message - history->messages),
                      history_user(view_of(entry->operator_)), entry->time};
}

static void ledger_take_audit(struct world *world, struct view bytes)
{
    wire_audit_entry *entry = unsay__v1__audit_entry__unpack(NULL, bytes.size, bytes.data);
    check_audit_private(world, "an entry of the audit log", bytes);
    if (entry == NULL) {
        world_break(world, "P8 audit", "an entry cannot be read");
        return;
    }
    if (entry->kind == WIRE(AUDIT_KIND, POLICY) || entry->kind == WIRE(AUDIT_KIND, START))
        world->history.policies |= 1U << sim_policy_index(bytes_view(entry->policy));
    else if (entry->kind == WIRE(AUDIT_KIND, EVIDENCE))
        ledger_take_look(world, entry);
    else
        ledger_take_attempt(world, entry);
    unsay__v1__audit_entry__free_unpacked(entry, NULL);
}

/* ---- Cursors and jobs ---- */

static size_t ledger_device(const struct world *world, const struct change *change)
{
    size_t at = 0;
    while (at < world->device_count &&
           !view_equal(view_of(world->devices[at].name), change->device))
        at++;
    return at;
}

/* Others may know it, unless the user's choice to hide was committed long enough ago. */
static void ledger_share(struct world *world, struct log *log, size_t device, uint64_t displayed)
{
    struct history *history = &world->history;
    unsigned user = world->devices[device].user;
    bool is_hidden =
        (history->hiding >> user & 1) != 0 && world->now_ms - history->hid_ms[user] > TROUBLE_MS;
    if (displayed > log->reached[device].displayed && displayed > log->shared[user] && !is_hidden &&
        !world->profile.hides_displayed)
        log->shared[user] = displayed;
}

static void ledger_take_user(struct world *world, const struct change *change)
{
    struct history *history = &world->history;
    unsigned user = history_user(change->user);
    if (user == USERS_ALL)
        return;
    world_tell(world, "u%u %s", user, change->user_row.hides_displayed ? "hides" : "tells");
    history->hiding &= ~(UINT32_C(1) << user);
    if (change->user_row.hides_displayed)
        history->hiding |= UINT32_C(1) << user;
    history->hid_ms[user] = world->now_ms;
}

static void ledger_take_cursor(struct world *world, const struct change *change)
{
    struct log *log = history_log(&world->history, change->conversation);
    size_t device = ledger_device(world, change);
    const struct trail *stored = &change->cursor->stored;
    const struct trail *displayed = &change->cursor->displayed;
    if (device == world->device_count)
        return;
    struct reached *reached = &log->reached[device];
    for (uint64_t seq = 1; seq <= trail_seq(stored) && seq <= log->head; seq++) {
        struct logged *logged = log_at(log, seq);
        if (logged->kind != EVENT_KIND(MESSAGE) ||
            !log_sees(log, world->devices[device].user, seq, log->head) ||
            world->history.messages[logged->message].user == world->devices[device].user)
            continue;
        if (seq > reached->stored && logged->delivered_ms == 0)
            logged->delivered_ms = stored->marks[stored->count - 1].time_ms;
        logged->is_displayed |= seq <= trail_seq(displayed);
    }
    world_tell(world, "%s is at %llu/%llu in %s", world->devices[device].name,
               (unsigned long long)trail_seq(stored), (unsigned long long)trail_seq(displayed),
               log->id);
    ledger_share(world, log, device, trail_seq(displayed));
    reached->stored = trail_seq(stored);
    reached->displayed = trail_seq(displayed);
}

static void ledger_take_job(struct world *world, const struct change *change)
{
    struct asked *asked = history_find_asked(&world->history, change->request_id);
    const struct log *log = history_find_log(&world->history, change->conversation);
    wire_job *row = unsay__v1__job__unpack(NULL, change->bytes.size, change->bytes.data);
    const wire_range_job *job =
        row != NULL && row->kind_case == UNSAY__V1__JOB__KIND_RANGE ? row->range : NULL;
    if (asked != NULL && log != NULL && job != NULL && job->progress != NULL) {
        if (asked->range_head == 0)
            asked->range_head = log->head;
        asked->is_done = job->progress->is_done;
        world_tell(world, "job j%u in %s: examined %llu%s",
                   (unsigned)(asked - world->history.asked), log->id,
                   (unsigned long long)job->progress->examined, asked->is_done ? ", done" : "");
    }
    unsay__v1__job__free_unpacked(row, NULL);
}

static void ledger_take_message_id(struct world *world, const struct change *change)
{
    struct message *message = history_find_message(&world->history, uuid_view(&change->id));
    if (change->message_id.seq == 0 && message != NULL &&
        view_equal(view_of(world->devices[message->device].user_name), change->user) &&
        view_equal(view_of(message->conversation), change->conversation))
        message->has_pending = true;
}

static void ledger_take_forward(struct world *world, const struct change *change)
{
    struct message *message = history_find_message(&world->history, uuid_view(&change->id));
    struct log *log = history_log(&world->history, change->conversation);
    check_forward_handed_out(world, log, change->seq);
    if (message != NULL)
        message->is_handed_out = true;
}

void ledger_take(struct world *world, const struct change *change)
{
    switch (change->kind) {
    case CHANGE_AUDIT:
        ledger_take_audit(world, change->bytes);
        break;
    case CHANGE_CURSOR:
        ledger_take_cursor(world, change);
        break;
    case CHANGE_USER:
        ledger_take_user(world, change);
        break;
    case CHANGE_DEVICE:
        world->history.known_devices |= UINT32_C(1) << ledger_device(world, change);
        break;
    case CHANGE_FORWARD:
        ledger_take_forward(world, change);
        break;
    case CHANGE_JOB:
        ledger_take_job(world, change);
        break;
    case CHANGE_MEMBER:
        history_log(&world->history, change->conversation)->listings[history_user(change->user)] =
            change->member.listing;
        break;
    case CHANGE_MESSAGE_ID:
        ledger_take_message_id(world, change);
        break;
    case CHANGE_APPROVAL:
    case CHANGE_CONVERSATION:
    case CHANGE_EVENT:
    case CHANGE_LAST_MESSAGE:
    case CHANGE_OUTBOX:
    case CHANGE_PIN:
    case CHANGE_POLICY:
    case CHANGE_PUSHED:
    case CHANGE_REQUEST:
        break;
    }
}
