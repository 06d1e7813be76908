#include "base/blob.h"

#include "base/memory.h"

#include <assert.h>
#include <stdlib.h>

struct blob *blob_new(size_t size)
{
    assert(size <= UINT32_MAX);
    struct blob *blob = memory_resize(NULL, sizeof(*blob) + size);
    atomic_init(&blob->holders, 1);
    blob->size = (uint32_t)size;
    return blob;
}

struct blob *blob_hold(struct blob *blob)
{
    atomic_fetch_add_explicit(&blob->holders, 1, memory_order_relaxed);
    return blob;
}

void blob_release(struct blob *blob)
{
    if (blob == NULL)
        return;
    if (atomic_fetch_sub_explicit(&blob->holders, 1, memory_order_acq_rel) == 1)
        free(blob);
}
