/* Sessions as they come and go: a device is welcome once it is durably known. */
#include "routing/worker.h"

#include "base/memory.h"
#include "core/frame.h"
#include "core/refusal.h"
#include "routing/news.h"
#include "routing/owner_device.h"
#include "routing/reader.h"

#include <stdlib.h>

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

/* What the store was before it was put back from a backup. */
static void worker_tell_pasts(struct worker *worker, wire_welcome *welcome)
{
    size_t count = worker->settings.past_count;
    if (count == 0)
        return;
    wire_store_past *pasts = arena_alloc(&worker->scratch, count * sizeof(*pasts));
    welcome->pasts = arena_alloc(&worker->scratch, count * sizeof(wire_store_past *));
    welcome->n_pasts = count;
    for (size_t i = 0; i < count; i++) {
        unsay__v1__store_past__init(&pasts[i]);
        pasts[i].store = bytes_of(uuid_view(&worker->settings.pasts[i].id));
        pasts[i].lost_from = worker->settings.pasts[i].lost_from_ms;
        welcome->pasts[i] = &pasts[i];
    }
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
    worker_tell_pasts(worker, &welcome);
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
        worker_turn_away_draining(worker, session, session->hello);
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
