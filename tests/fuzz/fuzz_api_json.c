/* Bodies of the HTTP API: any bytes are either a message of the contract, or are told what is
 * wrong, where; and a message comes back from JSON as it went. The first byte chooses the kind. */
#include "fuzz.h"

#include "api/json_read.h"
#include "api/json_write.h"

#include <assert.h>

static const ProtobufCMessageDescriptor *const kinds[] = {
    &unsay__v1__send__descriptor,           &unsay__v1__recall_request__descriptor,
    &unsay__v1__recall_range__descriptor,   &unsay__v1__create_conversation__descriptor,
    &unsay__v1__change_members__descriptor, &unsay__v1__settings__descriptor,
    &unsay__v1__audit_entry__descriptor,    &unsay__v1__exposure__descriptor,
    &unsay__v1__list_recalls__descriptor,   &unsay__v1__policy_info__descriptor,
};

static void come_back(const ProtobufCMessageDescriptor *kind, const ProtobufCMessage *message)
{
    struct arena arena;
    struct json_wrong wrong;
    arena_init(&arena);
    json_t *first = json_from_message(message);
    ProtobufCMessage *again = json_empty_message(kind, &arena);
    assert(first != NULL);
    bool is_read = json_to_message(first, again, NULL, &arena, &wrong);
    if (is_read) {
        json_t *second = json_from_message(again);
        assert(json_equal(first, second));
        json_decref(second);
    } else { /* a number that no signed integer holds, or a time that no calendar does */
        assert(wrong.text[0] != 0);
    }
    json_decref(first);
    arena_fini(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct json_wrong wrong = {"", ""};
    uint32_t fields = 0;
    if (size == 0)
        return 0;
    json_t *body = json_loadb((const char *)data + 1, size - 1, JSON_REJECT_DUPLICATES, NULL);
    const ProtobufCMessageDescriptor *kind = kinds[data[0] % (sizeof(kinds) / sizeof(kinds[0]))];
    if (body == NULL)
        return 0;
    arena_init(&arena);
    ProtobufCMessage *message = json_empty_message(kind, &arena);
    if (json_to_message(body, message, &fields, &arena, &wrong)) {
        assert(protobuf_c_message_get_packed_size(message) < size * 16 + 1024);
        come_back(kind, message);
    } else {
        assert(wrong.text[0] != 0);
    }
    arena_fini(&arena);
    json_decref(body);
    return 0;
}
