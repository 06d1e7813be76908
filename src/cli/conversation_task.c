#include "cli/conversation_task.h"

#include "cli/command.h"
#include "cli/output.h"
#include "cli/text.h"
#include "cli/when.h"
#include "core/ids.h"
#include "unsay/conversation.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* What the words after the conversation are. */
enum task_operands { TASK_NONE, TASK_MEMBERS, TASK_USERS, TASK_USER_AND_ROLE, TASK_SEQ, TASK_NAME };

struct task_kind {
    const char *verb;
    enum task_operands operands;
    int (*run)(struct task *task, struct session *session);
    const char *usage; /* when the operands are wrong */
};

/* ---- Answers, on the SDK's thread ---- */

static void task_appended(void *context, const struct unsay_error *error,
                          const struct unsay_appended *appended)
{
    struct task *task = context;
    if (error->result == UNSAY_OK)
        task->appended = appended->seq;
    question_answer(&task->question, error);
}

static void task_members(void *context, const struct unsay_error *error,
                         const struct unsay_member_page *page)
{
    struct task *task = context;
    bool is_json = task->question.session->options->is_json;
    task->has_more = false;
    for (size_t i = 0; error->result == UNSAY_OK && i < page->count; i++) {
        const struct unsay_member *member = &page->members[i];
        if (is_json) {
            json_t *object = json_object();
            json_object_set_new(object, "user", json_string(member->user));
            json_object_set_new(object, "role", json_string(role_name(member->role)));
            json_object_set_new(object, "muted_until", output_json_muted(member->muted_until_ms));
            output_object(stdout, object);
        } else {
            text_write_foreign(stdout, view_of(member->user));
            printf("  %s%s\n", role_name(member->role),
                   member->muted_until_ms > 0 ? "  muted" : "");
        }
        snprintf(task->after, sizeof(task->after), "%s", member->user);
        task->has_more = page->more;
    }
    question_answer(&task->question, error);
}

static void task_pins(void *context, const struct unsay_error *error, const struct unsay_pins *pins)
{
    struct task *task = context;
    bool is_json = task->question.session->options->is_json;
    for (size_t i = 0; error->result == UNSAY_OK && i < pins->count; i++) {
        if (is_json) {
            json_t *object = json_object();
            json_object_set_new(object, "origin", json_integer(pins->targets[i].origin));
            json_object_set_new(object, "seq", json_integer((json_int_t)pins->targets[i].seq));
            output_object(stdout, object);
        } else {
            printf("#%" PRIu64 "\n", pins->targets[i].seq);
        }
    }
    question_answer(&task->question, error);
}

/* ---- Running ---- */

static int task_print_appended(const struct task *task, const struct options *options)
{
    if (options->is_json) {
        json_t *object = json_object();
        json_object_set_new(object, "conversation", json_string(task->conversation));
        json_object_set_new(object, "seq",
                            task->appended == 0 ? json_null()
                                                : json_integer((json_int_t)task->appended));
        output_object(stdout, object);
        return COMMAND_OK;
    }
    char seq[24];
    snprintf(seq, sizeof(seq), "%" PRIu64, task->appended);
    text_write(stdout, task->appended == 0 ? TEXT_NOTHING_TO_CHANGE : TEXT_CHANGED, seq, NULL);
    fputc('\n', stdout);
    return COMMAND_OK;
}

/* Waits for the answer to what was asked with the result `asked`, which an event says. */
static int task_finish(struct task *task, struct session *session, enum unsay_result asked)
{
    int exit_status = question_await(&task->question, asked);
    return exit_status == COMMAND_OK ? task_print_appended(task, session->options) : exit_status;
}

static int task_change_members(struct task *task, struct session *session)
{
    question_init(&task->question, session);
    return task_finish(task, session,
                       unsay_change_members(session->client, task->conversation, task->members,
                                            task->count, task_appended, task));
}

static int task_join(struct task *task, struct session *session)
{
    question_init(&task->question, session);
    return task_finish(task, session,
                       unsay_join(session->client, task->conversation, task_appended, task));
}

