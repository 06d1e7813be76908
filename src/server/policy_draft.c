#include "server/policy_draft.h"

#include "base/limits.h"
#include "core/policy_words.h"

enum draft_kind { READ_NAME, READ_SET, READ_REGIONS, READ_DURATION, READ_WINDOW, READ_WORD };

enum draft_field {
#define FIELD(id, name, kind, vocabulary, is_setting) DRAFT_##id,
#include "server/policy_draft.def"
#undef FIELD
    DRAFT_FIELDS
};

static const struct {
    const char *name;
    enum draft_kind kind;
    enum policy_vocabulary vocabulary;
    bool is_setting; /* of a rule that allows */
} draft_fields[] = {
#define FIELD(id, name, kind, vocabulary, is_setting) \
    [DRAFT_##id] = {name, READ_##kind, POLICY_WORDS_##vocabulary, is_setting},
#include "server/policy_draft.def"
#undef FIELD
};

/* What the file said: the value of a duration in ms, of a word, or of a set its bits. */
struct draft {
    size_t lines[DRAFT_FIELDS]; /* 0: not given */
    uint64_t values[DRAFT_FIELDS];
    const char *name;
    const char **regions;
    size_t region_count;
};

static bool draft_is_name(struct view text, bool is_region)
{
    if (text.size == 0 || text.size > LIMIT_POLICY_NAME_BYTES_MAX)
        return false;
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i];
        bool is_plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
        bool is_of_region = (c >= 'A' && c <= 'Z') || c == '.' || c == '_';
        if (!is_plain && !(is_region && is_of_region))
            return false;
    }
    return true;
}

static bool draft_read_name(struct policy_reader *reader, struct arena *arena, bool is_region,
                            const char **name)
{
    struct view text;
    char quote[POLICY_READER_QUOTE_BYTES];
    if (!policy_reader_scalar(reader, &text, "a name"))
        return false;
    if (!draft_is_name(text, is_region))
        return policy_reader_wrong(reader, policy_reader_line(reader),
                                   "\"%s\" is not a name; write 1 to %d of %s",
                                   policy_reader_quote(text, quote), LIMIT_POLICY_NAME_BYTES_MAX,
                                   is_region ? "[A-Za-z0-9._-]" : "[a-z0-9-]");
    *name = arena_text(arena, text);
    return true;
}

static bool draft_read_duration(struct policy_reader *reader, bool may_be_none, uint64_t *ms)
{
    struct view text;
    char quote[POLICY_READER_QUOTE_BYTES];
    const char *valid = may_be_none ? "90s, 2m, 24h, 7d or none" : "500ms, 90s, 2m, 24h or 7d";
    if (!policy_reader_scalar(reader, &text, may_be_none ? "a duration or none" : "a duration"))
        return false;
    if (may_be_none && view_equal(text, view_of("none"))) {
        *ms = 0;
        return true;
    }
    if (policy_duration_find(text, ms))
        return true;
    return policy_reader_wrong(
        reader, policy_reader_line(reader), "\"%s\" is not a duration; write %s (at most %dd)",
        policy_reader_quote(text, quote), valid, LIMIT_POLICY_DURATION_DAYS_MAX);
}

bool policy_draft_duration(struct policy_reader *reader, uint64_t *ms)
{
    return draft_read_duration(reader, false, ms);
}

static bool draft_read_word(struct policy_reader *reader, enum policy_vocabulary vocabulary,
                            uint32_t *value)
{
    struct view text;
    char quote[POLICY_READER_QUOTE_BYTES];
    char valid[POLICY_LIST_TEXT_BYTES];
    policy_words_list(vocabulary, 0, valid);
    if (!policy_reader_scalar(reader, &text, "one word"))
        return false;
    if (policy_word_find(vocabulary, text, value))
        return true;
    return policy_reader_wrong(reader, policy_reader_line(reader),
                               "\"%s\" is not known here; write one of %s",
                               policy_reader_quote(text, quote), valid);
}

static bool draft_add_word(struct policy_reader *reader, enum policy_vocabulary vocabulary,
                           uint64_t *set)
{
    uint32_t value;
    if (!draft_read_word(reader, vocabulary, &value))
        return false;
    if ((*set & POLICY_BIT(value)) != 0)
        return policy_reader_wrong(reader, policy_reader_line(reader), "\"%s\" is named twice",
                                   policy_word_of(vocabulary, value));
    *set |= POLICY_BIT(value);
    return true;
}

