/* Names of what the SDK counts, as --json prints them and options take them. A number that this
 * version does not know is "unknown". */
#ifndef UNSAY_CLI_NAMES_H
#define UNSAY_CLI_NAMES_H

#include "unsay/operator.h"

const char *name_of_content_type(enum unsay_content_type content_type);
const char *name_of_role(enum unsay_role role); /* "none" for UNSAY_ROLE_NONE */
const char *name_of_joining(enum unsay_joining joining);
const char *name_of_past(enum unsay_past past);
const char *name_of_actor(enum unsay_actor actor);
const char *name_of_outcome(enum unsay_outcome outcome);
const char *name_of_conversation(enum unsay_conversation_type conversation_type);
const char *name_of_delivery(enum unsay_delivery delivery);
const char *name_of_reach(enum unsay_device_reach reach);
const char *name_of_receipt(enum unsay_receipt_state receipt);

/* False when there is none of this name. */
bool joining_of_name(const char *name, enum unsay_joining *joining);
bool outcome_of_name(const char *name, enum unsay_outcome *outcome);

#endif
