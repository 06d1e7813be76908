#include "cli/session.h"

#include "cli/command.h"
#include "cli/text.h"
#include "unsay/conversation.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

enum { OFFLINE_PAUSE_MS = 5000 };

int64_t session_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void session_wake(struct session *session)
{
    uint64_t one = 1;
    ssize_t written = write(session->wake_fd, &one, sizeof(one));
    (void)written; /* it fails only when a wake-up is pending already */
}

static void session_on_event(void *context, const struct unsay_event *event)
{
    struct session *session = context;
    pthread_mutex_lock(&session->lock);
    shown_stored(&session->shown, event->conversation);
    pthread_mutex_unlock(&session->lock);
    session_wake(session);
}

static void session_on_send_state(void *context, const struct unsay_send_status *status)
{
    struct session *session = context;
    pthread_mutex_lock(&session->lock);
    session->hooks.on_send_state(session->hooks.context, status);
    pthread_mutex_unlock(&session->lock);
    session_wake(session);
}

static void session_on_progress(void *context, const struct unsay_progress *progress)
{
    struct session *session = context;
    pthread_mutex_lock(&session->lock);
    session->hooks.on_progress(session->hooks.context, progress);
    pthread_mutex_unlock(&session->lock);
    session_wake(session);
}

static void session_on_read(void *context, const char *conversation, uint32_t origin, uint64_t seq)
{
    struct session *session = context;
    pthread_mutex_lock(&session->lock);
    session->hooks.on_read(session->hooks.context, conversation, origin, seq);
    pthread_mutex_unlock(&session->lock);
    session_wake(session);
}

static void session_on_connection(void *context, enum unsay_connection connection,
                                  const struct unsay_error *error)
{
    struct session *session = context;
    pthread_mutex_lock(&session->lock);
    session->connection = connection;
    if (error->result != UNSAY_OK) {
        snprintf(session->problem, sizeof(session->problem), "%s", error->text);
        snprintf(session->refusal, sizeof(session->refusal), "%s", error->refusal);
    }
    pthread_mutex_unlock(&session->lock);
    session_wake(session);
}

static void session_on_skipped(void *context, const char *conversation, uint64_t after,
                               uint64_t before)
{
    struct session *session = context;
    pthread_mutex_lock(&session->lock);
    absence_skipped(&session->absence, conversation, after, before);
    pthread_mutex_unlock(&session->lock);
}

/* Only while nothing else is printed. */
static void session_on_sync_progress(void *context, uint64_t done, uint64_t total)
{
    struct session *session = context;
    pthread_mutex_lock(&session->lock);
    if (session->is_catching_up)
        absence_progress(&session->absence, done, total);
    pthread_mutex_unlock(&session->lock);
}

/* Signals are blocked before the SDK's thread starts, which inherits that. */
static int session_take_signals(void)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    return signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int session_fail(const struct session *session, const char *text)
{
    fprintf(stderr, "unsay %s: %s\n", session->options->command, text);
    return COMMAND_REFUSED;
}

struct noting {
    struct session *session;
    struct unsay_conversation last;
    char id[LIMIT_CONVERSATION_ID_BYTES_MAX + 1]; /* its */
    bool has_more;
};

static void session_note_page(void *context, const struct unsay_error *error,
                              const struct unsay_conversation *conversations, size_t count,
                              bool more)
{
    struct noting *noting = context;
    (void)error; /* what could not be read is noted with its next event */
    for (size_t i = 0; i < count; i++)
        shown_stored(&noting->session->shown, conversations[i].id);
    noting->has_more = more && count > 0;
    if (count == 0)
        return;
    noting->last = conversations[count - 1];
    snprintf(noting->id, sizeof(noting->id), "%s", noting->last.id);
    noting->last.id = noting->id;
}

/* A command that was killed may have stored the first events of a conversation without noting that
 * there is something to show. */
static void session_note_stored(struct session *session)
{
    struct noting noting = {.session = session};
    struct unsay_conversation_query query = {.with_hidden = true};
    do {
        if (unsay_conversations(session->client, &query, session_note_page, &noting) != UNSAY_OK)
            return;
        query.after = &noting.last;
    } while (noting.has_more);
}