static bool draft_add_region(struct policy_reader *reader, struct arena *arena, struct draft *draft)
{
    const char *name = NULL;
    if (!draft_read_name(reader, arena, true, &name))
        return false;
    if (draft->region_count == LIMIT_POLICY_REGIONS_MAX)
        return policy_reader_wrong(reader, policy_reader_line(reader), "more than %d regions",
                                   LIMIT_POLICY_REGIONS_MAX);
    for (size_t i = 0; i < draft->region_count; i++)
        if (strcmp(draft->regions[i], name) == 0)
            return policy_reader_wrong(reader, policy_reader_line(reader), "\"%s\" is named twice",
                                       name);
    if (draft->regions == NULL)
        draft->regions = arena_zero(arena, LIMIT_POLICY_REGIONS_MAX * sizeof(*draft->regions));
    draft->regions[draft->region_count++] = name;
    return true;
}

static bool draft_read_list(struct policy_reader *reader, struct arena *arena,
                            enum draft_field field, struct draft *draft)
{
    char valid[POLICY_LIST_TEXT_BYTES] = "region names";
    size_t line = policy_reader_line(reader);
    size_t count = 0;
    if (draft_fields[field].kind == READ_SET)
        policy_words_list(draft_fields[field].vocabulary, 0, valid);
    if (reader->event.type != YAML_SEQUENCE_START_EVENT)
        return policy_reader_wrong(reader, line, "write a list in brackets: [...] of %s", valid);
    while (policy_reader_next(reader)) {
        if (reader->event.type == YAML_SEQUENCE_END_EVENT)
            return count > 0 ||
                   policy_reader_wrong(reader, line,
                                       "an empty list matches nothing; name some of %s, or leave "
                                       "the field out to match everything",
                                       valid);
        bool is_added =
            draft_fields[field].kind == READ_REGIONS
                ? draft_add_region(reader, arena, draft)
                : draft_add_word(reader, draft_fields[field].vocabulary, &draft->values[field]);
        if (!is_added)
            return false;
        count++;
    }
    return false;
}

static bool draft_read_value(struct policy_reader *reader, struct arena *arena,
                             enum draft_field field, struct draft *draft)
{
    uint32_t word;
    switch (draft_fields[field].kind) {
    case READ_NAME:
        return draft_read_name(reader, arena, false, &draft->name);
    case READ_SET:
    case READ_REGIONS:
        return draft_read_list(reader, arena, field, draft);
    case READ_DURATION:
    case READ_WINDOW:
        return draft_read_duration(reader, draft_fields[field].kind == READ_WINDOW,
                                   &draft->values[field]);
    case READ_WORD:
    default:
        if (!draft_read_word(reader, draft_fields[field].vocabulary, &word))
            return false;
        draft->values[field] = word;
        return true;
    }
}

/* The field that the current event names; DRAFT_FIELDS after saying what is wrong with it. */
static enum draft_field draft_read_field(struct policy_reader *reader, const struct draft *draft)
{
    struct view text;
    char quote[POLICY_READER_QUOTE_BYTES];
    size_t line = policy_reader_line(reader);
    reader->field = NULL;
    if (!policy_reader_scalar(reader, &text, "the name of a field"))
        return DRAFT_FIELDS;
    for (size_t i = 0; i < DRAFT_FIELDS; i++) {
        if (!view_equal(text, view_of(draft_fields[i].name)))
            continue;
        reader->field = draft_fields[i].name;
        if (draft->lines[i] == 0)
            return (enum draft_field)i;
        policy_reader_wrong(reader, line, "given already in line %zu", draft->lines[i]);
        return DRAFT_FIELDS;
    }
    policy_reader_wrong(reader, line,
                        "there is no field \"%s\"; there are: name, conversation, actor, target, "
                        "content, region, older_than, younger_than, delivered, displayed, "
                        "decision, window, window_from, keep, keep_for, tombstone, notifications, "
                        "forwards",
                        policy_reader_quote(text, quote));
    return DRAFT_FIELDS;
}

static bool draft_wrong(struct policy_reader *reader, const struct draft *draft,
                        enum draft_field field, const char *what)
{
    reader->field = draft_fields[field].name;
    return policy_reader_wrong(reader, draft->lines[field], "%s", what);
}

