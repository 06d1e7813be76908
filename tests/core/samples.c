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

static wire_tombstone tombstone_by_admin = {
    BASE(tombstone), .operator_ = TEXT("bob"),    .time = TIME,  .recall_origin = 1,
    .recall_seq = 6, .actor = WIRE(ACTOR, ADMIN), .vanished = 1,
};
static wire_message vanished_message = {
    BASE(message),
    .message_id = ID_B,
    .sender = TEXT("ann"),
    .device = TEXT("web:1"),
    .content_type = WIRE(CONTENT_TYPE, IMAGE),
    .state = WIRE(MESSAGE_STATE, RECALLED),
    .tombstone = &tombstone_by_admin,
};
static wire_reference reference = {BASE(reference), .origin = 1, .seq = 2};
static wire_source source = {BASE(source), .conversation = TEXT("g:one"), .origin = 1, .seq = 9};
static char *mentions[] = {TEXT("bob"), TEXT("*")};
static wire_message rich_message = {
    BASE(message),
    .message_id = ID_B,
    .sender = TEXT("ann"),
    .device = TEXT("web:1"),
    .content_type = WIRE(CONTENT_TYPE, IMAGE),
    .body = BYTES("\x89PNG"),
    .state = WIRE(MESSAGE_STATE, NORMAL),
    .quote = &reference,
    .forwarded_from = &source,
    .n_mentions = COUNT(mentions),
    .mentions = mentions,
};
static wire_member gone = {BASE(member), .user = TEXT("bob"), .role = WIRE(ROLE, UNSPECIFIED)};
static wire_member *changed_members[] = {&ann, &gone};
static wire_membership membership = {BASE(membership), .actor = TEXT("ann"),
                                     .n_members = COUNT(changed_members),
                                     .members = changed_members};
static wire_pin pin = {BASE(pin), .actor = TEXT("ann"), .target = &reference, .is_pinned = 1};

static wire_settings settings = {BASE(settings),
                                 .name = TEXT("friends"),
                                 .description = TEXT("Old ones"),
                                 .read_only = 1,
                                 .join = WIRE(JOIN_POLICY, OPEN),
                                 .history = WIRE(HISTORY_VISIBILITY, LAST),
                                 .history_last = 300,
                                 .dissolved = 1};
static wire_settings_change settings_change = {BASE(settings_change), .actor = TEXT("ann"),
                                               .settings = &settings, .fields = 200};
static wire_hidden hidden = {BASE(hidden), .first = 3};
static wire_member muted = {BASE(member), .user = TEXT("bob"), .role = WIRE(ROLE, MEMBER),
                            .muted_until_ms = UINT64_C(1700000000000)};
static wire_member *muted_members[] = {&muted};
static wire_membership muting = {BASE(membership), .actor = TEXT("ann"),
                                 .n_members = COUNT(muted_members), .members = muted_members,
                                 .mutes = 1};

#define EVENT(number, case, field, value)                                             \
    {                                                                                 \
        BASE(event), .conversation = TEXT("d:ann:bob"), .origin = 1, .seq = (number), \
                     .time = TIME, .kind_case = EVENT_KIND(case), .field = (value)    \
    }
static wire_event event_creation = EVENT(1, CREATION, creation, &creation);
static wire_event event_message = EVENT(2, MESSAGE, message, &message);
static wire_event event_recalled = EVENT(2, MESSAGE, message, &recalled_message);
static wire_event event_recall = EVENT(3, RECALL, recall, &recall);
static wire_event event_rich = EVENT(5, MESSAGE, message, &rich_message);
static wire_event event_vanished = EVENT(5, MESSAGE, message, &vanished_message);
static wire_event event_membership = EVENT(7, MEMBERSHIP, membership, &membership);
static wire_event event_pin = EVENT(8, PIN, pin, &pin);
static wire_event event_settings = EVENT(9, SETTINGS, settings, &settings_change);
static wire_event event_muting = EVENT(10, MEMBERSHIP, membership, &muting);
static wire_event event_hidden = {
    BASE(event), .conversation = TEXT("d:ann:bob"), .origin = 1,
    .seq = 8,    .kind_case = EVENT_KIND(HIDDEN),   .hidden = &hidden};

