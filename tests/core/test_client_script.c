
#include <stdarg.h>
#include <stddef.h>

#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "test_client_script.h"

#include "base/memory.h"
#include "core/frame.h"

#include <stdlib.h>

static int script_setup_with(void **state, uint32_t first_sync)
{
    struct script *script = memory_new(sizeof(*script));
    struct client_config config;
    client_config_default(&config);
    config.token = "token";
    config.name = "test/1";
    config.seed = 1;
    config.device_key = view_make("0123456789abcdef0123456789abcdef", 32);
    script->now_ms = 1000;
    arena_init(&script->arena);
    config.first_sync = first_sync;
    script->core = client_core_new(&config);
    if (first_sync == CLIENT_FIRST_SYNC_ALL)
        client_core_load_synced(script->core);
    *state = script;
    return 0;
}

int script_setup(void **state)
{
    return script_setup_with(state, CLIENT_FIRST_SYNC_ALL);
}

int script_setup_new_device(void **state)
{
    return script_setup_with(state, 3);
}

int script_teardown(void **state)
{
    struct script *script = *state;
    client_core_free(script->core);
    arena_fini(&script->arena);
    free(script);
    return 0;
}

__attribute__((format(printf, 2, 3))) static void script_print(struct script *script,
                                                               const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(script->trace + script->trace_bytes,
                         sizeof(script->trace) - script->trace_bytes, format, arguments);
    va_end(arguments);
    assert_true(size >= 0 && script->trace_bytes + (size_t)size < sizeof(script->trace));
    script->trace_bytes += (size_t)size;
}

static unsigned script_id(ProtobufCBinaryData id)
{
    return id.len == UUID_BYTES ? id.data[UUID_BYTES - 1] : 0;
}

static void script_print_event(struct script *script, const char *verb, const wire_event *event,
                               struct view bytes)
{
    wire_event *decoded = event_decode(bytes, &script->arena);
    assert_non_null(decoded);
    assert_true(decoded->seq == event->seq);
    script_print(script, "%s %s %llu ", verb, event->conversation, (unsigned long long)event->seq);
    if (event->kind_case == EVENT_KIND(RECALL))
        script_print(script, "recall of %llu\n", (unsigned long long)event->recall->target_seq);
    else if (event->kind_case != EVENT_KIND(MESSAGE))
        script_print(script, "other\n");
    else if (decoded->message->state == WIRE(MESSAGE_STATE, NORMAL))
        script_print(script, "message\n");
    else
        script_print(script, "tombstone%s\n", decoded->message->body.len == 0 ? "" : " WITH BODY");
}

static void script_print_ack(struct script *script, const wire_ack *ack)
{
    for (size_t i = 0; ack != NULL && i < ack->n_cursors; i++)
        script_print(script, " %s:%llu/%llu%s", ack->cursors[i]->conversation,
                     (unsigned long long)ack->cursors[i]->stored,
                     (unsigned long long)ack->cursors[i]->displayed,
                     ack->cursors[i]->receipt == NULL ? "" : "+");
    for (size_t i = 0; ack != NULL && i < ack->n_notices; i++)
        script_print(script, " !%s:%llu", ack->notices[i]->conversation,
                     (unsigned long long)ack->notices[i]->seq);
}

