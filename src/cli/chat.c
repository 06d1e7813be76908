#include "base/memory.h"
#include "cli/chat_prompt.h"
#include "cli/command.h"
#include "cli/conversation.h"
#include "cli/follow.h"
#include "cli/text.h"
#include "core/ids.h"
#include "unsay/levels.h"
#include "unsay/reading.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OPTION_WITH = 1, LAST_EVENTS = 20, NOTES_MAX = 1024, OWN_MAX = 256 };

static const struct help help = {
    .usage = "chat [OPTION...] CONV\n"
             "chat [OPTION...] --with USER\n",
    .about =
        "Shows the last 20 events and what comes, and sends each line that you write: … when\n"
        "it is on its way, ✓ and its number when the server has it, ✓✓ when everyone has\n"
        "stored it, and everything before it, and \"seen\" when everyone has seen it. /recall\n"
        "takes back your last message, /recall NUMBER another one, /reason TEXT gives the\n"
        "reason for what follows, /help repeats this, /quit leaves. A line that begins with\n"
        "// is sent with one / less.\n",
    .options = "  --with USER        the direct conversation with this user\n",
    .example = "  unsay chat --with bob\n",
    .is_client = true,
};

/* What became of a line, for the person who wrote it. */
struct chat_note {
    bool is_failed;
    uint64_t seq;
    char text[SESSION_TEXT_BYTES];
};

struct chat_recall {
    struct question question;
    struct unsay_target_outcome outcome;
    char refusal_text[128];
};

struct chat {
    struct session *session;
    struct follow follow;
    struct prompt prompt;
    struct buffer line;
    struct opening opening;
    struct chat_recall recall;
    char *conversation;
    char *conversations[1]; /* the same, for follow */
    char reason[LIMIT_REASON_BYTES_MAX + 1];
    uint8_t last_id[16]; /* of this session's last message */
    bool has_last;
    bool is_ended; /* no more input */
    bool was_lost;
    uint64_t own[OWN_MAX]; /* seqs of this session's messages, a ring; the latest ones */
    size_t own_count;
    uint64_t marked_stored; /* the highest of them that was marked so */
    uint64_t marked_seen;

    struct chat_note notes[NOTES_MAX]; /* guarded by the session's lock; a ring */
    size_t note_count;
    size_t note_first;
    bool has_progress; /* levels may have changed */
};

static void chat_on_send_state(void *context, const struct unsay_send_status *status)
{
    struct chat *chat = context;
    if (status->state == UNSAY_SEND_SENDING || chat->note_count == NOTES_MAX)
        return;
    struct chat_note *note = &chat->notes[(chat->note_first + chat->note_count++) % NOTES_MAX];
    note->is_failed = status->state == UNSAY_SEND_FAILED;
    note->seq = status->seq;
    snprintf(note->text, sizeof(note->text), "%s", note->is_failed ? status->error.text : "");
}

static void chat_on_progress(void *context, const struct unsay_progress *progress)
{
    struct chat *chat = context;
    (void)progress;
    chat->has_progress = true;
}

static bool chat_take_note(struct chat *chat, struct chat_note *note)
{
    pthread_mutex_lock(&chat->session->lock);
    bool is_taken = chat->note_count > 0;
    if (is_taken) {
        *note = chat->notes[chat->note_first];
        chat->note_first = (chat->note_first + 1) % NOTES_MAX;
        chat->note_count--;
    }
    pthread_mutex_unlock(&chat->session->lock);
    return is_taken;
}

/* What this device wrote stands on the screen already, and was marked when it was accepted. */
static bool chat_accepts(void *context, const struct unsay_event *event)
{
    const struct chat *chat = context;
    const struct identity *self = &chat->session->options->self;
    bool is_own = event->kind == UNSAY_EVENT_MESSAGE && strcmp(event->sender, self->user) == 0 &&
                  strcmp(event->device, self->device) == 0;
    return chat->session->options->is_json || !is_own || event->state != UNSAY_MESSAGE_NORMAL;
}