/* Frames of the client */

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

#define KEY BYTES("0123456789abcdef0123456789abcdef")
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
static wire_recall_range recall_range = {BASE(recall_range),
                                         .conversation = TEXT("g:one"),
                                         .user = TEXT("bob"),
                                         .from_ms = UINT64_C(1700000000000),
                                         .until_ms = UINT64_C(1700000060000),
                                         .request_id = BYTES("request-3"),
                                         .reason = TEXT("spam")};
static wire_device_name device_name = {BASE(device_name), .user = TEXT("bob"),
                                       .device = TEXT("phone")};
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

#define CLIENT(name, case, field_name, value)        \
    static const wire_client_frame client_##name = { \
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
CLIENT(recall_range, RECALL_RANGE, recall_range, &recall_range);
CLIENT(read_exposure, READ_EXPOSURE, read_exposure, &read_exposure);
CLIENT(list_recalls, LIST_RECALLS, list_recalls, &list_recalls);
CLIENT(open_evidence, OPEN_EVIDENCE, open_evidence, &open_evidence);
CLIENT(policy, POLICY, policy, &policy_request);
CLIENT(list_progress, LIST_PROGRESS, list_progress, &list_progress);
CLIENT(read_receipts, READ_RECEIPTS, read_receipts, &read_receipts);
CLIENT(change_privacy, CHANGE_PRIVACY, change_privacy, &change_privacy);

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
                                 .head = 1000,   .more = 1,
                                 .next = 900,    .begin = 801};
static wire_head head = {BASE(head),    .origin = 1,      .seq = 1000,
                         .stored = 300, .displayed = 200, .time = UINT64_C(0x018bcfe568000003),
                         .begin = 801};
static wire_head *heads[] = {&head};
static wire_conversation_entry conversation_entry = {BASE(conversation_entry),
                                                     .conversation = TEXT("d:ann:bob"),
                                                     .type = WIRE(CONVERSATION_TYPE, DIRECT),
                                                     .role = WIRE(ROLE, MEMBER),
                                                     .peer = TEXT("bob"),
                                                     .n_heads = COUNT(heads),
                                                     .heads = heads};
static wire_conversation_entry group_entry = {
    BASE(conversation_entry), .conversation = TEXT("g:one"), .type = WIRE(CONVERSATION_TYPE, GROUP),
    .name = TEXT("friends"),  .role = WIRE(ROLE, MEMBER),    .n_heads = COUNT(heads),
    .heads = heads,           .settings = &settings,         .muted_until_ms = UINT64_MAX};
static wire_conversation_entry *group_entries[] = {&group_entry};
static wire_conversation_page group_page = {BASE(conversation_page),
                                            .n_conversations = COUNT(group_entries),
                                            .conversations = group_entries};
static wire_conversation_entry invitation_entry = {BASE(conversation_entry),
                                                   .conversation = TEXT("g:one"),
                                                   .type = WIRE(CONVERSATION_TYPE, CHANNEL),
                                                   .name = TEXT("friends"),
                                                   .role = WIRE(ROLE, INVITED),
                                                   .peer = TEXT("ann")};
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

static wire_device_name *missing[] = {&device_name};
static wire_reach reach = {BASE(reach), .devices = 3, .applied = 2, .n_missing = COUNT(missing),
                           .missing = missing};
static wire_target_outcome outcome_with_seq = {BASE(target_outcome), .target = &target_by_key,
                                               .outcome = WIRE(RECALL_OUTCOME, RECALLED),
                                               .time = TIME, .recall_seq = 6};
static wire_target_outcome *outcomes_with_seq[] = {&outcome_with_seq};
static wire_recall_result reached_result = {BASE(recall_result),
                                            .conversation = TEXT("d:ann:bob"),
                                            .request_id = BYTES("request-2"),
                                            .n_outcomes = COUNT(outcomes_with_seq),
                                            .outcomes = outcomes_with_seq,
                                            .reach = &reach};
