/* The HTTP/1.1 exchange that opens a WebSocket (RFC 6455, 4): one request head, one answer. Heads
 * are strict: lines end in CRLF, names are tokens, nothing is folded. */
#ifndef UNSAY_ACCESS_TRANSPORT_UPGRADE_H
#define UNSAY_ACCESS_TRANSPORT_UPGRADE_H

#include "base/buffer.h"
#include "base/status.h"

enum {
    UPGRADE_HEAD_BYTES_MAX = 8192, /* of a request or an answer, its empty line included */
    UPGRADE_RANDOM_BYTES = 16
};

/* The client's request. MALFORMED when host or path hold characters that a request cannot. */
MUST_CHECK enum status upgrade_request(const char *host, const char *path,
                                       const uint8_t random[UPGRADE_RANDOM_BYTES],
                                       struct buffer *out);

/* At the server: answers a whole request head. OK: 101 was appended and frames follow. MALFORMED:
 * an HTTP error that says what is wrong was appended. */
MUST_CHECK enum status upgrade_answer(struct view head, struct buffer *out,
                                      struct failure *failure);

/* At the server: refuses a head that is longer than UPGRADE_HEAD_BYTES_MAX or not HTTP. */
MUST_CHECK enum status upgrade_refuse(bool is_too_long, struct buffer *out,
                                      struct failure *failure);

/* At the client: OK when the whole answer head switches to WebSocket, as asked with `random`. */
MUST_CHECK enum status upgrade_check(struct view head, const uint8_t random[UPGRADE_RANDOM_BYTES],
                                     struct failure *failure);

#endif
