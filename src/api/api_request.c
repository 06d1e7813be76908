/* From an HTTP request to the frame that a worker is asked: who asks, whether they may, and what.
 */
#include "api/api_internal.h"

#include "api/json_form.h"
#include "core/frame.h"
#include "core/ids.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum { API_REQUEST_NUMBER = 1 };

const char *api_parameter(const struct api_call *call, const char *name)
{
    for (unsigned i = 0; i < call->match.count; i++) {
        if (strcmp(call->match.parameters[i].name, name) == 0)
            return call->match.parameters[i].value;
    }
    return NULL;
}

static bool api_field_wrong(struct api_call *call, const struct json_wrong *wrong)
{
    problem_set(&call->problem, 422, "field_invalid", "%s", wrong->text);
    snprintf(call->problem.pointer, sizeof(call->problem.pointer), "%s", wrong->pointer);
    return false;
}

/* ---- Who asks ---- */

static bool api_find_route(struct api_call *call)
{
    const char *path = http_path(call->exchange);
    route_find(http_method(call->exchange), path, &call->match);
    if (call->match.route != NULL)
        return true;
    if (call->match.allowed[0] == 0) {
        problem_set(&call->problem, 404, "no_such_path",
                    "There is nothing here; /v1/openapi.json describes what there is.");
    } else {
        http_add_header(call->exchange, "Allow", call->match.allowed);
        problem_set(&call->problem, 405, "method_not_allowed", "This path takes %s.",
                    call->match.allowed);
    }
    return false;
}

const struct api_key *api_authenticate(struct api_call *call)
{
    static const char scheme[] = "Bearer ";
    struct api *api = call->api;
    struct failure failure = {STATUS_OK, ""};
    const char *header = http_header(call->exchange, "Authorization");
    const struct api_key *key = NULL;
    bool keys_fail = api_keys_refresh(&api->keys, &failure) != STATUS_OK;
    if (keys_fail != api->keys_fail)
        api->port.keys_fail(api->port.context, keys_fail ? failure.text : NULL);
    api->keys_fail = keys_fail;
    if (header != NULL && strncasecmp(header, scheme, strlen(scheme)) == 0)
        key = api_keys_find(&api->keys, view_of(header + strlen(scheme)),
                            api->port.now_ms(api->port.context));
    if (key != NULL)
        return key;
    http_add_header(call->exchange, "WWW-Authenticate", "Bearer realm=\"unsay\"");
    problem_set(&call->problem, 401, "key_invalid",
                header == NULL
                    ? "Send a key, made by `unsay key create`, as: Authorization: Bearer KEY."
                    : "This key is not one of this server, was revoked, or has expired.");
    return NULL;
}

bool api_admit(struct api_call *call, const struct api_key *key, enum scope scope)
{
    uint32_t left = 0;
    char text[16];
    bool is_taken = rates_take(&call->api->rates, key->id,
                               call->api->port.now_ms(call->api->port.context), &left);
    snprintf(text, sizeof(text), "%d", LIMIT_API_REQUESTS_PER_SECOND);
    http_add_header(call->exchange, "RateLimit-Limit", text);
    snprintf(text, sizeof(text), "%u", (unsigned)left);
    http_add_header(call->exchange, "RateLimit-Remaining", text);
    http_add_header(call->exchange, "RateLimit-Reset", "1");
    if (!is_taken) {
        problem_set(&call->problem, 429, "rate_limited",
                    "This key has made more than %d requests a second; slow down.",
                    LIMIT_API_REQUESTS_PER_SECOND);
        call->problem.retry_after_ms = 1000;
        return false;
    }
    if ((key->scopes & SCOPE_BIT(scope)) == 0) {
        problem_set(&call->problem, 403, "scope_missing", "This key lacks the scope %s.",
                    scope_name(scope));
        return false;
    }
    snprintf(call->key, sizeof(call->key), "%s", key->id);
    return true;
}

/* ---- The body ---- */

static bool api_is_shallow(const json_t *value, unsigned depth)
{
    const char *name;
    size_t index;
    json_t *part;
    if (depth == 0)
        return false;
    json_object_foreach((json_t *)(uintptr_t)value, name, part)
    {
        if (!api_is_shallow(part, depth - 1))
            return false;
    }
    json_array_foreach(value, index, part)
    {
        if (!api_is_shallow(part, depth - 1))
            return false;
    }
    return true;
}

