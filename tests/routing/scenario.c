/* scenario FILE: plays a story of devices and a server, step by step, and compares what each device
 * is sent, line by line and completely: a frame that no `expect` names is a failure at the end.
 *
 * The world                                  A device, user/device
 *   workers N          first line; else 1      D open USER
 *   connect D [on W] [expires SECONDS]         D create cN NAME [channel] [USER[=ROLE]...]
 *   disconnect D                               D send CONVERSATION mN BODY [after mN]
 *   slow D, resume D, pull D N                 D recall CONVERSATION rN TARGET... [reason TEXT]
 *   hold commits, commit, release commits      D read CONVERSATION [after N] [before N] [limit N]
 *   hold mail W, release mail W                       [newest]
 *   together ... end   in one turn             D list [after ID] [limit N]
 *   store fails full|io|lost-answer            D ack CONVERSATION STORED [DISPLAYED] [origin N]
 *   store works                                D ack-notice CONVERSATION SEQ
 *   advance 30s|500ms, wall-back 5s            D heartbeat [CONVERSATION STORED]
 *   crash, drain                               D hello, D goodbye, D nothing
 *
 *   expect D LINE      the next frame, as shown.h writes it; * is any word
 *   expect-nothing D, expect-closed D, ignore D (what came so far)
 *   never D TEXT       no frame to D may contain it from here on
 *   store-has TEXT, store-lacks TEXT
 *   N times STEP       m+ and r+ are ids not used before; the body "N bytes" is that long
 *
 * TARGET is mN, @SEQ or @SEQ-SEQ. One rule holds in every scenario: whoever asks again, after
 * whatever, gets the first answer. */
#include "cluster.h"
#include "shown.h"

#include "base/buffer.h"
#include "base/memory.h"
#include "core/frame.h"
#include "storage/store_memory.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

enum { DEVICES_MAX = 32, WORDS_MAX = 1200, LINE_BYTES_MAX = 16384, FRESH_IDS_FROM = 100000 };

struct device {
    struct link link;
    char name[130];
    char user[65];
    struct buffer inbox; /* lines */
    char *forbidden;     /* NULL: nothing is */
};

struct scenario {
    struct cluster cluster;
    struct device devices[DEVICES_MAX];
    size_t device_count;
    struct table answers; /* the first one to each question; struct first_answer */
    uint64_t fresh_id;
    bool is_started;
    bool is_together;
    const char *file;
    unsigned line;
};

/* A step's words after its verb. */
struct words {
    char **words;
    size_t count;
};

struct first_answer {
    char *question;
    char *answer;
};

static struct scenario the;

static _Noreturn void fail(const char *what, const char *detail)
{
    fprintf(stderr, "%s:%u: %s%s%s\n", the.file, the.line, what, detail[0] == 0 ? "" : ": ",
            detail);
    for (size_t i = 0; i < the.device_count; i++) {
        const struct device *device = &the.devices[i];
        if (buffer_size(&device->inbox) > 0)
            fprintf(stderr, "  %s was sent, and no step has expected it yet:\n%.*s", device->name,
                    VIEW_PRINT(buffer_view(&device->inbox)));
    }
    exit(1);
}

/* ---- What devices are sent ---- */

static void check_first_answer(const char *question, const char *answer)
{
    struct first_answer *first = table_get(&the.answers, view_of(question));
    if (first == NULL) {
        first = memory_new(sizeof(*first));
        first->question = memory_copy(question, strlen(question));
        first->answer = memory_copy(answer, strlen(answer));
        table_put(&the.answers, view_of(first->question), first);
    } else if (strcmp(first->answer, answer) != 0) {
        fail("a repeated request got another answer than the first", answer);
    }
}

