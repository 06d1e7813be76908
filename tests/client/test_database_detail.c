#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "database_fixture.h"

#include "base/prng.h"
#include "client/convert.h"

/* ---- What a message says beside its body ---- */

static wire_event *make_detailed(struct fixture *fixture, uint64_t seq, const char *body)
{
    wire_event *event = make_message(&fixture->arena, "g:1", seq, body);
    make_quote(&fixture->arena, event, 1);
    make_source(&fixture->arena, event, "source-of-the-canary", 9);
    make_mention(&fixture->arena, event, "mentioned-canary");
    return event;
}

static void details_are_read_as_they_were_stored(void **state)
{
    struct fixture *fixture = *state;
    fixture_put(fixture, make_detailed(fixture, 2, "hello"));
    fixture_reopen(fixture);
    struct unsay_event event = fixture_get(fixture, "g:1", 2);
    assert_int_equal(event.quote_origin, 1);
    assert_int_equal(event.quote_seq, 1);
    assert_string_equal(event.forwarded_from.conversation, "source-of-the-canary");
    assert_int_equal(event.forwarded_from.seq, 9);
    assert_int_equal(event.mention_count, 1);
    assert_string_equal(event.mentions[0], "mentioned-canary");
    assert_memory_equal(event.body, "hello", 5);
}

static void a_recall_erases_the_details_too(void **state)
{
    struct fixture *fixture = *state;
    fixture_put(fixture, make_detailed(fixture, 2, "hello"));
    fixture_put(fixture, make_detailed(fixture, 2, "hello")); /* a repetition */
    assert_true(scratch_contains(&fixture->scratch, "mentioned-canary", 16));
    assert_true(scratch_contains(&fixture->scratch, "source-of-the-canary", 20));
    assert_true(fixture_recall(fixture, make_recall(&fixture->arena, "g:1", 3, 2)));
    fixture_scrub(fixture);
    assert_false(scratch_contains(&fixture->scratch, "mentioned-canary", 16));
    assert_false(scratch_contains(&fixture->scratch, "source-of-the-canary", 20));
    struct unsay_event event = fixture_get(fixture, "g:1", 2);
    assert_int_equal(event.quote_seq, 0);
    assert_int_equal(event.forwarded_from.seq, 0);
    assert_int_equal(event.mention_count, 0);
}

static void a_tombstone_brings_no_details(void **state)
{
    struct fixture *fixture = *state;
    wire_event *event = make_detailed(fixture, 2, "");
    event->message->state = WIRE(MESSAGE_STATE, RECALLED);
    fixture_put(fixture, event);
    assert_false(scratch_contains(&fixture->scratch, "mentioned-canary", 16));
    assert_int_equal(fixture_get(fixture, "g:1", 2).mention_count, 0);
    struct unsay_event shown;
    event_from_wire(event, &fixture->arena, &shown);
    assert_int_equal(shown.mention_count, 0);
    assert_int_equal(shown.quote_seq, 0);
    assert_int_equal(shown.forwarded_from.seq, 0);
}

static void a_tombstone_tells_who_and_how(void **state)
{
    struct fixture *fixture = *state;
    wire_event *recall = make_recall(&fixture->arena, "g:1", 3, 2);
    recall->recall->actor = WIRE(ACTOR, MODERATOR);
    recall->recall->vanished = true;
    recall->recall->extension = bytes_of(view_of("extension"));
    fixture_put(fixture, make_message(&fixture->arena, "g:1", 2, "hello"));
    assert_true(fixture_recall(fixture, recall));
    fixture_put(fixture, recall);
    struct unsay_event tombstone = fixture_get(fixture, "g:1", 2);
    assert_int_equal(tombstone.actor, UNSAY_ACTOR_MODERATOR);
    assert_true(tombstone.is_vanished);
    struct unsay_event event = fixture_get(fixture, "g:1", 3);
    assert_int_equal(event.actor, UNSAY_ACTOR_MODERATOR);
    assert_int_equal(event.extension_bytes, 9);
    assert_memory_equal(event.extension, "extension", 9);
}

