/* Taking back: one's own, early, again, somebody else's, all of a user, and with a mandate. */
#include "actions.h"

#include "base/memory.h"
#include "core/frame.h"
#include "core/hlc.h"
#include "world.h"

enum { ACTION_TARGETS_MAX = 5 };

struct targets {
    wire_target items[ACTION_TARGETS_MAX];
    wire_target *list[ACTION_TARGETS_MAX];
    size_t count;
};

static void targets_add(struct targets *targets, const struct message *message, bool by_seq)
{
    wire_target *target = &targets->items[targets->count];
    unsay__v1__target__init(target);
    if (by_seq && message->seq != 0) {
        target->origin = ORIGIN_DEFAULT;
        target->seq = message->seq;
    } else {
        target->message_id = bytes_of(uuid_view(&message->id));
    }
    targets->list[targets->count++] = target;
}

/* Recent ones of the user's own, mostly; now and then somebody else's. */
static const struct message *actions_target(struct world *world, const struct device *device)
{
    const struct history *history = &world->history;
    uint32_t reach = world_chance(world, 70) ? 12 : history->message_count;
    bool is_own = !world_chance(world, 12);
    for (unsigned tries = 0; tries < 12 && history->message_count > 0; tries++) {
        uint32_t back = (uint32_t)prng_below(&world->prng, reach);
        if (back >= history->message_count)
            continue;
        const struct message *message = &history->messages[history->message_count - 1 - back];
        if (!is_own || message->user == device->user)
            return message;
    }
    return NULL;
}

static Unsay__V1__RecallCondition actions_condition(struct world *world)
{
    if (world_chance(world, 80))
        return WIRE(RECALL_CONDITION, NONE);
    return world_chance(world, 50) ? WIRE(RECALL_CONDITION, IF_UNDELIVERED)
                                   : WIRE(RECALL_CONDITION, IF_UNREAD);
}

static void actions_keep_asked(struct asked *asked, const wire_client_frame *frame)
{
    struct blob *blob = frame_from_client(frame);
    struct view payload = frame_payload(blob_view(blob));
    asked->frame = view_make(memory_copy(payload.data, payload.size), payload.size);
    blob_release(blob);
}

static void actions_ask_recall(struct world *world, struct device *device, const char *conversation,
                               struct targets *targets)
{
    char request_id[16];
    uint32_t index = world->history.asked_count;
    struct asked *asked = history_add_asked(&world->history, device->user, conversation);
    snprintf(request_id, sizeof(request_id), "r%u", index);
    wire_recall_request recall = UNSAY__V1__RECALL_REQUEST__INIT;
    recall.conversation = string_of(conversation);
    recall.request_id = bytes_of(view_of(request_id));
    recall.n_targets = targets->count;
    recall.targets = targets->list;
    recall.reason = string_of("reason");
    recall.condition = asked->condition = actions_condition(world);
    if (world_chance(world, 15)) {
        recall.wait = world_chance(world, 50) ? WIRE(RECALL_WAIT, ONLINE) : WIRE(RECALL_WAIT, ALL);
        recall.wait_ms = (uint32_t)prng_below(&world->prng, 60001);
    }
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    frame.body_case = CLIENT_FRAME(RECALL);
    frame.recall = &recall;
    actions_keep_asked(asked, &frame);
    world_tell(world, "%s asks to take back %zu messages in %s (%s)", device->name, targets->count,
               conversation, request_id);
    device_ask_recall(device, index);
    struct device *other = actions_device(world);
    if (other->user == device->user && world_chance(world, 50))
        device_ask_recall(other, index); /* the same request from two devices */
}

void actions_recall(struct world *world, struct device *device)
{
    struct targets targets = {.count = 0};
    const struct message *message = actions_target(world, device);
    if (message == NULL)
        return;
    char conversation[CONVERSATION_NAME_BYTES];
    memcpy(conversation, message->conversation, sizeof(conversation));
    targets_add(&targets, message, world_chance(world, 50));
    while (targets.count < ACTION_TARGETS_MAX && world_chance(world, 20)) {
        message = actions_target(world, device);
        if (message != NULL)
            targets_add(&targets, message, world_chance(world, 50));
    }
    actions_ask_recall(world, device, conversation, &targets);
}

/* The recall goes out before the message does. */
void actions_recall_early(struct world *world, struct device *device)
{
    const struct kept_conversation *kept = actions_conversation(world, device);
    struct targets targets = {.count = 0};
    if (kept == NULL)
        return;
    uint32_t index = actions_write(world, device, kept->id);
    targets_add(&targets, &world->history.messages[index], false);
    actions_ask_recall(world, device, kept->id, &targets);
    device_send(device, index, actions_body(world));
}

void actions_recall_again(struct world *world, struct device *device)
{
    if (world->history.asked_count == 0)
        return;
    uint32_t count = world->history.asked_count;
    uint32_t reach = world_chance(world, 70) && count > 4 ? 4 : count;
    uint32_t index = count - 1 - (uint32_t)prng_below(&world->prng, reach);
    if (world->history.asked[index].user == device->user)
        device_ask_recall(device, index);
}

void actions_recall_message(struct world *world, struct device *device, uint32_t message)
{
    struct targets targets = {.count = 0};
    targets_add(&targets, &world->history.messages[message], world_chance(world, 50));
    actions_ask_recall(world, device, world->history.messages[message].conversation, &targets);
}

