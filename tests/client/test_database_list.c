/* The list of conversations on the device, against a naive model of the logs, and what it costs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/prng.h"
#include "client/database_internal.h"
#include "core/listing.h"
#include "database_fixture.h"

#include <stdlib.h>

enum { CONVERSATIONS = 6, SEQS_MAX = 200, STEPS = 700, SEEDS = 12 };

struct model_event {
    bool is_message;
    bool is_own;
    bool is_mention;
    bool is_recalled;
    bool is_vanished;
};

struct model_log {
    char id[8];
    struct model_event events[SEQS_MAX + 1];
    uint64_t head;
    uint64_t displayed;
    Unsay__V1__Role role;
    uint64_t joined_seq;
    struct listing_row listing;
};

struct model {
    struct fixture *fixture;
    struct prng prng;
    struct model_log logs[CONVERSATIONS];
    uint64_t time; /* of the last event, whatever its conversation */
    bool is_wrong; /* looked at after the commit: a test that fails inside a transaction hangs */
};

/* Ticks in the counter of the hybrid clock, so that times in milliseconds alone do not tell. */
static wire_event *model_time(struct model *model, struct model_log *log, wire_event *event)
{
    event->time = ++model->time;
    log->events[log->head].is_message = event->kind_case == EVENT_KIND(MESSAGE);
    return event;
}

static uint64_t model_activity(const struct model_log *log)
{
    uint64_t seq = log->head;
    while (seq > 0 && !log->events[seq].is_message)
        seq--;
    return seq > log->joined_seq ? seq : log->joined_seq;
}

static void model_say(struct model *model, struct model_log *log)
{
    struct arena *arena = &model->fixture->arena;
    wire_event *event = make_message(arena, log->id, ++log->head, "x");
    struct model_event *at = &log->events[log->head];
    at->is_own = prng_below(&model->prng, 3) == 0;
    if (at->is_own)
        event->message->sender = string_of("alice");
    at->is_mention = prng_below(&model->prng, 4) == 0;
    if (at->is_mention)
        make_mention(arena, event, "*");
    database_put_event(model->fixture->database, model_time(model, log, event));
}

static void model_recall(struct model *model, struct model_log *log)
{
    uint64_t target = log->head - prng_below(&model->prng, log->head < 5 ? log->head : 5);
    if (!log->events[target].is_message)
        return;
    wire_event *event = make_recall(&model->fixture->arena, log->id, ++log->head, target);
    event->recall->vanished = prng_below(&model->prng, 2) == 0;
    if (!log->events[target].is_recalled)
        log->events[target].is_vanished = event->recall->vanished != 0;
    log->events[target].is_recalled = true;
    model_time(model, log, event);
    database_recall(model->fixture->database, event);
    database_put_event(model->fixture->database, event);
}

static void model_member(struct model *model, struct model_log *log)
{
    bool is_self = prng_below(&model->prng, 2) == 0;
    Unsay__V1__Role role = (Unsay__V1__Role)prng_below(&model->prng, 5);
    wire_event *event = make_membership(&model->fixture->arena, log->id, ++log->head,
                                        is_self ? "alice" : "carol", role);
    database_put_event(model->fixture->database, model_time(model, log, event));
    if (!is_self)
        return;
    if (log->role == WIRE(ROLE, UNSPECIFIED) && role != WIRE(ROLE, UNSPECIFIED))
        log->joined_seq = log->head;
    log->role = role;
}

/* News come in any order, and repeated. */
static void model_set(struct model *model, struct model_log *log)
{
    struct prng *prng = &model->prng;
    struct listing_row old = log->listing;
    wire_listing wire;
    log->listing.version++;
    log->listing.muted_until_ms = prng_below(prng, 2) == 0 ? UINT64_MAX : 0;
    log->listing.pinned_ms = prng_below(prng, 2) == 0 ? 1 + prng_below(prng, 3) : 0;
    log->listing.hiding = (Unsay__V1__Hiding)prng_below(prng, 3);
    log->listing.hidden_seq =
        log->listing.hiding == WIRE(HIDING, UNTIL_MESSAGE) ? log->head - prng_below(prng, 2) : 0;
    listing_to_wire(&log->listing, &wire);
    wire.conversation = log->id;
    model->is_wrong |= !database_put_listing(model->fixture->database, &wire);
    model->is_wrong |= database_put_listing(model->fixture->database, &wire);
    listing_to_wire(&old, &wire);
    wire.conversation = log->id;
    model->is_wrong |= database_put_listing(model->fixture->database, &wire);
}

