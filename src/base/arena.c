#include "base/arena.h"

#include "base/memory.h"

#include <stdalign.h>
#include <stdlib.h>

enum { ARENA_CHUNK_BYTES = 8 * 1024 };

struct arena_chunk {
    struct arena_chunk *next;
    size_t size;
    size_t used;
    alignas(max_align_t) uint8_t bytes[];
};

static struct arena_chunk *arena_chunk_new(size_t size)
{
    struct arena_chunk *chunk = memory_resize(NULL, sizeof(*chunk) + size);
    chunk->next = NULL;
    chunk->size = size;
    chunk->used = 0;
    return chunk;
}

void arena_init(struct arena *arena)
{
    *arena = (struct arena){NULL, NULL, 0};
}

static void arena_free_from(struct arena_chunk *chunk)
{
    while (chunk != NULL) {
        struct arena_chunk *next = chunk->next;
        free(chunk);
        chunk = next;
    }
}

void arena_fini(struct arena *arena)
{
    arena_free_from(arena->first);
    arena_init(arena);
}

void arena_reset(struct arena *arena)
{
    if (arena->first != NULL) {
        arena_free_from(arena->first->next);
        arena->first->next = NULL;
        arena->first->used = 0;
    }
    arena->current = arena->first;
    arena->used_bytes = 0;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    size_t rounded = (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
    struct arena_chunk *chunk = arena->current;

    if (chunk == NULL || chunk->size - chunk->used < rounded) {
        struct arena_chunk *fresh =
            arena_chunk_new(rounded > ARENA_CHUNK_BYTES ? rounded : ARENA_CHUNK_BYTES);
        if (chunk == NULL)
            arena->first = fresh;
        else
            chunk->next = fresh;
        arena->current = chunk = fresh;
    }
    void *memory = chunk->bytes + chunk->used;
    chunk->used += rounded;
    arena->used_bytes += rounded;
    return memory;
}

void *arena_zero(struct arena *arena, size_t size)
{
    return memset(arena_alloc(arena, size), 0, size);
}

char *arena_text(struct arena *arena, struct view bytes)
{
    char *copy = arena_alloc(arena, bytes.size + 1);
    if (bytes.size > 0)
        memcpy(copy, bytes.data, bytes.size);
    copy[bytes.size] = 0;
    return copy;
}

struct view arena_copy(struct arena *arena, struct view bytes)
{
    return view_make(arena_text(arena, bytes), bytes.size);
}
