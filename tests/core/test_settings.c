/* Settings: what may be asked for, by whom, what a change leaves, and who may write then. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/limits.h"
#include "core/frame.h"
#include "core/settings.h"
#include "decided.h"

struct settings_case {
    struct decided decided;
    struct conversation_row row;
    wire_settings settings;
    wire_change_settings request;
    wire_appended answer;
};

static void case_init(struct settings_case *the, Unsay__V1__Role role)
{
    *the = (struct settings_case){.row = {.type = WIRE(CONVERSATION_TYPE, GROUP),
                                          .name = view_of("club"),
                                          .description = view_of("about"),
                                          .creator = view_of("ann"),
                                          .member_count = 10,
                                          .owner_count = 1,
                                          .invited_count = 2}};
    decided_init(&the->decided);
    the->decided.conversation.type = WIRE(CONVERSATION_TYPE, GROUP);
    the->decided.member.row.role = role;
    the->decided.member.is_member = role_is_member(role);
    unsay__v1__settings__init(&the->settings);
    unsay__v1__change_settings__init(&the->request);
    unsay__v1__appended__init(&the->answer);
    the->request.conversation = string_of("c");
    the->request.settings = &the->settings;
    the->settings.name = string_of("Club");
}

static refusal_code case_decide(struct settings_case *the)
{
    struct settings_facts facts = {.author = &the->decided.author,
                                   .actor = &the->decided.member,
                                   .row = &the->row,
                                   .now_ms = NOW_MS};
    const char *detail = NULL;
    refusal_code refusal = settings_change(&the->decided.conversation, &the->request, &facts,
                                           &the->decided.effects, &the->answer, &detail);
    assert_non_null(detail);
    return refusal;
}

static void assert_check(struct settings_case *the, uint32_t fields, refusal_code refusal)
{
    const char *detail;
    the->request.fields = fields;
    assert_int_equal(settings_check(&the->request, &detail), refusal);
    assert_int_equal(*detail != 0, refusal != REFUSAL_NONE);
}

static void every_wrong_field_has_its_refusal(void **state)
{
    (void)state;
    static char long_text[LIMIT_DESCRIPTION_BYTES_MAX + 2];
    struct settings_case the;
    case_init(&the, WIRE(ROLE, OWNER));
    memset(long_text, 'x', sizeof(long_text) - 1);
    assert_check(&the, SETTINGS_NAME, REFUSAL_NONE);
    assert_check(&the, 0, REFUSAL_CODE(FIELD_INVALID));
    assert_check(&the, 1, REFUSAL_CODE(FIELD_INVALID));
    assert_check(&the, 1 << 8, REFUSAL_CODE(FIELD_INVALID));
    assert_check(&the, SETTINGS_DISSOLVED, REFUSAL_CODE(FIELD_INVALID));
    the.settings.dissolved = true;
    assert_check(&the, SETTINGS_DISSOLVED, REFUSAL_NONE);
    the.settings.name = string_of("");
    assert_check(&the, SETTINGS_NAME, REFUSAL_CODE(FIELD_INVALID));
    assert_check(&the, SETTINGS_READ_ONLY, REFUSAL_NONE);
    the.settings.name = long_text + sizeof(long_text) - 2 - LIMIT_NAME_BYTES_MAX;
    assert_check(&the, SETTINGS_NAME, REFUSAL_CODE(FIELD_INVALID));
    the.settings.name = string_of("\xff");
    assert_check(&the, SETTINGS_NAME, REFUSAL_CODE(FIELD_INVALID));
    the.settings.description = long_text + 1;
    assert_check(&the, SETTINGS_DESCRIPTION, REFUSAL_NONE);
    the.settings.description = long_text;
    assert_check(&the, SETTINGS_DESCRIPTION, REFUSAL_CODE(FIELD_INVALID));
    the.settings.join = (Unsay__V1__JoinPolicy)3;
    assert_check(&the, SETTINGS_JOIN, REFUSAL_CODE(FIELD_INVALID));
    the.settings.history = (Unsay__V1__HistoryVisibility)-1;
    assert_check(&the, SETTINGS_HISTORY, REFUSAL_CODE(FIELD_INVALID));
    assert_check(&the, SETTINGS_HISTORY_LAST, REFUSAL_CODE(FIELD_INVALID));
    the.settings.history_last = LIMIT_HISTORY_LAST_MAX + 1;
    assert_check(&the, SETTINGS_HISTORY_LAST, REFUSAL_CODE(FIELD_INVALID));
    the.request.settings = NULL;
    assert_check(&the, SETTINGS_READ_ONLY, REFUSAL_CODE(FIELD_INVALID));
    the.request.conversation = string_of("no id");
    assert_check(&the, SETTINGS_READ_ONLY, REFUSAL_CODE(INVALID_ID));
    decided_fini(&the.decided);
}

static void who_may_change_what(void **state)
{
    (void)state;
    for (int role = 0; role <= (int)WIRE(ROLE, INVITED); role++) {
        for (int field = 1; field <= 7; field++) {
            struct settings_case the;
            case_init(&the, (Unsay__V1__Role)role);
            the.settings = (wire_settings)UNSAY__V1__SETTINGS__INIT;
            the.settings.name = string_of("Club");
            the.settings.description = string_of("About");
            the.settings.read_only = the.settings.dissolved = true;
            the.settings.join = WIRE(JOIN_POLICY, OPEN);
            the.settings.history = WIRE(HISTORY_VISIBILITY, FROM_JOINING);
            the.settings.history_last = 5;
            the.request.fields = 1U << field;
            bool may =
                role == (int)WIRE(ROLE, OWNER) || (role == (int)WIRE(ROLE, ADMIN) && field != 7);
            refusal_code no = role_is_member((Unsay__V1__Role)role) ? REFUSAL_CODE(NOT_PERMITTED)
                                                                    : REFUSAL_CODE(NOT_A_MEMBER);
            assert_int_equal(case_decide(&the), may ? REFUSAL_NONE : no);
            assert_int_equal(decided_publications(&the.decided), may);
            if (may) {
                const wire_event *event = event_decode(
                    decided_change(&the.decided, CHANGE_EVENT)->bytes, &the.decided.arena);
                assert_int_equal(event->settings->fields, 1U << field);
            }
            decided_fini(&the.decided);
        }
    }
}

static void a_change_leaves_everything_else(void **state)
{
    (void)state;
    struct settings_case the;
    case_init(&the, WIRE(ROLE, ADMIN));
    the.row.settings.join = WIRE(JOIN_POLICY, MEMBERS);
    the.settings.read_only = true;
    the.request.fields = SETTINGS_NAME | SETTINGS_READ_ONLY;
    assert_int_equal(case_decide(&the), REFUSAL_NONE);
    assert_int_equal(the.answer.seq, 5);
    const struct conversation_row *row =
        &decided_change(&the.decided, CHANGE_CONVERSATION)->conversation_row;
    assert_true(view_equal(row->name, view_of("Club")));
    assert_true(view_equal(row->description, view_of("about")));
    assert_true(view_equal(row->creator, view_of("ann")));
    assert_int_equal(row->member_count, 10);
    assert_int_equal(row->invited_count, 2);
    assert_true(row->settings.is_read_only);
    assert_int_equal(row->settings.join, WIRE(JOIN_POLICY, MEMBERS));
    assert_true(the.decided.conversation.settings.is_read_only);
    const wire_event *event =
        event_decode(decided_change(&the.decided, CHANGE_EVENT)->bytes, &the.decided.arena);
    assert_string_equal(event->settings->actor, "ann");
    assert_string_equal(event->settings->settings->description, "about");
    assert_int_equal(event->settings->fields, SETTINGS_NAME | SETTINGS_READ_ONLY);
    decided_fini(&the.decided);
}

static void what_is_so_already_changes_nothing(void **state)
{
    (void)state;
    struct settings_case the;
    case_init(&the, WIRE(ROLE, ADMIN));
    the.settings.name = string_of("club");
    the.request.fields = SETTINGS_NAME | SETTINGS_READ_ONLY | SETTINGS_JOIN;
    assert_int_equal(case_decide(&the), REFUSAL_NONE);
    assert_int_equal(the.answer.seq, 0);
    assert_int_equal(the.decided.effects.changes.count, 0);
    decided_fini(&the.decided);
}

static void dissolved_is_for_ever(void **state)
{
    (void)state;
    struct settings_case the;
    case_init(&the, WIRE(ROLE, OWNER));
    the.row.settings.is_dissolved = true;
    the.request.fields = SETTINGS_NAME;
    assert_int_equal(case_decide(&the), REFUSAL_CODE(DISSOLVED));
    the.decided.author.authority = WIRE(ACTOR, SYSTEM);
    assert_int_equal(case_decide(&the), REFUSAL_CODE(DISSOLVED));
    the.settings.dissolved = true;
    the.request.fields = SETTINGS_DISSOLVED;
    assert_int_equal(case_decide(&the), REFUSAL_NONE);
    assert_int_equal(the.answer.seq, 0);
    assert_int_equal(the.decided.effects.changes.count, 0);
    decided_fini(&the.decided);
}

static void the_last_events_need_a_number(void **state)
{
    (void)state;
    struct settings_case the;
    case_init(&the, WIRE(ROLE, OWNER));
    the.settings.history = WIRE(HISTORY_VISIBILITY, LAST);
    the.request.fields = SETTINGS_HISTORY;
    assert_int_equal(case_decide(&the), REFUSAL_CODE(FIELD_INVALID));
    assert_int_equal(the.decided.effects.changes.count, 0);
    the.settings.history_last = 10;
    the.request.fields |= SETTINGS_HISTORY_LAST;
    assert_int_equal(case_decide(&the), REFUSAL_NONE);
    decided_fini(&the.decided);
}

static void a_direct_conversation_has_none(void **state)
{
    (void)state;
    struct settings_case the;
    case_init(&the, WIRE(ROLE, MEMBER));
    the.decided.conversation.type = WIRE(CONVERSATION_TYPE, DIRECT);
    the.request.fields = SETTINGS_NAME;
    assert_int_equal(case_decide(&the), REFUSAL_CODE(NOT_PERMITTED));
    the.decided.author.authority = WIRE(ACTOR, SYSTEM);
    assert_int_equal(case_decide(&the), REFUSAL_CODE(NOT_PERMITTED));
    decided_fini(&the.decided);
}

/* ---- Who may write ---- */

