/* A search finds what a plain scan of the messages finds, whatever they are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/prng.h"
#include "base/utf8.h"
#include "search_fixture.h"
#include "unsay/search.h"

enum { RANDOM_MESSAGES = 1500, RANDOM_TERMS = 12, VOCABULARY = 24 };

static const char *const vocabulary[VOCABULARY] = {
    "red", "Green", "blue", "one", "two", "three", "alpha", "beta", "gamma", "x",  "yy", "zzz",
    "我",  "你",    "他",   "好",  "天",  "地",    "人",    "大",   "小",    "中", "国", "北",
};

/* A text, and its terms as "|term|term|". */
struct random_text {
    char text[200];
    char terms[200];
};

static void random_text(struct prng *prng, size_t count, struct random_text *random)
{
    bool was_word = false;
    random->text[0] = 0;
    snprintf(random->terms, sizeof(random->terms), "|");
    for (size_t i = 0; i < count; i++) {
        /* The first ones are common. */
        size_t at = prng_below(prng, 1 + prng_below(prng, VOCABULARY / 2)) +
                    prng_below(prng, 2) * VOCABULARY / 2;
        bool is_word = at < VOCABULARY / 2;
        size_t text = strlen(random->text);
        size_t terms = strlen(random->terms);
        snprintf(random->text + text, sizeof(random->text) - text, "%s%s",
                 is_word && was_word ? " " : "", vocabulary[at]);
        snprintf(random->terms + terms, sizeof(random->terms) - terms, "%s|", vocabulary[at]);
        was_word = is_word;
    }
}

struct random_message {
    struct random_text content;
    bool is_recalled;
};

/* One phrase or two; `terms` are those of each. */
static size_t random_query(struct prng *prng, char query[512], struct random_text parts[2])
{
    size_t count = 1 + prng_below(prng, 2);
    random_text(prng, 1 + prng_below(prng, 3), &parts[0]);
    random_text(prng, 1 + prng_below(prng, 3), &parts[1]);
    snprintf(query, 512, count == 1 ? "\"%s\"" : "\"%s\"\"%s\"", parts[0].text, parts[1].text);
    return count;
}

static const char *const conversations[] = {"g:0", "g:1", "g:2"};

static void check_against_scan(struct fixture *fixture, struct prng *prng,
                               const struct random_message *messages, size_t count)
{
    char query[512];
    struct random_text parts[2];
    size_t part_count = random_query(prng, query, parts);
    char *expected = arena_zero(&fixture->arena, 16 * count + 1);
    size_t size = 0;
    for (size_t i = count; i > 0; i--) {
        bool is_found = !messages[i - 1].is_recalled;
        for (size_t part = 0; part < part_count; part++)
            is_found = is_found && strstr(messages[i - 1].content.terms, parts[part].terms) != NULL;
        if (is_found)
            size += (size_t)snprintf(expected + size, 16, "g:%zu:%zu ", i % 3, i);
    }
    struct database_search request = {.text = view_of(query),
                                      .limit = 1 + (uint32_t)prng_below(prng, 100)};
    bool more = true;
    for (size_t at = 0; more;) {
        const char *page = find_page(fixture, &request, &more);
        if (strncmp(expected + at, page, strlen(page)) != 0 || more != (at + strlen(page) < size))
            fail_msg("%s: found %s, there is %s", query, page, expected + at);
        at += strlen(page);
        const char *last = strrchr(page, ':');
        if (last == NULL)
            continue;
        request.before_seq = strtoull(last + 1, NULL, 10);
        request.before_origin = 1;
        request.before_conversation = view_of(conversations[request.before_seq % 3]);
    }
}