static void check_answer(const struct device *device, const wire_server_frame *frame,
                         const char *line)
{
    char question[300];
    char answer[80];
    if (frame->request > device->link.last_request)
        fail("an answer to a request that was not made", line);
    if (frame->body_case == SERVER_FRAME(ACCEPTED)) {
        const wire_accepted *accepted = frame->accepted;
        snprintf(question, sizeof(question), "send %s %s %02x%02x%02x%02x", accepted->conversation,
                 device->user, accepted->message_id.data[12], accepted->message_id.data[13],
                 accepted->message_id.data[14], accepted->message_id.data[15]);
        snprintf(answer, sizeof(answer), "seq %" PRIu64 " time %" PRIx64, accepted->seq,
                 accepted->time);
        check_first_answer(question, answer);
    } else if (frame->body_case == SERVER_FRAME(RECALL)) {
        snprintf(question, sizeof(question), "recall %s %s %.*s", frame->recall->conversation,
                 device->user, VIEW_PRINT(bytes_view(frame->recall->request_id)));
        check_first_answer(question, line);
    }
}

static void device_on_frame(struct link *link, struct view payload)
{
    struct device *device = (struct device *)link; /* its first member */
    struct arena arena;
    arena_init(&arena);
    const wire_server_frame *frame = frame_decode_server(payload, &arena);
    if (frame == NULL)
        fail("a frame that cannot be decoded was sent to", device->name);
    char *line = shown_frame(frame);
    if (device->forbidden != NULL &&
        memmem(payload.data, payload.size, device->forbidden, strlen(device->forbidden)) != NULL)
        fail("a body that must not leave was sent", line);
    check_answer(device, frame, line);
    buffer_append(&device->inbox, line, strlen(line));
    buffer_append(&device->inbox, "\n", 1);
    free(line);
    arena_fini(&arena);
}

static struct device *find_device(const char *name)
{
    for (size_t i = 0; i < the.device_count; i++) {
        if (strcmp(the.devices[i].name, name) == 0)
            return &the.devices[i];
    }
    const char *slash = strchr(name, '/');
    if (slash == NULL || the.device_count == DEVICES_MAX)
        fail("no device", name);
    struct device *device = &the.devices[the.device_count++];
    snprintf(device->name, sizeof(device->name), "%s", name);
    snprintf(device->user, sizeof(device->user), "%.*s", (int)(slash - name), name);
    buffer_init(&device->inbox);
    device->link.on_frame = device_on_frame;
    return device;
}

static void settle(void)
{
    if (!the.is_together)
        cluster_settle(&the.cluster);
}

/* ---- Words ---- */

static const char *word_at(const struct words *words, size_t at)
{
    if (at >= words->count)
        fail("a word is missing", words->count == 0 ? "" : words->words[words->count - 1]);
    return words->words[at];
}

static uint64_t number_of(const char *word)
{
    char *end;
    uint64_t number = strtoull(word, &end, 10);
    if (end == word || *end != 0)
        fail("no number", word);
    return number;
}

static uint64_t duration_of(const char *word)
{
    char *end;
    uint64_t number = strtoull(word, &end, 10);
    if (strcmp(end, "s") == 0)
        return number * 1000;
    if (strcmp(end, "ms") != 0)
        fail("no duration in s or ms", word);
    return number;
}

/* The word after `option`, or NULL. */
static const char *option_of(const struct words *words, const char *option)
{
    for (size_t i = 0; i < words->count; i++) {
        if (strcmp(words->words[i], option) == 0)
            return word_at(words, i + 1);
    }
    return NULL;
}

static uint64_t number_option(const struct words *words, const char *option)
{
    const char *word = option_of(words, option);
    return word == NULL ? 0 : number_of(word);
}

static ProtobufCBinaryData id_of(const char *name, uint8_t id[16])
{
    shown_parse_id(name, id);
    if (strcmp(name, "m+") == 0) {
        char fresh[32];
        snprintf(fresh, sizeof(fresh), "m%" PRIu64, FRESH_IDS_FROM + the.fresh_id++);
        shown_parse_id(fresh, id);
    }
    return bytes_of(view_make(id, 16));
}

/* ---- Steps of a device ---- */

