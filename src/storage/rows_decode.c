#include "storage/rows.h"

#include <limits.h>

/* Takes from the front of a value; once something was wrong, everything it answers is empty. */
struct row_reader {
    struct view rest;
    bool is_damaged;
};

static struct row_reader reader_start_version(struct view value, uint8_t version)
{
    if (value.size == 0 || value.data[0] != version)
        return (struct row_reader){.is_damaged = true};
    return (struct row_reader){.rest = view_make(value.data + 1, value.size - 1)};
}

static struct row_reader reader_start(struct view value)
{
    return reader_start_version(value, ROW_VERSION);
}

static enum status reader_end(const struct row_reader *reader)
{
    return reader->is_damaged || reader->rest.size > 0 ? STATUS_CORRUPT : STATUS_OK;
}

static struct view read_raw(struct row_reader *reader, uint64_t size)
{
    if (reader->is_damaged || size > reader->rest.size) {
        *reader = (struct row_reader){.is_damaged = true};
        return view_make(NULL, 0);
    }
    struct view bytes = view_make(reader->rest.data, (size_t)size);
    reader->rest = view_make(reader->rest.data + size, reader->rest.size - (size_t)size);
    return bytes;
}

/* A number of at most `max`. */
static uint64_t read_number(struct row_reader *reader, uint64_t max)
{
    uint64_t number = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        struct view byte = read_raw(reader, 1);
        if (byte.size == 0 || (shift == 63 && byte.data[0] > 1))
            break;
        number |= (uint64_t)(byte.data[0] & 0x7f) << shift;
        if ((byte.data[0] & 0x80) == 0 && number <= max)
            return number;
        if ((byte.data[0] & 0x80) == 0)
            break;
    }
    *reader = (struct row_reader){.is_damaged = true};
    return 0;
}

static struct view read_bytes(struct row_reader *reader)
{
    return read_raw(reader, read_number(reader, UINT64_MAX));
}

/* The sum of both, damaged when it is too large. */
static uint64_t read_sum(struct row_reader *reader, uint64_t number)
{
    return number + read_number(reader, UINT64_MAX - number);
}

static void read_trail(struct row_reader *reader, struct trail *trail)
{
    struct trail_mark mark = {0, 0};
    trail->count = (uint32_t)read_number(reader, TRAIL_MARKS_MAX);
    for (uint32_t i = 0; i < trail->count; i++) {
        mark.seq = read_sum(reader, mark.seq);
        mark.time_ms = read_sum(reader, mark.time_ms);
        trail->marks[i] = mark;
    }
}

static void read_settings(struct row_reader *reader, struct conversation_row *row)
{
    row->description = read_bytes(reader);
    uint64_t flags = read_number(reader, SETTINGS_READ_ONLY_FLAG | SETTINGS_DISSOLVED_FLAG);
    row->settings = (struct conversation_settings){
        .is_read_only = (flags & SETTINGS_READ_ONLY_FLAG) != 0,
        .is_dissolved = (flags & SETTINGS_DISSOLVED_FLAG) != 0,
        .join = (Unsay__V1__JoinPolicy)read_number(reader, INT_MAX),
        .history = (Unsay__V1__HistoryVisibility)read_number(reader, INT_MAX),
        .history_last = (uint32_t)read_number(reader, UINT32_MAX),
    };
    row->invited_count = (uint32_t)read_number(reader, UINT32_MAX);
}

static void read_listing(struct row_reader *reader, struct listing_row *listing)
{
    listing->version = read_number(reader, UINT64_MAX);
    if (listing->version == 0)
        return;
    listing->muted_until_ms = read_number(reader, UINT64_MAX);
    listing->pinned_ms = read_number(reader, UINT64_MAX);
    listing->hiding = (Unsay__V1__Hiding)read_number(reader, INT_MAX);
    listing->hidden_seq = read_number(reader, UINT64_MAX);
}