static void results_equal_those_of_a_scan(void **state)
{
    struct fixture *fixture = *state;
    struct random_message *messages = calloc(RANDOM_MESSAGES, sizeof(*messages));
    struct prng prng = {20261122};
    for (size_t count = 0; count < RANDOM_MESSAGES;) {
        size_t until = count + 1 + prng_below(&prng, prng_below(&prng, 100) + 1);
        database_begin(fixture->database);
        for (; count < until && count < RANDOM_MESSAGES; count++) {
            random_text(&prng, 1 + prng_below(&prng, RANDOM_TERMS), &messages[count].content);
            char conversation[8];
            snprintf(conversation, sizeof(conversation), "g:%zu", (count + 1) % 3);
            database_put_event(fixture->database,
                               make_message(&fixture->arena, conversation, count + 1,
                                            messages[count].content.text));
            size_t target = prng_below(&prng, 3 * (count + 1));
            if (target > count)
                continue;
            snprintf(conversation, sizeof(conversation), "g:%zu", (target + 1) % 3);
            bool is_changed =
                database_recall(fixture->database, make_recall(&fixture->arena, conversation,
                                                               100000 + count, target + 1));
            assert_int_equal(is_changed, !messages[target].is_recalled);
            messages[target].is_recalled = true;
        }
        assert_int_equal(database_commit(fixture->database, NULL), STATUS_OK);
        if (prng_below(&prng, 20) == 0)
            fixture_reopen(fixture);
        check_against_scan(fixture, &prng, messages, count);
        arena_reset(&fixture->arena);
    }
    for (size_t i = 0; i < 300; i++)
        check_against_scan(fixture, &prng, messages, RANDOM_MESSAGES);
    free(messages);
}

/* More than are gathered at once. */
static void a_common_word_is_found_everywhere(void **state)
{
    struct fixture *fixture = *state;
    enum { MESSAGES = 5000 };
    database_begin(fixture->database);
    for (unsigned i = 0; i < MESSAGES; i++)
        database_put_event(fixture->database,
                           make_message(&fixture->arena, "g:1", i * 7 % MESSAGES + 1,
                                        i * 7 % 1000 == 0 ? "common rare" : "common"));
    assert_int_equal(database_commit(fixture->database, NULL), STATUS_OK);
    struct database_search request = {.text = view_of("common"), .limit = 100};
    struct unsay_found *found;
    size_t count;
    bool more = true;
    uint64_t expected = MESSAGES;
    while (more) {
        assert_int_equal(
            database_search(fixture->database, &request, &fixture->arena, &found, &count, &more),
            STATUS_OK);
        for (size_t i = 0; i < count; i++)
            assert_int_equal(found[i].seq, expected--);
        request.before_conversation = view_of("g:1");
        request.before_origin = 1;
        request.before_seq = expected + 1;
    }
    assert_int_equal(expected, 0);
}

/* The filters of all know both words; only the oldest messages have them in this order. */
static void what_may_match_and_does_not_hides_nothing(void **state)
{
    struct fixture *fixture = *state;
    database_begin(fixture->database);
    for (unsigned i = 1; i <= 3000; i++)
        database_put_event(fixture->database, make_message(&fixture->arena, "g:1", i,
                                                           i <= 2 ? "red blue" : "blue red"));
    assert_int_equal(database_commit(fixture->database, NULL), STATUS_OK);
    assert_string_equal(find(fixture, "\"red blue\""), "g:1:2 g:1:1 ");
}

static void bytes_of_any_kind_do_no_harm(void **state)
{
    struct fixture *fixture = *state;
    struct prng prng = {7};
    uint8_t bytes[96];
    for (unsigned i = 1; i <= 2000; i++) {
        wire_event *event = make_message(&fixture->arena, "g:1", i, "");
        size_t size = prng_below(&prng, sizeof(bytes));
        for (size_t k = 0; k < size; k++) {
            uint64_t kind = prng_below(&prng, 4);
            bytes[k] = (uint8_t)(kind == 0   ? prng_next(&prng)
                                 : kind == 1 ? 0x80 + prng_below(&prng, 64)
                                 : kind == 2 ? 0xe0 + prng_below(&prng, 24)
                                             : 'a' + prng_below(&prng, 3));
        }
        event->message->body = bytes_of(arena_copy(&fixture->arena, view_make(bytes, size)));
        fixture_put(fixture, event);
        struct database_search request = {.text = view_make(bytes, size), .limit = 3};
        struct unsay_found *found;
        size_t count;
        bool more;
        assert_int_equal(
            database_search(fixture->database, &request, &fixture->arena, &found, &count, &more),
            STATUS_OK);
        for (size_t k = 0; k < count; k++) {
            struct view snippet = view_of(found[k].snippet);
            const struct unsay_hit *last = &found[k].hits[found[k].hit_count - 1];
            assert_true(utf8_is_valid(snippet));
            assert_true(found[k].hit_count > 0 && last->start + last->bytes <= snippet.size);
        }
        arena_reset(&fixture->arena);
    }
}

#define fixture_test(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        fixture_test(results_equal_those_of_a_scan),
        fixture_test(a_common_word_is_found_everywhere),
        fixture_test(what_may_match_and_does_not_hides_nothing),
        fixture_test(bytes_of_any_kind_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
