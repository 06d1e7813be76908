/* libunsay: searching what a device has stored. */
#ifndef UNSAY_SEARCH_H
#define UNSAY_SEARCH_H

#include "unsay/unsay.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Searching ---- */

/* In the text messages that this device has stored, without a connection. What was taken back is
 * not found, and the index on disk holds nothing of it any more.
 *
 * The text is what a person types: words, all of which must occur, as whole words, without regard
 * to case and diacritics; "several words in quotation marks" must follow each other. In Chinese,
 * Japanese, Korean, Thai, Lao, Khmer and Burmese a word, or a single character, is found wherever
 * it stands. No text is an error; one without a word finds nothing. */
struct unsay_search {
    const char *text;
    const char *conversation;          /* NULL: in all of them */
    const struct unsay_source *before; /* the last message of the page before; NULL: the newest */
    uint32_t limit;                    /* 1-100; 0: 100 */
};

/* In the snippet. */
struct unsay_hit {
    size_t start; /* bytes */
    size_t bytes;
};

struct unsay_found {
    const char *conversation;
    uint32_t origin;
    uint64_t seq;
    uint64_t time_ms;
    const char *sender;
    const char *snippet; /* one line around the first hit; whole characters, at most 96 */
    bool is_cut_before;  /* the message has more */
    bool is_cut_after;
    const struct unsay_hit *hits; /* ascending */
    size_t hit_count;
};

/* `found` newest first; `more`: there are older ones. */
typedef void unsay_search_fn(void *context, const struct unsay_error *error,
                             const struct unsay_found *found, size_t count, bool more);

/* The callback is called before this returns, on the calling thread. */
UNSAY_API enum unsay_result unsay_search(struct unsay *client, const struct unsay_search *query,
                                         unsay_search_fn *callback, void *context);

#ifdef __cplusplus
}
#endif

#endif
