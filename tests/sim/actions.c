#include "actions.h"

#include "base/memory.h"
#include "core/frame.h"
#include "core/ids.h"
#include "world.h"

enum { GROUPS_MAX = 3, HOUR_MS = 3600000 };

/* Mostly a user's. */
struct device *actions_device(struct world *world)
{
    size_t count = world->device_count - (world_chance(world, 80) ? OFFICERS : 0);
    return &world->devices[prng_below(&world->prng, count)];
}

struct kept_conversation *actions_conversation(struct world *world, struct device *device)
{
    uint32_t count = device->database.conversation_count;
    if (count > 1 && world->profile.is_narrow)
        count = 1;
    return count == 0 ? NULL : &device->database.conversations[prng_below(&world->prng, count)];
}

/* ---- Conversations ---- */

static void actions_open(struct world *world, struct device *device)
{
    char user[8];
    wire_open_conversation open = UNSAY__V1__OPEN_CONVERSATION__INIT;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    snprintf(user, sizeof(user), "u%u",
             (unsigned)prng_below(&world->prng, world->profile.users) % 10);
    open.user = user;
    frame.body_case = CLIENT_FRAME(OPEN_CONVERSATION);
    frame.open_conversation = &open;
    device_ask(device, &frame);
}

static void actions_create(struct world *world, struct device *device)
{
    char names[USERS_MAX][8];
    wire_member members[USERS_MAX];
    wire_member *list[USERS_MAX];
    struct uuid id = {{0x01, 0x8f, 0, 0, 0, 0, 0x70}};
    id.bytes[15] = (uint8_t)(1 + prng_below(&world->prng, GROUPS_MAX));
    id.bytes[14] = (uint8_t)device->user;
    wire_create_conversation create = UNSAY__V1__CREATE_CONVERSATION__INIT;
    create.creation_id = bytes_of(uuid_view(&id));
    create.name = string_of("group");
    create.type =
        world_chance(world, 80) ? WIRE(CONVERSATION_TYPE, GROUP) : WIRE(CONVERSATION_TYPE, CHANNEL);
    create.members = list;
    for (unsigned user = 0; user < world->profile.users; user++) {
        if (world_chance(world, 30))
            continue;
        snprintf(names[user], sizeof(names[user]), "u%u", user % 10);
        unsay__v1__member__init(&members[user]);
        members[user].user = names[user];
        if (world_chance(world, 50))
            members[user].role = (Unsay__V1__Role)prng_below(&world->prng, ROLES);
        list[create.n_members++] = &members[user];
    }
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    frame.body_case = CLIENT_FRAME(CREATE_CONVERSATION);
    frame.create_conversation = &create;
    device_ask(device, &frame);
}

/* ---- Messages ---- */

uint32_t actions_write(struct world *world, struct device *device, const char *conversation)
{
    struct message *message =
        history_add_message(&world->history, world->now_ms + device->wall_offset_ms,
                            prng_next(&world->prng), device->user, device->index, conversation);
    return (uint32_t)(message - world->history.messages);
}

size_t actions_body(struct world *world)
{
    return world->profile.is_bulky ? 20000 + prng_below(&world->prng, 45000)
                                   : prng_below(&world->prng, 60);
}

/* Mentions, and what it answers: also what is not there. */
static void actions_refer(struct world *world, const struct kept_conversation *kept,
                          struct message *message)
{
    if (world_chance(world, 20))
        message->mentions = UINT32_C(1) << prng_below(&world->prng, USERS_ALL);
    if (world_chance(world, 5))
        message->mentions |= MENTIONS_ALL;
    if (kept != NULL && world_chance(world, 10))
        message->quote = 1 + prng_below(&world->prng, kept->count + 1);
}

static void actions_send(struct world *world, struct device *device)
{
    const struct kept_conversation *kept = actions_conversation(world, device);
    const char *conversation = kept == NULL || world_chance(world, 1) ? "d:nobody:u0" : kept->id;
    unsigned count = 1 + (unsigned)prng_below(&world->prng, 4);
    if (world->profile.is_bulky && world_chance(world, 20))
        count = 40;
    for (unsigned i = 0; i < count; i++) {
        uint32_t index = actions_write(world, device, conversation);
        actions_refer(world, kept, &world->history.messages[index]);
        device_send(device, index, actions_body(world));
    }
}

static void actions_retry(struct world *world, struct device *device)
{
    for (uint32_t i = 0; i < device->database.send_count; i++) {
        struct kept_send *send = &device->database.sends[i];
        if (send->state == KEPT_FAILED && world_chance(world, 50)) {
            device_retry(device, send);
            return;
        }
    }
}

/* ---- Reading, displaying ---- */

static void actions_read(struct world *world, struct device *device)
{
    struct kept_conversation *kept = actions_conversation(world, device);
    if (kept == NULL)
        return;
    wire_read read = UNSAY__V1__READ__INIT;
    read.conversation = kept->id;
    read.after = prng_below(&world->prng, kept->count + 1);
    read.limit = (uint32_t)prng_below(&world->prng, 50);
    read.newest = world_chance(world, 50);
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    frame.body_case = CLIENT_FRAME(READ);
    frame.read = &read;
    device_ask(device, &frame);
}

/* Whether others are told; some ask only how it is. */
static void actions_hide(struct world *world, struct device *device)
{
    wire_change_privacy change = UNSAY__V1__CHANGE_PRIVACY__INIT;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    change.displayed = (Unsay__V1__PrivacyChoice)prng_below(&world->prng, 3);
    frame.body_case = CLIENT_FRAME(CHANGE_PRIVACY);
    frame.change_privacy = &change;
    device_ask(device, &frame);
}

