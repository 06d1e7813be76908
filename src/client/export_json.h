/* Events and outgoing messages as JSON objects: docs/sdk.md, "Export". */
#ifndef UNSAY_CLIENT_EXPORT_JSON_H
#define UNSAY_CLIENT_EXPORT_JSON_H

#include "unsay/unsay.h"

#include <jansson.h>

/* The caller's. */
json_t *export_event(const struct unsay_event *event);
json_t *export_outgoing(const struct unsay_waiting *waiting);

#endif