static void model_step(struct model *model, struct model_log *log)
{
    uint64_t what = prng_below(&model->prng, 20);
    if (log->head + 1 >= SEQS_MAX)
        return;
    if (what < 9)
        model_say(model, log);
    else if (what < 14)
        model_recall(model, log);
    else if (what < 16)
        model_member(model, log);
    else if (what < 18)
        model_set(model, log);
    else
        log->displayed += prng_below(&model->prng, log->head - log->displayed + 1);
    struct client_cursor cursor = {view_of(log->id), 1, log->head, log->displayed, 0};
    database_put_cursor(model->fixture->database, &cursor);
}

/* ---- What the list must be ---- */

struct expected {
    const struct model_log *log;
    struct listing_place place;
};

static int expected_compare(const void *a, const void *b)
{
    const struct expected *left = a;
    const struct expected *right = b;
    return listing_compare(&left->place, &right->place);
}

static uint64_t model_event_ms(struct model *model, const struct model_log *log, uint64_t seq)
{
    return fixture_get(model->fixture, log->id, seq).time_ms;
}

static size_t model_expect(struct model *model, bool with_hidden, const uint64_t *times,
                           struct expected expected[CONVERSATIONS])
{
    size_t count = 0;
    for (size_t i = 0; i < CONVERSATIONS; i++) {
        const struct model_log *log = &model->logs[i];
        if (log->role == WIRE(ROLE, UNSPECIFIED) ||
            (!with_hidden && listing_is_hidden(&log->listing, model_activity(log))))
            continue;
        expected[count].log = log;
        expected[count++].place =
            (struct listing_place){log->listing.pinned_ms, times[i], view_of(log->id)};
    }
    qsort(expected, count, sizeof(expected[0]), expected_compare);
    return count;
}

static void model_check_entry(struct model *model, const struct model_log *log,
                              const struct unsay_conversation *entry)
{
    uint32_t unread = 0;
    uint32_t mentions = 0;
    uint64_t preview = 0;
    for (uint64_t seq = log->head; seq > 0; seq--) {
        const struct model_event *event = &log->events[seq];
        if (event->is_message && !event->is_vanished && preview == 0)
            preview = seq;
        if (!event->is_message || event->is_own || event->is_recalled || seq <= log->displayed ||
            unread == LIMIT_UNREAD_MAX)
            continue;
        unread++;
        mentions += event->is_mention;
    }
    assert_string_equal(entry->id, log->id);
    assert_int_equal(entry->role, log->role);
    assert_int_equal(entry->unread, unread);
    assert_int_equal(entry->mentions, mentions);
    assert_int_equal(entry->preview == NULL ? 0 : entry->preview->seq, preview);
    assert_true(preview == 0 || (entry->preview->body == NULL) == log->events[preview].is_recalled);
    assert_true(entry->muted_until_ms == log->listing.muted_until_ms);
    assert_int_equal(entry->pinned_ms, log->listing.pinned_ms);
    assert_int_equal(entry->hiding, log->listing.hiding);
    assert_int_equal(entry->is_hidden, listing_is_hidden(&log->listing, model_activity(log)));
    assert_int_equal(entry->activity_ms, model_event_ms(model, log, model_activity(log)));
}

/* The list in pages of `limit`, from the top. */
static void model_check(struct model *model, bool with_hidden, uint32_t limit,
                        const uint64_t *times)
{
    struct expected expected[CONVERSATIONS];
    struct unsay_conversation *page = NULL;
    struct unsay_conversation last;
    struct unsay_conversation_query query = {with_hidden, NULL, limit};
    size_t count = 0;
    bool more = true;
    size_t total = model_expect(model, with_hidden, times, expected);
    size_t at = 0;
    while (more) {
        assert_int_equal(database_conversations(model->fixture->database, &query,
                                                &model->fixture->arena, &page, &count, &more),
                         STATUS_OK);
        for (size_t i = 0; i < count; i++, at++) {
            assert_true(at < total);
            model_check_entry(model, expected[at].log, &page[i]);
            last = page[i];
            query.after = &last;
        }
        assert_true(count > 0 || !more);
    }
    assert_int_equal(at, total);
}

