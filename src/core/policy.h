/* Who may take a message back, until when, and what is kept of it: ordered rules, of which the
 * first that matches decides. The facts of a case go in, a verdict comes out.
 *
 * A rule matches when each of its conditions does; a condition that is not set matches everything.
 * A rule that matches and allows, but whose window is over, refuses: later rules are not asked.
 * Where no rule matches, the recall is refused. Whoever acts in no capacity is refused whatever the
 * rules say: a stranger, and a former member without a mandate. */
#ifndef UNSAY_CORE_POLICY_H
#define UNSAY_CORE_POLICY_H

#include "core/refusal.h"

#include <stdatomic.h>

enum { POLICY_VERSION_BYTES = 32 };

/* Sets of enumerators of the contract, a bit each: POLICY_BIT(WIRE(ACTOR, SELF)). 0 matches all. */
typedef uint32_t policy_set;
#define POLICY_BIT(value) (UINT32_C(1) << (unsigned)(value))

enum policy_truth { POLICY_ANY, POLICY_YES, POLICY_NO };

/* Where a window starts. */
enum policy_start {
    POLICY_FROM_SENDING,        /* the commit of the message */
    POLICY_FROM_FIRST_DELIVERY, /* when the first other member had stored it; open until then */
    POLICY_FROM_EACH_DELIVERY   /* when the last of the other members had; open until then */
};

enum policy_keep { POLICY_ERASE, POLICY_KEEP, POLICY_SEAL };

enum policy_forwards { POLICY_FORWARDS_STAY, POLICY_FORWARDS_RECALLED };

/* What to do when the clock's error is larger than clock_error_max_ms. */
enum policy_unsure {
    POLICY_UNSURE_DECIDE, /* by the clock as it is */
    POLICY_UNSURE_REFUSE  /* whatever depends on a window or an age, with CLOCK_UNSURE */
};

struct policy_rule {
    const char *name;

    /* conditions */
    policy_set conversation_types; /* ConversationType */
    policy_set actors;             /* Actor; one of the operator's capacities is enough */
    policy_set target_roles;       /* Role of the author now; UNSPECIFIED: no longer a member */
    policy_set content_types;      /* ContentType */
    const char *const *regions;    /* NULL: any */
    size_t region_count;
    uint64_t age_min_ms;            /* since the commit of the message; matches from here on */
    uint64_t age_max_ms;            /* ... and up to and including this; 0: no bound */
    enum policy_truth is_delivered; /* stored by a device of another member */
    enum policy_truth is_displayed; /* shown to another member */

    /* settings */
    bool allows;
    uint64_t window_ms; /* open up to and including this; 0: without end */
    enum policy_start window_from;
    enum policy_keep keep;
    uint64_t keep_ms; /* how long the body is kept, unless erased */
    bool vanishes;    /* show nothing in the message's place */
    bool withdraws_notifications;
    enum policy_forwards forwards;
};

/* Immutable once made, and shared by the workers. Strings and arrays live as long as it does. */
struct policy {
    uint8_t version[POLICY_VERSION_BYTES]; /* SHA-256 of the file's content */
    const struct policy_rule *rules;
    size_t rule_count;
    enum policy_unsure on_clock_unsure;
    uint64_t clock_error_max_ms;
    bool asks_delivery;  /* a rule's verdict depends on how far the message got */
    struct view content; /* the file */
};

/* What policies/default.yaml says: the author within 2 minutes; owners and admins at any time in
 * groups and channels; system and compliance at any time, anywhere. */
extern const struct policy policy_default;

struct policy_case {
    Unsay__V1__ConversationType conversation_type;
    policy_set actors; /* all capacities of the operator; 0: none */
    Unsay__V1__Role target_role;
    Unsay__V1__ContentType content_type;
    const char *region; /* "" where the server has no name for it */
    uint64_t sent_ms;   /* when the server committed the message */
    uint64_t now_ms;    /* the server's clock */
    bool clock_is_unsure;
    Unsay__V1__DeliveryState
        delivery;                /* UNKNOWN is only given where policy->asks_delivery is not */
    uint64_t first_delivered_ms; /* 0: to nobody yet */
    uint64_t each_delivered_ms;  /* when the last member had it; 0: not all have */
};

struct policy_verdict {
    refusal_code refusal; /* NONE: granted. Else NOT_PERMITTED, WINDOW_CLOSED, CLOCK_UNSURE */
    const struct policy_rule *rule; /* that decided; NULL: none matched */
    Unsay__V1__Actor actor; /* the capacity that the rule went by: of those that it names, or of all
                               where it names none, or where none matched, the first in the order
                               of Actor; UNSPECIFIED: none */
};

/* A clock that went back since the commit keeps windows open, and makes the age 0. */
struct policy_verdict policy_judge(const struct policy *policy, const struct policy_case *facts);

/* The first condition of the rule that the case does not meet, as the policy file names it; NULL
 * when the rule matches. */
const char *policy_rule_unmet(const struct policy_rule *rule, const struct policy_case *facts);

#endif
