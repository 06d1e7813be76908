#include "server.h"

#include "base/memory.h"
#include "core/frame.h"
#include "core/refusal.h"
#include "storage/store_memory.h"
#include "watch.h"
#include "world.h"

#include <assert.h>

enum { SERVER_TICK_MS = 200, SERVER_TICK_QUIET_MS = 2000, SERVER_LINGER_MS = 5000 };

uint64_t server_wall_ms(const struct world *world)
{
    return world->server.wall_base_ms + world->now_ms;
}

void server_jump_clock(struct world *world)
{
    uint64_t most = world->profile.clock_jump_ms;
    uint64_t jump_ms = prng_below(&world->prng, 2 * most + 1);
    world->server.wall_base_ms = world->server.wall_base_ms + jump_ms - most;
    world_tell(world, "the server's clock jumps by %lld ms", (long long)jump_ms - (long long)most);
}

/* ---- Turns ---- */

static struct shell *shell_begin(struct world *world, unsigned index)
{
    struct shell *shell = &world->server.shells[index];
    if (!shell->is_in_turn) {
        shell->is_in_turn = true;
        uint64_t steady_ms = world->server.steady_base_ms + world->now_ms;
        worker_set_time(&shell->worker,
                        (struct now){server_wall_ms(world), steady_ms, steady_ms * 1000000});
    }
    return shell;
}

static void shell_end(struct shell *shell)
{
    watch_decided(shell->world, shell->worker.index);
    worker_end_turn(&shell->worker);
    shell->is_in_turn = false;
}

/* A turn mostly ends with its input; some gather several. */
static void shell_may_end(struct shell *shell)
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
    world->server.wall_base_ms = 1700000000000;
}

