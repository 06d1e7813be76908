#include "server/policy_file.h"

#include "base/limits.h"
#include "base/memory.h"
#include "core/policy_words.h"
#include "server/policy_draft.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* A policy and what its strings and arrays live in. */
struct policy_file {
    struct policy policy;
    struct arena arena;
};

/* What is read, and where the rules stand for messages. */
struct policy_rules {
    struct policy_rule *rules; /* owned, as are the lines */
    size_t *lines;
    size_t count;
    size_t capacity;
};

enum { FIELD_ON_CLOCK_UNSURE, FIELD_CLOCK_ERROR_MAX, FIELD_RULES, FIELDS };

static const char *const policy_fields[FIELDS] = {"on_clock_unsure", "clock_error_max", "rules"};

static void policy_rules_add(struct policy_rules *rules, const struct policy_rule *rule,
                             size_t line)
{
    if (rules->count == rules->capacity) {
        rules->capacity = rules->capacity == 0 ? 16 : rules->capacity * 2;
        rules->rules = memory_resize(rules->rules, rules->capacity * sizeof(*rules->rules));
        rules->lines = memory_resize(rules->lines, rules->capacity * sizeof(*rules->lines));
    }
    rules->rules[rules->count] = *rule;
    rules->lines[rules->count++] = line;
}

/* ... of sets, of which 0 is everything. */
static bool policy_set_covers(policy_set wide, policy_set narrow)
{
    return wide == 0 || (narrow != 0 && (narrow & ~wide) == 0);
}

static bool policy_regions_cover(const struct policy_rule *wide, const struct policy_rule *narrow)
{
    if (wide->regions == NULL)
        return true;
    for (size_t i = 0; i < narrow->region_count; i++) {
        size_t at = 0;
        while (at < wide->region_count && strcmp(wide->regions[at], narrow->regions[i]) != 0)
            at++;
        if (at == wide->region_count)
            return false;
    }
    return narrow->regions != NULL;
}

/* True when `wide` matches whatever `narrow` matches. */
static bool policy_rule_covers(const struct policy_rule *wide, const struct policy_rule *narrow)
{
    return policy_set_covers(wide->conversation_types, narrow->conversation_types) &&
           policy_set_covers(wide->actors, narrow->actors) &&
           policy_set_covers(wide->target_roles, narrow->target_roles) &&
           policy_set_covers(wide->content_types, narrow->content_types) &&
           policy_regions_cover(wide, narrow) && wide->age_min_ms <= narrow->age_min_ms &&
           (wide->age_max_ms == 0 ||
            (narrow->age_max_ms != 0 && narrow->age_max_ms <= wide->age_max_ms)) &&
           (wide->is_delivered == POLICY_ANY || wide->is_delivered == narrow->is_delivered) &&
           (wide->is_displayed == POLICY_ANY || wide->is_displayed == narrow->is_displayed);
}

/* A rule must have a name of its own, and something that no earlier rule takes from it. */
static bool policy_rules_check(struct policy_reader *reader, const struct policy_rules *rules,
                               const struct policy_rule *rule, size_t line)
{
    for (size_t i = 0; i < rules->count; i++) {
        const struct policy_rule *earlier = &rules->rules[i];
        if (strcmp(earlier->name, rule->name) == 0) {
            reader->field = "name";
            return policy_reader_wrong(reader, line, "\"%s\" is the name of the rule in line %zu",
                                       rule->name, rules->lines[i]);
        }
        if (policy_rule_covers(earlier, rule)) {
            reader->field = NULL;
            return policy_reader_wrong(reader, line,
                                       "\"%s\" is never asked: whatever it matches, \"%s\" in "
                                       "line %zu matches before; move it up, or narrow that one",
                                       rule->name, earlier->name, rules->lines[i]);
        }
    }
    return true;
}