static void model_begin(struct model *model)
{
    for (size_t i = 0; i < CONVERSATIONS; i++) {
        struct model_log *log = &model->logs[i];
        wire_conversation_entry entry = UNSAY__V1__CONVERSATION_ENTRY__INIT;
        snprintf(log->id, sizeof(log->id), "g:%zu", i);
        log->head = 1;
        log->joined_seq = 1;
        log->role = WIRE(ROLE, OWNER);
        wire_event *event =
            make_membership(&model->fixture->arena, log->id, 1, "alice", WIRE(ROLE, OWNER));
        database_put_event(model->fixture->database, model_time(model, log, event));
        entry.conversation = log->id;
        entry.type = WIRE(CONVERSATION_TYPE, GROUP);
        entry.role = WIRE(ROLE, OWNER);
        model->is_wrong |= !database_put_conversation(model->fixture->database, &entry);
        model->is_wrong |= database_put_conversation(model->fixture->database, &entry);
    }
}

/* The times that the events of the model's activities have. */
static void model_times(struct model *model, uint64_t times_of[CONVERSATIONS][SEQS_MAX + 1],
                        uint64_t times[CONVERSATIONS])
{
    for (size_t i = 0; i < CONVERSATIONS; i++)
        times[i] = times_of[i][model_activity(&model->logs[i])];
}

static void the_list_is_that_of_a_naive_model(void **state)
{
    struct fixture *fixture = *state;
    static struct model model;
    static uint64_t times_of[CONVERSATIONS][SEQS_MAX + 1];
    uint64_t times[CONVERSATIONS];
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        model = (struct model){.fixture = fixture, .prng = {.state = seed}, .time = seed << 40};
        database_begin(fixture->database);
        database_forget(fixture->database);
        model_begin(&model);
        for (size_t i = 0; i < CONVERSATIONS; i++)
            times_of[i][1] = (seed << 40) + i + 1;
        assert_int_equal(database_commit(fixture->database, NULL), STATUS_OK);
        for (unsigned step = 0; step < STEPS; step++) {
            size_t i = prng_below(&model.prng, CONVERSATIONS);
            database_begin(fixture->database);
            uint64_t head = model.logs[i].head;
            model_step(&model, &model.logs[i]);
            assert_int_equal(database_commit(fixture->database, NULL), STATUS_OK);
            assert_false(model.is_wrong);
            if (model.logs[i].head > head)
                times_of[i][model.logs[i].head] = model.time;
            if (step % 10 != 0)
                continue;
            model_times(&model, times_of, times);
            model_check(&model, false, 1 + (uint32_t)prng_below(&model.prng, 4), times);
            model_check(&model, true, LIMIT_LIST_CONVERSATIONS_MAX, times);
            arena_reset(&fixture->arena);
        }
    }
}

/* ---- Entries of the server's list, and the log behind them ---- */

static struct unsay_conversation one(struct fixture *fixture, const char *id)
{
    struct unsay_conversation conversation;
    assert_int_equal(
        database_conversation(fixture->database, view_of(id), &fixture->arena, &conversation),
        STATUS_OK);
    return conversation;
}

static void put_entry(struct fixture *fixture, const char *id, Unsay__V1__Role role,
                      uint64_t activity_seq, uint64_t activity)
{
    wire_head head = UNSAY__V1__HEAD__INIT;
    wire_head *heads[] = {&head};
    head.origin = 1;
    head.seq = activity_seq;
    wire_conversation_entry entry = UNSAY__V1__CONVERSATION_ENTRY__INIT;
    entry.conversation = string_of(id);
    entry.type = WIRE(CONVERSATION_TYPE, GROUP);
    entry.name = string_of("club");
    entry.role = role;
    entry.activity_seq = activity_seq;
    entry.activity = activity;
    entry.n_heads = 1;
    entry.heads = heads;
    database_begin(fixture->database);
    database_put_conversation(fixture->database, &entry);
    assert_int_equal(database_commit(fixture->database, NULL), STATUS_OK);
}