static void who_may_write(void **state)
{
    (void)state;
    for (int at = 0; at < 3 * 2 * 2 * 2 * 5; at++) {
        bool is_read_only = at % 2;
        bool is_dissolved = at / 2 % 2;
        bool is_muted = at / 4 % 2;
        int role = at / 8 % 5 + (int)WIRE(ROLE, OWNER);
        int type = at / 40 + (int)WIRE(CONVERSATION_TYPE, DIRECT);
        struct settings_case the;
        case_init(&the, (Unsay__V1__Role)role);
        the.decided.conversation.type = (Unsay__V1__ConversationType)type;
        the.decided.conversation.settings = (struct conversation_settings){
            .is_read_only = is_read_only, .is_dissolved = is_dissolved};
        the.decided.member.row.muted_until_ms = is_muted ? NOW_MS + 1 : NOW_MS;
        bool is_low = role > (int)WIRE(ROLE, MODERATOR);
        bool is_closed = type == (int)WIRE(CONVERSATION_TYPE, CHANNEL) ||
                         (type == (int)WIRE(CONVERSATION_TYPE, GROUP) && is_read_only);
        refusal_code refusal = REFUSAL_NONE;
        if (is_dissolved)
            refusal = REFUSAL_CODE(DISSOLVED);
        else if (is_closed && is_low)
            refusal = REFUSAL_CODE(READ_ONLY);
        else if (is_muted)
            refusal = REFUSAL_CODE(MUTED);
        assert_int_equal(settings_judge_writer(&the.decided.conversation, &the.decided.author,
                                               &the.decided.member, NOW_MS),
                         refusal);
        the.decided.author.authority = WIRE(ACTOR, SYSTEM);
        assert_int_equal(settings_judge_writer(&the.decided.conversation, &the.decided.author,
                                               &the.decided.member, NOW_MS),
                         is_dissolved ? REFUSAL_CODE(DISSOLVED) : REFUSAL_NONE);
        decided_fini(&the.decided);
    }
}

