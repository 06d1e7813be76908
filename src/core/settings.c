#include "core/settings.h"

#include "base/limits.h"
#include "base/utf8.h"
#include "core/act.h"
#include "core/ids.h"

#include <stdio.h>

static bool settings_is_text(const char *text, size_t bytes_min, size_t bytes_max)
{
    size_t bytes = strlen(text);
    return bytes >= bytes_min && bytes <= bytes_max && utf8_is_valid(view_of(text));
}

static const char *settings_find_fault(const wire_settings *settings, uint32_t fields)
{
    if ((fields & SETTINGS_NAME) != 0 && !settings_is_text(settings->name, 1, LIMIT_NAME_BYTES_MAX))
        return "name: 1 to 128 bytes of UTF-8";
    if ((fields & SETTINGS_DESCRIPTION) != 0 &&
        !settings_is_text(settings->description, 0, LIMIT_DESCRIPTION_BYTES_MAX))
        return "description: at most 1024 bytes of UTF-8";
    if ((fields & SETTINGS_JOIN) != 0 &&
        (settings->join < WIRE(JOIN_POLICY, CLOSED) || settings->join > WIRE(JOIN_POLICY, OPEN)))
        return "join: 0 to 2";
    if ((fields & SETTINGS_HISTORY) != 0 &&
        (settings->history < WIRE(HISTORY_VISIBILITY, EVERYTHING) ||
         settings->history > WIRE(HISTORY_VISIBILITY, LAST)))
        return "history: 0 to 2";
    if ((fields & SETTINGS_HISTORY_LAST) != 0 &&
        (settings->history_last == 0 || settings->history_last > LIMIT_HISTORY_LAST_MAX))
        return "history_last: 1 to 10000";
    if ((fields & SETTINGS_DISSOLVED) != 0 && !settings->dissolved)
        return "dissolved: what is dissolved stays so";
    return NULL;
}

refusal_code settings_check(const wire_change_settings *request, const char **detail)
{
    *detail = "";
    if (!id_is_conversation(view_of(request->conversation))) {
        *detail = "conversation: 1 to 64 of [A-Za-z0-9._:@-]";
        return REFUSAL_CODE(INVALID_ID);
    }
    if (request->settings == NULL || request->fields == 0 ||
        (request->fields & ~(uint32_t)SETTINGS_ALL) != 0) {
        *detail = "settings, and fields: at least one of the bits 1 to 7";
        return REFUSAL_CODE(FIELD_INVALID);
    }
    const char *fault = settings_find_fault(request->settings, request->fields);
    if (fault == NULL)
        return REFUSAL_NONE;
    *detail = fault;
    return REFUSAL_CODE(FIELD_INVALID);
}

void settings_fill(const struct conversation_row *row, struct arena *arena, wire_settings *wire)
{
    unsay__v1__settings__init(wire);
    wire->name = arena_text(arena, row->name);
    wire->description = arena_text(arena, row->description);
    wire->read_only = row->settings.is_read_only;
    wire->join = row->settings.join;
    wire->history = row->settings.history;
    wire->history_last = row->settings.history_last;
    wire->dissolved = row->settings.is_dissolved;
}

/* The fields that the request names and that are not so yet. */
static uint32_t settings_find_changes(const wire_settings *now, const wire_change_settings *request)
{
    const wire_settings *wanted = request->settings;
    uint32_t differing = 0;
    if (strcmp(now->name, wanted->name) != 0)
        differing |= SETTINGS_NAME;
    if (strcmp(now->description, wanted->description) != 0)
        differing |= SETTINGS_DESCRIPTION;
    if ((now->read_only != 0) != (wanted->read_only != 0))
        differing |= SETTINGS_READ_ONLY;
    if (now->join != wanted->join)
        differing |= SETTINGS_JOIN;
    if (now->history != wanted->history)
        differing |= SETTINGS_HISTORY;
    if (now->history_last != wanted->history_last)
        differing |= SETTINGS_HISTORY_LAST;
    if (!now->dissolved)
        differing |= SETTINGS_DISSOLVED;
    return differing & request->fields;
}

static bool settings_are_permitted(const struct conversation *conversation,
                                   const struct settings_facts *facts, uint32_t fields)
{
    Unsay__V1__ConversationType type = conversation->type;
    Unsay__V1__Role role = facts->actor->row.role;
    uint32_t others = (uint32_t)SETTINGS_ALL & ~(uint32_t)(SETTINGS_NAME | SETTINGS_DISSOLVED);
    if (facts->author->authority == WIRE(ACTOR, SYSTEM))
        return type != WIRE(CONVERSATION_TYPE, DIRECT);
    return ((fields & SETTINGS_NAME) == 0 || act_is_permitted(ACT_RENAME, type, role)) &&
           ((fields & SETTINGS_DISSOLVED) == 0 || act_is_permitted(ACT_DISSOLVE, type, role)) &&
           ((fields & others) == 0 || act_is_permitted(ACT_CONFIGURE, type, role));
}

