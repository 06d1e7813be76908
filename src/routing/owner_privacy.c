/* What others are told of a user. A user's row is written by one worker alone, the one that the
 * user's id hashes to. */
#include "core/frame.h"
#include "routing/worker.h"

static void privacy_put(struct worker *worker, const char *user, struct user_row row)
{
    struct group *group = owner_group(worker);
    struct change *change = arena_zero(&group->arena, sizeof(*change));
    change->kind = CHANGE_USER;
    change->user = arena_copy(&group->arena, view_of(user));
    change->user_row = row;
    change_list_add(&group->effects.changes, change);
}

static enum status privacy_get(struct worker *worker, const char *user, struct user_row *row)
{
    struct change probe = {.kind = CHANGE_USER, .user = view_of(user)};
    const struct change *latest = owner_find(&worker->owner, &probe);
    *row = (struct user_row){.hides_displayed = false};
    if (latest != NULL) {
        *row = latest->user_row;
        return STATUS_OK;
    }
    enum status status = store_get_user(worker->store, probe.user, row);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

void owner_privacy(struct worker *worker, const struct request *request)
{
    const char *user = request->author.user;
    Unsay__V1__PrivacyChoice choice = request->frame->change_privacy->displayed;
    struct user_row row;
    if (privacy_get(worker, user, &row) != STATUS_OK) {
        owner_refuse(worker, request, REFUSAL_CODE(STORAGE_UNAVAILABLE), "");
        return;
    }
    bool hides = choice == WIRE(PRIVACY_CHOICE, KEEP) ? row.hides_displayed
                                                      : choice == WIRE(PRIVACY_CHOICE, HIDE);
    wire_privacy privacy = UNSAY__V1__PRIVACY__INIT;
    privacy.hides_displayed = hides;
    privacy.server_hides_displayed = worker->settings.progress.hides_displayed;
    wire_server_frame frame = UNSAY__V1__SERVER_FRAME__INIT;
    frame.body_case = SERVER_FRAME(PRIVACY);
    frame.privacy = &privacy;
    if (hides != row.hides_displayed) {
        row.hides_displayed = hides;
        privacy_put(worker, user, row);
        effects_tell(&owner_group(worker)->effects, user, frame_from_server(&frame));
    }
    owner_answer(worker, request, &frame);
}
