/* What a search finds, page by page; and that index and messages are one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "search_fixture.h"
#include "unsay/search.h"

static struct unsay_found find_one(struct fixture *fixture, const char *text)
{
    struct database_search request = {.text = view_of(text), .limit = 1};
    struct unsay_found *found;
    size_t count;
    bool more;
    assert_int_equal(
        database_search(fixture->database, &request, &fixture->arena, &found, &count, &more),
        STATUS_OK);
    assert_int_equal(count, 1);
    return found[0];
}

static void words_phrases_and_characters_are_found(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        const char *text;
        const char *query;
        bool is_found;
    } cases[] = {
        {"Hello, World", "hello", true},
        {"Hello, World", "WORLD hello", true},
        {"Hello, World", "hello there", false},
        {"Hello, World", "hell", false},
        {"Hello, World", "\"hello world\"", true},
        {"Hello, World", "\"world hello\"", false},
        {"Hello, big World", "\"hello world\"", false},
        {"Hello, World", "\"hello wor", false},
        {"Hello, World", "\"hello world", true},
        {"Cr\xc3\xa8me br\xc3\xbbl\xc3\xa9"
         "e",
         "creme BRULEE", true},
        {"\xd0\x9f\xd0\xa0\xd0\x98\xd0\x92\xd0\x95\xd0\xa2",
         "\xd0\xbf\xd1\x80\xd0\xb8\xd0\xb2\xd0\xb5\xd1\x82", true},
        {"state-of-the-art", "state-of-the-art", true},
        {"the state of the art", "state-of", true},
        {"the state and the art of", "state-of", false},
        {"我们明天去北京开会", "北京", true},
        {"我们明天去北京开会", "京", true},
        {"我们明天去北京开会", "明天北京", false},
        {"我们明天去北京开会", "明天 北京", true},
        {"我们明天去北京开会", "\"明天去北京\"", true},
        {"我们明天去北京开会", "京北", false},
        {"我们明天去北京开会", "上海", false},
        {"用iPhone拍照", "iphone", true},
        {"用iPhone拍照", "iphone拍", true},
        {"用iPhone拍照", "phone", false},
        {"東京タワーへ行きます", "タワー", true},
        {"東京タワーへ行きます", "行きます", true},
        {"안녕하세요", "하세", true},
        {"สวัสดีครับ", "ครับ", true},
        {"see you 🎉🎂", "🎂", true},
        {"see you 🎉", "🎂", false},
        {"\U00020bb7野家", "\U00020bb7野", true},
        {"anything", "", false},
        {"anything", " \t\"\" \" ?! ", false},
        {"anything", "anything OR nothing", false},
        {"a AND b* NEAR(c) ^d -e", "NEAR(c) b* -e ^d", true},
        {"semicolon", "'; DROP TABLE search; --", false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char expected[32] = "";
        fixture_put(fixture, make_message(&fixture->arena, "g:1", i + 1, cases[i].text));
        snprintf(expected, sizeof(expected), "g:1:%zu ", i + 1);
        bool is_found = strstr(find(fixture, cases[i].query), expected) != NULL;
        if (is_found != cases[i].is_found)
            fail_msg("\"%s\" in \"%s\": %d", cases[i].query, cases[i].text, is_found);
    }
}

static void a_snippet_stands_around_the_first_hit(void **state)
{
    struct fixture *fixture = *state;
    char text[1024] = "";
    for (int i = 0; i < 40; i++)
        snprintf(text + strlen(text), 16, "w%d\n", i);
    fixture_put(fixture, make_message(&fixture->arena, "g:1", 7, text));
    struct unsay_found found = find_one(fixture, "W20 \"w22 w23\"");
    assert_string_equal(found.conversation, "g:1");
    assert_int_equal(found.seq, 7);
    assert_string_equal(found.sender, "bob");
    assert_int_equal(found.time_ms, 1700000000007);
    assert_true(found.is_cut_before && found.is_cut_after);
    assert_int_equal(strlen(found.snippet), 96);
    assert_null(strchr(found.snippet, '\n'));
    assert_memory_equal(found.snippet + 24, "w20 w21 w22 w23", 15);
    assert_int_equal(found.hit_count, 3);
    assert_int_equal(found.hits[0].start, 24);
    assert_int_equal(found.hits[1].start, 32);
    assert_int_equal(found.hits[2].bytes, 3);

    fixture_put(fixture, make_message(&fixture->arena, "g:1", 8, "我们在北京北京见面\xff"));
    found = find_one(fixture, "北京");
    assert_false(found.is_cut_before || found.is_cut_after);
    assert_string_equal(found.snippet, "我们在北京北京见面\xef\xbf\xbd");
    assert_int_equal(found.hit_count, 1);
    assert_int_equal(found.hits[0].start, 9);
    assert_int_equal(found.hits[0].bytes, 12);
}

static void newest_first_page_by_page(void **state)
{
    struct fixture *fixture = *state;
    for (unsigned i = 1; i <= 9; i++) {
        const char *conversation = i % 2 == 0 ? "g:1" : "g:2";
        fixture_put(fixture, make_message(&fixture->arena, conversation, 10 - i, "needle"));
    }
    assert_string_equal(find(fixture, "needle"),
                        "g:2:9 g:1:8 g:2:7 g:1:6 g:2:5 g:1:4 g:2:3 g:1:2 g:2:1 ");
    struct database_search request = {
        .text = view_of("needle"),
        .limit = 4,
        .before_conversation = view_of("g:1"),
        .before_origin = 1,
        .before_seq = 8,
    };
    bool more;
    assert_string_equal(find_page(fixture, &request, &more), "g:2:7 g:1:6 g:2:5 g:1:4 ");
    assert_true(more);

    /* A page goes on behind a message that was taken back meanwhile. */
    assert_true(fixture_recall(fixture, make_recall(&fixture->arena, "g:1", 11, 4)));
    request.before_seq = 4;
    assert_string_equal(find_page(fixture, &request, &more), "g:2:3 g:1:2 g:2:1 ");
    assert_false(more);
    request.before_seq = 99;
    assert_string_equal(find_page(fixture, &request, &more), "");
    request = (struct database_search){
        .text = view_of("needle"), .limit = 100, .conversation = view_of("g:1")};
    assert_string_equal(find_page(fixture, &request, &more), "g:1:8 g:1:6 g:1:2 ");
}

