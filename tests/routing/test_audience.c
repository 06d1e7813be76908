/* The devices of a conversation that its owner keeps in memory: sorted, bounded, and after whatever
 * happens what the store would say. */
#include "base/memory.h"
#include "base/prng.h"
#include "cluster.h"
#include "storage/store_memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { DEVICES = 6, GROUPS = 3, STEPS = 1500, SEEDS = 4 };

static const char *const users[] = {"ann", "bob", "bob", "cid", "dan", "eve"};
static const char *const names[] = {"1", "1", "2", "1", "1", "1"};

struct device {
    struct link link;
};

static struct cluster cluster;
static struct device devices[DEVICES];
static uint8_t last_id;

static void on_frame(struct link *link, struct view payload)
{
    (void)link;
    (void)payload;
}

static const char *group_id(size_t at)
{
    static const char *const ids[] = {"g:01000000000000000000000000000001",
                                      "g:01000000000000000000000000000002",
                                      "g:01000000000000000000000000000003"};
    return ids[at];
}

/* ---- The audience alone ---- */

static void it_is_sorted_and_finds_what_it_has(void **state)
{
    (void)state;
    struct audience audience = {.is_loaded = false};
    static const char *const order[][2] = {{"b", "2"}, {"a", "9"}, {"b", "1"}, {"ab", "1"}};
    for (size_t i = 0; i < 4; i++)
        assert_non_null(audience_add(&audience, order[i][0], order[i][1], i % 2 == 0));
    assert_int_equal(audience.reach.device_count, 4);
    struct audience_device *found = audience_find(&audience, "b", "1");
    assert_string_equal(found->user, "b");
    assert_ptr_equal(audience_add(&audience, "b", "1", false), found);
    assert_int_equal(audience.reach.device_count, 4);
    assert_null(audience_find(&audience, "b", "3"));
    static const char *const sorted[][2] = {{"a", "9"}, {"ab", "1"}, {"b", "1"}, {"b", "2"}};
    for (size_t i = 0; i < 4; i++) {
        assert_string_equal(audience.devices[i].user, sorted[i][0]);
        assert_string_equal(audience.devices[i].device, sorted[i][1]);
        assert_ptr_equal(audience.devices[i].cursor, &audience.owned[i]->cursor);
    }
    assert_true(audience.devices[2].is_member);
    assert_false(audience.devices[0].is_member);
    audience_fini(&audience);
}

static void one_too_many_makes_it_large_for_good(void **state)
{
    (void)state;
    struct audience audience = {.is_loaded = true};
    char name[16];
    for (unsigned i = 0; i < LIMIT_REACH_DEVICES_MAX; i++) {
        snprintf(name, sizeof(name), "%u", i);
        assert_non_null(audience_add(&audience, "ann", name, true));
    }
    assert_false(audience.reach.is_large);
    assert_non_null(audience_add(&audience, "ann", "7", true));
    assert_null(audience_add(&audience, "ann", "another", true));
    assert_true(audience.reach.is_large);
    assert_true(audience.is_loaded);
    assert_int_equal(audience.reach.device_count, 0);
    assert_null(audience_add(&audience, "bob", "1", true));
    assert_int_equal(audience.reach.device_count, 0);
    audience_fini(&audience);
}

/* ---- In its owner ---- */

static void ask(size_t device, wire_client_frame *frame)
{
    if (devices[device].link.session != NULL)
        link_request(&devices[device].link, frame);
}

static void acknowledge(struct prng *prng)
{
    wire_cursor cursor = UNSAY__V1__CURSOR__INIT;
    wire_cursor *cursors[] = {&cursor};
    wire_ack ack = UNSAY__V1__ACK__INIT;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    cursor.conversation = string_of(group_id(prng_below(prng, GROUPS)));
    cursor.stored = 1 + prng_below(prng, 12);
    cursor.displayed = prng_below(prng, cursor.stored + 1);
    ack.n_cursors = 1;
    ack.cursors = cursors;
    frame.body_case = CLIENT_FRAME(ACK);
    frame.ack = &ack;
    ask(prng_below(prng, DEVICES), &frame);
}

static void send_text(struct prng *prng)
{
    uint8_t id[16] = {2, [14] = (uint8_t)prng_below(prng, 250), [15] = ++last_id};
    wire_send send = UNSAY__V1__SEND__INIT;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    send.conversation = string_of(group_id(prng_below(prng, GROUPS)));
    send.message_id = bytes_of(view_make(id, sizeof(id)));
    send.content_type = WIRE(CONTENT_TYPE, TEXT);
    send.body = bytes_of(view_of("text"));
    frame.body_case = CLIENT_FRAME(SEND);
    frame.send = &send;
    ask(0, &frame);
}

/* Whatever it takes back, or not: the audience is asked for. */
static void take_back(struct prng *prng)
{
    wire_recall_request recall = UNSAY__V1__RECALL_REQUEST__INIT;
    wire_target target = UNSAY__V1__TARGET__INIT;
    wire_target *targets[] = {&target};
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    uint64_t request = prng_next(prng);
    recall.conversation = string_of(group_id(prng_below(prng, GROUPS)));
    recall.request_id = bytes_of(view_make(&request, sizeof(request)));
    target.seq = 1 + prng_below(prng, 12);
    recall.n_targets = 1;
    recall.targets = targets;
    frame.body_case = CLIENT_FRAME(RECALL);
    frame.recall = &recall;
    ask(prng_below(prng, DEVICES), &frame);
}