static void request(struct device *device, wire_client_frame *frame)
{
    if (device->link.session == NULL)
        fail("not connected", device->name);
    link_request(&device->link, frame);
}

static void device_open(struct device *device, const struct words *words)
{
    wire_open_conversation open = UNSAY__V1__OPEN_CONVERSATION__INIT;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    open.user = string_of(word_at(words, 0));
    frame.body_case = CLIENT_FRAME(OPEN_CONVERSATION);
    frame.open_conversation = &open;
    request(device, &frame);
}

static Unsay__V1__Role role_of(const char *name)
{
    static const char *const names[] = {"", "owner", "admin", "moderator", "member", "guest"};
    for (int i = 1; i <= (int)WIRE(ROLE, GUEST); i++) {
        if (strcmp(names[i], name) == 0)
            return (Unsay__V1__Role)i;
    }
    fail("no role", name);
}

static void device_create(struct device *device, const struct words *words)
{
    wire_create_conversation create = UNSAY__V1__CREATE_CONVERSATION__INIT;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    wire_member members[WORDS_MAX];
    wire_member *list[WORDS_MAX];
    uint8_t id[16];
    create.creation_id = id_of(word_at(words, 0), id);
    create.name = string_of(word_at(words, 1));
    create.members = list;
    for (size_t i = 2; i < words->count; i++) {
        char *role = strchr(words->words[i], '=');
        if (strcmp(words->words[i], "channel") == 0) {
            create.type = WIRE(CONVERSATION_TYPE, CHANNEL);
            continue;
        }
        wire_member *member = &members[create.n_members];
        unsay__v1__member__init(member);
        list[create.n_members++] = member;
        if (role != NULL) {
            *role = 0;
            member->role = role_of(role + 1);
        }
        member->user = words->words[i];
    }
    frame.body_case = CLIENT_FRAME(CREATE_CONVERSATION);
    frame.create_conversation = &create;
    request(device, &frame);
}

static void device_send(struct device *device, const struct words *words)
{
    static uint8_t long_body[LIMIT_FRAME_BYTES_MAX];
    wire_send send = UNSAY__V1__SEND__INIT;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    char conversation[65];
    uint8_t id[16];
    uint8_t after[16];
    unsigned bytes = 0;
    shown_parse_conversation(word_at(words, 0), conversation);
    send.conversation = conversation;
    send.message_id = id_of(word_at(words, 1), id);
    send.content_type = WIRE(CONTENT_TYPE, TEXT);
    send.body = bytes_of(view_of(word_at(words, 2)));
    if (sscanf(words->words[2], "%u bytes", &bytes) == 1 && bytes <= sizeof(long_body))
        send.body = bytes_of(view_make(long_body, bytes));
    const char *predecessor = option_of(words, "after");
    if (predecessor != NULL)
        send.after = id_of(predecessor, after);
    frame.body_case = CLIENT_FRAME(SEND);
    frame.send = &send;
    request(device, &frame);
}

static void device_recall(struct device *device, const struct words *words)
{
    wire_recall_request recall = UNSAY__V1__RECALL_REQUEST__INIT;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    wire_target targets[WORDS_MAX];
    wire_target *list[WORDS_MAX];
    uint8_t ids[WORDS_MAX][16];
    char conversation[65];
    char request_id[100];
    shown_parse_conversation(word_at(words, 0), conversation);
    recall.conversation = conversation;
    const char *name = word_at(words, 1);
    snprintf(request_id, sizeof(request_id), "%s", name);
    if (strcmp(name, "r+") == 0)
        snprintf(request_id, sizeof(request_id), "r%" PRIu64, FRESH_IDS_FROM + the.fresh_id++);
    recall.request_id = bytes_of(view_of(request_id));
    recall.targets = list;
    const char *reason = option_of(words, "reason");
    if (reason != NULL)
        recall.reason = string_of(reason);
    for (size_t i = 2; i < words->count && strcmp(words->words[i], "reason") != 0; i++) {
        unsigned first;
        unsigned last;
        int ends = sscanf(words->words[i], "@%u-%u", &first, &last);
        last = ends == 1 ? first : last;
        for (unsigned seq = first; ends > 0 && seq <= last && recall.n_targets < WORDS_MAX; seq++) {
            unsay__v1__target__init(&targets[recall.n_targets]);
            targets[recall.n_targets].seq = seq;
            list[recall.n_targets] = &targets[recall.n_targets];
            recall.n_targets++;
        }
        if (ends <= 0) {
            unsay__v1__target__init(&targets[recall.n_targets]);
            targets[recall.n_targets].message_id = id_of(words->words[i], ids[i]);
            list[recall.n_targets] = &targets[recall.n_targets];
            recall.n_targets++;
        }
    }
    frame.body_case = CLIENT_FRAME(RECALL);
    frame.recall = &recall;
    request(device, &frame);
}

