#include "world.h"

#include "actions.h"
#include "checks.h"
#include "watch.h"

#include <stdarg.h>

enum {
    WORLD_STEPS_MAX = 400000,
    WORLD_CALM_MAX_MS = 7200000, /* of simulated time, until everything must be at rest */
    WORLD_REST_MS = 125000,      /* longer than any repetition, and until who was resumed lists */
    WORLD_CHECK_MS = 1000
};

void world_plan(struct world *world, uint64_t delay_ms, enum step_kind kind, uint32_t subject,
                uint64_t generation)
{
    schedule_put(&world->schedule, world->now_ms + delay_ms, kind, subject, generation);
}

bool world_mishap(struct world *world, unsigned permille)
{
    return !world->is_calm && permille > 0 && prng_below(&world->prng, 1000) < permille;
}

bool world_chance(struct world *world, unsigned percent)
{
    return prng_below(&world->prng, 100) < percent;
}

uint64_t world_delay(struct world *world, uint64_t max_ms)
{
    return 1 + prng_below(&world->prng, 1 + prng_below(&world->prng, max_ms));
}

void world_mix(struct world *world, uint64_t number)
{
    world->hash = (world->hash ^ number) * UINT64_C(0x9e3779b97f4a7c15);
    world->hash ^= world->hash >> 29;
}

void world_tell(struct world *world, const char *format, ...)
{
    va_list arguments;
    if (!world->is_traced)
        return;
    printf("%10llu.%03u  ", (unsigned long long)(world->now_ms / 1000),
           (unsigned)(world->now_ms % 1000));
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    printf("\n");
}

void world_break(struct world *world, const char *promise, const char *format, ...)
{
    va_list arguments;
    if (world->broken != NULL)
        return;
    world->broken = promise;
    va_start(arguments, format);
    vsnprintf(world->reason, sizeof(world->reason), format, arguments);
    va_end(arguments);
    world_tell(world, "BROKEN: %s: %s", promise, world->reason);
}

/* When a user's device comes for the first time. */
static uint64_t world_arrival(struct world *world)
{
    uint64_t at_ms = prng_below(&world->prng, 3000);
    if (world->profile.late_devices > 0 && world_chance(world, world->profile.late_devices))
        at_ms += prng_below(&world->prng, 2 * world->profile.retention_ms);
    return at_ms;
}

static void world_begin(struct world *world)
{
    world->profile = profile_draw(&world->prng);
    if (world->seed > SEEDS_AWAY)
        profile_draw_absence(&world->profile, &world->prng);
    world->actions_left = world->profile.actions;
    server_init(world);
    for (unsigned user = 0; user < world->profile.users; user++) {
        for (unsigned i = 0; i < world->profile.devices_of[user]; i++) {
            unsigned index = (unsigned)world->device_count++;
            device_init(&world->devices[index], world, index, user, index);
            world_plan(world, world_arrival(world), STEP_DEVICE_START, index, 0);
        }
    }
    for (unsigned officer = 0; officer < OFFICERS; officer++) {
        unsigned index = (unsigned)world->device_count++;
        device_init(&world->devices[index], world, index, world->profile.users + officer, index);
        world_plan(world, prng_below(&world->prng, 3000), STEP_DEVICE_START, index, 0);
    }
    server_start(world);
    world_plan(world, 1000, STEP_ACT, 0, 0);
}

static void world_act(struct world *world)
{
    if (world->actions_left > 0) {
        world->actions_left--;
        actions_step(world);
        return;
    }
    world_tell(world, "the faults are over");
    world->is_calm = true;
    world->calm_since_ms = world->now_ms;
    server_start(world);
    actions_finish(world);
    world_plan(world, WORLD_CHECK_MS, STEP_CALM_CHECK, 0, 0);
}

static void world_check_calm(struct world *world)
{
    char lacking[256] = "questions at rest are not answered";
    bool is_late = world->now_ms - world->calm_since_ms > WORLD_CALM_MAX_MS;
    bool is_converged = check_convergence(world, lacking, sizeof(lacking));
    if (!is_converged || is_late) {
        world->settled_since_ms = 0;
        if (is_late)
            world_break(world, "P7 convergence", "not at rest: %s", lacking);
    } else if (world->settled_since_ms == 0) {
        world->settled_since_ms = world->now_ms;
        world_tell(world, "everything is at rest");
        questions_ask(world);
    } else if (!questions_are_answered(world)) {
        if (world->now_ms - world->settled_since_ms > WORLD_REST_MS)
            world->settled_since_ms = 0; /* somebody's connection is gone: once more */
    } else if (world->now_ms - world->settled_since_ms > WORLD_REST_MS) {
        world->is_settled = true;
        watch_end(world);
    }
    world_plan(world, WORLD_CHECK_MS, STEP_CALM_CHECK, 0, 0);
}

