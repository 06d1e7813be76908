/* Calls of the product's backend: answered like a device's requests, and no device. */
#include "base/memory.h"
#include "cluster.h"
#include "core/frame.h"
#include "routing/calls.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { WORKERS = 2 };

static const char group_id[] = "g:01000000000000000000000000000001";

struct caller {
    struct link link;
    unsigned events;
    unsigned answers;
    Unsay__V1__ServerFrame__BodyCase last;
    Unsay__V1__ErrorCode refusal;
    uint64_t seq;
    bool has_body; /* an event with one was handed out */
};

static struct cluster cluster;

static void on_frame(struct link *link, struct view payload)
{
    struct caller *caller = (struct caller *)link; /* its first member */
    struct arena arena;
    arena_init(&arena);
    const wire_server_frame *frame = frame_decode_server(payload, &arena);
    assert_non_null(frame);
    if (frame->body_case == SERVER_FRAME(EVENT)) {
        caller->events++;
        caller->has_body |=
            frame->event->kind_case == EVENT_KIND(MESSAGE) && frame->event->message->body.len > 0;
    } else {
        caller->answers++;
        caller->last = frame->body_case;
        caller->refusal = frame->body_case == SERVER_FRAME(ERROR) ? frame->error->code : 0;
        if (frame->body_case == SERVER_FRAME(ACCEPTED))
            caller->seq = frame->accepted->seq;
    }
    arena_fini(&arena);
}

static void call(struct caller *caller, unsigned worker, const char *user,
                 Unsay__V1__Actor authority, wire_client_frame *frame)
{
    *caller = (struct caller){.link = {.cluster = &cluster, .on_frame = on_frame}};
    frame->request = 1;
    struct blob *encoded = frame_from_client(frame);
    struct view payload = frame_payload(blob_view(encoded));
    struct mail_call *mail = memory_new(sizeof(*mail) + payload.size);
    mail->link = &caller->link;
    mail->authority = authority;
    snprintf(mail->user, sizeof(mail->user), "%s", user);
    snprintf(mail->device, sizeof(mail->device), "key");
    mail->payload_bytes = payload.size;
    memcpy(mail->payload, payload.data, payload.size);
    blob_release(encoded);
    bool posted = shell_post(cluster.workers[worker].shell, worker,
                             (struct mail){.kind = MAIL_CALL, .call = mail});
    assert_true(posted);
    cluster_settle(&cluster);
}

static void call_send(struct caller *caller, const char *user, Unsay__V1__Actor authority,
                      uint8_t id)
{
    uint8_t bytes[16] = {1, [15] = id};
    wire_send send = UNSAY__V1__SEND__INIT;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    send.conversation = string_of(group_id);
    send.message_id = bytes_of(view_make(bytes, sizeof(bytes)));
    send.content_type = WIRE(CONTENT_TYPE, TEXT);
    send.body = bytes_of(view_of("text"));
    frame.body_case = CLIENT_FRAME(SEND);
    frame.send = &send;
    call(caller, 0, user, authority, &frame);
}

static void call_read(struct caller *caller, const char *user, Unsay__V1__Actor authority)
{
    wire_read read = UNSAY__V1__READ__INIT;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    read.conversation = string_of(group_id);
    frame.body_case = CLIENT_FRAME(READ);
    frame.read = &read;
    call(caller, 1, user, authority, &frame);
}

static void begin(void)
{
    wire_create_conversation create = UNSAY__V1__CREATE_CONVERSATION__INIT;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    uint8_t id[16] = {1, [15] = 1};
    struct caller caller;
    cluster_init(&cluster, WORKERS);
    create.creation_id = bytes_of(view_make(id, sizeof(id)));
    create.name = string_of("Team");
    frame.body_case = CLIENT_FRAME(CREATE_CONVERSATION);
    frame.create_conversation = &create;
    call(&caller, 0, "alice", WIRE(ACTOR, UNSPECIFIED), &frame);
    assert_int_equal(caller.last, SERVER_FRAME(OPENED));
}

/* Nothing is left of a call when it was answered. */
static void end(void)
{
    for (unsigned i = 0; i < WORKERS; i++) {
        size_t at = 0;
        assert_null(table_next(&cluster.workers[i].sessions, &at));
    }
    cluster_fini(&cluster);
}

static void each_is_answered_once(void **state)
{
    struct caller caller;
    (void)state;
    begin();
    call_send(&caller, "alice", WIRE(ACTOR, UNSPECIFIED), 1);
    assert_int_equal(caller.answers, 1);
    assert_int_equal(caller.seq, 2);
    call_read(&caller, "alice", WIRE(ACTOR, UNSPECIFIED));
    assert_int_equal(caller.answers, 1);
    assert_int_equal(caller.last, SERVER_FRAME(PAGE_END));
    assert_int_equal(caller.events, 2);
    end();
}

