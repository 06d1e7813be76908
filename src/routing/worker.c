#include "routing/worker.h"

#include "base/memory.h"
#include "core/frame.h"
#include "core/refusal.h"
#include "routing/news.h"
#include "routing/owner_device.h"
#include "routing/policies.h"
#include "routing/publish.h"
#include "routing/reader.h"
#include "routing/requests.h"

#include <stdlib.h>

void worker_init(struct worker *worker, unsigned index, unsigned count, struct store *store,
                 void *shell, const struct worker_settings *settings, uint64_t seed)
{
    *worker = (struct worker){.index = index,
                              .count = count,
                              .store = store,
                              .shell = shell,
                              .settings = *settings,
                              .prng = {seed}};
    owner_init(&worker->owner);
    retention_init(&worker->retention);
    table_init(&worker->sessions);
    table_init(&worker->users);
    table_init(&worker->interests);
    table_init(&worker->subscriptions);
    list_init(&worker->dirty);
    list_init(&worker->waiting);
    list_init(&worker->noticed);
    list_init(&worker->arriving);
    arena_init(&worker->scratch);
}

void worker_fini(struct worker *worker)
{
    owner_fini(&worker->owner);
    retention_fini(&worker->retention);
    table_fini(&worker->sessions);
    table_fini(&worker->users);
    table_fini(&worker->interests);
    table_fini(&worker->subscriptions);
    arena_fini(&worker->scratch);
}

unsigned worker_of(const struct worker *worker, struct view conversation)
{
    return worker->count == 1 ? 0 : (unsigned)(table_hash(conversation) % worker->count);
}

void worker_set_time(struct worker *worker, struct now now)
{
    struct rulebook *rules = &worker->settings.rules;
    worker->now = now;
    rules->clock_is_unsure = now.wall_error_ms > rules->policy->clock_error_max_ms;
}

struct session *worker_find_session(struct worker *worker, uint64_t id)
{
    return table_get(&worker->sessions, view_make(&id, sizeof(id)));
}

void worker_touch(struct worker *worker, struct session *session)
{
    if (list_is_empty(&session->dirty))
        list_push_back(&worker->dirty, &session->dirty);
}

bool session_has_frames(const struct session *session)
{
    return session->welcome != NULL ||
           session->urgent.count + session->page.count + session->normal.count > 0 ||
           !list_is_empty(&session->progress);
}

static bool worker_claim_beats(const struct worker *worker, const struct mail_claim *claim,
                               const struct session *session)
{
    if (session->opened_ns != claim->opened_ns)
        return session->opened_ns < claim->opened_ns;
    return worker->index <= claim->worker;
}

static void worker_send_claim(struct worker *worker, const struct session *session, unsigned to)
{
    struct mail_claim *claim = memory_new(sizeof(*claim));
    struct mail mail = {.kind = MAIL_CLAIM, .claim = claim};
    claim->opened_ns = session->opened_ns;
    claim->login = session->login;
    claim->worker = worker->index;
    snprintf(claim->user, sizeof(claim->user), "%s", session->user);
    snprintf(claim->device, sizeof(claim->device), "%s", session->device);
    if (!shell_post(worker->shell, to, mail))
        mail_discard(&mail); /* the older session then ends by its heartbeat */
}

/* A device that comes back with a ticket replaces its own sign-in: nobody contests that. */
static void worker_tell_replaced(struct worker *worker, const struct mail_claim *claim,
                                 const struct session *session)
{
    if (claim->login == session->login || claim->login == 0)
        return;
    struct mail_replaced *replaced = memory_new(sizeof(*replaced));
    struct mail mail = {.kind = MAIL_REPLACED, .replaced = replaced};
    replaced->login = claim->login;
    replaced->replaced = session->login;
    memcpy(replaced->user, claim->user, sizeof(replaced->user));
    memcpy(replaced->device, claim->device, sizeof(replaced->device));
    if (!shell_post(worker->shell, claim->worker, mail))
        mail_discard(&mail); /* it is not counted */
}

/* Of several sessions with one name the latest stays. One that stays claims the name in turn: the
 * clocks of two workers may differ, and its own claim may have come before the other session. */
