#include "samples.h"

/* protobuf-c's pointers are not const, though packing does not write through them. */
#define TEXT(text) ((char *)(uintptr_t)(text))
#define BYTES(text)                                    \
    {                                                  \
        sizeof(text) - 1, (uint8_t *)(uintptr_t)(text) \
    }
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define BASE(type) .base = PROTOBUF_C_MESSAGE_INIT(&unsay__v1__##type##__descriptor)

#define ID_A BYTES("\x01\x8b\xcf\xe5\x68\x00\x70\x00\x80\x00\x00\x00\x00\x00\x00\x0a")
#define ID_B BYTES("\x01\x8b\xcf\xe5\x68\x00\x70\x00\x80\x00\x00\x00\x00\x00\x00\x0b")
#define TIME UINT64_C(0x018bcfe568000003)

/* Parts */

static wire_tombstone tombstone = {BASE(tombstone), .operator_ = TEXT("ann"), .time = TIME,
                                   .recall_origin = 1, .recall_seq = 3};

static wire_member ann = {BASE(member), .user = TEXT("ann"), .role = WIRE(ROLE, OWNER)};
static wire_member bob = {BASE(member), .user = TEXT("bob"), .role = WIRE(ROLE, MEMBER)};
static wire_member *members[] = {&ann, &bob};

static wire_target target_by_key = {BASE(target), .origin = 1, .seq = 2};
static wire_target target_by_id = {BASE(target), .message_id = ID_B};
static wire_target *targets[] = {&target_by_key, &target_by_id};

static wire_cursor cursor = {BASE(cursor), .conversation = TEXT("d:ann:bob"), .origin = 1,
                             .stored = 300, .displayed = 200};
static wire_cursor *cursors[] = {&cursor};

static wire_notice_ack notice_ack = {BASE(notice_ack), .conversation = TEXT("d:ann:bob"),
                                     .origin = 1, .seq = 3};
static wire_notice_ack *notice_acks[] = {&notice_ack};

static wire_ack ack = {BASE(ack), .n_cursors = COUNT(cursors), .cursors = cursors,
                       .n_notices = COUNT(notice_acks), .notices = notice_acks};

/* Events */

static wire_message message = {
    BASE(message),
    .message_id = ID_A,
    .sender = TEXT("ann"),
    .device = TEXT("web:1"),
    .content_type = WIRE(CONTENT_TYPE, TEXT),
    .body = BYTES("Hello, \xe4\xb8\x96\xe7\x95\x8c"),
    .state = WIRE(MESSAGE_STATE, NORMAL),
};
static wire_message recalled_message = {
    BASE(message),
    .message_id = ID_A,
    .sender = TEXT("ann"),
    .device = TEXT("web:1"),
    .content_type = WIRE(CONTENT_TYPE, TEXT),
    .state = WIRE(MESSAGE_STATE, RECALLED),
    .tombstone = &tombstone,
};
static wire_recall recall = {
    BASE(recall),
    .target_origin = 1,
    .target_seq = 2,
    .target_message_id = ID_A,
    .target_sender = TEXT("ann"),
    .request_id = BYTES("request-1"),
    .operator_ = TEXT("ann"),
    .device = TEXT("web:1"),
    .reason = TEXT("typo"),
    .extension = BYTES("\x00\xff"),
    .content_type = WIRE(CONTENT_TYPE, TEXT),
};
static wire_creation creation = {
    BASE(creation),
    .type = WIRE(CONVERSATION_TYPE, GROUP),
    .name = TEXT("friends"),
    .creator = TEXT("ann"),
    .n_members = COUNT(members),
    .members = members,
};

#define EVENT(number, case, field, value)                                             \
    {                                                                                 \
        BASE(event), .conversation = TEXT("d:ann:bob"), .origin = 1, .seq = (number), \
                     .time = TIME, .kind_case = EVENT_KIND(case), .field = (value)    \
    }
static wire_event event_creation = EVENT(1, CREATION, creation, &creation);
static wire_event event_message = EVENT(2, MESSAGE, message, &message);
static wire_event event_recalled = EVENT(2, MESSAGE, message, &recalled_message);
static wire_event event_recall = EVENT(3, RECALL, recall, &recall);

/* Frames of the client */

static wire_hello hello = {BASE(hello), .version_min = 1, .version_max = 1,
                           .token = TEXT("header.claims.signature"), .client = TEXT("sample/1")};
static wire_heartbeat heartbeat = {BASE(heartbeat), .ack = &ack};
static wire_send send = {BASE(send),
                         .conversation = TEXT("d:ann:bob"),
                         .message_id = ID_B,
                         .content_type = WIRE(CONTENT_TYPE, TEXT),
                         .body = BYTES("Hello"),
                         .after = ID_A};
static wire_recall_request recall_request = {BASE(recall_request),
                                             .conversation = TEXT("d:ann:bob"),
                                             .n_targets = COUNT(targets),
                                             .targets = targets,
                                             .request_id = BYTES("request-1"),
                                             .reason = TEXT("typo"),
                                             .extension = BYTES("\x00\xff")};
static wire_read read = {BASE(read),   .conversation = TEXT("d:ann:bob"),
                         .origin = 1,  .after = 10,
                         .before = 99, .limit = 50,
                         .newest = 1};
static wire_list_conversations list_conversations = {BASE(list_conversations),
                                                     .after = TEXT("d:ann:bob"), .limit = 100};
static wire_open_conversation open_conversation = {BASE(open_conversation), .user = TEXT("bob")};
static wire_create_conversation create_conversation = {
    BASE(create_conversation),   .creation_id = ID_A, .name = TEXT("friends"),
    .n_members = COUNT(members), .members = members,  .type = WIRE(CONVERSATION_TYPE, GROUP)};
static wire_goodbye goodbye = {BASE(goodbye)};

#define CLIENT(name, case, field_name, value)        \
    static const wire_client_frame client_##name = { \
        BASE(client_frame), .request = 7, .body_case = CLIENT_FRAME(case), .field_name = (value)}