enum status row_decode_conversation(struct view value, struct conversation_row *row)
{
    struct row_reader reader = reader_start(value);
    *row = (struct conversation_row){
        .type = (Unsay__V1__ConversationType)read_number(&reader, INT_MAX)};
    row->name = read_bytes(&reader);
    row->creator = read_bytes(&reader);
    row->peers[0] = read_bytes(&reader);
    row->peers[1] = read_bytes(&reader);
    struct view id = read_raw(&reader, UUID_BYTES);
    struct view time = read_raw(&reader, sizeof(row->time));
    row->member_count = (uint32_t)read_number(&reader, UINT32_MAX);
    row->owner_count = (uint32_t)read_number(&reader, UINT32_MAX);
    if (reader.rest.size > 0)
        read_settings(&reader, row);
    if (reader.is_damaged)
        return STATUS_CORRUPT;
    memcpy(row->creation_id.bytes, id.data, UUID_BYTES);
    for (size_t i = 0; i < time.size; i++)
        row->time = row->time << 8 | time.data[i];
    return reader_end(&reader);
}

static void read_restrictions(struct row_reader *reader, struct member_row *row)
{
    row->muted_until_ms = read_number(reader, UINT64_MAX);
    uint64_t flags = read_number(reader, MEMBER_BARRED_FLAG | MEMBER_MERGED_FLAG);
    row->is_barred = (flags & MEMBER_BARRED_FLAG) != 0;
    row->is_merged = (flags & MEMBER_MERGED_FLAG) != 0;
    row->hidden_count = (uint32_t)read_number(reader, LIMIT_HIDDEN_SPANS_MAX);
    for (uint32_t i = 0; i < row->hidden_count; i++) {
        row->hidden[i].first = read_number(reader, UINT64_MAX);
        row->hidden[i].last = read_number(reader, UINT64_MAX);
    }
}

enum status row_decode_member(struct view value, struct member_row *row)
{
    struct row_reader reader = reader_start(value);
    *row = (struct member_row){.role = (Unsay__V1__Role)read_number(&reader, INT_MAX)};
    row->pending_recalls = (uint32_t)read_number(&reader, UINT32_MAX);
    row->joined_seq = read_number(&reader, UINT64_MAX);
    row->left_seq = read_number(&reader, UINT64_MAX);
    if (reader.rest.size > 0) {
        row->joined_time = read_number(&reader, UINT64_MAX);
        read_listing(&reader, &row->listing);
        bool is_plain = reader.rest.size == 0;
        if (!is_plain)
            read_restrictions(&reader, row);
        if (row->joined_time == 0 && row->listing.version == 0 && is_plain)
            return STATUS_CORRUPT;
    }
    return reader_end(&reader);
}

enum status row_decode_last_message(struct view value, struct last_message_row *row)
{
    struct row_reader reader = reader_start(value);
    row->seq = read_number(&reader, UINT64_MAX);
    row->time = read_number(&reader, UINT64_MAX);
    return reader_end(&reader);
}

enum status row_decode_event(struct view value, struct event_row *row)
{
    *row = (struct event_row){.bytes = {NULL, 0}};
    if (value.size == 0 || value.data[0] != ROW_VERSION_TAKEN_BACK)
        return row_decode_bytes(value, &row->bytes);
    struct row_reader reader = reader_start_version(value, ROW_VERSION_TAKEN_BACK);
    row->bytes = read_bytes(&reader);
    row->dossier = read_bytes(&reader);
    if (reader.rest.size > 0) {
        row->evidence_until_ms = read_number(&reader, UINT64_MAX);
        row->evidence = read_bytes(&reader);
    }
    return reader_end(&reader);
}

enum status row_decode_message_id(struct view value, struct message_id_row *row)
{
    struct row_reader reader = reader_start(value);
    *row = (struct message_id_row){.origin = (uint32_t)read_number(&reader, UINT32_MAX)};
    row->seq = read_number(&reader, UINT64_MAX);
    if (reader.rest.size > 0) {
        row->pending = read_bytes(&reader);
        row->pending_device = read_bytes(&reader);
        if (reader.rest.size > 0)
            row->pending_authority =
                (Unsay__V1__Actor)read_number(&reader, WIRE(ACTOR, COMPLIANCE));
        if (reader.rest.size > 0) {
            row->pending_is_granted = read_number(&reader, 1) == 1;
            reader.is_damaged |= !row->pending_is_granted;
        }
    }
    return reader_end(&reader);
}