static void worker_close_namesakes(struct worker *worker, const struct mail_claim *claim,
                                   const struct session *claimant)
{
    struct user_sessions *sessions = table_get(&worker->users, view_of(claim->user));
    if (sessions == NULL)
        return;
    struct list *next;
    for (struct list *node = sessions->sessions.next; node != &sessions->sessions; node = next) {
        struct session *session = LIST_ITEM(node, struct session, of_user);
        next = node->next;
        if (session == claimant || session->is_closing ||
            strcmp(session->device, claim->device) != 0)
            continue;
        if (!worker_claim_beats(worker, claim, session)) {
            worker_send_claim(worker, session, claim->worker);
            continue;
        }
        worker_tell_replaced(worker, claim, session);
        session_refuse(worker, session, 0, REFUSAL_CODE(SESSION_REPLACED), "", true);
    }
}

static void worker_claim_name(struct worker *worker, const struct session *session)
{
    struct mail_claim own = {
        .opened_ns = session->opened_ns, .login = session->login, .worker = worker->index};
    snprintf(own.user, sizeof(own.user), "%s", session->user);
    snprintf(own.device, sizeof(own.device), "%s", session->device);
    worker_close_namesakes(worker, &own, session);
    for (unsigned i = 0; i < worker->count; i++) {
        if (i != worker->index)
            worker_send_claim(worker, session, i);
    }
}

/* Good as long as configured, and never longer than the token. */
static size_t worker_make_ticket(struct worker *worker, const struct session *session,
                                 uint8_t ticket[LIMIT_TICKET_BYTES_MAX])
{
    uint64_t life_ms = worker->settings.ticket_life_ms;
    uint64_t now_ms = worker->now.wall_ms;
    if (life_ms == 0 || session->login == 0 || session->expires_ms <= now_ms)
        return 0;
    if (life_ms > session->expires_ms - now_ms)
        life_ms = session->expires_ms - now_ms;
    return shell_seal_ticket(worker->shell, session, now_ms + life_ms, ticket);
}

static void worker_greet(struct worker *worker, struct session *session)
{
    wire_welcome welcome = UNSAY__V1__WELCOME__INIT;
    wire_server_frame frame = UNSAY__V1__SERVER_FRAME__INIT;
    uint8_t ticket[LIMIT_TICKET_BYTES_MAX];
    arena_reset(&worker->scratch);
    welcome.version = PROTOCOL_VERSION_MAX;
    welcome.user = string_of(session->user);
    welcome.device = string_of(session->device);
    welcome.server_time_ms = worker->now.wall_ms;
    welcome.heartbeat_interval_ms = session->heartbeat_ms;
    welcome.frame_bytes_max = LIMIT_FRAME_BYTES_MAX;
    welcome.body_bytes_max = LIMIT_BODY_BYTES_MAX;
    if (!uuid_is_zero(&worker->settings.store))
        welcome.store = bytes_of(uuid_view(&worker->settings.store));
    welcome.ticket.data = ticket;
    welcome.ticket.len = worker_make_ticket(worker, session, ticket);
    if (session->wants_news)
        news_tell(worker, session, &welcome);
    frame.request = session->hello;
    frame.body_case = SERVER_FRAME(WELCOME);
    frame.welcome = &welcome;
    session_greet(worker, session, frame_from_server(&frame));
}

static void worker_turn_away(struct worker *worker, struct session *session, refusal_code code)
{
    session_refuse(worker, session, session->hello, code, "", true);
}

static void worker_arrive(struct worker *worker, struct session *session,
                          enum device_verdict verdict)
{
    switch (verdict) {
    case DEVICE_KNOWN:
        worker_greet(worker, session);
        return;
    case DEVICE_WRITTEN:
        session->arrives_with = owner_group(worker)->number;
        list_push_back(&worker->arriving, &session->arriving);
        return;
    case DEVICE_OVERLOADED:
        worker_turn_away(worker, session, REFUSAL_CODE(OVERLOADED));
        return;
    case DEVICE_UNREADABLE:
        worker_turn_away(worker, session, REFUSAL_CODE(STORAGE_UNAVAILABLE));
        return;
    case DEVICE_CONTESTED:
    case DEVICE_OUTDATED:
        worker_turn_away(worker, session, REFUSAL_CODE(TICKET_INVALID));
        return;
    }
}

void worker_greet_arrivals(struct worker *worker, const struct group *group)
{
    while (!list_is_empty(&worker->arriving)) {
        struct session *session = LIST_ITEM(worker->arriving.next, struct session, arriving);
        if (session->arrives_with > group->number)
            return;
        list_remove(&session->arriving);
        if (session->is_closing)
            continue;
        if (group->failure == REFUSAL_NONE)
            worker_greet(worker, session);
        else
            worker_turn_away(worker, session, group->failure);
    }
}

