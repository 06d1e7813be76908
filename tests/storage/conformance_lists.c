/* Listings: complete, in order, page by page, and nothing of the neighbours. */
#include "conformance.h"

/* Ids of which one begins with another, and the neighbours that a careless seek would land on. */
static void test_prefixes_do_not_mix(void **state)
{
    struct fixture *fixture = *state;
    static const char *const ids[] = {"a", "a.", "a:b", "aa", "ab", "b"};
    struct store_membership memberships[8];
    struct view bytes;
    struct uuid id;
    uint64_t seq;
    size_t count;
    for (uint64_t i = 0; i < 6; i++) {
        for (uint32_t origin = 1; origin <= 3; origin += 2) {
            add_event(fixture, ids[i], origin, 10 * (i + 1), ids[i]);
            add_event(fixture, ids[i], origin, 1, "first");
        }
        add_message_id(fixture, ids[i], "u", uuid_of((uint8_t)(0xf0 - i), 1), 1);
        add_message_id(fixture, ids[i], "uu", uuid_of(0xff, (uint8_t)i), 1);
        add_member(fixture, "a", ids[i], (uint32_t)i);
        add_member(fixture, "ab", "ab", 9);
    }
    commit(fixture);
    reopen(fixture);

    for (uint64_t i = 0; i < 6; i++) {
        struct view conversation = view_of(ids[i]);
        assert_int_equal(
            store_get_last_event(fixture->store, conversation, 1, &fixture->arena, &seq, &bytes),
            STATUS_OK);
        assert_int_equal(seq, 10 * (i + 1));
        assert_view(bytes, ids[i]);
        assert_int_equal(
            store_get_last_event(fixture->store, conversation, 2, &fixture->arena, &seq, &bytes),
            STATUS_NOT_FOUND);
        assert_int_equal(store_get_last_message_id(fixture->store, conversation, view_of("u"), &id),
                         STATUS_OK);
        assert_int_equal(id.bytes[0], 0xf0 - i);
        assert_int_equal(store_get_last_message_id(fixture->store, conversation, view_of("t"), &id),
                         STATUS_NOT_FOUND);
        assert_int_equal(store_get_last_message_id(fixture->store, conversation, view_of("v"), &id),
                         STATUS_NOT_FOUND);
    }
    assert_int_equal(store_list_members(fixture->store, view_of("a"), view_of(""), 8,
                                        &fixture->arena, memberships, &count),
                     STATUS_OK);
    assert_int_equal(count, 6);
    for (size_t i = 0; i < count; i++)
        assert_view(memberships[i].user, ids[i]);
}

static void test_paging_through_members(void **state)
{
    struct fixture *fixture = *state;
    enum { MEMBERS = 37, PAGE = 5 };
    char name[16];
    size_t seen = 0;
    size_t count;
    for (int i = 0; i < MEMBERS; i++) {
        snprintf(name, sizeof(name), "m%02d", i);
        const char *id = (const char *)arena_copy(&fixture->arena, view_of(name)).data;
        add_member(fixture, "c", id, (uint32_t)i);
        add_member(fixture, id, "c", (uint32_t)i);
    }
    commit(fixture);
    for (int by_user = 0; by_user < 2; by_user++) {
        struct store_membership page[PAGE];
        struct view after = view_of("");
        for (seen = 0;; seen += count) {
            enum status status = by_user == 1
                                     ? store_list_conversations(fixture->store, view_of("c"), after,
                                                                PAGE, &fixture->arena, page, &count)
                                     : store_list_members(fixture->store, view_of("c"), after, PAGE,
                                                          &fixture->arena, page, &count);
            assert_int_equal(status, STATUS_OK);
            if (count == 0)
                break;
            for (size_t i = 0; i < count; i++) {
                snprintf(name, sizeof(name), "m%02zu", seen + i);
                assert_view(by_user == 1 ? page[i].conversation : page[i].user, name);
                assert_int_equal(page[i].row.pending_recalls, seen + i);
            }
            after = by_user == 1 ? page[count - 1].conversation : page[count - 1].user;
        }
        assert_int_equal(seen, MEMBERS);
    }
}

