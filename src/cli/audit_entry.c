#include "base/uuid.h"
#include "cli/audit.h"
#include "cli/output.h"
#include "cli/text.h"
#include "storage/audit/entry.h"

#include <ctype.h>
#include <inttypes.h>
#include <sodium.h>
#include <string.h>

enum { NAME_BYTES = 64 };

/* "CONTENT_TYPE_IMAGE" becomes "image": what follows the list's own name. */
static const char *name_of(const ProtobufCEnumDescriptor *list, const char *prefix, int value,
                           char text[NAME_BYTES])
{
    const ProtobufCEnumValue *found = protobuf_c_enum_descriptor_get_value(list, value);
    size_t skip = strlen(prefix);
    snprintf(text, NAME_BYTES, "%s",
             found == NULL                             ? "unknown"
             : strncmp(found->name, prefix, skip) == 0 ? found->name + skip
                                                       : found->name);
    for (char *letter = text; *letter != 0; letter++)
        *letter = (char)tolower((unsigned char)*letter);
    return text;
}

static json_t *json_name(const ProtobufCEnumDescriptor *list, const char *prefix, int value)
{
    char text[NAME_BYTES];
    return value == 0 ? json_null() : json_string(name_of(list, prefix, value, text));
}

static json_t *json_text(const char *text)
{
    json_t *string = *text == 0 ? NULL : json_string(text);
    return string == NULL ? json_null() : string;
}

static json_t *json_number(uint64_t number)
{
    return number == 0 || number > INT64_MAX ? json_null() : json_integer((json_int_t)number);
}

static json_t *json_hex(ProtobufCBinaryData bytes)
{
    char hex[2 * LIMIT_REQUEST_ID_BYTES_MAX + 1];
    if (bytes.len == 0 || bytes.len > LIMIT_REQUEST_ID_BYTES_MAX)
        return json_null();
    sodium_bin2hex(hex, sizeof(hex), bytes.data, bytes.len);
    return json_string(hex);
}

/* A request id is mostly a text; where it is not, hexadecimal digits. */
static json_t *json_request_id(ProtobufCBinaryData id)
{
    json_t *text = id.len == 0 ? json_null() : json_stringn((const char *)id.data, id.len);
    return text == NULL ? json_hex(id) : text;
}

static json_t *json_message_id(ProtobufCBinaryData id)
{
    return id.len == UUID_BYTES ? output_id(id.data) : json_null();
}

static json_t *json_capacities(uint32_t capacities)
{
    json_t *list = json_array();
    for (int actor = 1; actor < 32; actor++)
        if ((capacities & UINT32_C(1) << (unsigned)actor) != 0)
            json_array_append_new(list, json_name(&unsay__v1__actor__descriptor, "ACTOR_", actor));
    return list;
}

#define SET(name, value) json_object_set_new(object, name, value)

static json_t *json_target(const wire_audit_entry *entry)
{
    json_t *object = json_object();
    SET("origin", json_number(entry->origin));
    SET("seq", json_number(entry->target_seq));
    SET("message_id", json_message_id(entry->target_message_id));
    SET("sender", json_text(entry->target_sender));
    SET("role", json_name(&unsay__v1__role__descriptor, "ROLE_", (int)entry->target_role));
    SET("content_type",
        json_name(&unsay__v1__content_type__descriptor, "CONTENT_TYPE_", (int)entry->content_type));
    SET("time", output_json_time(entry->target_time >> 16));
    SET("delivery",
        json_name(&unsay__v1__delivery_state__descriptor, "DELIVERY_STATE_", (int)entry->delivery));
    SET("delivered", output_json_time(entry->delivered_ms));
    SET("delivered_to_all", output_json_time(entry->delivered_all_ms));
    return object;
}

/* Of an entry that tells of a restored store. */
static json_t *json_restored(const wire_restored *restored)
{
    json_t *object = json_object();
    if (restored == NULL) {
        json_decref(object);
        return json_null();
    }
    SET("store_before", json_hex(restored->store_before));
    SET("store", json_hex(restored->store));
    SET("backup_time", output_json_time(restored->backup_time));
    SET("lost_from", json_integer((json_int_t)restored->lost_from));
    SET("lost_until", json_integer((json_int_t)restored->lost_until));
    SET("recalls_unknown", json_boolean(restored->recalls_unknown));
    return object;
}