static void an_entry_is_ahead_of_the_log(void **state)
{
    struct fixture *fixture = *state;
    put_entry(fixture, "g:1", WIRE(ROLE, ADMIN), 9, UINT64_C(900) << 16);
    struct unsay_conversation entry = one(fixture, "g:1");
    assert_int_equal(entry.activity_ms, 900);
    assert_string_equal(entry.name, "club");
    assert_null(entry.preview);
    wire_event *event = make_message(&fixture->arena, "g:1", 3, "an early one");
    event->time = UINT64_C(300) << 16;
    fixture_put(fixture, event);
    entry = one(fixture, "g:1");
    assert_int_equal(entry.activity_ms, 900);
    assert_int_equal(entry.preview->seq, 3);
    assert_int_equal(entry.role, UNSAY_ROLE_ADMIN);
    /* What the log brings of before does not change the role; what comes after it does. */
    fixture_put(fixture,
                make_membership(&fixture->arena, "g:1", 4, "alice", WIRE(ROLE, UNSPECIFIED)));
    fixture_put(fixture, make_membership(&fixture->arena, "g:1", 5, "alice", WIRE(ROLE, MEMBER)));
    assert_int_equal(one(fixture, "g:1").role, UNSAY_ROLE_ADMIN);
    fixture_put(fixture, make_membership(&fixture->arena, "g:1", 10, "alice", WIRE(ROLE, GUEST)));
    assert_int_equal(one(fixture, "g:1").role, UNSAY_ROLE_GUEST);
    /* An old page of the list changes no time back. */
    put_entry(fixture, "g:1", WIRE(ROLE, ADMIN), 2, UINT64_C(200) << 16);
    assert_int_equal(one(fixture, "g:1").activity_ms, 900);
}

static void one_who_was_removed_while_away(void **state)
{
    struct fixture *fixture = *state;
    put_entry(fixture, "g:1", WIRE(ROLE, MEMBER), 1, 1 << 16);
    database_begin(fixture->database);
    bool is_first = database_put_left(fixture->database, view_of("g:1"));
    bool is_again = database_put_left(fixture->database, view_of("g:1"));
    bool is_unknown = database_put_left(fixture->database, view_of("g:none"));
    assert_int_equal(database_commit(fixture->database, NULL), STATUS_OK);
    assert_true(is_first && !is_again && !is_unknown);
    assert_int_equal(one(fixture, "g:1").role, UNSAY_ROLE_NONE);
    fixture_reopen(fixture);
    assert_int_equal(one(fixture, "g:1").role, UNSAY_ROLE_NONE);
    assert_int_equal(one(fixture, "g:none").role, UNSAY_ROLE_NONE);
    assert_string_equal(one(fixture, "g:none").id, "g:none");
}

static void count_cursor(void *context, const struct client_cursor *cursor)
{
    assert_true(view_equal(cursor->conversation, view_of("g:1")));
    assert_int_equal(cursor->stored, 0);
    ++*(size_t *)context;
}

/* Else nobody would notice that a list to come lacks it. */
static void a_conversation_without_a_log_is_known_at_the_next_start(void **state)
{
    struct fixture *fixture = *state;
    size_t count = 0;
    put_entry(fixture, "g:1", WIRE(ROLE, MEMBER), 1, 1 << 16);
    assert_int_equal(database_cursors(fixture->database, count_cursor, &count), STATUS_OK);
    assert_int_equal(count, 1);
    database_begin(fixture->database);
    database_put_left(fixture->database, view_of("g:1"));
    assert_int_equal(database_commit(fixture->database, NULL), STATUS_OK);
    assert_int_equal(database_cursors(fixture->database, count_cursor, &count), STATUS_OK);
    assert_int_equal(count, 1);
}

static void put_creation(struct fixture *fixture, const char *id, Unsay__V1__ConversationType type,
                         const char *const users[2])
{
    wire_event event = UNSAY__V1__EVENT__INIT;
    wire_creation creation = UNSAY__V1__CREATION__INIT;
    wire_member members[2] = {UNSAY__V1__MEMBER__INIT, UNSAY__V1__MEMBER__INIT};
    wire_member *list[2] = {&members[0], &members[1]};
    for (size_t i = 0; i < 2 && users[i] != NULL; i++) {
        members[i].user = string_of(users[i]);
        members[i].role = WIRE(ROLE, MEMBER);
        creation.n_members++;
    }
    creation.members = list;
    creation.type = type;
    creation.name = string_of(type == WIRE(CONVERSATION_TYPE, DIRECT) ? "" : "old name");
    creation.creator = string_of(users[0]);
    event.conversation = string_of(id);
    event.origin = 1;
    event.seq = 1;
    event.time = UINT64_C(5) << 16;
    event.kind_case = EVENT_KIND(CREATION);
    event.creation = &creation;
    fixture_put(fixture, &event);
}

