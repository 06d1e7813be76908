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
            members[at].role = (Unsay__V1__Role)prng_below(&world->prng, ROLES);
        list[at] = &members[at];
    } while (!leaves && change.n_members < ACTION_MEMBERS_MAX && world_chance(world, 30));
    if (change.n_members == 2 && strcmp(names[0], names[1]) == 0)
        change.n_members = 1;
    frame.body_case = CLIENT_FRAME(CHANGE_MEMBERS);
    frame.change_members = &change;
    world_tell(world, "%s makes %s %d in %s", actor->name, names[0], (int)members[0].role, log->id);
    device_ask(actor, &frame);
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
