/* What is done to groups: members, settings, joining. */
#include "core/settings.h"
#include "scenario.h"
#include "shown.h"

#include <stdlib.h>

Unsay__V1__Role role_of(const char *name)
{
    static const char *const names[] = {"gone",   "owner", "admin",  "moderator",
                                        "member", "guest", "invited"};
    for (int i = 0; i <= (int)WIRE(ROLE, INVITED); i++) {
        if (strcmp(names[i], name) == 0)
            return (Unsay__V1__Role)i;
    }
    fail("no role", name);
}

static void group_members(struct device *device, const struct words *words)
{
    wire_change_members change = UNSAY__V1__CHANGE_MEMBERS__INIT;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    wire_member members[WORDS_MAX];
    wire_member *list[WORDS_MAX];
    char conversation[65];
    shown_parse_conversation(word_at(words, 0), conversation);
    change.conversation = conversation;
    change.members = list;
    for (size_t i = 1; i < words->count; i++) {
        char *role = strchr(words->words[i], '=');
        if (role == NULL)
            fail("no USER=ROLE", words->words[i]);
        wire_member *member = &members[change.n_members];
        unsay__v1__member__init(member);
        list[change.n_members++] = member;
        member->role = role_of(role + 1);
        *role = 0;
        member->user = words->words[i];
    }
    frame.body_case = CLIENT_FRAME(CHANGE_MEMBERS);
    frame.change_members = &change;
    request(device, &frame);
}

static void group_list_members(struct device *device, const struct words *words)
{
    wire_list_members list = UNSAY__V1__LIST_MEMBERS__INIT;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    char conversation[65];
    shown_parse_conversation(word_at(words, 0), conversation);
    list.conversation = conversation;
    if (option_of(words, "after") != NULL)
        list.after = string_of(option_of(words, "after"));
    list.limit = (uint32_t)number_option(words, "limit");
    frame.body_case = CLIENT_FRAME(LIST_MEMBERS);
    frame.list_members = &list;
    request(device, &frame);
}

/* mute CONVERSATION USER=DURATION (from the start of the scenario; 0s: no longer; ever) ... */
static void group_mute(struct device *device, const struct words *words)
{
    wire_change_members change = UNSAY__V1__CHANGE_MEMBERS__INIT;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    wire_member members[WORDS_MAX];
    wire_member *list[WORDS_MAX];
    char conversation[65];
    shown_parse_conversation(word_at(words, 0), conversation);
    change.conversation = conversation;
    change.members = list;
    change.mutes = true;
    for (size_t i = 1; i < words->count; i++) {
        char *until = strchr(words->words[i], '=');
        if (until == NULL)
            fail("no USER=DURATION", words->words[i]);
        wire_member *member = &members[change.n_members];
        unsay__v1__member__init(member);
        list[change.n_members++] = member;
        if (strcmp(until + 1, "ever") == 0)
            member->muted_until_ms = UINT64_MAX;
        else if (strcmp(until + 1, "0s") != 0)
            member->muted_until_ms = SHOWN_START_MS + duration_of(until + 1);
        *until = 0;
        member->user = words->words[i];
    }
    frame.body_case = CLIENT_FRAME(CHANGE_MEMBERS);
    frame.change_members = &change;
    request(device, &frame);
}

static void group_join(struct device *device, const struct words *words)
{
    wire_join_conversation join = UNSAY__V1__JOIN_CONVERSATION__INIT;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    char conversation[65];
    shown_parse_conversation(word_at(words, 0), conversation);
    join.conversation = conversation;
    frame.body_case = CLIENT_FRAME(JOIN_CONVERSATION);
    frame.join_conversation = &join;
    request(device, &frame);
}

static int choice_of(const char *word, const char *const names[3])
{
    for (int i = 0; i < 3; i++) {
        if (strcmp(names[i], word) == 0)
            return i;
    }
    fail("no such setting", word);
}

/* One setting; how many words it took. */
static size_t group_set(const struct words *words, size_t at, wire_change_settings *change)
{
    static const char *const joins[] = {"closed", "members", "open"};
    static const char *const histories[] = {"everything", "joining", "last"};
    wire_settings *settings = change->settings;
    const char *word = words->words[at];
    if (strcmp(word, "read-only") == 0 || strcmp(word, "writable") == 0) {
        settings->read_only = strcmp(word, "read-only") == 0;
        change->fields |= SETTINGS_READ_ONLY;
        return 1;
    }
    if (strcmp(word, "dissolve") == 0) {
        settings->dissolved = true;
        change->fields |= SETTINGS_DISSOLVED;
        return 1;
    }
    const char *value = word_at(words, at + 1);
    if (strcmp(word, "name") == 0) {
        settings->name = string_of(value);
        change->fields |= SETTINGS_NAME;
    } else if (strcmp(word, "description") == 0) {
        settings->description = string_of(value);
        change->fields |= SETTINGS_DESCRIPTION;
    } else if (strcmp(word, "join") == 0) {
        settings->join = (Unsay__V1__JoinPolicy)choice_of(value, joins);
        change->fields |= SETTINGS_JOIN;
    } else if (strcmp(word, "history") == 0) {
        settings->history = (Unsay__V1__HistoryVisibility)choice_of(value, histories);
        change->fields |= SETTINGS_HISTORY;
    } else if (strcmp(word, "last") == 0) {
        settings->history_last = (uint32_t)number_of(value);
        change->fields |= SETTINGS_HISTORY_LAST;
    } else {
        fail("no such setting", word);
    }
    return 2;
}

static void group_settings(struct device *device, const struct words *words)
{
    wire_change_settings change = UNSAY__V1__CHANGE_SETTINGS__INIT;
    wire_settings settings = UNSAY__V1__SETTINGS__INIT;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    char conversation[65];
    shown_parse_conversation(word_at(words, 0), conversation);
    change.conversation = conversation;
    change.settings = &settings;
    for (size_t at = 1; at < words->count;)
        at += group_set(words, at, &change);
    frame.body_case = CLIENT_FRAME(CHANGE_SETTINGS);
    frame.change_settings = &change;
    request(device, &frame);
}

static const struct group_step {
    const char *verb;
    void (*run)(struct device *device, const struct words *words);
} group_steps[] = {
    {"members", group_members}, {"list-members", group_list_members}, {"mute", group_mute},
    {"join", group_join},       {"settings", group_settings},
};

bool run_group_step(const char *verb, struct words words, const char *device)
{
    for (size_t i = 0; i < sizeof(group_steps) / sizeof(group_steps[0]); i++) {
        if (strcmp(group_steps[i].verb, verb) == 0) {
            group_steps[i].run(find_device(device), &words);
            return true;
        }
    }
    return false;
}
