/* Property: after any interleaving of sends, recalls and acknowledgements of several devices, the
 * list of conversations says what a reader of the whole log counts. A failure prints its seed;
 * UNSAY_SEED=N plays that one alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/prng.h"
#include "cluster.h"
#include "core/frame.h"
#include "shown.h"

#include <stdlib.h>

enum { USERS = 3, DEVICES = 2, STEPS = 260, SEEDS = 60, CHECK_EVERY = 20, SEQS_MAX = 1000 };

static const char *const users[USERS] = {"ann", "bob", "eve"};
static const char *const devices[DEVICES] = {"phone", "tablet"};

/* Half of the recalls vanish: those of a message whose content type is CUSTOM. */
static const struct policy_rule rules[] = {
    {.name = "vanishing",
     .content_types = POLICY_BIT(WIRE(CONTENT_TYPE, CUSTOM)),
     .allows = true,
     .vanishes = true},
    {.name = "shown", .allows = true},
};
static const struct policy policy = {.rules = rules, .rule_count = 2};

struct place {
    struct link link;
    uint64_t displayed; /* confirmed by the server */
};

struct world {
    struct cluster cluster;
    struct prng prng;
    struct place places[USERS][DEVICES];
    unsigned sent;
    uint64_t head;
    uint64_t seed;
    char conversation[65];
    struct arena arena;
    const wire_conversation_entry *entry; /* the last that was listed */
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

static void on_frame(struct link *link, struct view payload)
{
    struct place *place = (struct place *)link; /* its first member */
    const wire_server_frame *frame = frame_decode_server(payload, &the->arena);
    must(frame != NULL, "a frame that cannot be decoded");
    if (frame->body_case == SERVER_FRAME(ACK))
        place->displayed = frame->ack->cursors[0]->displayed;
    else if (frame->body_case == SERVER_FRAME(CONVERSATIONS))
        the->entry = frame->conversations->conversations[0];
    else if (frame->body_case == SERVER_FRAME(ACCEPTED) && frame->accepted->seq > the->head)
        the->head = frame->accepted->seq;
}

static void request(size_t user, size_t device, wire_client_frame *frame)
{
    link_request(&the->places[user][device].link, frame);
    cluster_settle(&the->cluster);
}

static void do_send(size_t user)
{
    wire_send send = UNSAY__V1__SEND__INIT;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    char *mentions[USERS + 1];
    char name[16];
    uint8_t id[16];
    snprintf(name, sizeof(name), "m%u", ++the->sent);
    shown_parse_id(name, id);
    send.conversation = the->conversation;
    send.message_id = bytes_of(view_make(id, sizeof(id)));
    send.content_type = below(2) == 0 ? WIRE(CONTENT_TYPE, TEXT) : WIRE(CONTENT_TYPE, CUSTOM);
    send.body = bytes_of(view_of("body"));
    send.mentions = mentions;
    for (size_t i = 0; i < USERS; i++) {
        if (below(4) == 0)
            mentions[send.n_mentions++] = string_of(users[i]);
    }
    if (below(8) == 0)
        mentions[send.n_mentions++] = string_of("*");
    frame.body_case = CLIENT_FRAME(SEND);
    frame.send = &send;
    request(user, below(DEVICES), &frame);
}

/* Of one of the latest `within` events. */
static void do_recall(size_t user, uint64_t within)
{
    wire_recall_request recall = UNSAY__V1__RECALL_REQUEST__INIT;
    wire_target target = UNSAY__V1__TARGET__INIT;
    wire_target *targets[] = {&target};
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    uint64_t back = below(within);
    char request_id[24];
    snprintf(request_id, sizeof(request_id), "r%u", ++the->sent);
    target.seq = back < the->head ? the->head - back : 1;
    recall.conversation = the->conversation;
    recall.request_id = bytes_of(view_of(request_id));
    recall.targets = targets;
    recall.n_targets = 1;
    frame.body_case = CLIENT_FRAME(RECALL);
    frame.recall = &recall;
    request(user, below(DEVICES), &frame);
}

static void do_ack(size_t user)
{
    wire_ack ack = UNSAY__V1__ACK__INIT;
    wire_cursor cursor = UNSAY__V1__CURSOR__INIT;
    wire_cursor *cursors[] = {&cursor};
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    cursor.conversation = the->conversation;
    cursor.stored = the->head;
    cursor.displayed = below(the->head + 1);
    ack.cursors = cursors;
    ack.n_cursors = 1;
    frame.body_case = CLIENT_FRAME(ACK);
    frame.ack = &ack;
    request(user, below(DEVICES), &frame);
}

static bool is_mentioned(const wire_message *message, const char *user)
{
    for (size_t i = 0; i < message->n_mentions; i++) {
        if (strcmp(message->mentions[i], user) == 0 || strcmp(message->mentions[i], "*") == 0)
            return true;
    }
    return false;
}

/* What someone sees who reads everything. */
static void check(size_t user)
{
    static struct store_event events[SEQS_MAX];
    wire_list_conversations list = UNSAY__V1__LIST_CONVERSATIONS__INIT;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    struct store_range range = {.conversation = view_of(the->conversation),
                                .origin = ORIGIN_DEFAULT,
                                .limit = SEQS_MAX,
                                .bytes_max = SIZE_MAX};
    uint64_t displayed = 0;
    uint32_t unread = 0;
    uint32_t mentions = 0;
    uint64_t preview = 0;
    size_t count;
    bool more;
    arena_reset(&the->arena);
    for (size_t i = 0; i < DEVICES; i++) {
        if (the->places[user][i].displayed > displayed)
            displayed = the->places[user][i].displayed;
    }
    assert_int_equal(
        store_read_events(the->cluster.store, &range, &the->arena, events, &count, &more),
        STATUS_OK);
    for (size_t i = 0; i < count; i++) {
        const wire_event *event = event_decode(events[i].bytes, &the->arena);
        if (event->kind_case != EVENT_KIND(MESSAGE))
            continue;
        bool is_normal = event->message->state == WIRE(MESSAGE_STATE, NORMAL);
        if (is_normal || !event->message->tombstone->vanished)
            preview = event->seq;
        if (!is_normal || event->seq <= displayed ||
            strcmp(event->message->sender, users[user]) == 0)
            continue;
        unread++;
        mentions += is_mentioned(event->message, users[user]);
    }
    list.limit = 1;
    frame.body_case = CLIENT_FRAME(LIST_CONVERSATIONS);
    frame.list_conversations = &list;
    request(user, below(DEVICES), &frame);
    if (unread <= LIMIT_UNREAD_MAX) {
        must(the->entry->unread == unread, "unread is not what is unread");
        must(the->entry->mentions == mentions, "mentions are not what is unread");
    } else {
        must(the->entry->unread == LIMIT_UNREAD_MAX, "more than is counted");
    }
    must((the->entry->preview == NULL ? 0 : the->entry->preview->seq) == preview,
         "the preview is not the latest message");
}

static void do_create(void)
{
    wire_create_conversation create = UNSAY__V1__CREATE_CONVERSATION__INIT;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    wire_member members[USERS];
    wire_member *list[USERS];
    uint8_t id[16];
    shown_parse_id("c1", id);
    shown_parse_conversation("g:c1", the->conversation);
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
    request(0, 0, &frame);
    the->head = 1;
}

static void play(uint64_t seed)
{
    the = calloc(1, sizeof(*the));
    the->seed = seed;
    the->prng.state = seed;
    arena_init(&the->arena);
    cluster_init(&the->cluster, 2);
    the->cluster.settings.rules.policy = &policy;
    cluster_crash(&the->cluster); /* starts again with that policy */
    for (size_t i = 0; i < USERS * DEVICES; i++) {
        struct place *place = &the->places[i / DEVICES][i % DEVICES];
        place->link.on_frame = on_frame;
        link_open(&place->link, &the->cluster, (unsigned)below(2), users[i / DEVICES],
                  devices[i % DEVICES], UINT64_MAX);
        cluster_settle(&the->cluster);
    }
    do_create();
    /* Some seeds display little, and come past what is counted. */
    uint64_t acks = seed % 3 == 0 ? 1 : 15;
    for (int i = 0; i < STEPS; i++) {
        size_t user = below(USERS);
        uint64_t kind = below(100);
        if (kind < acks)
            do_ack(user);
        else if (kind < 45)
            do_recall(user, 12);
        else
            do_send(user);
        if (i % CHECK_EVERY == 0)
            check(below(USERS));
    }
    /* Then nearly all is taken back: what one list learns of that, the next one goes by. */
    for (int i = 0; i < 2 * STEPS; i++) {
        do_recall(below(USERS), the->head);
        if (i % CHECK_EVERY == 0)
            check(below(USERS));
    }
    for (size_t i = 0; i < 2 * USERS; i++)
        check(i % USERS);
    cluster_fini(&the->cluster);
    arena_fini(&the->arena);
    free(the);
}

static void the_list_says_what_is_unread(void **state)
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
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_list_says_what_is_unread)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
