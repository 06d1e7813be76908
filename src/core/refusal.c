#include "core/refusal.h"

#include "core/frame.h"

struct refusal {
    const char *name;
    const char *text;
    bool is_retryable;
};

static const struct refusal refusal_table[] = {
    [REFUSAL_NONE] = {"", "", false},
#define REFUSAL(code, name, retryable, text) [REFUSAL_CODE(code)] = {name, text, retryable},
#include "core/refusal.def"
#undef REFUSAL
};

enum { REFUSALS = sizeof(refusal_table) / sizeof(refusal_table[0]) };

static const struct refusal *refusal_find(refusal_code code)
{
    static const struct refusal unknown = {
        "unknown", "The server refused for a reason that this version does not know.", false};
    size_t index = (size_t)code;
    bool is_known = index < REFUSALS && refusal_table[index].name != NULL;
    return is_known ? &refusal_table[index] : &unknown;
}

const char *refusal_name(refusal_code code)
{
    return refusal_find(code)->name;
}

const char *refusal_text(refusal_code code)
{
    return refusal_find(code)->text;
}

bool refusal_parse(const char *name, refusal_code *code)
{
    for (size_t i = REFUSAL_NONE + 1; i < REFUSALS; i++) {
        *code = (refusal_code)i;
        if (refusal_table[i].name != NULL && strcmp(refusal_table[i].name, name) == 0)
            return true;
    }
    *code = REFUSAL_NONE;
    return false;
}

bool refusal_is_retryable(refusal_code code)
{
    return refusal_find(code)->is_retryable;
}

struct blob *refusal_frame(uint64_t request, refusal_code code, const char *detail, bool closing,
                           uint32_t retry_after_ms)
{
    wire_error error = UNSAY__V1__ERROR__INIT;
    wire_server_frame frame = UNSAY__V1__SERVER_FRAME__INIT;
    error.code = code;
    error.detail = string_of(detail[0] == 0 ? refusal_text(code) : detail);
    error.retryable = refusal_is_retryable(code);
    error.closing = closing;
    error.retry_after_ms = retry_after_ms;
    frame.request = request;
    frame.body_case = SERVER_FRAME(ERROR);
    frame.error = &error;
    return frame_from_server(&frame);
}
