#include "cluster.h"

#include "base/memory.h"
#include "core/frame.h"
#include "core/refusal.h"

#include <assert.h>
#include <stdlib.h>

enum { CLUSTER_TICK_MS = 100, CLUSTER_JOURNAL_MAX = 4096 };

/* ---- What routing asks for ---- */

void shell_commit(void *shell, struct group *group)
{
    struct cluster *cluster = shell;
    assert(cluster->commit_count < CLUSTER_WORKERS_MAX); /* one at a time for each worker */
    cluster->commits[cluster->commit_count++] = group;
}

bool shell_post(void *shell, unsigned worker, struct mail mail)
{
    struct post *post = &((struct cluster *)shell)->posts[worker];
    if (post->count == post->capacity) {
        post->capacity = post->capacity * 2 + 8;
        post->items = memory_resize(post->items, post->capacity * sizeof(*post->items));
    }
    post->items[post->count++] = mail;
    return true;
}

void link_pull(struct link *link, size_t count)
{
    struct worker *worker = &link->cluster->workers[link->worker];
    struct blob *frame;
    for (; count > 0 && (frame = worker_next_frame(worker, link->session)) != NULL; count--) {
        link->on_frame(link, frame_payload(blob_view(frame)));
        blob_release(frame);
    }
}

void shell_flush(void *context)
{
    struct link *link = context;
    if (!link->is_slow)
        link_pull(link, SIZE_MAX);
}

void shell_close(void *context)
{
    ((struct link *)context)->is_closing = true;
}

void shell_answer_call(void *context, struct blob *frame, bool is_last)
{
    struct link *link = context;
    link->is_closing |= is_last;
    link->on_frame(link, frame_payload(blob_view(frame)));
    blob_release(frame);
}

bool shell_load_policy(void *shell, const struct policy **policy, char *text, size_t text_bytes)
{
    *policy = ((const struct cluster *)shell)->next_policy;
    snprintf(text, text_bytes, "%s", *policy == NULL ? "the policy file is not valid" : "");
    return *policy != NULL;
}

void shell_release_policy(void *shell, const struct policy *policy)
{
    struct cluster *cluster = shell;
    (void)policy; /* whoever made it frees it */
    cluster->policies_released++;
}

/* What a ticket says beyond the names, unsealed. */
size_t shell_seal_ticket(void *shell, const struct session *session, uint64_t expires_ms,
                         uint8_t ticket[LIMIT_TICKET_BYTES_MAX])
{
    (void)shell;
    memcpy(ticket, &session->login, sizeof(session->login));
    memcpy(ticket + sizeof(session->login), &expires_ms, sizeof(expires_ms));
    return sizeof(session->login) + sizeof(expires_ms);
}

/* There is no audit log here, only the way into it: nothing is ever taken from there. */
static enum status cluster_read_journal(struct cluster *cluster, struct arena *arena,
                                        struct store_journal **rows, size_t *count)
{
    *rows = arena_alloc(arena, CLUSTER_JOURNAL_MAX * sizeof(**rows));
    return store_read_journal(cluster->store, 0, CLUSTER_JOURNAL_MAX, arena, *rows, count);
}

static wire_audit_entry *cluster_entry(struct view bytes, struct arena *arena)
{
    ProtobufCAllocator allocator;
    arena_allocator(arena, &allocator);
    wire_audit_entry *entry = unsay__v1__audit_entry__unpack(&allocator, bytes.size, bytes.data);
    assert(entry != NULL);
    return entry;
}

size_t cluster_audit(struct cluster *cluster, struct arena *arena, wire_audit_entry ***entries)
{
    struct store_journal *rows;
    size_t row_count;
    size_t count = 0;
    enum status status = cluster_read_journal(cluster, arena, &rows, &row_count);
    assert(status == STATUS_OK);
    for (size_t i = 0; i < row_count; i++)
        count += rows[i].count;
    *entries = arena_alloc(arena, count * sizeof(wire_audit_entry *));
    count = 0;
    for (size_t i = 0; i < row_count; i++) {
        for (size_t at = 0; at < rows[i].count; at++)
            (*entries)[count++] = cluster_entry(rows[i].entries[at], arena);
    }
    return count;
}

static bool cluster_is_wanted(const wire_list_recalls *query, const wire_audit_entry *entry)
{
    return (entry->kind == WIRE(AUDIT_KIND, RECALL) ||
            entry->kind == WIRE(AUDIT_KIND, RECALL_ON_ARRIVAL)) &&
           (query->operator_[0] == 0 || strcmp(query->operator_, entry->operator_) == 0) &&
           (query->conversation[0] == 0 || strcmp(query->conversation, entry->conversation) == 0) &&
           (query->outcome == 0 || query->outcome == entry->outcome);
}

