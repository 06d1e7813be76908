#include "base/status.h"

#include <stdarg.h>
#include <stdio.h>

const char *status_text(enum status status)
{
    switch (status) {
#define STATUS(name, text) \
    case STATUS_##name:    \
        return text;
#include "base/status.def"
#undef STATUS
    }
    return "unknown failure";
}

enum status failure_set(struct failure *failure, enum status status, const char *format, ...)
{
    if (failure != NULL) {
        va_list arguments;
        va_start(arguments, format);
        failure->status = status;
        vsnprintf(failure->text, sizeof(failure->text), format, arguments);
        va_end(arguments);
    }
    return status;
}