/* `after` is whatever a client says. */
static void test_paging_after_no_id(void **state)
{
    struct fixture *fixture = *state;
    struct store_membership page[4];
    char longer[80];
    size_t count;
    memset(longer, 'b', sizeof(longer));
    add_member(fixture, "c", "a", 0);
    add_member(fixture, "c", "b", 0);
    add_member(fixture, "c", "c", 0);
    commit(fixture);
    struct view afters[] = {view_of("aa"), view_make("a\0z", 3), view_make("a\0", 2),
                            view_make(longer, sizeof(longer)), view_make("\0", 1)};
    size_t counts[] = {2, 2, 2, 1, 3};
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(store_list_members(fixture->store, view_of("c"), afters[i], 4,
                                            &fixture->arena, page, &count),
                         STATUS_OK);
        assert_int_equal(count, counts[i]);
    }
}

static void add_cursor(struct fixture *fixture, const char *conversation, uint32_t origin,
                       const char *user, const char *device)
{
    struct cursor_row *row = arena_zero(&fixture->arena, sizeof(*row));
    trail_move(&row->stored, strlen(user) + strlen(device), 1);
    struct change *change = add(fixture, CHANGE_CURSOR, conversation);
    change->origin = origin;
    change->user = view_of(user);
    change->device = view_of(device);
    change->cursor = row;
}

static void test_cursors_of_a_conversation(void **state)
{
    struct fixture *fixture = *state;
    static const char *const names[][2] = {
        {"a", "pad"}, {"a", "phone"}, {"a.", "x"}, {"aa", "pad"}, {"b", "b"}};
    enum { NAMES = sizeof(names) / sizeof(names[0]) };
    struct store_cursor cursors[NAMES + 1];
    size_t count;
    for (size_t i = NAMES; i-- > 0;)
        add_cursor(fixture, "c", 1, names[i][0], names[i][1]);
    add_cursor(fixture, "c", 2, "a", "other origin");
    add_cursor(fixture, "c", UINT32_MAX, "a", "other origin");
    add_cursor(fixture, "ca", 1, "a", "other conversation");
    add_cursor(fixture, "b", 1, "z", "other conversation");
    commit(fixture);
    reopen(fixture);

    for (size_t limit = 1; limit <= NAMES + 1; limit++) {
        struct view user = view_of("");
        struct view device = view_of("");
        size_t seen = 0;
        do {
            assert_int_equal(store_list_cursors(fixture->store, view_of("c"), 1, user, device,
                                                limit, &fixture->arena, cursors, &count),
                             STATUS_OK);
            assert_true(count <= limit);
            for (size_t i = 0; i < count; i++, seen++) {
                assert_true(seen < NAMES);
                assert_view(user = cursors[i].user, names[seen][0]);
                assert_view(device = cursors[i].device, names[seen][1]);
                assert_int_equal(trail_seq(&cursors[i].row.stored), user.size + device.size);
            }
        } while (count > 0);
        assert_int_equal(seen, NAMES);
    }
    assert_int_equal(store_list_cursors(fixture->store, view_of("c"), 1, view_of("a"), view_of(""),
                                        1, &fixture->arena, cursors, &count),
                     STATUS_OK);
    assert_view(cursors[0].device, "pad");
    assert_int_equal(store_list_cursors(fixture->store, view_of("c"), UINT32_MAX, view_of(""),
                                        view_of(""), 9, &fixture->arena, cursors, &count),
                     STATUS_OK);
    assert_int_equal(count, 1);
}