static void device_read(struct device *device, const struct words *words)
{
    wire_read read = UNSAY__V1__READ__INIT;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    char conversation[65];
    shown_parse_conversation(word_at(words, 0), conversation);
    read.conversation = conversation;
    read.after = number_option(words, "after");
    read.before = number_option(words, "before");
    read.limit = (uint32_t)number_option(words, "limit");
    for (size_t i = 1; i < words->count; i++)
        read.newest |= strcmp(words->words[i], "newest") == 0;
    frame.body_case = CLIENT_FRAME(READ);
    frame.read = &read;
    request(device, &frame);
}

static void device_list(struct device *device, const struct words *words)
{
    wire_list_conversations list = UNSAY__V1__LIST_CONVERSATIONS__INIT;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    char after[65] = "";
    if (option_of(words, "after") != NULL)
        shown_parse_conversation(option_of(words, "after"), after);
    list.after = after;
    list.limit = (uint32_t)number_option(words, "limit");
    frame.body_case = CLIENT_FRAME(LIST_CONVERSATIONS);
    frame.list_conversations = &list;
    request(device, &frame);
}

static void request_ack(struct device *device, const char *name, uint64_t stored,
                        uint64_t displayed, uint64_t origin, bool is_heartbeat)
{
    wire_cursor cursor = UNSAY__V1__CURSOR__INIT;
    wire_cursor *cursors[] = {&cursor};
    wire_ack ack = UNSAY__V1__ACK__INIT;
    wire_heartbeat heartbeat = UNSAY__V1__HEARTBEAT__INIT;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    char conversation[65];
    shown_parse_conversation(name, conversation);
    cursor.conversation = conversation;
    cursor.origin = (uint32_t)origin;
    cursor.stored = stored;
    cursor.displayed = displayed;
    ack.n_cursors = 1;
    ack.cursors = cursors;
    heartbeat.ack = &ack;
    frame.body_case = is_heartbeat ? CLIENT_FRAME(HEARTBEAT) : CLIENT_FRAME(ACK);
    if (is_heartbeat)
        frame.heartbeat = &heartbeat;
    else
        frame.ack = &ack;
    request(device, &frame);
}

static void device_ack(struct device *device, const struct words *words)
{
    bool has_displayed = words->count > 2 && isdigit((unsigned char)words->words[2][0]);
    request_ack(device, word_at(words, 0), number_of(word_at(words, 1)),
                has_displayed ? number_of(words->words[2]) : 0, number_option(words, "origin"),
                false);
}

static void device_ack_notice(struct device *device, const struct words *words)
{
    wire_notice_ack notice = UNSAY__V1__NOTICE_ACK__INIT;
    wire_notice_ack *notices[] = {&notice};
    wire_ack ack = UNSAY__V1__ACK__INIT;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    char conversation[65];
    shown_parse_conversation(word_at(words, 0), conversation);
    notice.conversation = conversation;
    notice.seq = number_of(word_at(words, 1));
    ack.n_notices = 1;
    ack.notices = notices;
    frame.body_case = CLIENT_FRAME(ACK);
    frame.ack = &ack;
    request(device, &frame);
}

