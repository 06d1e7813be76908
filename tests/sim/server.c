#include "server.h"

#include "base/memory.h"
#include "core/refusal.h"
#include "mutate.h"
#include "policies.h"
#include "watch.h"
#include "world.h"

#include <assert.h>

enum { SERVER_TICK_MS = 200, SERVER_TICK_QUIET_MS = 2000, SERVER_LINGER_MS = 5000 };

uint64_t server_wall_ms(const struct world *world)
{
    return world->server.wall_base_ms + world->now_ms;
}

void server_change_policy(struct world *world)
{
    world->server.policy = (unsigned)prng_below(&world->prng, POLICIES);
    world_tell(world, "policy %u stands in the file", world->server.policy);
}

void server_signal(struct world *world)
{
    if (world->server.is_up)
        server_post(world, 0, 0, (struct mail){.kind = MAIL_RELOAD});
}

void server_jump_clock(struct world *world)
{
    uint64_t most = world->profile.clock_jump_ms;
    uint64_t jump_ms = prng_below(&world->prng, 2 * most + 1);
    world->server.wall_base_ms = world->server.wall_base_ms + jump_ms - most;
    if (world->server.wall_base_ms > world->server.wall_base_max_ms)
        world->server.wall_base_max_ms = world->server.wall_base_ms;
    world_tell(world, "the server's clock jumps by %lld ms", (long long)jump_ms - (long long)most);
}

/* ---- Turns ---- */

struct shell *server_begin_turn(struct world *world, unsigned index)
{
    struct shell *shell = &world->server.shells[index];
    if (!shell->is_in_turn) {
        shell->is_in_turn = true;
        uint64_t steady_ms = world->server.steady_base_ms + world->now_ms;
        worker_set_time(&shell->worker,
                        (struct now){server_wall_ms(world), steady_ms, steady_ms * 1000000, 0});
    }
    return shell;
}

static void shell_end(struct shell *shell)
{
    worker_end_turn(&shell->worker);
    watch_decided(shell->world, shell->worker.index, shell->worker.owner.open);
    shell->is_in_turn = false;
}

void server_may_end_turn(struct shell *shell)
{
    struct world *world = shell->world;
    if (!world_chance(world, 20))
        shell_end(shell);
    else
        world_plan(world, prng_below(&world->prng, 3), STEP_TURN_END, shell->worker.index,
                   world->server.generation);
}

void server_turn_end(struct world *world, unsigned worker)
{
    if (world->server.shells[worker].is_in_turn)
        shell_end(&world->server.shells[worker]);
}

/* ---- Start and crash ---- */

void server_init(struct world *world)
{
    world->server.store = store_open_memory();
    world->server.wall_base_ms = world->server.wall_base_max_ms = 1700000000000;
    world->server.policy = (unsigned)prng_below(&world->prng, POLICIES);
}

void server_fini(struct world *world)
{
    server_crash(world);
    blob_release(world->server.stale);
    store_close(world->server.store);
}

static const struct policy *server_policies(const struct world *world)
{
    return world->mutation == MUTATION_NO_WINDOW ? sim_endless_policies : sim_policies;
}

static const struct policy *server_first_policy(const struct world *world)
{
    unsigned other = world->mutation == MUTATION_OTHER_POLICY;
    return &server_policies(world)[(world->server.policy + other) % POLICIES];
}

/* What src/server does before it takes the first connection. */
static void server_record_policy(struct world *world)
{
    const struct policy *policy = &sim_policies[world->server.policy];
    struct arena arena;
    struct effects effects;
    arena_init(&arena);
    effects_init(&effects, &arena);
    struct change *change = arena_zero(&arena, sizeof(*change));
    change->kind = CHANGE_POLICY;
    change->request_id = view_make(policy->version, POLICY_VERSION_BYTES);
    change->bytes = policy->content;
    change_list_add(&effects.changes, change);
    wire_audit_entry entry = UNSAY__V1__AUDIT_ENTRY__INIT;
    entry.kind = WIRE(AUDIT_KIND, START);
    entry.time = server_wall_ms(world);
    entry.actor = WIRE(ACTOR, SYSTEM);
    entry.policy = bytes_of(view_make(policy->version, POLICY_VERSION_BYTES));
    effects_audit(&effects, &entry);
    const struct change_list *lists[] = {&effects.changes};
    if (store_commit(world->server.store, lists, 1, NULL) != STATUS_OK)
        world_break(world, "store", "the memory store fails by itself");
    watch_committed(world, lists[0]);
    effects_fini(&effects);
    arena_fini(&arena);
}