static void test_devices_of_a_user(void **state)
{
    struct fixture *fixture = *state;
    static const char *const names[] = {"pad", "phone", "phone 2"};
    struct store_device devices[3];
    size_t count;
    for (size_t i = 0; i < 4; i++) {
        struct device_row *row = arena_zero(&fixture->arena, sizeof(*row));
        row->since_ms = i;
        struct change *change = add(fixture, CHANGE_DEVICE, "");
        change->user = view_of(i == 3 ? "uu" : "u");
        change->device = view_of(names[i % 3]);
        change->device_row = row;
    }
    commit(fixture);
    reopen(fixture);
    for (size_t i = 0; i < 3; i++) {
        struct view after = view_of(i == 0 ? "" : names[i - 1]);
        assert_int_equal(store_list_devices(fixture->store, view_of("u"), after, 1, &fixture->arena,
                                            devices, &count),
                         STATUS_OK);
        assert_int_equal(count, 1);
        assert_view(devices[0].device, names[i]);
        assert_int_equal(devices[0].row.since_ms, i);
    }
    assert_int_equal(store_list_devices(fixture->store, view_of("u"), view_of("phone 2"), 3,
                                        &fixture->arena, devices, &count),
                     STATUS_OK);
    assert_int_equal(count, 0);
}

static void test_message_ids_of_a_user(void **state)
{
    struct fixture *fixture = *state;
    struct store_message_id ids[4];
    size_t count;
    for (uint8_t i = 1; i <= 4; i++)
        add_message_id(fixture, "c", "u", uuid_of(0xff, i), i);
    add_message_id(fixture, "c", "uu", uuid_of(0xff, 9), 9);
    add_message_id(fixture, "cc", "u", uuid_of(0xff, 9), 9);
    commit(fixture);
    reopen(fixture);
    assert_int_equal(store_list_message_ids(fixture->store, view_of("c"), view_of("u"), NULL, 2,
                                            &fixture->arena, ids, &count),
                     STATUS_OK);
    assert_int_equal(count, 2);
    assert_int_equal(ids[0].row.seq, 1);
    assert_int_equal(store_list_message_ids(fixture->store, view_of("c"), view_of("u"), &ids[1].id,
                                            4, &fixture->arena, ids, &count),
                     STATUS_OK);
    assert_int_equal(count, 2);
    assert_int_equal(ids[0].row.seq, 3);
    assert_int_equal(ids[1].id.bytes[UUID_BYTES - 1], 4);
    assert_int_equal(store_list_message_ids(fixture->store, view_of("c"), view_of("u"), &ids[1].id,
                                            4, &fixture->arena, ids, &count),
                     STATUS_OK);
    assert_int_equal(count, 0);
}

static void add_pin(struct fixture *fixture, uint32_t origin, uint64_t seq, bool is_removal)
{
    struct change *change = add(fixture, CHANGE_PIN, "c");
    change->origin = origin;
    change->seq = seq;
    change->is_removal = is_removal;
    change->pin = (struct pin_row){view_of("li"), seq + 1};
}

static void test_pins(void **state)
{
    struct fixture *fixture = *state;
    struct store_pin pins[3];
    size_t count;
    add_pin(fixture, 1, 300, false);
    add_pin(fixture, 1, 2, false);
    add_pin(fixture, 1, 5, false);
    add_pin(fixture, 2, 4, false);
    commit(fixture);
    add_pin(fixture, 1, 5, true);
    add_pin(fixture, 1, 6, true);
    commit(fixture);
    reopen(fixture);
    assert_int_equal(
        store_list_pins(fixture->store, view_of("c"), 1, 3, &fixture->arena, pins, &count),
        STATUS_OK);
    assert_int_equal(count, 2);
    assert_int_equal(pins[0].seq, 2);
    assert_view(pins[0].row.user, "li");
    assert_int_equal(pins[0].row.pin_seq, 3);
    assert_int_equal(pins[1].seq, 300);
    assert_int_equal(
        store_list_pins(fixture->store, view_of("c"), 1, 1, &fixture->arena, pins, &count),
        STATUS_OK);
    assert_int_equal(count, 1);
}

