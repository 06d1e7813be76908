#include "access/ticket.h"

#include "core/ids.h"

#include <assert.h>
#include <sodium.h>

/* version, nonce, sealed { login, token's end, own end, authority, user, device }; numbers are
 * little-endian, an id is its size in one byte and its text */
enum {
    TICKET_VERSION = 1,
    TICKET_NONCE_BYTES = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
    TICKET_SEAL_BYTES = crypto_aead_xchacha20poly1305_ietf_ABYTES,
    TICKET_PLAIN_BYTES_MAX =
        3 * 8 + 1 + (1 + LIMIT_USER_ID_BYTES_MAX) + (1 + LIMIT_DEVICE_ID_BYTES_MAX),
    TICKET_HEAD_BYTES = 1 + TICKET_NONCE_BYTES
};

_Static_assert((int)TICKET_KEY_BYTES == (int)crypto_aead_xchacha20poly1305_ietf_KEYBYTES,
               "the cipher's key");
_Static_assert((int)TICKET_HEAD_BYTES + (int)TICKET_PLAIN_BYTES_MAX + (int)TICKET_SEAL_BYTES <=
                   (int)TICKET_BYTES_MAX,
               "a ticket fits");

static uint8_t *ticket_put_number(uint8_t *at, uint64_t number)
{
    for (int i = 0; i < 8; i++)
        *at++ = (uint8_t)(number >> 8 * i);
    return at;
}

static uint8_t *ticket_put_id(uint8_t *at, const char *id)
{
    struct view text = view_of(id);
    *at++ = (uint8_t)text.size;
    memcpy(at, text.data, text.size);
    return at + text.size;
}

size_t ticket_seal(const uint8_t key[TICKET_KEY_BYTES], const struct uuid *store,
                   const struct ticket *ticket, uint8_t bytes[TICKET_BYTES_MAX])
{
    uint8_t plain[TICKET_PLAIN_BYTES_MAX];
    uint8_t *end = ticket_put_number(plain, ticket->login);
    end = ticket_put_number(end, ticket->identity.expires_ms);
    end = ticket_put_number(end, ticket->expires_ms);
    *end++ = (uint8_t)ticket->identity.authority;
    end = ticket_put_id(end, ticket->identity.user);
    end = ticket_put_id(end, ticket->identity.device);

    bytes[0] = TICKET_VERSION;
    randombytes_buf(bytes + 1, TICKET_NONCE_BYTES);
    unsigned long long sealed_bytes;
    crypto_aead_xchacha20poly1305_ietf_encrypt(bytes + TICKET_HEAD_BYTES, &sealed_bytes, plain,
                                               (unsigned long long)(end - plain), store->bytes,
                                               UUID_BYTES, NULL, bytes + 1, key);
    return TICKET_HEAD_BYTES + (size_t)sealed_bytes;
}

static uint64_t ticket_take_number(struct view *from)
{
    uint64_t number = 0;
    for (int i = 0; i < 8; i++)
        number |= (uint64_t)from->data[i] << 8 * i;
    *from = view_make(from->data + 8, from->size - 8);
    return number;
}

static void ticket_take_id(struct view *from, char *id)
{
    size_t size = from->data[0];
    memcpy(id, from->data + 1, size);
    id[size] = 0;
    *from = view_make(from->data + 1 + size, from->size - 1 - size);
}

/* Whoever could seal it was this server, so what is inside has the form. */
static void ticket_read(struct view plain, struct ticket *ticket)
{
    ticket->login = ticket_take_number(&plain);
    ticket->identity.expires_ms = ticket_take_number(&plain);
    ticket->expires_ms = ticket_take_number(&plain);
    ticket->identity.authority = (Unsay__V1__Actor)plain.data[0];
    plain = view_make(plain.data + 1, plain.size - 1);
    ticket_take_id(&plain, ticket->identity.user);
    ticket_take_id(&plain, ticket->identity.device);
    assert(plain.size == 0);
}

enum identity_verdict ticket_open(const uint8_t key[TICKET_KEY_BYTES], const struct uuid *store,
                                  struct view bytes, uint64_t now_ms, struct ticket *ticket,
                                  const char **reason)
{
    uint8_t plain[TICKET_BYTES_MAX];
    unsigned long long plain_bytes;
    *ticket = (struct ticket){.login = 0};
    *reason = "ticket: not one of this server; sign in with the token";
    if (bytes.size < TICKET_HEAD_BYTES + TICKET_SEAL_BYTES || bytes.size > TICKET_BYTES_MAX ||
        bytes.data[0] != TICKET_VERSION ||
        crypto_aead_xchacha20poly1305_ietf_decrypt(
            plain, &plain_bytes, NULL, bytes.data + TICKET_HEAD_BYTES,
            bytes.size - TICKET_HEAD_BYTES, store->bytes, UUID_BYTES, bytes.data + 1, key) != 0)
        return IDENTITY_INVALID;
    ticket_read(view_make(plain, (size_t)plain_bytes), ticket);
    *reason = "ticket: it has expired; sign in with the token";
    if (now_ms >= ticket->expires_ms || now_ms >= ticket->identity.expires_ms)
        return IDENTITY_EXPIRED;
    *reason = "the ticket is valid";
    return IDENTITY_VALID;
}
