#include "cli/output_group.h"

#include <inttypes.h>
#include <string.h>

void output_note(const struct output *output, enum text text, const char *first, const char *second)
{
    output_style(output, "2");
    fputs("— ", output->file);
    text_write(output->file, text, first, second);
    fputs(" —", output->file);
    output_style(output, "0");
}

void output_creation(const struct output *output, const struct unsay_event *event)
{
    bool is_own = event->sender != NULL && strcmp(event->sender, output->self) == 0;
    output_note(output, is_own ? TEXT_YOU_BEGAN : TEXT_BEGAN, event->sender, NULL);
}

static enum text output_role(const struct unsay_event *event, const struct unsay_member *member)
{
    static const enum text texts[] = {
        [UNSAY_ROLE_NONE] = TEXT_REMOVED,      [UNSAY_ROLE_OWNER] = TEXT_NOW_OWNER,
        [UNSAY_ROLE_ADMIN] = TEXT_NOW_ADMIN,   [UNSAY_ROLE_MODERATOR] = TEXT_NOW_MODERATOR,
        [UNSAY_ROLE_MEMBER] = TEXT_NOW_MEMBER, [UNSAY_ROLE_GUEST] = TEXT_NOW_GUEST,
        [UNSAY_ROLE_INVITED] = TEXT_INVITED,
    };
    size_t role = (size_t)member->role;
    bool is_self = strcmp(member->user, event->sender) == 0;
    if (is_self && member->role == UNSAY_ROLE_NONE)
        return TEXT_LEFT;
    if (is_self && member->role == UNSAY_ROLE_MEMBER)
        return TEXT_IS_MEMBER;
    return role < sizeof(texts) / sizeof(texts[0]) ? texts[role] : TEXT_NOW_MEMBER;
}

static void output_muting(const struct output *output, const struct unsay_event *event,
                          const struct unsay_member *member)
{
    char until[OUTPUT_TIME_BYTES];
    output_note(output, member->muted_until_ms == 0 ? TEXT_UNMUTED : TEXT_MUTED, event->sender,
                member->user);
    if (member->muted_until_ms == 0 || member->muted_until_ms > INT64_MAX)
        return;
    output_rfc3339(member->muted_until_ms, until);
    fputc(' ', output->file);
    text_write(output->file, TEXT_MUTED_UNTIL, until, NULL);
}

void output_membership(const struct output *output, const struct unsay_event *event)
{
    for (size_t i = 0; i < event->member_count; i++) {
        const struct unsay_member *member = &event->members[i];
        if (i > 0)
            fputc(' ', output->file);
        if (event->is_muting)
            output_muting(output, event, member);
        else
            output_note(output, output_role(event, member), event->sender, member->user);
    }
}

/* One note for each field that changed. */
static void output_setting(const struct output *output, const struct unsay_event *event,
                           enum unsay_settings_field field)
{
    static const enum text joining[] = {TEXT_JOINING_CLOSED, TEXT_JOINING_MEMBERS,
                                        TEXT_JOINING_OPEN};
    static const enum text past[] = {TEXT_PAST_EVERYTHING, TEXT_PAST_FROM_JOINING, TEXT_PAST_LAST};
    const struct unsay_settings *settings = event->settings;
    char last[24];
    snprintf(last, sizeof(last), "%" PRIu32, settings->past_last);
    if (field == UNSAY_SETTINGS_NAME)
        output_note(output, TEXT_RENAMED, event->sender, settings->name);
    else if (field == UNSAY_SETTINGS_DESCRIPTION)
        output_note(output, TEXT_DESCRIBED, event->sender, settings->description);
    else if (field == UNSAY_SETTINGS_READ_ONLY)
        output_note(output, settings->is_read_only ? TEXT_NOW_READ_ONLY : TEXT_NOW_WRITABLE,
                    event->sender, NULL);
    else if (field == UNSAY_SETTINGS_JOINING && settings->joining <= UNSAY_JOINING_OPEN)
        output_note(output, joining[settings->joining], event->sender, NULL);
    else if (field == UNSAY_SETTINGS_PAST && settings->past <= UNSAY_PAST_LAST)
        output_note(output, past[settings->past], event->sender, last);
    else if (field == UNSAY_SETTINGS_DISSOLVED)
        output_note(output, TEXT_DISSOLVED, event->sender, NULL);
}

void output_settings(const struct output *output, const struct unsay_event *event)
{
    bool is_first = true;
    for (uint32_t field = UNSAY_SETTINGS_NAME;
         event->settings != NULL && field <= UNSAY_SETTINGS_DISSOLVED; field <<= 1) {
        if ((event->settings_fields & field) == 0 || field == UNSAY_SETTINGS_PAST_LAST)
            continue;
        if (!is_first)
            fputc(' ', output->file);
        is_first = false;
        output_setting(output, event, (enum unsay_settings_field)field);
    }
}
