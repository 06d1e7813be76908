#include "cli/names.h"

#include <string.h>

/* The name of a number that the other end chose. */
static const char *name_at(const char *const *names, size_t count, unsigned number)
{
    return number < count && names[number] != NULL ? names[number] : "unknown";
}

#define NAME_AT(names, number) \
    name_at(names, sizeof(names) / sizeof((names)[0]), (unsigned)(number))

static const char *const outcomes[] = {
    [UNSAY_OUTCOME_RECALLED] = "recalled",
    [UNSAY_OUTCOME_ALREADY_RECALLED] = "already_recalled",
    [UNSAY_OUTCOME_PENDING] = "pending",
    [UNSAY_OUTCOME_REFUSED] = "refused",
};

const char *name_of_content_type(enum unsay_content_type content_type)
{
    static const char *const names[] = {
        [UNSAY_CONTENT_TEXT] = "text",     [UNSAY_CONTENT_IMAGE] = "image",
        [UNSAY_CONTENT_AUDIO] = "audio",   [UNSAY_CONTENT_VIDEO] = "video",
        [UNSAY_CONTENT_FILE] = "file",     [UNSAY_CONTENT_LOCATION] = "location",
        [UNSAY_CONTENT_CUSTOM] = "custom",
    };
    return NAME_AT(names, content_type);
}

const char *name_of_role(enum unsay_role role)
{
    static const char *const names[] = {
        [UNSAY_ROLE_NONE] = "none",       [UNSAY_ROLE_OWNER] = "owner",
        [UNSAY_ROLE_ADMIN] = "admin",     [UNSAY_ROLE_MODERATOR] = "moderator",
        [UNSAY_ROLE_MEMBER] = "member",   [UNSAY_ROLE_GUEST] = "guest",
        [UNSAY_ROLE_INVITED] = "invited",
    };
    return NAME_AT(names, role);
}

static const char *const joinings[] = {
    [UNSAY_JOINING_CLOSED] = "closed",
    [UNSAY_JOINING_MEMBERS] = "members",
    [UNSAY_JOINING_OPEN] = "open",
};

const char *name_of_joining(enum unsay_joining joining)
{
    return NAME_AT(joinings, joining);
}

bool joining_of_name(const char *name, enum unsay_joining *joining)
{
    for (size_t i = 0; i < sizeof(joinings) / sizeof(joinings[0]); i++) {
        if (strcmp(joinings[i], name) == 0) {
            *joining = (enum unsay_joining)i;
            return true;
        }
    }
    return false;
}

const char *name_of_past(enum unsay_past past)
{
    static const char *const names[] = {
        [UNSAY_PAST_EVERYTHING] = "everything",
        [UNSAY_PAST_FROM_JOINING] = "joining",
        [UNSAY_PAST_LAST] = "last",
    };
    return NAME_AT(names, past);
}

const char *name_of_actor(enum unsay_actor actor)
{
    static const char *const names[] = {
        [UNSAY_ACTOR_SELF] = "self",     [UNSAY_ACTOR_OWNER] = "owner",
        [UNSAY_ACTOR_ADMIN] = "admin",   [UNSAY_ACTOR_MODERATOR] = "moderator",
        [UNSAY_ACTOR_MEMBER] = "member", [UNSAY_ACTOR_GUEST] = "guest",
        [UNSAY_ACTOR_SYSTEM] = "system", [UNSAY_ACTOR_COMPLIANCE] = "compliance",
    };
    return NAME_AT(names, actor);
}

const char *name_of_outcome(enum unsay_outcome outcome)
{
    return NAME_AT(outcomes, outcome);
}

const char *name_of_conversation(enum unsay_conversation_type conversation_type)
{
    static const char *const names[] = {
        [UNSAY_CONVERSATION_DIRECT] = "direct",
        [UNSAY_CONVERSATION_GROUP] = "group",
        [UNSAY_CONVERSATION_CHANNEL] = "channel",
    };
    return NAME_AT(names, conversation_type);
}

const char *name_of_delivery(enum unsay_delivery delivery)
{
    static const char *const names[] = {
        [UNSAY_DELIVERY_UNKNOWN] = "not asked",
        [UNSAY_DELIVERY_NONE] = "undelivered",
        [UNSAY_DELIVERY_STORED] = "delivered",
        [UNSAY_DELIVERY_DISPLAYED] = "displayed",
    };
    return NAME_AT(names, delivery);
}

const char *name_of_reach(enum unsay_device_reach reach)
{
    static const char *const names[] = {
        [UNSAY_REACH_NONE] = "none",
        [UNSAY_REACH_PUSHED] = "pushed",
        [UNSAY_REACH_STORED] = "stored",
        [UNSAY_REACH_DISPLAYED] = "displayed",
    };
    return NAME_AT(names, reach);
}

const char *name_of_receipt(enum unsay_receipt_state receipt)
{
    static const char *const names[] = {
        [UNSAY_RECEIPT_MISSING] = "missing",
        [UNSAY_RECEIPT_UNSIGNED] = "unsigned",
        [UNSAY_RECEIPT_SIGNED] = "signed",
        [UNSAY_RECEIPT_INVALID] = "invalid",
    };
    return NAME_AT(names, receipt);
}

bool outcome_of_name(const char *name, enum unsay_outcome *outcome)
{
    for (size_t i = UNSAY_OUTCOME_RECALLED; i < sizeof(outcomes) / sizeof(outcomes[0]); i++) {
        if (strcmp(outcomes[i], name) == 0) {
            *outcome = (enum unsay_outcome)i;
            return true;
        }
    }
    return false;
}
