/* Rows that are read one by one. */
#include "conformance.h"

static void test_missing_rows(void **state)
{
    struct fixture *fixture = *state;
    struct store *store = fixture->store;
    struct arena *arena = &fixture->arena;
    struct view a = view_of("a");
    struct uuid id = uuid_of(1, 1);
    struct conversation_row conversation;
    struct member_row member;
    struct message_id_row message_id;
    struct cursor_row cursor;
    struct store_membership memberships[1];
    struct view bytes;
    uint64_t seq;
    size_t count = 7;

    assert_int_equal(store_get_conversation(store, a, arena, &conversation), STATUS_NOT_FOUND);
    assert_int_equal(store_get_member(store, a, a, &member), STATUS_NOT_FOUND);
    assert_null(event_text(fixture, "a", 1, 1));
    assert_int_equal(store_get_last_event(store, a, 1, arena, &seq, &bytes), STATUS_NOT_FOUND);
    assert_int_equal(store_get_message_id(store, a, a, &id, arena, &message_id), STATUS_NOT_FOUND);
    assert_int_equal(store_get_last_message_id(store, a, a, &id), STATUS_NOT_FOUND);
    assert_int_equal(store_get_request(store, a, a, a, arena, &bytes), STATUS_NOT_FOUND);
    assert_int_equal(store_get_cursor(store, a, a, a, 1, &cursor), STATUS_NOT_FOUND);
    assert_int_equal(store_list_members(store, a, view_of(""), 1, arena, memberships, &count),
                     STATUS_OK);
    assert_int_equal(count, 0);
    assert_int_equal(store_list_conversations(store, a, view_of(""), 1, arena, memberships, &count),
                     STATUS_OK);
    assert_int_equal(count, 0);
}

static void test_last_message_row(void **state)
{
    struct fixture *fixture = *state;
    struct last_message_row row;
    for (uint32_t origin = 1; origin <= 2; origin++) {
        struct change *change = add(fixture, CHANGE_LAST_MESSAGE, "g:1");
        change->origin = origin;
        change->last_message = (struct last_message_row){40 + origin, UINT64_MAX};
    }
    commit(fixture);
    add(fixture, CHANGE_LAST_MESSAGE, "g:1")->origin = 2;
    commit(fixture);
    reopen(fixture);
    assert_int_equal(store_get_last_message(fixture->store, view_of("g:1"), 1, &row), STATUS_OK);
    assert_int_equal(row.seq, 41);
    assert_true(row.time == UINT64_MAX);
    assert_int_equal(store_get_last_message(fixture->store, view_of("g:1"), 2, &row), STATUS_OK);
    assert_int_equal(row.seq, 0);
    assert_int_equal(store_get_last_message(fixture->store, view_of("g"), 1, &row),
                     STATUS_NOT_FOUND);
}

static void test_conversation_row(void **state)
{
    struct fixture *fixture = *state;
    struct conversation_row row;
    add(fixture, CHANGE_CONVERSATION, "g:1")->conversation_row =
        (struct conversation_row){.type = WIRE(CONVERSATION_TYPE, GROUP),
                                  .name = view_of("A name"),
                                  .creator = view_of("li"),
                                  .creation_id = uuid_of(3, 4),
                                  .time = UINT64_C(0x0123456789abcdef)};
    add(fixture, CHANGE_CONVERSATION, "d:1")->conversation_row =
        (struct conversation_row){.type = WIRE(CONVERSATION_TYPE, DIRECT),
                                  .peers = {view_of("ann"), view_of("li")},
                                  .time = UINT64_MAX};
    commit(fixture);
    reopen(fixture);

    assert_int_equal(store_get_conversation(fixture->store, view_of("g:1"), &fixture->arena, &row),
                     STATUS_OK);
    struct uuid id = uuid_of(3, 4);
    assert_int_equal(row.type, WIRE(CONVERSATION_TYPE, GROUP));
    assert_view(row.name, "A name");
    assert_view(row.creator, "li");
    assert_view(row.peers[0], "");
    assert_int_equal(uuid_compare(&row.creation_id, &id), 0);
    assert_int_equal(row.time, UINT64_C(0x0123456789abcdef));

    assert_int_equal(store_get_conversation(fixture->store, view_of("d:1"), &fixture->arena, &row),
                     STATUS_OK);
    assert_int_equal(row.type, WIRE(CONVERSATION_TYPE, DIRECT));
    assert_view(row.name, "");
    assert_view(row.peers[0], "ann");
    assert_view(row.peers[1], "li");
    assert_true(uuid_is_zero(&row.creation_id));
    assert_int_equal(row.time, UINT64_MAX);
}