int session_open(struct session *session, const struct options *options,
                 const struct session_hooks *hooks)
{
    char text[SESSION_TEXT_BYTES];
    struct failure failure;
    *session = (struct session){.options = options};
    if (hooks != NULL)
        session->hooks = *hooks;
    pthread_mutex_init(&session->lock, NULL);
    session->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    session->signal_fd = session_take_signals();
    if (session->wake_fd < 0 || session->signal_fd < 0)
        return session_fail(session, "no file descriptors are left; see ulimit -n");
    struct unsay_options client_options = {
        .server = options->server,
        .token = options->token,
        .state_directory = options->state,
        .ca_file = options->ca,
        .client_name = "unsay",
        .callbacks =
            {
                .on_event = session_on_event,
                .on_send_state =
                    session->hooks.on_send_state == NULL ? NULL : session_on_send_state,
                .on_connection = session_on_connection,
                .on_progress = session->hooks.on_progress == NULL ? NULL : session_on_progress,
                .on_read = session->hooks.on_read == NULL ? NULL : session_on_read,
                .on_skipped = session->hooks.tells_sync ? session_on_skipped : NULL,
                .on_sync_progress = session->hooks.tells_sync ? session_on_sync_progress : NULL,
            },
        .first_sync = UNSAY_FIRST_SYNC_ALL,
        .context = session,
        .key = options->has_key ? options->key : NULL,
    };
    session->client = unsay_new(&client_options, text, sizeof(text));
    if (session->client == NULL)
        return session_fail(session, text);
    if (shown_init(&session->shown, options->state, &failure) != STATUS_OK) {
        session_close(session);
        return session_fail(session, failure.text);
    }
    session_note_stored(session);
    unsay_start(session->client);
    return COMMAND_OK;
}

void session_close(struct session *session)
{
    unsay_free(session->client);
    shown_fini(&session->shown);
    close(session->wake_fd);
    close(session->signal_fd);
    pthread_mutex_destroy(&session->lock);
}

enum unsay_connection session_connection(struct session *session)
{
    pthread_mutex_lock(&session->lock);
    enum unsay_connection connection = session->connection;
    pthread_mutex_unlock(&session->lock);
    return connection;
}

/* After many failures the SDK waits to be told that trying again makes sense. */
static int64_t session_revive(struct session *session, int64_t now_ms)
{
    if (session_connection(session) != UNSAY_CONNECTION_OFFLINE) {
        session->offline_since_ms = 0;
        return SESSION_FOREVER;
    }
    if (session->offline_since_ms == 0)
        session->offline_since_ms = now_ms;
    int64_t due_ms = session->offline_since_ms + OFFLINE_PAUSE_MS;
    if (now_ms < due_ms)
        return due_ms;
    session->offline_since_ms = 0;
    unsay_network_changed(session->client);
    return now_ms + OFFLINE_PAUSE_MS;
}

static int session_pause_ms(int64_t now_ms, int64_t deadline_ms, int64_t revive_ms)
{
    int64_t until_ms = deadline_ms;
    if (until_ms == SESSION_FOREVER || (revive_ms != SESSION_FOREVER && revive_ms < until_ms))
        until_ms = revive_ms;
    if (until_ms == SESSION_FOREVER)
        return -1;
    int64_t pause_ms = until_ms - now_ms;
    return pause_ms < 0 ? 0 : pause_ms > 3600000 ? 3600000 : (int)pause_ms;
}

enum session_turn session_wait(struct session *session, int input_fd, int64_t deadline_ms)
{
    struct signalfd_siginfo signal_info;
    uint64_t wakes;
    struct pollfd sources[] = {
        {.fd = session->signal_fd, .events = POLLIN},
        {.fd = session->wake_fd, .events = POLLIN},
        {.fd = input_fd, .events = POLLIN},
    };
    int64_t now_ms = session_now_ms();
    int64_t revive_ms = session_revive(session, now_ms);
    if (poll(sources, 3, session_pause_ms(now_ms, deadline_ms, revive_ms)) < 0 && errno != EINTR)
        return SESSION_INTERRUPTED;
    if (read(session->signal_fd, &signal_info, sizeof(signal_info)) > 0)
        session->is_interrupted = true;
    if (session->is_interrupted)
        return SESSION_INTERRUPTED;
    bool is_woken = read(session->wake_fd, &wakes, sizeof(wakes)) > 0;
    if (session_connection(session) == UNSAY_CONNECTION_REJECTED)
        return SESSION_REJECTED;
    if (deadline_ms != SESSION_FOREVER && session_now_ms() >= deadline_ms)
        return SESSION_TIME;
    if (!is_woken && sources[2].revents != 0)
        return SESSION_INPUT;
    return SESSION_WOKEN;
}

static enum session_turn session_wait_synced(struct session *session, int64_t deadline_ms)
{
    for (;;) {
        pthread_mutex_lock(&session->lock);
        bool is_synced = session->connection == UNSAY_CONNECTION_ONLINE;
        bool has_failed = session->connection <= UNSAY_CONNECTION_CONNECTING ||
                          session->connection == UNSAY_CONNECTION_OFFLINE;
        has_failed = has_failed && *session->problem != 0;
        pthread_mutex_unlock(&session->lock);
        if (is_synced || has_failed)
            return SESSION_WOKEN;
        enum session_turn turn = session_wait(session, SESSION_NO_INPUT, deadline_ms);
        if (turn != SESSION_WOKEN)
            return turn;
    }
}