static int task_leave(struct task *task, struct session *session)
{
    question_init(&task->question, session);
    return task_finish(task, session,
                       unsay_leave(session->client, task->conversation, task_appended, task));
}

static size_t task_users(const struct task *task, const char *users[LIMIT_MEMBER_CHANGES_MAX])
{
    for (size_t i = 0; i < task->count; i++)
        users[i] = task->users[i];
    return task->count;
}

static int task_invite(struct task *task, struct session *session)
{
    const char *users[LIMIT_MEMBER_CHANGES_MAX];
    size_t count = task_users(task, users);
    question_init(&task->question, session);
    return task_finish(
        task, session,
        unsay_invite(session->client, task->conversation, users, count, task_appended, task));
}

static int task_set_muted(struct task *task, struct session *session, uint64_t until_ms)
{
    const char *users[LIMIT_MEMBER_CHANGES_MAX];
    size_t count = task_users(task, users);
    question_init(&task->question, session);
    return task_finish(task, session,
                       unsay_mute(session->client, task->conversation, users, count, until_ms,
                                  task_appended, task));
}

static int task_mute(struct task *task, struct session *session)
{
    uint64_t mute_ms = task->choices.mute_ms;
    return task_set_muted(task, session, mute_ms == 0 ? UINT64_MAX : when_now_ms() + mute_ms);
}

static int task_unmute(struct task *task, struct session *session)
{
    return task_set_muted(task, session, 0);
}

static int task_change_settings(struct task *task, struct session *session)
{
    question_init(&task->question, session);
    return task_finish(task, session,
                       unsay_change_settings(session->client, task->conversation,
                                             &task->choices.settings, task->choices.fields,
                                             task_appended, task));
}

static int task_settings(struct task *task, struct session *session)
{
    if (task->choices.fields != 0)
        return task_change_settings(task, session);
    return settings_show(session, task->conversation);
}

static int task_dissolve(struct task *task, struct session *session)
{
    task->choices.settings.is_dissolved = true;
    task->choices.fields = UNSAY_SETTINGS_DISSOLVED;
    return task_change_settings(task, session);
}

static int task_list_members(struct task *task, struct session *session)
{
    const char *after = NULL; /* from the start */
    char last[sizeof(task->after)];
    int exit_status;
    do {
        question_init(&task->question, session);
        exit_status =
            question_await(&task->question, unsay_list_members(session->client, task->conversation,
                                                               after, 0, task_members, task));
        memcpy(last, task->after, sizeof(last));
        after = last;
    } while (exit_status == COMMAND_OK && task->has_more);
    return exit_status;
}

static int task_change_pin(struct task *task, struct session *session, bool is_pinned)
{
    struct unsay_target target = {.seq = task->seq};
    question_init(&task->question, session);
    return task_finish(task, session,
                       unsay_change_pin(session->client, task->conversation, &target, is_pinned,
                                        task_appended, task));
}

static int task_pin(struct task *task, struct session *session)
{
    return task_change_pin(task, session, true);
}

static int task_unpin(struct task *task, struct session *session)
{
    return task_change_pin(task, session, false);
}

static int task_list_pins(struct task *task, struct session *session)
{
    question_init(&task->question, session);
    return question_await(&task->question,
                          unsay_list_pins(session->client, task->conversation, task_pins, task));
}

/* ---- The command line ---- */