static void chat_say(struct chat *chat, enum text text, const char *value)
{
    FILE *file = chat->session->options->is_json ? stderr : stdout;
    prompt_hide(&chat->prompt);
    text_write(file, text, value, NULL);
    fputc('\n', file);
}

static void chat_show_notes(struct chat *chat)
{
    struct chat_note note;
    while (chat_take_note(chat, &note)) {
        if (note.is_failed) {
            chat_say(chat, TEXT_CHAT_NOT_SENT, note.text);
        } else if (!chat->session->options->is_json) {
            prompt_hide(&chat->prompt);
            printf("✓ #%" PRIu64 "\n", note.seq);
            chat->own[chat->own_count++ % OWN_MAX] = note.seq;
        }
    }
}

/* The latest message of this session that everyone has at this level speaks for those before it. */
static void chat_mark(struct chat *chat, enum unsay_level level, uint64_t *marked, enum text text)
{
    char number[24];
    size_t oldest = chat->own_count > OWN_MAX ? chat->own_count - OWN_MAX : 0;
    for (size_t at = chat->own_count; at > oldest; at--) {
        struct unsay_levels levels;
        uint64_t seq = chat->own[(at - 1) % OWN_MAX];
        if (seq <= *marked)
            return;
        if (unsay_level(chat->session->client, chat->conversation, seq, &levels) != UNSAY_OK ||
            levels.level < level)
            continue;
        *marked = seq;
        snprintf(number, sizeof(number), "%" PRIu64, seq);
        chat_say(chat, text, number);
        return;
    }
}

static void chat_show_levels(struct chat *chat)
{
    pthread_mutex_lock(&chat->session->lock);
    bool has_progress = chat->has_progress;
    chat->has_progress = false;
    pthread_mutex_unlock(&chat->session->lock);
    if (!has_progress)
        return;
    chat_mark(chat, UNSAY_LEVEL_DISPLAYED, &chat->marked_seen, TEXT_CHAT_SEEN);
    if (chat->marked_stored < chat->marked_seen)
        chat->marked_stored = chat->marked_seen;
    chat_mark(chat, UNSAY_LEVEL_STORED, &chat->marked_stored, TEXT_CHAT_STORED);
}

static void chat_show_connection(struct chat *chat)
{
    enum unsay_connection connection = session_connection(chat->session);
    bool is_up = connection == UNSAY_CONNECTION_ONLINE || connection == UNSAY_CONNECTION_SYNCING;
    if (is_up == !chat->was_lost)
        return;
    chat->was_lost = !is_up;
    chat_say(chat, is_up ? TEXT_CHAT_BACK : TEXT_CHAT_LOST, "");
}

static void chat_send(struct chat *chat, struct view text)
{
    enum unsay_result result =
        unsay_send(chat->session->client, chat->conversation, UNSAY_CONTENT_TEXT,
                   text.size == 0 ? (const void *)"" : text.data, text.size, chat->last_id);
    if (result != UNSAY_OK) {
        chat_say(chat, TEXT_CHAT_NOT_SENT, result == UNSAY_FULL ? "outbox full" : "storage");
        return;
    }
    chat->has_last = true;
    if (!chat->prompt.is_terminal)
        return;
    prompt_hide(&chat->prompt);
    fputs("… ", stdout);
    text_write_foreign(stdout, text);
    fputc('\n', stdout);
}

static void chat_recall_answer(void *context, const struct unsay_error *error,
                               const struct unsay_recall_answer *answer)
{
    struct chat_recall *recall = context;
    recall->outcome = (struct unsay_target_outcome){.outcome = UNSAY_OUTCOME_PENDING};
    if (answer != NULL && answer->count == 1) {
        recall->outcome.outcome = answer->outcomes[0].outcome;
        snprintf(recall->refusal_text, sizeof(recall->refusal_text), "%s",
                 answer->outcomes[0].refusal_text);
    }
    question_answer(&recall->question, error);
}

