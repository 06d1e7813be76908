/* The closed list of answers that say no: see refusal.def. */
#ifndef UNSAY_CORE_REFUSAL_H
#define UNSAY_CORE_REFUSAL_H

#include "base/blob.h"
#include "core/contract.h"

typedef Unsay__V1__ErrorCode refusal_code;

/* REFUSAL_CODE(WINDOW_CLOSED); REFUSAL_NONE is 0. */
#define REFUSAL_CODE(name) WIRE(ERROR_CODE, name)
#define REFUSAL_NONE REFUSAL_CODE(UNSPECIFIED)

/* The stable name ("window_closed"); "" for REFUSAL_NONE, "unknown" for a code of a later version.
 */
const char *refusal_name(refusal_code code);

/* An English sentence for people; never NULL. */
const char *refusal_text(refusal_code code);

/* The code of a stable name; false when there is none. */
bool refusal_parse(const char *name, refusal_code *code);

/* The same request may be answered otherwise later. */
bool refusal_is_retryable(refusal_code code);

/* An Error frame for a request (0: news); the caller holds it. An empty `detail` stands for the
 * code's text; `retry_after_ms` 0 is no hint. */
struct blob *refusal_frame(uint64_t request, refusal_code code, const char *detail, bool closing,
                           uint32_t retry_after_ms);

#endif
