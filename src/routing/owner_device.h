/* Devices: the row that remembers that a device has signed in, and the keys with which it signs.
 * The worker that has the session writes it, into its own open group; where two workers write the
 * row of one device at the same time, the last one wins. */
#ifndef UNSAY_ROUTING_OWNER_DEVICE_H
#define UNSAY_ROUTING_OWNER_DEVICE_H

#include "core/rows.h"

struct mail_replaced;
struct session;
struct worker;

enum device_verdict {
    DEVICE_KNOWN,      /* the store has the row, and the key in it */
    DEVICE_WRITTEN,    /* the row is in the open group, which counts a request for it */
    DEVICE_OVERLOADED, /* ... would be, but the group is full */
    DEVICE_UNREADABLE, /* the store failed */
    DEVICE_CONTESTED,  /* two take the name from each other: *pause_ms */
    DEVICE_OUTDATED    /* the ticket is of a sign-in that a later one has taken the place of */
};

/* Sees to it that the row exists and has `key` (DEVICE_KEY_BYTES, or empty for none). A sign-in by
 * token takes the place of earlier ones there, which ends their tickets: that is written too, but a
 * device that is known need not wait for it. Where it cannot be written, session->login is 0. */
enum device_verdict owner_device(struct worker *worker, struct session *session, struct view key,
                                 bool has_ticket, uint32_t *pause_ms);

/* A session of this device's was closed because another sign-in took its place. */
void owner_contest(struct worker *worker, const struct mail_replaced *replaced);

/* Adds a key, the oldest leaving when there are DEVICE_KEYS_MAX; false when it is there already. */
bool device_add_key(struct device_row *row, struct view key, uint64_t now_ms);

#endif
