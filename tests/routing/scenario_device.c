/* What a device asks of the server. */
#include "scenario.h"
#include "shown.h"

#include <ctype.h>
#include <inttypes.h>

enum { FRESH_IDS_FROM = 100000 };

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

void request(struct device *device, wire_client_frame *frame)
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
    wire_reference quote = UNSAY__V1__REFERENCE__INIT;
    char *mentions[WORDS_MAX];
    quote.seq = number_option(words, "quote");
    send.quote = option_of(words, "quote") == NULL ? NULL : &quote;
    send.mentions = mentions;
    for (size_t i = 3; i + 1 < words->count; i++) {
        if (strcmp(words->words[i], "mention") == 0)
            mentions[send.n_mentions++] = words->words[i + 1];
    }
    frame.body_case = CLIENT_FRAME(SEND);
    frame.send = &send;
    request(device, &frame);
}

static void device_forward(struct device *device, const struct words *words)
{
    wire_send send = UNSAY__V1__SEND__INIT;
    wire_source source = UNSAY__V1__SOURCE__INIT;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    char conversation[65];
    char from[65];
    uint8_t id[16];
    shown_parse_conversation(word_at(words, 0), conversation);
    shown_parse_conversation(word_at(words, 2), from);
    send.conversation = conversation;
    send.message_id = id_of(word_at(words, 1), id);
    source.conversation = from;
    source.seq = number_of(word_at(words, 3));
    send.forward = &source;
    frame.body_case = CLIENT_FRAME(SEND);
    frame.send = &send;
    request(device, &frame);
}

static void request_pin(struct device *device, const struct words *words, bool is_pinned)
{
    wire_change_pin change = UNSAY__V1__CHANGE_PIN__INIT;
    wire_reference target = UNSAY__V1__REFERENCE__INIT;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    char conversation[65];
    shown_parse_conversation(word_at(words, 0), conversation);
    target.seq = number_of(word_at(words, 1));
    change.conversation = conversation;
    change.target = &target;
    change.is_pinned = is_pinned;
    frame.body_case = CLIENT_FRAME(CHANGE_PIN);
    frame.change_pin = &change;
    request(device, &frame);
}

static void device_pin(struct device *device, const struct words *words)
{
    request_pin(device, words, true);
}

static void device_unpin(struct device *device, const struct words *words)
{
    request_pin(device, words, false);
}

static void device_pins(struct device *device, const struct words *words)
{
    wire_list_pins list = UNSAY__V1__LIST_PINS__INIT;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    char conversation[65];
    shown_parse_conversation(word_at(words, 0), conversation);
    list.conversation = conversation;
    frame.body_case = CLIENT_FRAME(LIST_PINS);
    frame.list_pins = &list;
    request(device, &frame);
}

static bool is_recall_option(const char *word)
{
    static const char *const options[] = {"reason", "extension", "if-undelivered", "if-unread",
                                          "wait"};
    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
        if (strcmp(options[i], word) == 0)
            return true;
    }
    return false;
}

static void recall_options(const struct words *words, wire_recall_request *recall)
{
    const char *reason = option_of(words, "reason");
    const char *extension = option_of(words, "extension");
    const char *wait = option_of(words, "wait");
    if (reason != NULL)
        recall->reason = string_of(reason);
    if (extension != NULL)
        recall->extension = bytes_of(view_of(extension));
    for (size_t i = 2; i < words->count; i++) {
        if (strcmp(words->words[i], "if-undelivered") == 0)
            recall->condition = WIRE(RECALL_CONDITION, IF_UNDELIVERED);
        else if (strcmp(words->words[i], "if-unread") == 0)
            recall->condition = WIRE(RECALL_CONDITION, IF_UNREAD);
    }
    if (wait == NULL)
        return;
    recall->wait = strcmp(wait, "all") == 0 ? WIRE(RECALL_WAIT, ALL) : WIRE(RECALL_WAIT, ONLINE);
    for (size_t i = 2; i + 2 < words->count; i++) {
        if (words->words[i + 1] == wait && isdigit((unsigned char)words->words[i + 2][0]))
            recall->wait_ms = (uint32_t)duration_of(words->words[i + 2]);
    }
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
    recall_options(words, &recall);
    for (size_t i = 2; i < words->count && !is_recall_option(words->words[i]); i++) {
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
    for (size_t i = 1; i < words->count; i++) {
        read.newest |= strcmp(words->words[i], "newest") == 0;
        read.recalls_only |= strcmp(words->words[i], "recalls-only") == 0;
    }
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
    for (size_t i = 0; i < words->count; i++) {
        if (strcmp(words->words[i], "by-activity") == 0)
            list.order = WIRE(LIST_ORDER, ACTIVITY);
        list.with_hidden |= strcmp(words->words[i], "with-hidden") == 0;
    }
    wire_list_place place = UNSAY__V1__LIST_PLACE__INIT;
    place.pinned_ms = device->place.pinned_ms;
    place.activity = device->place.activity;
    if (list.order == WIRE(LIST_ORDER, ACTIVITY) && after[0] != 0)
        list.place = &place;
    frame.body_case = CLIENT_FRAME(LIST_CONVERSATIONS);
    frame.list_conversations = &list;
    request(device, &frame);
}

static void device_listing(struct device *device, const struct words *words)
{
    wire_change_listing change = UNSAY__V1__CHANGE_LISTING__INIT;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    char conversation[65];
    const char *what = word_at(words, 1);
    shown_parse_conversation(word_at(words, 0), conversation);
    change.conversation = conversation;
    if (strcmp(what, "muted-until") == 0) {
        change.change_case = UNSAY__V1__CHANGE_LISTING__CHANGE_MUTED_UNTIL_MS;
        change.muted_until_ms = number_of(word_at(words, 2));
    } else if (strcmp(what, "on-top") == 0 || strcmp(what, "off-top") == 0) {
        change.change_case = UNSAY__V1__CHANGE_LISTING__CHANGE_IS_PINNED;
        change.is_pinned = strcmp(what, "on-top") == 0;
    } else {
        change.change_case = UNSAY__V1__CHANGE_LISTING__CHANGE_HIDING;
        change.hiding = (Unsay__V1__Hiding)number_option(words, "hiding");
        change.hidden_seq = number_option(words, "seen");
    }
    frame.body_case = CLIENT_FRAME(CHANGE_LISTING);
    frame.change_listing = &change;
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

static const struct device_step {
    const char *verb;
    void (*run)(struct device *device, const struct words *words);
} device_steps[] = {
    {"open", device_open},
    {"create", device_create},
    {"send", device_send},
    {"forward", device_forward},
    {"pin", device_pin},
    {"unpin", device_unpin},
    {"pins", device_pins},
    {"recall", device_recall},
    {"read", device_read},
    {"list", device_list},
    {"listing", device_listing},
    {"ack", device_ack},
    {"ack-notice", device_ack_notice},
    {"heartbeat", device_heartbeat},
    {"hello", device_hello},
    {"goodbye", device_goodbye},
    {"nothing", device_nothing},
};

bool run_device_step(const char *verb, struct words words, const char *device)
{
    for (size_t i = 0; i < sizeof(device_steps) / sizeof(device_steps[0]); i++) {
        if (strcmp(device_steps[i].verb, verb) == 0) {
            device_steps[i].run(find_device(device), &words);
            return true;
        }
    }
    return false;
}
