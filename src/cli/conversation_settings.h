/* Settings of a conversation on the command line: reading what is to change, showing what holds. */
#ifndef UNSAY_CLI_CONVERSATION_SETTINGS_H
#define UNSAY_CLI_CONVERSATION_SETTINGS_H

#include "cli/session.h"

/* What options ask for. Texts are lent by the command line. */
struct task_choices {
    struct unsay_settings settings;
    uint32_t fields;  /* enum unsay_settings_field */
    uint64_t mute_ms; /* for how long; 0: not said */
};

/* Each takes an option's value. NULL, or what is wrong with it. */
const char *choices_read_only(struct task_choices *choices, const char *text);
const char *choices_joining(struct task_choices *choices, const char *text);
const char *choices_past(struct task_choices *choices, const char *text);
const char *choices_description(struct task_choices *choices, const char *text);

/* Prints what this device knows of the conversation once it is connected. COMMAND_OK, or the exit
 * status after saying what is wrong. */
MUST_CHECK int settings_show(struct session *session, const char *conversation);

#endif
