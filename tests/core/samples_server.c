/* Samples of what a server sends. */
#include "samples_parts.h"

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
static wire_head head = {BASE(head),       .origin = 1,  .seq = 1000, .stored = 300,
                         .displayed = 200, .time = TIME, .begin = 801};
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
static char *peers[] = {TEXT("alice"), TEXT("bob")};
static wire_conversation_info conversation_info = {BASE(conversation_info),
                                                   .conversation = TEXT("d:alice:bob"),
                                                   .type = WIRE(CONVERSATION_TYPE, DIRECT),
                                                   .n_peers = COUNT(peers),
                                                   .peers = peers,
                                                   .members = 2,
                                                   .creator = TEXT("alice"),
                                                   .time = UINT64_C(1700000000000) << 16,
                                                   .head = 7};
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

static wire_store_past past = {BASE(store_past), .store = ID_A,
                               .lost_from = UINT64_C(1700000000000)};
static wire_store_past *pasts[] = {&past};
static wire_welcome restored_welcome = {BASE(welcome),       .version = 1,
                                        .user = TEXT("ann"), .device = TEXT("web:1"),
                                        .store = ID_B,       .n_pasts = COUNT(pasts),
                                        .pasts = pasts};

#define SERVER(name, number, case, field_name, value)                                 \
    const wire_server_frame server_##name = {BASE(server_frame), .request = (number), \
                                             .body_case = SERVER_FRAME(case),         \
                                             .field_name = (value)}
SERVER(welcome, 7, WELCOME, welcome, &welcome);
SERVER(resumed_welcome, 7, WELCOME, welcome, &resumed_welcome);
SERVER(restored_welcome, 7, WELCOME, welcome, &restored_welcome);
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
SERVER(conversation, 7, CONVERSATION, conversation, &conversation_info);
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