static const struct task_kind task_kinds[] = {
    {"members", TASK_NONE, task_list_members, "members takes CONV alone"},
    {"add", TASK_MEMBERS, task_change_members, "add takes CONV and 1-1000 of USER or USER:ROLE"},
    {"remove", TASK_USERS, task_change_members, "remove takes CONV and 1-1000 of USER"},
    {"role", TASK_USER_AND_ROLE, task_change_members,
     "role takes CONV, USER and owner, admin, moderator, member or guest"},
    {"invite", TASK_USERS, task_invite, "invite takes CONV and 1-1000 of USER"},
    {"join", TASK_NONE, task_join, "join takes CONV alone"},
    {"accept", TASK_NONE, task_join, "accept takes CONV alone"},
    {"decline", TASK_NONE, task_leave, "decline takes CONV alone"},
    {"leave", TASK_NONE, task_leave, "leave takes CONV alone"},
    {"mute", TASK_USERS, task_mute, "mute takes CONV, 1-1000 of USER, and --for DURATION"},
    {"unmute", TASK_USERS, task_unmute, "unmute takes CONV and 1-1000 of USER"},
    {"rename", TASK_NAME, task_change_settings,
     "rename takes CONV and a NAME of 1-128 bytes (in quotes if it has spaces)"},
    {"settings", TASK_NONE, task_settings,
     "settings takes CONV, and options for what is to change"},
    {"dissolve", TASK_NONE, task_dissolve, "dissolve takes CONV alone"},
    {"pin", TASK_SEQ, task_pin, "pin takes CONV and the number of a message"},
    {"unpin", TASK_SEQ, task_unpin, "unpin takes CONV and the number of a message"},
    {"pins", TASK_NONE, task_list_pins, "pins takes CONV alone"},
};

bool task_init(struct task *task, const char *verb)
{
    for (size_t i = 0; i < sizeof(task_kinds) / sizeof(task_kinds[0]); i++) {
        if (strcmp(task_kinds[i].verb, verb) == 0) {
            *task = (struct task){.kind = &task_kinds[i]};
            return true;
        }
    }
    return false;
}

static bool task_read_members(struct task *task, int operands, char **operand)
{
    if (operands < 1 || operands > LIMIT_MEMBER_CHANGES_MAX)
        return false;
    for (int i = 0; i < operands; i++) {
        if (!member_parse(operand[i], &task->members[task->count], task->users[task->count]))
            return false;
        bool has_role = strchr(operand[i], ':') != NULL;
        if (task->kind->operands == TASK_USERS)
            task->members[task->count].role = UNSAY_ROLE_NONE;
        if (task->kind->operands == TASK_USERS && has_role)
            return false;
        task->count++;
    }
    return true;
}

static bool task_read_operands(struct task *task, int operands, char **operand)
{
    switch (task->kind->operands) {
    case TASK_NONE:
        return operands == 0;
    case TASK_MEMBERS:
    case TASK_USERS:
        return task_read_members(task, operands, operand);
    case TASK_USER_AND_ROLE:
        return operands == 2 && strchr(operand[0], ':') == NULL &&
               task_read_members(task, 1, operand) &&
               role_parse(operand[1], &task->members[0].role);
    case TASK_SEQ:
        return operands == 1 && options_number(operand[0], 1, INT64_MAX, &task->seq);
    case TASK_NAME:
        task->choices.settings.name = operands == 1 ? operand[0] : "";
        task->choices.fields = UNSAY_SETTINGS_NAME;
        return operands == 1 && operand[0][0] != 0 && strlen(operand[0]) <= LIMIT_NAME_BYTES_MAX;
    }
    return false;
}

int task_read(struct task *task, const struct options *options, const struct task_choices *choices,
              int operands, char **operand)
{
    if (choices->mute_ms != 0 && task->kind->run != task_mute)
        return options_wrong(options, "--for is for mute");
    if (choices->fields != 0 && task->kind->run != task_settings)
        return options_wrong(options,
                             "--read-only, --join, --history and --description are for settings");
    task->choices = *choices;
    if (operands < 1 || !id_is_conversation(view_of(operand[0])) ||
        !task_read_operands(task, operands - 1, operand + 1))
        return options_wrong(options, "%s", task->kind->usage);
    task->conversation = operand[0];
    return COMMAND_OK;
}

int task_run(struct task *task, struct session *session)
{
    int exit_status = session_connect(session);
    return exit_status == COMMAND_OK ? task->kind->run(task, session) : exit_status;
}
