/* Frames and events as bytes. golden/NAME.hex holds what each sample is on the wire and on the
 * disk; a golden file changes only together with the protocol. `test_core_frame --update` writes
 * them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "samples.h"

#include "base/buffer.h"
#include "base/memory.h"
#include "core/frame.h"

#include <sodium.h>

static struct view pack(const ProtobufCMessage *message, struct arena *arena)
{
    size_t size = protobuf_c_message_get_packed_size(message);
    uint8_t *bytes = arena_alloc(arena, size);
    protobuf_c_message_pack(message, bytes);
    return view_make(bytes, size);
}

static void golden_path(const struct sample *sample, char path[512])
{
    snprintf(path, 512, "%s/%s.hex", GOLDEN_DIRECTORY, sample->name);
}

/* 32 bytes a line, in hexadecimal. */
static void golden_write(const struct sample *sample)
{
    char path[512];
    struct arena arena;
    arena_init(&arena);
    struct view bytes = pack(sample->message, &arena);
    golden_path(sample, path);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    for (size_t i = 0; i < bytes.size; i++)
        fprintf(file, "%02x%s", bytes.data[i], i % 32 == 31 && i + 1 < bytes.size ? "\n" : "");
    fputc('\n', file);
    assert_int_equal(fclose(file), 0);
    arena_fini(&arena);
}

static struct view golden_read(const struct sample *sample, struct arena *arena)
{
    char path[512];
    char text[4096];
    uint8_t bytes[2048];
    size_t size = 0;
    golden_path(sample, path);
    FILE *file = fopen(path, "r");
    if (file == NULL)
        fail_msg("%s is missing", path);
    size_t length = fread(text, 1, sizeof(text), file);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(sodium_hex2bin(bytes, sizeof(bytes), text, length, "\n", &size, NULL), 0);
    return arena_copy(arena, view_make(bytes, size));
}

static const ProtobufCMessage *decode(const struct sample *sample, struct view bytes,
                                      struct arena *arena)
{
    if (strncmp(sample->name, "client-", 7) == 0)
        return (const ProtobufCMessage *)frame_decode_client(bytes, arena);
    if (strncmp(sample->name, "server-", 7) == 0)
        return (const ProtobufCMessage *)frame_decode_server(bytes, arena);
    return (const ProtobufCMessage *)event_decode(bytes, arena);
}

static void encoding_is_golden(void **state)
{
    (void)state;
    for (size_t i = 0; i < sample_count; i++) {
        struct arena arena;
        arena_init(&arena);
        struct view golden = golden_read(&samples[i], &arena);
        if (!view_equal(pack(samples[i].message, &arena), golden))
            fail_msg("%s is encoded differently from its golden file", samples[i].name);
        arena_fini(&arena);
    }
}

/* Decoding is right when encoding the result gives every byte again: all fields are covered by the
 * test above, which starts from the values. */
static void decoding_gives_the_same_values(void **state)
{
    (void)state;
    for (size_t i = 0; i < sample_count; i++) {
        struct arena arena;
        arena_init(&arena);
        struct view golden = golden_read(&samples[i], &arena);
        const ProtobufCMessage *decoded = decode(&samples[i], golden, &arena);
        assert_non_null(decoded);
        assert_ptr_equal(decoded->descriptor, samples[i].message->descriptor);
        assert_int_equal(decoded->n_unknown_fields, 0);
        assert_true(view_equal(pack(decoded, &arena), golden));
        arena_fini(&arena);
    }
}

/* A few values by name, so that a swap of two fields in both directions shows. */
static void fields_have_their_values(void **state)
{
    struct arena arena;
    (void)state;
    arena_init(&arena);
    for (size_t i = 0; i < sample_count; i++) {
        struct view golden = golden_read(&samples[i], &arena);
        if (strcmp(samples[i].name, "client-send") == 0) {
            const wire_client_frame *frame = frame_decode_client(golden, &arena);
            assert_int_equal(frame->request, 7);
            assert_int_equal(frame->body_case, CLIENT_FRAME(SEND));
            assert_string_equal(frame->send->conversation, "d:ann:bob");
            assert_true(view_equal(bytes_view(frame->send->body), view_of("Hello")));
            assert_int_equal(frame->send->message_id.data[15], 0x0b);
            assert_int_equal(frame->send->after.data[15], 0x0a);
        } else if (strcmp(samples[i].name, "event-recalled") == 0) {
            const wire_event *event = event_decode(golden, &arena);
            assert_int_equal(event->seq, 2);
            assert_int_equal(event->message->state, WIRE(MESSAGE_STATE, RECALLED));
            assert_int_equal(event->message->body.len, 0);
            assert_int_equal(event->message->tombstone->recall_seq, 3);
        }
    }
    arena_fini(&arena);
}

