#include "routing/waits.h"

#include "base/memory.h"
#include "core/frame.h"
#include "routing/worker.h"

#include <stdlib.h>

enum { WAIT_DEFAULT_MS = 10000, WAIT_ROOM = 16 };

void waits_init(struct waits *waits)
{
    *waits = (struct waits){.count = 0};
    list_init(&waits->waits);
}

static void wait_free(struct waits *waits, struct wait *wait)
{
    list_remove(&wait->waits);
    waits->count--;
    arena_fini(&wait->arena);
    free(wait->devices);
    free(wait);
}

void waits_fini(struct waits *waits)
{
    while (!list_is_empty(&waits->waits))
        wait_free(waits, LIST_ITEM(waits->waits.next, struct wait, waits));
}

static struct wait_device *wait_find(const struct wait *wait, const char *user, const char *device)
{
    for (uint32_t i = 0; i < wait->device_count; i++) {
        struct wait_device *found = &wait->devices[i];
        if (strcmp(found->name.user, user) == 0 && strcmp(found->name.device, device) == 0)
            return found;
    }
    return NULL;
}

/* Also waits for this device, unless it does already or has as many as it takes. */
static void wait_add(struct wait *wait, const char *user, const char *device)
{
    if (wait->device_count == LIMIT_REACH_DEVICES_MAX || wait_find(wait, user, device) != NULL)
        return;
    if (wait->device_count % WAIT_ROOM == 0)
        wait->devices =
            memory_resize(wait->devices, (wait->device_count + WAIT_ROOM) * sizeof(*wait->devices));
    struct wait_device *added = &wait->devices[wait->device_count++];
    snprintf(added->name.user, sizeof(added->name.user), "%s", user);
    snprintf(added->name.device, sizeof(added->name.device), "%s", device);
    added->applied_with = 0;
}

/* The device has applied the recall, as the open group or one before it says. */
static void wait_apply(struct worker *worker, struct wait *wait, const char *user,
                       const char *device)
{
    struct wait_device *found = wait_find(wait, user, device);
    if (found == NULL || found->applied_with != 0)
        return;
    found->applied_with = owner_group(worker)->number;
    wait->applied_count++;
}

/* ---- Who is waited for ---- */

/* A device that may have applied the recall already. */
static enum status wait_for_device(struct worker *worker, const struct owned_conversation *owned,
                                   struct wait *wait, const char *user, const char *device)
{
    struct cursor_row row;
    enum status status = owner_get_cursor(worker, owned, user, device, &row);
    wait_add(wait, user, device);
    if (status == STATUS_OK && trail_seq(&row.stored) >= wait->seq)
        wait_apply(worker, wait, user, device);
    return status;
}

/* The devices of one member that have signed in once; one who never did is waited for by name.
 * `devices` has room for LIMIT_REACH_DEVICES_MAX. */
static enum status wait_for_user(struct worker *worker, const struct owned_conversation *owned,
                                 struct wait *wait, struct view user, struct store_device *devices)
{
    struct arena *arena = &worker->scratch;
    struct view none = {NULL, 0};
    size_t count;
    const char *name = arena_text(arena, user);
    enum status status = store_list_devices(worker->store, user, none, LIMIT_REACH_DEVICES_MAX,
                                            arena, devices, &count);
    if (status == STATUS_OK && count == 0)
        wait_add(wait, name, "");
    for (size_t i = 0; status == STATUS_OK && i < count; i++)
        status = wait_for_device(worker, owned, wait, name, arena_text(arena, devices[i].device));
    return status;
}

static enum status wait_for_all(struct worker *worker, struct owned_conversation *owned,
                                struct wait *wait)
{
    struct view none = {NULL, 0};
    size_t count;
    struct store_membership *members =
        arena_alloc(&worker->scratch, LIMIT_REACH_DEVICES_MAX * sizeof(*members));
    struct store_device *devices =
        arena_alloc(&worker->scratch, LIMIT_REACH_DEVICES_MAX * sizeof(*devices));
    enum status status =
        store_list_members(worker->store, view_of(owned->id), none, LIMIT_REACH_DEVICES_MAX,
                           &worker->scratch, members, &count);
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        if (row_is_member(&members[i].row) && wait->device_count < LIMIT_REACH_DEVICES_MAX)
            status = wait_for_user(worker, owned, wait, members[i].user, devices);
    }
    return status;
}

void owner_online(struct worker *worker, const struct mail_online *online)
{
    struct waits *waits = &worker->owner.waits;
    refusal_code refusal;
    for (struct list *node = waits->waits.next; node != &waits->waits; node = node->next) {
        struct wait *wait = LIST_ITEM(node, struct wait, waits);
        if (wait->seq != online->seq || wait->unheard == 0 ||
            strcmp(wait->conversation, online->conversation) != 0)
            continue;
        struct owned_conversation *owned =
            owner_load(worker, view_of(online->conversation), &refusal);
        wait->unheard--;
        for (uint32_t i = 0; i < online->count && owned != NULL; i++) {
            const struct mail_device *device = &online->devices[i];
            (void)wait_for_device(worker, owned, wait, device->user, device->device);
        }
    }
    waits_end(worker);
}

/* ---- The wait ---- */

static uint64_t wait_last_recall(const wire_recall_result *result)
{
    uint64_t last = 0;
    for (size_t i = 0; i < result->n_outcomes; i++) {
        if (result->outcomes[i]->recall_seq > last)
            last = result->outcomes[i]->recall_seq;
    }
    return last;
}