static void settings_take(wire_settings *settings, const wire_settings *wanted, uint32_t changes)
{
    if ((changes & SETTINGS_NAME) != 0)
        settings->name = wanted->name;
    if ((changes & SETTINGS_DESCRIPTION) != 0)
        settings->description = wanted->description;
    if ((changes & SETTINGS_READ_ONLY) != 0)
        settings->read_only = wanted->read_only;
    if ((changes & SETTINGS_JOIN) != 0)
        settings->join = wanted->join;
    if ((changes & SETTINGS_HISTORY) != 0)
        settings->history = wanted->history;
    if ((changes & SETTINGS_HISTORY_LAST) != 0)
        settings->history_last = wanted->history_last;
    if ((changes & SETTINGS_DISSOLVED) != 0)
        settings->dissolved = true;
}

static void settings_write(struct conversation *conversation, const struct settings_facts *facts,
                           wire_settings *settings, uint32_t changes, struct effects *effects,
                           wire_appended *answer)
{
    wire_event event = UNSAY__V1__EVENT__INIT;
    wire_settings_change change = UNSAY__V1__SETTINGS_CHANGE__INIT;
    change.actor = string_of(facts->author->user);
    change.settings = settings;
    change.fields = changes;
    event.kind_case = EVENT_KIND(SETTINGS);
    event.settings = &change;
    conversation_append(conversation, &event, facts->now_ms, effects);

    conversation->settings = (struct conversation_settings){
        .is_read_only = settings->read_only != 0,
        .is_dissolved = settings->dissolved != 0,
        .join = settings->join,
        .history = settings->history,
        .history_last = settings->history_last,
    };
    struct conversation_row *row = effects_change_row(effects, conversation, facts->row);
    row->name = arena_copy(effects->arena, view_of(settings->name));
    row->description = arena_copy(effects->arena, view_of(settings->description));
    row->settings = conversation->settings;
    answer->seq = event.seq;
    answer->time = event.time;
}

refusal_code settings_change(struct conversation *conversation, const wire_change_settings *request,
                             const struct settings_facts *facts, struct effects *effects,
                             wire_appended *answer, const char **detail)
{
    *detail = "";
    if (facts->author->authority != WIRE(ACTOR, SYSTEM) && !facts->actor->is_member)
        return REFUSAL_CODE(NOT_A_MEMBER);
    if (!settings_are_permitted(conversation, facts, request->fields)) {
        *detail = conversation->type == WIRE(CONVERSATION_TYPE, DIRECT)
                      ? "conversation: a direct conversation has no settings; create a group"
                      : "settings: your role here does not allow this change";
        return REFUSAL_CODE(NOT_PERMITTED);
    }
    wire_settings settings;
    settings_fill(facts->row, effects->arena, &settings);
    uint32_t changes = settings_find_changes(&settings, request);
    answer->conversation = string_of(conversation->id);
    answer->origin = conversation->origin;
    if (changes == 0)
        return REFUSAL_NONE;
    if (facts->row->settings.is_dissolved)
        return REFUSAL_CODE(DISSOLVED);
    settings_take(&settings, request->settings, changes);
    if (settings.history == WIRE(HISTORY_VISIBILITY, LAST) && settings.history_last == 0) {
        *detail = "history_last: with history 2 it is needed, 1 to 10000";
        return REFUSAL_CODE(FIELD_INVALID);
    }
    settings_write(conversation, facts, &settings, changes, effects, answer);
    return REFUSAL_NONE;
}

refusal_code settings_judge_writer(const struct conversation *conversation,
                                   const struct author *author, const struct member *member,
                                   uint64_t now_ms)
{
    enum act act = conversation->settings.is_read_only ? ACT_WRITE_READ_ONLY : ACT_WRITE;
    if (conversation->settings.is_dissolved)
        return REFUSAL_CODE(DISSOLVED);
    if (author->authority == WIRE(ACTOR, SYSTEM))
        return REFUSAL_NONE;
    if (!act_is_permitted(act, conversation->type, member->row.role))
        return REFUSAL_CODE(READ_ONLY);
    return now_ms < member->row.muted_until_ms ? REFUSAL_CODE(MUTED) : REFUSAL_NONE;
}

/* Days since 1970-01-01 as a date: https://howardhinnant.github.io/date_algorithms.html. */
static void settings_split_days(uint64_t days, unsigned *year, unsigned *month, unsigned *day)
{
    uint64_t shifted = days + 719468;
    uint64_t era = shifted / 146097;
    unsigned of_era = (unsigned)(shifted - era * 146097);
    unsigned year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    unsigned of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    unsigned shifted_month = (5 * of_year + 2) / 153;
    *day = of_year - (153 * shifted_month + 2) / 5 + 1;
    *month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
    *year = (unsigned)(year_of_era + era * 400) + (*month <= 2);
}

void settings_tell_muted(uint64_t until_ms, char detail[MUTED_DETAIL_BYTES])
{
    uint64_t seconds = until_ms / 1000 + (until_ms % 1000 != 0);
    unsigned year;
    unsigned month;
    unsigned day;
    if (until_ms / 1000 > UINT64_C(253402300799)) { /* beyond the year 9999 */
        snprintf(detail, MUTED_DETAIL_BYTES, "you are muted here until that is lifted");
        return;
    }
    settings_split_days(seconds / 86400, &year, &month, &day);
    unsigned of_day = (unsigned)(seconds % 86400);
    snprintf(detail, MUTED_DETAIL_BYTES, "you are muted here until %04u-%02u-%02uT%02u:%02u:%02uZ",
             year % 10000, month, day, of_day / 3600 % 24, of_day / 60 % 60, of_day % 60);
}
