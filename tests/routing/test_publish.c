/* What publishing does beyond handing events on: who comes and goes, what the owner is told about
 * connected devices, news for one user. The groups here are made by hand. */
#include "base/memory.h"
#include "cluster.h"
#include "core/frame.h"
#include "core/refusal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const char group_id[] = "g:01000000000000000000000000000001";

struct device {
    struct link link;
    unsigned frames;
    Unsay__V1__ServerFrame__BodyCase last; /* frame */
    uint64_t last_seq;                     /* of the event that it held, or 0 */
};

static struct cluster cluster;
static struct device alice;
static struct device bob;

static void on_frame(struct link *link, struct view payload)
{
    struct device *device = (struct device *)link; /* its first member */
    struct arena arena;
    arena_init(&arena);
    const wire_server_frame *frame = frame_decode_server(payload, &arena);
    assert_non_null(frame);
    device->frames++;
    device->last = frame->body_case;
    device->last_seq = frame->body_case == SERVER_FRAME(EVENT) ? frame->event->seq : 0;
    arena_fini(&arena);
}

static void sign_in(struct device *device, unsigned worker, const char *user)
{
    *device = (struct device){.link.on_frame = on_frame};
    link_open(&device->link, &cluster, worker, user, "phone", UINT64_MAX);
    cluster_settle(&cluster);
}

static void send_text(struct device *device, uint8_t id, const char *text)
{
    uint8_t bytes[16] = {1, [15] = id};
    wire_send send = UNSAY__V1__SEND__INIT;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    send.conversation = string_of(group_id);
    send.message_id = bytes_of(view_make(bytes, sizeof(bytes)));
    send.content_type = WIRE(CONTENT_TYPE, TEXT);
    send.body = bytes_of(view_of(text));
    frame.body_case = CLIENT_FRAME(SEND);
    frame.send = &send;
    link_request(&device->link, &frame);
    cluster_settle(&cluster);
}

static void read_all(struct device *device)
{
    wire_read read = UNSAY__V1__READ__INIT;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    read.conversation = string_of(group_id);
    frame.body_case = CLIENT_FRAME(READ);
    frame.read = &read;
    link_request(&device->link, &frame);
    cluster_settle(&cluster);
}

static void acknowledge(struct device *device, uint64_t stored)
{
    wire_cursor cursor = UNSAY__V1__CURSOR__INIT;
    wire_cursor *cursors[] = {&cursor};
    wire_ack ack = UNSAY__V1__ACK__INIT;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    cursor.conversation = string_of(group_id);
    cursor.stored = stored;
    ack.n_cursors = 1;
    ack.cursors = cursors;
    frame.body_case = CLIENT_FRAME(ACK);
    frame.ack = &ack;
    link_request(&device->link, &frame);
    cluster_settle(&cluster);
}

/* Alice and Bob in a group with two messages, at different workers. */
static void begin(unsigned workers)
{
    wire_create_conversation create = UNSAY__V1__CREATE_CONVERSATION__INIT;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    wire_member member = UNSAY__V1__MEMBER__INIT;
    wire_member *members[] = {&member};
    uint8_t id[16] = {1, [15] = 1};
    cluster_init(&cluster, workers);
    sign_in(&alice, 0, "alice");
    sign_in(&bob, workers - 1, "bob");
    create.creation_id = bytes_of(view_make(id, sizeof(id)));
    create.name = string_of("Team");
    member.user = string_of("bob");
    create.n_members = 1;
    create.members = members;
    frame.body_case = CLIENT_FRAME(CREATE_CONVERSATION);
    frame.create_conversation = &create;
    link_request(&alice.link, &frame);
    cluster_settle(&cluster);
    send_text(&alice, 1, "first");
    send_text(&alice, 2, "second");
}

static unsigned owner_index(void)
{
    return worker_of(&cluster.workers[0], view_of(group_id));
}

/* A group that the owner decided and that is committed, apart from its rows. */
static struct group *made_group(void)
{
    return group_new(owner_index(), 1000);
}

static struct publication *made_event(struct group *group, uint64_t seq, wire_event *event)
{
    struct conversation conversation = {
        .id = group_id, .origin = ORIGIN_DEFAULT, .head = seq - 1, .last_time = 1};
    return conversation_append(&conversation, event, cluster.now.wall_ms, &group->effects);
}

