#include "storage/audit/entry.h"

#include "base/buffer.h"
#include "base/table.h"
#include "core/field.h"
#include "core/frame.h"
#include "core/refusal.h"

#include <assert.h>

enum { WORD_BYTES_MAX = 64, VARINT_BYTES_MAX = 10 };

wire_audit_entry *audit_entry_decode(struct view bytes, struct arena *arena)
{
    ProtobufCAllocator allocator;
    arena_allocator(arena, &allocator);
    return unsay__v1__audit_entry__unpack(&allocator, bytes.size, bytes.data);
}

const char *audit_entry_outcome(const wire_audit_entry *entry)
{
    if (entry->outcome == WIRE(RECALL_OUTCOME, RECALLED))
        return "recalled";
    if (entry->outcome == WIRE(RECALL_OUTCOME, ALREADY_RECALLED))
        return "already_recalled";
    if (entry->outcome == WIRE(RECALL_OUTCOME, PENDING))
        return "pending";
    if (entry->outcome == WIRE(RECALL_OUTCOME, REFUSED))
        return refusal_name((refusal_code)entry->refusal);
    return "";
}

/* A posting that is still growing. */
struct growing {
    uint8_t key[1 + WORD_BYTES_MAX]; /* dimension and word */
    size_t key_size;
    uint64_t first;
    uint64_t last;
    size_t count;
    struct buffer bytes;
    struct growing *next; /* in the order of their beginnings */
};

struct postings {
    struct arena *arena;
    struct table table; /* of struct growing, by key */
    struct growing **end;
    size_t count;
};

static void growing_add(struct growing *growing, uint64_t index)
{
    uint8_t varint[VARINT_BYTES_MAX];
    size_t size = 0;
    uint64_t distance = index - growing->last;
    for (; distance >= 0x80; distance >>= 7)
        varint[size++] = (uint8_t)(distance | 0x80);
    varint[size++] = (uint8_t)distance;
    buffer_append(&growing->bytes, varint, size);
    growing->last = index;
    growing->count++;
}

static void postings_add(struct postings *postings, enum audit_dimension dimension,
                         struct view word, uint64_t index)
{
    uint8_t key[1 + WORD_BYTES_MAX] = {(uint8_t)dimension};
    size_t size = word.size;
    if (size == 0 || size > WORD_BYTES_MAX)
        return;
    memcpy(key + 1, word.data, size);
    struct growing *growing = table_get(&postings->table, view_make(key, 1 + size));
    if (growing != NULL && growing->count < AUDIT_POSTING_INDEXES_MAX) {
        growing_add(growing, index);
        return;
    }
    growing = arena_zero(postings->arena, sizeof(*growing));
    memcpy(growing->key, key, 1 + size);
    growing->key_size = 1 + size;
    growing->first = growing->last = index;
    growing->count = 1;
    buffer_init(&growing->bytes);
    table_put(&postings->table, view_make(growing->key, growing->key_size), growing);
    *postings->end = growing;
    postings->end = &growing->next;
    postings->count++;
}

/* What an entry is found by. */
struct words {
    struct view operator_;
    struct view conversation;
    wire_audit_entry decided; /* kind, outcome and refusal alone */
};

enum { ENTRY_KIND = 1, ENTRY_CONVERSATION = 3, ENTRY_OPERATOR = 10 };
enum { ENTRY_OUTCOME = 18, ENTRY_REFUSAL = 19 };

/* False when the entry is malformed. */
static bool words_read(struct view entry, struct words *words)
{
    struct field field;
    *words = (struct words){.operator_ = {NULL, 0}};
    while (field_next(&entry, &field)) {
        if (field.number == ENTRY_KIND)
            words->decided.kind = (Unsay__V1__AuditKind)field.value;
        else if (field.number == ENTRY_CONVERSATION)
            words->conversation = field.bytes;
        else if (field.number == ENTRY_OPERATOR)
            words->operator_ = field.bytes;
        else if (field.number == ENTRY_OUTCOME)
            words->decided.outcome = (Unsay__V1__RecallOutcome)field.value;
        else if (field.number == ENTRY_REFUSAL)
            words->decided.refusal = (uint32_t)field.value;
    }
    return entry.size == 0;
}

struct store_posting *audit_postings_make(uint64_t first, const struct view *entries, size_t count,
                                          struct arena *arena, size_t *posting_count)
{
    struct growing *list = NULL;
    struct postings postings = {.arena = arena, .end = &list};
    table_init(&postings.table);
    for (size_t i = 0; i < count; i++) {
        struct words words;
        if (!words_read(entries[i], &words))
            continue; /* in the log all the same, but found by its index only */
        Unsay__V1__AuditKind kind = words.decided.kind;
        postings_add(&postings, AUDIT_BY_OPERATOR, words.operator_, first + i);
        postings_add(&postings, AUDIT_BY_CONVERSATION, words.conversation, first + i);
        postings_add(&postings, AUDIT_BY_OUTCOME, view_of(audit_entry_outcome(&words.decided)),
                     first + i);
        if (kind == WIRE(AUDIT_KIND, POLICY) || kind == WIRE(AUDIT_KIND, START))
            postings_add(&postings, AUDIT_BY_KIND, view_of("policy"), first + i);
    }
    table_fini(&postings.table);
    struct store_posting *made = arena_zero(arena, (postings.count + 1) * sizeof(*made));
    *posting_count = 0;
    for (struct growing *growing = list; growing != NULL; growing = growing->next) {
        made[(*posting_count)++] = (struct store_posting){
            .dimension = growing->key[0],
            .word = view_make(growing->key + 1, growing->key_size - 1),
            .first = growing->first,
            .bytes = arena_copy(arena, buffer_view(&growing->bytes)),
        };
        buffer_fini(&growing->bytes);
    }
    assert(*posting_count == postings.count);
    return made;
}

bool audit_posting_read(const struct store_posting *posting,
                        uint64_t indexes[AUDIT_POSTING_INDEXES_MAX], size_t *count)
{
    uint64_t index = posting->first;
    size_t at = 0;
    indexes[0] = index;
    *count = 1;
    while (at < posting->bytes.size) {
        uint64_t distance = 0;
        unsigned shift = 0;
        do {
            if (at == posting->bytes.size || shift > 56)
                return false;
            distance |= (uint64_t)(posting->bytes.data[at] & 0x7f) << shift;
            shift += 7;
        } while ((posting->bytes.data[at++] & 0x80) != 0);
        if (*count == AUDIT_POSTING_INDEXES_MAX || distance == 0 || distance > INT64_MAX - index)
            return false;
        index += distance;
        indexes[(*count)++] = index;
    }
    return true;
}
