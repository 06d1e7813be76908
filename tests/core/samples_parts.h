/* What samples are made of, and the samples themselves by name. */
#ifndef UNSAY_TESTS_CORE_SAMPLES_PARTS_H
#define UNSAY_TESTS_CORE_SAMPLES_PARTS_H

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
#define KEY BYTES("0123456789abcdef0123456789abcdef")

extern wire_member *members[2];
extern wire_target target_by_key;
extern wire_target target_by_id;
extern wire_target *targets[2];
extern wire_cursor *cursors[1];
extern wire_reference reference;
extern wire_source source;
extern char *mentions[2];
extern wire_member *changed_members[2];
extern wire_settings settings;
extern wire_device_name device_name;

#define CLIENT_SAMPLE(name) extern const wire_client_frame client_##name;
#define SERVER_SAMPLE(name) extern const wire_server_frame server_##name;
#define EVENT_SAMPLE(name) extern wire_event event_##name;
#include "samples.def"
#undef CLIENT_SAMPLE
#undef SERVER_SAMPLE
#undef EVENT_SAMPLE

#endif