static wire_refresh refresh = {BASE(refresh), .conversation = TEXT("d:ann:bob"), .origin = 1,
                               .seq = 3};
static wire_replace replace = {BASE(replace), .recall = &event_recall,
                               .tombstone = &event_recalled};
static wire_appended appended = {BASE(appended), .conversation = TEXT("g:one"), .origin = 1,
                                 .seq = 7, .time = TIME};
static wire_member_page member_page = {BASE(member_page), .conversation = TEXT("g:one"),
                                       .n_members = COUNT(members), .members = members, .more = 1};
static wire_reference *references[] = {&reference};
static wire_listing listing = {
    BASE(listing),  .conversation = TEXT("g:one"),         .version = 3,   .muted_until_ms = 4,
    .pinned_ms = 5, .hiding = WIRE(HIDING, UNTIL_MESSAGE), .hidden_seq = 6};
static wire_listing listing_of_entry = {BASE(listing), .version = 1, .muted_until_ms = UINT64_MAX};
static wire_conversation_entry listed_entry = {BASE(conversation_entry),
                                               .conversation = TEXT("g:one"),
                                               .type = WIRE(CONVERSATION_TYPE, GROUP),
                                               .n_heads = COUNT(heads),
                                               .heads = heads,
                                               .activity_seq = 999,
                                               .activity = TIME,
                                               .listing = &listing_of_entry};
static wire_conversation_entry *listed_entries[] = {&listed_entry};
static wire_conversation_page listed_page = {BASE(conversation_page),
                                             .n_conversations = COUNT(listed_entries),
                                             .conversations = listed_entries};
static wire_pin_list pin_list = {BASE(pin_list), .conversation = TEXT("g:one"),
                                 .n_pins = COUNT(references), .pins = references};
static wire_range_progress range_progress = {BASE(range_progress),
                                             .conversation = TEXT("g:one"),
                                             .request_id = BYTES("request-3"),
                                             .is_done = 1,
                                             .examined = 300,
                                             .recalled = 299,
                                             .refused = 1,
                                             .refusal = WIRE(ERROR_CODE, WINDOW_CLOSED)};
static wire_exposure_totals exposure_totals = {
    BASE(exposure_totals), .devices = 3,         .pushed = 1,
    .stored = 1,           .displayed = 1,       .applied = 2,
    .outstanding = 1,      .receipts_signed = 1, .receipts_unsigned = 1};
static wire_device_exposure device_exposure = {BASE(device_exposure),
                                               .user = TEXT("bob"),
                                               .device = TEXT("phone"),
                                               .reach = WIRE(DEVICE_REACH, DISPLAYED),
                                               .since_ms = UINT64_C(1700000000000),
                                               .applied = 1,
                                               .applied_ms = UINT64_C(1700000001000),
                                               .receipt = WIRE(RECEIPT_STATE, SIGNED)};
static wire_device_exposure *device_exposures[] = {&device_exposure};
static wire_exposure exposure = {BASE(exposure),
                                 .conversation = TEXT("g:one"),
                                 .origin = 1,
                                 .recall_seq = 6,
                                 .target_seq = 5,
                                 .time = TIME,
                                 .totals = &exposure_totals,
                                 .n_devices = COUNT(device_exposures),
                                 .devices = device_exposures,
                                 .more = 1};