static void members_and_pins_are_read_as_they_were_stored(void **state)
{
    struct fixture *fixture = *state;
    fixture_put(fixture,
                make_membership(&fixture->arena, "g:1", 1, "carol", WIRE(ROLE, MODERATOR)));
    fixture_put(fixture, make_pin(&fixture->arena, "g:1", 2, 7));
    struct unsay_event event = fixture_get(fixture, "g:1", 1);
    assert_int_equal(event.kind, UNSAY_EVENT_MEMBERSHIP);
    assert_string_equal(event.sender, "bob");
    assert_int_equal(event.member_count, 1);
    assert_string_equal(event.members[0].user, "carol");
    assert_int_equal(event.members[0].role, UNSAY_ROLE_MODERATOR);
    event = fixture_get(fixture, "g:1", 2);
    assert_int_equal(event.kind, UNSAY_EVENT_PIN);
    assert_int_equal(event.target_origin, 1);
    assert_int_equal(event.target_seq, 7);
    assert_true(event.is_pinned);
}

static void the_details_of_the_outbox_are_kept_and_erased(void **state)
{
    struct fixture *fixture = *state;
    struct client_outgoing *entries;
    size_t count;
    struct client_outgoing outgoing = {
        .conversation = view_of("g:1"),
        .message_id = fixture_id(1),
        .content_type = WIRE(CONTENT_TYPE, TEXT),
        .body = view_of("hello"),
        .detail = view_of("detail-canary"),
    };
    database_begin(fixture->database);
    database_outbox_add(fixture->database, &outgoing, true);
    fixture_add(fixture, fixture_id(2), "plain");
    assert_int_equal(database_commit(fixture->database, NULL), STATUS_OK);
    fixture_reopen(fixture);
    assert_int_equal(database_outbox(fixture->database, 0, 9, &fixture->arena, &entries, &count),
                     STATUS_OK);
    assert_int_equal(count, 2);
    assert_true(view_equal(entries[0].detail, view_of("detail-canary")));
    assert_false(entries[0].is_stale);
    assert_int_equal(entries[1].detail.size, 0);

    database_begin(fixture->database);
    database_forget(fixture->database);
    assert_int_equal(database_commit(fixture->database, NULL), STATUS_OK);
    assert_int_equal(database_outbox(fixture->database, 0, 9, &fixture->arena, &entries, &count),
                     STATUS_OK);
    assert_true(entries[0].is_stale);
    assert_false(entries[1].is_stale);
    fixture_finish(fixture, 1, true);
    fixture_scrub(fixture);
    assert_false(scratch_contains(&fixture->scratch, "detail-canary", 13));
}

/* ---- Unread and preview, against a naive model ---- */

enum { EVENTS_MAX = 400 };

struct model {
    uint64_t count;
    uint64_t displayed;
    bool is_message[EVENTS_MAX + 2]; /* by seq; that is, not a recall */
    bool is_other[EVENTS_MAX + 2];   /* of somebody else */
    bool is_mention[EVENTS_MAX + 2];
    bool is_recalled[EVENTS_MAX + 2];
    bool is_vanished[EVENTS_MAX + 2];
};

static void model_say(struct fixture *fixture, struct model *model, struct prng *prng)
{
    static const char *const users[] = {"alice", "*", "carol"};
    uint64_t seq = ++model->count;
    wire_event *event = make_message(&fixture->arena, "g:1", seq, "x");
    model->is_message[seq] = true;
    model->is_other[seq] = prng_below(prng, 4) != 0;
    if (!model->is_other[seq])
        event->message->sender = string_of("alice");
    uint64_t user = prng_below(prng, 6);
    model->is_mention[seq] = user < 2;
    if (user < 3)
        make_mention(&fixture->arena, event, users[user]);
    database_put_event(fixture->database, event);
}

static void model_recall(struct fixture *fixture, struct model *model, struct prng *prng)
{
    uint64_t target = model->count == 0 ? 0 : 1 + prng_below(prng, model->count);
    if (prng_below(prng, 2) == 0) /* often the last one, which is the preview */
        target = model->count;
    while (target > 0 && !model->is_message[target])
        target--;
    if (target == 0)
        return;
    wire_event *event = make_recall(&fixture->arena, "g:1", ++model->count, target);
    event->recall->vanished = prng_below(prng, 3) == 0;
    if (!model->is_recalled[target])
        model->is_vanished[target] = event->recall->vanished != 0;
    model->is_recalled[target] = true;
    database_recall(fixture->database, event);
    database_put_event(fixture->database, event);
}

