/* People come and go, pin, and send on. */
#include "actions.h"

#include "core/frame.h"
#include "world.h"

enum { ACTION_MEMBERS_MAX = 2 };

/* Mostly of a user who may. */
static struct device *actions_leader(struct world *world, struct device *device,
                                     const struct log *log)
{
    for (unsigned tries = 0; tries < 8 && world_chance(world, 80); tries++) {
        uint64_t since;
        struct device *other = actions_device(world);
        Unsay__V1__Role role = log_role(log, other->user, log->head, &since);
        if (role >= WIRE(ROLE, OWNER) && role <= WIRE(ROLE, MODERATOR))
            return other;
    }
    return device;
}

/* Mostly one that people can come to and leave. */
static const struct log *actions_group(struct world *world, struct device *device)
{
    const struct kept_conversation *kept = actions_conversation(world, device);
    for (unsigned tries = 0; tries < 8 && kept != NULL && kept->id[0] != 'g'; tries++)
        kept = actions_conversation(world, device);
    return kept == NULL ? NULL : history_find_log(&world->history, view_of(kept->id));
}

void actions_change_members(struct world *world, struct device *device)
{
    const struct log *log = actions_group(world, device);
    if (log == NULL)
        return;
    wire_change_members change = UNSAY__V1__CHANGE_MEMBERS__INIT;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    wire_member members[ACTION_MEMBERS_MAX];
    wire_member *list[ACTION_MEMBERS_MAX];
    char names[ACTION_MEMBERS_MAX][8];
    bool leaves = world_chance(world, 10);
    struct device *actor = leaves ? device : actions_leader(world, device, log);
    unsigned users = world->profile.users + (world_chance(world, 30) ? OFFICERS : 0);
    change.conversation = string_of(log->id);
    change.members = list;
    do {
        size_t at = change.n_members++;
        unsigned user = leaves ? device->user : (unsigned)prng_below(&world->prng, users);
        snprintf(names[at], sizeof(names[at]), "u%u", user % 10);
        unsay__v1__member__init(&members[at]);
        members[at].user = names[at];
        if (!leaves && !world_chance(world, 25))
            members[at].role = (Unsay__V1__Role)prng_below(&world->prng, ROLES + 1);
        list[at] = &members[at];
    } while (!leaves && change.n_members < ACTION_MEMBERS_MAX && world_chance(world, 30));
    if (change.n_members == 2 && strcmp(names[0], names[1]) == 0)
        change.n_members = 1;
    frame.body_case = CLIENT_FRAME(CHANGE_MEMBERS);
    frame.change_members = &change;
    world_tell(world, "%s makes %s %d in %s", actor->name, names[0], (int)members[0].role, log->id);
    device_ask(actor, &frame);
}

static void actions_mute(struct world *world, struct device *device, const struct log *log)
{
    wire_change_members change = UNSAY__V1__CHANGE_MEMBERS__INIT;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    wire_member member = UNSAY__V1__MEMBER__INIT;
    wire_member *list[] = {&member};
    char name[8];
    struct device *actor = actions_leader(world, device, log);
    snprintf(name, sizeof(name), "u%u",
             (unsigned)prng_below(&world->prng, world->profile.users) % 10);
    member.user = name;
    if (world_chance(world, 60))
        member.muted_until_ms = server_wall_ms(world) + world_delay(world, 600000);
    else if (world_chance(world, 20))
        member.muted_until_ms = UINT64_MAX;
    change.conversation = string_of(log->id);
    change.members = list;
    change.n_members = 1;
    change.mutes = true;
    frame.body_case = CLIENT_FRAME(CHANGE_MEMBERS);
    frame.change_members = &change;
    world_tell(world, "%s mutes %s in %s", actor->name, name, log->id);
    device_ask(actor, &frame);
}

static void actions_join(struct device *device, const struct log *log)
{
    wire_join_conversation join = UNSAY__V1__JOIN_CONVERSATION__INIT;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    join.conversation = string_of(log->id);
    frame.body_case = CLIENT_FRAME(JOIN_CONVERSATION);
    frame.join_conversation = &join;
    device_ask(device, &frame);
}

/* What new members see of the past is chosen once for each group: a log that opened its past again
 * would make known what devices had passed over. */