static void script_print_frame(struct script *script, struct blob *blob)
{
    wire_client_frame *frame = frame_decode_client(frame_payload(blob_view(blob)), &script->arena);
    assert_non_null(frame);
    assert_true(script->frame_count < SCRIPT_REQUESTS_MAX);
    script->frames[script->frame_count++] = frame;
    if (frame->body_case == CLIENT_FRAME(LIST_PROGRESS) && !script->shows_progress)
        return;
    script_print(script, "> ");
    if (frame->body_case == CLIENT_FRAME(HELLO)) {
        script_print(script, "hello");
    } else if (frame->body_case == CLIENT_FRAME(LIST_CONVERSATIONS)) {
        script_print(script, "list \"%s\"", frame->list_conversations->after);
    } else if (frame->body_case == CLIENT_FRAME(READ)) {
        script_print(script, "read %s after %llu", frame->read->conversation,
                     (unsigned long long)frame->read->after);
        if (frame->read->before != 0)
            script_print(script, " before %llu", (unsigned long long)frame->read->before);
        if (frame->read->recalls_only)
            script_print(script, " recalls");
    } else if (frame->body_case == CLIENT_FRAME(SEND)) {
        script_print(script, "send %s %u after %u", frame->send->conversation,
                     script_id(frame->send->message_id), script_id(frame->send->after));
    } else if (frame->body_case == CLIENT_FRAME(ACK)) {
        script_print(script, "ack");
        script_print_ack(script, frame->ack);
    } else if (frame->body_case == CLIENT_FRAME(HEARTBEAT)) {
        script_print(script, "heartbeat");
        script_print_ack(script, frame->heartbeat->ack);
    } else if (frame->body_case == CLIENT_FRAME(GOODBYE)) {
        script_print(script, "goodbye");
    } else if (frame->body_case == CLIENT_FRAME(LIST_PROGRESS)) {
        script_print(script, "progress \"%s\"", frame->list_progress->after);
    } else {
        script_print(script, "request");
    }
    script_print(script, "\n");
}

static void script_print_draft(struct script *script, const wire_client_frame *draft)
{
    struct blob *blob = frame_from_client(draft);
    script_print_frame(script, blob);
    blob_release(blob);
}

static void script_print_answer(struct script *script, const struct client_effect *effect)
{
    script_print(script, "answer %llu ", (unsigned long long)effect->token);
    if (effect->is_timeout)
        script_print(script, "timeout\n");
    else if (effect->refusal != 0)
        script_print(script, "%s\n", refusal_name(effect->refusal));
    else if (effect->answer->body_case == SERVER_FRAME(PAGE_END))
        script_print(script, "page of %zu\n", effect->event_count);
    else
        script_print(script, "%s\n",
                     effect->answer->body_case == SERVER_FRAME(OPENED)    ? "opened"
                     : effect->answer->body_case == SERVER_FRAME(LISTING) ? "listing"
                                                                          : "recall");
}

static void script_print_send(struct script *script, const struct client_effect *effect)
{
    unsigned id = effect->message_id.bytes[UUID_BYTES - 1];
    if (effect->kind == CLIENT_STORE_ACCEPTED)
        script_print(script, "accepted %u at %llu\n", id, (unsigned long long)effect->seq);
    else if (effect->kind == CLIENT_STORE_FAILED)
        script_print(script, "failed %u %s\n", id, refusal_name(effect->refusal));
    else if (effect->send_state == CLIENT_SEND_ACCEPTED)
        script_print(script, "sent %u accepted%s\n", id, effect->is_recalled ? " recalled" : "");
    else
        script_print(script, "sent %u failed %s\n", id, refusal_name(effect->refusal));
}

static void script_print_progress(struct script *script, const char *verb,
                                  const wire_progress *progress)
{
    script_print(script, "%s %s", verb, progress->conversation);
    if (progress->is_whole)
        script_print(script, " %llu %s", (unsigned long long)progress->seq,
                     progress->is_large ? "large" : "whole");
    for (size_t i = 0; i < progress->n_members; i++)
        script_print(script, " %s:%llu/%llu", progress->members[i]->user,
                     (unsigned long long)progress->members[i]->stored,
                     (unsigned long long)progress->members[i]->displayed);
    script_print(script, "\n");
}