static bool policy_rules_read(struct policy_reader *reader, struct arena *arena,
                              struct policy_rules *rules)
{
    size_t first_line = policy_reader_line(reader);
    if (reader->event.type != YAML_SEQUENCE_START_EVENT)
        return policy_reader_wrong(reader, first_line, "write a list of rules, each with a dash");
    for (;;) {
        struct policy_rule rule;
        reader->rule = (int)rules->count;
        reader->field = NULL;
        if (!policy_reader_next(reader))
            return false;
        size_t line = policy_reader_line(reader);
        if (reader->event.type == YAML_SEQUENCE_END_EVENT) {
            reader->rule = POLICY_READER_TOP;
            reader->field = policy_fields[FIELD_RULES];
            return rules->count > 0 ||
                   policy_reader_wrong(reader, first_line, "at least one rule is needed");
        }
        if (rules->count == LIMIT_POLICY_RULES_MAX) {
            reader->rule = POLICY_READER_TOP;
            reader->field = policy_fields[FIELD_RULES];
            return policy_reader_wrong(reader, line, "more than %d", LIMIT_POLICY_RULES_MAX);
        }
        if (!policy_draft_read(reader, arena, &rule, &line) ||
            !policy_rules_check(reader, rules, &rule, line))
            return false;
        policy_rules_add(rules, &rule, line);
    }
}

static bool policy_read_unsure(struct policy_reader *reader, enum policy_unsure *unsure)
{
    struct view text;
    uint32_t value;
    char quote[POLICY_READER_QUOTE_BYTES];
    if (!policy_reader_scalar(reader, &text, "decide or refuse"))
        return false;
    if (!policy_word_find(POLICY_WORDS_UNSURE, text, &value))
        return policy_reader_wrong(reader, policy_reader_line(reader),
                                   "\"%s\" is not known here; write decide or refuse",
                                   policy_reader_quote(text, quote));
    *unsure = (enum policy_unsure)value;
    return true;
}

static bool policy_read_field(struct policy_reader *reader, struct policy_file *file,
                              struct policy_rules *rules, size_t lines[FIELDS])
{
    struct view text;
    char quote[POLICY_READER_QUOTE_BYTES];
    size_t line = policy_reader_line(reader);
    size_t field = 0;
    reader->field = NULL;
    if (!policy_reader_scalar(reader, &text, "the name of a field"))
        return false;
    while (field < FIELDS && !view_equal(text, view_of(policy_fields[field])))
        field++;
    if (field == FIELDS)
        return policy_reader_wrong(reader, line,
                                   "there is no field \"%s\"; there are: on_clock_unsure, "
                                   "clock_error_max, rules",
                                   policy_reader_quote(text, quote));
    reader->field = policy_fields[field];
    if (lines[field] != 0)
        return policy_reader_wrong(reader, line, "given already in line %zu", lines[field]);
    lines[field] = line;
    if (!policy_reader_next(reader))
        return false;
    if (field == FIELD_ON_CLOCK_UNSURE)
        return policy_read_unsure(reader, &file->policy.on_clock_unsure);
    if (field == FIELD_CLOCK_ERROR_MAX)
        return policy_draft_duration(reader, &file->policy.clock_error_max_ms);
    return policy_rules_read(reader, &file->arena, rules);
}

/* The whole stream: one document, a mapping. */
static bool policy_read(struct policy_reader *reader, struct policy_file *file,
                        struct policy_rules *rules)
{
    size_t lines[FIELDS] = {0};
    if (!policy_reader_next(reader)) /* the stream */
        return false;
    if (!policy_reader_next(reader)) /* its document, unless it has none */
        return false;
    if (reader->event.type == YAML_STREAM_END_EVENT)
        return policy_reader_wrong(reader, 1, "empty; a policy has at least the field rules");
    if (!policy_reader_next(reader))
        return false;
    if (reader->event.type != YAML_MAPPING_START_EVENT)
        return policy_reader_wrong(reader, policy_reader_line(reader),
                                   "a policy has fields, such as \"rules:\"");
    for (;;) {
        reader->field = NULL;
        if (!policy_reader_next(reader))
            return false;
        if (reader->event.type == YAML_MAPPING_END_EVENT)
            break;
        if (!policy_read_field(reader, file, rules, lines))
            return false;
    }
    if (lines[FIELD_RULES] == 0)
        return policy_reader_wrong(reader, 1, "rules is missing");
    if (!policy_reader_next(reader)) /* the document's end */
        return false;
    if (!policy_reader_next(reader)) /* the stream's end, or another document */
        return false;
    return reader->event.type == YAML_STREAM_END_EVENT ||
           policy_reader_wrong(reader, policy_reader_line(reader),
                               "a second document begins; a policy is one");
}

