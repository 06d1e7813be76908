#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/prng.h"
#include "base/utf8.h"
#include "client/search_entry.h"
#include "database_fixture.h"

/* What a search finds, as "CONVERSATION:SEQ " for each. */
static const char *find_page(struct fixture *fixture, const struct database_search *request,
                             bool *more)
{
    struct unsay_found *found;
    size_t count;
    assert_int_equal(
        database_search(fixture->database, request, &fixture->arena, &found, &count, more),
        STATUS_OK);
    char *text = arena_zero(&fixture->arena, count * 32 + 1);
    for (size_t i = 0; i < count; i++)
        snprintf(text + strlen(text), 32, "%s:%llu ", found[i].conversation,
                 (unsigned long long)found[i].seq);
    return text;
}

static const char *find(struct fixture *fixture, const char *text)
{
    struct database_search request = {.text = view_of(text), .limit = 100};
    bool more;
    const char *found = find_page(fixture, &request, &more);
    assert_false(more);
    return found;
}

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

/* ---- What was taken back ---- */

/* The filter that the index holds for this text, as the only bytes of it that it holds. */
static struct view filter_of(struct fixture *fixture, const char *text)
{
    sqlite3 *sqlite;
    struct search_tokenizer tokenizer;
    struct search_terms terms = {.list = NULL};
    struct buffer entries;
    struct search_entry entry;
    struct search_key key = {1, 1, 1, view_of("g")};
    size_t at = 0;
    assert_int_equal(sqlite3_open(":memory:", &sqlite), SQLITE_OK);
    assert_true(search_tokenizer_init(&tokenizer, sqlite));
    buffer_init(&entries);
    search_terms_read(&terms, &tokenizer, view_of(text));
    search_entry_append(&entries, &key, &terms);
    assert_true(search_entry_next(buffer_view(&entries), &at, &entry));
    struct view filter = arena_copy(&fixture->arena, entry.filter);
    buffer_fini(&entries);
    search_terms_fini(&terms);
    search_tokenizer_fini(&tokenizer);
    sqlite3_close(sqlite);
    return filter;
}

static bool files_hold(struct fixture *fixture, struct view bytes)
{
    return scratch_contains(&fixture->scratch, bytes.data, bytes.size);
}

/* One that lies on two pages is whole on neither. */
static bool files_hold_half(struct fixture *fixture, struct view filter)
{
    size_t half = filter.size / 2;
    return files_hold(fixture, view_make(filter.data, half)) ||
           files_hold(fixture, view_make(filter.data + half, half));
}

static const char canary[] = "The QuetzalcoatlusCanary 金丝雀 flies at midnight over the old town";

static void a_recalled_message_is_in_no_byte_of_the_index(void **state)
{
    struct fixture *fixture = *state;
    struct view filter = filter_of(fixture, canary);
    fixture_put(fixture, make_message(&fixture->arena, "g:1", 1, "another one"));
    fixture_put(fixture, make_message(&fixture->arena, "g:1", 2, canary));
    assert_string_equal(find(fixture, "quetzalcoatluscanary 丝雀"), "g:1:2 ");
    assert_true(files_hold(fixture, filter));
    assert_true(files_hold(fixture, view_of("QuetzalcoatlusCanary")));
    assert_false(files_hold(fixture, view_of("quetzalcoatluscanary")));

    assert_true(fixture_recall(fixture, make_recall(&fixture->arena, "g:1", 3, 2)));
    assert_string_equal(find(fixture, "quetzalcoatluscanary"), "");
    assert_string_equal(find(fixture, "金丝雀"), "");
    fixture_scrub(fixture);
    assert_false(files_hold(fixture, filter));
    assert_false(files_hold(fixture, view_of("QuetzalcoatlusCanary")));
    assert_false(files_hold(fixture, view_of("quetzalcoatluscanary")));
    assert_false(files_hold(fixture, view_of("丝雀")));
    assert_string_equal(find(fixture, "another"), "g:1:1 ");
    fixture_reopen(fixture);
    assert_string_equal(find(fixture, "another"), "g:1:1 ");
    assert_string_equal(find(fixture, "midnight"), "");
    assert_false(files_hold(fixture, filter));
}

static void a_message_that_comes_with_its_recall_is_never_indexed(void **state)
{
    struct fixture *fixture = *state;
    database_begin(fixture->database);
    database_put_event(fixture->database,
                       make_message(&fixture->arena, "g:1", 1, "before the canary"));
    database_put_event(fixture->database, make_message(&fixture->arena, "g:1", 2, canary));
    database_put_event(fixture->database,
                       make_message(&fixture->arena, "g:1", 3, "behind the canary"));
    database_recall(fixture->database, make_recall(&fixture->arena, "g:1", 4, 2));
    assert_int_equal(database_commit(fixture->database, NULL), STATUS_OK);
    assert_false(files_hold(fixture, filter_of(fixture, canary)));
    assert_true(files_hold(fixture, filter_of(fixture, "before the canary")));
    assert_string_equal(find(fixture, "the canary"), "g:1:3 g:1:1 ");
    assert_string_equal(find(fixture, "midnight"), "");
}

