/* P7: levels of delivery. What is told of how far users have come is in the store; it is told to
 * members, of members, and what was displayed only as far as the user lets others know; on a device
 * it never goes back; and at rest every device knows what the cursors say. */
#include "checks.h"

#include "storage/store.h"

static const char promise[] = "P7 levels";

/* ---- What leaves the server ---- */

/* The farthest of the user's devices, as committed. */
static struct reached levels_reached(const struct world *world, const struct log *log,
                                     unsigned user)
{
    struct reached farthest = {.stored = 0};
    for (size_t i = 0; i < world->device_count; i++) {
        if (world->devices[i].user != user)
            continue;
        if (log->reached[i].stored > farthest.stored)
            farthest.stored = log->reached[i].stored;
        if (log->reached[i].displayed > farthest.displayed)
            farthest.displayed = log->reached[i].displayed;
    }
    return farthest;
}

static void levels_check_place(struct world *world, const struct log *log, unsigned hearer,
                               const wire_member_progress *told)
{
    uint64_t since;
    unsigned user = history_user(view_of(told->user));
    if (user == USERS_ALL)
        return;
    struct reached reached = levels_reached(world, log, user);
    uint64_t displayed = user == hearer ? reached.displayed : log->shared[user];
    bool is_gone = !role_is_member(log_role(log, user, log->head, &since));
    if (told->stored > reached.stored)
        world_break(world, promise,
                    "u%u is told that u%u has stored %s up to %llu: the store says "
                    "%llu",
                    hearer, user, log->id, (unsigned long long)told->stored,
                    (unsigned long long)reached.stored);
    if (told->displayed > displayed)
        world_break(world, promise,
                    "u%u is told that u%u was shown %s up to %llu, and may know "
                    "of %llu",
                    hearer, user, log->id, (unsigned long long)told->displayed,
                    (unsigned long long)displayed);
    if (is_gone && told->stored > since)
        world_break(world, promise,
                    "u%u is told of u%u, who left %s at %llu, that they are at %llu", hearer, user,
                    log->id, (unsigned long long)since, (unsigned long long)told->stored);
}

static void levels_check_progress(struct world *world, unsigned hearer,
                                  const wire_progress *progress)
{
    const struct log *log = history_find_log(&world->history, view_of(progress->conversation));
    uint64_t since;
    if (log == NULL) {
        world_break(world, promise, "u%u is told of %s, which is not", hearer,
                    progress->conversation);
        return;
    }
    bool is_gone = !role_is_member(log_role(log, hearer, log->head, &since));
    if (is_gone && progress->seq > since)
        world_break(world, promise, "u%u left %s at %llu, and is told where everyone is at %llu",
                    hearer, log->id, (unsigned long long)since, (unsigned long long)progress->seq);
    for (size_t i = 0; i < progress->n_members; i++) {
        const wire_member_progress *told = progress->members[i];
        if (is_gone && told->stored > since)
            world_break(world, promise, "u%u left %s at %llu, and is told that %s is at %llu",
                        hearer, log->id, (unsigned long long)since, told->user,
                        (unsigned long long)told->stored);
        bool is_own = history_user(view_of(told->user)) == hearer;
        if (!is_own && (log->type == WIRE(CONVERSATION_TYPE, CHANNEL) || progress->is_large))
            world_break(world, promise, "u%u is told of %s in %s, which is not small", hearer,
                        told->user, log->id);
        if (world->is_traced)
            world_tell(world, "u%u hears of %s in %s:%llu%s: %llu/%llu", hearer, told->user,
                       log->id, (unsigned long long)progress->seq,
                       progress->is_whole ? " (whole)" : "", (unsigned long long)told->stored,
                       (unsigned long long)told->displayed);
        levels_check_place(world, log, hearer, told);
    }
}

void check_levels_handed(struct world *world, const struct link *link,
                         const wire_server_frame *frame)
{
    if (frame->body_case != SERVER_FRAME(PROGRESS) || link->session == NULL)
        return;
    unsigned hearer = history_user(view_of(link->session->user));
    for (size_t i = 0; i < frame->progress->n_conversations; i++)
        levels_check_progress(world, hearer, frame->progress->conversations[i]);
}

/* ---- On a device ---- */

void check_levels_placed(struct world *world, const struct device *device,
                         const struct kept_conversation *kept, unsigned user,
                         const struct kept_place *before)
{
    const struct kept_place *after = &kept->places[user];
    if (before->is_there &&
        (after->stored < before->stored || after->displayed < before->displayed))
        world_break(world, promise, "for %s u%u goes back in %s: from %llu/%llu to %llu/%llu",
                    device->name, user, kept->id, (unsigned long long)before->stored,
                    (unsigned long long)before->displayed, (unsigned long long)after->stored,
                    (unsigned long long)after->displayed);
}

/* ---- At rest ---- */

