/* A page of SQLite's file format (sqlite.org/fileformat.html, section 1.6). */
#ifndef UNSAY_CLIENT_DATABASE_PAGE_H
#define UNSAY_CLIENT_DATABASE_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DATABASE_PAGE_BYTES = 4096 };

/* In a page of a b-tree, fills what lies between the cells' pointers and the cells with zeros; all
 * other pages begin with the number of a page, whose first byte is 0 in a file of less than 2^24
 * pages. */
void page_clean(uint8_t page[DATABASE_PAGE_BYTES], bool is_first);

#endif
