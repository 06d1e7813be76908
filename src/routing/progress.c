#include "routing/progress.h"

#include "core/frame.h"
#include "routing/progress_walk.h"
#include "routing/worker.h"

#include <assert.h>

struct blob *progress_frame(const wire_progress *progress)
{
    wire_progress *list[] = {(wire_progress *)(uintptr_t)progress};
    wire_progress_page page = UNSAY__V1__PROGRESS_PAGE__INIT;
    wire_server_frame frame = UNSAY__V1__SERVER_FRAME__INIT;
    page.conversations = list;
    page.n_conversations = 1;
    frame.body_case = SERVER_FRAME(PROGRESS);
    frame.progress = &page;
    return frame_from_server(&frame);
}

/* Our own encoding: it can be decoded. */
static const wire_progress *progress_of_frame(const struct blob *frame, struct arena *arena)
{
    const wire_server_frame *decoded = frame_decode_server(frame_payload(blob_view(frame)), arena);
    assert(decoded != NULL && decoded->body_case == SERVER_FRAME(PROGRESS) &&
           decoded->progress->n_conversations == 1);
    return decoded->progress->conversations[0];
}

struct blob *progress_merge_frames(const struct blob *older, const struct blob *newer,
                                   const char *user)
{
    struct arena arena;
    arena_init(&arena);
    struct blob *frame = progress_frame(progress_merge(
        progress_of_frame(older, &arena), progress_of_frame(newer, &arena), user, &arena));
    arena_fini(&arena);
    return frame;
}

/* ---- Whole ---- */

/* What is asked: where everyone is, in the eyes of `user`, or of no member in particular. */
struct progress_question {
    struct worker *worker;
    struct view conversation;
    const char *user; /* NULL: everyone is told the same */
    uint64_t rows;    /* that were looked at */
    bool is_member;   /* the user is one */
};

static void progress_list_place(const struct progress_question *question,
                                const struct progress_place *place, wire_progress *progress)
{
    wire_member_progress *member =
        arena_alloc(&question->worker->scratch, sizeof(wire_member_progress));
    bool is_own = question->user != NULL && strcmp(place->user, question->user) == 0;
    unsay__v1__member_progress__init(member);
    member->user = string_of(place->user);
    member->joined = place->joined;
    member->stored = place->stored;
    member->displayed = is_own ? place->displayed : place->shared;
    progress->members[progress->n_members++] = member;
}

/* The user's own place in a conversation that is large. */
static enum status progress_read_own(struct progress_question *question, wire_progress *progress)
{
    struct worker *worker = question->worker;
    struct store_cursor *cursors =
        arena_alloc(&worker->scratch, LIMIT_OVERVIEW_DEVICES_MAX * sizeof(*cursors));
    struct view user = view_of(question->user);
    struct progress_place place = {.user = question->user};
    struct member_row row;
    size_t count;
    enum status status = store_get_member(worker->store, question->conversation, user, &row);
    if (status != STATUS_OK || !row_is_member(&row))
        return status == STATUS_NOT_FOUND ? STATUS_OK : status;
    question->is_member = true;
    place.joined = row.joined_seq;
    status =
        store_list_cursors(worker->store, question->conversation, ORIGIN_DEFAULT, user, view_of(""),
                           LIMIT_OVERVIEW_DEVICES_MAX, &worker->scratch, cursors, &count);
    for (size_t i = 0; status == STATUS_OK && i < count && view_equal(cursors[i].user, user); i++)
        progress_add(&worker->settings.progress, &cursors[i].row, &place);
    question->rows += count;
    if (status == STATUS_OK)
        progress_list_place(question, &place, progress);
    return status;
}

/* Everyone's; *is_small: they are few enough, and so are their devices. */
static enum status progress_read_all(struct progress_question *question, wire_progress *progress,
                                     bool *is_small)
{
    struct worker *worker = question->worker;
    struct progress_walk walk;
    struct progress_place place = {.user = ""};
    enum status status = STATUS_OK;
    progress_walk_init(&walk, worker->store, &worker->settings.progress, question->conversation,
                       view_of(""), LIMIT_PROGRESS_ROWS_MAX, &worker->scratch);
    while (*is_small && (status = progress_walk_next(&walk, &place)) == STATUS_OK &&
           place.user != NULL) {
        question->is_member |= question->user != NULL && strcmp(place.user, question->user) == 0;
        *is_small = progress->n_members < worker->settings.progress.members_max;
        if (*is_small)
            progress_list_place(question, &place, progress);
    }
    *is_small &= !walk.is_cut;
    question->rows += walk.rows;
    return status;
}