/* ---- Index and messages are one ---- */

static void what_is_no_normal_text_is_not_indexed(void **state)
{
    struct fixture *fixture = *state;
    wire_event *file = make_message(&fixture->arena, "g:1", 1, "needle");
    file->message->content_type = WIRE(CONTENT_TYPE, FILE);
    fixture_put(fixture, file);
    fixture_put(fixture, make_tombstone(&fixture->arena, "g:1", 2));
    fixture_put(fixture, make_message(&fixture->arena, "g:1", 3, ""));
    fixture_put(fixture, make_message(&fixture->arena, "g:1", 4, "needle"));
    fixture_put(fixture, make_message(&fixture->arena, "g:1", 4, "needle"));
    assert_string_equal(find(fixture, "needle"), "g:1:4 ");
    assert_true(fixture_recall(fixture, make_recall(&fixture->arena, "g:1", 5, 1)));
    assert_true(fixture_recall(fixture, make_recall(&fixture->arena, "g:1", 6, 3)));
    assert_string_equal(find(fixture, "needle"), "g:1:4 ");
}

static void without_the_index_nothing_is_stored(void **state)
{
    struct fixture *fixture = *state;
    database_close(fixture->database);
    fixture_execute(fixture, "CREATE TRIGGER full BEFORE INSERT ON search BEGIN SELECT "
                             "RAISE(FAIL,'no room'); END");
    fixture_open(fixture);
    database_begin(fixture->database);
    database_put_event(fixture->database, make_message(&fixture->arena, "g:1", 1, "needle"));
    assert_int_not_equal(database_commit(fixture->database, NULL), STATUS_OK);
    assert_int_equal(fixture_get(fixture, "g:1", 1).kind, 0);
    database_close(fixture->database);
    fixture_execute(fixture, "DROP TRIGGER full");
    fixture_open(fixture);
    fixture_put(fixture, make_message(&fixture->arena, "g:1", 2, "another"));
    assert_string_equal(find(fixture, "needle"), "");
    assert_string_equal(find(fixture, "another"), "g:1:2 ");
}

/* Even an index that is behind names nothing that was taken back. */
static void a_stale_row_shows_nothing(void **state)
{
    struct fixture *fixture = *state;
    fixture_put(fixture, make_message(&fixture->arena, "g:1", 1, "needle"));
    fixture_put(fixture, make_message(&fixture->arena, "g:1", 2, "needle"));
    database_close(fixture->database);
    fixture_execute(fixture, "CREATE TABLE saved AS SELECT * FROM search");
    fixture_open(fixture);
    assert_true(fixture_recall(fixture, make_recall(&fixture->arena, "g:1", 3, 1)));
    database_close(fixture->database);
    fixture_execute(fixture, "DELETE FROM search; INSERT INTO search SELECT * FROM saved");
    fixture_open(fixture);
    assert_string_equal(find(fixture, "needle"), "g:1:2 ");
}

