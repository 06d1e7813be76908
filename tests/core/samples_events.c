/* Samples of events. */
#include "samples_parts.h"

static wire_tombstone tombstone = {BASE(tombstone), .operator_ = TEXT("ann"), .time = TIME,
                                   .recall_origin = 1, .recall_seq = 3};

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
static wire_membership membership = {BASE(membership), .actor = TEXT("ann"),
                                     .n_members = COUNT(changed_members),
                                     .members = changed_members};
static wire_pin pin = {BASE(pin), .actor = TEXT("ann"), .target = &reference, .is_pinned = 1};

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
wire_event event_creation = EVENT(1, CREATION, creation, &creation);
wire_event event_message = EVENT(2, MESSAGE, message, &message);
wire_event event_recalled = EVENT(2, MESSAGE, message, &recalled_message);
wire_event event_recall = EVENT(3, RECALL, recall, &recall);
wire_event event_rich = EVENT(5, MESSAGE, message, &rich_message);
wire_event event_vanished = EVENT(5, MESSAGE, message, &vanished_message);
wire_event event_membership = EVENT(7, MEMBERSHIP, membership, &membership);
wire_event event_pin = EVENT(8, PIN, pin, &pin);
wire_event event_settings = EVENT(9, SETTINGS, settings, &settings_change);
wire_event event_muting = EVENT(10, MEMBERSHIP, membership, &muting);
wire_event event_hidden = {BASE(event), .conversation = TEXT("d:ann:bob"), .origin = 1,
                           .seq = 8,    .kind_case = EVENT_KIND(HIDDEN),   .hidden = &hidden};
