#include "cli/conversation.h"

#include "cli/command.h"
#include "cli/conversation_list.h"
#include "cli/conversation_task.h"
#include "cli/output.h"
#include "core/ids.h"
#include "unsay/conversation.h"

#include <stdio.h>
#include <string.h>

enum {
    OPTION_WITH = 1,
    OPTION_MEMBER,
    OPTION_CHANNEL,
    OPTION_FOR,
    OPTION_READ_ONLY,
    OPTION_JOIN,
    OPTION_PAST,
    OPTION_DESCRIPTION,
    OPTION_ALL
};

static const struct help help = {
    .usage = "conversation open --with USER\n"
             "conversation create NAME [--channel] --member USER[:ROLE] ...\n"
             "conversation members|join|accept|decline|leave|pins|dissolve CONV\n"
             "conversation add CONV USER[:ROLE] ...\n"
             "conversation invite|remove|unmute CONV USER ...\n"
             "conversation mute CONV USER ... [--for DURATION]\n"
             "conversation role CONV USER ROLE\n"
             "conversation rename CONV NAME\n"
             "conversation settings CONV [--description TEXT] [--read-only yes|no]\n"
             "                      [--join closed|members|open]\n"
             "                      [--history everything|joining|last:N]\n"
             "conversation pin|unpin CONV SEQ\n"
             "conversation list [--all]\n"
             "conversation top|untop|unsilence|hide|archive|show CONV\n"
             "conversation silence CONV [30m|8h|7d]\n",
    .about =
        "open prints the id of your direct conversation with USER, which is made when there\n"
        "is none. create makes a group of which you are the owner, and prints its id.\n"
        "members lists who is in; add, invite, remove, role and leave change that, all at\n"
        "once or not at all. join comes into an open conversation, and accepts an\n"
        "invitation, as accept does; decline declines it, and remove withdraws it.\n"
        "settings shows or changes what holds for everyone; dissolve is for ever.\n"
        "pins lists the pinned messages, the latest last.\n"
        "list shows your conversations, the latest activity on top, with what is unread. For\n"
        "you alone, on all of your devices: top keeps one above the others, silence says that\n"
        "it shall not disturb, hide takes it out of the list until the next message, archive\n"
        "until you show it.\n",
    .options = "  --with USER        the other user\n"
               "  --member USER[:ROLE]  a member; ROLE is owner, admin, moderator, member (the\n"
               "                     default) or guest; repeat it for each one\n"
               "  --channel          only owners, admins and moderators write\n"
               "  --for DURATION     30s, 10m, 2h or 7d; else until they are unmuted\n"
               "  --read-only yes|no  only owners, admins and moderators write\n"
               "  --join WHO         who lets people in: owners and admins (closed), every member\n"
               "                     (members), or themselves too (open)\n"
               "  --history WHAT     what new members see of what was before\n"
               "  --description TEXT  at most 1024 bytes\n"
               "  --all              list what is hidden, too\n",
    .example = "  C=$(unsay conversation open --with bob)\n"
               "  G=$(unsay conversation create 'Lunch' --member bob --member carol:admin)\n"
               "  unsay conversation role \"$G\" bob moderator\n",
    .is_client = true,
};

struct request {
    const char *with;
    const char *name;
    bool is_channel;
    struct task_choices choices;
    struct unsay_member members[LIMIT_MEMBERS_AT_CREATION_MAX];
    char users[LIMIT_MEMBERS_AT_CREATION_MAX][LIMIT_USER_ID_BYTES_MAX + 1];
    size_t count;
    bool is_all;
};

static const char *const role_names[] = {"none",   "owner", "admin",  "moderator",
                                         "member", "guest", "invited"};

const char *role_name(enum unsay_role role)
{
    return role >= UNSAY_ROLE_NONE && role <= UNSAY_ROLE_INVITED ? role_names[role] : "none";
}

bool role_parse(const char *text, enum unsay_role *role)
{
    for (int i = UNSAY_ROLE_OWNER; i <= UNSAY_ROLE_GUEST; i++) {
        if (strcmp(text, role_names[i]) == 0) {
            *role = (enum unsay_role)i;
            return true;
        }
    }
    return false;
}

