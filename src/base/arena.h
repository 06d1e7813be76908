/* An arena: memory for one request or one batch, released all at once. Chunks grow with use; reset
 * keeps the first one, so that a busy loop allocates nothing. */
#ifndef UNSAY_BASE_ARENA_H
#define UNSAY_BASE_ARENA_H

#include "base/view.h"

struct arena_chunk;

struct arena {
    struct arena_chunk *first; /* kept by reset */
    struct arena_chunk *current;
    size_t used_bytes; /* handed out since the last reset */
};

void arena_init(struct arena *arena);
void arena_fini(struct arena *arena);

/* Everything handed out becomes invalid. */
void arena_reset(struct arena *arena);

/* Aligned for any type, not zeroed, never NULL; valid until reset or fini. */
void *arena_alloc(struct arena *arena, size_t size);

/* As arena_alloc, zeroed. */
void *arena_zero(struct arena *arena, size_t size);

/* A copy of the bytes, followed by a NUL that the view does not count. */
struct view arena_copy(struct arena *arena, struct view bytes);

/* The same as a string that may be written to. */
char *arena_text(struct arena *arena, struct view bytes);

#endif
