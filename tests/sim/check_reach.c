/* Who has applied a recall: what an answer that waited says, and at rest the report on exposure,
 * against the cursors that were committed and what the devices held. */
#include "checks.h"

static const char promise[] = "exposure";

/* ---- Answers that waited ---- */

static bool reach_is_missing(const wire_reach *reach, const struct device *device)
{
    for (size_t i = 0; i < reach->n_missing; i++) {
        if (strcmp(reach->missing[i]->user, device->user_name) == 0 &&
            strcmp(reach->missing[i]->device, device->name) == 0)
            return true;
    }
    return false;
}

/* Everyone who was waited for and is not named has stored the log beyond the last recall. */
void check_reach_answered(struct world *world, const wire_server_frame *frame)
{
    struct history *history = &world->history;
    uint64_t last = 0;
    uint32_t applied = 0;
    if (frame->body_case != SERVER_FRAME(RECALL) || frame->recall->reach == NULL)
        return;
    const wire_reach *reach = frame->recall->reach;
    const struct log *log = history_find_log(history, view_of(frame->recall->conversation));
    for (size_t i = 0; i < frame->recall->n_outcomes; i++) {
        if (frame->recall->outcomes[i]->recall_seq > last)
            last = frame->recall->outcomes[i]->recall_seq;
    }
    if (log == NULL || last == 0) {
        world_break(world, promise, "an answer waited for the recall of nothing");
        return;
    }
    for (size_t i = 0; i < world->device_count; i++)
        applied += log->reached[i].stored >= last && !reach_is_missing(reach, &world->devices[i]);
    if (reach->applied > applied || reach->applied + reach->n_missing != reach->devices)
        world_break(world, promise, "%u of %u devices are said to have applied %s:%llu, %u have",
                    reach->applied, reach->devices, log->id, (unsigned long long)last, applied);
}

/* ---- The report ---- */

static Unsay__V1__DeviceReach exposed_reach(const struct world *world, const struct log *log,
                                            const struct taken_back *recall, size_t device)
{
    /* A cursor that passed what is not for the user says nothing. */
    if (!log_sees(log, world->devices[device].user, recall->target_seq, recall->seq))
        return WIRE(DEVICE_REACH, NONE);
    if (recall->reached[device].displayed >= recall->target_seq)
        return WIRE(DEVICE_REACH, DISPLAYED);
    return recall->reached[device].stored >= recall->target_seq ? WIRE(DEVICE_REACH, STORED)
                                                                : WIRE(DEVICE_REACH, NONE);
}

static void exposed_check_device(struct world *world, const struct taken_back *recall,
                                 const struct log *log, const wire_device_exposure *told)
{
    const struct message *message = &world->history.messages[recall->message];
    size_t index = 0;
    world_tell(world, "reported of %s:%llu: %s/%s had it to the degree %d%s", log->id,
               (unsigned long long)recall->target_seq, told->user, told->device, (int)told->reach,
               told->applied ? ", and applied the recall" : "");
    while (index < world->device_count &&
           (strcmp(world->devices[index].user_name, told->user) != 0 ||
            strcmp(world->devices[index].name, told->device) != 0))
        index++;
    if (index == world->device_count) {
        if (told->device[0] != '\0' || told->reach != WIRE(DEVICE_REACH, NONE))
            world_break(world, promise, "a report names %s/%s", told->user, told->device);
        return;
    }
    Unsay__V1__DeviceReach reach = exposed_reach(world, log, recall, index);
    bool may_have_come = recall->target_seq >= log->reached[index].handed_first &&
                         recall->target_seq <= log->reached[index].handed_last;
    bool has_applied = log->reached[index].stored >= recall->seq;
    bool is_right =
        told->reach == reach || (reach == WIRE(DEVICE_REACH, NONE) &&
                                 told->reach == WIRE(DEVICE_REACH, PUSHED) && may_have_come);
    if (!is_right)
        world_break(world, promise, "%s had %s to the degree %d, the report says %d", told->device,
                    message->canary, (int)reach, (int)told->reach);
    if ((recall->holders >> index & 1) != 0 && !recall->is_troubled &&
        told->reach == WIRE(DEVICE_REACH, NONE))
        world_break(world, promise, "%s had stored %s, and the report does not say so",
                    told->device, message->canary);
    /* Nobody waits for the word of who has left. */
    uint64_t since;
    bool is_late = has_applied && log_role(log, world->devices[index].user, log->head, &since) ==
                                      WIRE(ROLE, UNSPECIFIED);
    if (has_applied != (told->applied != 0) && !is_late)
        world_break(world, promise, "%s %s applied the recall of %s, and the report differs",
                    told->device, has_applied ? "has" : "has not", message->canary);
}

/* How many lines the report must have: a device that has signed in, or a user without one. */
static uint32_t exposed_expected(const struct world *world, const struct log *log)
{
    uint32_t lines = 0;
    for (unsigned user = 0; user < USERS_ALL; user++) {
        uint32_t devices = 0;
        uint64_t since;
        log_role(log, user, log->head, &since);
        for (size_t i = 0; i < world->device_count && since != 0; i++)
            devices += world->devices[i].user == user && (world->history.known_devices >> i & 1);
        lines += since == 0 ? 0 : devices == 0 ? 1 : devices;
    }
    return lines;
}

void check_exposed(struct world *world, const wire_exposure *exposure)
{
    struct history *history = &world->history;
    const struct log *log = history_find_log(history, view_of(exposure->conversation));
    const struct taken_back *recall =
        log == NULL ? NULL : history_find_recall(history, log, exposure->recall_seq);
    if (recall == NULL || recall->target_seq != exposure->target_seq) {
        world_break(world, promise, "a report tells of a recall that is not there");
        return;
    }
    for (size_t i = 0; i < exposure->n_devices; i++)
        exposed_check_device(world, recall, log, exposure->devices[i]);
    uint32_t expected = exposed_expected(world, log);
    if (exposure->n_devices != expected || exposure->totals->devices != expected)
        world_break(world, promise, "a report on %s:%llu names %zu devices of %u", log->id,
                    (unsigned long long)recall->seq, exposure->n_devices, expected);
}
