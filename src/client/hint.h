#include "unsay/hint.h"
/* The sentences behind unsay_hint: what stands where a message was taken back, in each language.
 *
 * The table is made from the files in hints/ when the library is built, by tools/make-hints, which
 * refuses a file that lacks a text that hint.c may ask for. A text holds placeholders: {operator},
 * {author}, {count}, and in a sentence {what}, where a phrase goes. */
#ifndef UNSAY_CLIENT_HINT_H
#define UNSAY_CLIENT_HINT_H

#include <stdbool.h>

enum hint_sentence {
    HINT_YOU,
    HINT_MEMBER,
    HINT_OWNER,
    HINT_ADMIN,
    HINT_MODERATOR,
    HINT_MEMBER_UNNAMED, /* from here on in the order of the four above */
    HINT_OWNER_UNNAMED,
    HINT_ADMIN_UNNAMED,
    HINT_MODERATOR_UNNAMED,
    HINT_SENTENCES
};

/* Whose messages a phrase is about. The phrases of HINT_REMOVED are whole sentences. */
enum hint_list { HINT_OWN, HINT_YOURS, HINT_THEIRS, HINT_REMOVED, HINT_LISTS };

enum hint_noun {
    HINT_MESSAGE,
    HINT_PHOTO,
    HINT_VOICE,
    HINT_VIDEO,
    HINT_FILE,
    HINT_LOCATION,
    HINT_NOUNS
};

/* CLDR's plural categories, and a form for exactly one. */
enum hint_form {
    HINT_FORM_1,
    HINT_FORM_ONE,
    HINT_FORM_TWO,
    HINT_FORM_FEW,
    HINT_FORM_MANY,
    HINT_FORM_OTHER,
    HINT_FORMS
};

/* Which forms a language has, and for which numbers. */
enum hint_plural { HINT_PLURAL_PLAIN, HINT_PLURAL_RUSSIAN, HINT_PLURAL_ARABIC };

struct hint_language {
    const char *name; /* BCP 47 */
    enum hint_plural plural;
    bool is_rtl;
    const char *sentences[HINT_SENTENCES];
    const char *phrases[HINT_LISTS][HINT_NOUNS][HINT_FORMS]; /* NULL for forms that it has not */
};

/* English first; NULL, or a name of NULL, ends them. */
extern const struct hint_language hint_languages[];
extern const char *const hint_language_names[];

#endif
