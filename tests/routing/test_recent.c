/* What is kept in memory of recent messages: what was put there, or nothing. */
#include "routing/recent.h"

#include "base/prng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static struct recent recent;
static struct arena arena;

static int set_up(void **state)
{
    (void)state;
    recent_init(&recent);
    arena_init(&arena);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    recent_fini(&recent);
    arena_fini(&arena);
    return 0;
}

static void put(uint64_t hash, const char *conversation, const char *user, const char *device,
                uint64_t seq)
{
    struct uuid id = {{(uint8_t)seq, (uint8_t)(seq >> 8), 7}};
    wire_message message = UNSAY__V1__MESSAGE__INIT;
    wire_event event = UNSAY__V1__EVENT__INIT;
    message.message_id = bytes_of(uuid_view(&id));
    message.sender = string_of(user);
    message.device = string_of(device);
    message.content_type = WIRE(CONTENT_TYPE, IMAGE);
    event.conversation = string_of(conversation);
    event.origin = ORIGIN_DEFAULT;
    event.seq = seq;
    event.time = seq * 3;
    event.kind_case = EVENT_KIND(MESSAGE);
    event.message = &message;
    recent_put(&recent, hash, &event);
}

static const wire_event *get(uint64_t hash, const char *conversation, uint64_t seq)
{
    struct conversation of = {.id = conversation, .origin = ORIGIN_DEFAULT};
    return recent_get(&recent, hash, &of, seq, &arena);
}

static void forget(uint64_t hash, const char *conversation, uint64_t seq)
{
    struct conversation of = {.id = conversation, .origin = ORIGIN_DEFAULT};
    recent_forget(&recent, hash, &of, seq);
}

static void it_tells_what_a_recall_must_know(void **state)
{
    (void)state;
    put(5, "c", "ann", "phone", 258);
    const wire_event *event = get(5, "c", 258);
    assert_non_null(event);
    put(5, "c", "bob", "desk", 258); /* what was told stays as it was */
    assert_string_equal(event->conversation, "c");
    assert_int_equal(event->origin, ORIGIN_DEFAULT);
    assert_int_equal(event->seq, 258);
    assert_int_equal(event->time, 774);
    assert_int_equal(event->kind_case, EVENT_KIND(MESSAGE));
    assert_string_equal(event->message->sender, "ann");
    assert_string_equal(event->message->device, "phone");
    assert_int_equal(event->message->content_type, WIRE(CONTENT_TYPE, IMAGE));
    assert_int_equal(event->message->state, WIRE(MESSAGE_STATE, NORMAL));
    assert_int_equal(event->message->message_id.len, UUID_BYTES);
    assert_int_equal(event->message->message_id.data[0], 2);
    assert_int_equal(event->message->message_id.data[1], 1);
    assert_int_equal(event->message->body.len, 0);
}

/* Two conversations whose ids have the same hash are told apart, and so are two messages that have
 * the same places. */
static void another_message_is_not_taken_for_it(void **state)
{
    (void)state;
    put(5, "c", "ann", "phone", 1);
    assert_null(get(5, "d", 1));
    assert_null(get(5, "c", 1 + RECENT_SLOTS));
    assert_null(get(5, "c", 1 + (UINT64_C(1) << 56)));
    forget(5, "d", 1);
    forget(5, "c", 1 + RECENT_SLOTS);
    assert_non_null(get(5, "c", 1));
    put(5, "d", "ann", "phone", 1);
    assert_non_null(get(5, "c", 1));
    assert_non_null(get(5, "d", 1));
    forget(5, "d", 1);
    assert_null(get(5, "d", 1));
    assert_non_null(get(5, "c", 1));
}

/* A message whose places are all taken gets that of the oldest. */
static void the_oldest_gives_way(void **state)
{
    (void)state;
    const uint64_t step = UINT64_C(1) << RECENT_CHOICE_BITS; /* places: its own, 1, 0 and 0 */
    put(0, "a", "ann", "phone", 50);                         /* all its places are one */
    put(step, "b", "ann", "phone", 50);
    assert_non_null(get(0, "a", 50));
    assert_non_null(get(step, "b", 50)); /* in its first place */
    put(0, "c", "ann", "phone", 50);
    assert_null(get(0, "a", 50));
    assert_non_null(get(0, "c", 50));
    put(step - 1, "d", "ann", "phone", 51); /* where b would go second */
    put(step, "e", "ann", "phone", 50);     /* nothing is free, and b is as old as c */
    assert_null(get(step, "b", 50));
    assert_non_null(get(step, "e", 50));
    assert_non_null(get(0, "c", 50));
    assert_non_null(get(step - 1, "d", 51));
}