bool member_parse(const char *text, struct unsay_member *member,
                  char user[LIMIT_USER_ID_BYTES_MAX + 1])
{
    size_t length = strcspn(text, ":");
    member->role = UNSAY_ROLE_MEMBER;
    if (!id_is_user(view_make(text, length)) ||
        (text[length] == ':' && !role_parse(text + length + 1, &member->role)))
        return false;
    memcpy(user, text, length);
    user[length] = 0;
    member->user = user;
    return true;
}

static bool request_add_member(struct request *request, const char *text)
{
    size_t at = request->count;
    if (!member_parse(text, &request->members[at], request->users[at]))
        return false;
    request->count++;
    return true;
}

static bool request_read_member(const struct options *options, struct request *request,
                                const char *text)
{
    if (request->count == LIMIT_MEMBERS_AT_CREATION_MAX) {
        options_wrong(options, "at most %d members", LIMIT_MEMBERS_AT_CREATION_MAX);
        return false;
    }
    if (request_add_member(request, text))
        return true;
    options_wrong(options,
                  "\"%s\" is not a member: USER or USER:ROLE with owner, admin, moderator, member "
                  "or guest",
                  text);
    return false;
}

static bool request_read_choice(const struct options *options, struct request *request, int option,
                                const char *text)
{
    struct task_choices *choices = &request->choices;
    const char *wrong = NULL;
    if (option == OPTION_FOR)
        wrong = options_duration(text, &choices->mute_ms) ? NULL : "--for takes 30s, 10m, 2h or 7d";
    else if (option == OPTION_READ_ONLY)
        wrong = choices_read_only(choices, text);
    else if (option == OPTION_JOIN)
        wrong = choices_joining(choices, text);
    else if (option == OPTION_PAST)
        wrong = choices_past(choices, text);
    else
        wrong = choices_description(choices, text);
    if (wrong != NULL)
        options_wrong(options, "%s", wrong);
    return wrong == NULL;
}

static bool request_read_options(struct options *options, struct request *request, int argc,
                                 char **argv)
{
    static const struct option choices[] = {
        {"with", required_argument, NULL, OPTION_WITH},
        {"member", required_argument, NULL, OPTION_MEMBER},
        {"channel", no_argument, NULL, OPTION_CHANNEL},
        {"for", required_argument, NULL, OPTION_FOR},
        {"read-only", required_argument, NULL, OPTION_READ_ONLY},
        {"join", required_argument, NULL, OPTION_JOIN},
        {"history", required_argument, NULL, OPTION_PAST},
        {"description", required_argument, NULL, OPTION_DESCRIPTION},
        {"all", no_argument, NULL, OPTION_ALL},
        {"help", no_argument, NULL, 'h'},
        OPTIONS_CLIENT,
        {0},
    };
    int option;
    while ((option = options_next(options, argc, argv, choices)) != OPTION_END) {
        if (option == OPTION_STOP)
            return false;
        options->exit_status = COMMAND_USAGE;
        if (option == OPTION_ALL)
            request->is_all = true;
        else if (option == OPTION_WITH)
            request->with = optarg;
        else if (option == OPTION_CHANNEL)
            request->is_channel = true;
        else if (option == OPTION_MEMBER ? !request_read_member(options, request, optarg)
                                         : !request_read_choice(options, request, option, optarg))
            return false;
    }
    return true;
}

static int request_check(const struct options *options, struct request *request, int operands,
                         char **operand)
{
    const char *verb = operands > 0 ? operand[0] : "";
    if (strcmp(verb, "open") == 0) {
        if (operands > 1 || request->count > 0 || request->is_channel)
            return options_wrong(options, "open takes --with USER alone");
        if (request->with == NULL || !id_is_user(view_of(request->with)))
            return options_wrong(options, "open needs --with USER: 1-64 of letters, digits and "
                                          ". _ @ -");
        return COMMAND_OK;
    }
    if (strcmp(verb, "create") != 0)
        return options_wrong(options, "say list, open, create, members, add, invite, remove, "
                                      "role, join, accept, decline, leave, mute, unmute, rename, "
                                      "settings, dissolve, pin, unpin, pins, top, untop, silence, "
                                      "unsilence, hide, archive or show");
    if (operands != 2 || request->with != NULL)
        return options_wrong(options, "create takes one NAME (in quotes if it has spaces) and "
                                      "--member");
    request->name = operand[1];
    if (*request->name == 0 || strlen(request->name) > LIMIT_NAME_BYTES_MAX)
        return options_wrong(options, "a name has 1-%d bytes", LIMIT_NAME_BYTES_MAX);
    return COMMAND_OK;
}

