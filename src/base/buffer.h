/* A growable run of bytes: appended at the end, consumed from the front. */
#ifndef UNSAY_BASE_BUFFER_H
#define UNSAY_BASE_BUFFER_H

#include "base/view.h"

struct buffer {
    uint8_t *data; /* owned; NULL while nothing was appended */
    size_t start;  /* first byte not yet consumed */
    size_t end;    /* one past the last byte */
    size_t capacity;
};

void buffer_init(struct buffer *buffer);
void buffer_fini(struct buffer *buffer);

static inline size_t buffer_size(const struct buffer *buffer)
{
    return buffer->end - buffer->start;
}

/* Valid until the buffer is next changed. */
static inline struct view buffer_view(const struct buffer *buffer)
{
    return view_make(buffer->data == NULL ? NULL : buffer->data + buffer->start,
                     buffer_size(buffer));
}

/* Room for `size` bytes at the end; write there, then call buffer_grow. Never NULL. */
uint8_t *buffer_reserve(struct buffer *buffer, size_t size);

/* `size` of the reserved bytes were written. */
void buffer_grow(struct buffer *buffer, size_t size);

void buffer_append(struct buffer *buffer, const void *data, size_t size);

/* Drops `size` bytes from the front; `size` is at most buffer_size. */
void buffer_consume(struct buffer *buffer, size_t size);

/* Empties the buffer and gives its memory back. */
void buffer_release(struct buffer *buffer);

#endif