static void test_member_row_is_found_both_ways(void **state)
{
    struct fixture *fixture = *state;
    struct member_row row;
    struct store_membership memberships[4];
    size_t count;
    add_member(fixture, "c", "u", 1);
    commit(fixture);
    add_member(fixture, "c", "u", UINT32_MAX);
    commit(fixture);
    reopen(fixture);

    assert_int_equal(store_get_member(fixture->store, view_of("c"), view_of("u"), &row), STATUS_OK);
    assert_int_equal(row.role, WIRE(ROLE, MEMBER));
    assert_int_equal(row.pending_recalls, UINT32_MAX);
    assert_int_equal(store_get_member(fixture->store, view_of("u"), view_of("c"), &row),
                     STATUS_NOT_FOUND);
    assert_int_equal(store_list_members(fixture->store, view_of("c"), view_of(""), 4,
                                        &fixture->arena, memberships, &count),
                     STATUS_OK);
    assert_int_equal(count, 1);
    assert_view(memberships[0].conversation, "c");
    assert_view(memberships[0].user, "u");
    assert_int_equal(memberships[0].row.pending_recalls, UINT32_MAX);
    assert_int_equal(store_list_conversations(fixture->store, view_of("u"), view_of(""), 4,
                                              &fixture->arena, memberships, &count),
                     STATUS_OK);
    assert_int_equal(count, 1);
    assert_view(memberships[0].conversation, "c");
    assert_view(memberships[0].user, "u");
    assert_int_equal(memberships[0].row.pending_recalls, UINT32_MAX);
}

static void test_message_id_row(void **state)
{
    struct fixture *fixture = *state;
    struct uuid id = uuid_of(1, 2);
    struct message_id_row row;
    struct change *change = add(fixture, CHANGE_MESSAGE_ID, "c");
    change->user = view_of("u");
    change->id = id;
    change->message_id = (struct message_id_row){
        .origin = 3,
        .pending = view_make("\0wait", 5),
        .pending_device = view_of("phone"),
        .pending_authority = WIRE(ACTOR, COMPLIANCE),
    };
    commit(fixture);
    reopen(fixture);

    assert_int_equal(store_get_message_id(fixture->store, view_of("c"), view_of("u"), &id,
                                          &fixture->arena, &row),
                     STATUS_OK);
    assert_int_equal(row.origin, 3);
    assert_int_equal(row.seq, 0);
    assert_int_equal(row.pending.size, 5);
    assert_memory_equal(row.pending.data, "\0wait", 5);
    assert_view(row.pending_device, "phone");
    assert_int_equal(row.pending_authority, WIRE(ACTOR, COMPLIANCE));

    add_message_id(fixture, "c", "u", id, UINT64_MAX);
    commit(fixture);
    assert_int_equal(store_get_message_id(fixture->store, view_of("c"), view_of("u"), &id,
                                          &fixture->arena, &row),
                     STATUS_OK);
    assert_int_equal(row.origin, ORIGIN_DEFAULT);
    assert_int_equal(row.seq, UINT64_MAX);
    assert_int_equal(row.pending.size, 0);
    assert_int_equal(row.pending_device.size, 0);
    assert_int_equal(row.pending_authority, WIRE(ACTOR, UNSPECIFIED));
}

static void test_request_row(void **state)
{
    struct fixture *fixture = *state;
    static const char ids[] = "\0\0r";
    struct view bytes;
    for (size_t size = 1; size <= 3; size++) {
        struct change *change = add(fixture, CHANGE_REQUEST, "c");
        change->user = view_of("u");
        change->request_id = view_make(ids, size);
        change->bytes = view_make("abc", size - 1);
    }
    commit(fixture);
    reopen(fixture);
    for (size_t size = 1; size <= 3; size++) {
        assert_int_equal(store_get_request(fixture->store, view_of("c"), view_of("u"),
                                           view_make(ids, size), &fixture->arena, &bytes),
                         STATUS_OK);
        assert_int_equal(bytes.size, size - 1);
    }
    assert_int_equal(store_get_request(fixture->store, view_of("c"), view_of("u"), view_of("r"),
                                       &fixture->arena, &bytes),
                     STATUS_NOT_FOUND);
}

static void test_users_with_requests(void **state)
{
    static const char *const none[][2] = {{"c", "us"}, {"c", "t"}, {"d", "u"}, {"", "u"}};
    struct fixture *fixture = *state;
    bool has;
    struct change *change = add(fixture, CHANGE_REQUEST, "c");
    change->user = view_of("u");
    change->request_id = view_of("r");
    commit(fixture);
    reopen(fixture);
    assert_int_equal(store_has_requests(fixture->store, view_of("c"), view_of("u"), &has),
                     STATUS_OK);
    assert_true(has);
    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
        assert_int_equal(
            store_has_requests(fixture->store, view_of(none[i][0]), view_of(none[i][1]), &has),
            STATUS_OK);
        assert_false(has);
    }
}

