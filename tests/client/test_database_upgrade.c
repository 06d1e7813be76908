#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "database_fixture.h"
#include "unsay/reading.h"

#include <unistd.h>

/* A database of the first version, as its schema was, with something in each table: a message of
 * bob's and its recall, one that is normal, a failed and a waiting message, a recall without an
 * answer. */
static const char first_version[] =
    "PRAGMA journal_mode=WAL;"
    "CREATE TABLE identity(user TEXT NOT NULL,device TEXT NOT NULL,store BLOB NOT NULL);"
    "CREATE TABLE event(conversation TEXT,origin INTEGER,seq INTEGER,kind INTEGER NOT NULL,"
    " time INTEGER NOT NULL,message_id BLOB NOT NULL,sender TEXT NOT NULL,device TEXT NOT NULL,"
    " content_type INTEGER NOT NULL,state INTEGER NOT NULL,body INTEGER,operator TEXT NOT NULL,"
    " reason TEXT NOT NULL,recall_time INTEGER NOT NULL,target_origin INTEGER NOT NULL,"
    " target_seq INTEGER NOT NULL,PRIMARY KEY(conversation,origin,seq)) WITHOUT ROWID;"
    "CREATE INDEX event_by_message ON event(message_id) WHERE kind=1;"
    "CREATE TABLE body(number INTEGER PRIMARY KEY,bytes BLOB NOT NULL);"
    "CREATE TABLE cursor(conversation TEXT,origin INTEGER,stored INTEGER NOT NULL,"
    " displayed INTEGER NOT NULL,PRIMARY KEY(conversation,origin)) WITHOUT ROWID;"
    "CREATE TABLE conversation(id TEXT PRIMARY KEY,type INTEGER NOT NULL,name TEXT NOT NULL,"
    " peer TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE outbox(number INTEGER PRIMARY KEY,conversation TEXT NOT NULL,"
    " message_id BLOB NOT NULL UNIQUE,content_type INTEGER NOT NULL,body INTEGER NOT NULL,"
    " state INTEGER NOT NULL,refusal INTEGER NOT NULL,text TEXT NOT NULL,"
    " is_recalled INTEGER NOT NULL,is_retry INTEGER NOT NULL);"
    "CREATE TABLE outbox_body(number INTEGER PRIMARY KEY,bytes BLOB NOT NULL);"
    "CREATE TABLE request(number INTEGER PRIMARY KEY AUTOINCREMENT,frame BLOB NOT NULL);"
    "INSERT INTO identity VALUES('alice','phone',x'000102030405060708090a0b0c0d0e0f');"
    "INSERT INTO body VALUES(1,x'00000000'),(2,'kept');"
    "INSERT INTO event "
    "VALUES('g:1',1,1,1,1700000000001,zeroblob(16),'bob','desk',1,2,NULL,'bob','',"
    " 1700000000003,0,0);"
    "INSERT INTO event VALUES('g:1',1,2,1,1700000000002,x'00000000000000000000000000000002','bob',"
    " 'desk',1,1,2,'','',0,0,0);"
    "INSERT INTO event "
    "VALUES('g:1',1,3,2,1700000000003,zeroblob(16),'bob','',1,2,NULL,'bob','typo',"
    " 1700000000003,1,1);"
    "INSERT INTO cursor VALUES('g:1',1,3,1),('g:2',1,8,8);"
    "INSERT INTO conversation VALUES('g:1',2,'the group','');"
    "INSERT INTO outbox_body VALUES(1,'failed'),(2,'waiting');"
    "INSERT INTO outbox VALUES(1,'g:1',x'00000000000170008000000000000001',1,1,2,18,'no',0,0);"
    "INSERT INTO outbox VALUES(2,'g:1',x'00000000000170008000000000000002',1,2,1,0,'',0,0);"
    "INSERT INTO request VALUES(5,'recall');"
    "PRAGMA user_version=1;";

static void make_first_version(struct fixture *fixture)
{
    database_close(fixture->database);
    char path[128];
    snprintf(path, sizeof(path), "%s/unsay.db", fixture->scratch.path);
    assert_int_equal(unlink(path), 0);
    fixture_execute(fixture, first_version);
}

static void expect_cursor(void *context, const struct client_cursor *cursor)
{
    size_t *count = context;
    bool is_first = view_equal(cursor->conversation, view_of("g:1"));
    assert_int_equal(cursor->stored, is_first ? 3 : 8);
    assert_int_equal(cursor->displayed, is_first ? 1 : 8);
    assert_int_equal(cursor->recalled, is_first ? 3 : 0);
    ++*count;
}

