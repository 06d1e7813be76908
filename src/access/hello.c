#include "access/hello.h"

refusal_code hello_check(const wire_hello *hello, const char **detail)
{
    *detail = "";
    if (hello->version_min > PROTOCOL_VERSION_MAX || hello->version_max < PROTOCOL_VERSION_MIN) {
        *detail = "hello: this server speaks version 1";
        return REFUSAL_CODE(UNSUPPORTED_VERSION);
    }
    if (protobuf_c_enum_descriptor_get_value(&unsay__v1__follow__descriptor, (int)hello->follow) ==
        NULL) {
        *detail = "hello: follow: patch, refresh or replace";
        return REFUSAL_CODE(FIELD_INVALID);
    }
    if (hello->device_key.len != 0 && hello->device_key.len != HELLO_DEVICE_KEY_BYTES) {
        *detail = "hello: device_key: empty, or 32 bytes";
        return REFUSAL_CODE(FIELD_INVALID);
    }
    return REFUSAL_NONE;
}
