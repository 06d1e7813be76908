/* The encoder writes what protobuf-c writes: of every message of the contract, and whatever is in
 * it.
 */
#include "base/prng.h"
#include "core/encode.h"
#include "core/frame.h"
#include "samples.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { RANDOM_MESSAGES = 20000, PACKED_BYTES_MAX = 1 << 16 };

static uint8_t room[ENCODE_SMALL_BYTES_MAX];
static uint8_t packed[PACKED_BYTES_MAX];

/* Whether the message is small; the encodings must be the same. */
static bool compare(const ProtobufCMessage *message)
{
    struct view small;
    size_t size = protobuf_c_message_get_packed_size(message);
    bool is_small = encode_small(message, room, &small);
    assert_true(size <= PACKED_BYTES_MAX);
    protobuf_c_message_pack(message, packed);
    if (is_small) {
        assert_int_equal(small.size, size);
        assert_memory_equal(small.data, packed, size);
    }
    struct arena arena;
    arena_init(&arena);
    struct view bytes = encode(message, &arena);
    assert_int_equal(bytes.size, size);
    assert_memory_equal(bytes.data, packed, size);
    arena_fini(&arena);
    return is_small;
}

static void samples_are_encoded_alike(void **state)
{
    (void)state;
    for (size_t i = 0; i < sample_count; i++)
        assert_true(compare(samples[i].message));
}

/* One that just fits, and those that do not. */
static void what_does_not_fit_is_left_to_others(void **state)
{
    (void)state;
    static uint8_t body[2 * ENCODE_SMALL_BYTES_MAX];
    wire_message message = UNSAY__V1__MESSAGE__INIT;
    wire_event event = UNSAY__V1__EVENT__INIT;
    event.kind_case = EVENT_KIND(MESSAGE);
    event.message = &message;
    for (size_t size = 0; size < sizeof(body); size++) {
        message.body = bytes_of(view_make(body, size));
        bool is_small = unsay__v1__event__get_packed_size(&event) <= ENCODE_SMALL_BYTES_MAX;
        assert_int_equal(compare(&event.base), is_small);
    }
}

static void unknown_fields_are_left_to_others(void **state)
{
    (void)state;
    uint8_t data[] = {7};
    ProtobufCMessageUnknownField unknown = {
        .tag = 99, .wire_type = PROTOBUF_C_WIRE_TYPE_VARINT, .len = 1, .data = data};
    wire_event event = UNSAY__V1__EVENT__INIT;
    event.base.n_unknown_fields = 1;
    event.base.unknown_fields = &unknown;
    assert_false(compare(&event.base));
}

static void fill(ProtobufCMessage *message, struct prng *prng, struct arena *arena, int depth);

static void fill_value(const ProtobufCFieldDescriptor *field, void *value, struct prng *prng,
                       struct arena *arena, int depth)
{
    static const char *const texts[] = {"", "a", "ann", "g:01000000000000000000000000000001"};
    uint64_t number = prng_next(prng) >> prng_below(prng, 64);
    if (field->type == PROTOBUF_C_TYPE_STRING) {
        *(char **)value = string_of(texts[prng_below(prng, 4)]);
    } else if (field->type == PROTOBUF_C_TYPE_BYTES) {
        *(ProtobufCBinaryData *)value = bytes_of(view_make(texts[3], (size_t)prng_below(prng, 20)));
    } else if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
        const ProtobufCMessageDescriptor *nested = field->descriptor;
        if (depth == 0)
            return;
        *(ProtobufCMessage **)value = arena_zero(arena, nested->sizeof_message);
        protobuf_c_message_init(nested, *(ProtobufCMessage **)value);
        fill(*(ProtobufCMessage **)value, prng, arena, depth - 1);
    } else if (field->type == PROTOBUF_C_TYPE_UINT64 || field->type == PROTOBUF_C_TYPE_FIXED64) {
        *(uint64_t *)value = number;
    } else {
        *(uint32_t *)value = (uint32_t)number;
    }
}

static void fill(ProtobufCMessage *message, struct prng *prng, struct arena *arena, int depth)
{
    uint8_t *base = (uint8_t *)message;
    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
        void *value = base + field->offset;
        if (prng_below(prng, 3) == 0)
            continue;
        if (field->label == PROTOBUF_C_LABEL_REPEATED) {
            size_t count = (size_t)prng_below(prng, 3);
            if (field->type != PROTOBUF_C_TYPE_STRING &&
                (field->type != PROTOBUF_C_TYPE_MESSAGE || depth == 0))
                continue;
            void **values = arena_zero(arena, (count + 1) * sizeof(*values));
            for (size_t at = 0; at < count; at++)
                fill_value(field, &values[at], prng, arena, depth);
            *(size_t *)(void *)(base + field->quantifier_offset) = count;
            *(void ***)value = values;
            continue;
        }
        if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0) {
            uint32_t *chosen = (void *)(base + field->quantifier_offset);
            if (*chosen != 0)
                continue;
            *chosen = field->id;
        }
        fill_value(field, value, prng, arena, depth);
    }
}

static void anything_is_encoded_alike(void **state)
{
    (void)state;
    static const ProtobufCMessageDescriptor *const kinds[] = {
        &unsay__v1__client_frame__descriptor, &unsay__v1__server_frame__descriptor,
        &unsay__v1__event__descriptor, &unsay__v1__audit_entry__descriptor,
        &unsay__v1__dossier__descriptor};
    struct prng prng = {11};
    size_t small = 0;
    for (size_t i = 0; i < RANDOM_MESSAGES; i++) {
        const ProtobufCMessageDescriptor *kind = kinds[i % 5];
        struct arena arena;
        arena_init(&arena);
        ProtobufCMessage *message = arena_zero(&arena, kind->sizeof_message);
        protobuf_c_message_init(kind, message);
        fill(message, &prng, &arena, 4);
        small += compare(message);
        arena_fini(&arena);
    }
    assert_true(small > RANDOM_MESSAGES / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(samples_are_encoded_alike),
        cmocka_unit_test(what_does_not_fit_is_left_to_others),
        cmocka_unit_test(unknown_fields_are_left_to_others),
        cmocka_unit_test(anything_is_encoded_alike),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