static enum status progress_read(struct progress_question *question, wire_progress *progress)
{
    struct worker *worker = question->worker;
    const struct progress_rules *rules = &worker->settings.progress;
    struct conversation_row row;
    struct view bytes;
    enum status status = store_get_last_event(worker->store, question->conversation, ORIGIN_DEFAULT,
                                              &worker->scratch, &progress->seq, &bytes);
    if (status == STATUS_OK)
        status =
            store_get_conversation(worker->store, question->conversation, &worker->scratch, &row);
    if (status != STATUS_OK)
        return status;
    progress->conversation = arena_text(&worker->scratch, question->conversation);
    progress->origin = ORIGIN_DEFAULT;
    progress->is_whole = true;
    progress->members = arena_alloc(&worker->scratch, (rules->members_max + (size_t)1) *
                                                          sizeof(wire_member_progress *));
    bool is_small = progress_is_small(rules, row.type, row.member_count);
    if (is_small)
        status = progress_read_all(question, progress, &is_small);
    if (status != STATUS_OK || is_small)
        return status;
    progress->is_large = true;
    progress->n_members = 0;
    return question->user == NULL ? STATUS_OK : progress_read_own(question, progress);
}

/* ---- Members come and go ---- */

/* Whether the user is still a member, as the store has it: a session may not know yet that it is
 * over.
 */
