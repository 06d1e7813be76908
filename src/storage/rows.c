#include "storage/rows.h"

#include <assert.h>
#include <limits.h>

enum { VARINT_BYTES_MAX = 10 };

/* Flags of a conversation's settings, and of a member. */
enum { SETTINGS_READ_ONLY_FLAG = 1, SETTINGS_DISSOLVED_FLAG = 2 };
enum { MEMBER_BARRED_FLAG = 1, MEMBER_MERGED_FLAG = 2 };

/* Writes into a piece of an arena that is large enough for the row. */
struct row_writer {
    uint8_t *start;
    uint8_t *at;
    size_t room;
};

static struct row_writer writer_start_version(struct arena *arena, uint8_t version,
                                              size_t bytes_max)
{
    struct row_writer writer = {.room = 1 + bytes_max};
    writer.start = writer.at = arena_alloc(arena, writer.room);
    *writer.at++ = version;
    return writer;
}

static struct row_writer writer_start(struct arena *arena, size_t bytes_max)
{
    return writer_start_version(arena, ROW_VERSION, bytes_max);
}

static struct view writer_end(const struct row_writer *writer)
{
    size_t size = (size_t)(writer->at - writer->start);
    assert(size <= writer->room);
    return view_make(writer->start, size);
}

static void write_number(struct row_writer *writer, uint64_t number)
{
    while (number >= 0x80) {
        *writer->at++ = (uint8_t)(number | 0x80);
        number >>= 7;
    }
    *writer->at++ = (uint8_t)number;
}

static void write_raw(struct row_writer *writer, const void *data, size_t size)
{
    if (size > 0)
        memcpy(writer->at, data, size);
    writer->at += size;
}

static void write_bytes(struct row_writer *writer, struct view bytes)
{
    write_number(writer, bytes.size);
    write_raw(writer, bytes.data, bytes.size);
}

static void write_trail(struct row_writer *writer, const struct trail *trail)
{
    struct trail_mark before = {0, 0};
    assert(trail->count <= TRAIL_MARKS_MAX);
    write_number(writer, trail->count);
    for (uint32_t i = 0; i < trail->count; i++) {
        write_number(writer, trail->marks[i].seq - before.seq);
        write_number(writer, trail->marks[i].time_ms - before.time_ms);
        before = trail->marks[i];
    }
}

struct view row_encode_event(struct arena *arena, const struct event_row *row)
{
    if (row->dossier.size == 0 && row->evidence.size == 0)
        return row_encode_bytes(arena, row->bytes);
    struct row_writer writer = writer_start_version(arena, ROW_VERSION_TAKEN_BACK,
                                                    4 * (size_t)VARINT_BYTES_MAX + row->bytes.size +
                                                        row->dossier.size + row->evidence.size);
    write_bytes(&writer, row->bytes);
    write_bytes(&writer, row->dossier);
    if (row->evidence.size > 0) {
        write_number(&writer, row->evidence_until_ms);
        write_bytes(&writer, row->evidence);
    }
    return writer_end(&writer);
}

/* Only where there is something to say. */
static void write_settings(struct row_writer *writer, const struct conversation_row *row)
{
    const struct conversation_settings *settings = &row->settings;
    uint64_t flags = (settings->is_read_only ? SETTINGS_READ_ONLY_FLAG : 0U) |
                     (settings->is_dissolved ? SETTINGS_DISSOLVED_FLAG : 0U);
    if (row->description.size == 0 && flags == 0 && settings->join == 0 && settings->history == 0 &&
        settings->history_last == 0 && row->invited_count == 0)
        return;
    write_bytes(writer, row->description);
    write_number(writer, flags);
    write_number(writer, (uint64_t)settings->join);
    write_number(writer, (uint64_t)settings->history);
    write_number(writer, settings->history_last);
    write_number(writer, row->invited_count);
}

struct view row_encode_conversation(struct arena *arena, const struct conversation_row *row)
{
    struct row_writer writer =
        writer_start(arena, 13 * (size_t)VARINT_BYTES_MAX + row->name.size + row->description.size +
                                row->creator.size + row->peers[0].size + row->peers[1].size +
                                UUID_BYTES + sizeof(row->time));
    write_number(&writer, (uint64_t)row->type);
    write_bytes(&writer, row->name);
    write_bytes(&writer, row->creator);
    write_bytes(&writer, row->peers[0]);
    write_bytes(&writer, row->peers[1]);
    write_raw(&writer, row->creation_id.bytes, UUID_BYTES);
    for (unsigned shift = 64; shift > 0; shift -= 8)
        *writer.at++ = (uint8_t)(row->time >> (shift - 8));
    write_number(&writer, row->member_count);
    write_number(&writer, row->owner_count);
    write_settings(&writer, row);
    return writer_end(&writer);
}