static void chat_recall(struct chat *chat, const char *argument)
{
    struct unsay_target target = {.origin = 0};
    if (*argument != 0 && !options_number(argument, 1, INT64_MAX, &target.seq)) {
        chat_say(chat, TEXT_CHAT_NUMBER, argument);
        return;
    }
    if (*argument == 0 && !chat->has_last) {
        chat_say(chat, TEXT_CHAT_NOTHING, NULL);
        return;
    }
    if (*argument == 0)
        memcpy(target.message_id, chat->last_id, sizeof(target.message_id));
    struct unsay_recall request = {
        .conversation = chat->conversation,
        .targets = &target,
        .count = 1,
        .reason = *chat->reason == 0 ? NULL : chat->reason,
    };
    prompt_hide(&chat->prompt);
    question_init(&chat->recall.question, chat->session);
    if (question_await(&chat->recall.question, unsay_recall(chat->session->client, &request,
                                                            chat_recall_answer, &chat->recall)) !=
        COMMAND_OK)
        return;
    if (chat->recall.outcome.outcome == UNSAY_OUTCOME_REFUSED)
        chat_say(chat, TEXT_CHAT_NOT_TAKEN_BACK, chat->recall.refusal_text);
    else if (chat->recall.outcome.outcome == UNSAY_OUTCOME_PENDING)
        chat_say(chat, TEXT_CHAT_PENDING, NULL);
    if (*argument == 0 && chat->recall.outcome.outcome != UNSAY_OUTCOME_REFUSED)
        chat->has_last = false;
}

/* A line that begins with one slash. */
static void chat_command(struct chat *chat, char *line)
{
    size_t length = strcspn(line, " ");
    char *argument = line + length + strspn(line + length, " ");
    line[length] = 0;
    if (strcmp(line, "/quit") == 0) {
        chat->is_ended = true;
    } else if (strcmp(line, "/help") == 0) {
        chat_say(chat, TEXT_CHAT_HELP, NULL);
    } else if (strcmp(line, "/recall") == 0) {
        chat_recall(chat, argument);
    } else if (strcmp(line, "/reason") == 0) {
        snprintf(chat->reason, sizeof(chat->reason), "%s", argument);
        chat_say(chat, TEXT_CHAT_REASON, chat->reason);
    } else {
        chat_say(chat, TEXT_CHAT_UNKNOWN, line);
    }
}

static void chat_take_line(struct chat *chat)
{
    struct view line = buffer_view(&chat->line);
    bool is_command = line.size > 0 && line.data[0] == '/';
    bool is_escaped = is_command && line.size > 1 && line.data[1] == '/';
    if (is_command && !is_escaped) {
        char *copy = memory_copy(line.data, line.size);
        chat_command(chat, copy);
        free(copy);
    } else if (line.size > 0) {
        chat_send(chat, is_escaped ? view_make(line.data + 1, line.size - 1) : line);
    }
}

static void chat_read(struct chat *chat)
{
    char limit[16];
    bool is_ended = prompt_read(&chat->prompt) == PROMPT_END;
    enum prompt_result result;
    while (!chat->is_ended && (result = prompt_next(&chat->prompt, &chat->line)) != PROMPT_MORE) {
        if (result == PROMPT_LINE) {
            chat_take_line(chat);
            continue;
        }
        snprintf(limit, sizeof(limit), "%d", LIMIT_BODY_BYTES_MAX);
        chat_say(chat, TEXT_CHAT_TOO_LONG, limit);
    }
    chat->is_ended = chat->is_ended || is_ended;
}

static void chat_last_events(void *context, const struct unsay_error *error,
                             const struct unsay_event *events, size_t count, bool more)
{
    struct chat *chat = context;
    struct shown *shown = &chat->session->shown;
    (void)more;
    if (error->result != UNSAY_OK || count == 0)
        return;
    for (size_t i = 0; i < count; i++)
        output_event(&chat->follow.output, &events[i]);
    pthread_mutex_lock(&chat->session->lock);
    struct shown_entry *entry = shown_find(shown, chat->conversation);
    if (entry != NULL && events[count - 1].seq > entry->seq)
        shown_advance(shown, entry, events[count - 1].seq, events[count - 1].time_ms);
    pthread_mutex_unlock(&chat->session->lock);
}

