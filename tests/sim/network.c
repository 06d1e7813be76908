#include "network.h"

#include "base/memory.h"
#include "world.h"

void network_fini(struct network *network)
{
    for (uint32_t i = 0; i < network->count; i++) {
        struct link *link = network->links[i];
        for (struct blob *frame; (frame = pipe_take(&link->up)) != NULL;)
            blob_release(frame);
        for (struct blob *frame; (frame = pipe_take(&link->down)) != NULL;)
            blob_release(frame);
        free(link->up.frames);
        free(link->down.frames);
        free(link);
    }
    free(network->links);
}

struct blob *pipe_take(struct pipe *pipe)
{
    if (pipe->first == pipe->end)
        return NULL;
    struct blob *frame = pipe->frames[pipe->first++];
    if (pipe->first == pipe->end)
        pipe->first = pipe->end = 0;
    return frame;
}

static void pipe_put(struct pipe *pipe, struct blob *frame)
{
    if (pipe->end == pipe->capacity) {
        pipe->capacity = pipe->capacity == 0 ? 16 : pipe->capacity * 2;
        pipe->frames = memory_resize(pipe->frames, pipe->capacity * sizeof(*pipe->frames));
    }
    pipe->frames[pipe->end++] = blob_hold(frame);
}

static void pipe_clear(struct pipe *pipe)
{
    for (struct blob *frame; (frame = pipe_take(pipe)) != NULL;)
        blob_release(frame);
}

struct link *network_connect(struct world *world, unsigned device)
{
    struct network *network = &world->network;
    if (network->count == network->capacity) {
        network->capacity = network->capacity == 0 ? 64 : network->capacity * 2;
        network->links = memory_resize(network->links, network->capacity * sizeof(*network->links));
    }
    struct link *link = memory_new(sizeof(*link));
    link->world = world;
    link->number = network->count;
    link->device = device;
    link->is_client_open = true;
    link->window = 64;
    if (!world->is_calm && world_chance(world, world->profile.slow_links))
        link->window = 1 + (unsigned)prng_below(&world->prng, 3);
    network->links[network->count++] = link;
    world_plan(world, world_delay(world, world->profile.network_ms), STEP_LINK_UP, link->number, 0);
    return link;
}

/* When a frame that is sent now arrives: after those before it. */
static uint64_t network_arrival(struct world *world, struct pipe *pipe)
{
    uint64_t delay_ms = world_delay(world, world->profile.network_ms);
    if (world_mishap(world, 3))
        delay_ms += prng_below(&world->prng, 30000);
    uint64_t at_ms = world->now_ms + delay_ms;
    if (at_ms > pipe->last_ms)
        pipe->last_ms = at_ms;
    return pipe->last_ms - world->now_ms;
}

static void network_send(struct world *world, struct link *link, struct pipe *pipe,
                         enum step_kind step, struct blob *frame)
{
    if (world_mishap(world, world->profile.link_cuts)) {
        network_cut(world, link);
        return;
    }
    if (world_mishap(world, world->profile.frame_lost))
        return;
    unsigned copies = world_mishap(world, world->profile.frame_doubled) ? 2 : 1;
    for (unsigned i = 0; i < copies; i++) {
        pipe_put(pipe, frame);
        world_plan(world, network_arrival(world, pipe), step, link->number, 0);
    }
    if (pipe->end - pipe->first >= 2 && world_mishap(world, world->profile.frame_swapped)) {
        size_t other = pipe->first + prng_below(&world->prng, pipe->end - 1 - pipe->first);
        struct blob *last = pipe->frames[pipe->end - 1];
        pipe->frames[pipe->end - 1] = pipe->frames[other];
        pipe->frames[other] = last;
    }
}

void network_send_up(struct world *world, struct link *link, struct blob *frame)
{
    if (link->is_client_open && !link->is_cut)
        network_send(world, link, &link->up, STEP_DELIVER_UP, frame);
}

void network_send_down(struct world *world, struct link *link, struct blob *frame)
{
    if (link->is_cut)
        link->swallowed++;
    else
        network_send(world, link, &link->down, STEP_DELIVER_DOWN, frame);
}

size_t network_room(const struct link *link)
{
    size_t taken = link->is_cut ? link->swallowed : link->down.end - link->down.first;
    return taken < link->window ? link->window - taken : 0;
}

void network_close_client(struct world *world, struct link *link)
{
    if (!link->is_client_open)
        return;
    link->is_client_open = false;
    if (!link->is_cut && !world_mishap(world, 250))
        world_plan(world, network_arrival(world, &link->up), STEP_SERVER_EOF, link->number, 0);
}

void network_close_server(struct world *world, struct link *link)
{
    if (!link->is_server_open)
        return;
    link->is_server_open = false;
    link->is_closing = false;
    link->session = NULL;
    if (!link->is_cut)
        world_plan(world, network_arrival(world, &link->down), STEP_CLIENT_EOF, link->number, 0);
}

void network_cut(struct world *world, struct link *link)
{
    world_tell(world, "the connection %u is cut", link->number);
    link->is_cut = true;
    if (world_chance(world, 70))
        pipe_clear(&link->down);
    if (world_chance(world, 70))
        pipe_clear(&link->up);
    if (world_chance(world, 60)) {
        world_plan(world,
                   link->down.last_ms > world->now_ms ? link->down.last_ms - world->now_ms
                                                      : world_delay(world, 20000),
                   STEP_CLIENT_EOF, link->number, 0);
    }
    if (world_chance(world, 40)) {
        world_plan(world, world_delay(world, 60000), STEP_SERVER_EOF, link->number, 0);
    }
}