/* From the journal, since there is no log with indexes; filters by operator, conversation and
 * outcome. */
enum status shell_list_attempts(void *shell, const wire_list_recalls *query, struct arena *arena,
                                wire_recall_page *page)
{
    wire_audit_entry **entries;
    size_t count = cluster_audit(shell, arena, &entries);
    page->entries = arena_alloc(arena, query->limit * sizeof(wire_recall_entry *));
    if (query->before != 0 && query->before < count)
        count = query->before;
    for (size_t i = count; i > 0; i--) {
        if (!cluster_is_wanted(query, entries[i - 1]))
            continue;
        if (page->n_entries == query->limit) {
            page->next = i;
            break;
        }
        wire_recall_entry *found = arena_alloc(arena, sizeof(*found));
        unsay__v1__recall_entry__init(found);
        found->index = i - 1;
        found->entry = entries[i - 1];
        page->entries[page->n_entries++] = found;
    }
    return STATUS_OK;
}

enum status shell_list_policies(void *shell, struct arena *arena, wire_policy_info *info)
{
    wire_audit_entry **entries;
    size_t count = cluster_audit(shell, arena, &entries);
    info->versions = arena_alloc(arena, count * sizeof(wire_policy_info *));
    for (size_t i = count; i > 0; i--) {
        if (entries[i - 1]->kind != WIRE(AUDIT_KIND, POLICY))
            continue;
        wire_policy_info *found = arena_alloc(arena, sizeof(*found));
        unsay__v1__policy_info__init(found);
        found->version = entries[i - 1]->policy;
        found->since_ms = entries[i - 1]->time;
        info->versions[info->n_versions++] = found;
    }
    return STATUS_OK;
}

/* ---- Links ---- */

void link_open(struct link *link, struct cluster *cluster, unsigned worker, const char *user,
               const char *device, uint64_t expires_ms)
{
    assert(link->session == NULL);
    link->cluster = cluster;
    link->worker = worker;
    link->is_closing = link->is_slow = false;
    list_push_back(&cluster->links, &link->links);
    worker_set_time(&cluster->workers[worker], cluster->now);
    struct arrival arrival = {.user = user,
                              .device = device,
                              .authority = link->authority,
                              .address = link->address == NULL ? "" : link->address,
                              .expires_ms = expires_ms,
                              .request = ++link->last_request,
                              .login = link->login,
                              .heartbeat_ms = LIMIT_HEARTBEAT_INTERVAL_MS,
                              .wants_news = link->wants_news,
                              .follow = link->follow,
                              .device_key = link->device_key};
    link->session = worker_session_opened(&cluster->workers[worker], link, &arrival);
}

void link_close(struct link *link)
{
    worker_session_closed(&link->cluster->workers[link->worker], link->session);
    link->session = NULL;
    list_remove(&link->links);
}

void link_request(struct link *link, wire_client_frame *frame)
{
    struct worker *worker = &link->cluster->workers[link->worker];
    struct arena arena;
    arena_init(&arena);
    frame->request = ++link->last_request;
    struct blob *encoded = frame_from_client(frame);
    struct view payload = frame_payload(blob_view(encoded));
    wire_client_frame *decoded = frame_decode_client(payload, &arena);
    assert(decoded != NULL);
    worker_set_time(worker, link->cluster->now);
    worker_session_frame(worker, link->session, decoded, payload);
    blob_release(encoded);
    arena_fini(&arena);
}

/* ---- The cluster ---- */

static void cluster_start(struct cluster *cluster)
{
    cluster->lives++;
    for (unsigned i = 0; i < cluster->count; i++)
        worker_init(&cluster->workers[i], i, cluster->count, cluster->store, cluster,
                    &cluster->settings, cluster->lives * CLUSTER_WORKERS_MAX + i);
}

void cluster_init(struct cluster *cluster, unsigned workers)
{
    *cluster = (struct cluster){
        .store = store_open_memory(),
        .count = workers,
        .settings = {.rules = {.policy = &policy_default, .region = ""},
                     .ticket_life_ms = LIMIT_TICKET_LIFE_MS},
        .now = {.wall_ms = UINT64_C(1700000000000), .steady_ms = 1000000},
    };
    list_init(&cluster->links);
    cluster_start(cluster);
}

static void cluster_add_group(struct group **groups, size_t *count, struct group *group)
{
    for (size_t i = 0; i < *count; i++) {
        if (groups[i] == group)
            return;
    }
    groups[(*count)++] = group;
}

