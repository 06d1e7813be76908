/* A policy that takes forwards along: the recall of a message finds everything that was made of it,
 * at whichever owner, however far, and whether committed yet or not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cluster.h"
#include "core/frame.h"
#include "shown.h"
#include "storage/store_memory.h"

#include <stdlib.h>

enum { CONVERSATIONS = 5, HANDED_OUT_AT_ONCE = 40 };

static const struct policy_rule rules[] = {{.name = "along",
                                            .allows = true,
                                            .vanishes = true,
                                            .keep = POLICY_KEEP,
                                            .keep_ms = CLUSTER_HOUR_MS,
                                            .forwards = POLICY_FORWARDS_RECALLED}};
static const struct policy policy = {.version = {42}, .rules = rules, .rule_count = 1};

struct world {
    struct cluster cluster;
    struct link ann;
    size_t bodies; /* that ann was sent */
    size_t refusals;
    struct arena arena;
};

static struct world *the;

static void on_frame(struct link *link, struct view payload)
{
    (void)link;
    const wire_server_frame *frame = frame_decode_server(payload, &the->arena);
    assert_non_null(frame);
    the->bodies += memmem(payload.data, payload.size, "secret", 6) != NULL;
    the->refusals += frame->body_case == SERVER_FRAME(ERROR);
}

static char *conversation(unsigned number)
{
    char name[16];
    char id[65];
    snprintf(name, sizeof(name), "g:c%u", number);
    shown_parse_conversation(name, id);
    return arena_text(&the->arena, view_of(id));
}

static ProtobufCBinaryData id_of(char kind, unsigned number)
{
    char name[16];
    uint8_t *id = arena_alloc(&the->arena, 16);
    snprintf(name, sizeof(name), "%c%u", kind, number);
    shown_parse_id(name, id);
    return bytes_of(view_make(id, 16));
}

static void request(wire_client_frame *frame, bool settles)
{
    link_request(&the->ann, frame);
    if (settles)
        cluster_settle(&the->cluster);
}

static void create(unsigned number)
{
    wire_create_conversation create = UNSAY__V1__CREATE_CONVERSATION__INIT;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    create.creation_id = id_of('c', number);
    create.name = string_of("group");
    frame.body_case = CLIENT_FRAME(CREATE_CONVERSATION);
    frame.create_conversation = &create;
    request(&frame, true);
}

/* Message `number`; from 0: an original. */
static void send(unsigned to, unsigned number, unsigned from, uint64_t seq, bool settles)
{
    wire_send send = UNSAY__V1__SEND__INIT;
    wire_source source = UNSAY__V1__SOURCE__INIT;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    send.conversation = conversation(to);
    send.message_id = id_of('m', number);
    if (from == 0) {
        send.content_type = WIRE(CONTENT_TYPE, TEXT);
        send.body = bytes_of(view_of("secret"));
    } else {
        source.conversation = conversation(from);
        source.seq = seq;
        send.forward = &source;
    }
    frame.body_case = CLIENT_FRAME(SEND);
    frame.send = &send;
    request(&frame, settles);
}

static void recall(unsigned in, uint64_t seq, bool settles)
{
    wire_recall_request recall = UNSAY__V1__RECALL_REQUEST__INIT;
    wire_target target = UNSAY__V1__TARGET__INIT;
    wire_target *targets[] = {&target};
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    recall.conversation = conversation(in);
    recall.request_id = bytes_of(view_of("r1"));
    recall.reason = string_of("typo");
    recall.targets = targets;
    recall.n_targets = 1;
    target.seq = seq;
    frame.body_case = CLIENT_FRAME(RECALL);
    frame.recall = &recall;
    request(&frame, settles);
}

static void pin(unsigned in, uint64_t seq)
{
    wire_change_pin change = UNSAY__V1__CHANGE_PIN__INIT;
    wire_reference target = UNSAY__V1__REFERENCE__INIT;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    target.seq = seq;
    change.conversation = conversation(in);
    change.target = &target;
    change.is_pinned = true;
    frame.body_case = CLIENT_FRAME(CHANGE_PIN);
    frame.change_pin = &change;
    request(&frame, true);
}

static const wire_event *event_at(unsigned in, uint64_t seq)
{
    struct event_key key = {view_of(conversation(in)), ORIGIN_DEFAULT, seq};
    struct view bytes;
    if (store_get_event(the->cluster.store, key, &the->arena, &bytes) != STATUS_OK)
        return NULL;
    return event_decode(bytes, &the->arena);
}