static void a_refusal_says_until_when(void **state)
{
    (void)state;
    static const struct {
        uint64_t until_ms;
        const char *detail;
    } cases[] = {
        {1, "you are muted here until 1970-01-01T00:00:01Z"},
        {UINT64_C(951782400000), "you are muted here until 2000-02-29T00:00:00Z"},
        {UINT64_C(1700000000000), "you are muted here until 2023-11-14T22:13:20Z"},
        {UINT64_C(4107542399999), "you are muted here until 2100-03-01T00:00:00Z"},
        {UINT64_C(253402300799000), "you are muted here until 9999-12-31T23:59:59Z"},
        {UINT64_MAX, "you are muted here until that is lifted"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char detail[MUTED_DETAIL_BYTES];
        settings_tell_muted(cases[i].until_ms, detail);
        assert_string_equal(detail, cases[i].detail);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_wrong_field_has_its_refusal),
        cmocka_unit_test(who_may_change_what),
        cmocka_unit_test(a_change_leaves_everything_else),
        cmocka_unit_test(what_is_so_already_changes_nothing),
        cmocka_unit_test(dissolved_is_for_ever),
        cmocka_unit_test(the_last_events_need_a_number),
        cmocka_unit_test(a_direct_conversation_has_none),
        cmocka_unit_test(who_may_write),
        cmocka_unit_test(a_refusal_says_until_when),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
