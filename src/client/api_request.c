/* Requests: checked and encoded on the calling thread, answered on the client's. */
#include "client/client.h"
#include "client/convert.h"
#include "client/loop.h"
#include "core/frame.h"
#include "core/ids.h"

#include <sodium.h>
#include <time.h>

enum { REQUEST_TIMEOUT_DEFAULT_MS = 30000 };

static struct uuid uuid_fresh(void)
{
    struct timespec now;
    uint8_t random[10];
    clock_gettime(CLOCK_REALTIME, &now);
    randombytes_buf(random, sizeof(random));
    return uuid_v7((uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000, random);
}

/* Sends `frame`; `is_stored`: it survives the process. Takes over the request. */
static enum unsay_result client_request(struct unsay *client, struct request *request,
                                        bool is_stored)
{
    enum unsay_result result = loop_reserve(client->loop);
    if (result == UNSAY_OK && is_stored) {
        database_begin(client->database);
        request->number = database_request_add(client->database, blob_view(request->frame));
        if (database_commit(client->database, NULL) != STATUS_OK) {
            loop_unreserve(client->loop);
            result = UNSAY_STORAGE;
        }
    }
    if (result == UNSAY_OK)
        loop_request(client->loop, request);
    else
        request_free(request);
    return result;
}

/* ---- Recall ---- */

static bool target_is_valid(const struct unsay_target *target)
{
    struct uuid id;
    memcpy(id.bytes, target->message_id, UUID_BYTES);
    return target->seq != 0 || !uuid_is_zero(&id);
}

static bool recall_is_valid(const struct unsay_recall *recall)
{
    if (recall == NULL || !id_is_conversation(view_of(recall->conversation)) ||
        recall->targets == NULL || recall->count == 0 || recall->count > LIMIT_RECALL_TARGETS_MAX)
        return false;
    size_t request_id_bytes = view_of(recall->request_id).size;
    if ((recall->request_id != NULL && request_id_bytes == 0) ||
        request_id_bytes > LIMIT_REQUEST_ID_BYTES_MAX ||
        view_of(recall->reason).size > LIMIT_REASON_BYTES_MAX)
        return false;
    for (size_t i = 0; i < recall->count; i++) {
        if (!target_is_valid(&recall->targets[i]))
            return false;
    }
    return true;
}

static struct blob *recall_encode(const struct unsay_recall *recall)
{
    wire_target targets[LIMIT_RECALL_TARGETS_MAX];
    wire_target *pointers[LIMIT_RECALL_TARGETS_MAX];
    for (size_t i = 0; i < recall->count; i++) {
        const struct unsay_target *target = &recall->targets[i];
        unsay__v1__target__init(&targets[i]);
        if (target->seq != 0) {
            targets[i].origin = target->origin == 0 ? ORIGIN_DEFAULT : target->origin;
            targets[i].seq = target->seq;
        } else {
            targets[i].message_id = bytes_of(view_make(target->message_id, UUID_BYTES));
        }
        pointers[i] = &targets[i];
    }
    char fresh[UUID_TEXT_BYTES + 1];
    struct uuid id = uuid_fresh();
    uuid_format(&id, fresh);

