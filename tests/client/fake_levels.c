/* The fake server's side of levels of delivery. */
#include "fake_server_internal.h"

struct told {
    wire_progress_page page;
    wire_progress progress;
    wire_progress *list[1];
    wire_member_progress members[FAKE_PLACES_MAX];
    wire_member_progress *member_list[FAKE_PLACES_MAX];
    wire_privacy privacy;
    wire_server_frame frame;
};

static void told_init(struct told *told)
{
    unsay__v1__server_frame__init(&told->frame);
    unsay__v1__progress_page__init(&told->page);
    unsay__v1__progress__init(&told->progress);
    told->frame.body_case = SERVER_FRAME(PROGRESS);
    told->frame.progress = &told->page;
    told->page.n_conversations = 1;
    told->page.conversations = told->list;
    told->list[0] = &told->progress;
    told->progress.conversation = string_of("g:1");
    told->progress.origin = 1;
    told->progress.members = told->member_list;
}

static void told_add(struct told *told, const struct fake_place *place)
{
    wire_member_progress *member = &told->members[told->progress.n_members];
    unsay__v1__member_progress__init(member);
    member->user = string_of(place->user);
    member->stored = place->stored;
    member->displayed = place->displayed;
    member->joined = place->joined;
    told->member_list[told->progress.n_members++] = member;
}

static void told_fill(struct told *told, const struct fake_server *server)
{
    told_init(told);
    told->progress.is_whole = true;
    told->progress.seq = server->event_count;
    told->progress.is_large = server->is_large;
    for (size_t i = 0; i < server->place_count; i++) {
        if (!server->is_large || strcmp(server->places[i].user, "alice") == 0)
            told_add(told, &server->places[i]);
    }
}

static void answer_progress(struct fake_server *server, uint64_t request)
{
    struct told told;
    told_fill(&told, server);
    unsay__v1__privacy__init(&told.privacy);
    told.privacy.hides_displayed = server->hides_displayed;
    told.page.privacy = &told.privacy;
    server->progress_asked++;
    pthread_cond_broadcast(&server->changed);
    put_frame(server, request, &told.frame);
}

static void answer_receipts(struct fake_server *server, uint64_t request,
                            const wire_read_receipts *read)
{
    struct told told;
    wire_receipts receipts = UNSAY__V1__RECEIPTS__INIT;
    wire_server_frame frame = UNSAY__V1__SERVER_FRAME__INIT;
    told_fill(&told, server);
    receipts.conversation = read->conversation;
    receipts.origin = read->origin;
    receipts.seq = read->seq;
    receipts.receivers = 3;
    receipts.stored = 2;
    receipts.displayed = 1;
    receipts.members = told.member_list;
    receipts.n_members = told.progress.n_members;
    receipts.next = string_of(read->after[0] == 0 ? "bob" : "");
    frame.body_case = SERVER_FRAME(RECEIPTS);
    frame.receipts = &receipts;
    put_frame(server, request, &frame);
}

static void answer_privacy(struct fake_server *server, uint64_t request,
                           const wire_change_privacy *change)
{
    wire_privacy privacy = UNSAY__V1__PRIVACY__INIT;
    wire_server_frame frame = UNSAY__V1__SERVER_FRAME__INIT;
    bool hides = change->displayed == WIRE(PRIVACY_CHOICE, HIDE);
    bool is_changed =
        change->displayed != WIRE(PRIVACY_CHOICE, KEEP) && hides != server->hides_displayed;
    server->hides_displayed ^= is_changed;
    privacy.hides_displayed = server->hides_displayed;
    frame.body_case = SERVER_FRAME(PRIVACY);
    frame.privacy = &privacy;
    if (is_changed)
        put_frame(server, 0, &frame);
    put_frame(server, request, &frame);
}

bool answer_levels(struct fake_server *server, const wire_client_frame *frame)
{
    if (frame->body_case == CLIENT_FRAME(LIST_PROGRESS))
        answer_progress(server, frame->request);
    else if (frame->body_case == CLIENT_FRAME(READ_RECEIPTS))
        answer_receipts(server, frame->request, frame->read_receipts);
    else if (frame->body_case == CLIENT_FRAME(CHANGE_PRIVACY))
        answer_privacy(server, frame->request, frame->change_privacy);
    else
        return false;
    return true;
}

void fake_server_join(struct fake_server *server, const char *user, uint64_t joined)
{
    pthread_mutex_lock(&server->lock);
    struct fake_place *place = &server->places[server->place_count++];
    *place = (struct fake_place){.joined = joined};
    snprintf(place->user, sizeof(place->user), "%s", user);
    pthread_mutex_unlock(&server->lock);
}

void fake_server_tell_whole(struct fake_server *server)
{
    struct told told;
    pthread_mutex_lock(&server->lock);
    told_fill(&told, server);
    put_frame(server, 0, &told.frame);
    pthread_mutex_unlock(&server->lock);
}

void fake_server_move(struct fake_server *server, const char *user, uint64_t stored,
                      uint64_t displayed)
{
    struct told told;
    pthread_mutex_lock(&server->lock);
    told_init(&told);
    for (size_t i = 0; i < server->place_count; i++) {
        struct fake_place *place = &server->places[i];
        if (strcmp(place->user, user) != 0)
            continue;
        place->stored = stored;
        place->displayed = displayed;
        told_add(&told, place);
    }
    put_frame(server, 0, &told.frame);
    pthread_mutex_unlock(&server->lock);
}
