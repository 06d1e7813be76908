#include "base/memory.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *memory_check(void *memory, size_t size)
{
    if (memory == NULL) {
        fprintf(stderr, "unsay: out of memory while allocating %zu bytes\n", size);
        abort();
    }
    return memory;
}

void *memory_new(size_t size)
{
    return memory_check(calloc(1, size == 0 ? 1 : size), size);
}

void *memory_new_array(size_t count, size_t size)
{
    return memory_check(calloc(count == 0 ? 1 : count, size == 0 ? 1 : size), count * size);
}

void *memory_resize(void *memory, size_t size)
{
    return memory_check(realloc(memory, size == 0 ? 1 : size), size);
}

void *memory_copy(const void *data, size_t size)
{
    uint8_t *copy = memory_check(malloc(size + 1), size + 1);
    if (size > 0)
        memcpy(copy, data, size);
    copy[size] = 0;
    return copy;
}
