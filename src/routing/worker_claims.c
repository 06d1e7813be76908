/* The name of a session: its user and device, which one session has at a time in the whole server.
 */
#include "routing/worker.h"

#include "base/memory.h"
#include "core/refusal.h"

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
void worker_close_namesakes(struct worker *worker, const struct mail_claim *claim,
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

void worker_claim_name(struct worker *worker, const struct session *session)
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
