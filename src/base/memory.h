/* Heap memory that never answers NULL. Every caller bounds what it asks for (see limits.def), so an
 * allocation that fails means that the machine is out of memory: the process says so and aborts,
 * and whatever was accepted is on disk already. */
#ifndef UNSAY_BASE_MEMORY_H
#define UNSAY_BASE_MEMORY_H

#include <stddef.h>

/* Zeroed. The caller owns the result and frees it with free(). size may be 0. */
void *memory_new(size_t size);
void *memory_new_array(size_t count, size_t size);

/* As realloc(); what is added is not zeroed. */
void *memory_resize(void *memory, size_t size);

/* A heap copy of `size` bytes, followed by a NUL. */
void *memory_copy(const void *data, size_t size);

#endif