CLIENT(hello, HELLO, hello, &hello);
CLIENT(heartbeat, HEARTBEAT, heartbeat, &heartbeat);
CLIENT(send, SEND, send, &send);
CLIENT(recall, RECALL, recall, &recall_request);
CLIENT(ack, ACK, ack, &ack);
CLIENT(read, READ, read, &read);
CLIENT(list_conversations, LIST_CONVERSATIONS, list_conversations, &list_conversations);
CLIENT(open_conversation, OPEN_CONVERSATION, open_conversation, &open_conversation);
CLIENT(create_conversation, CREATE_CONVERSATION, create_conversation, &create_conversation);
CLIENT(goodbye, GOODBYE, goodbye, &goodbye);

/* Frames of the server */

static wire_welcome welcome = {BASE(welcome),
                               .version = 1,
                               .user = TEXT("ann"),
                               .device = TEXT("web:1"),
                               .server_time_ms = UINT64_C(1700000000000),
                               .heartbeat_interval_ms = 30000,
                               .frame_bytes_max = 131072,
                               .body_bytes_max = 65536,
                               .store = ID_B};
static wire_heartbeat_reply heartbeat_reply = {BASE(heartbeat_reply),
                                               .server_time_ms = UINT64_C(1700000000000)};
static wire_accepted accepted = {
    BASE(accepted),     .conversation = TEXT("d:ann:bob"),   .origin = 1, .seq = 2, .time = TIME,
    .message_id = ID_A, .state = WIRE(MESSAGE_STATE, NORMAL)};
static wire_target_outcome outcome_recalled = {BASE(target_outcome), .target = &target_by_key,
                                               .outcome = WIRE(RECALL_OUTCOME, RECALLED),
                                               .time = TIME};
static wire_target_outcome outcome_refused = {BASE(target_outcome), .target = &target_by_id,
                                              .outcome = WIRE(RECALL_OUTCOME, REFUSED),
                                              .refusal = WIRE(ERROR_CODE, WINDOW_CLOSED)};
static wire_target_outcome *outcomes[] = {&outcome_recalled, &outcome_refused};
static wire_recall_result recall_result = {BASE(recall_result), .conversation = TEXT("d:ann:bob"),
                                           .request_id = BYTES("request-1"),
                                           .n_outcomes = COUNT(outcomes), .outcomes = outcomes};
static wire_ack_confirmed ack_confirmed = {BASE(ack_confirmed), .n_cursors = COUNT(cursors),
                                           .cursors = cursors};