static bool api_read_body(struct api_call *call)
{
    json_error_t error;
    struct view body = http_body(call->exchange);
    bool wants_body = call->match.route->body >= API_BODY_MESSAGE;
    if (http_is_too_large(call->exchange)) {
        problem_set(&call->problem, 413, "body_too_large", "The request is larger than %d bytes.",
                    LIMIT_HTTP_BODY_BYTES_MAX);
        return false;
    }
    if (body.size == 0 && !wants_body)
        return true;
    if (!wants_body) {
        problem_set(&call->problem, 400, "malformed", "This request takes no body.");
        return false;
    }
    if (body.size > 0)
        call->body = json_loadb((const char *)body.data, body.size, JSON_REJECT_DUPLICATES, &error);
    if (call->body == NULL && body.size > 0) {
        problem_set(&call->problem, 400, "malformed", "line %d, column %d: %s", error.line,
                    error.column, error.text);
        return false;
    }
    if (!json_is_object(call->body) || !api_is_shallow(call->body, LIMIT_API_JSON_DEPTH_MAX)) {
        problem_set(&call->problem, 400, "malformed",
                    "The body must be a JSON object, at most %d levels deep.",
                    LIMIT_API_JSON_DEPTH_MAX);
        return false;
    }
    return true;
}

/* ---- In whose name ---- */

/* A parameter of the API itself, taken from the body or else the query; NULL: not given. */
static const char *api_take_text(struct api_call *call, const char *name, bool *is_wrong)
{
    json_t *given = json_object_get(call->body, name);
    const char *text = given == NULL ? http_query(call->exchange, name) : json_string_value(given);
    *is_wrong = given != NULL && text == NULL;
    if (text != NULL)
        text = arena_text(&call->arena, view_of(text));
    if (given != NULL)
        json_object_del(call->body, name);
    return text;
}

static bool api_wrong_actor(struct api_call *call, const char *name, const char *what)
{
    problem_set(&call->problem, 422, "field_invalid", "%s", what);
    snprintf(call->problem.pointer, sizeof(call->problem.pointer), "/%s", name);
    return false;
}

static bool api_choose_capacity(struct api_call *call, const struct api_key *key)
{
    bool is_wrong = false;
    const char *capacity = NULL;
    if (call->match.route->acting == API_CHOICE)
        capacity = api_take_text(call, "capacity", &is_wrong);
    if (is_wrong || (capacity != NULL && strcmp(capacity, "system") != 0 &&
                     strcmp(capacity, "compliance") != 0))
        return api_wrong_actor(call, "capacity", "must be one of: system, compliance");
    bool is_mandate = call->match.route->acting == API_COMPLIANCE ||
                      (capacity != NULL && strcmp(capacity, "compliance") == 0);
    call->authority = is_mandate ? WIRE(ACTOR, COMPLIANCE) : WIRE(ACTOR, SYSTEM);
    if (!is_mandate || (key->scopes & SCOPE_BIT(SCOPE_COMPLIANCE)) != 0)
        return true;
    problem_set(&call->problem, 403, "scope_missing", "This key lacks the scope compliance.");
    return false;
}

static bool api_choose_actor(struct api_call *call, const struct api_key *key)
{
    const struct route *route = call->match.route;
    bool is_wrong = false;
    const char *user = NULL;
    snprintf(call->user, sizeof(call->user), "%s", key->user);
    if (!api_choose_capacity(call, key))
        return false;
    if (route->actor[0] == 0)
        return true;
    user = api_parameter(call, route->actor);
    if (user == NULL)
        user = api_take_text(call, route->actor, &is_wrong);
    if (is_wrong || (user != NULL && !id_is_user(view_of(user))))
        return api_wrong_actor(call, route->actor, "must be a user, 1 to 64 of [A-Za-z0-9._@-]");
    if (user == NULL && route->acting == API_USER)
        return api_wrong_actor(call, route->actor, "is needed: the user for whom this is done");
    if (user == NULL)
        return true;
    snprintf(call->user, sizeof(call->user), "%s", user);
    call->authority = WIRE(ACTOR, UNSPECIFIED);
    return true;
}

/* ---- Once only ---- */

static bool api_identify(struct api_call *call)
{
    const char *given = http_header(call->exchange, "Idempotency-Key");
    crypto_hash_sha256_state state;
    uint8_t request[REPEAT_HASH_BYTES];
    const char *method = http_method(call->exchange);
    const char *path = http_path(call->exchange);
    struct view body = http_body(call->exchange);
    if (given == NULL) {
        randombytes_buf(call->identity, sizeof(call->identity));
        return true;
    }
    if (given[0] == 0 || strlen(given) > 255) {
        problem_set(&call->problem, 400, "malformed", "Idempotency-Key: 1 to 255 characters");
        return false;
    }
    crypto_hash_sha256_init(&state);
    crypto_hash_sha256_update(&state, (const uint8_t *)call->key, sizeof(call->key));
    crypto_hash_sha256_update(&state, (const uint8_t *)given, strlen(given));
    crypto_hash_sha256_final(&state, call->identity);
    crypto_hash_sha256_init(&state);
    crypto_hash_sha256_update(&state, (const uint8_t *)method, strlen(method) + 1);
    crypto_hash_sha256_update(&state, (const uint8_t *)path, strlen(path) + 1);
    crypto_hash_sha256_update(&state, body.data, body.size);
    crypto_hash_sha256_final(&state, request);
    if (repeats_agree(&call->api->repeats, call->identity, request))
        return true;
    problem_set(&call->problem, 422, "idempotency_key_reused",
                "This Idempotency-Key was used for another request; take a new one.");
    return false;
}