static void test_cursor_row(void **state)
{
    struct fixture *fixture = *state;
    struct cursor_row rows[2];
    struct cursor_row row;
    memset(rows, 0, sizeof(rows));
    for (uint32_t i = 0; i < TRAIL_MARKS_MAX; i++)
        rows[0].stored.marks[i] = (struct trail_mark){1000 + i * i, 1700000000000 + i};
    rows[0].stored.count = TRAIL_MARKS_MAX;
    rows[0].displayed = (struct trail){1, {{UINT64_MAX, UINT64_MAX}}};
    rows[0].shared = UINT64_MAX;
    rows[1].receipt_seq = UINT64_MAX;
    rows[1].receipt_time_ms = 7;
    memset(rows[1].receipt, 0xa5, sizeof(rows[1].receipt));
    for (uint32_t origin = 1; origin <= 2; origin++) {
        struct change *change = add(fixture, CHANGE_CURSOR, "c");
        change->user = view_of("u");
        change->device = view_of("phone");
        change->origin = origin;
        change->cursor = &rows[origin - 1];
    }
    commit(fixture);
    reopen(fixture);
    for (uint32_t origin = 1; origin <= 2; origin++) {
        assert_int_equal(store_get_cursor(fixture->store, view_of("u"), view_of("phone"),
                                          view_of("c"), origin, &row),
                         STATUS_OK);
        assert_memory_equal(&row, &rows[origin - 1], sizeof(row));
    }
    assert_int_equal(
        store_get_cursor(fixture->store, view_of("u"), view_of("pad"), view_of("c"), 1, &row),
        STATUS_NOT_FOUND);
    assert_int_equal(
        store_get_cursor(fixture->store, view_of("u"), view_of("phone"), view_of("c"), 3, &row),
        STATUS_NOT_FOUND);
}

static void test_device_row(void **state)
{
    struct fixture *fixture = *state;
    struct device_row rows[2];
    struct device_row row;
    memset(rows, 0, sizeof(rows));
    rows[0] = (struct device_row){.since_ms = 5, .key_count = DEVICE_KEYS_MAX};
    for (uint32_t i = 0; i < DEVICE_KEYS_MAX; i++) {
        rows[0].keys[i].since_ms = UINT64_MAX - i;
        memset(rows[0].keys[i].key, (int)i, DEVICE_KEY_BYTES);
    }
    rows[0].login = UINT64_MAX;
    rows[0].contests = UINT32_MAX;
    rows[0].contested_ms = 1;
    for (size_t i = 0; i < 2; i++) {
        struct change *change = add(fixture, CHANGE_DEVICE, "");
        change->user = view_of("u");
        change->device = view_of(i == 0 ? "phone" : "pad");
        change->device_row = &rows[i];
    }
    commit(fixture);
    reopen(fixture);
    for (size_t i = 0; i < 2; i++) {
        struct view device = view_of(i == 0 ? "phone" : "pad");
        assert_int_equal(store_get_device(fixture->store, view_of("u"), device, &row), STATUS_OK);
        assert_memory_equal(&row, &rows[i], sizeof(row));
    }
    assert_int_equal(store_get_device(fixture->store, view_of("phone"), view_of("u"), &row),
                     STATUS_NOT_FOUND);
}

static void test_user_row(void **state)
{
    struct fixture *fixture = *state;
    struct user_row row;
    assert_int_equal(store_get_user(fixture->store, view_of("u"), &row), STATUS_NOT_FOUND);
    for (int hides = 1; hides >= 0; hides--) {
        struct change *change = add(fixture, CHANGE_USER, "");
        change->user = view_of("u");
        change->user_row.hides_displayed = hides != 0;
        commit(fixture);
        reopen(fixture);
        assert_int_equal(store_get_user(fixture->store, view_of("u"), &row), STATUS_OK);
        assert_int_equal(row.hides_displayed, hides);
    }
    assert_int_equal(store_get_user(fixture->store, view_of("us"), &row), STATUS_NOT_FOUND);
    assert_int_equal(store_get_user(fixture->store, view_of(""), &row), STATUS_NOT_FOUND);
}

static void add_job(struct fixture *fixture, const char *request_id, const char *bytes)
{
    struct change *change = add(fixture, CHANGE_JOB, "c");
    change->user = view_of("u");
    change->request_id = view_of(request_id);
    change->bytes = view_of(bytes);
    change->is_removal = bytes == NULL;
}