static wire_page_end page_end = {BASE(page_end), .conversation = TEXT("d:ann:bob"),
                                 .origin = 1,    .count = 200,
                                 .head = 1000,   .more = 1};
static wire_head head = {BASE(head), .origin = 1, .seq = 1000, .stored = 300, .displayed = 200};
static wire_head *heads[] = {&head};
static wire_conversation_entry conversation_entry = {BASE(conversation_entry),
                                                     .conversation = TEXT("d:ann:bob"),
                                                     .type = WIRE(CONVERSATION_TYPE, DIRECT),
                                                     .role = WIRE(ROLE, MEMBER),
                                                     .peer = TEXT("bob"),
                                                     .n_heads = COUNT(heads),
                                                     .heads = heads};
static wire_conversation_entry *conversation_entries[] = {&conversation_entry};
static wire_conversation_page conversation_page = {
    BASE(conversation_page), .n_conversations = COUNT(conversation_entries),
    .conversations = conversation_entries, .more = 1};
static wire_opened opened = {BASE(opened), .conversation = TEXT("d:ann:bob"), .created = 1};
static wire_behind behind = {BASE(behind)};
static wire_error error = {BASE(error),
                           .code = WIRE(ERROR_CODE, RATE_LIMITED),
                           .detail = TEXT("slow down"),
                           .retry_after_ms = 1000,
                           .closing = 1,
                           .retryable = 1};

#define SERVER(name, number, case, field_name, value)                                        \
    static const wire_server_frame server_##name = {BASE(server_frame), .request = (number), \
                                                    .body_case = SERVER_FRAME(case),         \
                                                    .field_name = (value)}
SERVER(welcome, 7, WELCOME, welcome, &welcome);
SERVER(heartbeat, 7, HEARTBEAT, heartbeat, &heartbeat_reply);
SERVER(accepted, 7, ACCEPTED, accepted, &accepted);
SERVER(recall, 7, RECALL, recall, &recall_result);
SERVER(ack, 7, ACK, ack, &ack_confirmed);
SERVER(event, 0, EVENT, event, &event_message);
SERVER(event_of_read, 300, EVENT, event, &event_recalled);
SERVER(notice, 0, NOTICE, notice, &event_recall);
SERVER(page_end, 7, PAGE_END, page_end, &page_end);
SERVER(conversations, 7, CONVERSATIONS, conversations, &conversation_page);
SERVER(opened, 7, OPENED, opened, &opened);
SERVER(behind, 0, BEHIND, behind, &behind);
SERVER(error, 7, ERROR, error, &error);

#undef EVENT
#define CLIENT_SAMPLE(name)                  \
    {                                        \
        "client-" #name, &client_##name.base \
    }
#define SERVER_SAMPLE(name)                  \
    {                                        \
        "server-" #name, &server_##name.base \
    }
#define EVENT_SAMPLE(name)                 \
    {                                      \
        "event-" #name, &event_##name.base \
    }

const struct sample samples[] = {
    CLIENT_SAMPLE(hello),
    CLIENT_SAMPLE(heartbeat),
    CLIENT_SAMPLE(send),
    CLIENT_SAMPLE(recall),
    CLIENT_SAMPLE(ack),
    CLIENT_SAMPLE(read),
    CLIENT_SAMPLE(list_conversations),
    CLIENT_SAMPLE(open_conversation),
    CLIENT_SAMPLE(create_conversation),
    CLIENT_SAMPLE(goodbye),
    SERVER_SAMPLE(welcome),
    SERVER_SAMPLE(heartbeat),
    SERVER_SAMPLE(accepted),
    SERVER_SAMPLE(recall),
    SERVER_SAMPLE(ack),
    SERVER_SAMPLE(event),
    SERVER_SAMPLE(event_of_read),
    SERVER_SAMPLE(notice),
    SERVER_SAMPLE(page_end),
    SERVER_SAMPLE(conversations),
    SERVER_SAMPLE(opened),
    SERVER_SAMPLE(behind),
    SERVER_SAMPLE(error),
    EVENT_SAMPLE(creation),
    EVENT_SAMPLE(message),
    EVENT_SAMPLE(recalled),
    EVENT_SAMPLE(recall),
};
const size_t sample_count = COUNT(samples);
