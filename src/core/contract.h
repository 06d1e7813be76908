/* The contract of proto/unsay/v1 under short names. The structures are protobuf-c's: strings end in
 * NUL, bytes are {len, data}, an absent message is NULL. Views of them live as long as they do. */
#ifndef UNSAY_CORE_CONTRACT_H
#define UNSAY_CORE_CONTRACT_H

#include "base/view.h"
#include "unsay/v1/audit.pb-c.h"
#include "unsay/v1/dossier.pb-c.h"
#include "unsay/v1/event.pb-c.h"
#include "unsay/v1/frame.pb-c.h"
#include "unsay/v1/outbox.pb-c.h"

typedef Unsay__V1__Event wire_event;
typedef Unsay__V1__Message wire_message;
typedef Unsay__V1__Tombstone wire_tombstone;
typedef Unsay__V1__Recall wire_recall;
typedef Unsay__V1__Creation wire_creation;
typedef Unsay__V1__Member wire_member;
typedef Unsay__V1__Membership wire_membership;
typedef Unsay__V1__Pin wire_pin;
typedef Unsay__V1__Settings wire_settings;
typedef Unsay__V1__SettingsChange wire_settings_change;
typedef Unsay__V1__Hidden wire_hidden;
typedef Unsay__V1__Reference wire_reference;
typedef Unsay__V1__Source wire_source;

typedef Unsay__V1__AuditEntry wire_audit_entry;
typedef Unsay__V1__Restored wire_restored;

typedef Unsay__V1__Dossier wire_dossier;
typedef Unsay__V1__OutboxEntry wire_outbox_entry;
typedef Unsay__V1__DeadLetter wire_dead_letter;
typedef Unsay__V1__Job wire_job;
typedef Unsay__V1__RangeJob wire_range_job;
typedef Unsay__V1__TakeBack wire_take_back;

typedef Unsay__V1__ClientFrame wire_client_frame;
typedef Unsay__V1__StorePast wire_store_past;
typedef Unsay__V1__Hello wire_hello;
typedef Unsay__V1__Heartbeat wire_heartbeat;
typedef Unsay__V1__Send wire_send;
typedef Unsay__V1__RecallRequest wire_recall_request;
typedef Unsay__V1__Target wire_target;
typedef Unsay__V1__Ack wire_ack;
typedef Unsay__V1__Cursor wire_cursor;
typedef Unsay__V1__NoticeAck wire_notice_ack;
typedef Unsay__V1__Read wire_read;
typedef Unsay__V1__ListConversations wire_list_conversations;
typedef Unsay__V1__OpenConversation wire_open_conversation;
typedef Unsay__V1__CreateConversation wire_create_conversation;
typedef Unsay__V1__Goodbye wire_goodbye;
typedef Unsay__V1__ChangeMembers wire_change_members;
typedef Unsay__V1__ChangePin wire_change_pin;
typedef Unsay__V1__ChangeSettings wire_change_settings;
typedef Unsay__V1__JoinConversation wire_join_conversation;
typedef Unsay__V1__ListMembers wire_list_members;
typedef Unsay__V1__ListPins wire_list_pins;
typedef Unsay__V1__ReadConversation wire_read_conversation;
typedef Unsay__V1__RecallRange wire_recall_range;
typedef Unsay__V1__ReadExposure wire_read_exposure;
typedef Unsay__V1__ListRecalls wire_list_recalls;
typedef Unsay__V1__OpenEvidence wire_open_evidence;
typedef Unsay__V1__PolicyRequest wire_policy_request;
typedef Unsay__V1__ChangeListing wire_change_listing;
typedef Unsay__V1__ListPlace wire_list_place;
typedef Unsay__V1__ListProgress wire_list_progress;
typedef Unsay__V1__ReadReceipts wire_read_receipts;
typedef Unsay__V1__ChangePrivacy wire_change_privacy;

