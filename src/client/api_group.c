/* Groups and channels: who is invited, joins, leaves and is muted, and what holds in them. */
#include "client/ask.h"
#include "client/convert.h"
#include "core/ids.h"
#include "core/settings.h"
#include "unsay/conversation.h"

/* The answer to all of these is the event that says so. */
static enum unsay_result ask_appended(struct unsay *client, const wire_client_frame *frame,
                                      unsay_appended_fn *callback, void *context)
{
    struct request *request = ask_new(REQUEST_APPENDED, frame, ASK_TIMEOUT_MS, context);
    request->callback.appended = callback;
    return ask(client, request, false);
}

/* Each user as `as` says, but for the name. */
static enum unsay_result change_users(struct unsay *client, const char *conversation,
                                      const char *const *users, size_t count, const wire_member *as,
                                      bool mutes, unsay_appended_fn *callback, void *context)
{
    if (!id_is_conversation(view_of(conversation)) || users == NULL || count == 0 ||
        count > LIMIT_MEMBER_CHANGES_MAX)
        return UNSAY_INVALID;
    for (size_t i = 0; i < count; i++) {
        if (!id_is_user(view_of(users[i])))
            return UNSAY_INVALID;
    }
    struct arena arena;
    arena_init(&arena);
    wire_member *members = arena_alloc(&arena, count * sizeof(*members));
    wire_member **list = arena_alloc(&arena, count * sizeof(wire_member *));
    for (size_t i = 0; i < count; i++) {
        members[i] = *as;
        members[i].user = string_of(users[i]);
        list[i] = &members[i];
    }
    wire_change_members change = UNSAY__V1__CHANGE_MEMBERS__INIT;
    change.conversation = string_of(conversation);
    change.n_members = count;
    change.members = list;
    change.mutes = mutes;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    frame.body_case = CLIENT_FRAME(CHANGE_MEMBERS);
    frame.change_members = &change;
    enum unsay_result result = ask_appended(client, &frame, callback, context);
    arena_fini(&arena);
    return result;
}

enum unsay_result unsay_invite(struct unsay *client, const char *conversation,
                               const char *const *users, size_t count, unsay_appended_fn *callback,
                               void *context)
{
    wire_member invited = UNSAY__V1__MEMBER__INIT;
    invited.role = WIRE(ROLE, INVITED);
    return change_users(client, conversation, users, count, &invited, false, callback, context);
}

enum unsay_result unsay_mute(struct unsay *client, const char *conversation,
                             const char *const *users, size_t count, uint64_t muted_until_ms,
                             unsay_appended_fn *callback, void *context)
{
    wire_member muted = UNSAY__V1__MEMBER__INIT;
    muted.muted_until_ms = muted_until_ms;
    return change_users(client, conversation, users, count, &muted, true, callback, context);
}

enum unsay_result unsay_leave(struct unsay *client, const char *conversation,
                              unsay_appended_fn *callback, void *context)
{
    wire_member gone = UNSAY__V1__MEMBER__INIT;
    const char *self = client->identity.user;
    return change_users(client, conversation, &self, 1, &gone, false, callback, context);
}

enum unsay_result unsay_join(struct unsay *client, const char *conversation,
                             unsay_appended_fn *callback, void *context)
{
    if (!id_is_conversation(view_of(conversation)))
        return UNSAY_INVALID;
    wire_join_conversation join = UNSAY__V1__JOIN_CONVERSATION__INIT;
    join.conversation = string_of(conversation);
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    frame.body_case = CLIENT_FRAME(JOIN_CONVERSATION);
    frame.join_conversation = &join;
    return ask_appended(client, &frame, callback, context);
}

enum unsay_result unsay_change_settings(struct unsay *client, const char *conversation,
                                        const struct unsay_settings *settings, uint32_t fields,
                                        unsay_appended_fn *callback, void *context)
{
    if (settings == NULL)
        return UNSAY_INVALID;
    wire_settings wire = UNSAY__V1__SETTINGS__INIT;
    wire.name = string_of(settings->name == NULL ? "" : settings->name);
    wire.description = string_of(settings->description == NULL ? "" : settings->description);
    wire.read_only = settings->is_read_only;
    wire.join = (Unsay__V1__JoinPolicy)settings->joining;
    wire.history = (Unsay__V1__HistoryVisibility)settings->past;
    wire.history_last = settings->past_last;
    wire.dissolved = settings->is_dissolved;
    wire_change_settings change = UNSAY__V1__CHANGE_SETTINGS__INIT;
    change.conversation = string_of(conversation == NULL ? "" : conversation);
    change.settings = &wire;
    change.fields = fields;
    const char *detail;
    if (settings_check(&change, &detail) != REFUSAL_NONE)
        return UNSAY_INVALID;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    frame.body_case = CLIENT_FRAME(CHANGE_SETTINGS);
    frame.change_settings = &change;
    return ask_appended(client, &frame, callback, context);
}

enum unsay_result unsay_conversation(struct unsay *client, const char *conversation,
                                     unsay_conversation_fn *callback, void *context)
{
    if (!id_is_conversation(view_of(conversation)))
        return UNSAY_INVALID;
    struct arena arena;
    struct unsay_conversation found;
    const struct unsay_error ok = error_make(UNSAY_OK, "");
    arena_init(&arena);
    enum status status =
        database_conversation(client->database, view_of(conversation), &arena, &found);
    if (status == STATUS_OK && callback != NULL)
        callback(context, &ok, &found);
    arena_fini(&arena);
    return status == STATUS_OK ? UNSAY_OK : UNSAY_STORAGE;
}