static void device_heartbeat(struct device *device, const struct words *words)
{
    wire_heartbeat heartbeat = UNSAY__V1__HEARTBEAT__INIT;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    if (words->count > 0) {
        request_ack(device, words->words[0], number_of(word_at(words, 1)), 0, 0, true);
        return;
    }
    frame.body_case = CLIENT_FRAME(HEARTBEAT);
    frame.heartbeat = &heartbeat;
    request(device, &frame);
}

static void device_hello(struct device *device, const struct words *words)
{
    wire_hello hello = UNSAY__V1__HELLO__INIT;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    (void)words;
    frame.body_case = CLIENT_FRAME(HELLO);
    frame.hello = &hello;
    request(device, &frame);
}

static void device_goodbye(struct device *device, const struct words *words)
{
    wire_goodbye goodbye = UNSAY__V1__GOODBYE__INIT;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    (void)words;
    frame.body_case = CLIENT_FRAME(GOODBYE);
    frame.goodbye = &goodbye;
    request(device, &frame);
}

static void device_nothing(struct device *device, const struct words *words)
{
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    (void)words;
    request(device, &frame);
}

/* ---- Steps of the world ---- */

static void world_connect(const struct words *words)
{
    struct device *device = find_device(word_at(words, 0));
    uint64_t expires_s = number_option(words, "expires");
    uint64_t lifetime_ms = expires_s == 0 ? 100 * (uint64_t)CLUSTER_HOUR_MS : expires_s * 1000;
    if (device->link.session != NULL)
        fail("connected already; another connection needs another name, such as", "alice/phone#2");
    char name[65];
    snprintf(name, sizeof(name), "%.*s", (int)strcspn(strchr(device->name, '/') + 1, "#"),
             strchr(device->name, '/') + 1);
    link_open(&device->link, &the.cluster, (unsigned)number_option(words, "on"), device->user, name,
              the.cluster.now.wall_ms + lifetime_ms);
}

static void world_disconnect(const struct words *words)
{
    link_close(&find_device(word_at(words, 0))->link);
}

static void world_slow(const struct words *words)
{
    find_device(word_at(words, 0))->link.is_slow = true;
}

static void world_resume(const struct words *words)
{
    struct link *link = &find_device(word_at(words, 0))->link;
    link->is_slow = false;
    link_pull(link, SIZE_MAX);
}

static void world_pull(const struct words *words)
{
    link_pull(&find_device(word_at(words, 0))->link, number_of(word_at(words, 1)));
}

static void world_hold(const struct words *words)
{
    if (strcmp(word_at(words, 0), "commits") == 0)
        the.cluster.commits_are_held = true;
    else
        the.cluster.posts[number_of(word_at(words, 1))].is_held = true;
}

static void world_release(const struct words *words)
{
    if (strcmp(word_at(words, 0), "commits") == 0)
        the.cluster.commits_are_held = false;
    else
        the.cluster.posts[number_of(word_at(words, 1))].is_held = false;
}

static void world_commit(const struct words *words)
{
    (void)words;
    if (!cluster_commit(&the.cluster))
        fail("no commit is under way", "");
}

static void world_together(const struct words *words)
{
    (void)words;
    the.is_together = true;
}

static void world_end(const struct words *words)
{
    (void)words;
    the.is_together = false;
}

static void world_store(const struct words *words)
{
    const char *how = word_at(words, words->count - 1);
    if (strcmp(how, "full") == 0)
        store_memory_fail(the.cluster.store, STATUS_NO_SPACE, false);
    else if (strcmp(how, "io") == 0)
        store_memory_fail(the.cluster.store, STATUS_IO, false);
    else if (strcmp(how, "lost-answer") == 0)
        store_memory_fail(the.cluster.store, STATUS_IO, true);
    else if (strcmp(how, "works") == 0)
        store_memory_fail(the.cluster.store, STATUS_OK, false);
    else
        fail("the store fails full, io or lost-answer, or works", how);
}

