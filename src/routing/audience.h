/* The devices that follow a conversation, by their cursors, kept in memory once a recall has asked
 * for them: sorted by user and device. Nothing of it is truth; it can be had again from the store.
 */
#ifndef UNSAY_ROUTING_AUDIENCE_H
#define UNSAY_ROUTING_AUDIENCE_H

#include "base/limits.h"
#include "core/reach.h"

struct audience_device {
    struct cursor_row cursor;
    char user[LIMIT_USER_ID_BYTES_MAX + 1];
    char device[LIMIT_DEVICE_ID_BYTES_MAX + 1];
};

/* Someone from whom a part of the log is hidden. */
struct audience_partial {
    struct member_row row;
    char user[LIMIT_USER_ID_BYTES_MAX + 1];
};

struct audience {
    bool is_loaded;
    struct reach_audience reach;  /* lends from the arrays */
    struct reach_device *devices; /* parallel to */
    struct audience_device **owned;
    size_t capacity;
    const struct member_row **partial_rows; /* parallel to */
    struct audience_partial **partial;
};

/* Empties it; zeroed is empty, and not loaded. */
void audience_fini(struct audience *audience);

/* The device's place, NULL when it has none. */
struct audience_device *audience_find(const struct audience *audience, const char *user,
                                      const char *device);

/* The device's place, a new one when it had none; its user is a member now, or not. NULL: there are
 * too many, and the audience is large from now on. */
struct audience_device *audience_add(struct audience *audience, const char *user,
                                     const char *device, bool is_member);

/* A part of the log is hidden from the user; told before new devices of theirs are added. */
void audience_hide(struct audience *audience, const char *user, const struct member_row *row);

/* More than can be listed. */
void audience_become_large(struct audience *audience);

#endif