static void the_system_needs_no_membership(void **state)
{
    struct caller caller;
    (void)state;
    begin();
    call_send(&caller, "system", WIRE(ACTOR, SYSTEM), 1);
    assert_int_equal(caller.seq, 2);
    /* Nothing of it is remembered, and it is not sent twice all the same. */
    call_send(&caller, "system", WIRE(ACTOR, SYSTEM), 2);
    assert_int_equal(caller.seq, 3);
    call_send(&caller, "system", WIRE(ACTOR, SYSTEM), 1);
    assert_int_equal(caller.seq, 2);
    call_read(&caller, "system", WIRE(ACTOR, SYSTEM));
    assert_int_equal(caller.events, 3);
    end();
}

static void others_do(void **state)
{
    struct caller caller;
    (void)state;
    begin();
    call_send(&caller, "eve", WIRE(ACTOR, UNSPECIFIED), 1);
    assert_int_equal(caller.refusal, REFUSAL_CODE(NOT_A_MEMBER));
    call_send(&caller, "eve", WIRE(ACTOR, COMPLIANCE), 1);
    assert_int_equal(caller.refusal, REFUSAL_CODE(NOT_A_MEMBER));
    call_read(&caller, "eve", WIRE(ACTOR, UNSPECIFIED));
    assert_int_equal(caller.refusal, REFUSAL_CODE(NOT_A_MEMBER));
    assert_int_equal(caller.events, 0);
    call_read(&caller, "eve", WIRE(ACTOR, COMPLIANCE));
    assert_int_equal(caller.refusal, REFUSAL_CODE(NOT_A_MEMBER));
    end();
}

/* What a backend has read is with no device: the exposure of a recall does not name it. */
static void a_reader_is_no_device(void **state)
{
    struct caller caller;
    wire_target target = UNSAY__V1__TARGET__INIT;
    wire_target *targets[] = {&target};
    wire_recall_request recall = UNSAY__V1__RECALL_REQUEST__INIT;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    (void)state;
    begin();
    call_send(&caller, "alice", WIRE(ACTOR, UNSPECIFIED), 1);
    call_read(&caller, "alice", WIRE(ACTOR, UNSPECIFIED));
    assert_true(caller.has_body);
    struct cursor_row row;
    assert_int_equal(store_get_cursor(cluster.store, view_of("alice"), view_of("key"),
                                      view_of(group_id), ORIGIN_DEFAULT, &row),
                     STATUS_NOT_FOUND);
    target.seq = 2;
    recall.conversation = string_of(group_id);
    recall.targets = targets;
    recall.n_targets = 1;
    recall.request_id = bytes_of(view_of("r"));
    frame.body_case = CLIENT_FRAME(RECALL);
    frame.recall = &recall;
    call(&caller, 1, "alice", WIRE(ACTOR, UNSPECIFIED), &frame);
    assert_int_equal(caller.last, SERVER_FRAME(RECALL));
    call_read(&caller, "alice", WIRE(ACTOR, UNSPECIFIED));
    assert_false(caller.has_body);
    end();
}

/* An answer that does not come, since a commit hangs, is not waited for without end. */
static void patience_ends(void **state)
{
    struct caller caller;
    (void)state;
    begin();
    cluster.commits_are_held = true;
    call_send(&caller, "alice", WIRE(ACTOR, UNSPECIFIED), 1);
    assert_int_equal(caller.answers, 0);
    cluster_advance(&cluster, LIMIT_CALL_MS + 1000);
    assert_int_equal(caller.answers, 1);
    assert_int_equal(caller.refusal, REFUSAL_CODE(OVERLOADED));
    cluster.commits_are_held = false;
    while (cluster_commit(&cluster))
        cluster_settle(&cluster);
    assert_int_equal(caller.answers, 1);
    end();
}

static void a_draining_worker_answers_too(void **state)
{
    struct caller caller;
    (void)state;
    begin();
    cluster.commits_are_held = true;
    call_send(&caller, "alice", WIRE(ACTOR, UNSPECIFIED), 1);
    cluster_drain(&cluster);
    cluster_settle(&cluster);
    assert_int_equal(caller.answers, 1);
    assert_int_equal(caller.refusal, REFUSAL_CODE(SHUTTING_DOWN));
    cluster.commits_are_held = false;
    while (cluster_commit(&cluster))
        cluster_settle(&cluster);
    call_send(&caller, "alice", WIRE(ACTOR, UNSPECIFIED), 2);
    assert_int_equal(caller.refusal, REFUSAL_CODE(SHUTTING_DOWN));
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_is_answered_once),
        cmocka_unit_test(the_system_needs_no_membership),
        cmocka_unit_test(others_do),
        cmocka_unit_test(a_reader_is_no_device),
        cmocka_unit_test(patience_ends),
        cmocka_unit_test(a_draining_worker_answers_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