static void script_print_effect(struct script *script, const struct client_effect *effect)
{
    static const char *const links[] = {"down", "connecting", "syncing",
                                        "live", "offline",    "rejected"};
    switch (effect->kind) {
    case CLIENT_STORE_FORGET:
        if (effect->lost_from_ms == 0)
            script_print(script, "forget\n");
        else
            script_print(script, "forget from %llu\n", (unsigned long long)effect->lost_from_ms);
        break;
    case CLIENT_STORE_STORE:
        script_print(script, "store %u\n", effect->store.bytes[UUID_BYTES - 1]);
        break;
    case CLIENT_STORE_SYNCED:
        script_print(script, "synced\n");
        break;
    case CLIENT_STORE_SKIP:
    case CLIENT_SHOW_SKIPPED:
        script_print(script, "%s %.*s %llu-%llu\n",
                     effect->kind == CLIENT_STORE_SKIP ? "skip" : "skipped",
                     VIEW_PRINT(effect->conversation), (unsigned long long)effect->after + 1,
                     (unsigned long long)effect->seq);
        break;
    case CLIENT_SHOW_SYNCING:
        if (script->shows_progress)
            script_print(script, "progress %llu of %llu\n", (unsigned long long)effect->done,
                         (unsigned long long)effect->total);
        break;
    case CLIENT_STORE_EVENT:
        script_print_event(script, effect->is_older ? "fetch" : "store", effect->event,
                           effect->event_bytes);
        break;
    case CLIENT_STORE_RECALL:
        script_print(script, "apply %s %llu to %llu\n", effect->event->conversation,
                     (unsigned long long)effect->event->seq,
                     (unsigned long long)effect->event->recall->target_seq);
        break;
    case CLIENT_STORE_CURSOR:
        script_print(script, "cursor %.*s %llu shown %llu\n",
                     VIEW_PRINT(effect->cursor.conversation),
                     (unsigned long long)effect->cursor.stored,
                     (unsigned long long)effect->cursor.displayed);
        break;
    case CLIENT_STORE_CONVERSATION:
        script_print(script, "conversation %s\n", effect->entry->conversation);
        break;
    case CLIENT_STORE_LISTING:
        script_print(script, "listing %s %llu\n", effect->listing->conversation,
                     (unsigned long long)effect->listing->version);
        break;
    case CLIENT_STORE_LEFT:
        script_print(script, "left %.*s\n", VIEW_PRINT(effect->conversation));
        break;
    case CLIENT_STORE_ACCEPTED:
    case CLIENT_STORE_FAILED:
    case CLIENT_SHOW_SEND:
        script_print_send(script, effect);
        break;
    case CLIENT_STORE_PROGRESS:
        script_print_progress(script, "places", effect->progress);
        break;
    case CLIENT_SHOW_PROGRESS:
        script_print_progress(script, "moved", effect->progress);
        break;
    case CLIENT_SHOW_PRIVACY:
        script_print(script, "privacy %s%s\n", effect->privacy->hides_displayed ? "hides" : "tells",
                     effect->privacy->server_hides_displayed ? " server" : "");
        break;
    case CLIENT_CONNECT:
        script_print(script, "connect\n");
        break;
    case CLIENT_DISCONNECT:
        script_print(script, "disconnect\n");
        break;
    case CLIENT_TRANSMIT:
        script_print_frame(script, effect->frame);
        break;
    case CLIENT_SIGN:
        script_print_draft(script, effect->draft);
        break;
    case CLIENT_SHOW_EVENT:
        script_print_event(script, "show", effect->event, effect->event_bytes);
        break;
    case CLIENT_SHOW_LINK:
        script_print(script, "link %s\n", links[effect->link]);
        break;
    case CLIENT_ANSWER:
        script_print_answer(script, effect);
        break;
    case CLIENT_LOAD_OUTBOX:
        script_print(script, "load after %llu count %u\n", (unsigned long long)effect->after,
                     effect->count);
        break;
    case CLIENT_WAKE_AT:
        script->wake_ms = effect->at_ms;
        break;
    }
}

void script_load(struct script *script, const char *conversation, uint64_t stored,
                 uint64_t displayed, uint64_t recalled)
{
    struct client_cursor cursor = {view_of(conversation), 1, stored, displayed, recalled};
    client_core_load_cursor(script->core, &cursor);
}