static void connect_ann(void)
{
    the->ann = (struct link){.on_frame = on_frame};
    link_open(&the->ann, &the->cluster, 0, "ann", "phone", UINT64_MAX);
    cluster_settle(&the->cluster);
}

static int setup(void **state)
{
    (void)state;
    the = calloc(1, sizeof(*the));
    arena_init(&the->arena);
    cluster_init(&the->cluster, 3);
    the->cluster.settings.rules.policy = &policy;
    cluster_crash(&the->cluster); /* starts again with that policy */
    connect_ann();
    for (unsigned i = 1; i <= CONVERSATIONS; i++)
        create(i);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    cluster_fini(&the->cluster);
    arena_fini(&the->arena);
    free(the);
    return 0;
}

static void assert_taken_back(unsigned in, uint64_t seq)
{
    const wire_event *event = event_at(in, seq);
    assert_non_null(event);
    assert_int_equal(event->message->state, WIRE(MESSAGE_STATE, RECALLED));
    assert_int_equal(event->message->body.len, 0);
    assert_null(event->message->forwarded_from);
    assert_string_equal(event->message->tombstone->operator_, "ann");
    assert_int_equal(event->message->tombstone->actor, WIRE(ACTOR, SELF));
    assert_true(event->message->tombstone->vanished);
    const wire_event *by = event_at(in, event->message->tombstone->recall_seq);
    assert_int_equal(by->kind_case, EVENT_KIND(RECALL));
    assert_string_equal(by->recall->reason, "typo");
    struct event_key key = {view_of(conversation(in)), ORIGIN_DEFAULT, seq};
    struct view kept;
    uint64_t until_ms;
    assert_int_equal(store_get_evidence(the->cluster.store, key, &the->arena, &kept, &until_ms),
                     STATUS_OK);
    assert_true(view_equal(kept, view_of("secret")));
}

/* 1 -> 2 -> 3, 1 -> 4, 4 -> 4, and one that was forwarded before it was taken back on its own. */
static void a_recall_finds_the_whole_tree(void **state)
{
    (void)state;
    send(1, 1, 0, 0, true);
    send(2, 2, 1, 2, true);
    send(3, 3, 2, 2, true);
    send(4, 4, 1, 2, true);
    send(4, 5, 4, 2, true);
    send(5, 6, 0, 0, true); /* of another origin: stays */
    pin(3, 2);
    assert_int_equal(event_at(3, 2)->message->state, WIRE(MESSAGE_STATE, NORMAL));
    cluster_crash(&the->cluster);
    connect_ann();
    recall(1, 2, true);
    assert_taken_back(1, 2);
    assert_taken_back(2, 2);
    assert_taken_back(3, 2);
    assert_taken_back(4, 2);
    assert_taken_back(4, 3);
    assert_int_equal(event_at(5, 2)->message->state, WIRE(MESSAGE_STATE, NORMAL));
    struct store_pin pins[2];
    size_t count;
    assert_int_equal(store_list_pins(the->cluster.store, view_of(conversation(3)), ORIGIN_DEFAULT,
                                     2, &the->arena, pins, &count),
                     STATUS_OK);
    assert_int_equal(count, 0);
    /* Nothing can be made of any of them any more, nor twice of what was made. */
    send(5, 7, 3, 2, true);
    assert_int_equal(the->refusals, 1);
    send(2, 2, 1, 2, true);
    assert_int_equal(the->refusals, 1);
    assert_null(event_at(5, 3));
}

static void what_is_on_its_way_is_found_as_well(void **state)
{
    (void)state;
    send(1, 1, 0, 0, true);
    the->cluster.commits_are_held = true;
    for (unsigned i = 0; i < HANDED_OUT_AT_ONCE; i++)
        send(2 + i % 4, 100 + i, 1, 2, false);
    recall(1, 2, false);
    for (unsigned i = 0; i < HANDED_OUT_AT_ONCE; i++)
        send(2 + i % 4, 200 + i, 1, 2, false);
    the->cluster.commits_are_held = false;
    cluster_settle(&the->cluster);
    assert_int_equal(the->refusals, HANDED_OUT_AT_ONCE);
    for (unsigned i = 0; i < HANDED_OUT_AT_ONCE; i++)
        assert_taken_back(2 + i % 4, 2 + i / 4);
}

