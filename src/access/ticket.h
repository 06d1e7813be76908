/* Tickets: what brings a device back over another network without its token. A ticket is sealed
 * (XChaCha20-Poly1305) under a key of the server's data directory, so it outlives a restart; it is
 * bound to the store, user, device and authority, and to the sign-in by token that it continues. It
 * ends with its own time or with the token's, whichever comes first. That a later sign-in took its
 * place is for routing to see (routing/owner_device.h). To a client it is opaque. */
#ifndef UNSAY_ACCESS_TICKET_H
#define UNSAY_ACCESS_TICKET_H

#include "access/identity.h"
#include "base/uuid.h"

enum { TICKET_KEY_BYTES = IDENTITY_TICKET_KEY_BYTES, TICKET_BYTES_MAX = 256 };

struct ticket {
    struct identity identity; /* as the token said, its expiry too */
    uint64_t login;           /* the sign-in, not 0 */
    uint64_t expires_ms;      /* Unix milliseconds */
};

/* Returns the ticket's size. */
size_t ticket_seal(const uint8_t key[TICKET_KEY_BYTES], const struct uuid *store,
                   const struct ticket *ticket, uint8_t bytes[TICKET_BYTES_MAX]);

/* `reason` (never NULL on return, static text) says in English what is wrong when not valid. */
enum identity_verdict ticket_open(const uint8_t key[TICKET_KEY_BYTES], const struct uuid *store,
                                  struct view bytes, uint64_t now_ms, struct ticket *ticket,
                                  const char **reason);

#endif
