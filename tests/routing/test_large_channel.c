/* A channel of 100,000: nobody loads all of it. A message is one event and a push to whoever is
 * connected, and costs what it costs in a group of those alone; the 100,001st is refused. */
#include "cluster.h"
#include "core/frame.h"
#include "core/refusal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <time.h>

enum { CONNECTED = 200, MESSAGES = 300 };

static const char channel_id[] = "g:01000000000000000000000000000001";
static const char group_id[] = "g:01000000000000000000000000000002";

struct device {
    struct link link;
    uint64_t events;
    uint64_t appended;
    bool has_more; /* of a page of members */
    size_t members;
    char last[LIMIT_USER_ID_BYTES_MAX + 1];
    Unsay__V1__ErrorCode refusal;
};

static struct cluster cluster;
static struct device owner_device;
static struct device devices[CONNECTED];

static void on_frame(struct link *link, struct view payload)
{
    struct device *device = (struct device *)link; /* its first member */
    struct arena arena;
    arena_init(&arena);
    const wire_server_frame *frame = frame_decode_server(payload, &arena);
    assert_non_null(frame);
    device->events += frame->body_case == SERVER_FRAME(EVENT);
    if (frame->body_case == SERVER_FRAME(APPENDED))
        device->appended = frame->appended->seq;
    if (frame->body_case == SERVER_FRAME(ERROR))
        device->refusal = frame->error->code;
    if (frame->body_case == SERVER_FRAME(MEMBERS)) {
        device->members += frame->members->n_members;
        device->has_more = frame->members->more;
        snprintf(device->last, sizeof(device->last), "%s",
                 frame->members->members[frame->members->n_members - 1]->user);
    }
    arena_fini(&arena);
}

static void sign_in(struct device *device, const char *user)
{
    *device = (struct device){.link.on_frame = on_frame};
    link_open(&device->link, &cluster, 0, user, "phone", UINT64_MAX);
    cluster_settle(&cluster);
}

static void ask(struct device *device, wire_client_frame *frame)
{
    device->refusal = REFUSAL_NONE;
    device->appended = 0;
    link_request(&device->link, frame);
    cluster_settle(&cluster);
}

static void create(struct device *device, uint8_t id, Unsay__V1__ConversationType type)
{
    uint8_t bytes[16] = {1, [15] = id};
    wire_create_conversation request = UNSAY__V1__CREATE_CONVERSATION__INIT;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    request.creation_id = bytes_of(view_make(bytes, sizeof(bytes)));
    request.name = string_of("many");
    request.type = type;
    frame.body_case = CLIENT_FRAME(CREATE_CONVERSATION);
    frame.create_conversation = &request;
    ask(device, &frame);
}

/* Adds the users "u<first>" and on. */
static void add(const char *conversation, unsigned first, unsigned count)
{
    static char names[LIMIT_MEMBER_CHANGES_MAX][12];
    static wire_member members[LIMIT_MEMBER_CHANGES_MAX];
    wire_member *list[LIMIT_MEMBER_CHANGES_MAX];
    wire_change_members change = UNSAY__V1__CHANGE_MEMBERS__INIT;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    for (unsigned i = 0; i < count; i++) {
        snprintf(names[i], sizeof(names[i]), "u%u", first + i);
        unsay__v1__member__init(&members[i]);
        members[i].user = names[i];
        members[i].role = WIRE(ROLE, MEMBER);
        list[i] = &members[i];
    }
    change.conversation = string_of(conversation);
    change.members = list;
    change.n_members = count;
    frame.body_case = CLIENT_FRAME(CHANGE_MEMBERS);
    frame.change_members = &change;
    ask(&owner_device, &frame);
}

/* The CPU that a message costs, in nanoseconds, publication included. */
static uint64_t send_many(const char *conversation)
{
    static uint8_t last_id = 0;
    struct timespec before;
    struct timespec after;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
    for (unsigned i = 0; i < MESSAGES; i++) {
        uint8_t bytes[16] = {2, [13] = last_id, [14] = (uint8_t)(i >> 8), [15] = (uint8_t)(i + 1)};
        wire_send send = UNSAY__V1__SEND__INIT;
        wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
        send.conversation = string_of(conversation);
        send.message_id = bytes_of(view_make(bytes, sizeof(bytes)));
        send.content_type = WIRE(CONTENT_TYPE, TEXT);
        send.body = bytes_of(view_of("to all of you"));
        frame.body_case = CLIENT_FRAME(SEND);
        frame.send = &send;
        ask(&owner_device, &frame);
        assert_int_equal(owner_device.refusal, REFUSAL_NONE);
    }
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
    last_id++;
    return ((uint64_t)(after.tv_sec - before.tv_sec) * 1000000000 + (uint64_t)after.tv_nsec -
            (uint64_t)before.tv_nsec) /
           MESSAGES;
}

