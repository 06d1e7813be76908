/* What a client says first, apart from who it is. */
#ifndef UNSAY_ACCESS_HELLO_H
#define UNSAY_ACCESS_HELLO_H

#include "core/refusal.h"

enum { HELLO_DEVICE_KEY_BYTES = 32 };

/* REFUSAL_NONE, or what this server does not take; *detail (static text) says more. */
refusal_code hello_check(const wire_hello *hello, const char **detail);

#endif
