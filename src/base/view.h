/* A view: bytes that somebody else owns. It is valid as long as its owner says, and never frees. */
#ifndef UNSAY_BASE_VIEW_H
#define UNSAY_BASE_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct view {
    const uint8_t *data; /* may be NULL when size is 0 */
    size_t size;         /* bytes */
};

/* printf("%.*s", VIEW_PRINT(v)) */
#define VIEW_PRINT(v) (int)(v).size, (v).size == 0 ? "" : (const char *)(v).data

static inline struct view view_make(const void *data, size_t size)
{
    return (struct view){data, size};
}

/* `text` must be a NUL-terminated string; the view leaves the NUL out. NULL gives an empty view. */
static inline struct view view_of(const char *text)
{
    return text == NULL ? (struct view){NULL, 0} : view_make(text, strlen(text));
}

static inline bool view_equal(struct view a, struct view b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

/* Bytewise order, a prefix first: <0, 0 or >0. */
static inline int view_compare(struct view a, struct view b)
{
    size_t size = a.size < b.size ? a.size : b.size;
    int order = size == 0 ? 0 : memcmp(a.data, b.data, size);
    if (order != 0)
        return order;
    return a.size < b.size ? -1 : a.size > b.size;
}

#endif