static void actions_settings(struct world *world, struct device *device, const struct log *log)
{
    wire_change_settings change = UNSAY__V1__CHANGE_SETTINGS__INIT;
    wire_settings settings = UNSAY__V1__SETTINGS__INIT;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    struct device *actor = actions_leader(world, device, log);
    uint64_t what = prng_below(&world->prng, 20);
    change.conversation = string_of(log->id);
    change.settings = &settings;
    if (what < 9) {
        change.fields = 1 << 5 | 1 << 6;
        settings.history = (Unsay__V1__HistoryVisibility)(1 + log->id[strlen(log->id) - 1] % 2);
        settings.history_last = 3;
    } else if (what < 13) {
        change.fields = 1 << 4;
        settings.join = (Unsay__V1__JoinPolicy)prng_below(&world->prng, 3);
    } else if (what < 19) {
        change.fields = 1 << 3;
        settings.read_only = world_chance(world, 40);
    } else {
        change.fields = 1 << 7;
        settings.dissolved = true;
    }
    frame.body_case = CLIENT_FRAME(CHANGE_SETTINGS);
    frame.change_settings = &change;
    world_tell(world, "%s changes settings %x in %s", actor->name, change.fields, log->id);
    device_ask(actor, &frame);
}

void actions_lead(struct world *world, struct device *device)
{
    const struct history *history = &world->history;
    const struct log *log = actions_group(world, device);
    uint64_t what = prng_below(&world->prng, 10);
    if (what < 3 && history->log_count > 0) /* also what the device does not know yet */
        actions_join(device, &history->logs[prng_below(&world->prng, history->log_count)]);
    else if (what < 8 && log != NULL)
        actions_settings(world, device, log);
    else if (log != NULL)
        actions_mute(world, device, log);
}

/* Each user for themselves: also where they are no member any more. */
static void actions_set(struct world *world, struct device *device)
{
    const struct kept_conversation *kept = actions_conversation(world, device);
    wire_change_listing change = UNSAY__V1__CHANGE_LISTING__INIT;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    if (kept == NULL)
        return;
    uint64_t what = prng_below(&world->prng, 3);
    change.conversation = string_of(kept->id);
    if (what == 0) {
        change.change_case = UNSAY__V1__CHANGE_LISTING__CHANGE_MUTED_UNTIL_MS;
        change.muted_until_ms = prng_below(&world->prng, 5);
    } else if (what == 1) {
        change.change_case = UNSAY__V1__CHANGE_LISTING__CHANGE_IS_PINNED;
        change.is_pinned = world_chance(world, 60);
    } else {
        change.change_case = UNSAY__V1__CHANGE_LISTING__CHANGE_HIDING;
        change.hiding = (Unsay__V1__Hiding)prng_below(&world->prng, 3);
        change.hidden_seq = world_chance(world, 80) ? kept->stored : 0;
    }
    frame.body_case = CLIENT_FRAME(CHANGE_LISTING);
    frame.change_listing = &change;
    world_tell(world, "%s sets %u in %s", device->name, (unsigned)what, kept->id);
    device_ask(device, &frame);
}

void actions_pin(struct world *world, struct device *device)
{
    const struct kept_conversation *kept = actions_conversation(world, device);
    wire_change_pin change = UNSAY__V1__CHANGE_PIN__INIT;
    wire_reference target = UNSAY__V1__REFERENCE__INIT;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    if (world_chance(world, 50)) {
        actions_set(world, device);
        return;
    }
    if (kept == NULL || kept->count == 0)
        return;
    uint64_t reach = kept->count < 10 ? kept->count : 10;
    change.conversation = string_of(kept->id);
    change.target = &target;
    change.is_pinned = world_chance(world, 80);
    target.seq = kept->count - prng_below(&world->prng, reach);
    frame.body_case = CLIENT_FRAME(CHANGE_PIN);
    frame.change_pin = &change;
    device_ask(device, &frame);
}

void actions_forward(struct world *world, struct device *device)
{
    struct history *history = &world->history;
    const struct kept_conversation *from = actions_conversation(world, device);
    const struct kept_conversation *to = actions_conversation(world, device);
    const struct log *log = from == NULL ? NULL : history_find_log(history, view_of(from->id));
    if (log == NULL || log->head == 0)
        return;
    uint64_t reach = log->head < 8 ? log->head : 8;
    const struct logged *logged = &log->events[log->head - prng_below(&world->prng, reach)];
    if (logged->kind != EVENT_KIND(MESSAGE))
        return;
    uint32_t source = logged->message;
    uint32_t index = actions_write(world, device, to->id);
    history->messages[index].source = source + 1;
    device_send(device, index, 0);
    struct device *author = &world->devices[history->messages[source].device];
    if (world_chance(world, 40)) /* and takes it back at that moment */
        actions_recall_message(world, author, source);
}