/* One that is turned away does not take the name from another session. */
static void worker_admit(struct worker *worker, struct session *session,
                         const struct arrival *arrival)
{
    if (worker->is_draining) {
        worker_turn_away(worker, session, REFUSAL_CODE(SHUTTING_DOWN));
        return;
    }
    uint32_t pause_ms = 0;
    enum device_verdict verdict =
        owner_device(worker, session, arrival->device_key, arrival->login != 0, &pause_ms);
    if (verdict == DEVICE_CONTESTED) {
        session_turn_away(worker, session, session->hello, REFUSAL_CODE(RATE_LIMITED),
                          "hello: two clients take this device's name from each other; give one of "
                          "them another, or wait for retry_after_ms",
                          pause_ms);
        return;
    }
    if (verdict == DEVICE_KNOWN || verdict == DEVICE_WRITTEN) {
        worker_claim_name(worker, session);
        if (!reader_subscribe(worker, session))
            verdict = DEVICE_UNREADABLE;
    }
    worker_arrive(worker, session, verdict);
}

struct session *worker_session_opened(struct worker *worker, void *link,
                                      const struct arrival *arrival)
{
    struct session *session = session_new(arrival);
    session->id = ++worker->last_session;
    session->link = link;
    session->hello = arrival->request;
    session->login = arrival->login != 0 ? arrival->login : prng_next(&worker->prng) | 1;
    session->heartbeat_ms = arrival->heartbeat_ms;
    session->wants_news = arrival->wants_news;
    session->expires_ms = arrival->expires_ms;
    session->authority = arrival->authority;
    session->follow = arrival->follow;
    session->opened_ns = worker->now.steady_ns;
    table_put(&worker->sessions, view_make(&session->id, sizeof(session->id)), session);

    struct user_sessions *sessions = table_get(&worker->users, view_of(session->user));
    if (sessions == NULL) {
        size_t user_bytes = strlen(session->user) + 1;
        sessions = memory_new(sizeof(*sessions) + user_bytes);
        list_init(&sessions->sessions);
        memcpy(sessions->user, session->user, user_bytes);
        table_put(&worker->users, view_of(sessions->user), sessions);
    }
    list_push_back(&sessions->sessions, &session->of_user);
    stats_add(&worker->stats, STAT_sessions_opened, 1);

    worker_admit(worker, session, arrival);
    return session;
}

void worker_session_closed(struct worker *worker, struct session *session)
{
    struct user_sessions *sessions = table_get(&worker->users, view_of(session->user));
    list_remove(&session->of_user);
    if (list_is_empty(&sessions->sessions)) {
        table_remove(&worker->users, view_of(sessions->user));
        free(sessions);
    }
    table_remove(&worker->sessions, view_make(&session->id, sizeof(session->id)));
    session_free(worker, session);
    stats_add(&worker->stats, STAT_sessions_closed, 1);
}

void worker_session_frame(struct worker *worker, struct session *session,
                          const wire_client_frame *frame, struct view payload)
{
    if (session->is_closing)
        return;
    stats_add(&worker->stats, STAT_frames_received, 1);
    arena_reset(&worker->scratch);
    requests_take(worker, session, frame, payload);
}

/* A page is read from the store only when everything before it was sent. */
static void worker_serve_page(struct worker *worker, struct session *session,
                              struct lane_item *item)
{
    session->reads--;
    reader_serve(worker, session, item->reading);
    if (!item->reading->is_list)
        lane_note(&session->page,
                  session_watch(worker, session, view_of(item->reading->conversation)));
    free(item->reading);
}

/* The frame of an item that leaves its lane. */
static struct blob *worker_hand_out(const struct lane_item *item)
{
    if (item->subscription != NULL)
        session_handed(item->subscription, item->seq);
    return item->frame;
}

static struct blob *worker_next_normal(struct worker *worker, struct session *session)
{
    struct lane_item item;
    while (lane_pop(&session->normal, &item)) {
        if (item.kind == LANE_READ) {
            worker_serve_page(worker, session, &item);
            if (lane_pop(&session->page, &item))
                return worker_hand_out(&item);
            continue;
        }
        if (item.kind == LANE_EVENT) {
            session->pushes--;
            session->push_bytes -= item.frame->size;
        }
        return worker_hand_out(&item);
    }
    return NULL;
}

static struct blob *worker_behind(struct session *session)
{
    wire_behind behind = UNSAY__V1__BEHIND__INIT;
    wire_server_frame frame = UNSAY__V1__SERVER_FRAME__INIT;
    frame.body_case = SERVER_FRAME(BEHIND);
    frame.behind = &behind;
    session->is_behind = false;
    return frame_from_server(&frame);
}