static void script_take(struct script *script)
{
    const struct client_effect *effect = client_core_take(script->core);
    for (; effect != NULL; effect = effect->next)
        script_print_effect(script, effect);
}

void script_skip(struct script *script)
{
    script_take(script);
    script->trace_bytes = 0;
    script->trace[0] = 0;
}

void script_expect(struct script *script, const char *lines)
{
    script_take(script);
    assert_string_equal(script->trace, lines);
    script_skip(script);
}

void script_pass(struct script *script, uint64_t ms)
{
    uint64_t until_ms = script->now_ms + ms;
    script_take(script);
    while (script->wake_ms != 0 && script->wake_ms <= until_ms) {
        if (script->wake_ms > script->now_ms)
            script->now_ms = script->wake_ms;
        script->wake_ms = 0;
        client_core_tick(script->core, script->now_ms);
        script_take(script);
    }
    script->now_ms = until_ms;
}

void script_connect(struct script *script)
{
    client_core_start(script->core, script->now_ms);
    script_take(script);
    client_core_outbox_loaded(script->core, script->now_ms, false);
    client_core_link_up(script->core, script->now_ms);
    script_skip(script);
}

void script_online(struct script *script, const char *conversation, uint64_t head)
{
    script_connect(script);
    script_welcome(script);
    script_take(script);
    script_listed(script, conversation, head, false);
    script_skip(script);
}

uint64_t script_request(const struct script *script, Unsay__V1__ClientFrame__BodyCase body)
{
    for (size_t i = script->frame_count; i-- > 0;) {
        if (script->frames[i]->body_case == body)
            return script->frames[i]->request;
    }
    fail_msg("the client sent no such request");
    return 0;
}

uint64_t script_send_request(const struct script *script, uint8_t id)
{
    for (size_t i = script->frame_count; i-- > 0;) {
        const wire_client_frame *frame = script->frames[i];
        if (frame->body_case == CLIENT_FRAME(SEND) && script_id(frame->send->message_id) == id)
            return frame->request;
    }
    fail_msg("the client did not send message %u", id);
    return 0;
}

void script_frame(struct script *script, uint64_t request, Unsay__V1__ServerFrame__BodyCase body,
                  void *message)
{
    wire_server_frame frame = UNSAY__V1__SERVER_FRAME__INIT;
    if (body == SERVER_FRAME(EVENT) && request != 0 && request != script->page_request)
        script->page_count = 0;
    if (body == SERVER_FRAME(EVENT) && request != 0) {
        script->page_request = request;
        script->page_count++;
    }
    frame.request = request;
    frame.body_case = body;
    frame.welcome = message;
    struct blob *blob = frame_from_server(&frame);
    client_core_frame(script->core, script->now_ms, blob_view(blob));
    blob_release(blob);
}

static void script_welcome_with(struct script *script, struct view store)
{
    wire_welcome welcome;
    unsay__v1__welcome__init(&welcome);
    welcome.version = 1;
    welcome.heartbeat_interval_ms = 30000;
    welcome.store = bytes_of(store);
    script_frame(script, script_request(script, CLIENT_FRAME(HELLO)), SERVER_FRAME(WELCOME),
                 &welcome);
}

void script_welcome(struct script *script)
{
    script_welcome_with(script, view_make(NULL, 0));
}

void script_reconnect(struct script *script)
{
    client_core_network_changed(script->core, script->now_ms);
    client_core_link_up(script->core, script->now_ms);
    script_skip(script);
    script_welcome(script);
}

void script_welcome_of(struct script *script, uint8_t store)
{
    struct uuid id = {{[UUID_BYTES - 1] = store}};
    script_welcome_with(script, uuid_view(&id));
}

