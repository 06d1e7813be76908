/* Property: whatever commits fail, mail lags and servers crash, the log is dense, holds a message
 * once, and agrees with every answer that was given; and no device is shown a body after it heard
 * of the recall. A failure prints its seed; UNSAY_SEED=N plays that one alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/prng.h"
#include "cluster.h"
#include "core/frame.h"
#include "shown.h"
#include "storage/store_memory.h"

#include <stdlib.h>

enum {
    WORKERS = 2,
    CONVERSATIONS = 2,
    USERS = 3,
    IDS = 24,
    REQUESTS = 24,
    STEPS = 400,
    SEEDS = 150,
    SEQS_MAX = 1000
};

static const char *const conversations[CONVERSATIONS] = {"g:c1", "g:c2"};
static const char *const users[USERS] = {"ann", "bob", "eve"};

/* What the model remembers of one message id. */
struct sent {
    uint64_t seq; /* as answered; 0: never */
    uint64_t time;
    bool was_asked_back; /* by its author */
    bool is_told_recalled;
};

struct device {
    struct link link;
    bool has_heard[CONVERSATIONS][SEQS_MAX]; /* of the recall of this seq */
};

struct world {
    struct cluster cluster;
    struct prng prng;
    struct device devices[USERS];
    struct sent sent[CONVERSATIONS][USERS][IDS];
    char *results[CONVERSATIONS][USERS][REQUESTS]; /* the first answer to each recall */
    uint64_t seed;
};

static struct world *the;

static uint64_t below(uint64_t bound)
{
    return prng_below(&the->prng, bound);
}

static void must(bool holds, const char *what)
{
    if (!holds)
        fail_msg("seed %llu: %s", (unsigned long long)the->seed, what);
}

static size_t conversation_index(const char *id)
{
    char real[65];
    shown_parse_conversation(conversations[0], real);
    return strcmp(id, real) == 0 ? 0 : 1;
}

static void on_accepted(size_t user, const wire_accepted *accepted)
{
    struct sent *sent = &the->sent[conversation_index(accepted->conversation)][user]
                                  [accepted->message_id.data[15] - 1];
    must(sent->seq == 0 || (sent->seq == accepted->seq && sent->time == accepted->time),
         "a repeated send got another answer");
    sent->seq = accepted->seq;
    sent->time = accepted->time;
    sent->is_told_recalled |= accepted->state == WIRE(MESSAGE_STATE, RECALLED);
}

static void on_result(struct device *device, size_t user, const wire_server_frame *frame)
{
    const wire_recall_result *result = frame->recall;
    size_t conversation = conversation_index(result->conversation);
    char **first = &the->results[conversation][user][result->request_id.data[0]];
    char *line = shown_frame(frame);
    must(*first == NULL || strcmp(*first, line) == 0, "a repeated recall got another answer");
    free(*first);
    *first = line;
    for (size_t i = 0; i < result->n_outcomes; i++) {
        const wire_target_outcome *outcome = result->outcomes[i];
        if (outcome->outcome != WIRE(RECALL_OUTCOME, RECALLED) &&
            outcome->outcome != WIRE(RECALL_OUTCOME, ALREADY_RECALLED))
            continue;
        the->sent[conversation][user][outcome->target->message_id.data[15] - 1].is_told_recalled =
            true;
        device->has_heard[conversation][outcome->target->seq] = true;
    }
}

static void on_frame(struct link *link, struct view payload)
{
    struct device *device = (struct device *)link; /* its first member */
    size_t user = (size_t)(device - the->devices);
    struct arena arena;
    arena_init(&arena);
    const wire_server_frame *frame = frame_decode_server(payload, &arena);
    must(frame != NULL, "a frame that cannot be decoded");
    if (frame->body_case == SERVER_FRAME(ACCEPTED)) {
        on_accepted(user, frame->accepted);
    } else if (frame->body_case == SERVER_FRAME(RECALL)) {
        on_result(device, user, frame);
    } else if (frame->body_case == SERVER_FRAME(NOTICE)) {
        device->has_heard[conversation_index(frame->notice->conversation)]
                         [frame->notice->recall->target_seq] = true;
    } else if (frame->body_case == SERVER_FRAME(EVENT) &&
               frame->event->kind_case == EVENT_KIND(MESSAGE)) {
        must(frame->event->message->state != WIRE(MESSAGE_STATE, NORMAL) ||
                 !device->has_heard[conversation_index(frame->event->conversation)]
                                   [frame->event->seq],
             "a body was shown after its recall");
    }
    arena_fini(&arena);
}