struct blob *worker_next_frame(struct worker *worker, struct session *session)
{
    struct lane_item item;
    struct blob *frame = session->welcome;
    session->welcome = NULL;
    if (frame != NULL || (!session->is_greeted && !session->is_closing))
        return frame;
    if (lane_pop(&session->urgent, &item) || lane_pop(&session->page, &item))
        frame = worker_hand_out(&item);
    else
        frame = worker_next_normal(worker, session);
    if (frame == NULL && !session->is_closing)
        frame = session_next_progress(session);
    if (frame == NULL && session->is_behind)
        frame = worker_behind(session);
    if (frame != NULL)
        stats_add(&worker->stats, STAT_frames_sent, 1);
    return frame;
}

static void worker_take_request(struct worker *worker, struct mail_request *mail)
{
    arena_reset(&worker->scratch);
    wire_client_frame *frame =
        frame_decode_client(view_make(mail->payload, mail->payload_bytes), &worker->scratch);
    if (frame == NULL) /* it was decoded once already, or made by us */
        return;
    struct request request = {.worker = mail->worker,
                              .session = mail->session,
                              .author = {mail->user, mail->device, mail->authority, mail->address},
                              .may_create = mail->may_create,
                              .frame = frame};
    owner_request(worker, &request);
}

void worker_mail(struct worker *worker, struct mail mail)
{
    switch (mail.kind) {
    case MAIL_REQUEST:
        worker_take_request(worker, mail.request);
        break;
    case MAIL_GROUP:
        publish_group(worker, mail.group);
        break;
    case MAIL_ANSWERS:
        publish_answers(worker, mail.group);
        break;
    case MAIL_CLAIM:
        worker_close_namesakes(worker, mail.claim, NULL);
        break;
    case MAIL_REPLACED:
        owner_contest(worker, mail.replaced);
        break;
    case MAIL_FORWARD:
        arena_reset(&worker->scratch);
        owner_take_forward(worker, mail.forward);
        break;
    case MAIL_TAKE_BACK:
        arena_reset(&worker->scratch);
        owner_take_back(worker, mail.take_back);
        break;
    case MAIL_TAKEN_BACK:
        take_backs_answered(worker, mail.taken_back);
        break;
    case MAIL_ONLINE:
        arena_reset(&worker->scratch);
        owner_online(worker, mail.online);
        break;
    case MAIL_PUSHED:
        arena_reset(&worker->scratch);
        owner_pushed(worker, mail.pushed);
        break;
    case MAIL_HANDED:
        owner_handed(worker, mail.handed);
        break;
    case MAIL_RELOAD:
        arena_reset(&worker->scratch);
        policies_reload(worker, NULL);
        break;
    }
    mail_discard(&mail);
}

static void worker_tick_session(struct worker *worker, struct session *session)
{
    if (session->expires_ms <= worker->now.wall_ms && !session->is_closing)
        session_refuse(worker, session, 0, REFUSAL_CODE(TOKEN_EXPIRED), "", true);
    lane_shrink(&session->normal);
    lane_shrink(&session->urgent);
    lane_shrink(&session->page);
}

void worker_tick(struct worker *worker)
{
    struct list *next;
    waits_end(worker);
    for (struct list *node = worker->waiting.next; node != &worker->waiting; node = next) {
        next = node->next;
        session_repeat_push(worker, LIST_ITEM(node, struct subscription, waiting));
    }
    for (struct list *node = worker->noticed.next; node != &worker->noticed; node = next) {
        next = node->next;
        session_repeat_notices(worker, LIST_ITEM(node, struct session, noticed));
    }
    size_t at = 0;
    for (struct session *session; (session = table_next(&worker->sessions, &at)) != NULL;)
        worker_tick_session(worker, session);
}

void worker_end_turn(struct worker *worker)
{
    jobs_run(worker);
    owner_commit(worker);
    for (struct list *node; (node = list_pop_front(&worker->dirty)) != NULL;)
        shell_flush(LIST_ITEM(node, struct session, dirty)->link);
}

void worker_drain(struct worker *worker)
{
    worker->is_draining = true;
    size_t at = 0;
    for (struct session *session; (session = table_next(&worker->sessions, &at)) != NULL;) {
        if (!session->is_closing)
            session_refuse(worker, session, 0, REFUSAL_CODE(SHUTTING_DOWN), "", true);
    }
}

bool worker_is_idle(const struct worker *worker)
{
    return worker->owner.in_flight == NULL &&
           (worker->owner.open == NULL || group_is_empty(worker->owner.open));
}
