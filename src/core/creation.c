#include "core/creation.h"

#include "base/limits.h"
#include "base/table.h"
#include "base/utf8.h"
#include "core/ids.h"

refusal_code creation_check_direct(const wire_open_conversation *request, const char **detail)
{
    *detail = "user: 1 to 64 of [A-Za-z0-9._@-]";
    return id_is_user(view_of(request->user)) ? REFUSAL_NONE : REFUSAL_CODE(INVALID_ID);
}

refusal_code creation_check(const wire_create_conversation *request, const char **detail)
{
    *detail = "";
    size_t name_bytes = strlen(request->name);
    struct uuid id;
    if (request->creation_id.len != UUID_BYTES) {
        *detail = "creation_id: 16 bytes";
        return REFUSAL_CODE(INVALID_ID);
    }
    memcpy(id.bytes, request->creation_id.data, UUID_BYTES);
    if (uuid_is_zero(&id)) {
        *detail = "creation_id: must not be zero";
        return REFUSAL_CODE(INVALID_ID);
    }
    if (name_bytes == 0 || name_bytes > LIMIT_NAME_BYTES_MAX ||
        !utf8_is_valid(view_of(request->name))) {
        *detail = "name: 1 to 128 bytes of UTF-8";
        return REFUSAL_CODE(FIELD_INVALID);
    }
    if (request->type != WIRE(CONVERSATION_TYPE, UNSPECIFIED) &&
        request->type != WIRE(CONVERSATION_TYPE, GROUP) &&
        request->type != WIRE(CONVERSATION_TYPE, CHANNEL)) {
        *detail = "type: group or channel";
        return REFUSAL_CODE(FIELD_INVALID);
    }
    if (request->n_members > LIMIT_MEMBERS_AT_CREATION_MAX) {
        *detail = "members: at most 1000";
        return REFUSAL_CODE(FIELD_INVALID);
    }
    for (size_t i = 0; i < request->n_members; i++) {
        if (!id_is_user(view_of(request->members[i]->user))) {
            *detail = "members: a user is 1 to 64 of [A-Za-z0-9._@-]";
            return REFUSAL_CODE(INVALID_ID);
        }
        if (request->members[i]->role < WIRE(ROLE, UNSPECIFIED) ||
            request->members[i]->role > WIRE(ROLE, GUEST)) {
            *detail = "members: a role is owner, admin, moderator, member or guest";
            return REFUSAL_CODE(FIELD_INVALID);
        }
    }
    return REFUSAL_NONE;
}

/* The event and the rows, from a complete list of members. */
static void creation_write(struct conversation *conversation, const struct author *author,
                           wire_creation *creation, const struct uuid *creation_id, uint64_t now_ms,
                           struct effects *effects)
{
    wire_event event = UNSAY__V1__EVENT__INIT;
    event.kind_case = EVENT_KIND(CREATION);
    event.creation = creation;
    conversation->type = creation->type;
    conversation->member_count = (uint32_t)creation->n_members;
    struct publication *publication = conversation_append(conversation, &event, now_ms, effects);

    struct change *change = effects_change(effects, CHANGE_CONVERSATION, conversation);
    change->conversation_row = (struct conversation_row){
        .type = creation->type,
        .name = arena_copy(effects->arena, view_of(creation->name)),
        .creator = arena_copy(effects->arena, view_of(author->user)),
        .creation_id = *creation_id,
        .time = event.time,
        .member_count = (uint32_t)creation->n_members,
    };

    const char **users = arena_alloc(effects->arena, creation->n_members * sizeof(*users));
    uint64_t *from = arena_alloc(effects->arena, creation->n_members * sizeof(*from));
    for (size_t i = 0; i < creation->n_members; i++) {
        struct change *member = effects_change(effects, CHANGE_MEMBER, conversation);
        member->user = arena_copy(effects->arena, view_of(creation->members[i]->user));
        member->member.role = creation->members[i]->role;
        member->member.joined_seq = event.seq;
        member->member.joined_time = event.time;
        change->conversation_row.owner_count += member->member.role == WIRE(ROLE, OWNER);
        users[i] = (const char *)member->user.data;
        from[i] = 1;
        if (creation->type == WIRE(CONVERSATION_TYPE, DIRECT))
            change->conversation_row.peers[i] = member->user;
    }
    if (creation->type == WIRE(CONVERSATION_TYPE, DIRECT)) {
        struct view *peers = change->conversation_row.peers;
        if (creation->n_members == 1)
            peers[1] = peers[0];
        if (view_compare(peers[0], peers[1]) > 0) {
            struct view swapped = peers[0];
            peers[0] = peers[1];
            peers[1] = swapped;
        }
    }
    publication->new_members = users;
    publication->new_members_from = from;
    publication->new_member_count = creation->n_members;
    publication->type = creation->type;
    publication->member_count = conversation->member_count;
}

void creation_apply(struct conversation *conversation, const struct author *author,
                    const wire_create_conversation *request, uint64_t now_ms,
                    struct effects *effects)
{
    size_t room = request->n_members + 1;
    wire_member *members = arena_zero(effects->arena, room * sizeof(*members));
    wire_member **list = arena_alloc(effects->arena, room * sizeof(wire_member *));
    size_t count = 0;
    struct table seen;
    table_init(&seen);

    for (size_t i = 0; i < room; i++) {
        const char *user = i == 0 ? author->user : request->members[i - 1]->user;
        Unsay__V1__Role role = i == 0 ? WIRE(ROLE, OWNER) : request->members[i - 1]->role;
        if (table_get(&seen, view_of(user)) != NULL)
            continue;
        unsay__v1__member__init(&members[count]);
        members[count].user = string_of(user);
        members[count].role = role == WIRE(ROLE, UNSPECIFIED) ? WIRE(ROLE, MEMBER) : role;
        list[count] = &members[count];
        table_put(&seen, view_of(user), &members[count]);
        count++;
    }
    table_fini(&seen);

    wire_creation creation = UNSAY__V1__CREATION__INIT;
    creation.type = request->type == WIRE(CONVERSATION_TYPE, CHANNEL)
                        ? WIRE(CONVERSATION_TYPE, CHANNEL)
                        : WIRE(CONVERSATION_TYPE, GROUP);
    creation.name = request->name;
    creation.creator = string_of(author->user);
    creation.n_members = count;
    creation.members = list;
    struct uuid creation_id;
    memcpy(creation_id.bytes, request->creation_id.data, UUID_BYTES);
    creation_write(conversation, author, &creation, &creation_id, now_ms, effects);
}

void creation_apply_direct(struct conversation *conversation, const struct author *author,
                           const char *user, uint64_t now_ms, struct effects *effects)
{
    wire_member members[2] = {UNSAY__V1__MEMBER__INIT, UNSAY__V1__MEMBER__INIT};
    wire_member *list[2] = {&members[0], &members[1]};
    static const struct uuid none;
    members[0].user = string_of(author->user);
    members[1].user = string_of(user);
    members[0].role = members[1].role = WIRE(ROLE, MEMBER);

    wire_creation creation = UNSAY__V1__CREATION__INIT;
    creation.type = WIRE(CONVERSATION_TYPE, DIRECT);
    creation.creator = string_of(author->user);
    creation.n_members = strcmp(author->user, user) == 0 ? 1 : 2;
    creation.members = list;
    creation_write(conversation, author, &creation, &none, now_ms, effects);
}