static void world_deliver(struct world *world, struct link *link, bool is_up)
{
    struct device *device = &world->devices[link->device];
    if (!is_up && device->link == link && device_is_frozen(device)) {
        world_plan(world, device->frozen_until_ms - world->now_ms, STEP_DELIVER_DOWN, link->number,
                   0);
        return;
    }
    struct blob *frame = pipe_take(is_up ? &link->up : &link->down);
    if (frame == NULL)
        return;
    if (is_up && link->is_server_open)
        server_frame(world, link, blob_view(frame));
    else if (!is_up && device->core != NULL && device->link == link)
        device_frame(device, blob_view(frame));
    blob_release(frame);
    if (!is_up)
        server_writable(world, link);
}

static void world_link_up(struct world *world, struct link *link)
{
    struct device *device = &world->devices[link->device];
    if (device->link != link)
        return;
    if (!world->server.is_up) {
        device_link_down(device, link);
        return;
    }
    server_accept(world, link);
    device_link_up(device, link);
}

static void world_link_step(struct world *world, const struct step *step)
{
    struct link *link = world->network.links[step->subject];
    struct device *device = &world->devices[link->device];
    if (step->kind == STEP_LINK_UP) {
        world_link_up(world, link);
    } else if (step->kind == STEP_DELIVER_UP || step->kind == STEP_DELIVER_DOWN) {
        world_deliver(world, link, step->kind == STEP_DELIVER_UP);
    } else if (step->kind == STEP_SERVER_EOF) {
        server_eof(world, link);
    } else if (device_is_frozen(device)) {
        world_plan(world, device->frozen_until_ms - world->now_ms, STEP_CLIENT_EOF, link->number,
                   0);
    } else {
        device_link_down(device, link);
    }
}

static void world_device_step(struct world *world, const struct step *step)
{
    struct device *device = &world->devices[step->subject];
    if (step->generation != device->incarnation)
        return;
    if (step->kind == STEP_DEVICE_START)
        device_start(device);
    else if (step->kind == STEP_DEVICE_WAKE)
        device_wake(device);
    else if (step->kind == STEP_DEVICE_TOKEN)
        device_token(device);
    else
        device_nudge(device);
}

static void world_server_step(struct world *world, const struct step *step)
{
    if (!world->server.is_up || step->generation != world->server.generation)
        return;
    if (step->kind == STEP_MAIL)
        server_mail(world, step->subject);
    else if (step->kind == STEP_TURN_END)
        server_turn_end(world, step->subject);
    else if (step->kind == STEP_COMMIT)
        server_commit(world);
    else
        server_tick(world);
}

static void world_step(struct world *world, const struct step *step)
{
    world->now_ms = step->at_ms;
    world->steps++;
    world_mix(world, step->at_ms << 8 | (uint64_t)step->kind);
    world_mix(world, step->subject);
    switch (step->kind) {
    case STEP_ACT:
        world_act(world);
        break;
    case STEP_DEVICE_START:
    case STEP_DEVICE_WAKE:
    case STEP_DEVICE_TOKEN:
    case STEP_DEVICE_NUDGE:
        world_device_step(world, step);
        break;
    case STEP_LINK_UP:
    case STEP_DELIVER_UP:
    case STEP_DELIVER_DOWN:
    case STEP_SERVER_EOF:
    case STEP_CLIENT_EOF:
        world_link_step(world, step);
        break;
    case STEP_MAIL:
    case STEP_TURN_END:
    case STEP_COMMIT:
    case STEP_TICK:
        world_server_step(world, step);
        break;
    case STEP_SERVER_START:
        server_start(world);
        break;
    case STEP_CALM_CHECK:
        world_check_calm(world);
        break;
    }
}

bool world_run(struct world *world, uint64_t seed, enum mutation mutation, bool is_traced)
{
    struct step step;
    *world =
        (struct world){.seed = seed, .prng = {seed}, .mutation = mutation, .is_traced = is_traced};
    world_begin(world);
    while (world->broken == NULL && !world->is_settled && schedule_take(&world->schedule, &step)) {
        world_step(world, &step);
        if (world->steps > WORLD_STEPS_MAX)
            world_break(world, "P7 convergence", "more than %d steps", WORLD_STEPS_MAX);
    }
    world_mix(world, world->prng.state);
    return world->broken == NULL;
}

void world_fini(struct world *world)
{
    server_fini(world);
    for (size_t i = 0; i < world->device_count; i++)
        device_fini(&world->devices[i]);
    network_fini(&world->network);
    history_fini(&world->history);
    schedule_fini(&world->schedule);
}
