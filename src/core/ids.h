/* Identifiers: what they may look like, and those that follow from others. */
#ifndef UNSAY_CORE_IDS_H
#define UNSAY_CORE_IDS_H

#include "base/arena.h"
#include "base/limits.h"
#include "base/uuid.h"
#include "base/view.h"

/* 1-64 of [A-Za-z0-9._:@-] */
bool id_is_conversation(struct view id);

/* 1-64 of [A-Za-z0-9._@-]: no colon, so that a direct conversation's id can be taken apart */
bool id_is_user(struct view id);

/* 1-64 of [A-Za-z0-9._:@-] */
bool id_is_device(struct view id);

/* The direct conversation of two users, the same from both sides, NUL-terminated:
 * "d:" first ":" second, in bytewise order, where that fits into 64 bytes; else "dh:" and 56 hex
 * digits of the BLAKE2b hash of the same text. No user id contains a colon, so two pairs cannot
 * share an id. Both users are valid ids; they may be equal: a conversation with oneself. */
struct view id_direct_conversation(struct arena *arena, struct view a, struct view b);

/* The group or channel made under this creation id: "g:" and its 32 hex digits. */
struct view id_created_conversation(struct arena *arena, const struct uuid *creation_id);

#endif