static struct publication *made_departure(struct group *group, uint64_t seq, const char *user)
{
    wire_member member = UNSAY__V1__MEMBER__INIT;
    wire_member *members[] = {&member};
    wire_membership membership = UNSAY__V1__MEMBERSHIP__INIT;
    wire_event event = UNSAY__V1__EVENT__INIT;
    const char **gone = arena_alloc(&group->arena, sizeof(*gone));
    member.user = string_of(user);
    membership.actor = member.user;
    membership.n_members = 1;
    membership.members = members;
    event.kind_case = EVENT_KIND(MEMBERSHIP);
    event.membership = &membership;
    struct publication *publication = made_event(group, seq, &event);
    gone[0] = user;
    publication->gone_members = gone;
    publication->gone_member_count = 1;
    return publication;
}

static struct publication *made_recall(struct group *group, uint64_t seq, uint64_t target_seq)
{
    wire_recall recall = UNSAY__V1__RECALL__INIT;
    wire_tombstone tombstone = UNSAY__V1__TOMBSTONE__INIT;
    wire_message message = UNSAY__V1__MESSAGE__INIT;
    wire_event event = UNSAY__V1__EVENT__INIT;
    wire_event target = UNSAY__V1__EVENT__INIT;
    recall.target_seq = target_seq;
    recall.operator_ = string_of("alice");
    event.kind_case = EVENT_KIND(RECALL);
    event.recall = &recall;
    struct publication *publication = made_event(group, seq, &event);
    tombstone.operator_ = recall.operator_;
    tombstone.recall_seq = seq;
    message.sender = recall.operator_;
    message.state = WIRE(MESSAGE_STATE, RECALLED);
    message.tombstone = &tombstone;
    target.conversation = string_of(group_id);
    target.origin = ORIGIN_DEFAULT;
    target.seq = target_seq;
    target.kind_case = EVENT_KIND(MESSAGE);
    target.message = &message;
    publication->target_seq = target_seq;
    publication->tombstone = event_encode(&target, &group->arena);
    return publication;
}

static void publish(struct group *group)
{
    atomic_init(&group->waiting, cluster.count);
    for (unsigned i = 0; i < cluster.count; i++)
        shell_post(&cluster, i, (struct mail){.kind = MAIL_GROUP, .group = group});
    cluster_settle(&cluster);
}

static const struct mail *mail_to_owner(enum mail_kind kind, size_t nth)
{
    const struct post *post = &cluster.posts[owner_index()];
    for (size_t i = 0; i < post->count; i++) {
        if (post->items[i].kind == kind && nth-- == 0)
            return &post->items[i];
    }
    return NULL;
}

/* Publishes at every worker, with the mail to the owner held back. */
static void publish_and_hold(struct group *group)
{
    atomic_init(&group->waiting, cluster.count);
    cluster.posts[owner_index()].is_held = true;
    for (unsigned i = 0; i < cluster.count; i++)
        worker_mail(&cluster.workers[i], (struct mail){.kind = MAIL_GROUP, .group = group});
    cluster_settle(&cluster);
}

/* ---- Who goes ---- */

static void the_departure_is_the_last_event(void **state)
{
    (void)state;
    for (unsigned workers = 1; workers <= 2; workers++) {
        begin(workers);
        struct group *group = made_group();
        made_departure(group, 4, "bob");
        wire_event event = UNSAY__V1__EVENT__INIT;
        wire_message message = UNSAY__V1__MESSAGE__INIT;
        message.state = WIRE(MESSAGE_STATE, NORMAL);
        event.kind_case = EVENT_KIND(MESSAGE);
        event.message = &message;
        made_event(group, 5, &event);
        unsigned of_alice = alice.frames;
        unsigned of_bob = bob.frames;
        publish(group);
        assert_int_equal(alice.frames, of_alice + 2);
        assert_int_equal(bob.frames, of_bob + 1);
        assert_int_equal(bob.last_seq, 4);
        /* ... not even by repetition. */
        assert_int_equal(bob.link.session->subscription_count, 0);
        cluster_advance(&cluster, 5000);
        assert_int_equal(bob.frames, of_bob + 1);
        cluster_fini(&cluster);
    }
}

static void a_notice_that_was_sent_is_not_repeated_to_one_who_left(void **state)
{
    (void)state;
    begin(1);
    struct group *group = made_group();
    made_recall(group, 4, 2);
    made_departure(group, 5, "bob");
    publish(group);
    assert_int_equal(bob.link.session->notice_count, 0);
    assert_int_equal(alice.link.session->notice_count, 1);
    unsigned of_bob = bob.frames;
    cluster_advance(&cluster, 5000);
    assert_int_equal(bob.frames, of_bob);
    cluster_fini(&cluster);
}