/* Shows how things stand, as soon as the device knows it. */
static int chat_begin(struct chat *chat, const char *with)
{
    struct session *session = chat->session;
    int64_t deadline_ms = session_now_ms() + session->options->timeout_ms;
    int exit_status = session_connect(session);
    if (exit_status == COMMAND_OK && with != NULL)
        exit_status = opening_direct(&chat->opening, session, with);
    if (exit_status != COMMAND_OK)
        return exit_status;
    if (with != NULL)
        chat->conversation = chat->opening.conversation;
    session_catch_up(session, deadline_ms);
    struct unsay_history query = {
        .conversation = chat->conversation, .limit = LAST_EVENTS, .newest = true};
    if (unsay_stored(session->client, &query, chat_last_events, chat) != UNSAY_OK)
        return session_report(session, UNSAY_STORAGE, "", "the device's database failed");
    chat->conversations[0] = chat->conversation;
    chat->follow.conversations = chat->conversations;
    chat->follow.conversation_count = 1;
    return COMMAND_OK;
}

static int chat_run(struct chat *chat)
{
    struct session *session = chat->session;
    for (;;) {
        bool failed = false;
        if (session->is_interrupted)
            return COMMAND_OK;
        chat_show_connection(chat);
        chat_show_notes(chat);
        chat_show_levels(chat);
        prompt_hide(&chat->prompt);
        while (follow_print(&chat->follow, &failed))
            continue;
        if (failed)
            return COMMAND_REFUSED;
        if (chat->is_ended && unsay_outbox_count(session->client) == 0) {
            chat_show_notes(chat);
            return COMMAND_OK;
        }
        prompt_show(&chat->prompt);
        int input_fd = chat->is_ended ? SESSION_NO_INPUT : 0;
        int64_t deadline_ms = chat->is_ended ? session_now_ms() + 200 : SESSION_FOREVER;
        enum session_turn turn = session_wait(session, input_fd, deadline_ms);
        if (turn == SESSION_INPUT)
            chat_read(chat);
        if (turn == SESSION_REJECTED)
            return session_explain(session);
    }
}

static bool chat_read_options(struct options *options, const char **with, int argc, char **argv)
{
    static const struct option choices[] = {
        {"with", required_argument, NULL, OPTION_WITH},
        {"help", no_argument, NULL, 'h'},
        OPTIONS_CLIENT,
        {0},
    };
    int option;
    while ((option = options_next(options, argc, argv, choices)) != OPTION_END) {
        if (option == OPTION_STOP)
            return false;
        *with = optarg;
    }
    options->exit_status = COMMAND_USAGE;
    if (argc - optind != (*with == NULL) ||
        (*with == NULL ? !id_is_conversation(view_of(argv[optind]))
                       : !id_is_user(view_of(*with)))) {
        options_wrong(options, "give the id of one conversation, or --with USER");
        return false;
    }
    return options_finish(options);
}

int command_chat(int argc, char **argv)
{
    struct options options;
    struct session session;
    const char *with = NULL;
    options_init(&options, "chat", &help, 10000);
    if (!chat_read_options(&options, &with, argc, argv))
        return options.exit_status;
    struct chat *chat = memory_new(sizeof(*chat));
    struct session_hooks hooks = {.on_send_state = chat_on_send_state,
                                  .on_progress = chat_on_progress,
                                  .tells_sync = true,
                                  .context = chat};
    chat->session = &session;
    chat->conversation = with == NULL ? argv[optind] : NULL;
    chat->follow = (struct follow){
        .session = &session, .remaining = UINT64_MAX, .accepts = chat_accepts, .context = chat};
    output_init(&chat->follow.output, stdout, options.self.user, options.is_json);
    chat->follow.output.is_brief = true;
    buffer_init(&chat->line);
    int exit_status = session_open(&session, &options, &hooks);
    if (exit_status == COMMAND_OK) {
        exit_status = chat_begin(chat, with);
        if (exit_status == COMMAND_OK) {
            prompt_init(&chat->prompt);
            exit_status = chat_run(chat);
            prompt_fini(&chat->prompt);
        }
        session_close(&session);
    }
    buffer_fini(&chat->line);
    free(chat);
    return exit_status;
}