void script_list(struct script *script, const struct script_entry *listed, size_t count, bool more)
{
    wire_conversation_entry entries[SCRIPT_ENTRIES_MAX];
    wire_conversation_entry *entry_list[SCRIPT_ENTRIES_MAX];
    wire_head heads[SCRIPT_ENTRIES_MAX];
    wire_head *head_list[SCRIPT_ENTRIES_MAX];
    wire_conversation_page page = UNSAY__V1__CONVERSATION_PAGE__INIT;
    assert_true(count <= SCRIPT_ENTRIES_MAX);
    for (size_t i = 0; i < count; i++) {
        unsay__v1__head__init(&heads[i]);
        heads[i].origin = 1;
        heads[i].seq = listed[i].head;
        heads[i].begin = listed[i].begin;
        heads[i].time = listed[i].time;
        head_list[i] = &heads[i];
        unsay__v1__conversation_entry__init(&entries[i]);
        entries[i].conversation = string_of(listed[i].conversation);
        entries[i].n_heads = 1;
        entries[i].heads = &head_list[i];
        entry_list[i] = &entries[i];
    }
    page.n_conversations = count;
    page.conversations = entry_list;
    page.more = more;
    script_frame(script, script_request(script, CLIENT_FRAME(LIST_CONVERSATIONS)),
                 SERVER_FRAME(CONVERSATIONS), &page);
}

void script_listed(struct script *script, const char *conversation, uint64_t head, bool more)
{
    struct script_entry entry = {conversation, head, 0, 0};
    script_list(script, &entry, 1, more);
}

void script_message(struct script *script, uint64_t request, const char *conversation, uint64_t seq)
{
    uint8_t id[UUID_BYTES] = {7};
    wire_message message;
    unsay__v1__message__init(&message);
    message.message_id = bytes_of(view_make(id, sizeof(id)));
    message.sender = string_of("li");
    message.content_type = WIRE(CONTENT_TYPE, TEXT);
    message.body = bytes_of(view_of("secret"));
    message.state = WIRE(MESSAGE_STATE, NORMAL);
    wire_event event;
    unsay__v1__event__init(&event);
    event.conversation = string_of(conversation);
    event.origin = 1;
    event.seq = seq;
    event.kind_case = EVENT_KIND(MESSAGE);
    event.message = &message;
    script_frame(script, request, SERVER_FRAME(EVENT), &event);
}

/* In the script's arena. */
static wire_event *script_make_recall(struct script *script, const char *conversation, uint64_t seq,
                                      uint64_t target)
{
    static const uint8_t id[UUID_BYTES] = {7};
    wire_recall *recall = arena_alloc(&script->arena, sizeof(*recall));
    wire_event *event = arena_alloc(&script->arena, sizeof(*event));
    unsay__v1__recall__init(recall);
    unsay__v1__event__init(event);
    recall->target_origin = 1;
    recall->target_seq = target;
    recall->target_message_id = bytes_of(view_make(id, sizeof(id)));
    recall->operator_ = string_of("li");
    event->conversation = string_of(conversation);
    event->origin = 1;
    event->seq = seq;
    event->kind_case = EVENT_KIND(RECALL);
    event->recall = recall;
    return event;
}

void script_recall(struct script *script, Unsay__V1__ServerFrame__BodyCase body, uint64_t request,
                   const char *conversation, uint64_t seq, uint64_t target)
{
    script_frame(script, request, body, script_make_recall(script, conversation, seq, target));
}

void script_refresh(struct script *script, const char *conversation, uint64_t seq)
{
    wire_refresh refresh;
    unsay__v1__refresh__init(&refresh);
    refresh.conversation = string_of(conversation);
    refresh.origin = 1;
    refresh.seq = seq;
    script_frame(script, 0, SERVER_FRAME(REFRESH), &refresh);
}

