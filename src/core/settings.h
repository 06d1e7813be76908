/* Settings: what holds for everyone in a group or channel. A change is an event of the log, with
 * all settings as they are from there on.
 *
 *   in use --dissolve--> dissolved (for ever)
 *
 * A dissolved conversation takes no event any more but recalls, so that its last one says what
 * became of it; members go on reading it. */
#ifndef UNSAY_CORE_SETTINGS_H
#define UNSAY_CORE_SETTINGS_H

#include "core/conversation.h"

/* The bit of ChangeSettings.fields for one field, by its number in Settings. */
enum settings_field {
    SETTINGS_NAME = 1 << 1,
    SETTINGS_DESCRIPTION = 1 << 2,
    SETTINGS_READ_ONLY = 1 << 3,
    SETTINGS_JOIN = 1 << 4,
    SETTINGS_HISTORY = 1 << 5,
    SETTINGS_HISTORY_LAST = 1 << 6,
    SETTINGS_DISSOLVED = 1 << 7,
    SETTINGS_ALL = (1 << 8) - 2
};

/* What is wrong with the request itself: REFUSAL_NONE, INVALID_ID or FIELD_INVALID. */
refusal_code settings_check(const wire_change_settings *request, const char **detail);

struct settings_facts {
    const struct author *author;
    const struct member *actor;         /* the author's place; may be no member */
    const struct conversation_row *row; /* as the latest decision left it */
    uint64_t now_ms;
};

/* Changes all that the request asks for, or nothing: NOT_A_MEMBER, NOT_PERMITTED or DISSOLVED. The
 * answer's seq is 0 where everything was so already. */
refusal_code settings_change(struct conversation *conversation, const wire_change_settings *request,
                             const struct settings_facts *facts, struct effects *effects,
                             wire_appended *answer, const char **detail);

/* As the contract has them; texts are copied into the arena. */
void settings_fill(const struct conversation_row *row, struct arena *arena, wire_settings *wire);

enum { MUTED_DETAIL_BYTES = 64 };

/* The detail of a refusal with MUTED: until when, in UTC. */
void settings_tell_muted(uint64_t until_ms, char detail[MUTED_DETAIL_BYTES]);

/* Whether the member may write here now: REFUSAL_NONE, READ_ONLY, MUTED or DISSOLVED. */
refusal_code settings_judge_writer(const struct conversation *conversation,
                                   const struct author *author, const struct member *member,
                                   uint64_t now_ms);

#endif
