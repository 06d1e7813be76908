/* Samples of what a client sends. */
#include "samples_parts.h"

static wire_notice_ack notice_ack = {BASE(notice_ack), .conversation = TEXT("d:ann:bob"),
                                     .origin = 1, .seq = 3};
static wire_notice_ack *notice_acks[] = {&notice_ack};
static wire_ack ack = {BASE(ack), .n_cursors = COUNT(cursors), .cursors = cursors,
                       .n_notices = COUNT(notice_acks), .notices = notice_acks};

static wire_hello hello = {BASE(hello), .version_min = 1, .version_max = 1,
                           .token = TEXT("header.claims.signature"), .client = TEXT("sample/1")};
static wire_hello resuming_hello = {BASE(hello),
                                    .version_min = 1,
                                    .version_max = 1,
                                    .token = TEXT(""),
                                    .client = TEXT("sample/1"),
                                    .heartbeat_ms = 300000,
                                    .ticket = BYTES("sealed"),
                                    .resume = 1};
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
                         .newest = 1,  .recalls_only = 1};
static wire_list_conversations list_conversations = {BASE(list_conversations),
                                                     .after = TEXT("d:ann:bob"), .limit = 100};
static wire_open_conversation open_conversation = {BASE(open_conversation), .user = TEXT("bob")};
static wire_create_conversation create_conversation = {
    BASE(create_conversation),   .creation_id = ID_A, .name = TEXT("friends"),
    .n_members = COUNT(members), .members = members,  .type = WIRE(CONVERSATION_TYPE, GROUP)};
static wire_goodbye goodbye = {BASE(goodbye)};

#define SIGNATURE BYTES("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")
static wire_hello hello_with_key = {BASE(hello),
                                    .version_min = 1,
                                    .version_max = 1,
                                    .token = TEXT("header.claims.signature"),
                                    .follow = WIRE(FOLLOW, REPLACE),
                                    .device_key = KEY};
static wire_receipt receipt = {BASE(receipt), .time_ms = UINT64_C(1700000000000),
                               .signature = SIGNATURE, .stored = 300};
static wire_cursor signed_cursor = {BASE(cursor),     .conversation = TEXT("d:ann:bob"),
                                    .origin = 1,      .stored = 300,
                                    .displayed = 200, .receipt = &receipt};
static wire_cursor *signed_cursors[] = {&signed_cursor};
static wire_ack signed_ack = {BASE(ack), .n_cursors = COUNT(signed_cursors),
                              .cursors = signed_cursors};
static wire_send forward = {
    BASE(send),         .conversation = TEXT("d:ann:bob"), .message_id = ID_B,  .quote = &reference,
    .forward = &source, .n_mentions = COUNT(mentions),     .mentions = mentions};
static wire_recall_request waiting_recall = {BASE(recall_request),
                                             .conversation = TEXT("d:ann:bob"),
                                             .n_targets = COUNT(targets),
                                             .targets = targets,
                                             .request_id = BYTES("request-2"),
                                             .condition = WIRE(RECALL_CONDITION, IF_UNREAD),
                                             .wait = WIRE(RECALL_WAIT, ALL),
                                             .wait_ms = 5000};
static wire_change_members change_members = {BASE(change_members), .conversation = TEXT("g:one"),
                                             .n_members = COUNT(changed_members),
                                             .members = changed_members};
static wire_member to_mute = {BASE(member), .user = TEXT("bob"),
                              .muted_until_ms = UINT64_C(1700000000000)};
static wire_member *to_mute_members[] = {&to_mute};
static wire_change_members mute_members = {BASE(change_members), .conversation = TEXT("g:one"),
                                           .n_members = COUNT(to_mute_members),
                                           .members = to_mute_members, .mutes = 1};
static wire_change_settings change_settings = {BASE(change_settings), .conversation = TEXT("g:one"),
                                               .settings = &settings, .fields = 200};
static wire_join_conversation join_conversation = {BASE(join_conversation),
                                                   .conversation = TEXT("g:one")};
static wire_change_pin change_pin = {BASE(change_pin), .conversation = TEXT("g:one"),
                                     .target = &reference, .is_pinned = 1};
static wire_list_members list_members = {BASE(list_members), .conversation = TEXT("g:one"),
                                         .after = TEXT("ann"), .limit = 100};
static wire_change_listing change_listing = {BASE(change_listing),
                                             .conversation = TEXT("g:one"),
                                             .change_case =
                                                 UNSAY__V1__CHANGE_LISTING__CHANGE_HIDING,
                                             {.hiding = WIRE(HIDING, UNTIL_MESSAGE)},
                                             .hidden_seq = 9};
static wire_change_listing mute = {BASE(change_listing),
                                   .conversation = TEXT("g:one"),
                                   .change_case = UNSAY__V1__CHANGE_LISTING__CHANGE_MUTED_UNTIL_MS,
                                   {.muted_until_ms = UINT64_MAX}};
static wire_list_place list_place = {BASE(list_place), .pinned_ms = 7, .activity = 8};
static wire_list_conversations list_by_activity = {BASE(list_conversations), .after = TEXT("g:one"),
                                                   .order = WIRE(LIST_ORDER, ACTIVITY),
                                                   .with_hidden = 1, .place = &list_place};
