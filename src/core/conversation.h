/* A conversation as its owner knows it while deciding: the head of its log and the members who were
 * asked about so far. Everything here can be had again from the store; nothing of it is truth. What
 * the rules decide is appended to `struct effects`: rows to commit, and events to publish after
 * that.
 *
 * A decision is made against the state with all earlier decisions applied, also those whose commit
 * is still under way; if a commit fails, the owner forgets the conversation and loads it again. */
#ifndef UNSAY_CORE_CONVERSATION_H
#define UNSAY_CORE_CONVERSATION_H

#include "base/arena.h"
#include "base/blob.h"
#include "core/change.h"
#include "core/policy.h"

/* The user and the device that ask for something; the shell has verified them. NUL-terminated. */
struct author {
    const char *user;
    const char *device;
    Unsay__V1__Actor authority; /* SYSTEM or COMPLIANCE by the token; else UNSPECIFIED */
    const char *address;        /* where the client connects from; "" where not known */
};

struct conversation {
    const char *id; /* lent; NUL-terminated */
    uint32_t origin;
    uint64_t head;        /* seq of the last event */
    uint64_t last_time;   /* its hybrid time */
    bool ends_in_message; /* the last event is one */
    Unsay__V1__ConversationType type;
    uint32_t member_count;
    struct conversation_settings settings;
};

struct member {
    bool is_member; /* now; one who left, or is only invited, has a row all the same */
    struct member_row row;
    struct uuid last_message_id; /* the largest that this user used here; zero: none */
    bool last_is_in_log;         /* known to be a message of the log; false: not known */
};

/* An event that goes to every device of every member, after the commit. */
struct publication {
    struct blob *frame;       /* ready to send; held by the list */
    const char *conversation; /* lent by the arena of the effects */
    uint32_t origin;
    uint64_t seq;
    uint64_t message_time; /* a message: its hybrid time; 0: another event */
    bool is_recall;
    const char *only_user;            /* news for this user alone: no event of the log; else NULL */
    uint64_t target_seq;              /* recall: of the same origin */
    struct view tombstone;            /* recall: the target as it is now, encoded */
    bool tells_who;                   /* recall: the owner hears who is connected (MAIL_ONLINE) */
    const char *const *new_members;   /* creation: who is in */
    const uint64_t *new_members_from; /* for each, the first event of what they see now */
    size_t new_member_count;
    const char *const *gone_members; /* who is no longer in; the event is their last */
    size_t gone_member_count;
    Unsay__V1__ConversationType type; /* where members came or went: of the conversation, */
    uint32_t member_count;            /* and how many are in from this event on */
    bool is_progress;      /* news of how far members have come: for the conversation's members, or
                              only_user's devices that follow it */
    const char *from_user; /* progress: whose device said so, and knows; NULL: several */
    const char *from_device;
    struct publication *next;
};

struct effects {
    struct arena *arena; /* everything below lives here; frames are blobs */
    struct change_list changes;
    struct publication *first;
    struct publication *last;
    size_t audits;   /* entries for the audit log among the changes */
    bool has_outbox; /* somebody outside is told what is committed; set before the first decision */
    size_t outgoing; /* entries for the outbox among the changes */
};

void effects_init(struct effects *effects, struct arena *arena);

/* Lets go of the frames. */
void effects_fini(struct effects *effects);

/* A change in the effects' arena, zeroed, already in the list; the caller fills it in. */
struct change *effects_change(struct effects *effects, enum change_kind kind,
                              const struct conversation *conversation);

/* The conversation's row, whole, among the changes; the caller alters it there. */
struct conversation_row *effects_change_row(struct effects *effects,
                                            const struct conversation *conversation,
                                            const struct conversation_row *row);

/* News for one user's devices, once this is committed; takes over the hold. */
void effects_tell(struct effects *effects, const char *user, struct blob *frame);

/* News of how far members of the conversation have come; the caller says to whom. Takes over the
 * hold. */
struct publication *effects_progress(struct effects *effects, const char *conversation,
                                     uint32_t origin, struct blob *frame);

/* Puts an entry for the audit log among the changes. */
void effects_audit(struct effects *effects, const wire_audit_entry *entry);

/* Puts the event among what is told outside, where anything is. `entry` needs kind, and what only a
 * recall has; the rest is taken from the event. */
void effects_outbox(struct effects *effects, const wire_event *event, wire_outbox_entry *entry);

/* Appends an event to the log: takes the next seq and stamps the time, encodes once for the store
 * and for everyone's connection. Fields conversation, origin, seq and time are set here. */
struct publication *conversation_append(struct conversation *conversation, wire_event *event,
                                        uint64_t now_ms, struct effects *effects);

#endif