static void opening_answer(void *context, const struct unsay_error *error, const char *conversation,
                           bool created)
{
    struct opening *opening = context;
    if (error->result == UNSAY_OK) {
        snprintf(opening->conversation, sizeof(opening->conversation), "%s", conversation);
        opening->is_created = created;
    }
    question_answer(&opening->question, error);
}

int opening_direct(struct opening *opening, struct session *session, const char *user)
{
    question_init(&opening->question, session);
    return question_await(&opening->question,
                          unsay_open_direct(session->client, user, opening_answer, opening));
}

static int opening_group(struct opening *opening, struct session *session,
                         const struct request *request)
{
    question_init(&opening->question, session);
    return question_await(&opening->question,
                          (request->is_channel ? unsay_create_channel : unsay_create_group)(
                              session->client, request->name, request->members, request->count,
                              opening_answer, opening));
}

static int opening_run(struct opening *opening, const struct request *request,
                       struct session *session)
{
    int exit_status = session_connect(session);
    if (exit_status == COMMAND_OK)
        exit_status = request->with != NULL ? opening_direct(opening, session, request->with)
                                            : opening_group(opening, session, request);
    if (exit_status != COMMAND_OK)
        return exit_status;
    if (session->options->is_json) {
        json_t *object = json_object();
        json_object_set_new(object, "conversation", json_string(opening->conversation));
        json_object_set_new(object, "created", json_boolean(opening->is_created));
        output_object(stdout, object);
    } else {
        printf("%s\n", opening->conversation);
    }
    return COMMAND_OK;
}

static int command_run(const struct options *options, struct request *request, struct task *task,
                       struct list_task *list)
{
    struct session session;
    struct opening opening = {.is_created = false};
    int exit_status = session_open(&session, options, NULL);
    if (exit_status != COMMAND_OK)
        return exit_status;
    if (list->verb != NULL)
        exit_status = list_run(list, &session);
    else if (task->kind != NULL)
        exit_status = task_run(task, &session);
    else
        exit_status = opening_run(&opening, request, &session);
    session_close(&session);
    return exit_status;
}

int command_conversation(int argc, char **argv)
{
    static struct request request;
    static struct task task;
    static struct list_task list;
    struct options options;
    options_init(&options, "conversation", &help, 10000);
    if (!request_read_options(&options, &request, argc, argv))
        return options.exit_status;
    int operands = argc - optind;
    int exit_status;
    bool is_opening = request.with != NULL || request.count > 0 || request.is_channel;
    bool is_changing = request.choices.mute_ms != 0 || request.choices.fields != 0;
    if (operands > 0 && task_init(&task, argv[optind]))
        exit_status =
            is_opening
                ? options_wrong(&options, "--with, --member and --channel are for open and create")
                : task_read(&task, &options, &request.choices, operands - 1, argv + optind + 1);
    else if (is_changing)
        exit_status = options_wrong(&options, "--for is for mute, --read-only, --join, --history "
                                              "and --description are for settings");
    else if (operands > 0 && list_init(&list, argv[optind]))
        exit_status =
            is_opening
                ? options_wrong(&options, "--with, --member and --channel are for open and create")
                : list_read(&list, &options, operands - 1, argv + optind + 1);
    else
        exit_status = request_check(&options, &request, operands, argv + optind);
    bool is_list = list.verb != NULL && list.change.setting == 0;
    if (exit_status == COMMAND_OK && request.is_all && !is_list)
        exit_status = options_wrong(&options, "--all is for list");
    if (exit_status != COMMAND_OK)
        return COMMAND_USAGE;
    list.with_hidden = request.is_all;
    if (!options_finish(&options))
        return options.exit_status;
    return command_run(&options, &request, &task, &list);
}