static uint64_t events_of_all(void)
{
    uint64_t events = 0;
    for (unsigned i = 0; i < CONNECTED; i++)
        events += devices[i].events;
    return events;
}

static void fill_the_channel(void)
{
    create(&owner_device, 1, WIRE(CONVERSATION_TYPE, CHANNEL));
    unsigned count = LIMIT_MEMBERS_MAX - 1; /* and the owner */
    for (unsigned first = 0; first < count; first += LIMIT_MEMBER_CHANGES_MAX) {
        unsigned left = count - first;
        add(channel_id, first, left < LIMIT_MEMBER_CHANGES_MAX ? left : LIMIT_MEMBER_CHANGES_MAX);
        assert_int_equal(owner_device.refusal, REFUSAL_NONE);
        assert_true(cluster.workers[0].owner.member_count <=
                    LIMIT_MEMBERS_CACHED_MAX + LIMIT_MEMBER_CHANGES_MAX);
    }
}

static void a_full_channel(void **state)
{
    (void)state;
    cluster_init(&cluster, 1);
    sign_in(&owner_device, "owner");
    for (unsigned i = 0; i < CONNECTED; i++) {
        char name[12];
        snprintf(name, sizeof(name), "u%u", i * 97);
        sign_in(&devices[i], name);
    }
    fill_the_channel();
    create(&owner_device, 2, WIRE(CONVERSATION_TYPE, GROUP));
    for (unsigned i = 0; i < CONNECTED; i++)
        add(group_id, i * 97, 1);

    /* One more is refused, added or joining. */
    struct device late;
    add(channel_id, LIMIT_MEMBERS_MAX, 1);
    assert_int_equal(owner_device.refusal, REFUSAL_CODE(TOO_MANY_MEMBERS));
    sign_in(&late, "late");
    wire_change_settings change = UNSAY__V1__CHANGE_SETTINGS__INIT;
    wire_settings settings = UNSAY__V1__SETTINGS__INIT;
    wire_join_conversation join = UNSAY__V1__JOIN_CONVERSATION__INIT;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    settings.join = WIRE(JOIN_POLICY, OPEN);
    change.conversation = string_of(channel_id);
    change.settings = &settings;
    change.fields = 1 << 4;
    frame.body_case = CLIENT_FRAME(CHANGE_SETTINGS);
    frame.change_settings = &change;
    ask(&owner_device, &frame);
    assert_int_equal(owner_device.refusal, REFUSAL_NONE);
    join.conversation = string_of(channel_id);
    frame.body_case = CLIENT_FRAME(JOIN_CONVERSATION);
    frame.join_conversation = &join;
    ask(&late, &frame);
    assert_int_equal(late.refusal, REFUSAL_CODE(TOO_MANY_MEMBERS));

    /* The same pushes, at the same cost: the best of a few rounds each, side by side. */
    uint64_t before = events_of_all();
    uint64_t channel_ns = UINT64_MAX;
    uint64_t group_ns = UINT64_MAX;
    for (unsigned round = 0; round < 3; round++) {
        uint64_t of_group = send_many(group_id);
        uint64_t of_channel = send_many(channel_id);
        group_ns = of_group < group_ns ? of_group : group_ns;
        channel_ns = of_channel < channel_ns ? of_channel : channel_ns;
    }
    print_message("a message to 200 who are connected: %llu ns in a group of them, %llu ns in a "
                  "channel of 100,000\n",
                  (unsigned long long)group_ns, (unsigned long long)channel_ns);
    assert_int_equal(events_of_all() - before, 2 * 3 * MESSAGES * CONNECTED);
    assert_true(channel_ns < 2 * group_ns);
    assert_true(cluster.workers[0].owner.member_count <= 2 * LIMIT_MEMBERS_CACHED_MAX);

    /* The list comes in pages, and each member once. */
    wire_list_members list = UNSAY__V1__LIST_MEMBERS__INIT;
    list.conversation = string_of(channel_id);
    list.after = owner_device.last;
    frame.body_case = CLIENT_FRAME(LIST_MEMBERS);
    frame.list_members = &list;
    do
        ask(&owner_device, &frame);
    while (owner_device.has_more);
    assert_int_equal(owner_device.members, LIMIT_MEMBERS_MAX);
    cluster_fini(&cluster);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_channel),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