static void put_member(const char *user, Unsay__V1__Role role)
{
    struct change change = {.kind = CHANGE_MEMBER,
                            .conversation = view_of(group_id),
                            .user = view_of(user),
                            .member = {.role = role, .joined_seq = 1}};
    struct change_list list = {.first = NULL};
    change_list_add(&list, &change);
    const struct change_list *lists = &list;
    assert_int_equal(store_commit(cluster.store, &lists, 1, NULL), STATUS_OK);
}

static void what_a_failed_commit_wrote_decides(void **state)
{
    static const Unsay__V1__Role roles[] = {WIRE(ROLE, MEMBER), WIRE(ROLE, UNSPECIFIED)};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        begin(1);
        put_member("bob", roles[i]);
        struct group *group = made_group();
        group->failure = REFUSAL_CODE(STORAGE_UNAVAILABLE);
        made_departure(group, 4, "bob");
        publish(group);
        assert_int_equal(bob.link.session->subscription_count,
                         roles[i] == WIRE(ROLE, MEMBER) ? 1 : 0);
        assert_int_equal(alice.link.session->subscription_count, 1);
        cluster_fini(&cluster);
    }
}

/* ---- What the owner is told ---- */

static void the_owner_hears_who_is_connected_at_each_worker(void **state)
{
    (void)state;
    begin(2);
    struct device stranger;
    sign_in(&stranger, 1, "carol");
    struct group *group = made_group();
    made_recall(group, 4, 2)->tells_who = true;
    publish_and_hold(group);
    size_t names = 0;
    for (size_t i = 0; i < 2; i++) {
        const struct mail *mail = mail_to_owner(MAIL_ONLINE, i);
        assert_non_null(mail);
        assert_string_equal(mail->online->conversation, group_id);
        assert_int_equal(mail->online->origin, ORIGIN_DEFAULT);
        assert_int_equal(mail->online->seq, 4);
        assert_true(mail->online->is_complete);
        assert_int_equal(mail->online->count, 1);
        assert_string_equal(mail->online->devices[0].user,
                            mail->online->worker == 0 ? "alice" : "bob");
        assert_string_equal(mail->online->devices[0].device, "phone");
        names += mail->online->count;
    }
    assert_int_equal(names, 2);
    assert_null(mail_to_owner(MAIL_ONLINE, 2));
    cluster_fini(&cluster);
}

static void a_worker_where_nobody_follows_says_so(void **state)
{
    (void)state;
    begin(1);
    link_close(&alice.link);
    link_close(&bob.link);
    struct group *group = made_group();
    made_recall(group, 4, 2)->tells_who = true;
    publish_and_hold(group);
    const struct mail *mail = mail_to_owner(MAIL_ONLINE, 0);
    assert_non_null(mail);
    assert_int_equal(mail->online->count, 0);
    assert_true(mail->online->is_complete);
    cluster_fini(&cluster);
}

static void a_recall_that_nobody_waits_for_asks_nobody(void **state)
{
    (void)state;
    begin(1);
    struct group *group = made_group();
    made_recall(group, 4, 2);
    publish_and_hold(group);
    assert_null(mail_to_owner(MAIL_ONLINE, 0));
    cluster_fini(&cluster);
}

static void too_many_devices_are_cut_off(void **state)
{
    static struct device devices[LIMIT_ONLINE_DEVICES_MAX];
    (void)state;
    begin(1);
    for (unsigned i = 0; i < LIMIT_ONLINE_DEVICES_MAX; i++) {
        char name[16];
        snprintf(name, sizeof(name), "d%u", i);
        devices[i] = (struct device){.link.on_frame = on_frame};
        link_open(&devices[i].link, &cluster, 0, "bob", name, UINT64_MAX);
    }
    cluster_settle(&cluster);
    send_text(&alice, 3, "third");
    struct group *group = made_group();
    made_recall(group, 5, 4)->tells_who = true;
    publish_and_hold(group);
    const struct mail *mail = mail_to_owner(MAIL_ONLINE, 0);
    assert_int_equal(mail->online->count, LIMIT_ONLINE_DEVICES_MAX);
    assert_false(mail->online->is_complete);
    /* Of those that may hold it none is left out: they come in several mails. */
    uint32_t pushed = 0;
    for (size_t i = 0; (mail = mail_to_owner(MAIL_PUSHED, i)) != NULL; i++)
        pushed += mail->pushed->count;
    assert_int_equal(pushed, LIMIT_ONLINE_DEVICES_MAX + 2);
    cluster_fini(&cluster);
}

