#include "storage/rows.h"

#include <assert.h>
#include <limits.h>

enum { VARINT_BYTES_MAX = 10 };

/* Writes into a piece of an arena that is large enough for the row. */
struct row_writer {
    uint8_t *start;
    uint8_t *at;
    size_t room;
};

static struct row_writer writer_start(struct arena *arena, size_t bytes_max)
{
    struct row_writer writer = {.room = 1 + bytes_max};
    writer.start = writer.at = arena_alloc(arena, writer.room);
    *writer.at++ = ROW_VERSION;
    return writer;
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

struct view row_encode_conversation(struct arena *arena, const struct conversation_row *row)
{
    struct row_writer writer = writer_start(
        arena, 5 * (size_t)VARINT_BYTES_MAX + row->name.size + row->creator.size +
                   row->peers[0].size + row->peers[1].size + UUID_BYTES + sizeof(row->time));
    write_number(&writer, (uint64_t)row->type);
    write_bytes(&writer, row->name);
    write_bytes(&writer, row->creator);
    write_bytes(&writer, row->peers[0]);
    write_bytes(&writer, row->peers[1]);
    write_raw(&writer, row->creation_id.bytes, UUID_BYTES);
    for (unsigned shift = 64; shift > 0; shift -= 8)
        *writer.at++ = (uint8_t)(row->time >> (shift - 8));
    return writer_end(&writer);
}

struct view row_encode_member(struct arena *arena, const struct member_row *row)
{
    struct row_writer writer = writer_start(arena, 2 * (size_t)VARINT_BYTES_MAX);
    write_number(&writer, (uint64_t)row->role);
    write_number(&writer, row->pending_recalls);
    return writer_end(&writer);
}

struct view row_encode_message_id(struct arena *arena, const struct message_id_row *row)
{
    struct row_writer writer = writer_start(
        arena, 4 * (size_t)VARINT_BYTES_MAX + row->pending.size + row->pending_device.size);
    write_number(&writer, row->origin);
    write_number(&writer, row->seq);
    if (row->pending.size > 0 || row->pending_device.size > 0) {
        write_bytes(&writer, row->pending);
        write_bytes(&writer, row->pending_device);
    }
    return writer_end(&writer);
}

struct view row_encode_cursor(struct arena *arena, const struct cursor_row *row)
{
    struct row_writer writer = writer_start(arena, 2 * (size_t)VARINT_BYTES_MAX);
    write_number(&writer, row->stored);
    write_number(&writer, row->displayed);
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

static struct row_reader reader_start(struct view value)
{
    if (value.size == 0 || value.data[0] != ROW_VERSION)
        return (struct row_reader){.is_damaged = true};
    return (struct row_reader){.rest = view_make(value.data + 1, value.size - 1)};
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
    if (reader.is_damaged)
        return STATUS_CORRUPT;
    memcpy(row->creation_id.bytes, id.data, UUID_BYTES);
    for (size_t i = 0; i < time.size; i++)
        row->time = row->time << 8 | time.data[i];
    return reader_end(&reader);
}

enum status row_decode_member(struct view value, struct member_row *row)
{
    struct row_reader reader = reader_start(value);
    row->role = (Unsay__V1__Role)read_number(&reader, INT_MAX);
    row->pending_recalls = (uint32_t)read_number(&reader, UINT32_MAX);
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
    }
    return reader_end(&reader);
}

enum status row_decode_cursor(struct view value, struct cursor_row *row)
{
    struct row_reader reader = reader_start(value);
    row->stored = read_number(&reader, UINT64_MAX);
    row->displayed = read_number(&reader, UINT64_MAX);
    return reader_end(&reader);
}

enum status row_decode_bytes(struct view value, struct view *bytes)
{
    struct row_reader reader = reader_start(value);
    *bytes = reader.rest;
    return reader.is_damaged ? STATUS_CORRUPT : STATUS_OK;
}