/* Every kind of the two oneofs has a sample. */
static void every_kind_has_a_sample(void **state)
{
    bool client[32] = {false}, server[32] = {false}, event[32] = {false};
    (void)state;
    for (size_t i = 0; i < sample_count; i++) {
        const ProtobufCMessage *message = samples[i].message;
        if (message->descriptor == &unsay__v1__client_frame__descriptor)
            client[((const wire_client_frame *)message)->body_case] = true;
        else if (message->descriptor == &unsay__v1__server_frame__descriptor)
            server[((const wire_server_frame *)message)->body_case] = true;
        else
            event[((const wire_event *)message)->kind_case] = true;
    }
    for (unsigned i = 1; i < unsay__v1__client_frame__descriptor.n_fields; i++)
        assert_true(client[unsay__v1__client_frame__descriptor.fields[i].id]);
    for (unsigned i = 1; i < unsay__v1__server_frame__descriptor.n_fields; i++)
        assert_true(server[unsay__v1__server_frame__descriptor.fields[i].id]);
    for (unsigned i = 4; i < unsay__v1__event__descriptor.n_fields; i++)
        assert_true(event[unsay__v1__event__descriptor.fields[i].id]);
}

static void a_frame_has_its_length(void **state)
{
    struct arena arena;
    (void)state;
    arena_init(&arena);
    for (size_t i = 0; i < sample_count; i++) {
        const ProtobufCMessage *message = samples[i].message;
        struct blob *blob;
        if (message->descriptor == &unsay__v1__client_frame__descriptor)
            blob = frame_from_client((const wire_client_frame *)message);
        else if (message->descriptor == &unsay__v1__server_frame__descriptor)
            blob = frame_from_server((const wire_server_frame *)message);
        else
            continue;
        assert_int_equal(frame_payload_bytes(blob->bytes), blob->size - FRAME_HEADER_BYTES);
        assert_true(view_equal(frame_payload(blob_view(blob)), pack(message, &arena)));
        blob_release(blob);
    }
    assert_int_equal(frame_payload_bytes((const uint8_t[]){0x01, 0x02, 0x03, 0x84}), 0x01020384);
    arena_fini(&arena);
}

/* The short cuts around an encoded event give what protobuf-c gives. */
static void a_frame_around_an_event_is_the_same_frame(void **state)
{
    struct arena arena;
    (void)state;
    arena_init(&arena);
    for (size_t i = 0; i < sample_count; i++) {
        const wire_server_frame *frame = (const wire_server_frame *)samples[i].message;
        if (frame->base.descriptor != &unsay__v1__server_frame__descriptor ||
            (frame->body_case != SERVER_FRAME(EVENT) && frame->body_case != SERVER_FRAME(NOTICE)))
            continue;
        bool is_event = frame->body_case == SERVER_FRAME(EVENT);
        enum frame_event_kind kind = is_event ? FRAME_EVENT : FRAME_NOTICE;
        struct view event = event_encode(frame->event, &arena);
        struct blob *expected = frame_from_server(frame);
        struct blob *around = frame_around_event(kind, frame->request, event);
        assert_true(view_equal(blob_view(around), blob_view(expected)));
        if (frame->request == 0) {
            struct view bytes;
            struct blob *from = frame_from_event(kind, frame->event, &bytes);
            assert_true(view_equal(blob_view(from), blob_view(expected)));
            assert_true(view_equal(bytes, event));
            blob_release(from);
        }
        blob_release(around);
        blob_release(expected);
    }
    arena_fini(&arena);
}

