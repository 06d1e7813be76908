#include "cli/conversation_list.h"

#include "cli/command.h"
#include "cli/names.h"
#include "cli/text.h"
#include "cli/when.h"
#include "core/ids.h"
#include "unsay/conversation.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const struct list_verb {
    const char *verb;
    struct unsay_listing_change change;
} list_verbs[] = {
    {"list", {.setting = 0}},
    {"top", {.setting = UNSAY_SETTING_PINNED, .is_pinned = true}},
    {"untop", {.setting = UNSAY_SETTING_PINNED}},
    {"silence", {.setting = UNSAY_SETTING_MUTED, .muted_until_ms = UINT64_MAX}},
    {"unsilence", {.setting = UNSAY_SETTING_MUTED}},
    {"hide", {.setting = UNSAY_SETTING_HIDDEN, .hiding = UNSAY_HIDING_UNTIL_MESSAGE}},
    {"archive", {.setting = UNSAY_SETTING_HIDDEN, .hiding = UNSAY_HIDING_ALWAYS}},
    {"show", {.setting = UNSAY_SETTING_HIDDEN, .hiding = UNSAY_HIDING_NONE}},
};

bool list_init(struct list_task *list, const char *verb)
{
    for (size_t i = 0; i < sizeof(list_verbs) / sizeof(list_verbs[0]); i++) {
        if (strcmp(list_verbs[i].verb, verb) == 0) {
            *list = (struct list_task){.verb = list_verbs[i].verb, .change = list_verbs[i].change};
            return true;
        }
    }
    return false;
}

static bool list_read_operands(struct list_task *list, int operands, char **operand)
{
    uint64_t for_ms;
    if (list->change.setting == 0)
        return operands == 0;
    if (operands < 1 || !id_is_conversation(view_of(operand[0])))
        return false;
    list->conversation = operand[0];
    if (operands == 1)
        return true;
    if (operands > 2 || strcmp(list->verb, "silence") != 0 ||
        !options_duration(operand[1], &for_ms))
        return false;
    list->change.muted_until_ms = when_now_ms() + for_ms;
    return true;
}

int list_read(struct list_task *list, const struct options *options, int operands, char **operand)
{
    if (list_read_operands(list, operands, operand))
        return COMMAND_OK;
    if (list->change.setting == 0)
        return options_wrong(options, "list takes --all alone");
    if (strcmp(list->verb, "silence") == 0)
        return options_wrong(options, "silence takes CONV and perhaps for how long: 30m, 8h, 7d");
    return options_wrong(options, "%s takes CONV alone", list->verb);
}

/* ---- The list ---- */

static bool is_silent(uint64_t muted_until_ms)
{
    return muted_until_ms > when_now_ms();
}

static void list_print_number(const struct output *output, enum text text, uint32_t count)
{
    char number[16];
    if (count == 0)
        return;
    snprintf(number, sizeof(number), "%" PRIu32 "%s", count, count == LIMIT_UNREAD_MAX ? "+" : "");
    fputs("  ", output->file);
    text_write(output->file, text, number, NULL);
}

static void list_print_flag(const struct output *output, bool is_set, enum text text)
{
    if (!is_set)
        return;
    fputs("  ", output->file);
    text_write(output->file, text, NULL, NULL);
}

static void list_print(const struct output *output, const struct unsay_conversation *entry)
{
    FILE *file = output->file;
    output_time(output, entry->activity_ms);
    fprintf(file, "  %s ", entry->pinned_ms != 0 ? "▲" : " ");
    text_write_foreign(file, view_of(*entry->peer != 0 ? entry->peer : entry->name));
    fprintf(file, "  %s", entry->id);
    list_print_number(output, TEXT_LIST_UNREAD, entry->unread);
    list_print_number(output, TEXT_LIST_MENTIONS, entry->mentions);
    list_print_flag(output, is_silent(entry->muted_until_ms), TEXT_LIST_SILENT);
    list_print_flag(output, entry->is_hidden, TEXT_LIST_HIDDEN);
    if (entry->preview != NULL) {
        fputs("  ", file);
        output_preview(output, entry->preview);
    }
    fputc('\n', file);
}

static json_t *json_until(uint64_t time_ms)
{
    return time_ms == UINT64_MAX ? json_string("always") : output_json_time(time_ms);
}

static const char *name_of_hiding(enum unsay_hiding hiding)
{
    static const char *const names[] = {"none", "until_message", "always"};
    return hiding >= UNSAY_HIDING_NONE && hiding <= UNSAY_HIDING_ALWAYS ? names[hiding] : "unknown";
}