static void policy_file_finish(struct policy_file *file, struct view content,
                               const struct policy_rules *rules)
{
    struct policy *policy = &file->policy;
    size_t bytes = rules->count * sizeof(*rules->rules);
    struct policy_rule *copy = arena_alloc(&file->arena, bytes);
    memcpy(copy, rules->rules, bytes);
    policy->rules = copy;
    policy->rule_count = rules->count;
    policy->content = arena_copy(&file->arena, content);
    crypto_hash_sha256(policy->version, content.data, content.size);
    for (size_t i = 0; i < rules->count; i++)
        policy->asks_delivery = policy->asks_delivery || copy[i].is_delivered != POLICY_ANY ||
                                copy[i].is_displayed != POLICY_ANY ||
                                copy[i].window_from != POLICY_FROM_SENDING;
}

enum status policy_file_parse(struct view content, const char *name, const struct policy **policy,
                              struct failure *failure)
{
    struct failure ignored = {.status = STATUS_OK};
    struct policy_reader reader;
    struct policy_rules rules = {.count = 0};
    struct policy_file *file = memory_new(sizeof(*file));
    *policy = NULL;
    failure = failure == NULL ? &ignored : failure;
    arena_init(&file->arena);
    file->policy.on_clock_unsure = policy_default.on_clock_unsure;
    file->policy.clock_error_max_ms = policy_default.clock_error_max_ms;
    enum status status = STATUS_OK;
    if (content.size > LIMIT_POLICY_FILE_BYTES_MAX) {
        status = failure_set(failure, STATUS_TOO_LARGE, "%s: larger than %d bytes", name,
                             LIMIT_POLICY_FILE_BYTES_MAX);
    } else {
        policy_reader_init(&reader, content, name, failure);
        status = policy_read(&reader, file, &rules) ? STATUS_OK : STATUS_MALFORMED;
        policy_reader_fini(&reader);
    }
    if (status == STATUS_OK) {
        policy_file_finish(file, content, &rules);
        *policy = &file->policy;
    } else {
        policy_free(&file->policy);
    }
    free(rules.rules);
    free(rules.lines);
    return status;
}

/* The file's bytes, at most one more than are allowed. */
static enum status policy_file_read(int fd, uint8_t *bytes, size_t *size)
{
    struct stat about;
    *size = 0;
    if (fstat(fd, &about) != 0)
        return STATUS_IO;
    if (!S_ISREG(about.st_mode)) {
        errno = EISDIR;
        return STATUS_IO;
    }
    while (*size <= LIMIT_POLICY_FILE_BYTES_MAX) {
        ssize_t count = read(fd, bytes + *size, LIMIT_POLICY_FILE_BYTES_MAX + 1 - *size);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return STATUS_IO;
        if (count == 0)
            break;
        *size += (size_t)count;
    }
    return STATUS_OK;
}

enum status policy_file_load(const char *path, const struct policy **policy,
                             struct failure *failure)
{
    size_t size;
    *policy = NULL;
    /* Without O_NONBLOCK a named pipe would hold the server up. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return failure_set(failure, errno == ENOENT ? STATUS_NOT_FOUND : STATUS_IO,
                           "%s: the policy file cannot be opened (%s); check the path and its "
                           "permissions",
                           path, strerror(errno));
    uint8_t *bytes = memory_new(LIMIT_POLICY_FILE_BYTES_MAX + 1);
    enum status status = policy_file_read(fd, bytes, &size);
    if (status == STATUS_OK)
        status = policy_file_parse(view_make(bytes, size), path, policy, failure);
    else
        failure_set(failure, status, "%s: the policy file cannot be read (%s); give a plain file",
                    path, strerror(errno));
    close(fd);
    free(bytes);
    return status;
}

void policy_free(const struct policy *policy)
{
    if (policy == NULL || policy == &policy_default)
        return;
    struct policy_file *file =
        (struct policy_file *)((uintptr_t)policy - offsetof(struct policy_file, policy));
    arena_fini(&file->arena);
    free(file);
}