/* The users that MAIL_PUSHED names, in order; recall of message 2 (seq 3). */
static void assert_pushed(const char *expected)
{
    char names[200] = "";
    size_t size = 0;
    struct group *group = made_group();
    made_recall(group, 4, 3);
    publish_and_hold(group);
    for (size_t nth = 0; mail_to_owner(MAIL_PUSHED, nth) != NULL; nth++) {
        const struct mail_pushed *pushed = mail_to_owner(MAIL_PUSHED, nth)->pushed;
        assert_string_equal(pushed->conversation, group_id);
        assert_int_equal(pushed->origin, ORIGIN_DEFAULT);
        assert_int_equal(pushed->seq, 4);
        assert_int_equal(pushed->target_seq, 3);
        for (uint32_t i = 0; i < pushed->count; i++) {
            assert_string_equal(pushed->devices[i].device, "phone");
            size += (size_t)snprintf(names + size, sizeof(names) - size, "%s ",
                                     pushed->devices[i].user);
        }
    }
    assert_string_equal(names, expected);
    cluster_fini(&cluster);
}

static void who_was_sent_it_and_never_confirmed_may_hold_it(void **state)
{
    (void)state;
    begin(1);
    assert_pushed("alice bob ");
    begin(1);
    acknowledge(&bob, 3);
    assert_pushed("alice ");
    begin(1);
    acknowledge(&bob, 2);
    acknowledge(&alice, 3);
    assert_pushed("bob ");
}

static void what_still_waits_for_the_connection_is_with_nobody(void **state)
{
    (void)state;
    begin(1);
    acknowledge(&alice, 3);
    acknowledge(&bob, 3);
    bob.link.is_slow = true;
    send_text(&alice, 3, "third");
    acknowledge(&alice, 4);
    struct group *group = made_group();
    made_recall(group, 5, 4);
    publish_and_hold(group);
    assert_null(mail_to_owner(MAIL_PUSHED, 0));
    cluster_fini(&cluster);
}

static void a_page_that_was_sent_counts_too(void **state)
{
    (void)state;
    begin(1);
    acknowledge(&alice, 3);
    link_close(&bob.link);
    sign_in(&bob, 0, "bob");
    read_all(&bob);
    assert_pushed("bob ");
    /* ... as far as it was sent. */
    begin(1);
    acknowledge(&alice, 3);
    link_close(&bob.link);
    sign_in(&bob, 0, "bob");
    bob.link.is_slow = true;
    read_all(&bob);
    link_pull(&bob.link, 2);
    assert_pushed("");
}

/* ---- News ---- */

static void news_go_to_one_user_only(void **state)
{
    (void)state;
    begin(2);
    struct group *group = made_group();
    wire_server_frame frame = UNSAY__V1__SERVER_FRAME__INIT;
    wire_heartbeat_reply reply = UNSAY__V1__HEARTBEAT_REPLY__INIT;
    frame.body_case = SERVER_FRAME(HEARTBEAT);
    frame.heartbeat = &reply;
    effects_tell(&group->effects, "bob", frame_from_server(&frame));
    unsigned of_alice = alice.frames;
    unsigned of_bob = bob.frames;
    publish(group);
    assert_int_equal(alice.frames, of_alice);
    assert_int_equal(bob.frames, of_bob + 1);
    assert_int_equal(bob.last, SERVER_FRAME(HEARTBEAT));
    /* When what they tell of may be written or not, the user's devices look for themselves. */
    group = made_group();
    group->failure = REFUSAL_CODE(STORAGE_UNAVAILABLE);
    effects_tell(&group->effects, "bob", frame_from_server(&frame));
    publish(group);
    assert_int_equal(alice.frames, of_alice);
    assert_int_equal(bob.frames, of_bob + 2);
    assert_int_equal(bob.last, SERVER_FRAME(BEHIND));
    cluster_fini(&cluster);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_departure_is_the_last_event),
        cmocka_unit_test(a_notice_that_was_sent_is_not_repeated_to_one_who_left),
        cmocka_unit_test(what_a_failed_commit_wrote_decides),
        cmocka_unit_test(the_owner_hears_who_is_connected_at_each_worker),
        cmocka_unit_test(a_worker_where_nobody_follows_says_so),
        cmocka_unit_test(a_recall_that_nobody_waits_for_asks_nobody),
        cmocka_unit_test(too_many_devices_are_cut_off),
        cmocka_unit_test(who_was_sent_it_and_never_confirmed_may_hold_it),
        cmocka_unit_test(what_still_waits_for_the_connection_is_with_nobody),
        cmocka_unit_test(a_page_that_was_sent_counts_too),
        cmocka_unit_test(news_go_to_one_user_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
