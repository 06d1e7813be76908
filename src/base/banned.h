/* Forced into every translation unit by the build: string functions that cannot be used safely
 * do not compile here. */
#ifndef UNSAY_BASE_BANNED_H
#define UNSAY_BASE_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* With _FORTIFY_SOURCE some are macros, for clang. */
#undef sprintf
#undef vsprintf
#pragma GCC poison strcpy strcat sprintf vsprintf gets strtok atoi atol atoll

#endif
