/* Receipts: the device's word that a recall is applied. The core says when one is due, which is
 * after the transaction that overwrote the body; here the older pages in the write-ahead log go
 * too, the files that went with messages are gone, and only then is it signed. */
#include "client/loop_internal.h"

#include "core/frame.h"
#include "core/receipt.h"

#include <sodium.h>

enum status loop_load_key(struct loop *loop, struct view *public_key)
{
    enum status status = database_key(loop->client->database, loop->key);
    *public_key = view_make(loop->key + crypto_sign_SEEDBYTES, crypto_sign_PUBLICKEYBYTES);
    return status;
}

static void loop_sign_cursor(struct loop *loop, const struct client_effect *effect,
                             wire_cursor *cursor)
{
    char text[RECEIPT_TEXT_BYTES_MAX];
    struct receipt receipt = {
        .store = effect->store,
        .conversation = cursor->conversation,
        .origin = cursor->origin,
        .user = loop->client->identity.user,
        .device = loop->client->identity.device,
        .stored = cursor->receipt->stored,
        .time_ms = client_wall_ms(),
    };
    struct view signed_text = receipt_text(&receipt, text);
    uint8_t *signature = arena_alloc(&loop->arena, crypto_sign_BYTES);
    crypto_sign_detached(signature, NULL, signed_text.data, signed_text.size, loop->key);
    cursor->receipt->time_ms = receipt.time_ms;
    cursor->receipt->signature = bytes_of(view_make(signature, crypto_sign_BYTES));
}

/* A conversation of which a file could not be removed is left out, until it is. */
static void loop_withhold(struct loop *loop, wire_ack *ack)
{
    size_t count = 0;
    for (size_t i = 0; i < ack->n_cursors; i++) {
        bool is_due =
            ack->cursors[i]->receipt != NULL &&
            database_has_due_of(loop->client->database, view_of(ack->cursors[i]->conversation));
        if (!is_due)
            ack->cursors[count++] = ack->cursors[i];
    }
    ack->n_cursors = count;
}

void loop_sign(struct loop *loop, const struct client_effect *effect)
{
    struct database *database = loop->client->database;
    if (loop->link == NULL ||
        (database_needs_scrub(database) && database_scrub(database) != STATUS_OK))
        return;
    loop_withhold(loop, effect->ack);
    if (effect->draft->body_case == CLIENT_FRAME(ACK) && effect->ack->n_cursors == 0 &&
        effect->ack->n_notices == 0)
        return;
    for (size_t i = 0; i < effect->ack->n_cursors; i++) {
        if (effect->ack->cursors[i]->receipt != NULL)
            loop_sign_cursor(loop, effect, effect->ack->cursors[i]);
    }
    struct blob *frame = frame_from_client(effect->draft);
    link_send(loop->link, blob_view(frame));
    blob_release(frame);
}