/* Groups in the mail are shared: each is freed once. */
static void cluster_stop(struct cluster *cluster)
{
    size_t count = 0;
    size_t room = cluster->commit_count;
    for (unsigned i = 0; i < cluster->count; i++)
        room += cluster->posts[i].count;
    struct group **groups = memory_new_array(room, sizeof(struct group *));

    while (!list_is_empty(&cluster->links))
        link_close(LIST_ITEM(cluster->links.next, struct link, links));
    for (size_t i = 0; i < cluster->commit_count; i++)
        cluster_add_group(groups, &count, cluster->commits[i]);
    for (unsigned w = 0; w < cluster->count; w++) {
        struct post *post = &cluster->posts[w];
        for (size_t i = 0; i < post->count; i++) {
            if (post->items[i].kind == MAIL_GROUP || post->items[i].kind == MAIL_ANSWERS)
                cluster_add_group(groups, &count, post->items[i].group);
            mail_discard(&post->items[i]);
        }
        free(post->items);
        *post = (struct post){.items = NULL};
        worker_fini(&cluster->workers[w]);
    }
    for (size_t i = 0; i < count; i++)
        group_free(groups[i]);
    free(groups);
    cluster->commit_count = 0;
    cluster->commits_are_held = false;
}

void cluster_fini(struct cluster *cluster)
{
    cluster_stop(cluster);
    store_close(cluster->store);
}

void cluster_crash(struct cluster *cluster)
{
    cluster_stop(cluster);
    if (cluster->next_policy != NULL)
        cluster->settings.rules.policy = cluster->next_policy;
    cluster_start(cluster);
}

bool cluster_commit(struct cluster *cluster)
{
    if (cluster->commit_count == 0)
        return false;
    struct group *group = cluster->commits[0];
    const struct change_list *list = &group->effects.changes;
    enum status status =
        list->count == 0 ? STATUS_OK : store_commit(cluster->store, &list, 1, NULL);
    cluster->commit_count--;
    memmove(cluster->commits, cluster->commits + 1, cluster->commit_count * sizeof(struct group *));
    if (status != STATUS_OK)
        group->failure = status == STATUS_NO_SPACE ? REFUSAL_CODE(STORAGE_FULL)
                                                   : REFUSAL_CODE(STORAGE_UNAVAILABLE);
    for (unsigned i = 0; i < cluster->count; i++)
        shell_post(cluster, i, (struct mail){.kind = MAIL_GROUP, .group = group});
    return true;
}

/* Delivers what is in the post now; what that posts comes in the next turn. */
static void cluster_deliver(struct cluster *cluster, unsigned index)
{
    struct post *post = &cluster->posts[index];
    struct post taken = *post;
    *post = (struct post){.items = NULL};
    for (size_t i = 0; i < taken.count; i++)
        worker_mail(&cluster->workers[index], taken.items[i]);
    free(taken.items);
}

static bool cluster_turn(struct cluster *cluster)
{
    bool has_more = false;
    for (unsigned i = 0; i < cluster->count; i++) {
        worker_set_time(&cluster->workers[i], cluster->now);
        if (!cluster->posts[i].is_held)
            cluster_deliver(cluster, i);
        worker_end_turn(&cluster->workers[i]);
    }
    struct list *next;
    for (struct list *node = cluster->links.next; node != &cluster->links; node = next) {
        struct link *link = LIST_ITEM(node, struct link, links);
        next = node->next;
        if (link->is_closing && !link->is_slow)
            link_close(link);
    }
    if (!cluster->commits_are_held)
        has_more = cluster_commit(cluster);
    for (unsigned i = 0; i < cluster->count; i++)
        has_more |= cluster->posts[i].count > 0 && !cluster->posts[i].is_held;
    return has_more;
}

void cluster_settle(struct cluster *cluster)
{
    while (cluster_turn(cluster))
        continue;
}

void cluster_advance(struct cluster *cluster, uint64_t ms)
{
    while (ms > 0) {
        uint64_t step_ms = ms < CLUSTER_TICK_MS ? ms : CLUSTER_TICK_MS;
        ms -= step_ms;
        cluster->now.wall_ms += step_ms;
        cluster->now.steady_ms += step_ms;
        cluster->now.steady_ns += step_ms * 1000000;
        for (unsigned i = 0; i < cluster->count; i++) {
            worker_set_time(&cluster->workers[i], cluster->now);
            worker_tick(&cluster->workers[i]);
        }
        cluster_settle(cluster);
    }
}

void cluster_drain(struct cluster *cluster)
{
    for (unsigned i = 0; i < cluster->count; i++)
        worker_drain(&cluster->workers[i]);
}
