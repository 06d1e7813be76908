#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "database_fixture.h"

#include <sqlite3.h>

void fixture_open(struct fixture *fixture)
{
    struct failure failure = {STATUS_OK, ""};
    struct database_options options = {
        .directory = fixture->scratch.path,
        .user = "alice",
        .device = "phone",
        .key = fixture->key,
        .size_limit_bytes = fixture->size_limit_bytes,
    };
    if (database_open(&options, &fixture->database, &failure) != STATUS_OK)
        fail_msg("%s", failure.text);
}

void fixture_reopen(struct fixture *fixture)
{
    database_close(fixture->database);
    fixture_open(fixture);
}

int fixture_setup(void **state)
{
    static struct fixture fixture;
    fixture.key = NULL;
    fixture.size_limit_bytes = 0;
    scratch_init(&fixture.scratch);
    arena_init(&fixture.arena);
    fixture_open(&fixture);
    *state = &fixture;
    return 0;
}

int fixture_teardown(void **state)
{
    struct fixture *fixture = *state;
    database_close(fixture->database);
    arena_fini(&fixture->arena);
    scratch_fini(&fixture->scratch);
    return 0;
}

void fixture_put(struct fixture *fixture, const wire_event *event)
{
    database_begin(fixture->database);
    database_put_event(fixture->database, event);
    assert_int_equal(database_commit(fixture->database, NULL), STATUS_OK);
}

bool fixture_recall(struct fixture *fixture, const wire_event *event)
{
    database_begin(fixture->database);
    bool is_changed = database_recall(fixture->database, event);
    assert_int_equal(database_commit(fixture->database, NULL), STATUS_OK);
    return is_changed;
}

void fixture_scrub(struct fixture *fixture)
{
    assert_true(database_needs_scrub(fixture->database));
    assert_int_equal(database_scrub(fixture->database), STATUS_OK);
    assert_false(database_needs_scrub(fixture->database));
}

struct unsay_event fixture_get(struct fixture *fixture, const char *conversation, uint64_t seq)
{
    struct unsay_event event;
    assert_int_equal(
        database_event(fixture->database, view_of(conversation), 1, seq, &fixture->arena, &event),
        STATUS_OK);
    return event;
}

struct uuid fixture_id(uint8_t number)
{
    return (struct uuid){{0, 0, 0, 0, 0, 1, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, number}};
}

void fixture_add(struct fixture *fixture, struct uuid id, const char *body)
{
    struct client_outgoing outgoing = {
        .conversation = view_of("g:1"),
        .message_id = id,
        .content_type = WIRE(CONTENT_TYPE, TEXT),
        .body = view_of(body),
    };
    database_outbox_add(fixture->database, &outgoing, false);
}

void fixture_send(struct fixture *fixture, uint8_t number, const char *body)
{
    struct uuid id = fixture_id(number);
    database_begin(fixture->database);
    assert_true(database_outbox_has_room(fixture->database, 1));
    fixture_add(fixture, id, body);
    assert_int_equal(database_commit(fixture->database, NULL), STATUS_OK);
}

/* The outbox as a text of the bodies' first letters. */
void fixture_assert_outbox(struct fixture *fixture, const char *expected)
{
    struct client_outgoing *entries;
    size_t count;
    assert_int_equal(database_outbox(fixture->database, 0, 1000, &fixture->arena, &entries, &count),
                     STATUS_OK);
    char letters[1001] = "";
    for (size_t i = 0; i < count; i++) {
        letters[i] = (char)entries[i].body.data[0];
        assert_true(i == 0 || entries[i - 1].number < entries[i].number);
    }
    letters[count] = 0;
    assert_string_equal(letters, expected);
    assert_int_equal(database_outbox_count(fixture->database), count);
}

void fixture_finish(struct fixture *fixture, uint8_t number, bool is_accepted)
{
    struct uuid id = fixture_id(number);
    database_begin(fixture->database);
    if (is_accepted)
        database_outbox_accepted(fixture->database, &id);
    else
        database_outbox_failed(fixture->database, &id, WIRE(ERROR_CODE, NOT_A_MEMBER), "no");
    assert_int_equal(database_commit(fixture->database, NULL), STATUS_OK);
}

bool fixture_resend(struct fixture *fixture, uint8_t number)
{
    struct uuid id = fixture_id(number);
    database_begin(fixture->database);
    bool is_failed = database_outbox_retry(fixture->database, &id);
    assert_int_equal(database_commit(fixture->database, NULL), STATUS_OK);
    return is_failed;
}

void canary_write(char text[4096], unsigned number)
{
    unsigned filler = number * 37 % 900; /* pages split at different places */
    int size = snprintf(text, 4096, "canary-%05u-", number);
    memset(text + size, 'a' + (int)(number % 26), filler);
    snprintf(text + size + filler, 32, "-end-%05u", number);
}

void gather_requests(void *context, uint64_t number, struct view frame)
{
    char *text = context;
    size_t at = strlen(text);
    snprintf(text + at, 64 - at, "%llu:%.*s ", (unsigned long long)number, VIEW_PRINT(frame));
}

void fixture_execute(struct fixture *fixture, const char *sql)
{
    char path[128];
    sqlite3 *sqlite;
    snprintf(path, sizeof(path), "%s/unsay.db", fixture->scratch.path);
    assert_int_equal(sqlite3_open(path, &sqlite), SQLITE_OK);
    assert_int_equal(sqlite3_exec(sqlite, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(sqlite);
}

long fixture_root_offset(struct fixture *fixture, const char *table)
{
    char path[128];
    char sql[128];
    sqlite3 *sqlite;
    sqlite3_stmt *statement;
    snprintf(path, sizeof(path), "%s/unsay.db", fixture->scratch.path);
    snprintf(sql, sizeof(sql), "SELECT (rootpage-1)*4096 FROM sqlite_master WHERE name='%s'",
             table);
    assert_int_equal(sqlite3_open(path, &sqlite), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(sqlite, sql, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    long offset = (long)sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(sqlite);
    return offset;
}