static void entry_print_json(FILE *file, uint64_t index, const wire_audit_entry *entry)
{
    json_t *object = json_object();
    const char *outcome = audit_entry_outcome(entry);
    bool is_refused = entry->outcome == WIRE(RECALL_OUTCOME, REFUSED);
    SET("index", json_integer((json_int_t)index));
    SET("kind", json_name(&unsay__v1__audit_kind__descriptor, "AUDIT_KIND_", (int)entry->kind));
    SET("time", output_json_time(entry->time));
    SET("conversation", json_text(entry->conversation));
    SET("conversation_type", json_name(&unsay__v1__conversation_type__descriptor,
                                       "CONVERSATION_TYPE_", (int)entry->conversation_type));
    SET("operator", json_text(entry->operator_));
    SET("actor", json_name(&unsay__v1__actor__descriptor, "ACTOR_", (int)entry->actor));
    SET("capacities", json_capacities(entry->capacities));
    SET("region", json_text(entry->region));
    SET("device", json_text(entry->device));
    SET("address", json_text(entry->address));
    SET("request_id", json_request_id(entry->request_id));
    SET("target", json_target(entry));
    SET("outcome", is_refused ? json_string("refused") : json_text(outcome));
    SET("refusal", is_refused ? json_text(outcome) : json_null());
    SET("recall_seq", json_number(entry->recall_seq));
    SET("rule", json_text(entry->rule));
    SET("policy", json_hex(entry->policy));
    SET("clock_unsure", json_boolean(entry->clock_unsure));
    SET("restored", json_restored(entry->restored));
    output_object(file, object);
}

static void print_part(FILE *file, const char *before, const char *text)
{
    if (*text == 0)
        return;
    fputs(before, file);
    text_write_foreign(file, view_of(text));
}

static void entry_print_text(FILE *file, uint64_t index, const wire_audit_entry *entry)
{
    char name[NAME_BYTES];
    struct output output;
    const char *outcome = audit_entry_outcome(entry);
    output_init(&output, file, "", false);
    fprintf(file, "%" PRIu64 "  ", index);
    output_time(&output, entry->time);
    fprintf(file, "  %s",
            name_of(&unsay__v1__audit_kind__descriptor, "AUDIT_KIND_", (int)entry->kind, name));
    print_part(file, "  ", entry->operator_);
    if (entry->actor != WIRE(ACTOR, UNSPECIFIED))
        fprintf(file, " (%s)",
                name_of(&unsay__v1__actor__descriptor, "ACTOR_", (int)entry->actor, name));
    print_part(file, "  ", entry->conversation);
    if (entry->target_seq != 0)
        fprintf(file, "  #%" PRIu64, entry->target_seq);
    print_part(file, " of ", entry->target_sender);
    print_part(file, entry->outcome == WIRE(RECALL_OUTCOME, REFUSED) ? "  refused: " : "  ",
               outcome);
    print_part(file, "  by rule ", entry->rule);
    if (entry->restored != NULL && entry->restored->lost_from < entry->restored->lost_until)
        fprintf(file, "  entries %" PRIu64 " to %" PRIu64 " tell of what was lost",
                entry->restored->lost_from, entry->restored->lost_until - 1);
    if (entry->restored != NULL && entry->restored->recalls_unknown)
        fputs("  recalls since the backup are not known", file);
    if (entry->clock_unsure)
        fputs("  (clock unsure)", file);
    fputc('\n', file);
}

void audit_entry_print(FILE *file, uint64_t index, struct view bytes, bool is_json)
{
    struct arena arena;
    arena_init(&arena);
    const wire_audit_entry *entry = audit_entry_decode(bytes, &arena);
    if (entry == NULL && is_json) {
        json_t *object = json_object();
        SET("index", json_integer((json_int_t)index));
        SET("kind", json_null());
        output_object(file, object);
    } else if (entry == NULL) {
        fprintf(file, "%" PRIu64 "  is no entry of an audit log\n", index);
    } else if (is_json) {
        entry_print_json(file, index, entry);
    } else {
        entry_print_text(file, index, entry);
    }
    arena_fini(&arena);
}