static void a_forward_that_went_on_is_found_behind_one_that_was_taken_back(void **state)
{
    (void)state;
    send(1, 1, 0, 0, true);
    send(2, 2, 1, 2, true);
    the->cluster.settings.rules.policy = &policy_default; /* leaves forwards where they are */
    cluster_crash(&the->cluster);
    connect_ann();
    send(3, 3, 2, 2, true);
    recall(2, 2, true);
    assert_int_equal(event_at(3, 2)->message->state, WIRE(MESSAGE_STATE, NORMAL));
    the->cluster.settings.rules.policy = &policy;
    cluster_crash(&the->cluster);
    connect_ann();
    recall(1, 2, true);
    assert_taken_back(1, 2);
    assert_taken_back(3, 2);
}

static void a_recall_that_is_not_committed_takes_nothing_along(void **state)
{
    (void)state;
    send(1, 1, 0, 0, true);
    send(2, 2, 1, 2, true);
    the->cluster.commits_are_held = true;
    recall(1, 2, true);
    store_memory_fail(the->cluster.store, STATUS_NO_SPACE, false);
    assert_true(cluster_commit(&the->cluster));
    store_memory_fail(the->cluster.store, STATUS_OK, false);
    the->cluster.commits_are_held = false;
    cluster_settle(&the->cluster);
    assert_int_equal(event_at(1, 2)->message->state, WIRE(MESSAGE_STATE, NORMAL));
    assert_int_equal(event_at(2, 2)->message->state, WIRE(MESSAGE_STATE, NORMAL));
    recall(1, 2, true);
    assert_taken_back(1, 2);
    assert_taken_back(2, 2);
}

enum trouble { CRASH, CRASH_BEFORE_MAIL, COMMIT_FAILS, COMMIT_SEEMS_TO_FAIL, TROUBLES };

/* Runs the recall up to its commit number `point`, where there is trouble; false when it had no
 * commit of that number. */
static bool recall_with_trouble(enum trouble trouble, unsigned point)
{
    bool is_there = true;
    the->cluster.commits_are_held = true;
    recall(1, 2, true);
    for (unsigned i = 0; i < point && is_there; i++) {
        is_there = cluster_commit(&the->cluster);
        if (i + 1 < point || trouble != CRASH_BEFORE_MAIL)
            cluster_settle(&the->cluster);
    }
    if (trouble == COMMIT_FAILS || trouble == COMMIT_SEEMS_TO_FAIL) {
        store_memory_fail(the->cluster.store, STATUS_IO, trouble == COMMIT_SEEMS_TO_FAIL);
        is_there = is_there && cluster_commit(&the->cluster);
        store_memory_fail(the->cluster.store, STATUS_OK, false);
        the->cluster.commits_are_held = false;
    } else {
        cluster_crash(&the->cluster);
    }
    cluster_advance(&the->cluster, 2000);
    return is_there;
}

static size_t jobs_left(void)
{
    struct store_job jobs[8];
    size_t count;
    assert_int_equal(store_list_jobs(the->cluster.store, NULL, 8, &the->arena, jobs, &count),
                     STATUS_OK);
    return count;
}

/* Nobody asks again: once the recall is durable, so is that its forwards go along. */
static void whatever_happens_on_the_way_nothing_is_left_behind(void **state)
{
    (void)state;
    unsigned troubled = 0;
    unsigned undone = 0;
    for (unsigned trouble = CRASH; trouble < TROUBLES; trouble++) {
        bool is_there = true;
        for (unsigned point = 0; is_there; point++) {
            teardown(NULL);
            setup(NULL);
            send(1, 1, 0, 0, true);
            send(2, 2, 1, 2, true);
            send(3, 3, 2, 2, true);
            send(4, 4, 1, 2, true);
            send(1, 5, 4, 2, true);
            is_there = recall_with_trouble((enum trouble)trouble, point);
            troubled += is_there;
            if (event_at(1, 2)->message->state == WIRE(MESSAGE_STATE, NORMAL)) {
                undone++;
                assert_int_equal(event_at(2, 2)->message->state, WIRE(MESSAGE_STATE, NORMAL));
                assert_int_equal(event_at(4, 2)->message->state, WIRE(MESSAGE_STATE, NORMAL));
            } else {
                assert_taken_back(2, 2);
                assert_taken_back(3, 2);
                assert_taken_back(4, 2);
                assert_taken_back(1, 3);
            }
            assert_int_equal(jobs_left(), 0);
            wire_audit_entry **entries; /* one for each, however often it was asked for */
            assert_int_equal(cluster_audit(&the->cluster, &the->arena, &entries),
                             event_at(1, 2)->message->state == WIRE(MESSAGE_STATE, NORMAL) ? 0 : 5);
        }
    }
    assert_in_range(troubled, TROUBLES * 6, TROUBLES * 20);
    assert_in_range(undone, 2, 4); /* only before the very first commit */
}