static wire_audit_entry audit_entry = {BASE(audit_entry),
                                       .kind = WIRE(AUDIT_KIND, RECALL),
                                       .time = UINT64_C(1700000000000),
                                       .conversation = TEXT("g:one"),
                                       .origin = 1,
                                       .target_seq = 5,
                                       .target_message_id = ID_B,
                                       .target_sender = TEXT("bob"),
                                       .content_type = WIRE(CONTENT_TYPE, IMAGE),
                                       .target_time = TIME,
                                       .operator_ = TEXT("ann"),
                                       .actor = WIRE(ACTOR, OWNER),
                                       .target_role = WIRE(ROLE, MEMBER),
                                       .device = TEXT("web:1"),
                                       .address = TEXT("192.0.2.1:4711"),
                                       .request_id = BYTES("request-3"),
                                       .rule = TEXT("owners-and-admins"),
                                       .policy = KEY,
                                       .outcome = WIRE(RECALL_OUTCOME, RECALLED),
                                       .recall_seq = 6,
                                       .clock_unsure = 1,
                                       .delivery = WIRE(DELIVERY_STATE, DELIVERED),
                                       .conversation_type = WIRE(CONVERSATION_TYPE, GROUP),
                                       .delivered_ms = UINT64_C(1700000000100)};
static wire_recall_entry recall_entry = {BASE(recall_entry), .index = 41, .entry = &audit_entry};
static wire_recall_entry *recall_entries[] = {&recall_entry};
static wire_recall_page recall_page = {BASE(recall_page), .n_entries = COUNT(recall_entries),
                                       .entries = recall_entries, .next = 41};
static wire_evidence evidence = {BASE(evidence),
                                 .conversation = TEXT("g:one"),
                                 .origin = 1,
                                 .target_seq = 5,
                                 .approvals_needed = 1,
                                 .content_type = WIRE(CONTENT_TYPE, IMAGE),
                                 .body = BYTES("\x89PNG"),
                                 .kept_until_ms = UINT64_C(1707776000000)};
static wire_policy_info policy_version = {BASE(policy_info), .version = KEY,
                                          .since_ms = UINT64_C(1700000000000)};
static wire_policy_info *policy_versions[] = {&policy_version};
static wire_policy_info policy_info = {BASE(policy_info),
                                       .version = KEY,
                                       .content = BYTES("rules: []"),
                                       .since_ms = UINT64_C(1700000000000),
                                       .n_versions = COUNT(policy_versions),
                                       .versions = policy_versions};

static wire_member_progress ann_place = {BASE(member_progress), .user = TEXT("ann"), .stored = 300,
                                         .displayed = 200, .joined = 1};
static wire_member_progress *places[] = {&ann_place};
static wire_progress progress = {
    BASE(progress), .conversation = TEXT("g:one"), .origin = 1,      .seq = 301,
    .is_whole = 1,  .n_members = COUNT(places),    .members = places};
static wire_progress large_progress = {BASE(progress), .conversation = TEXT("g:two"),
                                       .origin = 1,    .seq = 7,
                                       .is_whole = 1,  .is_large = 1};
static wire_progress *progresses[] = {&progress, &large_progress};
static wire_privacy privacy = {BASE(privacy), .hides_displayed = 1, .server_hides_displayed = 1};
static wire_progress_page progress_page = {
    BASE(progress_page), .n_conversations = COUNT(progresses), .conversations = progresses,
    .next = TEXT("g:two"), .privacy = &privacy};
static wire_receipts receipts = {BASE(receipts),    .conversation = TEXT("g:one"),
                                 .origin = 1,       .seq = 5,
                                 .receivers = 3,    .stored = 2,
                                 .displayed = 1,    .n_members = COUNT(places),
                                 .members = places, .next = TEXT("ann")};

static wire_welcome resumed_welcome = {BASE(welcome),
                                       .version = 1,
                                       .user = TEXT("ann"),
                                       .device = TEXT("web:1"),
                                       .server_time_ms = UINT64_C(1700000000000),
                                       .heartbeat_interval_ms = 300000,
                                       .frame_bytes_max = 131072,
                                       .body_bytes_max = 65536,
                                       .store = ID_B,
                                       .ticket = BYTES("sealed"),
                                       .resumed = 1,
                                       .n_news = COUNT(conversation_entries),
                                       .news = conversation_entries};

#define SERVER(name, number, case, field_name, value)                                        \
    static const wire_server_frame server_##name = {BASE(server_frame), .request = (number), \
                                                    .body_case = SERVER_FRAME(case),         \
                                                    .field_name = (value)}
