#include "routing/owner_progress.h"

#include "routing/progress.h"
#include "routing/worker.h"

/* A member whose devices have moved. */
struct moved_member {
    const struct owned_member *owned; /* stays until the group is committed or has failed */
    const char *user;
    const char *device; /* which one; NULL: several */
    struct progress_news news;
    struct moved_member *next;
};

/* A conversation in which some have. */
struct moved {
    const char *conversation;
    uint32_t origin;
    struct moved_member *first;
    size_t count;
    struct moved *next;
};

static struct moved *owner_moved(struct worker *worker, struct owned_conversation *owned)
{
    struct group *group = owner_group(worker);
    if (owned->moved_in == group->number)
        return owned->moved;
    struct moved *moved = arena_zero(&group->arena, sizeof(*moved));
    moved->conversation = (const char *)arena_copy(&group->arena, view_of(owned->id)).data;
    moved->origin = owned->conversation.origin;
    moved->next = group->moved;
    group->moved = moved;
    owned->moved = moved;
    owned->moved_in = group->number;
    owned->touched = group->number;
    return moved;
}

static struct moved_member *owner_moved_member(struct worker *worker, struct moved *moved,
                                               const char *user, const char *device)
{
    struct arena *arena = &owner_group(worker)->arena;
    struct moved_member *member = moved->first;
    while (member != NULL && strcmp(member->user, user) != 0)
        member = member->next;
    if (member != NULL) {
        if (member->device != NULL && strcmp(member->device, device) != 0)
            member->device = NULL;
        return member;
    }
    member = arena_zero(arena, sizeof(*member));
    member->user = (const char *)arena_copy(arena, view_of(user)).data;
    member->device = (const char *)arena_copy(arena, view_of(device)).data;
    member->next = moved->first;
    moved->first = member;
    moved->count++;
    return member;
}

static void moved_keep_larger(uint64_t *kept, uint64_t seq)
{
    *kept = seq > *kept ? seq : *kept;
}

void owner_note_progress(struct worker *worker, struct owned_conversation *owned,
                         struct owned_member *member, const char *device,
                         const struct cursor_row *row)
{
    struct progress_news news =
        progress_decide(&worker->settings.progress, &owned->conversation, row, &member->told);
    if (!news.is_for_members && !news.is_for_own)
        return;
    struct moved_member *moved =
        owner_moved_member(worker, owner_moved(worker, owned), member->user, device);
    moved->owned = member;
    moved->news.is_for_members |= news.is_for_members;
    moved->news.is_for_own |= news.is_for_own;
    moved_keep_larger(&moved->news.stored, news.stored);
    moved_keep_larger(&moved->news.displayed, news.displayed);
    moved_keep_larger(&moved->news.own, news.own);
}

static wire_member_progress *moved_wire(const struct moved_member *member, uint64_t displayed,
                                        struct arena *arena)
{
    wire_member_progress *wire = arena_alloc(arena, sizeof(*wire));
    unsay__v1__member_progress__init(wire);
    wire->user = string_of(member->user);
    wire->stored = member->news.stored;
    wire->displayed = displayed;
    return wire;
}

static struct publication *moved_publish(struct group *group, const struct moved *moved,
                                         wire_member_progress **members, size_t count)
{
    wire_progress progress = UNSAY__V1__PROGRESS__INIT;
    progress.conversation = string_of(moved->conversation);
    progress.origin = moved->origin;
    progress.members = members;
    progress.n_members = count;
    return effects_progress(&group->effects, moved->conversation, moved->origin,
                            progress_frame(&progress));
}

/* To the user's own devices, as it is. */
static void moved_publish_own(struct group *group, const struct moved *moved,
                              const struct moved_member *member)
{
    wire_member_progress *own = moved_wire(member, member->news.own, &group->arena);
    struct publication *publication = moved_publish(group, moved, &own, 1);
    publication->only_user = member->user;
    publication->from_user = member->user;
    publication->from_device = member->device;
    if (member->device == NULL)
        publication->from_user = NULL;
}

static void moved_publish_all(struct group *group, const struct moved *moved)
{
    wire_member_progress **members =
        arena_alloc(&group->arena, moved->count * sizeof(wire_member_progress *));
    const struct moved_member *only = NULL;
    size_t count = 0;
    for (const struct moved_member *member = moved->first; member != NULL; member = member->next) {
        if (!member->owned->member.is_member) /* left since, in the same group */
            continue;
        if (member->news.is_for_own)
            moved_publish_own(group, moved, member);
        if (!member->news.is_for_members)
            continue;
        members[count++] = moved_wire(member, member->news.displayed, &group->arena);
        only = member;
    }
    if (count == 0)
        return;
    struct publication *publication = moved_publish(group, moved, members, count);
    if (count == 1 && only->device != NULL) {
        publication->from_user = only->user;
        publication->from_device = only->device;
    }
}

void owner_tell_progress(struct group *group)
{
    for (const struct moved *moved = group->moved; moved != NULL; moved = moved->next)
        moved_publish_all(group, moved);
}