/* As the store has it now. */
struct truth {
    struct conversation_row row;
    bool is_small;
    struct kept_place places[USERS_ALL]; /* displayed: as shared */
};

static void truth_add_cursors(struct world *world, const struct log *log, struct truth *truth)
{
    for (size_t i = 0; i < world->device_count; i++) {
        const struct device *device = &world->devices[i];
        struct kept_place *place = &truth->places[device->user];
        struct cursor_row cursor;
        if (store_get_cursor(world->server.store, view_of(device->user_name), view_of(device->name),
                             view_of(log->id), ORIGIN_DEFAULT, &cursor) != STATUS_OK)
            continue;
        if (trail_seq(&cursor.stored) > place->stored)
            place->stored = trail_seq(&cursor.stored);
        if (!world->profile.hides_displayed && cursor.shared > place->displayed)
            place->displayed = cursor.shared;
    }
}

static bool truth_read(struct world *world, const struct log *log, struct truth *truth)
{
    struct arena arena;
    char name[8];
    *truth = (struct truth){.is_small = false};
    arena_init(&arena);
    bool is_there = store_get_conversation(world->server.store, view_of(log->id), &arena,
                                           &truth->row) == STATUS_OK;
    arena_fini(&arena);
    truth->is_small = is_there && truth->row.type != WIRE(CONVERSATION_TYPE, CHANNEL) &&
                      truth->row.member_count <= world->profile.receipt_members;
    for (unsigned user = 0; user < USERS_ALL; user++) {
        struct member_row member;
        snprintf(name, sizeof(name), "u%u", user % 10);
        if (store_get_member(world->server.store, view_of(log->id), view_of(name), &member) !=
                STATUS_OK ||
            !row_is_member(&member))
            continue;
        truth->places[user].is_there = true;
        truth->places[user].joined = member.joined_seq;
    }
    truth_add_cursors(world, log, truth);
    return is_there;
}

/* Another user's place, or the user's own. */
static bool levels_agree(const struct world *world, const struct device *device,
                         const struct log *log, const struct truth *truth, unsigned user)
{
    const struct kept_conversation *kept =
        database_find((struct database *)(uintptr_t)&device->database, view_of(log->id));
    const struct kept_place *expected = &truth->places[user];
    const struct kept_place *place = &kept->places[user];
    if (user == device->user) {
        struct reached reached = levels_reached(world, log, user);
        uint64_t shown = place->displayed > kept->displayed ? place->displayed : kept->displayed;
        return shown == reached.displayed;
    }
    if (!truth->is_small || !expected->is_there)
        return !place->is_there;
    return place->is_there && place->stored == expected->stored &&
           place->displayed == expected->displayed && place->joined == expected->joined;
}

bool check_levels_converged(struct world *world, struct device *device, const struct log *log,
                            char *lacking, size_t size)
{
    struct truth truth;
    if (!truth_read(world, log, &truth))
        return true;
    for (unsigned user = 0; user < USERS_ALL; user++) {
        if (levels_agree(world, device, log, &truth, user))
            continue;
        const struct kept_conversation *kept = database_find(&device->database, view_of(log->id));
        const struct kept_place *place = &kept->places[user];
        snprintf(lacking, size, "%s of u%u has u%u in %s at %s%llu/%llu, not at %s%llu/%llu",
                 device->name, device->user, user, log->id, place->is_there ? "" : "(gone) ",
                 (unsigned long long)place->stored, (unsigned long long)place->displayed,
                 truth.is_small ? "" : "(large) ", (unsigned long long)truth.places[user].stored,
                 (unsigned long long)truth.places[user].displayed);
        return false;
    }
    return true;
}

void check_levels_counted(struct world *world, const wire_receipts *receipts)
{
    const struct log *log = history_find_log(&world->history, view_of(receipts->conversation));
    struct truth truth;
    uint32_t numbers[3] = {0, 0, 0};
    if (log == NULL || !truth_read(world, log, &truth))
        return;
    const struct message *message = &world->history.messages[log->events[receipts->seq].message];
    for (unsigned user = 0; user < USERS_ALL; user++) {
        const struct kept_place *place = &truth.places[user];
        if (!place->is_there || user == message->user || place->joined >= receipts->seq)
            continue;
        numbers[0]++;
        numbers[1] += place->stored >= receipts->seq;
        numbers[2] += place->displayed >= receipts->seq;
    }
    if (receipts->receivers != numbers[0] || receipts->stored != numbers[1] ||
        receipts->displayed != numbers[2] ||
        receipts->n_members != (truth.is_small ? numbers[0] : 0))
        world_break(world, promise,
                    "%s:%llu has %u receivers, stored by %u, displayed by %u, and "
                    "%u, %u and %u are told",
                    log->id, (unsigned long long)receipts->seq, numbers[0], numbers[1], numbers[2],
                    receipts->receivers, receipts->stored, receipts->displayed);
}