static void a_conversation_is_known_by_its_first_event(void **state)
{
    static const char *const pair[2] = {"bob", "alice"};
    static const char *const self[2] = {"alice", NULL};
    static const char *const others[2] = {"bob", "carol"};
    struct fixture *fixture = *state;
    put_creation(fixture, "d:alice:bob", WIRE(CONVERSATION_TYPE, DIRECT), pair);
    assert_string_equal(one(fixture, "d:alice:bob").peer, "bob");
    assert_int_equal(one(fixture, "d:alice:bob").activity_ms, 5);
    put_creation(fixture, "d:alice:alice", WIRE(CONVERSATION_TYPE, DIRECT), self);
    assert_string_equal(one(fixture, "d:alice:alice").peer, "alice");
    /* Somebody else's group, which alice joins later. */
    put_creation(fixture, "g:1", WIRE(CONVERSATION_TYPE, GROUP), others);
    assert_int_equal(one(fixture, "g:1").role, UNSAY_ROLE_NONE);
    assert_string_equal(one(fixture, "g:1").name, "old name");
    /* What the list said is newer than the first event. */
    put_entry(fixture, "g:2", WIRE(ROLE, MEMBER), 4, 7 << 16);
    put_creation(fixture, "g:2", WIRE(CONVERSATION_TYPE, GROUP), pair);
    assert_string_equal(one(fixture, "g:2").name, "club");
    assert_int_equal(one(fixture, "g:2").activity_ms, 7);
}

/* The latest hundred count, and of them the mentions, as the server counts. */
static void the_latest_are_counted(void **state)
{
    struct fixture *fixture = *state;
    database_begin(fixture->database);
    for (uint64_t seq = 1; seq <= 150; seq++) {
        wire_event *event = make_message(&fixture->arena, "g:1", seq, "x");
        if (seq > 130)
            make_mention(&fixture->arena, event, "alice");
        database_put_event(fixture->database, event);
    }
    struct client_cursor cursor = {view_of("g:1"), 1, 150, 0, 0};
    database_put_cursor(fixture->database, &cursor);
    assert_int_equal(database_commit(fixture->database, NULL), STATUS_OK);
    assert_int_equal(one(fixture, "g:1").unread, LIMIT_UNREAD_MAX);
    assert_int_equal(one(fixture, "g:1").mentions, 20);
}

/* ---- What it costs ---- */

enum { LONG_RUN = 5000 };

static int steps_of(struct fixture *fixture, enum statement statement)
{
    return sqlite3_stmt_status(fixture->database->statements[statement], SQLITE_STMTSTATUS_VM_STEP,
                               1);
}

/* However much was taken back, vanished, or written by the user: no walk over it. */
static void no_walk_over_a_long_log(void **state)
{
    struct fixture *fixture = *state;
    database_begin(fixture->database);
    database_put_event(fixture->database, make_message(&fixture->arena, "g:1", 1, "the preview"));
    for (uint64_t seq = 2; seq <= LONG_RUN; seq++) {
        wire_event *event = make_message(&fixture->arena, "g:1", seq, "mine");
        event->message->sender = string_of("alice");
        if (seq > LONG_RUN / 2)
            event = make_tombstone(&fixture->arena, "g:1", seq);
        if (event->message->tombstone != NULL)
            event->message->tombstone->vanished = 1;
        database_put_event(fixture->database, event);
    }
    for (uint64_t seq = LONG_RUN + 1; seq <= 2 * LONG_RUN; seq++)
        database_put_event(fixture->database, make_pin(&fixture->arena, "g:1", seq, 1));
    struct client_cursor cursor = {view_of("g:1"), 1, UINT64_C(2) * LONG_RUN, 0, 0};
    database_put_cursor(fixture->database, &cursor);
    assert_int_equal(database_commit(fixture->database, NULL), STATUS_OK);
    fixture_get(fixture, "g:1", 1);
    one(fixture, "g:1");
    steps_of(fixture, STATEMENT_EVENT_UNREAD);
    steps_of(fixture, STATEMENT_EVENT_GET);
    struct unsay_conversation entry = one(fixture, "g:1");
    assert_int_equal(entry.unread, 1);
    assert_int_equal(entry.preview->seq, LONG_RUN / 2);
    assert_in_range(steps_of(fixture, STATEMENT_EVENT_UNREAD), 1, 200);
    assert_in_range(steps_of(fixture, STATEMENT_EVENT_GET), 1, 200);
}

#define fixture_test(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        fixture_test(the_list_is_that_of_a_naive_model),
        fixture_test(an_entry_is_ahead_of_the_log),
        fixture_test(one_who_was_removed_while_away),
        fixture_test(a_conversation_without_a_log_is_known_at_the_next_start),
        fixture_test(a_conversation_is_known_by_its_first_event),
        fixture_test(the_latest_are_counted),
        fixture_test(no_walk_over_a_long_log),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
