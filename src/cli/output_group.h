/* What happens to a group or channel, told in a line: "— Li began the conversation —". */
#ifndef UNSAY_CLI_OUTPUT_GROUP_H
#define UNSAY_CLI_OUTPUT_GROUP_H

#include "cli/output.h"
#include "cli/text.h"

void output_note(const struct output *output, enum text text, const char *first,
                 const char *second);

void output_creation(const struct output *output, const struct unsay_event *event);
void output_membership(const struct output *output, const struct unsay_event *event);
void output_settings(const struct output *output, const struct unsay_event *event);

#endif
