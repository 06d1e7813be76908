#include "api/problem.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>

void problem_set(struct problem *problem, unsigned code, const char *type, const char *format, ...)
{
    va_list arguments;
    *problem = (struct problem){.code = code, .type = type};
    va_start(arguments, format);
    vsnprintf(problem->detail, sizeof(problem->detail), format, arguments);
    va_end(arguments);
}

unsigned problem_code(refusal_code refusal)
{
    static const struct {
        refusal_code refusal;
        unsigned code;
    } codes[] = {
        {REFUSAL_CODE(MALFORMED), 400},       {REFUSAL_CODE(FRAME_TOO_LARGE), 413},
        {REFUSAL_CODE(RATE_LIMITED), 429},    {REFUSAL_CODE(SHUTTING_DOWN), 503},
        {REFUSAL_CODE(OVERLOADED), 503},      {REFUSAL_CODE(STORAGE_UNAVAILABLE), 503},
        {REFUSAL_CODE(STORAGE_FULL), 507},    {REFUSAL_CODE(UNKNOWN_CONVERSATION), 404},
        {REFUSAL_CODE(NOT_A_MEMBER), 403},    {REFUSAL_CODE(BODY_TOO_LARGE), 413},
        {REFUSAL_CODE(UNKNOWN_MESSAGE), 404}, {REFUSAL_CODE(NOT_PERMITTED), 403},
        {REFUSAL_CODE(READ_ONLY), 403},       {REFUSAL_CODE(MUTED), 403},
        {REFUSAL_CODE(NOT_OPEN), 403},        {REFUSAL_CODE(NO_EVIDENCE), 404},
        {REFUSAL_CODE(INVALID_ID), 422},      {REFUSAL_CODE(FIELD_INVALID), 422},
        {REFUSAL_CODE(NOT_A_MESSAGE), 422},   {REFUSAL_CODE(POLICY_INVALID), 422},
        {REFUSAL_CODE(CLOCK_UNSURE), 503},    {REFUSAL_CODE(TOO_MANY_PENDING), 429},
    };
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        if (codes[i].refusal == refusal)
            return codes[i].code;
    }
    return 409; /* the request is sound, and what it is about does not allow it */
}

void problem_from_error(struct problem *problem, const wire_error *error)
{
    *problem = (struct problem){.code = problem_code(error->code),
                                .type = refusal_name(error->code),
                                .retry_after_ms = error->retry_after_ms};
    snprintf(problem->detail, sizeof(problem->detail), "%s",
             error->detail[0] != 0 ? error->detail : refusal_text(error->code));
    if (problem->code == 503 && problem->retry_after_ms == 0)
        problem->retry_after_ms = 1000;
}

char *problem_print(const struct problem *problem, const char *request_id)
{
    char type[96];
    snprintf(type, sizeof(type), "urn:unsay:problem:%s", problem->type);
    json_t *object =
        json_pack("{s:s,s:s,s:i,s:s,s:s}", "type", type, "title", problem->type, "status",
                  (int)problem->code, "detail", problem->detail, "request_id", request_id);
    if (object == NULL) { /* a detail that is not UTF-8 */
        object = json_pack("{s:s,s:s,s:i}", "type", type, "title", problem->type, "status",
                           (int)problem->code);
    }
    if (problem->pointer[0] != 0)
        json_object_set_new(object, "pointer", json_string(problem->pointer));
    char *text = json_dumps(object, JSON_COMPACT);
    json_decref(object);
    return text;
}