static void world_advance(const struct words *words)
{
    cluster_advance(&the.cluster, duration_of(word_at(words, 0)));
}

static void world_wall_back(const struct words *words)
{
    the.cluster.now.wall_ms -= duration_of(word_at(words, 0));
}

static void world_crash(const struct words *words)
{
    (void)words;
    cluster_crash(&the.cluster);
}

static void world_drain(const struct words *words)
{
    (void)words;
    cluster_drain(&the.cluster);
}

static void world_expect_nothing(const struct words *words)
{
    if (buffer_size(&find_device(word_at(words, 0))->inbox) > 0)
        fail("frames came", words->words[0]);
}

static void world_expect_closed(const struct words *words)
{
    if (find_device(word_at(words, 0))->link.session != NULL)
        fail("still connected", words->words[0]);
}

static void world_ignore(const struct words *words)
{
    buffer_release(&find_device(word_at(words, 0))->inbox);
}

static void world_never(const struct words *words)
{
    struct device *device = find_device(word_at(words, 0));
    const char *text = word_at(words, 1);
    free(device->forbidden);
    device->forbidden = memory_copy(text, strlen(text));
}

static void world_store_has(const struct words *words)
{
    if (store_memory_count(the.cluster.store, view_of(word_at(words, 0))) == 0)
        fail("the store does not hold", words->words[0]);
}

static void world_store_lacks(const struct words *words)
{
    if (store_memory_count(the.cluster.store, view_of(word_at(words, 0))) > 0)
        fail("the store holds", words->words[0]);
}

/* ---- Reading a file ---- */

static const struct device_step {
    const char *verb;
    void (*run)(struct device *device, const struct words *words);
} device_steps[] = {
    {"open", device_open},
    {"create", device_create},
    {"send", device_send},
    {"recall", device_recall},
    {"read", device_read},
    {"list", device_list},
    {"ack", device_ack},
    {"ack-notice", device_ack_notice},
    {"heartbeat", device_heartbeat},
    {"hello", device_hello},
    {"goodbye", device_goodbye},
    {"nothing", device_nothing},
};

static const struct world_step {
    const char *verb;
    void (*run)(const struct words *words);
} world_steps[] = {
    {"connect", world_connect},
    {"disconnect", world_disconnect},
    {"slow", world_slow},
    {"resume", world_resume},
    {"pull", world_pull},
    {"hold", world_hold},
    {"release", world_release},
    {"commit", world_commit},
    {"together", world_together},
    {"end", world_end},
    {"store", world_store},
    {"advance", world_advance},
    {"wall-back", world_wall_back},
    {"crash", world_crash},
    {"drain", world_drain},
    {"expect-nothing", world_expect_nothing},
    {"expect-closed", world_expect_closed},
    {"ignore", world_ignore},
    {"never", world_never},
    {"store-has", world_store_has},
    {"store-lacks", world_store_lacks},
};

/* Cuts a line at blanks; "..." is one word without its quotes. */
static void split(char *line, struct words *words)
{
    words->count = 0;
    for (char *at = line; *at != 0 && words->count < WORDS_MAX;) {
        at += strspn(at, " ");
        if (*at == 0)
            break;
        char *end = *at == '"' ? strchr(at + 1, '"') : at + strcspn(at, " ");
        if (end == NULL)
            fail("a quote without its end", at);
        words->words[words->count++] = *at == '"' ? at + 1 : at;
        at = *end == 0 ? end : end + 1;
        *end = 0;
    }
}

/* Word by word; * is any word. */
static bool matches(const char *pattern, const char *line)
{
    while (*pattern != 0 && *line != 0) {
        size_t pattern_bytes = strcspn(pattern, " ");
        size_t line_bytes = strcspn(line, " ");
        bool is_any = pattern_bytes == 1 && pattern[0] == '*';
        if (!is_any && (pattern_bytes != line_bytes || strncmp(pattern, line, line_bytes) != 0))
            return false;
        pattern += pattern_bytes + (pattern[pattern_bytes] == ' ');
        line += line_bytes + (line[line_bytes] == ' ');
    }
    return *pattern == *line;
}

