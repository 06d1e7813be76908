/* A blob: bytes written once and then shared, read-only, between threads, until the last holder
 * lets go. A message that goes to many connections is one blob. */
#ifndef UNSAY_BASE_BLOB_H
#define UNSAY_BASE_BLOB_H

#include "base/view.h"

#include <stdatomic.h>

struct blob {
    atomic_uint holders;
    uint32_t size;
    uint8_t bytes[];
};

/* One holder: the caller, who fills in `bytes` before sharing. */
struct blob *blob_new(size_t size);

/* Another holder of the same bytes; returns `blob`. */
struct blob *blob_hold(struct blob *blob);

/* One holder less; the last one frees. NULL is nothing. */
void blob_release(struct blob *blob);

static inline struct view blob_view(const struct blob *blob)
{
    return view_make(blob->bytes, blob->size);
}

#endif
