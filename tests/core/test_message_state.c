/* A message's state: the whole lattice, all pairs and triples. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/message_state.h"

static const message_state states[] = {WIRE(MESSAGE_STATE, NORMAL), WIRE(MESSAGE_STATE, RECALLED),
                                       WIRE(MESSAGE_STATE, ERASED)};
enum { STATES = sizeof(states) / sizeof(states[0]) };

static void steps_only_lead_forward(void **state)
{
    (void)state;
    for (size_t from = 0; from < STATES; from++) {
        for (size_t to = 0; to < STATES; to++)
            assert_int_equal(message_state_may_step(states[from], states[to]), from < to);
        assert_false(message_state_may_step(states[from], WIRE(MESSAGE_STATE, UNSPECIFIED)));
        assert_false(message_state_may_step(WIRE(MESSAGE_STATE, UNSPECIFIED), states[from]));
    }
}

static void joining_takes_the_one_further_along(void **state)
{
    (void)state;
    for (size_t a = 0; a < STATES; a++) {
        assert_int_equal(message_state_join(states[a], states[a]), states[a]);
        for (size_t b = 0; b < STATES; b++) {
            message_state joined = message_state_join(states[a], states[b]);
            assert_int_equal(joined, states[a > b ? a : b]);
            assert_int_equal(joined, message_state_join(states[b], states[a]));
            assert_true(joined == states[a] || message_state_may_step(states[a], joined));
            for (size_t c = 0; c < STATES; c++)
                assert_int_equal(
                    message_state_join(joined, states[c]),
                    message_state_join(states[a], message_state_join(states[b], states[c])));
        }
    }
}

static void states_have_names(void **state)
{
    (void)state;
    assert_string_equal(message_state_name(WIRE(MESSAGE_STATE, NORMAL)), "normal");
    assert_string_equal(message_state_name(WIRE(MESSAGE_STATE, RECALLED)), "recalled");
    assert_string_equal(message_state_name(WIRE(MESSAGE_STATE, ERASED)), "erased");
    assert_string_equal(message_state_name(WIRE(MESSAGE_STATE, UNSPECIFIED)), "unknown");
    assert_string_equal(message_state_name((message_state)99), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_only_lead_forward),
        cmocka_unit_test(joining_takes_the_one_further_along),
        cmocka_unit_test(states_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