/* ---- The frame ---- */

static bool api_read_path(struct api_call *call)
{
    struct json_wrong wrong = {"", ""};
    for (unsigned i = 0; i < call->match.count; i++) {
        const struct route_parameter *parameter = &call->match.parameters[i];
        if (json_has_field(call->message->descriptor, parameter->name) &&
            !json_text_to_field(parameter->name, parameter->value, call->message, &call->arena,
                                &wrong))
            return api_field_wrong(call, &wrong);
    }
    return true;
}

struct api_query {
    struct api_call *call;
    struct json_wrong wrong;
    bool is_wrong;
};

static bool api_is_own_query(const struct route *route, const char *name)
{
    return strcmp(name, route->actor) == 0 ||
           (route->acting == API_CHOICE && strcmp(name, "capacity") == 0) ||
           (route->frame == CLIENT_FRAME(READ_EXPOSURE) && strncmp(name, "after_", 6) == 0);
}

/* Fields of the frame, for requests without a body; false ends the walk, at what is not known or
 * not right. */
static bool api_take_query(const void *context, const char *name)
{
    struct api_query *query = (struct api_query *)(uintptr_t)context;
    struct api_call *call = query->call;
    const struct route *route = call->match.route;
    const char *text = http_query(call->exchange, name);
    if (api_is_own_query(route, name))
        return true;
    if (route->body != API_BODY_QUERY || api_parameter(call, name) != NULL ||
        !json_has_field(call->message->descriptor, name))
        return false;
    query->is_wrong = !json_text_to_field(name, text == NULL ? "" : text, call->message,
                                          &call->arena, &query->wrong);
    return !query->is_wrong;
}

static bool api_read_query(struct api_call *call)
{
    struct api_query query = {.call = call};
    const char *unknown = http_unknown_query(call->exchange, api_take_query, &query);
    if (query.is_wrong)
        return api_field_wrong(call, &query.wrong);
    if (unknown == NULL)
        return true;
    problem_set(&call->problem, 422, "field_invalid", "is not a parameter of this request");
    snprintf(call->problem.pointer, sizeof(call->problem.pointer), "/%.64s", unknown);
    return false;
}

/* What the path says is not said twice. */
static bool api_check_body(struct api_call *call)
{
    for (unsigned i = 0; i < call->match.count; i++) {
        const char *name = call->match.parameters[i].name;
        if (json_object_get(call->body, name) == NULL)
            continue;
        problem_set(&call->problem, 422, "field_invalid", "is in the path already");
        snprintf(call->problem.pointer, sizeof(call->problem.pointer), "/%s", name);
        return false;
    }
    return true;
}

static bool api_read_frame(struct api_call *call)
{
    struct json_wrong wrong = {"", ""};
    const struct route *route = call->match.route;
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field(&unsay__v1__client_frame__descriptor, route->frame);
    call->message = json_empty_message(field->descriptor, &call->arena);
    if (!api_check_body(call))
        return false;
    if (route->body == API_BODY_MESSAGE &&
        !json_to_message(call->body, call->message, NULL, &call->arena, &wrong))
        return api_field_wrong(call, &wrong);
    return api_read_path(call) && api_read_query(call) && route->prepare(call);
}

bool api_read_request(struct api_call *call)
{
    const struct api_key *key = api_authenticate(call);
    return key != NULL && api_find_route(call) && api_admit(call, key, call->match.route->scope) &&
           api_read_body(call) && api_choose_actor(call, key) && api_identify(call) &&
           api_read_frame(call);
}

/* The field of the frame that says which conversation it is about. */
static struct view api_conversation(const struct api_call *call)
{
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(call->message->descriptor, "conversation");
    if (field == NULL || field->type != PROTOBUF_C_TYPE_STRING)
        return view_make(NULL, 0);
    return view_of(*(char *const *)(const void *)((const char *)call->message + field->offset));
}

struct blob *api_make_frame(struct api_call *call, struct view *conversation)
{
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    const ProtobufCFieldDescriptor *field = protobuf_c_message_descriptor_get_field(
        &unsay__v1__client_frame__descriptor, call->match.route->frame);
    frame.request = API_REQUEST_NUMBER;
    frame.body_case = (Unsay__V1__ClientFrame__BodyCase)call->match.route->frame;
    memcpy((char *)&frame + field->offset, &call->message, sizeof(call->message));
    *conversation = api_conversation(call);
    return frame_from_client(&frame);
}
