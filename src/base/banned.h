/* Forced into every translation unit by the build: string functions that cannot be used safely
 * do not compile here. */
#ifndef UNSAY_BASE_BANNED_H
#define UNSAY_BASE_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#pragma GCC poison strcpy strcat sprintf vsprintf gets strtok atoi atol atoll

#endif