static void run_expect(const char *rest)
{
    char name[130];
    size_t name_bytes = strcspn(rest, " ");
    snprintf(name, sizeof(name), "%.*s", (int)name_bytes, rest);
    struct device *device = find_device(name);
    const char *pattern = rest + name_bytes + (rest[name_bytes] == ' ');
    struct view inbox = buffer_view(&device->inbox);
    if (inbox.size == 0)
        fail("nothing came; expected", rest);
    size_t size = (size_t)((const uint8_t *)memchr(inbox.data, '\n', inbox.size) - inbox.data);
    char *line = memory_copy(inbox.data, size);
    if (!matches(pattern, line))
        fail("the next frame is another; expected", rest);
    buffer_consume(&device->inbox, size + 1);
    free(line);
}

static void run_words(struct words *words)
{
    if (words->count > 2 && strcmp(words->words[1], "times") == 0) {
        uint64_t times = number_of(words->words[0]);
        struct words rest = {words->words + 2, words->count - 2};
        for (uint64_t i = 0; i < times; i++)
            run_words(&rest);
        return;
    }
    for (size_t i = 0; i < sizeof(world_steps) / sizeof(world_steps[0]); i++) {
        if (strcmp(world_steps[i].verb, words->words[0]) == 0) {
            world_steps[i].run(&(struct words){words->words + 1, words->count - 1});
            settle();
            return;
        }
    }
    for (size_t i = 0; i < sizeof(device_steps) / sizeof(device_steps[0]); i++) {
        if (words->count > 1 && strcmp(device_steps[i].verb, words->words[1]) == 0) {
            device_steps[i].run(find_device(words->words[0]),
                                &(struct words){words->words + 2, words->count - 2});
            settle();
            return;
        }
    }
    fail("no such step", words->words[0]);
}

static void run_line(char *line)
{
    char *list[WORDS_MAX];
    struct words words = {list, 0};
    line[strcspn(line, "\n")] = 0;
    if (line[0] == 0 || line[0] == '#')
        return;
    unsigned workers = 1;
    bool is_workers = sscanf(line, "workers %u", &workers) == 1;
    if (!the.is_started) {
        assert(workers >= 1 && workers <= CLUSTER_WORKERS_MAX);
        cluster_init(&the.cluster, workers);
        the.is_started = true;
    }
    if (is_workers)
        return;
    if (strncmp(line, "expect ", 7) == 0) {
        run_expect(line + 7);
        return;
    }
    split(line, &words);
    run_words(&words);
}

static void finish(void)
{
    struct first_answer *answer;
    size_t at = 0;
    for (size_t i = 0; i < the.device_count; i++) {
        if (buffer_size(&the.devices[i].inbox) > 0)
            fail("the scenario ends, but not everything was expected", "");
        buffer_fini(&the.devices[i].inbox);
        free(the.devices[i].forbidden);
    }
    while ((answer = table_next(&the.answers, &at)) != NULL) {
        free(answer->question);
        free(answer->answer);
        free(answer);
    }
    table_fini(&the.answers);
    cluster_fini(&the.cluster);
}

int main(int argc, char **argv)
{
    static char line[LINE_BYTES_MAX];
    if (argc != 2) {
        fprintf(stderr, "usage: scenario FILE\n");
        return 2;
    }
    the.file = argv[1];
    table_init(&the.answers);
    FILE *file = fopen(argv[1], "re");
    if (file == NULL) {
        fprintf(stderr, "%s: %s\n", argv[1], strerror(errno));
        return 2;
    }
    while (fgets(line, sizeof(line), file) != NULL) {
        the.line++;
        run_line(line);
    }
    fclose(file);
    if (!the.is_started)
        fail("an empty scenario", "");
    finish();
    return 0;
}
