/* What a client told its application, one line a callback:
 *
 *   connection ONLINE                 event 3 message normal hello    recalled 3 by bob
 *   connection OFFLINE unreachable    event 4 recall 3                accepted 5
 */
#ifndef UNSAY_TESTS_CLIENT_TRACE_H
#define UNSAY_TESTS_CLIENT_TRACE_H

#include "unsay/conversation.h"
#include "unsay/levels.h"
#include "unsay/reading.h"
#include "unsay/unsay.h"

#include <pthread.h>

struct trace {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    char *text;
    size_t text_bytes;
    struct unsay *client; /* set by the test, for what its callbacks do; as the server */
    struct fake_server *server;
};

void trace_init(struct trace *trace);
void trace_fini(struct trace *trace);

/* Callbacks whose context is the trace. */
extern const struct unsay_callbacks trace_callbacks;
unsay_recall_fn trace_recall;
unsay_opened_fn trace_opened;
unsay_history_fn trace_history;
unsay_receipts_fn trace_receipts;
unsay_privacy_fn trace_privacy;
unsay_places_fn trace_places;
unsay_outbox_fn trace_outbox;

/* Writes a line. */
__attribute__((format(printf, 2, 3))) void trace_add(struct trace *trace, const char *format, ...);

/* Waits until the line, or lines, were written `times` times; fails after 20 seconds. */
void trace_wait(struct trace *trace, const char *lines, size_t times);

size_t trace_count(struct trace *trace, const char *lines);

/* Fails unless the first of `a` stands before the first of `b`. */
void trace_assert_order(struct trace *trace, const char *a, const char *b);

#endif
