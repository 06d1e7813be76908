/* The client's rules from within: one structure, a part for each idea, each part in its own file.
 * Every part has the same few doors: _stop when the connection is lost, _tick when time passes, and
 * _wake_ms, the earliest time at which _tick may have something to do (possibly too early, never
 * too late), so that a frame costs no scan. */
#ifndef UNSAY_CORE_CLIENT_CORE_H
#define UNSAY_CORE_CLIENT_CORE_H

#include "core/client_acks.h"
#include "core/client_connection.h"
#include "core/client_conversations.h"
#include "core/client_effects.h"
#include "core/client_outbox.h"
#include "core/client_progress.h"
#include "core/client_requests.h"
#include "core/client_sync.h"

#define CLIENT_NEVER UINT64_MAX

enum { CLIENT_RETRY_AFTER_MAX_MS = 600000 }; /* what is honoured of Error.retry_after_ms */

struct client_core {
    struct client_config config; /* token, name and device_key: owned below */
    char *token;
    uint8_t *ticket; /* owned; NULL: none */
    size_t ticket_bytes;
    bool is_caught_up; /* everything that the server had was stored, once, of this store */
    char *name;
    uint8_t *device_key;
    struct uuid store; /* whose log the cursors are of; zero: not known */
    bool is_started;
    bool is_synced;   /* everything was in step once */
    uint64_t now_ms;  /* of the current input; never goes back */
    uint64_t wake_ms; /* asked for by CLIENT_WAKE_AT */
    uint64_t counter; /* of request numbers */
    struct prng prng;
    struct client_effects effects;
    struct client_connection connection;
    struct client_conversations conversations;
    struct client_sync sync;
    struct client_acks acks;
    struct client_progress progress;
    struct client_outbox outbox;
    struct client_requests requests;
};

/* Request numbers tell whom the answer is for: counter, slot (10 bits), kind (2 bits). A number's
 * counter is larger than that of any earlier one. */
enum client_request_kind {
    CLIENT_REQUEST_CONTROL,
    CLIENT_REQUEST_SEND,
    CLIENT_REQUEST_SYNC,
    CLIENT_REQUEST_APPLICATION
};

enum { CLIENT_SLOTS_MAX = 1024 };

/* Of CLIENT_REQUEST_SYNC; those below are for pages of the log. */
enum { CLIENT_LIST_SLOT = CLIENT_PAGES_MAX, CLIENT_PROGRESS_SLOT };

uint64_t client_request_number(struct client_core *core, enum client_request_kind kind,
                               uint32_t slot);

static inline enum client_request_kind client_request_kind(uint64_t request)
{
    return (enum client_request_kind)(request & 3);
}

static inline uint32_t client_request_slot(uint64_t request)
{
    return (uint32_t)(request >> 2) % CLIENT_SLOTS_MAX;
}

/* Queues CLIENT_TRANSMIT. */
void client_transmit(struct client_core *core, const wire_client_frame *frame);

/* As above, and takes over the caller's hold of `frame`. */
void client_transmit_blob(struct client_core *core, struct blob *frame);

bool client_error_is_retryable(const wire_error *error);

/* When to try again after `error`: `delay_ms` from now, or later where the server asks for it. */
uint64_t client_error_retry_ms(const struct client_core *core, const wire_error *error,
                               uint32_t delay_ms);

static inline uint64_t client_earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

#endif