enum status row_decode_cursor(struct view value, struct cursor_row *row)
{
    struct row_reader reader = reader_start(value);
    *row = (struct cursor_row){.receipt_seq = 0};
    read_trail(&reader, &row->stored);
    read_trail(&reader, &row->displayed);
    row->handed_last = read_number(&reader, UINT64_MAX);
    if (row->handed_last != 0) {
        row->handed_first = read_number(&reader, UINT64_MAX);
        row->handed_ms = read_number(&reader, UINT64_MAX);
    }
    row->receipt_seq = read_number(&reader, UINT64_MAX);
    if (row->receipt_seq != 0) {
        row->receipt_time_ms = read_number(&reader, UINT64_MAX);
        struct view receipt = read_raw(&reader, RECEIPT_BYTES);
        if (!reader.is_damaged)
            memcpy(row->receipt, receipt.data, RECEIPT_BYTES);
    }
    if (reader.rest.size > 0) {
        row->shared = read_number(&reader, trail_seq(&row->displayed));
        reader.is_damaged |= row->shared == 0;
    }
    return reader_end(&reader);
}

enum status row_decode_device(struct view value, struct device_row *row)
{
    struct row_reader reader = reader_start(value);
    *row = (struct device_row){.since_ms = read_number(&reader, UINT64_MAX)};
    row->key_count = (uint32_t)read_number(&reader, DEVICE_KEYS_MAX);
    for (uint32_t i = 0; i < row->key_count; i++) {
        row->keys[i].since_ms = read_number(&reader, UINT64_MAX);
        struct view key = read_raw(&reader, DEVICE_KEY_BYTES);
        if (reader.is_damaged)
            return STATUS_CORRUPT;
        memcpy(row->keys[i].key, key.data, DEVICE_KEY_BYTES);
    }
    if (reader.rest.size > 0) {
        row->login = read_number(&reader, UINT64_MAX);
        row->contests = (uint32_t)read_number(&reader, UINT32_MAX);
        row->contested_ms = read_number(&reader, UINT64_MAX);
        if (row->login == 0)
            return STATUS_CORRUPT;
    }
    return reader_end(&reader);
}

enum status row_decode_user(struct view value, struct user_row *row)
{
    struct row_reader reader = reader_start(value);
    row->hides_displayed = reader.rest.size > 0;
    if (row->hides_displayed && read_number(&reader, 1) != 1)
        return STATUS_CORRUPT;
    return reader_end(&reader);
}

enum status row_decode_pin(struct view value, struct pin_row *row)
{
    struct row_reader reader = reader_start(value);
    row->user = read_bytes(&reader);
    row->pin_seq = read_number(&reader, UINT64_MAX);
    return reader_end(&reader);
}

enum status row_decode_entries(struct view value, struct arena *arena, struct view **entries,
                               size_t *count)
{
    struct row_reader reader = reader_start(value);
    struct row_reader counter = reader;
    for (*count = 0; counter.rest.size > 0; ++*count)
        read_bytes(&counter);
    if (counter.is_damaged)
        return STATUS_CORRUPT;
    *entries = arena_alloc(arena, *count * sizeof(**entries));
    for (size_t i = 0; i < *count; i++)
        (*entries)[i] = read_bytes(&reader);
    return STATUS_OK;
}

enum status row_decode_number(struct view value, uint64_t *number)
{
    struct row_reader reader = reader_start(value);
    *number = read_number(&reader, UINT64_MAX);
    return reader_end(&reader);
}

enum status row_decode_bytes(struct view value, struct view *bytes)
{
    struct row_reader reader = reader_start(value);
    *bytes = reader.rest;
    return reader.is_damaged ? STATUS_CORRUPT : STATUS_OK;
}
