#include "routing/worker.h"

#include "core/frame.h"
#include "core/refusal.h"
#include "routing/calls.h"
#include "routing/owner_device.h"
#include "routing/policies.h"
#include "routing/publish.h"
#include "routing/requests.h"

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

void worker_session_frame(struct worker *worker, struct session *session,
                          const wire_client_frame *frame, struct view payload)
{
    if (session->is_closing)
        return;
    stats_add(&worker->stats, STAT_frames_received, 1);
    arena_reset(&worker->scratch);
    requests_take(worker, session, frame, payload);
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
    case MAIL_CALL:
        calls_take(worker, mail.call);
        break;
    case MAIL_RELOAD:
        arena_reset(&worker->scratch);
        policies_reload(worker, NULL);
        break;
    }
    mail_discard(&mail);
}

struct worker_lanes {
    uint64_t frames;
    uint64_t bytes;
};

static void worker_note_lane(struct worker_lanes *lanes, const struct lane *lane)
{
    lanes->frames += lane->count;
    lanes->bytes += lane->bytes;
}

static void worker_tick_session(struct worker *worker, struct session *session,
                                struct worker_lanes *lanes)
{
    if (session->is_call)
        calls_tick(worker, session);
    else if (session->expires_ms <= worker->now.wall_ms && !session->is_closing)
        session_refuse(worker, session, 0, REFUSAL_CODE(TOKEN_EXPIRED), "", true);
    lane_shrink(&session->normal);
    lane_shrink(&session->urgent);
    lane_shrink(&session->page);
    worker_note_lane(lanes, &session->normal);
    worker_note_lane(lanes, &session->urgent);
    worker_note_lane(lanes, &session->page);
}

/* How it stands, for whoever asks. */
static void worker_note_levels(struct worker *worker, const struct worker_lanes *lanes)
{
    const struct owner *owner = &worker->owner;
    stats_set(&worker->stats, LEVEL_sessions, worker->sessions.count);
    stats_set(&worker->stats, LEVEL_group_requests,
              owner->open == NULL ? 0 : owner->open->requests);
    stats_set(&worker->stats, LEVEL_lane_frames, lanes->frames);
    stats_set(&worker->stats, LEVEL_lane_bytes, lanes->bytes);
    stats_set(&worker->stats, LEVEL_recall_answers, owner->waits.count);
}

void worker_tick(struct worker *worker)
{
    struct list *next;
    struct worker_lanes lanes = {0, 0};
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
        worker_tick_session(worker, session, &lanes);
    worker_note_levels(worker, &lanes);
}

void worker_end_turn(struct worker *worker)
{
    jobs_run(worker);
    owner_commit(worker);
    for (struct list *node; (node = list_pop_front(&worker->dirty)) != NULL;) {
        struct session *session = LIST_ITEM(node, struct session, dirty);
        if (session->is_call)
            calls_flush(worker, session);
        else
            shell_flush(session->link);
    }
}

/* 1 ms for each session is the rate at which a worker signs clients in. Who comes too fast for one
 * that is configured otherwise is told another time then. */
static uint32_t worker_restart_pause_ms(struct worker *worker)
{
    uint64_t spread_ms = worker->sessions.count;
    if (spread_ms < LIMIT_RESTART_PAUSE_MS)
        spread_ms = LIMIT_RESTART_PAUSE_MS;
    if (spread_ms > LIMIT_RESTART_SPREAD_MS_MAX)
        spread_ms = LIMIT_RESTART_SPREAD_MS_MAX;
    return LIMIT_RESTART_PAUSE_MS + (uint32_t)prng_below(&worker->prng, spread_ms + 1);
}

void worker_turn_away_draining(struct worker *worker, struct session *session, uint64_t request)
{
    session_turn_away(worker, session, request, REFUSAL_CODE(SHUTTING_DOWN), "",
                      worker_restart_pause_ms(worker));
}

void worker_drain(struct worker *worker)
{
    worker->is_draining = true;
    size_t at = 0;
    for (struct session *session; (session = table_next(&worker->sessions, &at)) != NULL;) {
        if (!session->is_closing)
            worker_turn_away_draining(worker, session, 0);
    }
}

bool worker_is_idle(const struct worker *worker)
{
    return worker->owner.in_flight == NULL &&
           (worker->owner.open == NULL || group_is_empty(worker->owner.open));
}
