/* UTF-8 (RFC 3629). */
#ifndef UNSAY_BASE_UTF8_H
#define UNSAY_BASE_UTF8_H

#include "base/view.h"

/* True when the bytes are UTF-8: no overlong form, no surrogate, nothing beyond U+10FFFF. */
bool utf8_is_valid(struct view text);

#endif