static void do_connect(size_t user)
{
    struct device *device = &the->devices[user];
    if (device->link.session == NULL)
        link_open(&device->link, &the->cluster, (unsigned)below(WORKERS), users[user], "phone",
                  UINT64_MAX);
}

static void do_send(size_t user)
{
    wire_send send = UNSAY__V1__SEND__INIT;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    char conversation[65];
    char name[16];
    uint8_t id[16];
    snprintf(name, sizeof(name), "m%u", (unsigned)below(IDS) + 1);
    shown_parse_id(name, id);
    shown_parse_conversation(conversations[below(CONVERSATIONS)], conversation);
    send.conversation = conversation;
    send.message_id = bytes_of(view_make(id, sizeof(id)));
    send.content_type = WIRE(CONTENT_TYPE, TEXT);
    send.body = bytes_of(view_of("body"));
    frame.body_case = CLIENT_FRAME(SEND);
    frame.send = &send;
    link_request(&the->devices[user].link, &frame);
}

/* A request id always names the same two targets, as a client's would. */
static void do_recall(size_t user)
{
    wire_recall_request recall = UNSAY__V1__RECALL_REQUEST__INIT;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    wire_target targets[2] = {UNSAY__V1__TARGET__INIT, UNSAY__V1__TARGET__INIT};
    wire_target *list[2] = {&targets[0], &targets[1]};
    uint8_t ids[2][16];
    uint8_t request = (uint8_t)below(REQUESTS);
    size_t at = below(CONVERSATIONS);
    char conversation[65];
    shown_parse_conversation(conversations[at], conversation);
    for (unsigned i = 0; i < 2; i++) {
        char name[16];
        unsigned number = (request + i * 5U) % IDS;
        snprintf(name, sizeof(name), "m%u", number + 1);
        shown_parse_id(name, ids[i]);
        targets[i].message_id = bytes_of(view_make(ids[i], 16));
        the->sent[at][user][number].was_asked_back = true;
    }
    recall.conversation = conversation;
    recall.request_id = bytes_of(view_make(&request, 1));
    recall.n_targets = 2;
    recall.targets = list;
    frame.body_case = CLIENT_FRAME(RECALL);
    frame.recall = &recall;
    link_request(&the->devices[user].link, &frame);
}

static void do_read(size_t user)
{
    wire_read read = UNSAY__V1__READ__INIT;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    char conversation[65];
    shown_parse_conversation(conversations[below(CONVERSATIONS)], conversation);
    read.conversation = conversation;
    frame.body_case = CLIENT_FRAME(READ);
    frame.read = &read;
    link_request(&the->devices[user].link, &frame);
}

static void do_create(unsigned number)
{
    wire_create_conversation create = UNSAY__V1__CREATE_CONVERSATION__INIT;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    wire_member members[USERS];
    wire_member *list[USERS];
    uint8_t id[16];
    shown_parse_id(conversations[number] + 2, id);
    for (size_t i = 0; i < USERS; i++) {
        unsay__v1__member__init(&members[i]);
        members[i].user = string_of(users[i]);
        list[i] = &members[i];
    }
    create.creation_id = bytes_of(view_make(id, sizeof(id)));
    create.name = string_of("group");
    create.n_members = USERS;
    create.members = list;
    frame.body_case = CLIENT_FRAME(CREATE_CONVERSATION);
    frame.create_conversation = &create;
    link_request(&the->devices[0].link, &frame);
}

/* One commit, which may fail, with or without having happened. */
static void do_commit(void)
{
    uint64_t luck = below(8);
    if (luck == 0)
        store_memory_fail(the->cluster.store, STATUS_NO_SPACE, false);
    else if (luck == 1)
        store_memory_fail(the->cluster.store, STATUS_IO, true);
    cluster_commit(&the->cluster);
    store_memory_fail(the->cluster.store, STATUS_OK, false);
}

