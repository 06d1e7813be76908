/* Every bound of the system, as constants: LIMIT_FRAME_BYTES_MAX and so on. See limits.def. */
#ifndef UNSAY_BASE_LIMITS_H
#define UNSAY_BASE_LIMITS_H

enum {
#define LIMIT(name, value, unit, meaning) LIMIT_##name = (value),
#include "base/limits.def"
#undef LIMIT
};

#endif