struct view row_encode_member(struct arena *arena, const struct member_row *row)
{
    const struct listing_row *listing = &row->listing;
    struct row_writer writer =
        writer_start(arena, (13 + 2 * (size_t)LIMIT_HIDDEN_SPANS_MAX) * VARINT_BYTES_MAX);
    uint64_t flags =
        (row->is_barred ? MEMBER_BARRED_FLAG : 0U) | (row->is_merged ? MEMBER_MERGED_FLAG : 0U);
    bool is_plain = row->muted_until_ms == 0 && flags == 0 && row->hidden_count == 0;
    assert(row->hidden_count <= LIMIT_HIDDEN_SPANS_MAX);
    write_number(&writer, (uint64_t)row->role);
    write_number(&writer, row->pending_recalls);
    write_number(&writer, row->joined_seq);
    write_number(&writer, row->left_seq);
    if (row->joined_time == 0 && listing->version == 0 && is_plain)
        return writer_end(&writer);
    write_number(&writer, row->joined_time);
    write_number(&writer, listing->version);
    if (listing->version != 0) {
        write_number(&writer, listing->muted_until_ms);
        write_number(&writer, listing->pinned_ms);
        write_number(&writer, (uint64_t)listing->hiding);
        write_number(&writer, listing->hidden_seq);
    }
    if (!is_plain) {
        write_number(&writer, row->muted_until_ms);
        write_number(&writer, flags);
        write_number(&writer, row->hidden_count);
        for (uint32_t i = 0; i < row->hidden_count; i++) {
            write_number(&writer, row->hidden[i].first);
            write_number(&writer, row->hidden[i].last);
        }
    }
    return writer_end(&writer);
}

struct view row_encode_last_message(struct arena *arena, const struct last_message_row *row)
{
    struct row_writer writer = writer_start(arena, 2 * (size_t)VARINT_BYTES_MAX);
    write_number(&writer, row->seq);
    write_number(&writer, row->time);
    return writer_end(&writer);
}

struct view row_encode_message_id(struct arena *arena, const struct message_id_row *row)
{
    struct row_writer writer = writer_start(
        arena, 5 * (size_t)VARINT_BYTES_MAX + row->pending.size + row->pending_device.size);
    write_number(&writer, row->origin);
    write_number(&writer, row->seq);
    if (row->pending.size > 0 || row->pending_device.size > 0) {
        write_bytes(&writer, row->pending);
        write_bytes(&writer, row->pending_device);
        if (row->pending_authority != WIRE(ACTOR, UNSPECIFIED))
            write_number(&writer, (uint64_t)row->pending_authority);
    }
    return writer_end(&writer);
}

struct view row_encode_cursor(struct arena *arena, const struct cursor_row *row)
{
    struct row_writer writer = writer_start(
        arena, (size_t)(2 + 1 + 4 * TRAIL_MARKS_MAX + 3 + 3) * VARINT_BYTES_MAX + RECEIPT_BYTES);
    write_trail(&writer, &row->stored);
    write_trail(&writer, &row->displayed);
    write_number(&writer, row->handed_last);
    if (row->handed_last != 0) {
        write_number(&writer, row->handed_first);
        write_number(&writer, row->handed_ms);
    }
    write_number(&writer, row->receipt_seq);
    if (row->receipt_seq != 0) {
        write_number(&writer, row->receipt_time_ms);
        write_raw(&writer, row->receipt, RECEIPT_BYTES);
    }
    if (row->shared != 0)
        write_number(&writer, row->shared);
    return writer_end(&writer);
}

struct view row_encode_device(struct arena *arena, const struct device_row *row)
{
    assert(row->key_count <= DEVICE_KEYS_MAX);
    struct row_writer writer =
        writer_start(arena, (size_t)(5 + DEVICE_KEYS_MAX) * VARINT_BYTES_MAX +
                                (size_t)DEVICE_KEYS_MAX * DEVICE_KEY_BYTES);
    write_number(&writer, row->since_ms);
    write_number(&writer, row->key_count);
    for (uint32_t i = 0; i < row->key_count; i++) {
        write_number(&writer, row->keys[i].since_ms);
        write_raw(&writer, row->keys[i].key, DEVICE_KEY_BYTES);
    }
    if (row->login != 0) {
        write_number(&writer, row->login);
        write_number(&writer, row->contests);
        write_number(&writer, row->contested_ms);
    }
    return writer_end(&writer);
}

struct view row_encode_user(struct arena *arena, const struct user_row *row)
{
    struct row_writer writer = writer_start(arena, 1);
    if (row->hides_displayed)
        *writer.at++ = 1;
    return writer_end(&writer);
}

struct view row_encode_pin(struct arena *arena, const struct pin_row *row)
{
    struct row_writer writer = writer_start(arena, 2 * (size_t)VARINT_BYTES_MAX + row->user.size);
    write_bytes(&writer, row->user);
    write_number(&writer, row->pin_seq);
    return writer_end(&writer);
}

struct view row_encode_entries(struct arena *arena, const struct view *entries, size_t count)
{
    size_t bytes_max = count * VARINT_BYTES_MAX;
    for (size_t i = 0; i < count; i++)
        bytes_max += entries[i].size;
    struct row_writer writer = writer_start(arena, bytes_max);
    for (size_t i = 0; i < count; i++)
        write_bytes(&writer, entries[i]);
    return writer_end(&writer);
}

struct view row_encode_number(struct arena *arena, uint64_t number)
{
    struct row_writer writer = writer_start(arena, VARINT_BYTES_MAX);
    write_number(&writer, number);
    return writer_end(&writer);
}

struct view row_encode_bytes(struct arena *arena, struct view bytes)
{
    struct row_writer writer = writer_start(arena, bytes.size);
    write_raw(&writer, bytes.data, bytes.size);
    return writer_end(&writer);
}

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
