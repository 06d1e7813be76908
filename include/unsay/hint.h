/* libunsay: the sentence that stands where messages were taken back. Needs no client. */
#ifndef UNSAY_HINT_H
#define UNSAY_HINT_H

#include "unsay/unsay.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Hints ---- */

/* What a reader sees where messages were taken back: "Li took back a photo". Needs no client. */
struct unsay_hint {
    const char *language;      /* BCP 47, such as "pt-BR"; one that there is not: English */
    const char *viewer;        /* the user who reads it */
    const char *operator_user; /* as in struct unsay_event; a system's may be "" or NULL */
    const char *operator_name; /* to be shown; "" or NULL: the user's id */
    const char *author;        /* who wrote them; not known: "" or NULL */
    const char *author_name;
    enum unsay_actor actor;
    bool is_vanished;                     /* makes the hint empty */
    enum unsay_content_type content_type; /* of all of them; 0: a mixture */
    uint32_t count;                       /* of one author, folded into one hint; 0: 1 */
};

/* Writes the hint, ended by NUL and cut at a whole character where `bytes` are too few, and returns
 * its size without the NUL. One line, without a full stop. Names are cut at 32 characters; in them
 * control characters and what changes direction are left out, and a name that may run against the
 * sentence stands between U+2068 and U+2069. */
UNSAY_API size_t unsay_hint(const struct unsay_hint *hint, char *text, size_t bytes);

/* The languages of hints, BCP 47, ended by NULL; English first. */
UNSAY_API const char *const *unsay_hint_languages(void);

#ifdef __cplusplus
}
#endif

#endif