static void step(void)
{
    size_t user = below(USERS);
    uint64_t kind = below(100);
    the->cluster.commits_are_held = true;
    do_connect(user);
    struct link *link = &the->devices[user].link;
    if (kind < 30)
        do_send(user);
    else if (kind < 50)
        do_recall(user);
    else if (kind < 58)
        do_read(user);
    else if (kind < 78)
        do_commit();
    else if (kind < 84)
        the->cluster.posts[below(WORKERS)].is_held ^= true;
    else if (kind < 90)
        link->is_slow ^= true;
    else if (kind < 92)
        link_close(link);
    else if (kind < 94)
        cluster_advance(&the->cluster, 1000);
    else if (kind == 94)
        cluster_crash(&the->cluster);
    if (below(2) == 0)
        cluster_settle(&the->cluster);
}

/* Ends what is under way, and lets everyone read what is left for them. */
static void calm(void)
{
    the->cluster.commits_are_held = false;
    for (unsigned i = 0; i < WORKERS; i++)
        the->cluster.posts[i].is_held = false;
    for (size_t i = 0; i < USERS; i++) {
        the->devices[i].link.is_slow = false;
        if (the->devices[i].link.session != NULL)
            link_pull(&the->devices[i].link, SIZE_MAX);
    }
    cluster_settle(&the->cluster);
}

static size_t user_index(const char *name)
{
    size_t i = 0;
    while (strcmp(users[i], name) != 0)
        i++;
    return i;
}

static void check_log(size_t at, struct arena *arena)
{
    static struct store_event events[SEQS_MAX];
    uint64_t seq_of[USERS][IDS] = {{0}};
    size_t count;
    bool more;
    char conversation[65];
    shown_parse_conversation(conversations[at], conversation);
    struct store_range range = {.conversation = view_of(conversation),
                                .origin = ORIGIN_DEFAULT,
                                .limit = SEQS_MAX,
                                .bytes_max = SIZE_MAX};
    assert_int_equal(store_read_events(the->cluster.store, &range, arena, events, &count, &more),
                     STATUS_OK);
    for (size_t i = 0; i < count; i++) {
        must(events[i].seq == i + 1, "the log has a gap");
        const wire_event *event = event_decode(events[i].bytes, arena);
        if (event->kind_case != EVENT_KIND(MESSAGE))
            continue;
        size_t user = user_index(event->message->sender);
        size_t number = (size_t)event->message->message_id.data[15] - 1;
        const struct sent *sent = &the->sent[at][user][number];
        bool is_recalled = event->message->state == WIRE(MESSAGE_STATE, RECALLED);
        must(seq_of[user][number] == 0, "a message is in the log twice");
        seq_of[user][number] = event->seq;
        must(sent->seq == 0 || sent->seq == event->seq, "a message is not where it was accepted");
        must(!is_recalled || sent->was_asked_back, "a message was taken back unasked");
        must(is_recalled || !sent->is_told_recalled, "a message that was taken back is not");
        must(is_recalled == (event->message->body.len == 0), "a tombstone with a body");
    }
    for (size_t user = 0; user < USERS; user++) {
        for (size_t number = 0; number < IDS; number++)
            must(the->sent[at][user][number].seq == seq_of[user][number] ||
                     the->sent[at][user][number].seq == 0,
                 "an accepted message is not in the log");
    }
}

static void play(uint64_t seed)
{
    struct arena arena;
    arena_init(&arena);
    the = calloc(1, sizeof(*the));
    the->seed = seed;
    the->prng.state = seed;
    cluster_init(&the->cluster, WORKERS);
    for (size_t i = 0; i < USERS; i++) {
        the->devices[i].link.on_frame = on_frame;
        do_connect(i);
    }
    for (unsigned i = 0; i < CONVERSATIONS; i++)
        do_create(i);
    cluster_settle(&the->cluster);
    for (int i = 0; i < STEPS; i++)
        step();
    calm();
    for (size_t i = 0; i < CONVERSATIONS; i++)
        check_log(i, &arena);
    for (size_t i = 0; i < CONVERSATIONS * USERS * REQUESTS; i++)
        free(the->results[i / USERS / REQUESTS][i / REQUESTS % USERS][i % REQUESTS]);
    cluster_fini(&the->cluster);
    free(the);
    arena_fini(&arena);
}

static void answers_and_log_agree(void **state)
{
    const char *only = getenv("UNSAY_SEED");
    (void)state;
    if (only != NULL) {
        play(strtoull(only, NULL, 10));
        return;
    }
    for (uint64_t seed = 1; seed <= SEEDS; seed++)
        play(seed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(answers_and_log_agree)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