static void test_forwards(void **state)
{
    struct fixture *fixture = *state;
    struct forward_row forwards[4];
    size_t count;
    for (uint8_t i = 0; i < 4; i++) {
        struct change *change = add(fixture, CHANGE_FORWARD, "c");
        change->origin = 1;
        change->seq = i == 3 ? 8 : 7;
        change->forward = (struct forward_row){view_of(i == 0 ? "to" : "elsewhere"), view_of("u"),
                                               uuid_of(0xff, i)};
    }
    commit(fixture);
    reopen(fixture);
    struct event_key source = {view_of("c"), 1, 7};
    assert_int_equal(
        store_list_forwards(fixture->store, source, 4, &fixture->arena, forwards, &count),
        STATUS_OK);
    assert_int_equal(count, 3);
    assert_view(forwards[0].conversation, "elsewhere");
    assert_view(forwards[0].user, "u");
    assert_int_equal(forwards[0].message_id.bytes[UUID_BYTES - 1], 1);
    assert_int_equal(forwards[1].message_id.bytes[UUID_BYTES - 1], 2);
    assert_view(forwards[2].conversation, "to");
    source.seq = 9;
    assert_int_equal(
        store_list_forwards(fixture->store, source, 4, &fixture->arena, forwards, &count),
        STATUS_OK);
    assert_int_equal(count, 0);
}

static void test_approvals(void **state)
{
    struct fixture *fixture = *state;
    struct store_approval approvals[3];
    size_t count;
    for (uint64_t i = 0; i < 3; i++) {
        struct change *change = add(fixture, CHANGE_APPROVAL, "c");
        change->origin = 1;
        change->seq = i == 2 ? 2 : 1;
        change->user = view_of(i == 0 ? "wu" : "an");
        change->bytes = view_of("why");
    }
    commit(fixture);
    reopen(fixture);
    struct event_key target = {view_of("c"), 1, 1};
    assert_int_equal(
        store_list_approvals(fixture->store, target, 3, &fixture->arena, approvals, &count),
        STATUS_OK);
    assert_int_equal(count, 2);
    assert_view(approvals[0].user, "an");
    assert_view(approvals[0].bytes, "why");
    assert_view(approvals[1].user, "wu");
}

static void test_jobs_of_all_conversations(void **state)
{
    struct fixture *fixture = *state;
    static const char *const keys[][3] = {
        {"c", "u", "1"}, {"c", "u", "11"}, {"c", "uu", "1"}, {"ca", "a", "z"}};
    enum { KEYS = sizeof(keys) / sizeof(keys[0]) };
    struct store_job jobs[KEYS];
    size_t count;
    for (size_t i = KEYS; i-- > 0;) {
        struct change *change = add(fixture, CHANGE_JOB, keys[i][0]);
        change->user = view_of(keys[i][1]);
        change->request_id = view_of(keys[i][2]);
        change->bytes = view_of("job");
    }
    commit(fixture);
    reopen(fixture);
    for (size_t limit = 1; limit <= KEYS; limit++) {
        struct store_job after = {.bytes = {NULL, 0}};
        size_t seen = 0;
        do {
            assert_int_equal(
                store_list_jobs(fixture->store, &after, limit, &fixture->arena, jobs, &count),
                STATUS_OK);
            for (size_t i = 0; i < count; i++, seen++) {
                assert_true(seen < KEYS);
                assert_view(jobs[i].conversation, keys[seen][0]);
                assert_view(jobs[i].user, keys[seen][1]);
                assert_view(jobs[i].request_id, keys[seen][2]);
                assert_view(jobs[i].bytes, "job");
                after = jobs[i];
            }
        } while (count > 0);
        assert_int_equal(seen, KEYS);
    }
    assert_int_equal(store_list_jobs(fixture->store, NULL, KEYS, &fixture->arena, jobs, &count),
                     STATUS_OK);
    assert_int_equal(count, KEYS);
}

const struct conformance_test conformance_lists[] = {
    TEST(test_prefixes_do_not_mix),
    TEST(test_paging_through_members),
    TEST(test_paging_after_no_id),
    TEST(test_cursors_of_a_conversation),
    TEST(test_devices_of_a_user),
    TEST(test_message_ids_of_a_user),
    TEST(test_pins),
    TEST(test_forwards),
    TEST(test_approvals),
    TEST(test_jobs_of_all_conversations),
    TESTS_END,
};