void server_fini(struct world *world)
{
    server_crash(world);
    blob_release(world->server.stale);
    store_close(world->server.store);
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
    struct worker_settings settings = {.policy = {SIM_RECALL_WINDOW_MS},
                                       .heartbeat_interval_ms = world->profile.heartbeat_ms};
    if (world->mutation == MUTATION_NO_WINDOW)
        settings.policy.recall_window_ms = 0;
    for (unsigned i = 0; i < world->profile.workers; i++) {
        struct shell *shell = &server->shells[i];
        *shell = (struct shell){.world = world};
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

/* ---- shell.h: commits ---- */

void shell_commit(void *context, struct group *group)
{
    struct shell *shell = context;
    struct world *world = shell->world;
    struct server *server = &world->server;
    assert(server->commit_count < COMMITS_MAX);
    server->commits[server->commit_count++] = group;
    uint64_t delay_ms = world_delay(world, world->profile.commit_ms);
    if (world_mishap(world, 5))
        delay_ms += prng_below(&world->prng, 5000);
    world_plan(world, delay_ms, STEP_COMMIT, 0, server->generation);
}

/* The tombstone as if nothing had happened, for a later commit. */
static void server_keep_raised(struct world *world, wire_event *event, struct arena *arena)
{
    event->message->tombstone = NULL;
    event->message->state = WIRE(MESSAGE_STATE, NORMAL);
    struct view bytes = event_encode(event, arena);
    blob_release(world->server.stale);
    world->server.stale = blob_new(bytes.size);
    memcpy(world->server.stale->bytes, bytes.data, bytes.size);
}

static struct change *server_raised(struct world *world, struct arena *arena)
{
    if (world->mutation != MUTATION_RESURRECT || world->server.stale == NULL)
        return NULL;
    struct view bytes = blob_view(world->server.stale);
    const wire_event *event = event_decode(bytes, arena);
    struct change *change = arena_zero(arena, sizeof(*change));
    change->kind = CHANGE_EVENT;
    change->conversation = view_of(event->conversation);
    change->origin = event->origin;
    change->seq = event->seq;
    change->bytes = bytes;
    return change;
}

/* Mutations of what a commit writes: the list to write instead. */
static struct change_list server_mutated(struct world *world, const struct change_list *changes,
                                         struct arena *arena)
{
    struct change_list mutated = {.first = NULL};
    struct change *raised = server_raised(world, arena);
    for (const struct change *at = changes->first; at != NULL; at = at->next) {
        struct change *copy = arena_alloc(arena, sizeof(*copy));
        *copy = *at;
        if (world->mutation == MUTATION_FORGOTTEN_ANSWER && at->kind == CHANGE_REQUEST)
            continue;
        if (world->mutation == MUTATION_LOST_CURSOR && at->kind == CHANGE_CURSOR)
            continue;
        change_list_add(&mutated, copy);
        if (at->kind != CHANGE_EVENT)
            continue;
        wire_event *event = event_decode(at->bytes, arena);
        if (event->kind_case != EVENT_KIND(MESSAGE))
            continue;
        if (world->mutation == MUTATION_DOUBLE_WRITE && event->message->device[1] == '0') {
            struct change *twin = arena_alloc(arena, sizeof(*twin));
            *twin = *at;
            event->seq = twin->seq = at->seq + 1;
            twin->bytes = event_encode(event, arena);
            change_list_add(&mutated, twin);
        }
        if (world->mutation == MUTATION_RESURRECT && event->message->tombstone != NULL)
            server_keep_raised(world, event, arena);
    }
    if (raised != NULL)
        change_list_add(&mutated, raised);
    return mutated;
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
            mutated[list_count] = server_mutated(world, lists[list_count], &arena);
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
    arena_fini(&arena);
    return status;
}

static void server_post(struct world *world, unsigned from, unsigned to, struct mail mail)
{
    struct mails *mails = &world->server.mails[from][to];
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

/* ---- shell.h: mail ---- */

bool shell_post(void *context, unsigned worker, struct mail mail)
{
    struct shell *shell = context;
    struct world *world = shell->world;
    bool is_bounded = mail.kind == MAIL_REQUEST || mail.kind == MAIL_CLAIM;
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
    struct shell *shell = shell_begin(world, to);
    if (mail.kind == MAIL_GROUP && mail.group->failure == REFUSAL_NONE)
        watch_published(world, to, mail.group);
    worker_mail(&shell->worker, mail);
    shell_may_end(shell);
}

/* ---- shell.h: connections ---- */

static void server_close(struct world *world, struct link *link)
{
    if (link->session != NULL)
        worker_session_closed(&world->server.shells[link->worker].worker, link->session);
    network_close_server(world, link);
}

/* By mutation: an old frame goes out after its message was taken back. */
static void server_send_stale(struct world *world, struct link *link, struct blob *frame)
{
    struct server *server = &world->server;
    if (world->mutation != MUTATION_STALE_FRAME)
        return;
    size_t at = 0;
    const struct message *message = history_find_canary(&world->history, blob_view(frame), &at);
    if (server->stale == NULL && message != NULL) {
        server->stale = blob_hold(frame);
        server->stale_message = (uint32_t)(message - world->history.messages);
    } else if (server->stale != NULL &&
               world->history.messages[server->stale_message].is_unspeakable) {
        watch_handed(world, link, blob_view(server->stale));
        network_send_down(world, link, server->stale);
    }
}

void shell_flush(void *context)
{
    struct link *link = context;
    struct world *world = link->world;
    if (link->session == NULL)
        return;
    struct worker *worker = &world->server.shells[link->worker].worker;
    bool is_empty = false;
    while (!is_empty && network_room(link) > 0) {
        struct blob *frame = worker_next_frame(worker, link->session);
        is_empty = frame == NULL;
        if (is_empty)
            break;
        watch_handed(world, link, blob_view(frame));
        server_send_stale(world, link, frame);
        network_send_down(world, link, frame);
        blob_release(frame);
    }
    if (is_empty && link->is_closing)
        server_close(world, link);
}

void shell_close(void *context)
{
    struct link *link = context;
    link->is_closing = true;
    link->closing_ms = link->world->now_ms;
}

void server_accept(struct world *world, struct link *link)
{
    link->is_server_open = true;
    link->heard_ms = world->now_ms;
    link->worker = (unsigned)prng_below(&world->prng, world->profile.workers);
}

/* One without a session is refused in a frame of the shell's own. */
static void server_refuse(struct world *world, struct link *link, uint64_t request,
                          refusal_code code)
{
    wire_error error = UNSAY__V1__ERROR__INIT;
    wire_server_frame answer = UNSAY__V1__SERVER_FRAME__INIT;
    error.code = code;
    error.detail = string_of(refusal_text(code));
    error.retryable = refusal_is_retryable(code);
    error.closing = true;
    answer.request = request;
    answer.body_case = SERVER_FRAME(ERROR);
    answer.error = &error;
    struct blob *frame = frame_from_server(&answer);
    network_send_down(world, link, frame);
    blob_release(frame);
    server_close(world, link);
}

/* The token is "user/device/expiry", and everybody believes it. */
static void server_sign_in(struct world *world, struct link *link, const wire_client_frame *frame)
{
    if (frame->body_case != CLIENT_FRAME(HELLO)) {
        server_refuse(world, link, frame->request, REFUSAL_CODE(HELLO_EXPECTED));
        return;
    }
    const struct device *device = &world->devices[link->device];
    const char *expiry = strrchr(frame->hello->token, '/');
    uint64_t expires_ms = expiry == NULL ? 0 : strtoull(expiry + 1, NULL, 10);
    if (expires_ms <= server_wall_ms(world)) {
        server_refuse(world, link, frame->request, REFUSAL_CODE(TOKEN_EXPIRED));
        return;
    }
    const char *user = world->mutation == MUTATION_WRONG_USER ? "u0" : device->user_name;
    world_tell(world, "%s/%s signs in at worker %u by connection %u", user, device->name,
               link->worker, link->number);
    link->session = worker_session_opened(&world->server.shells[link->worker].worker, link, user,
                                          device->name, expires_ms, frame->request);
}

void server_frame(struct world *world, struct link *link, struct view frame)
{
    if (!link->is_server_open || link->is_closing)
        return;
    struct shell *shell = shell_begin(world, link->worker);
    struct arena arena;
    arena_init(&arena);
    link->heard_ms = world->now_ms;
    wire_client_frame *decoded = frame_decode_client(frame_payload(frame), &arena);
    assert(decoded != NULL);
    if (link->session == NULL)
        server_sign_in(world, link, decoded);
    else
        worker_session_frame(&shell->worker, link->session, decoded, frame_payload(frame));
    if (link->is_closing)
        shell_flush(link);
    arena_fini(&arena);
    shell_may_end(shell);
}

void server_eof(struct world *world, struct link *link)
{
    if (!link->is_server_open)
        return;
    struct shell *shell = shell_begin(world, link->worker);
    server_close(world, link);
    shell_may_end(shell);
}

void server_writable(struct world *world, struct link *link)
{
    if (link->session == NULL)
        return;
    struct shell *shell = shell_begin(world, link->worker);
    shell_flush(link);
    shell_may_end(shell);
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
        silent_ms > 2 * (uint64_t)world->profile.heartbeat_ms)
        server_close(world, link);
    else if (link->session != NULL)
        server_show_session(world, link->session);
}

void server_tick(struct world *world)
{
    struct server *server = &world->server;
    bool is_busy = false;
    for (unsigned i = 0; i < world->profile.workers; i++)
        shell_begin(world, i);
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