SERVER(welcome, 7, WELCOME, welcome, &welcome);
SERVER(resumed_welcome, 7, WELCOME, welcome, &resumed_welcome);
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
SERVER(reached, 7, RECALL, recall, &reached_result);
SERVER(refresh, 0, REFRESH, refresh, &refresh);
SERVER(replace, 0, REPLACE, replace, &replace);
SERVER(appended, 7, APPENDED, appended, &appended);
SERVER(members, 7, MEMBERS, members, &member_page);
SERVER(listing, 0, LISTING, listing, &listing);
SERVER(listed, 7, CONVERSATIONS, conversations, &listed_page);
SERVER(pins, 7, PINS, pins, &pin_list);
SERVER(group, 7, CONVERSATIONS, conversations, &group_page);
SERVER(invitation, 0, INVITATION, invitation, &invitation_entry);
SERVER(event_hidden, 300, EVENT, event, &event_hidden);
SERVER(range, 7, RANGE, range, &range_progress);
SERVER(exposure, 7, EXPOSURE, exposure, &exposure);
SERVER(recalls, 7, RECALLS, recalls, &recall_page);
SERVER(evidence, 7, EVIDENCE, evidence, &evidence);
SERVER(policy, 7, POLICY, policy, &policy_info);
SERVER(progress, 7, PROGRESS, progress, &progress_page);
SERVER(receipts, 7, RECEIPTS, receipts, &receipts);
SERVER(privacy, 0, PRIVACY, privacy, &privacy);

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
    CLIENT_SAMPLE(hello_with_key),
    CLIENT_SAMPLE(signed_ack),
    CLIENT_SAMPLE(forward),
    CLIENT_SAMPLE(waiting_recall),
    CLIENT_SAMPLE(change_members),
    CLIENT_SAMPLE(change_pin),
    CLIENT_SAMPLE(mute_members),
    CLIENT_SAMPLE(change_settings),
    CLIENT_SAMPLE(join_conversation),
    CLIENT_SAMPLE(list_members),
    CLIENT_SAMPLE(change_listing),
    CLIENT_SAMPLE(mute),
    CLIENT_SAMPLE(list_by_activity),
    CLIENT_SAMPLE(list_pins),
    CLIENT_SAMPLE(recall_range),
    CLIENT_SAMPLE(read_exposure),
    CLIENT_SAMPLE(list_recalls),
    CLIENT_SAMPLE(open_evidence),
    CLIENT_SAMPLE(policy),
    CLIENT_SAMPLE(list_progress),
    CLIENT_SAMPLE(read_receipts),
    CLIENT_SAMPLE(change_privacy),
    CLIENT_SAMPLE(resuming_hello),
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
    SERVER_SAMPLE(reached),
    SERVER_SAMPLE(refresh),
    SERVER_SAMPLE(replace),
    SERVER_SAMPLE(appended),
    SERVER_SAMPLE(members),
    SERVER_SAMPLE(listing),
    SERVER_SAMPLE(listed),
    SERVER_SAMPLE(pins),
    SERVER_SAMPLE(group),
    SERVER_SAMPLE(invitation),
    SERVER_SAMPLE(event_hidden),
    SERVER_SAMPLE(range),
    SERVER_SAMPLE(exposure),
    SERVER_SAMPLE(recalls),
    SERVER_SAMPLE(evidence),
    SERVER_SAMPLE(policy),
    SERVER_SAMPLE(progress),
    SERVER_SAMPLE(receipts),
    SERVER_SAMPLE(privacy),
    SERVER_SAMPLE(resumed_welcome),
    EVENT_SAMPLE(creation),
    EVENT_SAMPLE(message),
    EVENT_SAMPLE(recalled),
    EVENT_SAMPLE(recall),
    EVENT_SAMPLE(rich),
    EVENT_SAMPLE(vanished),
    EVENT_SAMPLE(membership),
    EVENT_SAMPLE(pin),
    EVENT_SAMPLE(settings),
    EVENT_SAMPLE(muting),
    EVENT_SAMPLE(hidden),
};
const size_t sample_count = COUNT(samples);