void session_tell_absence(struct session *session)
{
    pthread_mutex_lock(&session->lock);
    absence_tell(&session->absence);
    pthread_mutex_unlock(&session->lock);
}

enum session_turn session_catch_up(struct session *session, int64_t deadline_ms)
{
    pthread_mutex_lock(&session->lock);
    session->is_catching_up = true;
    pthread_mutex_unlock(&session->lock);
    enum session_turn turn = session_wait_synced(session, deadline_ms);
    pthread_mutex_lock(&session->lock);
    session->is_catching_up = false;
    pthread_mutex_unlock(&session->lock);
    session_tell_absence(session);
    return turn;
}

int session_connect(struct session *session)
{
    uint32_t timeout_ms = session->options->timeout_ms;
    int64_t deadline_ms =
        timeout_ms == 0 ? SESSION_FOREVER : session_now_ms() + (int64_t)timeout_ms;
    for (;;) {
        enum unsay_connection connection = session_connection(session);
        if (connection == UNSAY_CONNECTION_SYNCING || connection == UNSAY_CONNECTION_ONLINE)
            return COMMAND_OK;
        enum session_turn turn = session_wait(session, SESSION_NO_INPUT, deadline_ms);
        if (turn == SESSION_TIME || turn == SESSION_REJECTED)
            return session_explain(session);
        if (turn == SESSION_INTERRUPTED)
            return COMMAND_UNREACHABLE;
    }
}

int session_explain(struct session *session)
{
    pthread_mutex_lock(&session->lock);
    bool is_rejected = session->connection == UNSAY_CONNECTION_REJECTED;
    const char *problem = session->problem;
    if (is_rejected && *session->refusal != 0)
        fprintf(stderr, "unsay %s: refused (%s): %s\n", session->options->command, session->refusal,
                problem);
    else if (is_rejected)
        fprintf(stderr, "unsay %s: refused: %s\n", session->options->command, problem);
    else
        fprintf(stderr,
                "unsay %s: cannot reach %s. %s%sCheck that a server runs there (unsay serve) and "
                "that the address is right; \"unsay doctor\" checks this machine.\n",
                session->options->command, session->options->server, problem,
                *problem == 0 ? "" : " ");
    pthread_mutex_unlock(&session->lock);
    return is_rejected ? COMMAND_REFUSED : COMMAND_UNREACHABLE;
}

int session_report(const struct session *session, enum unsay_result result, const char *refusal,
                   const char *text)
{
    const char *command = session->options->command;
    fprintf(stderr, "unsay %s: ", command);
    if (result == UNSAY_REFUSED)
        fprintf(stderr, "refused (%s): ", refusal);
    text_write_foreign(stderr, view_of(text));
    fputc('\n', stderr);
    return result == UNSAY_UNREACHABLE || result == UNSAY_STOPPED ? COMMAND_UNREACHABLE
                                                                  : COMMAND_REFUSED;
}

void question_init(struct question *question, struct session *session)
{
    *question = (struct question){.session = session};
}

void question_answer(struct question *question, const struct unsay_error *error)
{
    struct session *session = question->session;
    pthread_mutex_lock(&session->lock);
    question->is_answered = true;
    question->result = error->result;
    snprintf(question->refusal, sizeof(question->refusal), "%s", error->refusal);
    snprintf(question->text, sizeof(question->text), "%s", error->text);
    pthread_mutex_unlock(&session->lock);
    session_wake(session);
}

static const char *question_unasked_text(enum unsay_result asked)
{
    switch (asked) {
    case UNSAY_INVALID:
        return "an argument is out of range: see the limits of ids, names and reasons";
    case UNSAY_STORAGE:
        return "the device's database failed; check the disk and the state directory";
    case UNSAY_FULL:
        return "too many requests are under way; try again";
    case UNSAY_OK:
    case UNSAY_REFUSED:
    case UNSAY_UNREACHABLE:
    case UNSAY_STOPPED:
    case UNSAY_WRONG_KEY:
        break;
    }
    return "there is no connection";
}

int question_await(struct question *question, enum unsay_result asked)
{
    struct session *session = question->session;
    if (asked != UNSAY_OK) {
        session_report(session, asked, "", question_unasked_text(asked));
        return asked == UNSAY_INVALID ? COMMAND_USAGE : COMMAND_REFUSED;
    }
    for (;;) {
        pthread_mutex_lock(&session->lock);
        bool is_answered = question->is_answered;
        pthread_mutex_unlock(&session->lock);
        if (is_answered && question->result == UNSAY_OK)
            return COMMAND_OK;
        if (is_answered)
            return session_report(session, question->result, question->refusal, question->text);
        enum session_turn turn = session_wait(session, SESSION_NO_INPUT, SESSION_FOREVER);
        if (turn == SESSION_INTERRUPTED)
            return COMMAND_UNREACHABLE;
        if (turn == SESSION_REJECTED)
            return session_explain(session);
    }
}
