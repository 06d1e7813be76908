#include "storage/rows.h"

#include <assert.h>

enum { VARINT_BYTES_MAX = 10 };

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
        arena, 6 * (size_t)VARINT_BYTES_MAX + row->pending.size + row->pending_device.size);
    write_number(&writer, row->origin);
    write_number(&writer, row->seq);
    if (row->pending.size > 0 || row->pending_device.size > 0) {
        write_bytes(&writer, row->pending);
        write_bytes(&writer, row->pending_device);
        if (row->pending_authority != WIRE(ACTOR, UNSPECIFIED) || row->pending_is_granted)
            write_number(&writer, (uint64_t)row->pending_authority);
        if (row->pending_is_granted)
            write_number(&writer, 1);
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
