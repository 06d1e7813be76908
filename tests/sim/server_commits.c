/* Commits: they take their time, fail, and fail although they were written. */
#include "core/refusal.h"
#include "mutate.h"
#include "server.h"
#include "storage/store_memory.h"
#include "watch.h"
#include "world.h"

#include <assert.h>

void shell_commit(void *context, struct group *group)
{
    struct shell *shell = context;
    struct world *world = shell->world;
    struct server *server = &world->server;
    watch_decided(world, shell->worker.index, group);
    assert(server->commit_count < COMMITS_MAX);
    server->commits[server->commit_count++] = group;
    uint64_t delay_ms = world_delay(world, world->profile.commit_ms);
    if (world_mishap(world, 5))
        delay_ms += prng_below(&world->prng, 5000);
    world_plan(world, delay_ms, STEP_COMMIT, 0, server->generation);
}

/* Whether the store does it, does it and says no, or does not. */
static enum status server_write(struct world *world, struct group *const *groups, size_t count)
{
    struct server *server = &world->server;
    const struct change_list *lists[COMMITS_MAX];
    struct change_list mutated[COMMITS_MAX];
    struct arena arena;
    size_t list_count = 0;
    arena_init(&arena);
    for (size_t i = 0; i < count; i++) {
        if (groups[i]->effects.changes.count == 0)
            continue;
        lists[list_count] = &groups[i]->effects.changes;
        if (world->mutation != MUTATION_NONE) {
            mutated[list_count] = mutate_changes(world, lists[list_count], &arena);
            lists[list_count] = &mutated[list_count];
        }
        list_count++;
    }
    enum status status = STATUS_OK;
    bool is_applied = true;
    if (list_count > 0) {
        server->is_failing =
            world_mishap(world, server->is_failing ? 600 : world->profile.commit_fails);
        if (server->is_failing) {
            status = world_chance(world, 50) ? STATUS_IO : STATUS_NO_SPACE;
            is_applied = world_chance(world, 40);
        } else if (world->mutation == MUTATION_LOST_WRITE && world_chance(world, 10)) {
            is_applied = false;
            list_count = 0;
        }
        store_memory_fail(server->store, status, is_applied);
        if (list_count > 0 && store_commit(server->store, lists, list_count, NULL) != status)
            world_break(world, "store", "the memory store does not fail as it was told");
        store_memory_fail(server->store, STATUS_OK, false);
        world_tell(world, "commit of %zu lists: %s%s", list_count, status_text(status),
                   status != STATUS_OK && is_applied ? ", but written" : "");
    }
    for (size_t i = 0; i < list_count && is_applied; i++)
        watch_committed(world, lists[i]);
    if (status != STATUS_OK)
        watch_failed(world);
    arena_fini(&arena);
    return status;
}

void server_commit(struct world *world)
{
    struct server *server = &world->server;
    struct group *groups[COMMITS_MAX];
    if (server->commit_count == 0)
        return;
    size_t count = 1 + prng_below(&world->prng, server->commit_count);
    memcpy(groups, server->commits, count * sizeof(struct group *));
    server->commit_count -= count;
    memmove(server->commits, server->commits + count,
            server->commit_count * sizeof(struct group *));
    enum status status = server_write(world, groups, count);
    for (size_t i = 0; i < count; i++) {
        if (status != STATUS_OK)
            groups[i]->failure = status == STATUS_NO_SPACE ? REFUSAL_CODE(STORAGE_FULL)
                                                           : REFUSAL_CODE(STORAGE_UNAVAILABLE);
        for (unsigned to = 0; to < world->profile.workers; to++)
            server_post(world, groups[i]->worker, to,
                        (struct mail){.kind = MAIL_GROUP, .group = groups[i]});
    }
}