static void actions_fetch(struct world *world, struct device *device)
{
    struct kept_conversation *kept = actions_conversation(world, device);
    if (kept != NULL)
        device_fetch_older(device, kept, 1 + (uint32_t)prng_below(&world->prng, 50));
}

static void actions_display(struct world *world, struct device *device)
{
    /* The mutation shows only in what a user displays while hiding. */
    if (world_chance(world, world->mutation == MUTATION_LOUD_CURSOR ? 60 : 10))
        actions_hide(world, device);
    struct kept_conversation *kept = actions_conversation(world, device);
    if (kept != NULL)
        device_display(device, kept, prng_below(&world->prng, kept->count + 2));
}

/* ---- The device and the server ---- */

static void actions_disturb(struct world *world, struct device *device)
{
    switch (prng_below(&world->prng, 5)) {
    case 0:
        device_nudge(device);
        break;
    case 1:
        device_token(device);
        break;
    case 2:
        device->frozen_until_ms = world->now_ms + world_delay(world, 300000);
        world_tell(world, "%s freezes", device->name);
        break;
    case 3:
        if (device->core != NULL) {
            device_crash(device);
            world_plan(world, world_delay(world, 2 * HOUR_MS), STEP_DEVICE_START, device->index,
                       device->incarnation);
        }
        break;
    default:
        if (device->link != NULL && world->profile.link_cuts > 0)
            network_cut(world, device->link);
        break;
    }
}

static void actions_disturb_server(struct world *world)
{
    if (world_mishap(world, world->profile.server_dies) && world->server.is_up) {
        server_crash(world);
        world_plan(world, world_delay(world, 60000), STEP_SERVER_START, 0, 0);
    }
    if (world_mishap(world, world->profile.storms)) {
        world_tell(world, "everyone's network changes");
        for (size_t i = 0; i < world->device_count; i++)
            device_nudge(&world->devices[i]);
    }
    if (world_mishap(world, world->profile.clock_jumps))
        server_jump_clock(world);
    if (world_mishap(world, world->profile.reloads)) {
        server_change_policy(world);
        if (world_chance(world, 50))
            server_signal(world);
        else
            actions_reload(world);
    }
}

/* A night: most devices are off while hours pass. */
static uint64_t actions_pause(struct world *world)
{
    if (!world_mishap(world, world->profile.night))
        return world_delay(world, world->profile.pause_max_ms);
    for (size_t i = 0; i < world->device_count; i++) {
        struct device *device = &world->devices[i];
        if (device->core == NULL || world_chance(world, 20))
            continue;
        device_crash(device);
        world_plan(world, prng_below(&world->prng, 10ULL * HOUR_MS), STEP_DEVICE_START,
                   device->index, device->incarnation);
    }
    return prng_below(&world->prng, world_chance(world, 50) ? 300000 : HOUR_MS);
}

static void actions_of_user(struct world *world, struct device *device)
{
    uint64_t dice = prng_below(&world->prng, 142);
    if (device->database.conversation_count == 0)
        dice = 90 + dice % 6;
    if (dice < 38)
        actions_send(world, device);
    else if (dice < 56)
        actions_recall(world, device);
    else if (dice < 60)
        actions_recall_early(world, device);
    else if (dice < 67)
        actions_recall_again(world, device);
    else if (dice < 74)
        actions_read(world, device);
    else if (dice < 82)
        actions_display(world, device);
    else if (dice < 90)
        actions_disturb(world, device);
    else if (dice < 93)
        actions_open(world, device);
    else if (dice < 97)
        actions_create(world, device);
    else if (dice < 100)
        actions_retry(world, device);
    else if (dice < 109)
        actions_change_members(world, device);
    else if (dice < 113)
        actions_pin(world, device);
    else if (dice < 121)
        actions_forward(world, device);
    else if (dice < 127)
        actions_recall_of_other(world, device);
    else if (dice < 130)
        actions_recall_range(world, device);
    else
        actions_lead(world, device);
}

static void actions_come_and_go(struct world *world, struct device *device)
{
    if (world_chance(world, 70))
        actions_change_members(world, device);
    else
        actions_lead(world, device);
}

void actions_step(struct world *world)
{
    struct device *device = actions_device(world);
    if (world->profile.retention_ms > 0 && world_chance(world, 20))
        actions_fetch(world, device);
    if (world->profile.departures > 0 && world_chance(world, world->profile.departures))
        actions_come_and_go(world, device);
    if (device_is_officer(device) &&
        (device->database.conversation_count == 0 || world_chance(world, 80)))
        actions_of_officer(world, device);
    else
        actions_of_user(world, device);
    actions_disturb_server(world);
    world_plan(world, actions_pause(world), STEP_ACT, 0, 0);
}

void actions_finish(struct world *world)
{
    for (size_t i = 0; i < world->device_count; i++) {
        struct device *device = &world->devices[i];
        device->frozen_until_ms = 0;
        actions_retry(world, device);
        if (device->core == NULL)
            device_start(device);
        else if (world->profile.is_hostile)
            device_nudge(device);
        else
            device_wake(device);
        for (uint32_t at = 0;
             world->profile.retention_ms > 0 && at < device->database.conversation_count; at++)
            device_fetch_older(device, &device->database.conversations[at], 0);
    }
}
