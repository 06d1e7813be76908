/* Conversations, their members and their pins. */
#include "client/ask.h"
#include "client/convert.h"
#include "core/ids.h"
#include "unsay/conversation.h"

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
    struct request *request = ask_new(REQUEST_OPENED, &frame, ASK_TIMEOUT_MS, context);
    request->callback.opened = callback;
    return ask(client, request, false);
}

static enum unsay_result create_conversation(struct unsay *client, Unsay__V1__ConversationType type,
                                             const char *name, const struct unsay_member *members,
                                             size_t count, unsay_opened_fn *callback, void *context)
{
    size_t name_bytes = view_of(name).size;
    if (name_bytes == 0 || name_bytes > LIMIT_NAME_BYTES_MAX ||
        !ask_are_members(members, count, LIMIT_MEMBERS_AT_CREATION_MAX))
        return UNSAY_INVALID;
    struct arena arena;
    arena_init(&arena);
    struct uuid creation_id = client_fresh_id();
    wire_create_conversation create = UNSAY__V1__CREATE_CONVERSATION__INIT;
    create.creation_id = bytes_of(uuid_view(&creation_id));
    create.type = type;
    create.name = string_of(name);
    create.n_members = count;
    create.members = ask_members(members, count, &arena);
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    frame.body_case = CLIENT_FRAME(CREATE_CONVERSATION);
    frame.create_conversation = &create;
    struct request *request = ask_new(REQUEST_OPENED, &frame, ASK_TIMEOUT_MS, context);
    request->callback.opened = callback;
    arena_fini(&arena);
    return ask(client, request, false);
}

enum unsay_result unsay_create_group(struct unsay *client, const char *name,
                                     const struct unsay_member *members, size_t count,
                                     unsay_opened_fn *callback, void *context)
{
    return create_conversation(client, WIRE(CONVERSATION_TYPE, GROUP), name, members, count,
                               callback, context);
}

enum unsay_result unsay_create_channel(struct unsay *client, const char *name,
                                       const struct unsay_member *members, size_t count,
                                       unsay_opened_fn *callback, void *context)
{
    return create_conversation(client, WIRE(CONVERSATION_TYPE, CHANNEL), name, members, count,
                               callback, context);
}

enum unsay_result unsay_change_members(struct unsay *client, const char *conversation,
                                       const struct unsay_member *members, size_t count,
                                       unsay_appended_fn *callback, void *context)
{
    if (!id_is_conversation(view_of(conversation)) || count == 0 ||
        !ask_are_members(members, count, LIMIT_MEMBER_CHANGES_MAX))
        return UNSAY_INVALID;
    struct arena arena;
    arena_init(&arena);
    wire_change_members change = UNSAY__V1__CHANGE_MEMBERS__INIT;
    change.conversation = string_of(conversation);
    change.n_members = count;
    change.members = ask_members(members, count, &arena);
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    frame.body_case = CLIENT_FRAME(CHANGE_MEMBERS);
    frame.change_members = &change;
    struct request *request = ask_new(REQUEST_APPENDED, &frame, ASK_TIMEOUT_MS, context);
    request->callback.appended = callback;
    arena_fini(&arena);
    return ask(client, request, false);
}

enum unsay_result unsay_list_members(struct unsay *client, const char *conversation,
                                     const char *after, uint32_t limit, unsay_members_fn *callback,
                                     void *context)
{
    if (!id_is_conversation(view_of(conversation)) || limit > LIMIT_PAGE_EVENTS_MAX ||
        (after != NULL && !id_is_user(view_of(after))))
        return UNSAY_INVALID;
    wire_list_members list = UNSAY__V1__LIST_MEMBERS__INIT;
    list.conversation = string_of(conversation);
    list.after = string_of(after == NULL ? "" : after);
    list.limit = limit;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    frame.body_case = CLIENT_FRAME(LIST_MEMBERS);
    frame.list_members = &list;
    struct request *request = ask_new(REQUEST_MEMBERS, &frame, ASK_TIMEOUT_MS, context);
    request->callback.members = callback;
    return ask(client, request, false);
}

enum unsay_result unsay_change_pin(struct unsay *client, const char *conversation,
                                   const struct unsay_target *target, bool is_pinned,
                                   unsay_appended_fn *callback, void *context)
{
    if (!id_is_conversation(view_of(conversation)) || target == NULL || target->seq == 0)
        return UNSAY_INVALID;
    wire_reference reference = UNSAY__V1__REFERENCE__INIT;
    reference.origin = origin_or_default(target->origin);
    reference.seq = target->seq;
    wire_change_pin change = UNSAY__V1__CHANGE_PIN__INIT;
    change.conversation = string_of(conversation);
    change.target = &reference;
    change.is_pinned = is_pinned;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    frame.body_case = CLIENT_FRAME(CHANGE_PIN);
    frame.change_pin = &change;
    struct request *request = ask_new(REQUEST_APPENDED, &frame, ASK_TIMEOUT_MS, context);
    request->callback.appended = callback;
    return ask(client, request, false);
}

enum unsay_result unsay_list_pins(struct unsay *client, const char *conversation,
                                  unsay_pins_fn *callback, void *context)
{
    if (!id_is_conversation(view_of(conversation)))
        return UNSAY_INVALID;
    wire_list_pins list = UNSAY__V1__LIST_PINS__INIT;
    list.conversation = string_of(conversation);
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    frame.body_case = CLIENT_FRAME(LIST_PINS);
    frame.list_pins = &list;
    struct request *request = ask_new(REQUEST_PINS, &frame, ASK_TIMEOUT_MS, context);
    request->callback.pins = callback;
    return ask(client, request, false);
}