static wire_list_pins list_pins = {BASE(list_pins), .conversation = TEXT("g:one")};
static wire_read_conversation read_conversation = {BASE(read_conversation),
                                                   .conversation = TEXT("g:one")};
static wire_recall_range recall_range = {BASE(recall_range),
                                         .conversation = TEXT("g:one"),
                                         .user = TEXT("bob"),
                                         .from_ms = UINT64_C(1700000000000),
                                         .until_ms = UINT64_C(1700000060000),
                                         .request_id = BYTES("request-3"),
                                         .reason = TEXT("spam")};
static wire_read_exposure read_exposure = {BASE(read_exposure),   .conversation = TEXT("g:one"),
                                           .origin = 1,           .recall_seq = 6,
                                           .after = &device_name, .limit = 50};
static wire_list_recalls list_recalls = {BASE(list_recalls),
                                         .from_ms = UINT64_C(1700000000000),
                                         .until_ms = UINT64_C(1700000060000),
                                         .operator_ = TEXT("ann"),
                                         .conversation = TEXT("g:one"),
                                         .outcome = WIRE(RECALL_OUTCOME, REFUSED),
                                         .refusal = WIRE(ERROR_CODE, WINDOW_CLOSED),
                                         .reason = TEXT("typo"),
                                         .before = 1000,
                                         .limit = 50};
static wire_open_evidence open_evidence = {BASE(open_evidence), .conversation = TEXT("g:one"),
                                           .origin = 1, .target_seq = 5};
static wire_policy_request policy_request = {BASE(policy_request),
                                             .action = WIRE(POLICY_ACTION, RELOAD), .version = KEY};

static wire_list_progress list_progress = {BASE(list_progress), .after = TEXT("g:one")};
static wire_read_receipts read_receipts = {BASE(read_receipts),  .conversation = TEXT("g:one"),
                                           .origin = 1,          .seq = 5,
                                           .after = TEXT("ann"), .limit = 20};
static wire_change_privacy change_privacy = {BASE(change_privacy),
                                             .displayed = WIRE(PRIVACY_CHOICE, HIDE)};

#define CLIENT(name, case, field_name, value) \
    const wire_client_frame client_##name = { \
        BASE(client_frame), .request = 7, .body_case = CLIENT_FRAME(case), .field_name = (value)}
CLIENT(hello, HELLO, hello, &hello);
CLIENT(resuming_hello, HELLO, hello, &resuming_hello);
CLIENT(heartbeat, HEARTBEAT, heartbeat, &heartbeat);
CLIENT(send, SEND, send, &send);
CLIENT(recall, RECALL, recall, &recall_request);
CLIENT(ack, ACK, ack, &ack);
CLIENT(read, READ, read, &read);
CLIENT(list_conversations, LIST_CONVERSATIONS, list_conversations, &list_conversations);
CLIENT(open_conversation, OPEN_CONVERSATION, open_conversation, &open_conversation);
CLIENT(create_conversation, CREATE_CONVERSATION, create_conversation, &create_conversation);
CLIENT(goodbye, GOODBYE, goodbye, &goodbye);
CLIENT(hello_with_key, HELLO, hello, &hello_with_key);
CLIENT(signed_ack, ACK, ack, &signed_ack);
CLIENT(forward, SEND, send, &forward);
CLIENT(waiting_recall, RECALL, recall, &waiting_recall);
CLIENT(change_members, CHANGE_MEMBERS, change_members, &change_members);
CLIENT(change_pin, CHANGE_PIN, change_pin, &change_pin);
CLIENT(mute_members, CHANGE_MEMBERS, change_members, &mute_members);
CLIENT(change_settings, CHANGE_SETTINGS, change_settings, &change_settings);
CLIENT(join_conversation, JOIN_CONVERSATION, join_conversation, &join_conversation);
CLIENT(list_members, LIST_MEMBERS, list_members, &list_members);
CLIENT(change_listing, CHANGE_LISTING, change_listing, &change_listing);
CLIENT(mute, CHANGE_LISTING, change_listing, &mute);
CLIENT(list_by_activity, LIST_CONVERSATIONS, list_conversations, &list_by_activity);
CLIENT(list_pins, LIST_PINS, list_pins, &list_pins);
CLIENT(read_conversation, READ_CONVERSATION, read_conversation, &read_conversation);
CLIENT(recall_range, RECALL_RANGE, recall_range, &recall_range);
CLIENT(read_exposure, READ_EXPOSURE, read_exposure, &read_exposure);
CLIENT(list_recalls, LIST_RECALLS, list_recalls, &list_recalls);
CLIENT(open_evidence, OPEN_EVIDENCE, open_evidence, &open_evidence);
CLIENT(policy, POLICY, policy, &policy_request);
CLIENT(list_progress, LIST_PROGRESS, list_progress, &list_progress);
CLIENT(read_receipts, READ_RECEIPTS, read_receipts, &read_receipts);
CLIENT(change_privacy, CHANGE_PRIVACY, change_privacy, &change_privacy);