static void check_upgraded(struct fixture *fixture)
{
    struct unsay_event event = fixture_get(fixture, "g:1", 2);
    assert_memory_equal(event.body, "kept", 4);
    assert_int_equal(event.mention_count, 0);
    event = fixture_get(fixture, "g:1", 1);
    assert_int_equal(event.state, UNSAY_MESSAGE_RECALLED);
    assert_string_equal(event.operator_user, "bob");
    assert_false(event.is_vanished);
    assert_string_equal(fixture_get(fixture, "g:1", 3).reason, "typo");
    size_t cursors = 0;
    assert_int_equal(database_cursors(fixture->database, expect_cursor, &cursors), STATUS_OK);
    assert_int_equal(cursors, 2);
    struct uuid store;
    assert_int_equal(database_store(fixture->database, &store), STATUS_OK);
    assert_int_equal(store.bytes[15], 15);
    bool is_synced;
    assert_int_equal(database_synced(fixture->database, &is_synced), STATUS_OK);
    assert_true(is_synced);
    struct unsay_span span;
    size_t spans;
    assert_int_equal(database_spans(fixture->database, view_of("g:1"), &span, 1, &spans),
                     STATUS_OK);
    assert_int_equal(spans, 1);
    assert_int_equal(span.first, 1);
    assert_int_equal(span.last, 3);
    /* The events of g:2 made room for others. */
    assert_int_equal(database_spans(fixture->database, view_of("g:2"), &span, 1, &spans),
                     STATUS_OK);
    assert_int_equal(spans, 0);
    char requests[64] = "";
    assert_int_equal(database_requests(fixture->database, 9, gather_requests, requests), STATUS_OK);
    assert_string_equal(requests, "5:recall ");
}

static void a_database_of_the_first_version_is_upgraded(void **state)
{
    struct fixture *fixture = *state;
    make_first_version(fixture);
    fixture_open(fixture);
    check_upgraded(fixture);
    fixture_assert_outbox(fixture, "w");
    uint32_t unread, mentions;
    assert_int_equal(database_unread(fixture->database, view_of("g:1"), &unread, &mentions),
                     STATUS_OK);
    assert_int_equal(unread, 1);
    struct unsay_conversation listed;
    assert_int_equal(
        database_conversation(fixture->database, view_of("g:1"), &fixture->arena, &listed),
        STATUS_OK);
    assert_int_equal(listed.role, UNSAY_ROLE_MEMBER);
    assert_int_equal(listed.preview->seq, 2);
    assert_int_equal(listed.unread, 1);
    assert_true(listed.activity_ms == 1700000000002);
    assert_true(fixture_resend(fixture, 1));
    fixture_assert_outbox(fixture, "wf");
    fixture_reopen(fixture);
    check_upgraded(fixture);
    fixture_assert_outbox(fixture, "wf");
    uint8_t key[DATABASE_KEY_BYTES];
    assert_int_equal(database_key(fixture->database, key), STATUS_OK);

    /* What it does not know from before, it can take. */
    wire_event *mentioning = make_message(&fixture->arena, "g:1", 4, "x");
    make_mention(&fixture->arena, mentioning, "alice");
    fixture_put(fixture, mentioning);
    assert_string_equal(fixture_get(fixture, "g:1", 4).mentions[0], "alice");
    assert_true(fixture_recall(fixture, make_recall(&fixture->arena, "g:1", 5, 2)));
    fixture_scrub(fixture);
    assert_false(scratch_contains(&fixture->scratch, "kept", 4));
}

/* The outbox of a file of the first version that is damaged has no columns for details. */
static void a_damaged_database_of_the_first_version_gives_its_outbox(void **state)
{
    struct fixture *fixture = *state;
    make_first_version(fixture);
    long offset = fixture_root_offset(fixture, "event");
    scratch_overwrite(&fixture->scratch, "unsay.db", offset, "\xff\xff\xff\xff\xff\xff\xff\xff", 8);
    fixture_open(fixture);
    assert_int_equal(scratch_count(&fixture->scratch, "unsay.db.damaged-"), 1);
    fixture_assert_outbox(fixture, "w");
    assert_true(fixture_resend(fixture, 1));
}

#define fixture_test(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        fixture_test(a_database_of_the_first_version_is_upgraded),
        fixture_test(a_damaged_database_of_the_first_version_gives_its_outbox),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