static wire_recall_result *wait_keep(const wire_recall_result *result, struct arena *arena)
{
    ProtobufCAllocator allocator;
    size_t size = unsay__v1__recall_result__get_packed_size(result);
    uint8_t *bytes = arena_alloc(arena, size);
    unsay__v1__recall_result__pack(result, bytes);
    arena_allocator(arena, &allocator);
    return unsay__v1__recall_result__unpack(&allocator, size, bytes);
}

bool waits_begin(struct worker *worker, const struct request *request,
                 struct owned_conversation *owned, const wire_recall_result *result,
                 bool is_published)
{
    const wire_recall_request *recall = request->frame->recall;
    struct waits *waits = &worker->owner.waits;
    uint64_t seq = wait_last_recall(result);
    if (recall->wait == WIRE(RECALL_WAIT, COMMITTED) || seq == 0 || waits->count >= LIMIT_WAITS_MAX)
        return false;
    struct group *group = owner_group(worker);
    struct wait *wait = memory_new(sizeof(*wait));
    arena_init(&wait->arena);
    list_push_back(&waits->waits, &wait->waits);
    waits->count++;
    snprintf(wait->conversation, sizeof(wait->conversation), "%s", owned->id);
    wait->seq = seq;
    wait->after_group = group->number;
    wait->due_ms =
        worker->now.steady_ms + (recall->wait_ms == 0 ? WAIT_DEFAULT_MS : recall->wait_ms);
    wait->worker = request->worker;
    wait->session = request->session;
    wait->request = request->frame->request;
    wait->result = wait_keep(result, &wait->arena);
    if (recall->wait == WIRE(RECALL_WAIT, ONLINE) && is_published) {
        group->effects.last->tells_who = true;
        wait->unheard = worker->count;
    } else if (wait_for_all(worker, owned, wait) != STATUS_OK) {
        wait_free(waits, wait);
        return false;
    }
    group->requests++;
    return true;
}

void waits_stored(struct worker *worker, const char *conversation, const char *user,
                  const char *device, uint64_t stored)
{
    struct waits *waits = &worker->owner.waits;
    for (struct list *node = waits->waits.next; node != &waits->waits; node = node->next) {
        struct wait *wait = LIST_ITEM(node, struct wait, waits);
        if (stored >= wait->seq && strcmp(wait->conversation, conversation) == 0)
            wait_apply(worker, wait, user, device);
    }
}

/* ---- The end of it ---- */

static struct blob *wait_answer(struct wait *wait)
{
    wire_server_frame frame = UNSAY__V1__SERVER_FRAME__INIT;
    wire_reach reach = UNSAY__V1__REACH__INIT;
    wire_device_name names[LIMIT_REACH_MISSING_MAX];
    wire_device_name *missing[LIMIT_REACH_MISSING_MAX];
    reach.devices = wait->device_count;
    reach.applied = wait->applied_count;
    reach.missing = missing;
    for (uint32_t i = 0; i < wait->device_count && reach.n_missing < LIMIT_REACH_MISSING_MAX; i++) {
        if (wait->devices[i].applied_with != 0)
            continue;
        wire_device_name *name = &names[reach.n_missing];
        unsay__v1__device_name__init(name);
        name->user = wait->devices[i].name.user;
        name->device = wait->devices[i].name.device;
        missing[reach.n_missing++] = name;
    }
    wait->result->reach = &reach;
    frame.request = wait->request;
    frame.body_case = SERVER_FRAME(RECALL);
    frame.recall = wait->result;
    struct blob *answer = frame_from_server(&frame);
    wait->result->reach = NULL;
    return answer;
}

/* The answer goes through a group, so that it too waits until every worker has published. */
static void wait_give(struct worker *worker, struct wait *wait, struct blob *frame)
{
    struct group *group = owner_group(worker);
    group->tells_recall = true;
    group->requests++;
    group_answer(group, wait->worker, wait->session, wait->request, frame);
    wait_free(&worker->owner.waits, wait);
}

void waits_end(struct worker *worker)
{
    struct waits *waits = &worker->owner.waits;
    struct list *next;
    for (struct list *node = waits->waits.next; node != &waits->waits; node = next) {
        struct wait *wait = LIST_ITEM(node, struct wait, waits);
        next = node->next;
        bool is_over = (wait->unheard == 0 && wait->applied_count == wait->device_count) ||
                       worker->now.steady_ms >= wait->due_ms;
        if (is_over && wait->after_group <= worker->owner.committed)
            wait_give(worker, wait, wait_answer(wait));
    }
}

static void wait_revert(struct wait *wait, uint64_t number)
{
    for (uint32_t i = 0; i < wait->device_count; i++) {
        if (wait->devices[i].applied_with < number)
            continue;
        wait->devices[i].applied_with = 0;
        wait->applied_count--;
    }
}

void waits_fail(struct worker *worker, const struct group *group)
{
    struct waits *waits = &worker->owner.waits;
    struct list *next;
    for (struct list *node = waits->waits.next; node != &waits->waits; node = next) {
        struct wait *wait = LIST_ITEM(node, struct wait, waits);
        next = node->next;
        if (wait->after_group >= group->number)
            wait_give(worker, wait, refusal_frame(wait->request, group->failure, "", false, 0));
        else
            wait_revert(wait, group->number);
    }
}
