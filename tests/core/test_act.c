/* Acts: every act, in every type of conversation, for every role. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/act.h"

enum {
    ACTS = 0
#define ACT(name, direct, group, channel) +1
#include "core/act.def"
#undef ACT
};

/* Per type, in the order nobody, owner, admin, moderator, member, guest, invited. */
static const struct {
    enum act act;
    const char *direct;
    const char *group;
    const char *channel;
} expected[] = {
    {ACT_WRITE, ".yyyyy.", ".yyyyy.", ".yyy..."},
    {ACT_WRITE_READ_ONLY, ".yyyyy.", ".yyy...", ".yyy..."},
    {ACT_RENAME, ".......", ".yy....", ".yy...."},
    {ACT_CONFIGURE, ".......", ".yy....", ".yy...."},
    {ACT_DISSOLVE, ".......", ".y.....", ".y....."},
    {ACT_ADD, ".......", ".yy....", ".yy...."},
    {ACT_ADD_AS_MEMBER, ".......", ".yyyy..", ".yyyy.."},
    {ACT_INVITE, ".......", ".yyy...", ".yyy..."},
    {ACT_INVITE_AS_MEMBER, ".......", ".yyyy..", ".yyyy.."},
    {ACT_WITHDRAW, ".......", ".yyy...", ".yyy..."},
    {ACT_CHANGE_ROLE, ".......", ".yy....", ".yy...."},
    {ACT_REMOVE, ".......", ".yyy...", ".yyy..."},
    {ACT_MUTE, ".......", ".yyy...", ".yyy..."},
    {ACT_PIN, ".yyyyy.", ".yyy...", ".yyy..."},
};

static void assert_row(enum act act, Unsay__V1__ConversationType type, const char *may)
{
    for (int role = -1; role <= WIRE(ROLE, INVITED) + 1; role++) {
        bool is_role = role >= 0 && role <= (int)WIRE(ROLE, INVITED);
        bool is_expected = is_role && may[role] == 'y';
        if (act_is_permitted(act, type, (Unsay__V1__Role)role) != is_expected)
            fail_msg("act %d, type %d, role %d", (int)act, (int)type, role);
    }
}

static void every_act_of_every_role_in_every_type(void **state)
{
    (void)state;
    assert_int_equal(sizeof(expected) / sizeof(expected[0]), ACTS);
    for (size_t i = 0; i < ACTS; i++) {
        assert_int_equal(expected[i].act, i);
        assert_row(expected[i].act, WIRE(CONVERSATION_TYPE, DIRECT), expected[i].direct);
        assert_row(expected[i].act, WIRE(CONVERSATION_TYPE, GROUP), expected[i].group);
        assert_row(expected[i].act, WIRE(CONVERSATION_TYPE, CHANNEL), expected[i].channel);
    }
}

static void everyone_has_a_say_over_those_below(void **state)
{
    (void)state;
    static const char *const reach[] = {".......", ".yyyyy.", "...yyy.", "....yy.",
                                        ".......", ".......", "......."};
    for (int actor = 0; actor <= (int)WIRE(ROLE, INVITED); actor++) {
        for (int other = 0; other <= (int)WIRE(ROLE, INVITED); other++) {
            bool reaches = act_reaches((Unsay__V1__Role)actor, (Unsay__V1__Role)other);
            if (reaches != (reach[actor][other] == 'y'))
                fail_msg("actor %d, other %d", actor, other);
        }
    }
    assert_false(act_reaches((Unsay__V1__Role)-1, WIRE(ROLE, GUEST)));
    assert_false(act_reaches((Unsay__V1__Role)99, WIRE(ROLE, GUEST)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_act_of_every_role_in_every_type),
        cmocka_unit_test(everyone_has_a_say_over_those_below),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