void server_start(struct world *world)
{
    struct server *server = &world->server;
    if (server->is_up)
        return;
    world_tell(world, "the server starts");
    server->is_up = true;
    server->generation++;
    server->is_failing = false;
    server->steady_base_ms = prng_below(&world->prng, 1000000);
    server_record_policy(world);
    struct worker_settings settings = {
        .rules = {.policy = server_first_policy(world), .region = ""},
        .progress = {.members_max = world->profile.receipt_members,
                     .hides_displayed = world->profile.hides_displayed},
        .has_outbox = true,
        .ticket_life_ms = world->profile.ticket_life_ms,
        .offline_retention_ms = world->mutation == MUTATION_SHORT_RETENTION
                                    ? world->profile.retention_ms / 8
                                    : world->profile.retention_ms,
    };
    for (unsigned i = 0; i < world->profile.workers; i++) {
        struct shell *shell = &server->shells[i];
        *shell = (struct shell){.world = world, .policy = server->policy};
        admission_init(&shell->admission, world->profile.sign_ins_per_second, world->now_ms);
        worker_init(&shell->worker, i, world->profile.workers, server->store, shell, &settings,
                    prng_next(&world->prng));
    }
    watch_restarted(world);
    world_plan(world, SERVER_TICK_MS, STEP_TICK, 0, server->generation);
}

/* Groups are shared by the mailboxes: each is to be freed once. */
static void server_gather(struct group **groups, size_t *count, struct group *group)
{
    for (size_t i = 0; i < *count; i++) {
        if (groups[i] == group)
            return;
    }
    groups[(*count)++] = group;
}

static void server_drop_mail(struct world *world)
{
    struct server *server = &world->server;
    struct group *groups[1024];
    size_t count = 0;
    for (size_t i = 0; i < server->commit_count; i++)
        server_gather(groups, &count, server->commits[i]);
    server->commit_count = 0;
    for (unsigned from = 0; from < SIM_WORKERS_MAX; from++) {
        for (unsigned to = 0; to < SIM_WORKERS_MAX; to++) {
            struct mails *mails = &server->mails[from][to];
            for (size_t i = mails->first; i < mails->end; i++) {
                struct mail *mail = &mails->items[i];
                assert(count < sizeof(groups) / sizeof(groups[0]));
                if (mail->kind == MAIL_GROUP || mail->kind == MAIL_ANSWERS)
                    server_gather(groups, &count, mail->group);
                mail_discard(mail);
            }
            free(mails->items);
            *mails = (struct mails){.items = NULL};
        }
    }
    for (size_t i = 0; i < count; i++)
        group_free(groups[i]);
}

void server_crash(struct world *world)
{
    struct server *server = &world->server;
    if (!server->is_up)
        return;
    world_tell(world, "the server dies");
    server->is_up = false;
    server->died_ms = world->now_ms;
    for (uint32_t i = 0; i < world->network.count; i++) {
        struct link *link = world->network.links[i];
        if (!link->is_server_open)
            continue;
        if (link->session != NULL)
            worker_session_closed(&server->shells[link->worker].worker, link->session);
        network_close_server(world, link);
    }
    server_drop_mail(world);
    for (unsigned i = 0; i < world->profile.workers; i++)
        worker_fini(&server->shells[i].worker);
}

/* ---- shell.h: mail ---- */

void server_post(struct world *world, unsigned from, unsigned to, struct mail mail)
{
    struct mails *mails = &world->server.mails[from][to];
    if (!mutate_mail(world, &mail)) {
        mail_discard(&mail);
        return;
    }
    if (mails->end == mails->capacity) {
        mails->capacity = mails->capacity == 0 ? 32 : mails->capacity * 2;
        mails->items = memory_resize(mails->items, mails->capacity * sizeof(*mails->items));
    }
    mails->items[mails->end++] = mail;
    uint64_t at_ms = world->now_ms + world_delay(world, world->profile.mail_ms);
    if (at_ms > mails->last_ms)
        mails->last_ms = at_ms;
    world_plan(world, mails->last_ms - world->now_ms, STEP_MAIL, from * SIM_WORKERS_MAX + to,
               world->server.generation);
}

