/* The audit log's files over HTTP: /v1/audit/checkpoint, /v1/audit/tile/..., /v1/audit/key. */
#ifndef UNSAY_API_AUDIT_H
#define UNSAY_API_AUDIT_H

#include "api/call.h"

/* The path is under /v1/audit/. */
bool api_is_audit(const char *path);

/* Answers with the file, or with what is wrong. */
void api_reply_audit(struct api_call *call);

#endif