/* A committed message; NULL when none was found. */
static const struct message *actions_message_in(struct world *world, const struct log *log)
{
    for (unsigned tries = 0; tries < 12 && log->head > 0; tries++) {
        const struct logged *logged = &log->events[1 + prng_below(&world->prng, log->head)];
        if (logged->kind == EVENT_KIND(MESSAGE))
            return &world->history.messages[logged->message];
    }
    return NULL;
}

static void actions_recall_in(struct world *world, struct device *device, const struct log *log)
{
    struct targets targets = {.count = 0};
    do {
        const struct message *message = actions_message_in(world, log);
        if (message != NULL)
            targets_add(&targets, message, true);
    } while (targets.count < ACTION_TARGETS_MAX && world_chance(world, 30));
    if (targets.count > 0)
        actions_ask_recall(world, device, log->id, &targets);
}

void actions_recall_of_other(struct world *world, struct device *device)
{
    const struct kept_conversation *kept = actions_conversation(world, device);
    const struct log *log =
        kept == NULL ? NULL : history_find_log(&world->history, view_of(kept->id));
    if (log != NULL)
        actions_recall_in(world, device, log);
}

static void actions_ask_range(struct world *world, struct device *device, const struct log *log)
{
    char request_id[16];
    char user[8];
    uint32_t index = world->history.asked_count;
    struct asked *asked = history_add_asked(&world->history, device->user, log->id);
    wire_recall_range range = UNSAY__V1__RECALL_RANGE__INIT;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    asked->is_range = true;
    asked->range_user = world_chance(world, 50)
                            ? device->user
                            : (unsigned)prng_below(&world->prng, world->profile.users);
    const struct message *from = actions_message_in(world, log);
    const struct message *until = actions_message_in(world, log);
    if (from != NULL && world_chance(world, 50))
        asked->range_from_ms = hlc_ms(from->time);
    if (until != NULL && hlc_ms(until->time) > asked->range_from_ms && world_chance(world, 50))
        asked->range_until_ms = hlc_ms(until->time);
    snprintf(request_id, sizeof(request_id), "j%u", index);
    snprintf(user, sizeof(user), "u%u", asked->range_user);
    range.conversation = asked->conversation;
    range.user = user;
    range.from_ms = asked->range_from_ms;
    range.until_ms = asked->range_until_ms;
    range.request_id = bytes_of(view_of(request_id));
    frame.body_case = CLIENT_FRAME(RECALL_RANGE);
    frame.recall_range = &range;
    actions_keep_asked(asked, &frame);
    world_tell(world, "%s asks to take back all of %s in %s (%s)", device->name, user, log->id,
               request_id);
    device_ask_recall(device, index);
}

void actions_recall_range(struct world *world, struct device *device)
{
    const struct kept_conversation *kept = actions_conversation(world, device);
    const struct log *log =
        kept == NULL ? NULL : history_find_log(&world->history, view_of(kept->id));
    if (log != NULL)
        actions_ask_range(world, device, log);
}

/* The first one that was sealed, so that it is asked for again; or any. */
static const struct taken_back *actions_kept(struct world *world)
{
    const struct history *history = &world->history;
    for (uint32_t i = 0; i < history->recall_count && world_chance(world, 95); i++) {
        if (history->recalls[i].keeping == WIRE(KEEPING, SEALED))
            return &history->recalls[i];
    }
    return history->recall_count == 0
               ? NULL
               : &history->recalls[prng_below(&world->prng, history->recall_count)];
}

static void actions_open_evidence(struct world *world, struct device *device)
{
    wire_open_evidence open = UNSAY__V1__OPEN_EVIDENCE__INIT;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    const struct taken_back *recall = actions_kept(world);
    if (recall == NULL)
        return;
    open.conversation = world->history.logs[recall->log].id;
    open.target_seq = recall->target_seq;
    frame.body_case = CLIENT_FRAME(OPEN_EVIDENCE);
    frame.open_evidence = &open;
    device_ask(device, &frame);
    if (world_chance(world, 40)) /* perhaps the second person */
        device_ask(&world->devices[world->device_count - 1], &frame);
}

void actions_of_officer(struct world *world, struct device *device)
{
    const struct history *history = &world->history;
    if (history->log_count == 0)
        return;
    const struct log *log = &history->logs[prng_below(&world->prng, history->log_count)];
    uint64_t dice = prng_below(&world->prng, 100);
    if (dice < 30)
        actions_recall_in(world, device, log);
    else if (dice < 38)
        actions_recall_again(world, device);
    else if (dice < 46)
        actions_ask_range(world, device, log);
    else if (dice < 60 && device->database.conversation_count > 0)
        actions_recall_early(world, device); /* what they write themselves, as a member */
    else
        actions_open_evidence(world, device);
}

void actions_reload(struct world *world)
{
    wire_policy_request reload = UNSAY__V1__POLICY_REQUEST__INIT;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    reload.action = WIRE(POLICY_ACTION, RELOAD);
    frame.body_case = CLIENT_FRAME(POLICY);
    frame.policy = &reload;
    device_ask(&world->devices[world->device_count - 1], &frame);
}