/* The first ones are on their way to the disk by then, the last ones are not. */
static void one_transaction_takes_back_what_it_stored_long_ago(void **state)
{
    struct fixture *fixture = *state;
    enum { MESSAGES = 1000 };
    struct view filter = filter_of(fixture, canary);
    database_begin(fixture->database);
    for (unsigned i = 1; i <= MESSAGES; i++)
        database_put_event(fixture->database, make_message(&fixture->arena, "g:1", i,
                                                           i % 100 == 0 ? canary : "other"));
    for (unsigned i = 100; i <= MESSAGES; i += 100)
        assert_true(database_recall(fixture->database,
                                    make_recall(&fixture->arena, "g:1", MESSAGES + i, i)));
    assert_int_equal(database_commit(fixture->database, NULL), STATUS_OK);
    fixture_scrub(fixture);
    assert_false(files_hold_half(fixture, filter));
    assert_string_equal(find(fixture, "midnight"), "");
}

/* Rows of one and of many entries, long ones that lie on several pages, every second message taken
 * back. */
static void many_recalls_leave_no_filter(void **state)
{
    struct fixture *fixture = *state;
    enum { MESSAGES = 600 };
    static struct view filters[MESSAGES];
    char text[1024];
    database_begin(fixture->database);
    for (unsigned i = 0; i < MESSAGES; i++) {
        int size = 0;
        for (unsigned word = 0; word < 20 + i % 31; word++)
            size += snprintf(text + size, 32, "word%ux%u ", i, word);
        filters[i] = filter_of(fixture, text);
        database_put_event(fixture->database,
                           make_message(&fixture->arena, i % 3 == 0 ? "g:1" : "g:2", i + 1, text));
        if (i % 100 == 99 || i > 500) {
            assert_int_equal(database_commit(fixture->database, NULL), STATUS_OK);
            database_begin(fixture->database);
        }
    }
    for (unsigned i = 1; i < MESSAGES; i += 2) {
        assert_true(database_recall(
            fixture->database,
            make_recall(&fixture->arena, i % 3 == 0 ? "g:1" : "g:2", 10000 + i, i + 1)));
    }
    assert_int_equal(database_commit(fixture->database, NULL), STATUS_OK);
    fixture_scrub(fixture);
    for (unsigned i = 0; i < MESSAGES; i++)
        assert_int_equal(files_hold_half(fixture, filters[i]), i % 2 == 0);
    for (unsigned i = 0; i < MESSAGES; i++) {
        snprintf(text, sizeof(text), "word%ux3", i);
        assert_int_equal(strlen(find(fixture, text)) != 0, i % 2 == 0);
    }
}

static void another_store_empties_the_index(void **state)
{
    struct fixture *fixture = *state;
    struct view filter = filter_of(fixture, canary);
    fixture_put(fixture, make_message(&fixture->arena, "g:1", 1, canary));
    database_begin(fixture->database);
    database_put_event(fixture->database, make_message(&fixture->arena, "g:1", 2, canary));
    database_forget(fixture->database);
    database_put_event(fixture->database, make_message(&fixture->arena, "g:1", 1, "the new log"));
    assert_int_equal(database_commit(fixture->database, NULL), STATUS_OK);
    fixture_scrub(fixture);
    assert_false(files_hold(fixture, filter));
    assert_string_equal(find(fixture, "midnight"), "");
    assert_string_equal(find(fixture, "the"), "g:1:1 ");
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

/* ---- Against a plain scan ---- */

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
        fixture_test(words_phrases_and_characters_are_found),
        fixture_test(a_snippet_stands_around_the_first_hit),
        fixture_test(newest_first_page_by_page),
        fixture_test(a_recalled_message_is_in_no_byte_of_the_index),
        fixture_test(a_message_that_comes_with_its_recall_is_never_indexed),
        fixture_test(one_transaction_takes_back_what_it_stored_long_ago),
        fixture_test(many_recalls_leave_no_filter),
        fixture_test(another_store_empties_the_index),
        fixture_test(what_is_no_normal_text_is_not_indexed),
        fixture_test(without_the_index_nothing_is_stored),
        fixture_test(a_stale_row_shows_nothing),
        fixture_test(a_database_of_the_second_version_is_indexed),
        fixture_test(a_damaged_index_begins_a_new_database),
        fixture_test(results_equal_those_of_a_scan),
        fixture_test(a_common_word_is_found_everywhere),
        fixture_test(what_may_match_and_does_not_hides_nothing),
        fixture_test(bytes_of_any_kind_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