static void fill(unsigned worker, const char *conversation_of_none)
{
    struct take_backs *all = &the->cluster.workers[worker].owner.jobs.take_backs;
    for (uint64_t seq = 1; !take_backs_are_full(all); seq++)
        take_backs_add(all, view_of(conversation_of_none), seq, UINT64_MAX);
}

/* An owner that has too many to work on takes neither a recall nor another owner's word; both find
 * room later. */
static void what_finds_no_room_comes_again(void **state)
{
    (void)state;
    unsigned source = worker_of(&the->cluster.workers[0], view_of(conversation(1)));
    unsigned to = 2;
    while (worker_of(&the->cluster.workers[0], view_of(conversation(to))) == source)
        to++;
    unsigned destination = worker_of(&the->cluster.workers[0], view_of(conversation(to)));
    send(1, 1, 0, 0, true);
    send(to, 2, 1, 2, true);
    fill(source, "full");
    recall(1, 2, true);
    assert_int_equal(the->refusals, 1);
    assert_int_equal(event_at(1, 2)->message->state, WIRE(MESSAGE_STATE, NORMAL));
    jobs_fini(&the->cluster.workers[source].owner.jobs);

    fill(destination, "full");
    recall(1, 2, true);
    cluster_advance(&the->cluster, 3000);
    assert_int_equal(event_at(1, 2)->message->state, WIRE(MESSAGE_STATE, RECALLED));
    assert_int_equal(event_at(to, 2)->message->state, WIRE(MESSAGE_STATE, NORMAL));
    assert_int_equal(jobs_left(), 1);
    jobs_fini(&the->cluster.workers[destination].owner.jobs);
    cluster_advance(&the->cluster, 2000);
    assert_taken_back(to, 2);
    assert_int_equal(jobs_left(), 0);
}

/* A row whose key or value nobody can read hinders nothing else. */
static void a_damaged_row_stays_alone(void **state)
{
    (void)state;
    struct effects effects;
    const struct change_list *list = &effects.changes;
    send(1, 1, 0, 0, true);
    send(2, 2, 1, 2, true);
    send(3, 3, 0, 0, true);
    send(4, 4, 3, 2, true);
    effects_init(&effects, &the->arena);
    for (unsigned i = 0; i < 3; i++) {
        struct change *change = arena_zero(&the->arena, sizeof(*change));
        change->kind = CHANGE_JOB;
        change->conversation = view_of(conversation(1));
        change->user = view_of(i < 2 ? ":" : "ann");
        change->request_id = i == 0 ? view_make("\0\0\0\0\0\0\0\2", 8) : view_of("odd");
        change->bytes = view_of("\xff");
        change_list_add(&effects.changes, change);
    }
    assert_int_equal(store_commit(the->cluster.store, &list, 1, NULL), STATUS_OK);
    cluster_crash(&the->cluster);
    connect_ann();
    recall(3, 2, true);
    assert_taken_back(4, 2);
    assert_int_equal(event_at(2, 2)->message->state, WIRE(MESSAGE_STATE, NORMAL));
    assert_int_equal(jobs_left(), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_recall_finds_the_whole_tree, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_on_its_way_is_found_as_well, setup, teardown),
        cmocka_unit_test_setup_teardown(
            a_forward_that_went_on_is_found_behind_one_that_was_taken_back, setup, teardown),
        cmocka_unit_test_setup_teardown(whatever_happens_on_the_way_nothing_is_left_behind, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(what_finds_no_room_comes_again, setup, teardown),
        cmocka_unit_test_setup_teardown(a_damaged_row_stays_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(a_recall_that_is_not_committed_takes_nothing_along, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
