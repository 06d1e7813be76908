#include "conformance.h"

#include "storage/kv_rocksdb.h"
#include "storage/store_kv.h"
#include "storage/store_memory.h"

static struct store *open_memory(struct fixture *fixture)
{
    (void)fixture;
    return store_open_memory();
}

static struct store *open_rocksdb(struct fixture *fixture)
{
    struct store_options options = {.directory = fixture->directory,
                                    .evidence_directory = fixture->evidence_directory,
                                    .buffer_bytes = 1 << 20};
    struct store *store = NULL;
    struct failure failure = {STATUS_OK, ""};
    if (store_open_rocksdb(&options, &store, &failure) != STATUS_OK)
        fail_msg("%s", failure.text);
    return store;
}

static const struct adapter memory = {"memory", open_memory, false};
static const struct adapter rocksdb = {"RocksDB", open_rocksdb, true};

static int fixture_setup(void **state, const struct adapter *adapter)
{
    struct fixture *fixture = memory_new(sizeof(*fixture));
    fixture->adapter = adapter;
    if (adapter->is_on_disk) {
        scratch_make(fixture->parent);
        snprintf(fixture->directory, sizeof(fixture->directory), "%s/store", fixture->parent);
        snprintf(fixture->evidence_directory, sizeof(fixture->evidence_directory), "%s/keys",
                 fixture->parent);
    }
    arena_init(&fixture->arena);
    fixture->store = adapter->open(fixture);
    *state = fixture;
    return 0;
}

static int setup_memory(void **state)
{
    return fixture_setup(state, &memory);
}

static int setup_rocksdb(void **state)
{
    return fixture_setup(state, &rocksdb);
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    store_close(fixture->store);
    arena_fini(&fixture->arena);
    if (fixture->adapter->is_on_disk) {
        scratch_remove(fixture->directory);
        scratch_remove(fixture->evidence_directory);
        scratch_remove(fixture->parent);
    }
    free(fixture);
    return 0;
}

void reopen(struct fixture *fixture)
{
    if (!fixture->adapter->is_on_disk)
        return;
    store_close(fixture->store);
    fixture->store = fixture->adapter->open(fixture);
}

void assert_view(struct view actual, const char *expected)
{
    assert_int_equal(actual.size, strlen(expected));
    if (actual.size > 0)
        assert_memory_equal(actual.data, expected, actual.size);
}

struct change *add(struct fixture *fixture, enum change_kind kind, const char *conversation)
{
    struct change *change = arena_zero(&fixture->arena, sizeof(*change));
    change->kind = kind;
    change->conversation = view_of(conversation);
    change_list_add(&fixture->list, change);
    return change;
}

struct change *add_event(struct fixture *fixture, const char *conversation, uint32_t origin,
                         uint64_t seq, const char *bytes)
{
    struct change *change = add(fixture, CHANGE_EVENT, conversation);
    change->origin = origin;
    change->seq = seq;
    change->bytes = view_of(bytes);
    return change;
}

void add_member(struct fixture *fixture, const char *conversation, const char *user,
                uint32_t pending_recalls)
{
    struct change *change = add(fixture, CHANGE_MEMBER, conversation);
    change->user = view_of(user);
    change->member =
        (struct member_row){.role = WIRE(ROLE, MEMBER), .pending_recalls = pending_recalls};
}

struct uuid uuid_of(uint8_t first, uint8_t last)
{
    struct uuid id = {{first}};
    id.bytes[UUID_BYTES - 1] = last;
    return id;
}

void add_message_id(struct fixture *fixture, const char *conversation, const char *user,
                    struct uuid id, uint64_t seq)
{
    struct change *change = add(fixture, CHANGE_MESSAGE_ID, conversation);
    change->user = view_of(user);
    change->id = id;
    change->message_id = (struct message_id_row){.origin = ORIGIN_DEFAULT, .seq = seq};
}

enum status commit_status(struct fixture *fixture)
{
    const struct change_list *lists[] = {&fixture->list};
    enum status status = store_commit(fixture->store, lists, 1, NULL);
    fixture->list = (struct change_list){NULL, NULL, 0, 0};
    return status;
}

void commit(struct fixture *fixture)
{
    assert_int_equal(commit_status(fixture), STATUS_OK);
}

void fail_next(struct fixture *fixture, enum status status, bool applied)
{
    struct kv_rocksdb_faults faults = {.write_status = status, .write_is_applied = applied};
    if (fixture->adapter->is_on_disk)
        kv_rocksdb_set_faults(store_kv(fixture->store), &faults);
    else
        store_memory_fail(fixture->store, status, applied);
}

const char *event_text(struct fixture *fixture, const char *conversation, uint32_t origin,
                       uint64_t seq)
{
    struct view bytes;
    struct event_key key = {view_of(conversation), origin, seq};
    enum status status = store_get_event(fixture->store, key, &fixture->arena, &bytes);
    if (status == STATUS_NOT_FOUND)
        return NULL;
    assert_int_equal(status, STATUS_OK);
    return (const char *)memcpy(arena_zero(&fixture->arena, bytes.size + 1), bytes.data,
                                bytes.size);
}

/* The suite's tests, named after the adapter. */
static size_t tests_add(struct CMUnitTest *tests, const struct adapter *adapter,
                        int (*setup)(void **state))
{
    static const struct conformance_test *const topics[] = {
        conformance_rows,    conformance_events, conformance_lists,   conformance_commits,
        conformance_journal, conformance_outbox, conformance_erasure,
    };
    size_t count = 0;
    for (size_t i = 0; i < sizeof(topics) / sizeof(topics[0]); i++) {
        for (const struct conformance_test *test = topics[i]; test->name != NULL; test++) {
            char *name = NULL;
            if (asprintf(&name, "%s: %s", test->name, adapter->name) < 0)
                abort();
            tests[count++] = (struct CMUnitTest){name, test->run, setup, teardown, NULL};
        }
    }
    return count;
}

int main(void)
{
    static struct CMUnitTest tests[256];
    size_t count = tests_add(tests, &memory, setup_memory);
    count += tests_add(tests + count, &rocksdb, setup_rocksdb);
    return _cmocka_run_group_tests("store", tests, count, NULL, NULL);
}
