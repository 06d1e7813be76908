#include "core/listing.h"

#include "core/frame.h"
#include "core/ids.h"

#define CHANGE(name) UNSAY__V1__CHANGE_LISTING__CHANGE_##name

refusal_code listing_check(const wire_change_listing *request, const char **detail)
{
    *detail = "";
    if (!id_is_conversation(view_of(request->conversation))) {
        *detail = "conversation: 1 to 64 of [A-Za-z0-9._:@-]";
        return REFUSAL_CODE(INVALID_ID);
    }
    bool is_known =
        request->change_case == CHANGE(MUTED_UNTIL_MS) ||
        request->change_case == CHANGE(IS_PINNED) ||
        (request->change_case == CHANGE(HIDING) && request->hiding >= WIRE(HIDING, NONE) &&
         request->hiding <= WIRE(HIDING, ALWAYS));
    if (!is_known)
        *detail = "change: one of muted_until_ms, is_pinned and hiding (0 to 2)";
    return is_known ? REFUSAL_NONE : REFUSAL_CODE(FIELD_INVALID);
}

/* The row as the request wants it, before its version. */
static struct listing_row listing_wanted(const struct conversation *conversation,
                                         const wire_change_listing *request,
                                         const struct listing_row *row, uint64_t now_ms)
{
    struct listing_row wanted = *row;
    if (request->change_case == CHANGE(MUTED_UNTIL_MS)) {
        wanted.muted_until_ms = request->muted_until_ms;
    } else if (request->change_case == CHANGE(IS_PINNED)) {
        bool is_pinned = row->pinned_ms != 0;
        if (is_pinned != (request->is_pinned != 0))
            wanted.pinned_ms = is_pinned ? 0 : now_ms;
    } else {
        bool has_seen = request->hidden_seq != 0 && request->hidden_seq < conversation->head;
        uint64_t seen = has_seen ? request->hidden_seq : conversation->head;
        wanted.hiding = request->hiding;
        wanted.hidden_seq = request->hiding == WIRE(HIDING, UNTIL_MESSAGE) ? seen : 0;
    }
    return wanted;
}

static bool listing_is_same(const struct listing_row *a, const struct listing_row *b)
{
    return a->muted_until_ms == b->muted_until_ms && a->pinned_ms == b->pinned_ms &&
           a->hiding == b->hiding && a->hidden_seq == b->hidden_seq;
}

void listing_tell(const struct conversation *conversation, const struct listing_row *row,
                  const char *user, struct effects *effects)
{
    wire_listing listing;
    wire_server_frame frame = UNSAY__V1__SERVER_FRAME__INIT;
    listing_to_wire(row, &listing);
    listing.conversation = string_of(conversation->id);
    frame.body_case = SERVER_FRAME(LISTING);
    frame.listing = &listing;
    effects_tell(effects, user, frame_from_server(&frame));
}

refusal_code listing_change(const struct conversation *conversation,
                            const wire_change_listing *request, const struct listing_facts *facts,
                            struct effects *effects, wire_listing *answer, const char **detail)
{
    struct member_row *row = &facts->member->row;
    *detail = "";
    if (!facts->member->is_member)
        return REFUSAL_CODE(NOT_A_MEMBER);
    struct listing_row wanted = listing_wanted(conversation, request, &row->listing, facts->now_ms);
    bool is_new = !listing_is_same(&wanted, &row->listing);
    if (is_new) {
        wanted.version++;
        row->listing = wanted;
        struct change *change = effects_change(effects, CHANGE_MEMBER, conversation);
        change->user = arena_copy(effects->arena, view_of(facts->author->user));
        change->member = *row;
    }
    listing_to_wire(&row->listing, answer);
    answer->conversation = string_of(conversation->id);
    if (is_new)
        listing_tell(conversation, &row->listing, facts->author->user, effects);
    return REFUSAL_NONE;
}

void listing_to_wire(const struct listing_row *row, wire_listing *wire)
{
    unsay__v1__listing__init(wire);
    wire->version = row->version;
    wire->muted_until_ms = row->muted_until_ms;
    wire->pinned_ms = row->pinned_ms;
    wire->hiding = row->hiding;
    wire->hidden_seq = row->hidden_seq;
}

bool listing_is_hidden(const struct listing_row *row, uint64_t activity_seq)
{
    return row->hiding == WIRE(HIDING, ALWAYS) ||
           (row->hiding == WIRE(HIDING, UNTIL_MESSAGE) && activity_seq <= row->hidden_seq);
}

int listing_compare(const struct listing_place *a, const struct listing_place *b)
{
    if (a->pinned_ms != b->pinned_ms)
        return a->pinned_ms > b->pinned_ms ? -1 : 1;
    if (a->activity != b->activity)
        return a->activity > b->activity ? -1 : 1;
    return view_compare(a->conversation, b->conversation);
}
