/* libunsay: conversations: opening and creating them, who is in and what holds for everyone, pins,
 * and the user's own list of them. Answers come as unsay.h says. */
#ifndef UNSAY_CONVERSATION_H
#define UNSAY_CONVERSATION_H

#include "unsay/unsay.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Conversations ---- */

typedef void unsay_opened_fn(void *context, const struct unsay_error *error,
                             const char *conversation, bool created);

/* The direct conversation with `user`. */
UNSAY_API enum unsay_result unsay_open_direct(struct unsay *client, const char *user,
                                              unsay_opened_fn *callback, void *context);

/* A new group; the caller becomes its owner. */
UNSAY_API enum unsay_result unsay_create_group(struct unsay *client, const char *name,
                                               const struct unsay_member *members, size_t count,
                                               unsay_opened_fn *callback, void *context);

/* A new channel; likewise. */
UNSAY_API enum unsay_result unsay_create_channel(struct unsay *client, const char *name,
                                                 const struct unsay_member *members, size_t count,
                                                 unsay_opened_fn *callback, void *context);

/* The event that says so, which also comes through on_event; seq 0: nothing had to change. */
struct unsay_appended {
    const char *conversation;
    uint32_t origin;
    uint64_t seq;
    uint64_t time_ms;
};

typedef void unsay_appended_fn(void *context, const struct unsay_error *error,
                               const struct unsay_appended *appended);

/* Adds members, changes roles, removes members (UNSAY_ROLE_NONE), leaves: 1-1000 at once, all or
 * none. */
UNSAY_API enum unsay_result unsay_change_members(struct unsay *client, const char *conversation,
                                                 const struct unsay_member *members, size_t count,
                                                 unsay_appended_fn *callback, void *context);

/* Invites users, who then see the conversation's name and nothing else of it: 1-1000 at once, all
 * or none. */
UNSAY_API enum unsay_result unsay_invite(struct unsay *client, const char *conversation,
                                         const char *const *users, size_t count,
                                         unsay_appended_fn *callback, void *context);

/* Accepts an invitation, or joins an open conversation. */
UNSAY_API enum unsay_result unsay_join(struct unsay *client, const char *conversation,
                                       unsay_appended_fn *callback, void *context);

/* Leaves, or declines an invitation. */
UNSAY_API enum unsay_result unsay_leave(struct unsay *client, const char *conversation,
                                        unsay_appended_fn *callback, void *context);

/* They cannot write until then; 0: they can again; UINT64_MAX: until that is lifted. As above. */
UNSAY_API enum unsay_result unsay_mute(struct unsay *client, const char *conversation,
                                       const char *const *users, size_t count,
                                       uint64_t muted_until_ms, unsay_appended_fn *callback,
                                       void *context);

/* Changes those settings that `fields` names (enum unsay_settings_field) and leaves the others. */
UNSAY_API enum unsay_result unsay_change_settings(struct unsay *client, const char *conversation,
                                                  const struct unsay_settings *settings,
                                                  uint32_t fields, unsay_appended_fn *callback,
                                                  void *context);

/* Role UNSAY_ROLE_NONE and nothing but the id where this device knows no such conversation. */
typedef void unsay_conversation_fn(void *context, const struct unsay_error *error,
                                   const struct unsay_conversation *conversation);

/* One conversation as the list has it, from the local database, without a connection; the callback
 * is called before this returns, on the calling thread. */
UNSAY_API enum unsay_result unsay_conversation(struct unsay *client, const char *conversation,
                                               unsay_conversation_fn *callback, void *context);

struct unsay_member_page {
    const struct unsay_member *members; /* ascending by user */
    size_t count;
    bool more; /* ask again, after the last one */
};

typedef void unsay_members_fn(void *context, const struct unsay_error *error,
                              const struct unsay_member_page *page);

/* `after`: the last user of the page before; NULL: from the start. `limit`: 1-200; 0: 200. */
UNSAY_API enum unsay_result unsay_list_members(struct unsay *client, const char *conversation,
                                               const char *after, uint32_t limit,
                                               unsay_members_fn *callback, void *context);

/* The target is named by its seq. */
UNSAY_API enum unsay_result unsay_change_pin(struct unsay *client, const char *conversation,
                                             const struct unsay_target *target, bool is_pinned,
                                             unsay_appended_fn *callback, void *context);

struct unsay_pins {
    const struct unsay_target *targets; /* by seq; the latest pinned last */
    size_t count;
};

typedef void unsay_pins_fn(void *context, const struct unsay_error *error,
                           const struct unsay_pins *pins);

UNSAY_API enum unsay_result unsay_list_pins(struct unsay *client, const char *conversation,
                                            unsay_pins_fn *callback, void *context);

/* ---- The list of conversations ---- */

struct unsay_conversation_query {
    bool with_hidden;
    const struct unsay_conversation
        *after;     /* the last one of the page before, of which id, pinned_ms
                       and place are looked at; NULL: from the top */
    uint32_t limit; /* 1-1000; 0: 1000 */
};

/* `more`: ask again, after the last one. */
typedef void unsay_conversations_fn(void *context, const struct unsay_error *error,
                                    const struct unsay_conversation *conversations, size_t count,
                                    bool more);

/* The conversations that the user is in, from the local database, without a connection: pinned
 * ones, the latest pinned first; then the others, the latest activity first. A recall moves
 * nothing. The same on all of the user's devices once they have received the same. The callback is
 * called before this returns, on the calling thread. `query` may be NULL. */
UNSAY_API enum unsay_result unsay_conversations(struct unsay *client,
                                                const struct unsay_conversation_query *query,
                                                unsay_conversations_fn *callback, void *context);

enum unsay_setting { UNSAY_SETTING_MUTED = 1, UNSAY_SETTING_PINNED, UNSAY_SETTING_HIDDEN };

/* One thing that the user sets for a conversation: for this user alone, on all of their devices. */
struct unsay_listing_change {
    enum unsay_setting setting;
    uint64_t muted_until_ms;  /* MUTED: 0: not any more; UINT64_MAX: for good */
    bool is_pinned;           /* PINNED */
    enum unsay_hiding hiding; /* HIDDEN; UNTIL_MESSAGE hides no message that this device lacks */
};

struct unsay_listing {
    const char *conversation;
    uint64_t muted_until_ms;
    uint64_t pinned_ms;
    enum unsay_hiding hiding;
};

typedef void unsay_listing_fn(void *context, const struct unsay_error *error,
                              const struct unsay_listing *listing);

UNSAY_API enum unsay_result unsay_change_listing(struct unsay *client, const char *conversation,
                                                 const struct unsay_listing_change *change,
                                                 unsay_listing_fn *callback, void *context);

#ifdef __cplusplus
}
#endif

#endif