static void large_events_and_requests_are_wrapped(void **state)
{
    static const uint64_t requests[] = {0, 1, 127, 128, UINT32_MAX, UINT64_MAX};
    static const size_t sizes[] = {0, 1, 90, 127, 128, 16383, 16384, 65536};
    struct arena arena;
    (void)state;
    arena_init(&arena);
    for (size_t r = 0; r < sizeof(requests) / sizeof(requests[0]); r++) {
        for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
            wire_message message;
            wire_event event;
            wire_server_frame frame;
            unsay__v1__message__init(&message);
            unsay__v1__event__init(&event);
            unsay__v1__server_frame__init(&frame);
            message.body = bytes_of(view_make(arena_zero(&arena, sizes[s]), sizes[s]));
            event.kind_case = EVENT_KIND(MESSAGE);
            event.message = &message;
            frame.request = requests[r];
            frame.body_case = SERVER_FRAME(EVENT);
            frame.event = &event;
            struct blob *expected = frame_from_server(&frame);
            struct blob *around =
                frame_around_event(FRAME_EVENT, requests[r], event_encode(&event, &arena));
            assert_true(view_equal(blob_view(around), blob_view(expected)));
            blob_release(around);
            blob_release(expected);
        }
    }
    arena_fini(&arena);
}

/* Of every event, whole and cut off anywhere, what decoding it gives or nothing. */
static void what_stands_at_the_beginning_of_an_event(void **state)
{
    (void)state;
    size_t events = 0;
    for (size_t i = 0; i < sample_count; i++) {
        struct arena arena;
        arena_init(&arena);
        const wire_event *event = (const wire_event *)samples[i].message;
        struct view bytes = pack(samples[i].message, &arena);
        if (samples[i].message->descriptor == &unsay__v1__event__descriptor) {
            events++;
            for (size_t size = 0; size <= bytes.size; size++) {
                uint8_t *cut = memory_copy(bytes.data, size);
                struct event_peek peek = event_peek(view_make(cut, size));
                assert_true(peek.time == event->time || (peek.time == 0 && size < bytes.size));
                assert_true(peek.kind == (unsigned)event->kind_case ||
                            (peek.kind == 0 && size < bytes.size));
                free(cut);
            }
        }
        arena_fini(&arena);
    }
    assert_true(events > 4);
}

static void bytes_that_are_no_frame(void **state)
{
    struct arena arena;
    (void)state;
    arena_init(&arena);
    assert_null(frame_decode_client(view_of("\xff\xff\xff\xff"), &arena));
    assert_null(frame_decode_server(view_of("\x12\x7f"), &arena));
    assert_null(event_decode(view_of("\x0a\x05"
                                     "ab"),
                             &arena));
    /* A kind of a later version: field 100, empty. */
    const wire_client_frame *later = frame_decode_client(view_make("\xa2\x06\x00", 3), &arena);
    assert_non_null(later);
    assert_int_equal(later->body_case, CLIENT_FRAME(_NOT_SET));
    const wire_server_frame *nothing = frame_decode_server(view_make(NULL, 0), &arena);
    assert_non_null(nothing);
    assert_int_equal(nothing->body_case, SERVER_FRAME(_NOT_SET));
    arena_fini(&arena);
}

/* request 7, recall { targets { seq 2, field 0 in a tag that is too long, field 100 } } */
static void unknown_fields_do_not_travel_on(void **state)
{
    static const uint8_t bytes[] = {0x08, 0x07, 0x2a, 0x0a, 0x12, 0x08, 0x10,
                                    0x02, 0x80, 0x00, 0x00, 0xa0, 0x06, 0x01};
    struct arena arena;
    (void)state;
    arena_init(&arena);
    const wire_client_frame *frame = frame_decode_client(view_make(bytes, sizeof(bytes)), &arena);
    assert_non_null(frame);
    assert_int_equal(frame->recall->targets[0]->seq, 2);
    assert_int_equal(frame->recall->targets[0]->base.n_unknown_fields, 0);
    struct view packed = pack(&frame->base, &arena);
    assert_non_null(frame_decode_client(packed, &arena));
    assert_int_equal(packed.size, 8);
    arena_fini(&arena);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(encoding_is_golden),
        cmocka_unit_test(decoding_gives_the_same_values),
        cmocka_unit_test(fields_have_their_values),
        cmocka_unit_test(every_kind_has_a_sample),
        cmocka_unit_test(a_frame_has_its_length),
        cmocka_unit_test(a_frame_around_an_event_is_the_same_frame),
        cmocka_unit_test(large_events_and_requests_are_wrapped),
        cmocka_unit_test(what_stands_at_the_beginning_of_an_event),
        cmocka_unit_test(bytes_that_are_no_frame),
        cmocka_unit_test(unknown_fields_do_not_travel_on),
    };
    if (argc == 2 && strcmp(argv[1], "--update") == 0) {
        for (size_t i = 0; i < sample_count; i++)
            golden_write(&samples[i]);
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