void script_replace(struct script *script, const char *conversation, uint64_t seq, uint64_t target,
                    uint64_t tombstone)
{
    static const uint8_t id[UUID_BYTES] = {7};
    wire_message message;
    unsay__v1__message__init(&message);
    message.message_id = bytes_of(view_make(id, sizeof(id)));
    message.state = WIRE(MESSAGE_STATE, RECALLED);
    wire_event event;
    unsay__v1__event__init(&event);
    event.conversation = string_of(conversation);
    event.origin = 1;
    event.seq = tombstone;
    event.kind_case = EVENT_KIND(MESSAGE);
    event.message = &message;
    wire_replace replace = UNSAY__V1__REPLACE__INIT;
    replace.recall = script_make_recall(script, conversation, seq, target);
    replace.tombstone = &event;
    script_frame(script, 0, SERVER_FRAME(REPLACE), &replace);
}

void script_page(struct script *script, uint64_t request, const char *conversation,
                 struct script_page page)
{
    wire_page_end end;
    unsay__v1__page_end__init(&end);
    end.conversation = string_of(conversation);
    end.origin = 1;
    end.head = page.head;
    end.more = page.more;
    end.count = page.count != 0                   ? page.count
                : script->page_request == request ? script->page_count
                                                  : 0;
    end.next = page.next;
    end.begin = page.begin;
    script_frame(script, request, SERVER_FRAME(PAGE_END), &end);
}

void script_page_end(struct script *script, uint64_t request, const char *conversation,
                     uint64_t head, bool more)
{
    script_page(script, request, conversation, (struct script_page){.head = head, .more = more});
}

void script_accepted(struct script *script, uint64_t request, const char *conversation, uint8_t id,
                     uint64_t seq)
{
    struct uuid message_id = {{[UUID_BYTES - 1] = id}};
    wire_accepted accepted;
    unsay__v1__accepted__init(&accepted);
    accepted.conversation = string_of(conversation);
    accepted.message_id = bytes_of(uuid_view(&message_id));
    accepted.origin = 1;
    accepted.seq = seq;
    accepted.state = WIRE(MESSAGE_STATE, NORMAL);
    script_frame(script, request, SERVER_FRAME(ACCEPTED), &accepted);
}

void script_confirmed(struct script *script, const char *conversation, uint64_t stored,
                      uint64_t displayed)
{
    wire_cursor cursor;
    unsay__v1__cursor__init(&cursor);
    cursor.conversation = string_of(conversation);
    cursor.origin = 1;
    cursor.stored = stored;
    cursor.displayed = displayed;
    wire_cursor *cursors[] = {&cursor};
    wire_ack_confirmed confirmed = UNSAY__V1__ACK_CONFIRMED__INIT;
    confirmed.n_cursors = 1;
    confirmed.cursors = cursors;
    script_frame(script, 4, SERVER_FRAME(ACK), &confirmed);
}

static void script_refuse(struct script *script, uint64_t request, refusal_code code,
                          uint32_t retry_after_ms, bool closing)
{
    wire_error error;
    unsay__v1__error__init(&error);
    error.code = code;
    error.retry_after_ms = retry_after_ms;
    error.closing = closing;
    script_frame(script, request, SERVER_FRAME(ERROR), &error);
}

void script_error(struct script *script, uint64_t request, refusal_code code,
                  uint32_t retry_after_ms)
{
    script_refuse(script, request, code, retry_after_ms, false);
}

void script_closing(struct script *script, refusal_code code, uint32_t retry_after_ms)
{
    script_refuse(script, 0, code, retry_after_ms, true);
}

bool script_offer(struct script *script, uint64_t number, const char *conversation, uint8_t id)
{
    return script_offer_with(script, number, conversation, id, view_make(NULL, 0), false);
}

bool script_offer_with(struct script *script, uint64_t number, const char *conversation, uint8_t id,
                       struct view detail, bool is_stale)
{
    struct client_outgoing outgoing = {
        .number = number,
        .conversation = view_of(conversation),
        .message_id = {{[UUID_BYTES - 1] = id}},
        .content_type = WIRE(CONTENT_TYPE, TEXT),
        .body = script->body.size == 0 ? view_of("hello") : script->body,
        .detail = detail,
        .is_stale = is_stale,
    };
    return client_core_offer(script->core, script->now_ms, &outgoing);
}