static void test_job_row(void **state)
{
    struct fixture *fixture = *state;
    struct view bytes;
    add_job(fixture, "one", "1");
    add_job(fixture, "two", "2");
    commit(fixture);
    add_job(fixture, "one", NULL);
    add_job(fixture, "two", NULL);
    add_job(fixture, "two", "later wins");
    add_job(fixture, "never", NULL);
    commit(fixture);
    reopen(fixture);
    assert_int_equal(store_get_job(fixture->store, view_of("c"), view_of("u"), view_of("one"),
                                   &fixture->arena, &bytes),
                     STATUS_NOT_FOUND);
    assert_int_equal(store_get_job(fixture->store, view_of("c"), view_of("u"), view_of("two"),
                                   &fixture->arena, &bytes),
                     STATUS_OK);
    assert_view(bytes, "later wins");
    assert_int_equal(store_get_request(fixture->store, view_of("c"), view_of("u"), view_of("two"),
                                       &fixture->arena, &bytes),
                     STATUS_NOT_FOUND);
}

static void test_policy_row(void **state)
{
    struct fixture *fixture = *state;
    struct view bytes;
    struct view version = view_make("\0version of thirty-two bytes..\0", 32);
    struct change *change = add(fixture, CHANGE_POLICY, "");
    change->request_id = version;
    change->bytes = view_of("rules: []");
    commit(fixture);
    reopen(fixture);
    assert_int_equal(store_get_policy(fixture->store, version, &fixture->arena, &bytes), STATUS_OK);
    assert_view(bytes, "rules: []");
    version.size--;
    assert_int_equal(store_get_policy(fixture->store, version, &fixture->arena, &bytes),
                     STATUS_NOT_FOUND);
}

/* The row of the conversation stays, the user's list forgets it, until the user is back. */
static void test_member_who_left(void **state)
{
    struct fixture *fixture = *state;
    struct store_membership memberships[2];
    struct member_row row;
    size_t count;
    add_member(fixture, "c", "u", 0);
    commit(fixture);
    for (int is_back = 0; is_back < 2; is_back++) {
        struct change *change = add(fixture, CHANGE_MEMBER, "c");
        change->user = view_of("u");
        change->member = (struct member_row){.joined_seq = 2, .left_seq = UINT64_MAX};
        if (is_back)
            change->member.role = WIRE(ROLE, ADMIN);
        commit(fixture);
        reopen(fixture);
        assert_int_equal(store_get_member(fixture->store, view_of("c"), view_of("u"), &row),
                         STATUS_OK);
        assert_int_equal(row.role, is_back ? WIRE(ROLE, ADMIN) : WIRE(ROLE, UNSPECIFIED));
        assert_int_equal(row.joined_seq, 2);
        assert_int_equal(row.left_seq, UINT64_MAX);
        assert_int_equal(store_list_members(fixture->store, view_of("c"), view_of(""), 2,
                                            &fixture->arena, memberships, &count),
                         STATUS_OK);
        assert_int_equal(count, 1);
        assert_int_equal(store_list_conversations(fixture->store, view_of("u"), view_of(""), 2,
                                                  &fixture->arena, memberships, &count),
                         STATUS_OK);
        assert_int_equal(count, is_back);
    }
}

/* Put back from backups again and again: each id it had, with since when something may be missing.
 */
static void test_store_pasts(void **state)
{
    struct fixture *fixture = *state;
    struct store_past pasts[LIMIT_STORE_PASTS_MAX];
    struct uuid ids[LIMIT_STORE_PASTS_MAX + 2];
    size_t count = 7;
    assert_int_equal(store_get_pasts(fixture->store, pasts, &count), STATUS_OK);
    assert_int_equal(count, 0);
    for (size_t i = 0; i < LIMIT_STORE_PASTS_MAX + 1; i++) {
        assert_int_equal(store_get_id(fixture->store, &ids[i]), STATUS_OK);
        /* The third is of an older backup than those before it. */
        uint64_t lost_from_ms = i == 2 ? 50 : 100 + i;
        assert_int_equal(store_begin_anew(fixture->store, lost_from_ms, NULL), STATUS_OK);
        assert_int_equal(store_get_id(fixture->store, &ids[i + 1]), STATUS_OK);
        assert_int_not_equal(uuid_compare(&ids[i], &ids[i + 1]), 0);
    }
    reopen(fixture);
    assert_int_equal(store_get_pasts(fixture->store, pasts, &count), STATUS_OK);
    assert_int_equal(count, LIMIT_STORE_PASTS_MAX);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(uuid_compare(&pasts[i].id, &ids[i + 1]), 0);
        assert_int_equal(pasts[i].lost_from_ms, i + 1 <= 2 ? 50 : 100 + i + 1);
    }
}

const struct conformance_test conformance_rows[] = {
    TEST(test_missing_rows),
    TEST(test_last_message_row),
    TEST(test_conversation_row),
    TEST(test_member_row_is_found_both_ways),
    TEST(test_message_id_row),
    TEST(test_request_row),
    TEST(test_users_with_requests),
    TEST(test_cursor_row),
    TEST(test_device_row),
    TEST(test_user_row),
    TEST(test_job_row),
    TEST(test_policy_row),
    TEST(test_member_who_left),
    TEST(test_store_pasts),
    TESTS_END,
};
