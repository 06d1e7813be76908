/* What users set for conversations in their own lists. */
#include "core/listing.h"
#include "routing/worker.h"

void owner_change_listing(struct worker *worker, const struct request *request)
{
    const wire_change_listing *change = request->frame->change_listing;
    struct owned_conversation *owned;
    struct owned_member scratch;
    struct owned_member *member;
    if (!owner_find_author(worker, request, change->conversation, &owned, &scratch, &member))
        return;
    struct listing_facts facts = {
        .author = &request->author, .member = &member->member, .now_ms = worker->now.wall_ms};
    struct group *group = owner_group(worker);
    wire_listing listing = UNSAY__V1__LISTING__INIT;
    wire_server_frame answer = UNSAY__V1__SERVER_FRAME__INIT;
    const char *detail;
    refusal_code refusal =
        listing_change(&owned->conversation, change, &facts, &group->effects, &listing, &detail);
    if (refusal != REFUSAL_NONE) {
        owner_refuse(worker, request, refusal, detail);
        return;
    }
    owned->touched = group->number;
    answer.body_case = SERVER_FRAME(LISTING);
    answer.listing = &listing;
    owner_answer(worker, request, &answer);
}