static void model_check(struct fixture *fixture, const struct model *model)
{
    uint32_t unread = 0, mentions = 0, told_unread, told_mentions;
    uint64_t preview = 0;
    for (uint64_t seq = 1; seq <= model->count; seq++) {
        if (model->is_message[seq] && !model->is_vanished[seq])
            preview = seq;
        if (!model->is_message[seq] || !model->is_other[seq] || model->is_recalled[seq] ||
            seq <= model->displayed || unread == LIMIT_UNREAD_MAX)
            continue;
        unread++;
        mentions += model->is_mention[seq];
    }
    assert_int_equal(
        database_unread(fixture->database, view_of("g:1"), &told_unread, &told_mentions),
        STATUS_OK);
    assert_int_equal(told_unread, unread);
    assert_int_equal(told_mentions, mentions);
    struct unsay_event event;
    assert_int_equal(database_preview(fixture->database, view_of("g:1"), &fixture->arena, &event),
                     STATUS_OK);
    assert_int_equal(event.seq, preview);
    assert_true(preview == 0 || (event.body == NULL) == model->is_recalled[preview]);
}

static void unread_and_preview_are_those_of_a_naive_model(void **state)
{
    struct fixture *fixture = *state;
    struct prng prng = {.state = 7};
    static struct model model;
    memset(&model, 0, sizeof(model));
    while (model.count < EVENTS_MAX) {
        database_begin(fixture->database);
        uint64_t what = prng_below(&prng, 10);
        if (what < 6)
            model_say(fixture, &model, &prng);
        else if (what < 9)
            model_recall(fixture, &model, &prng);
        else if (prng_below(&prng, 4) == 0)
            model.displayed += prng_below(&prng, model.count - model.displayed + 1);
        struct client_cursor cursor = {view_of("g:1"), 1, model.count, model.displayed, 0};
        database_put_cursor(fixture->database, &cursor);
        assert_int_equal(database_commit(fixture->database, NULL), STATUS_OK);
        model_check(fixture, &model);
    }
    fixture_reopen(fixture);
    model_check(fixture, &model);
}

static void unread_is_counted_to_a_limit(void **state)
{
    struct fixture *fixture = *state;
    uint32_t unread, mentions;
    database_begin(fixture->database);
    for (uint64_t seq = 1; seq <= 150; seq++)
        database_put_event(fixture->database, make_message(&fixture->arena, "g:1", seq, "x"));
    struct client_cursor cursor = {view_of("g:1"), 1, 150, 0, 0};
    database_put_cursor(fixture->database, &cursor);
    assert_int_equal(database_commit(fixture->database, NULL), STATUS_OK);
    assert_int_equal(database_unread(fixture->database, view_of("g:1"), &unread, &mentions),
                     STATUS_OK);
    assert_int_equal(unread, LIMIT_UNREAD_MAX);
    assert_int_equal(database_unread(fixture->database, view_of("g:2"), &unread, &mentions),
                     STATUS_OK);
    assert_int_equal(unread, 0);
}

/* ---- The device's key ---- */

static void the_key_is_made_once(void **state)
{
    struct fixture *fixture = *state;
    uint8_t first[DATABASE_KEY_BYTES], second[DATABASE_KEY_BYTES];
    assert_int_equal(database_key(fixture->database, first), STATUS_OK);
    fixture_reopen(fixture);
    assert_int_equal(database_key(fixture->database, second), STATUS_OK);
    assert_memory_equal(first, second, sizeof(first));
    database_close(fixture->database);
    scratch_overwrite(&fixture->scratch, "unsay.db", 0, "not a database at all", 21);
    fixture_open(fixture);
    assert_int_equal(database_key(fixture->database, second), STATUS_OK);
    assert_memory_not_equal(first, second, sizeof(first));
}

#define fixture_test(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        fixture_test(details_are_read_as_they_were_stored),
        fixture_test(a_recall_erases_the_details_too),
        fixture_test(a_tombstone_brings_no_details),
        fixture_test(a_tombstone_tells_who_and_how),
        fixture_test(members_and_pins_are_read_as_they_were_stored),
        fixture_test(the_details_of_the_outbox_are_kept_and_erased),
        fixture_test(unread_and_preview_are_those_of_a_naive_model),
        fixture_test(unread_is_counted_to_a_limit),
        fixture_test(the_key_is_made_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