/* Conversations that fall on each other's places keep their messages while others are free. */
static void conversations_do_not_displace_each_other(void **state)
{
    (void)state;
    enum { CONVERSATIONS = 12, EACH = RECENT_SLOTS / 2 / CONVERSATIONS };
    struct prng prng = {11};
    uint64_t hashes[CONVERSATIONS];
    char name[2] = "a";
    size_t kept = 0;
    for (int i = 0; i < CONVERSATIONS; i++, name[0]++) {
        hashes[i] = prng_next(&prng);
        for (uint64_t seq = 1; seq <= EACH; seq++)
            put(hashes[i], name, "ann", "phone", seq);
    }
    name[0] = 'a';
    for (int i = 0; i < CONVERSATIONS; i++, name[0]++) {
        for (uint64_t seq = 1; seq <= EACH; seq++) {
            arena_reset(&arena);
            kept += get(hashes[i], name, seq) != NULL;
        }
    }
    assert_true(kept * 100 >= (size_t)CONVERSATIONS * EACH * 97);
}

static void the_latest_of_a_conversation_do_not_displace_each_other(void **state)
{
    (void)state;
    uint64_t last = RECENT_SLOTS + 100;
    for (uint64_t seq = 1; seq <= last; seq++)
        put(UINT64_MAX - 50, "c", "ann", "phone", seq);
    for (uint64_t seq = 1; seq <= last; seq++) {
        arena_reset(&arena);
        assert_int_equal(get(UINT64_MAX - 50, "c", seq) != NULL, seq > 100);
    }
}

/* Authors live as long as one of their messages does, and there are never more than may be. */
static void authors_are_bounded(void **state)
{
    (void)state;
    char user[32];
    for (uint64_t i = 0; i <= RECENT_AUTHORS; i++) {
        snprintf(user, sizeof(user), "u%llu", (unsigned long long)i);
        put(0, "c", user, "phone", 1 + i);
    }
    assert_int_equal(recent.authors.count, RECENT_AUTHORS);
    assert_null(get(0, "c", 1 + RECENT_AUTHORS));
    forget(0, "c", 1);
    assert_int_equal(recent.authors.count, RECENT_AUTHORS - 1);
    put(0, "c", user, "phone", 1 + RECENT_AUTHORS);
    assert_non_null(get(0, "c", 1 + RECENT_AUTHORS));
    recent_clear(&recent);
    assert_int_equal(recent.authors.count, 0);
    assert_null(get(0, "c", 2));
}

/* In any order of puts, displacements and forgettings, an author counts its messages. */
static void authors_count_their_messages(void **state)
{
    (void)state;
    static const char *const users[] = {"a", "b", "c", "d"};
    struct prng prng = {7};
    for (int i = 0; i < 20000; i++) {
        uint64_t seq = 1 + prng_below(&prng, 40);
        uint64_t hash = prng_below(&prng, 30);
        const char *conversation = users[hash % 4];
        if (prng_below(&prng, 3) == 0)
            forget(hash, conversation, seq);
        else
            put(hash, conversation, users[prng_below(&prng, 4)], "phone", seq);
    }
    size_t held = 0;
    size_t kept = 0;
    size_t at = 0;
    for (struct recent_author *author; (author = table_next(&recent.authors, &at)) != NULL;)
        held += author->messages;
    for (size_t i = 0; i < RECENT_SHEET_SLOTS; i++)
        kept += recent.sheets[0][i].author != NULL;
    assert_true(kept > 0);
    assert_int_equal(held, kept);
    assert_true(recent.authors.count <= 16);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(it_tells_what_a_recall_must_know, set_up, tear_down),
        cmocka_unit_test_setup_teardown(another_message_is_not_taken_for_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_oldest_gives_way, set_up, tear_down),
        cmocka_unit_test_setup_teardown(conversations_do_not_displace_each_other, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_latest_of_a_conversation_do_not_displace_each_other,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(authors_are_bounded, set_up, tear_down),
        cmocka_unit_test_setup_teardown(authors_count_their_messages, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