static void list_print_json(FILE *file, const struct unsay_conversation *entry)
{
    json_t *object = json_object();
    json_object_set_new(object, "conversation", json_string(entry->id));
    json_object_set_new(object, "type", json_string(name_of_conversation(entry->type)));
    json_object_set_new(object, "name", output_json_text(entry->name));
    json_object_set_new(object, "peer", output_json_text(entry->peer));
    json_object_set_new(object, "role", json_string(name_of_role(entry->role)));
    json_object_set_new(object, "unread", json_integer(entry->unread));
    json_object_set_new(object, "mentions", json_integer(entry->mentions));
    json_object_set_new(object, "activity", output_json_time(entry->activity_ms));
    json_object_set_new(object, "pinned", output_json_time(entry->pinned_ms));
    json_object_set_new(object, "silent_until", json_until(entry->muted_until_ms));
    json_object_set_new(object, "hiding", json_string(name_of_hiding(entry->hiding)));
    json_object_set_new(object, "hidden", json_boolean(entry->is_hidden));
    json_object_set_new(object, "preview",
                        entry->preview == NULL ? json_null()
                                               : output_json_of_event(entry->preview));
    output_object(file, object);
}

static void list_page(void *context, const struct unsay_error *error,
                      const struct unsay_conversation *page, size_t count, bool more)
{
    struct list_task *list = context;
    (void)error; /* a list that calls back has not failed */
    for (size_t i = 0; i < count; i++) {
        if (list->output.is_json)
            list_print_json(list->output.file, &page[i]);
        else
            list_print(&list->output, &page[i]);
    }
    list->has_more = more;
    list->has_any |= count > 0;
    if (count == 0)
        return;
    snprintf(list->last_id, sizeof(list->last_id), "%s", page[count - 1].id);
    list->last = (struct unsay_conversation){.id = list->last_id,
                                             .pinned_ms = page[count - 1].pinned_ms,
                                             .place = page[count - 1].place};
}

static int list_show(struct list_task *list, struct session *session)
{
    uint32_t timeout_ms = session->options->timeout_ms;
    enum session_turn turn = session_catch_up(
        session, timeout_ms == 0 ? SESSION_FOREVER : session_now_ms() + (int64_t)timeout_ms);
    if (turn == SESSION_INTERRUPTED)
        return COMMAND_OK;
    if (turn == SESSION_REJECTED)
        return session_explain(session);
    if (session_connection(session) != UNSAY_CONNECTION_ONLINE) {
        text_write(stderr, TEXT_LIST_OFFLINE, NULL, NULL);
        fputc('\n', stderr);
    }
    struct unsay_conversation_query query = {.with_hidden = list->with_hidden};
    do {
        enum unsay_result result = unsay_conversations(session->client, &query, list_page, list);
        if (result != UNSAY_OK)
            return session_report(session, result, "", "The local database cannot be read.");
        query.after = &list->last;
    } while (list->has_more && fflush(stdout) == 0);
    if (!list->has_any && !list->output.is_json) {
        text_write(stdout, TEXT_LIST_EMPTY, NULL, NULL);
        fputc('\n', stdout);
    }
    return COMMAND_OK;
}

/* ---- Settings ---- */

static void list_answer(void *context, const struct unsay_error *error,
                        const struct unsay_listing *listing)
{
    struct list_task *list = context;
    if (error->result == UNSAY_OK && list->output.is_json) {
        json_t *object = json_object();
        json_object_set_new(object, "conversation", json_string(listing->conversation));
        json_object_set_new(object, "pinned", output_json_time(listing->pinned_ms));
        json_object_set_new(object, "silent_until", json_until(listing->muted_until_ms));
        json_object_set_new(object, "hiding", json_string(name_of_hiding(listing->hiding)));
        output_object(list->output.file, object);
    }
    question_answer(&list->question, error);
}

/* What is hidden reaches as far as this device has read: everything up to now. */
static int list_set(struct list_task *list, struct session *session)
{
    uint32_t timeout_ms = session->options->timeout_ms;
    enum session_turn turn = session_catch_up(
        session, timeout_ms == 0 ? SESSION_FOREVER : session_now_ms() + (int64_t)timeout_ms);
    int exit_status =
        turn == SESSION_REJECTED ? session_explain(session) : session_connect(session);
    if (exit_status != COMMAND_OK)
        return exit_status;
    question_init(&list->question, session);
    return question_await(&list->question, unsay_change_listing(session->client, list->conversation,
                                                                &list->change, list_answer, list));
}

int list_run(struct list_task *list, struct session *session)
{
    output_init(&list->output, stdout, session->options->self.user, session->options->is_json);
    return list->change.setting == 0 ? list_show(list, session) : list_set(list, session);
}