bool shell_load_policy(void *context, const struct policy **policy, char *text, size_t text_bytes)
{
    const struct shell *shell = context;
    struct world *world = shell->world;
    bool is_valid = !world_mishap(world, 100);
    snprintf(text, text_bytes, "a person wrote nonsense");
    *policy = is_valid ? &server_policies(world)[world->server.policy] : NULL;
    return is_valid;
}

void shell_release_policy(void *context, const struct policy *policy)
{
    (void)context;
    (void)policy;
}

enum status shell_list_attempts(void *context, const wire_list_recalls *query, struct arena *arena,
                                wire_recall_page *page)
{
    (void)context;
    (void)query;
    (void)arena;
    (void)page;
    return STATUS_NOT_FOUND;
}

enum status shell_list_policies(void *context, struct arena *arena, wire_policy_info *info)
{
    (void)context;
    (void)arena;
    (void)info;
    return STATUS_NOT_FOUND;
}

bool shell_post(void *context, unsigned worker, struct mail mail)
{
    struct shell *shell = context;
    struct world *world = shell->world;
    bool is_bounded = mail.kind == MAIL_REQUEST || mail.kind == MAIL_FORWARD ||
                      mail.kind == MAIL_CLAIM || mail.kind == MAIL_REPLACED;
    if (is_bounded && world_mishap(world, world->profile.mailbox_full))
        return false;
    server_post(world, shell->worker.index, worker, mail);
    return true;
}

void server_mail(struct world *world, uint32_t route)
{
    unsigned to = route % SIM_WORKERS_MAX;
    struct mails *mails = &world->server.mails[route / SIM_WORKERS_MAX][to];
    assert(mails->first < mails->end);
    struct mail mail = mails->items[mails->first++];
    if (mails->first == mails->end)
        mails->first = mails->end = 0;
    struct shell *shell = server_begin_turn(world, to);
    watch_decided(world, to, shell->worker.owner.open); /* by the policy until now */
    if (mail.kind == MAIL_GROUP && mail.group->failure == REFUSAL_NONE)
        watch_published(world, to, mail.group);
    worker_mail(&shell->worker, mail);
    server_may_end_turn(shell);
}

/* ---- Time ---- */

static void server_show_session(struct world *world, struct session *session)
{
    uint32_t extra = world->mutation == MUTATION_FULL_LANE ? LIMIT_SESSION_NOTICES_MAX : 0;
    session->notice_count += extra;
    watch_session(world, session);
    session->notice_count -= extra;
}

static void server_tick_link(struct world *world, struct link *link)
{
    uint64_t silent_ms = world->now_ms - link->heard_ms;
    bool is_stale = link->is_closing && world->now_ms - link->closing_ms > SERVER_LINGER_MS;
    if (is_stale || (link->session == NULL && silent_ms > LIMIT_HELLO_TIMEOUT_MS) ||
        silent_ms > 2 * (uint64_t)link->heartbeat_ms)
        server_close(world, link);
    else if (link->session != NULL)
        server_show_session(world, link->session);
}

void server_tick(struct world *world)
{
    struct server *server = &world->server;
    bool is_busy = false;
    for (unsigned i = 0; i < world->profile.workers; i++)
        server_begin_turn(world, i);
    for (uint32_t i = 0; i < world->network.count; i++) {
        if (world->network.links[i]->is_server_open)
            server_tick_link(world, world->network.links[i]);
    }
    for (unsigned i = 0; i < world->profile.workers; i++) {
        struct worker *worker = &server->shells[i].worker;
        worker_tick(worker);
        is_busy |= !list_is_empty(&worker->waiting) || !list_is_empty(&worker->noticed);
        shell_end(&server->shells[i]);
    }
    world_plan(world, is_busy ? SERVER_TICK_MS : SERVER_TICK_QUIET_MS, STEP_TICK, 0,
               server->generation);
}

bool server_is_idle(const struct world *world)
{
    const struct server *server = &world->server;
    if (!server->is_up || server->commit_count > 0)
        return false;
    for (unsigned i = 0; i < world->profile.workers; i++) {
        if (!worker_is_idle(&server->shells[i].worker))
            return false;
    }
    return true;
}
