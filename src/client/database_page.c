#include "client/database_page.h"

#include <string.h>

enum { HEADER_BYTES = 100 }; /* of the database, in its first page */

/* The first byte of a page of a b-tree. */
enum { INTERIOR_INDEX = 2, INTERIOR_TABLE = 5, LEAF_INDEX = 10, LEAF_TABLE = 13 };

static unsigned number_at(const uint8_t *bytes)
{
    return (unsigned)bytes[0] << 8 | bytes[1];
}

void page_clean(uint8_t page[DATABASE_PAGE_BYTES], bool is_first)
{
    size_t header = is_first ? HEADER_BYTES : 0;
    uint8_t type = page[header];
    if (type != INTERIOR_INDEX && type != INTERIOR_TABLE && type != LEAF_INDEX &&
        type != LEAF_TABLE)
        return;
    size_t gap = header + (size_t)(type <= INTERIOR_TABLE ? 12 : 8) +
                 2 * (size_t)number_at(page + header + 3);
    size_t cells = number_at(page + header + 5);
    if (cells == 0)
        cells = 65536;
    if (gap < cells && cells <= DATABASE_PAGE_BYTES)
        memset(page + gap, 0, cells - gap);
}