typedef Unsay__V1__ServerFrame wire_server_frame;
typedef Unsay__V1__Welcome wire_welcome;
typedef Unsay__V1__HeartbeatReply wire_heartbeat_reply;
typedef Unsay__V1__Accepted wire_accepted;
typedef Unsay__V1__RecallResult wire_recall_result;
typedef Unsay__V1__TargetOutcome wire_target_outcome;
typedef Unsay__V1__AckConfirmed wire_ack_confirmed;
typedef Unsay__V1__PageEnd wire_page_end;
typedef Unsay__V1__ConversationPage wire_conversation_page;
typedef Unsay__V1__ConversationEntry wire_conversation_entry;
typedef Unsay__V1__Head wire_head;
typedef Unsay__V1__Opened wire_opened;
typedef Unsay__V1__Behind wire_behind;
typedef Unsay__V1__Error wire_error;
typedef Unsay__V1__Receipt wire_receipt;
typedef Unsay__V1__Reach wire_reach;
typedef Unsay__V1__DeviceName wire_device_name;
typedef Unsay__V1__Refresh wire_refresh;
typedef Unsay__V1__Replace wire_replace;
typedef Unsay__V1__Appended wire_appended;
typedef Unsay__V1__MemberPage wire_member_page;
typedef Unsay__V1__PinList wire_pin_list;
typedef Unsay__V1__ConversationInfo wire_conversation_info;
typedef Unsay__V1__RangeProgress wire_range_progress;
typedef Unsay__V1__Exposure wire_exposure;
typedef Unsay__V1__ExposureTotals wire_exposure_totals;
typedef Unsay__V1__DeviceExposure wire_device_exposure;
typedef Unsay__V1__RecallPage wire_recall_page;
typedef Unsay__V1__RecallEntry wire_recall_entry;
typedef Unsay__V1__Evidence wire_evidence;
typedef Unsay__V1__PolicyInfo wire_policy_info;
typedef Unsay__V1__Listing wire_listing;
typedef Unsay__V1__ProgressPage wire_progress_page;
typedef Unsay__V1__Progress wire_progress;
typedef Unsay__V1__MemberProgress wire_member_progress;
typedef Unsay__V1__Receipts wire_receipts;
typedef Unsay__V1__Privacy wire_privacy;

/* WIRE(CONTENT_TYPE, TEXT) is the constant that protobuf-c calls
 * UNSAY__V1__CONTENT_TYPE__CONTENT_TYPE_TEXT; likewise ROLE, MESSAGE_STATE, CONVERSATION_TYPE,
 * RECALL_OUTCOME, ERROR_CODE, ACTOR, AUDIT_KIND and the others. */
#define WIRE(list, name) UNSAY__V1__##list##__##list##_##name

/* CLIENT_FRAME(SEND), SERVER_FRAME(EVENT), EVENT_KIND(MESSAGE): the cases of the oneofs. */
#define CLIENT_FRAME(name) UNSAY__V1__CLIENT_FRAME__BODY_##name
#define SERVER_FRAME(name) UNSAY__V1__SERVER_FRAME__BODY_##name
#define EVENT_KIND(name) UNSAY__V1__EVENT__KIND_##name

/* The protocol versions that this code speaks. */
enum { PROTOCOL_VERSION_MIN = 1, PROTOCOL_VERSION_MAX = 1 };

/* The origin of a server that has one region. */
enum { ORIGIN_DEFAULT = 1 };

static inline struct view bytes_view(ProtobufCBinaryData bytes)
{
    return view_make(bytes.data, bytes.len);
}

/* Lends `view` to a message that is about to be encoded; protobuf-c does not write through it. */
static inline ProtobufCBinaryData bytes_of(struct view view)
{
    return (ProtobufCBinaryData){view.size, (uint8_t *)(uintptr_t)view.data};
}

/* As bytes_of, for a string field; `text` ends in NUL. */
static inline char *string_of(const char *text)
{
    return (char *)(uintptr_t)text;
}

#endif