/* What contradicts itself, or says nothing. */
static bool draft_check(struct policy_reader *reader, const struct draft *draft)
{
    const uint64_t *values = draft->values;
    for (size_t i = 0; i < DRAFT_FIELDS; i++)
        if (draft->lines[i] != 0 && draft_fields[i].is_setting && values[DRAFT_DECISION] == 0)
            return draft_wrong(reader, draft, (enum draft_field)i,
                               "the rule refuses, so there is nothing to set; leave this out");
    if (values[DRAFT_YOUNGER_THAN] != 0 && values[DRAFT_OLDER_THAN] > values[DRAFT_YOUNGER_THAN])
        return draft_wrong(reader, draft, DRAFT_YOUNGER_THAN,
                           "less than older_than, so the rule would never match");
    if (values[DRAFT_DELIVERED] == POLICY_NO && values[DRAFT_DISPLAYED] == POLICY_YES)
        return draft_wrong(reader, draft, DRAFT_DISPLAYED,
                           "what was displayed was delivered, so the rule would never match");
    if (draft->lines[DRAFT_WINDOW_FROM] != 0 && values[DRAFT_WINDOW] == 0)
        return draft_wrong(reader, draft, DRAFT_WINDOW_FROM,
                           "there is no window that could begin; give window a duration");
    if (draft->lines[DRAFT_KEEP_FOR] != 0 && values[DRAFT_KEEP] == POLICY_ERASE)
        return draft_wrong(reader, draft, DRAFT_KEEP_FOR,
                           "nothing is kept; write keep: keep or keep: seal, or leave this out");
    if (draft->lines[DRAFT_KEEP_FOR] == 0 && values[DRAFT_KEEP] != POLICY_ERASE)
        return draft_wrong(reader, draft, DRAFT_KEEP,
                           "for how long? Add keep_for, such as keep_for: 90d");
    return true;
}

static void draft_finish(const struct draft *draft, struct policy_rule *rule)
{
    const uint64_t *values = draft->values;
    *rule = (struct policy_rule){
        .name = draft->name,
        .conversation_types = (policy_set)values[DRAFT_CONVERSATION],
        .actors = (policy_set)values[DRAFT_ACTOR],
        .target_roles = (policy_set)values[DRAFT_TARGET],
        .content_types = (policy_set)values[DRAFT_CONTENT],
        .regions = draft->regions,
        .region_count = draft->region_count,
        .age_min_ms = values[DRAFT_OLDER_THAN],
        .age_max_ms = values[DRAFT_YOUNGER_THAN],
        .is_delivered = (enum policy_truth)values[DRAFT_DELIVERED],
        .is_displayed = (enum policy_truth)values[DRAFT_DISPLAYED],
        .allows = values[DRAFT_DECISION] != 0,
        .window_ms = values[DRAFT_WINDOW],
        .window_from = (enum policy_start)values[DRAFT_WINDOW_FROM],
        .keep = (enum policy_keep)values[DRAFT_KEEP],
        .keep_ms = values[DRAFT_KEEP_FOR],
        .vanishes = values[DRAFT_TOMBSTONE] != 0,
        .withdraws_notifications = values[DRAFT_DECISION] != 0 && values[DRAFT_NOTIFICATIONS] != 0,
        .forwards = (enum policy_forwards)values[DRAFT_FORWARDS],
    };
}

bool policy_draft_read(struct policy_reader *reader, struct arena *arena, struct policy_rule *rule,
                       size_t *line)
{
    struct draft draft = {.values[DRAFT_NOTIFICATIONS] = 1};
    size_t first_line = policy_reader_line(reader);
    reader->field = NULL;
    if (reader->event.type != YAML_MAPPING_START_EVENT)
        return policy_reader_wrong(reader, first_line,
                                   "a rule has fields, such as \"name: author\"");
    for (;;) {
        reader->field = NULL;
        if (!policy_reader_next(reader))
            return false;
        if (reader->event.type == YAML_MAPPING_END_EVENT)
            break;
        size_t field_line = policy_reader_line(reader);
        enum draft_field field = draft_read_field(reader, &draft);
        if (field == DRAFT_FIELDS || !policy_reader_next(reader) ||
            !draft_read_value(reader, arena, field, &draft))
            return false;
        draft.lines[field] = field_line;
    }
    if (draft.lines[DRAFT_NAME] == 0)
        return policy_reader_wrong(reader, first_line, "name is missing, such as \"name: author\"");
    if (draft.lines[DRAFT_DECISION] == 0)
        return policy_reader_wrong(reader, first_line,
                                   "decision is missing; write \"decision: allow\" or \"decision: "
                                   "refuse\"");
    if (!draft_check(reader, &draft))
        return false;
    draft_finish(&draft, rule);
    *line = draft.lines[DRAFT_NAME];
    return true;
}
