#include "client/ask.h"

#include "client/loop.h"
#include "core/frame.h"
#include "core/ids.h"

struct request *ask_new(enum request_kind kind, const wire_client_frame *frame, uint64_t timeout_ms,
                        void *context)
{
    return request_new(kind, frame_from_client(frame), timeout_ms, context);
}

enum unsay_result ask(struct unsay *client, struct request *request, bool is_stored)
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

bool ask_is_reason(const char *reason)
{
    return view_of(reason).size <= LIMIT_REASON_BYTES_MAX;
}

bool ask_is_request_id(const char *request_id)
{
    size_t size = view_of(request_id).size;
    return size > 0 && size <= LIMIT_REQUEST_ID_BYTES_MAX;
}

bool ask_are_members(const struct unsay_member *members, size_t count, size_t count_max)
{
    if (count > count_max || (members == NULL && count > 0))
        return false;
    for (size_t i = 0; i < count; i++) {
        if (!id_is_user(view_of(members[i].user)) || members[i].role > UNSAY_ROLE_INVITED)
            return false;
    }
    return true;
}

wire_member **ask_members(const struct unsay_member *members, size_t count, struct arena *arena)
{
    wire_member *wires = arena_alloc(arena, (count + 1) * sizeof(*wires));
    wire_member **pointers = arena_alloc(arena, (count + 1) * sizeof(wire_member *));
    for (size_t i = 0; i < count; i++) {
        unsay__v1__member__init(&wires[i]);
        wires[i].user = string_of(members[i].user);
        wires[i].role = (Unsay__V1__Role)members[i].role;
        pointers[i] = &wires[i];
    }
    return pointers;
}