static void a_database_of_the_second_version_is_indexed(void **state)
{
    struct fixture *fixture = *state;
    for (unsigned i = 1; i <= 50; i++)
        fixture_put(fixture,
                    make_message(&fixture->arena, "g:1", 51 - i, i == 20 ? canary : "needle 北京"));
    assert_true(fixture_recall(fixture, make_recall(&fixture->arena, "g:1", 60, 10)));
    database_close(fixture->database);
    fixture_execute(fixture, "DROP TABLE search; DROP TABLE span; DROP TABLE place;"
                             "DROP TABLE audience; DROP TABLE attachment;"
                             "ALTER TABLE identity DROP COLUMN synced;"
                             "ALTER TABLE cursor DROP COLUMN begin;"
                             "DROP INDEX event_unread;"
                             "ALTER TABLE event DROP COLUMN own;"
                             "DROP TABLE conversation;"
                             "CREATE TABLE conversation(id TEXT PRIMARY KEY,type INTEGER NOT NULL,"
                             " name TEXT NOT NULL,peer TEXT NOT NULL) WITHOUT ROWID;"
                             "PRAGMA user_version=2");
    fixture_open(fixture);
    assert_string_equal(find(fixture, "midnight"), "g:1:31 ");
    assert_int_equal(strlen(find(fixture, "北京")), 48 * 7 - 9);
    assert_null(strstr(find(fixture, "北京"), ":10 "));
    assert_true(fixture_recall(fixture, make_recall(&fixture->arena, "g:1", 61, 31)));
    fixture_scrub(fixture);
    assert_string_equal(find(fixture, "midnight"), "");
    assert_false(files_hold(fixture, filter_of(fixture, canary)));
    fixture_put(fixture, make_message(&fixture->arena, "g:1", 62, "midnight"));
    assert_string_equal(find(fixture, "midnight"), "g:1:62 ");
}

/* Each an entry, as far as it goes, that no writer makes. */
static void a_damaged_index_begins_a_new_database(void **state)
{
    struct fixture *fixture = *state;
    static const char *const damages[] = {
        "x'20'",
        "x'2000'||zeroblob(29)",          /* short by one */
        "x'2000'||zeroblob(40)",          /* a rest */
        "x'1700'||zeroblob(21)",          /* no room for a header */
        "x'2000'||x'0009'||zeroblob(28)", /* nor for the conversation */
        "x'2000'||x'0501'||zeroblob(28)",
        "x'2000'||x'0601'||zeroblob(28)", /* nor for the filter */
        "x'2100'||x'1001'||zeroblob(29)",
        "x'2000'||x'ff00'||zeroblob(28)",
    };
    for (size_t i = 0; i < 2 * sizeof(damages) / sizeof(damages[0]); i++) {
        char sql[128];
        bool more;
        struct unsay_found *found;
        size_t count;
        fixture_put(fixture, make_message(&fixture->arena, "g:1", 1, canary));
        database_close(fixture->database);
        snprintf(sql, sizeof(sql), "UPDATE search SET entries=CAST(%s AS BLOB)", damages[i / 2]);
        fixture_execute(fixture, sql);
        fixture_open(fixture);
        if (i % 2 == 0) {
            struct database_search request = {.text = view_of("midnight"), .limit = 9};
            assert_int_equal(database_search(fixture->database, &request, &fixture->arena, &found,
                                             &count, &more),
                             STATUS_CORRUPT);
        } else {
            database_begin(fixture->database);
            database_recall(fixture->database, make_recall(&fixture->arena, "g:1", 2, 1));
            assert_int_equal(database_commit(fixture->database, NULL), STATUS_CORRUPT);
        }
        assert_int_equal(database_repair(fixture->database, NULL), STATUS_OK);
        assert_string_equal(find(fixture, "midnight"), "");
        assert_int_equal(fixture_get(fixture, "g:1", 1).kind, 0);
    }
}

#define fixture_test(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        fixture_test(words_phrases_and_characters_are_found),
        fixture_test(a_snippet_stands_around_the_first_hit),
        fixture_test(newest_first_page_by_page),
        fixture_test(what_is_no_normal_text_is_not_indexed),
        fixture_test(without_the_index_nothing_is_stored),
        fixture_test(a_stale_row_shows_nothing),
        fixture_test(a_database_of_the_second_version_is_indexed),
        fixture_test(a_damaged_index_begins_a_new_database),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
