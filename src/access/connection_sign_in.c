/* Who it is: the first frame of a connection, and whether a session comes of it. */
#include "access/connection_internal.h"

#include "access/hello.h"
#include "access/peer.h"
#include "access/ticket.h"
#include "core/heartbeat.h"

#include <stdlib.h>

/* False: it was told to come back. */
static bool connection_is_admitted(struct connection *connection, uint64_t request)
{
    struct connections *owner = connection->owner;
    uint64_t now_ms = uv_now(owner->loop);
    refusal_code refusal = REFUSAL_CODE(TOO_MANY_CONNECTIONS);
    const char *detail = "";
    uint32_t pause_ms;
    if (atomic_load(&owner->counts->open) > owner->settings->connections_max) {
        pause_ms = admission_postpone(&owner->admission, now_ms);
    } else {
        refusal = REFUSAL_CODE(OVERLOADED);
        detail = "hello: many clients sign in now; come back when retry_after_ms is over";
        pause_ms = admission_ask(&owner->admission, now_ms);
    }
    if (pause_ms == 0)
        return true;
    atomic_fetch_add(&owner->counts->postponed, 1);
    connection_refuse_until(connection, request, refusal, detail, pause_ms);
    return false;
}

/* Who it is, by ticket or else by token; `login` 0 for the latter. */
static refusal_code connection_identify(const struct connection_settings *settings,
                                        const wire_hello *hello, uint64_t now_ms,
                                        struct ticket *ticket, const char **reason)
{
    enum identity_verdict verdict;
    *reason = "ticket: this server knows none; sign in with the token";
    if (hello->ticket.len > 0) {
        if (settings->ticket_key == NULL)
            return REFUSAL_CODE(TICKET_INVALID);
        verdict = ticket_open(settings->ticket_key, &settings->store, bytes_view(hello->ticket),
                              now_ms, ticket, reason);
        if (verdict == IDENTITY_EXPIRED)
            return REFUSAL_CODE(TICKET_EXPIRED);
        return verdict == IDENTITY_VALID ? REFUSAL_NONE : REFUSAL_CODE(TICKET_INVALID);
    }
    ticket->login = 0;
    verdict =
        identity_verify(settings->keys, view_of(hello->token), now_ms, &ticket->identity, reason);
    if (verdict == IDENTITY_EXPIRED)
        return REFUSAL_CODE(TOKEN_EXPIRED);
    return verdict == IDENTITY_VALID ? REFUSAL_NONE : REFUSAL_CODE(TOKEN_INVALID);
}

void connection_sign_in(struct connection *connection, const wire_client_frame *frame,
                        uint64_t now_ms)
{
    struct connections *owner = connection->owner;
    if (frame->body_case != CLIENT_FRAME(HELLO)) {
        connection_refuse(connection, frame->request, REFUSAL_CODE(HELLO_EXPECTED), "");
        return;
    }
    if (!connection_is_admitted(connection, frame->request))
        return;
    const char *reason;
    refusal_code refusal = hello_check(frame->hello, &reason);
    if (refusal != REFUSAL_NONE) {
        connection_refuse(connection, frame->request, refusal, reason);
        return;
    }
    struct ticket ticket;
    refusal = connection_identify(owner->settings, frame->hello, now_ms, &ticket, &reason);
    if (refusal != REFUSAL_NONE) {
        connection_refuse(connection, frame->request, refusal, reason);
        return;
    }
    atomic_fetch_sub(&owner->counts->unauthenticated, 1);
    atomic_fetch_add(&owner->counts->signed_in[connection_transport(connection)], 1);
    connection->heartbeat_ms =
        heartbeat_granted_ms(frame->hello->heartbeat_ms, owner->settings->heartbeat_interval_ms,
                             owner->settings->heartbeat_max_ms);
    struct peer_arrival arrival = {.identity = &ticket.identity,
                                   .hello = frame->hello,
                                   .address = connection->address,
                                   .request = frame->request,
                                   .login = ticket.login,
                                   .heartbeat_ms = connection->heartbeat_ms};
    connection->session = peer_signed_in(owner->peer, connection, &arrival);
    free(connection->address);
    connection->address = NULL;
}
