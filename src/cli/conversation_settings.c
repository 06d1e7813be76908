#include "cli/conversation_settings.h"

#include "base/limits.h"
#include "cli/command.h"
#include "cli/names.h"
#include "cli/output.h"
#include "cli/text.h"
#include "unsay/conversation.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const char *choices_read_only(struct task_choices *choices, const char *text)
{
    choices->settings.is_read_only = strcmp(text, "yes") == 0;
    choices->fields |= UNSAY_SETTINGS_READ_ONLY;
    return strcmp(text, "yes") == 0 || strcmp(text, "no") == 0 ? NULL
                                                               : "--read-only takes yes or no";
}

const char *choices_joining(struct task_choices *choices, const char *text)
{
    choices->fields |= UNSAY_SETTINGS_JOINING;
    return joining_of_name(text, &choices->settings.joining)
               ? NULL
               : "--join takes closed, members or open";
}

const char *choices_past(struct task_choices *choices, const char *text)
{
    static const char wrong[] = "--history takes everything, joining, or last:N with N of 1-10000";
    uint64_t last;
    choices->fields |= UNSAY_SETTINGS_PAST;
    if (strncmp(text, "last:", 5) == 0) {
        if (!options_number(text + 5, 1, LIMIT_HISTORY_LAST_MAX, &last))
            return wrong;
        choices->settings.past = UNSAY_PAST_LAST;
        choices->settings.past_last = (uint32_t)last;
        choices->fields |= UNSAY_SETTINGS_PAST_LAST;
        return NULL;
    }
    choices->settings.past =
        strcmp(text, "joining") == 0 ? UNSAY_PAST_FROM_JOINING : UNSAY_PAST_EVERYTHING;
    return strcmp(text, "joining") == 0 || strcmp(text, "everything") == 0 ? NULL : wrong;
}

const char *choices_description(struct task_choices *choices, const char *text)
{
    choices->settings.description = text;
    choices->fields |= UNSAY_SETTINGS_DESCRIPTION;
    return strlen(text) <= LIMIT_DESCRIPTION_BYTES_MAX ? NULL
                                                       : "--description takes at most 1024 bytes";
}

static void settings_print_json(const struct unsay_conversation *found)
{
    json_t *object = json_object();
    json_object_set_new(object, "conversation", json_string(found->id));
    json_object_set_new(object, "type", json_string(name_of_conversation(found->type)));
    json_object_set_new(object, "name", output_json_text(found->name));
    json_object_set_new(object, "peer", output_json_text(found->peer));
    json_object_set_new(object, "role", json_string(name_of_role(found->role)));
    json_object_set_new(object, "muted_until", output_json_muted(found->silenced_until_ms));
    json_object_set_new(object, "settings", output_json_settings(found->settings));
    output_object(stdout, object);
}

static void settings_print_line(const char *name, const char *value)
{
    printf("%-12s ", name);
    text_write_foreign(stdout, view_of(value));
    fputc('\n', stdout);
}

static void settings_print(const struct unsay_conversation *found)
{
    const struct unsay_settings *settings = found->settings;
    char past[32];
    settings_print_line("type", name_of_conversation(found->type));
    settings_print_line("name", found->name);
    if (*found->peer != 0)
        settings_print_line(found->role == UNSAY_ROLE_INVITED ? "invited by" : "with", found->peer);
    settings_print_line("your role", name_of_role(found->role));
    if (found->silenced_until_ms != 0)
        settings_print_line("you", "muted");
    if (settings == NULL)
        return;
    snprintf(past, sizeof(past), settings->past == UNSAY_PAST_LAST ? "%s:%" PRIu32 : "%s",
             name_of_past(settings->past), settings->past_last);
    settings_print_line("description", settings->description);
    settings_print_line("read-only", settings->is_read_only ? "yes" : "no");
    settings_print_line("join", name_of_joining(settings->joining));
    settings_print_line("history", past);
    if (settings->is_dissolved)
        settings_print_line("dissolved", "yes");
}

struct showing {
    bool is_json;
    bool is_found;
};

static void settings_found(void *context, const struct unsay_error *error,
                           const struct unsay_conversation *found)
{
    struct showing *showing = context;
    (void)error;
    showing->is_found = found->role != UNSAY_ROLE_NONE;
    if (!showing->is_found)
        return;
    if (showing->is_json)
        settings_print_json(found);
    else
        settings_print(found);
}

int settings_show(struct session *session, const char *conversation)
{
    struct showing showing = {.is_json = session->options->is_json};
    session_catch_up(session, session_now_ms() + session->options->timeout_ms);
    enum unsay_result result =
        unsay_conversation(session->client, conversation, settings_found, &showing);
    if (result != UNSAY_OK || showing.is_found)
        return result == UNSAY_OK ? COMMAND_OK : session_report(session, result, "", "");
    return session_report(session, UNSAY_REFUSED, "not_a_member",
                          "You are not in this conversation, and not invited to it.");
}