    wire_recall_request request = UNSAY__V1__RECALL_REQUEST__INIT;
    request.conversation = string_of(recall->conversation);
    request.n_targets = recall->count;
    request.targets = pointers;
    request.request_id = bytes_of(view_of(recall->request_id == NULL ? fresh : recall->request_id));
    request.reason = string_of(recall->reason == NULL ? "" : recall->reason);
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    frame.body_case = CLIENT_FRAME(RECALL);
    frame.recall = &request;
    return frame_from_client(&frame);
}

enum unsay_result unsay_recall(struct unsay *client, const struct unsay_recall *recall,
                               unsay_recall_fn *callback, void *context)
{
    if (!recall_is_valid(recall))
        return UNSAY_INVALID;
    uint32_t timeout_ms = recall->timeout_ms == 0 ? REQUEST_TIMEOUT_DEFAULT_MS : recall->timeout_ms;
    struct request *request =
        request_new(REQUEST_RECALL, recall_encode(recall), timeout_ms, context);
    request->callback.recall = callback;
    return client_request(client, request, true);
}

/* ---- Conversations ---- */

enum unsay_result unsay_open_direct(struct unsay *client, const char *user,
                                    unsay_opened_fn *callback, void *context)
{
    if (!id_is_user(view_of(user)))
        return UNSAY_INVALID;
    wire_open_conversation open = UNSAY__V1__OPEN_CONVERSATION__INIT;
    open.user = string_of(user);
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    frame.body_case = CLIENT_FRAME(OPEN_CONVERSATION);
    frame.open_conversation = &open;
    struct request *request =
        request_new(REQUEST_OPENED, frame_from_client(&frame), REQUEST_TIMEOUT_DEFAULT_MS, context);
    request->callback.opened = callback;
    return client_request(client, request, false);
}

static bool group_is_valid(const char *name, const struct unsay_member *members, size_t count)
{
    size_t name_bytes = view_of(name).size;
    if (name_bytes == 0 || name_bytes > LIMIT_NAME_BYTES_MAX ||
        count > LIMIT_MEMBERS_AT_CREATION_MAX || (members == NULL && count > 0))
        return false;
    for (size_t i = 0; i < count; i++) {
        if (!id_is_user(view_of(members[i].user)) || members[i].role > UNSAY_ROLE_GUEST)
            return false;
    }
    return true;
}

enum unsay_result unsay_create_group(struct unsay *client, const char *name,
                                     const struct unsay_member *members, size_t count,
                                     unsay_opened_fn *callback, void *context)
{
    if (!group_is_valid(name, members, count))
        return UNSAY_INVALID;
    struct arena arena;
    arena_init(&arena);
    wire_member *wires = arena_alloc(&arena, (count + 1) * sizeof(*wires));
    wire_member **pointers = arena_alloc(&arena, (count + 1) * sizeof(wire_member *));
    for (size_t i = 0; i < count; i++) {
        unsay__v1__member__init(&wires[i]);
        wires[i].user = string_of(members[i].user);
        wires[i].role = (Unsay__V1__Role)members[i].role;
        pointers[i] = &wires[i];
    }
    struct uuid creation_id = uuid_fresh();
    wire_create_conversation create = UNSAY__V1__CREATE_CONVERSATION__INIT;
    create.creation_id = bytes_of(uuid_view(&creation_id));
    create.name = string_of(name);
    create.n_members = count;
    create.members = pointers;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    frame.body_case = CLIENT_FRAME(CREATE_CONVERSATION);
    frame.create_conversation = &create;
    struct request *request =
        request_new(REQUEST_OPENED, frame_from_client(&frame), REQUEST_TIMEOUT_DEFAULT_MS, context);
    request->callback.opened = callback;
    arena_fini(&arena);
    return client_request(client, request, false);
}

/* ---- History ---- */

static bool history_is_valid(const struct unsay_history *query)
{
    return query != NULL && id_is_conversation(view_of(query->conversation)) &&
           query->limit <= LIMIT_PAGE_EVENTS_MAX;
}

enum unsay_result unsay_history(struct unsay *client, const struct unsay_history *query,
                                unsay_history_fn *callback, void *context)
{
    if (!history_is_valid(query))
        return UNSAY_INVALID;
    wire_read read = UNSAY__V1__READ__INIT;
    read.conversation = string_of(query->conversation);
    read.origin = ORIGIN_DEFAULT;
    read.after = query->after;
    read.before = query->before;
    read.limit = query->limit == 0 ? LIMIT_PAGE_EVENTS_MAX : query->limit;
    read.newest = query->newest;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    frame.body_case = CLIENT_FRAME(READ);
    frame.read = &read;
    struct request *request = request_new(REQUEST_HISTORY, frame_from_client(&frame),
                                          REQUEST_TIMEOUT_DEFAULT_MS, context);
    request->callback.history = callback;
    return client_request(client, request, false);
}

enum unsay_result unsay_stored(struct unsay *client, const struct unsay_history *query,
                               unsay_history_fn *callback, void *context)
{
    if (!history_is_valid(query))
        return UNSAY_INVALID;
    struct unsay_history bounded = *query;
    if (bounded.limit == 0)
        bounded.limit = LIMIT_PAGE_EVENTS_MAX;
    struct arena arena;
    struct unsay_event *events;
    size_t count;
    bool more;
    arena_init(&arena);
    enum status status =
        database_events(client->database, &bounded, &arena, &events, &count, &more);
    if (status == STATUS_OK && callback != NULL) {
        struct unsay_error ok = error_make(UNSAY_OK, "");
        callback(context, &ok, events, count, more);
    }
    arena_fini(&arena);
    return status == STATUS_OK ? UNSAY_OK : UNSAY_STORAGE;
}
