#include "base/buffer.h"

#include "base/memory.h"

#include <assert.h>
#include <stdlib.h>

enum { BUFFER_FIRST_BYTES = 256 };

void buffer_init(struct buffer *buffer)
{
    *buffer = (struct buffer){NULL, 0, 0, 0};
}

void buffer_fini(struct buffer *buffer)
{
    buffer_release(buffer);
}

void buffer_release(struct buffer *buffer)
{
    free(buffer->data);
    buffer_init(buffer);
}

uint8_t *buffer_reserve(struct buffer *buffer, size_t size)
{
    if (buffer->start > 0 && buffer->capacity - buffer->end < size) {
        memmove(buffer->data, buffer->data + buffer->start, buffer_size(buffer));
        buffer->end -= buffer->start;
        buffer->start = 0;
    }
    if (buffer->capacity - buffer->end < size || buffer->data == NULL) {
        size_t capacity = buffer->capacity == 0 ? BUFFER_FIRST_BYTES : buffer->capacity;
        while (capacity - buffer->end < size)
            capacity *= 2;
        buffer->data = memory_resize(buffer->data, capacity);
        buffer->capacity = capacity;
    }
    return buffer->data + buffer->end;
}

void buffer_grow(struct buffer *buffer, size_t size)
{
    assert(size <= buffer->capacity - buffer->end);
    buffer->end += size;
}

void buffer_append(struct buffer *buffer, const void *data, size_t size)
{
    if (size == 0)
        return;
    memcpy(buffer_reserve(buffer, size), data, size);
    buffer->end += size;
}

void buffer_consume(struct buffer *buffer, size_t size)
{
    assert(size <= buffer_size(buffer));
    buffer->start += size;
    if (buffer->start == buffer->end)
        buffer->start = buffer->end = 0;
}