static void change_members(struct prng *prng)
{
    wire_change_members change = UNSAY__V1__CHANGE_MEMBERS__INIT;
    wire_member member = UNSAY__V1__MEMBER__INIT;
    wire_member *members[] = {&member};
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    change.conversation = string_of(group_id(prng_below(prng, GROUPS)));
    change.n_members = 1;
    change.members = members;
    member.user = string_of(users[1 + prng_below(prng, DEVICES - 1)]);
    member.role = prng_below(prng, 2) == 0 ? WIRE(ROLE, UNSPECIFIED) : WIRE(ROLE, MEMBER);
    frame.body_case = CLIENT_FRAME(CHANGE_MEMBERS);
    frame.change_members = &change;
    ask(0, &frame);
}

static void create(size_t group)
{
    uint8_t id[16] = {1, [15] = (uint8_t)(group + 1)};
    wire_create_conversation create = UNSAY__V1__CREATE_CONVERSATION__INIT;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    wire_member member = UNSAY__V1__MEMBER__INIT;
    wire_member *members[] = {&member};
    create.creation_id = bytes_of(view_make(id, sizeof(id)));
    create.name = string_of("group");
    member.user = string_of("bob");
    create.members = members;
    create.n_members = 1;
    frame.body_case = CLIENT_FRAME(CREATE_CONVERSATION);
    frame.create_conversation = &create;
    ask(0, &frame);
}

static void sign_in(void)
{
    for (size_t i = 0; i < DEVICES; i++) {
        struct link *link = &devices[i].link;
        if (link->session != NULL)
            continue;
        link->on_frame = on_frame;
        link_open(link, &cluster, 0, users[i], names[i], UINT64_MAX);
    }
    cluster_settle(&cluster);
}

static bool is_member_in_store(const char *conversation, const char *user)
{
    struct member_row row;
    return store_get_member(cluster.store, view_of(conversation), view_of(user), &row) ==
               STATUS_OK &&
           row.role != WIRE(ROLE, UNSPECIFIED);
}

/* Everything is committed: what is in memory is what the store holds. */
static void assert_as_in_store(const struct owned_conversation *owned)
{
    const struct audience *audience = &owned->audience;
    struct store_cursor rows[DEVICES];
    struct arena arena;
    size_t count;
    struct view none = {NULL, 0};
    arena_init(&arena);
    enum status status = store_list_cursors(cluster.store, view_of(owned->id), ORIGIN_DEFAULT, none,
                                            none, DEVICES, &arena, rows, &count);
    assert_int_equal(status, STATUS_OK);
    assert_int_equal(audience->reach.device_count, count);
    for (size_t i = 0; i < count; i++) {
        const struct audience_device *device = audience->owned[i];
        assert_true(view_equal(rows[i].user, view_of(device->user)));
        assert_true(view_equal(rows[i].device, view_of(device->device)));
        assert_memory_equal(&rows[i].row.stored, &device->cursor.stored, sizeof(struct trail));
        assert_memory_equal(&rows[i].row.displayed, &device->cursor.displayed,
                            sizeof(struct trail));
        assert_int_equal(audience->devices[i].is_member,
                         is_member_in_store(owned->id, device->user));
    }
    size_t members = 0;
    for (size_t i = 0; i < DEVICES; i++) {
        if (i != 2) /* bob's second device */
            members += is_member_in_store(owned->id, users[i]);
    }
    assert_int_equal(audience->reach.member_count, members);
    arena_fini(&arena);
}

static void assert_owner_is_right(void)
{
    struct owner *owner = &cluster.workers[0].owner;
    size_t count = 0;
    size_t at = 0;
    for (struct owned_conversation *owned;
         (owned = table_next(&owner->conversations, &at)) != NULL;) {
        count += owned->audience.reach.device_count;
        if (owned->audience.is_loaded && worker_is_idle(&cluster.workers[0]))
            assert_as_in_store(owned);
    }
    assert_int_equal(owner->device_count, count);
}

/* Reads what a failed commit may have left. */
static void fail_for_a_while(struct prng *prng)
{
    store_memory_fail(cluster.store, STATUS_IO, prng_below(prng, 2) == 0);
    acknowledge(prng);
    take_back(prng);
    cluster_settle(&cluster);
    store_memory_fail(cluster.store, STATUS_OK, false);
}

static void step(struct prng *prng)
{
    uint64_t dice = prng_below(prng, 100);
    if (dice < 45)
        acknowledge(prng);
    else if (dice < 70)
        take_back(prng);
    else if (dice < 80)
        send_text(prng);
    else if (dice < 90)
        change_members(prng);
    else if (dice < 93)
        fail_for_a_while(prng);
    else if (dice < 95)
        cluster.commits_are_held = !cluster.commits_are_held;
    else if (dice < 96 && devices[5].link.session != NULL)
        link_close(&devices[5].link);
    else if (dice < 97)
        cluster_crash(&cluster);
    else
        cluster_advance(&cluster, 200);
    sign_in();
}

static void memory_says_what_the_store_says(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct prng prng = {seed};
        memset(devices, 0, sizeof(devices));
        cluster_init(&cluster, 1);
        sign_in();
        for (size_t group = 0; group < GROUPS; group++)
            create(group);
        cluster_settle(&cluster);
        for (int i = 0; i < STEPS; i++) {
            step(&prng);
            if (prng_below(&prng, 3) == 0)
                cluster_settle(&cluster);
            assert_owner_is_right();
        }
        cluster_fini(&cluster);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_sorted_and_finds_what_it_has),
        cmocka_unit_test(one_too_many_makes_it_large_for_good),
        cmocka_unit_test(memory_says_what_the_store_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