static enum status progress_concerns(struct worker *worker, const wire_progress *progress,
                                     const char *user, bool *concerns)
{
    struct member_row row;
    *concerns = false;
    for (size_t i = 0; i < progress->n_members && !*concerns; i++)
        *concerns = strcmp(progress->members[i]->user, user) == 0;
    if (!progress->is_large)
        return STATUS_OK;
    enum status status =
        store_get_member(worker->store, view_of(progress->conversation), view_of(user), &row);
    *concerns = status == STATUS_OK && row_is_member(&row);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

static void progress_tell_all(struct worker *worker, struct interest *interest)
{
    arena_reset(&worker->scratch);
    struct progress_question question = {.worker = worker,
                                         .conversation = view_of(interest->conversation)};
    wire_progress progress = UNSAY__V1__PROGRESS__INIT;
    enum status status = progress_read(&question, &progress);
    struct blob *frame = status == STATUS_OK ? progress_frame(&progress) : NULL;
    struct list *node = interest->subscriptions.next;
    for (; node != &interest->subscriptions; node = node->next) {
        struct subscription *subscription = LIST_ITEM(node, struct subscription, of_interest);
        bool concerns = false;
        if (frame == NULL || progress_concerns(worker, &progress, subscription->session->user,
                                               &concerns) != STATUS_OK)
            session_fall_behind(worker, subscription->session);
        else if (concerns)
            session_tell_progress(worker, subscription, frame);
    }
    blob_release(frame);
}

/* One who comes back, to where others are not told of: what they displayed since they left, and
 * that it is large. One who comes for the first time has nothing to hear. */
static void progress_tell_own(struct worker *worker, struct view conversation, const char *user)
{
    struct user_sessions *sessions = table_get(&worker->users, view_of(user));
    if (sessions == NULL)
        return;
    arena_reset(&worker->scratch);
    struct progress_question question = {
        .worker = worker, .conversation = conversation, .user = user};
    wire_progress progress = UNSAY__V1__PROGRESS__INIT;
    enum status status = progress_read(&question, &progress);
    if (status == STATUS_OK && (!question.is_member || progress.members[0]->stored == 0))
        return;
    struct blob *frame = status == STATUS_OK ? progress_frame(&progress) : NULL;
    struct list *node = sessions->sessions.next;
    for (; node != &sessions->sessions; node = node->next) {
        struct session *session = LIST_ITEM(node, struct session, of_user);
        struct subscription *subscription =
            session_find_subscription(worker, session, conversation);
        if (frame == NULL)
            session_fall_behind(worker, session);
        else if (subscription != NULL)
            session_tell_progress(worker, subscription, frame);
    }
    blob_release(frame);
}

void progress_tell_whole(struct worker *worker, const struct publication *publication)
{
    const struct progress_rules *rules = &worker->settings.progress;
    struct view conversation = view_of(publication->conversation);
    struct interest *interest = table_get(&worker->interests, conversation);
    size_t before =
        publication->member_count + publication->gone_member_count - publication->new_member_count;
    bool is_small = progress_is_small(rules, publication->type, publication->member_count);
    bool was_small = progress_is_small(rules, publication->type, before);
    if (interest == NULL)
        return;
    if (is_small || was_small)
        progress_tell_all(worker, interest);
    for (size_t i = 0; !is_small && before > 0 && i < publication->new_member_count; i++)
        progress_tell_own(worker, conversation, publication->new_members[i]);
}

/* ---- ListProgress ---- */

static enum status progress_fill(struct worker *worker, const struct session *session,
                                 const struct store_membership *memberships, size_t count,
                                 wire_progress_page *page)
{
    size_t bytes = 0;
    uint64_t rows = 0;
    for (size_t i = 0; i < count; i++) {
        if (i == LIMIT_PROGRESS_CONVERSATIONS_MAX || bytes > LIMIT_PROGRESS_BYTES_MAX ||
            rows > LIMIT_RECEIPT_ROWS_MAX) {
            page->next = arena_text(&worker->scratch, memberships[i - 1].conversation);
            return STATUS_OK;
        }
        struct progress_question question = {
            .worker = worker, .conversation = memberships[i].conversation, .user = session->user};
        wire_progress *progress = arena_alloc(&worker->scratch, sizeof(*progress));
        unsay__v1__progress__init(progress);
        enum status status = progress_read(&question, progress);
        if (status != STATUS_OK)
            return status;
        rows += question.rows;
        if (!question.is_member)
            continue;
        bytes += unsay__v1__progress__get_packed_size(progress);
        page->conversations[page->n_conversations++] = progress;
    }
    return STATUS_OK;
}

static enum status progress_fill_privacy(struct worker *worker, const struct session *session,
                                         wire_privacy *privacy)
{
    struct user_row row = {.hides_displayed = false};
    enum status status = store_get_user(worker->store, view_of(session->user), &row);
    privacy->hides_displayed = row.hides_displayed;
    privacy->server_hides_displayed = worker->settings.progress.hides_displayed;
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

void progress_list(struct worker *worker, struct session *session, uint64_t request,
                   const wire_list_progress *list)
{
    struct store_membership memberships[LIMIT_PROGRESS_CONVERSATIONS_MAX + 1];
    wire_progress *conversations[LIMIT_PROGRESS_CONVERSATIONS_MAX];
    wire_privacy privacy = UNSAY__V1__PRIVACY__INIT;
    wire_progress_page page = UNSAY__V1__PROGRESS_PAGE__INIT;
    size_t count;
    page.conversations = conversations;
    page.privacy = &privacy;
    if (strlen(list->after) > LIMIT_CONVERSATION_ID_BYTES_MAX) {
        session_refuse(worker, session, request, REFUSAL_CODE(FIELD_INVALID),
                       "list_progress: after: a conversation's id", false);
        return;
    }
    enum status status = store_list_conversations(
        worker->store, view_of(session->user), view_of(list->after),
        LIMIT_PROGRESS_CONVERSATIONS_MAX + 1, &worker->scratch, memberships, &count);
    if (status == STATUS_OK)
        status = progress_fill(worker, session, memberships, count, &page);
    if (status == STATUS_OK)
        status = progress_fill_privacy(worker, session, &privacy);
    if (status != STATUS_OK) {
        session_refuse(worker, session, request, REFUSAL_CODE(STORAGE_UNAVAILABLE), "", false);
        return;
    }
    wire_server_frame frame = UNSAY__V1__SERVER_FRAME__INIT;
    frame.request = request;
    frame.body_case = SERVER_FRAME(PROGRESS);
    frame.progress = &page;
    session_answer(worker, session, frame_from_server(&frame));
}
