/* The client's end of a WebSocket. The first byte says how the rest is cut, and with its highest
 * bit that the server's answer to the upgrade comes before it. */
#include "fuzz.h"

#include <assert.h>

/* To the key of 16 zero bytes. */
static const char answer[] = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                             "Connection: Upgrade\r\n"
                             "Sec-WebSocket-Accept: ICX+Yqv66kxgM0FcWaLWlFLwTAI=\r\n\r\n";

static struct fuzz_outcome run(struct view input, bool has_answer, size_t piece_bytes)
{
    static const uint8_t random[16];
    const struct transport_target target = {.host = "chat.test", .is_websocket = true};
    struct transport *transport = transport_new_client(&target, NULL, random);
    if (has_answer) {
        struct fuzz_outcome opening = fuzz_receive(transport, view_of(answer), 0);
        assert(opening.status == STATUS_OK && transport_is_ready(transport));
        fuzz_outcome_fini(&opening);
    }
    struct fuzz_outcome outcome = fuzz_receive(transport, input, piece_bytes);
    transport_free(transport);
    return outcome;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct view input = view_make(data + 1, size - 1);
    bool has_answer = (data[0] & 0x80) != 0;
    struct fuzz_outcome expected = run(input, has_answer, 0);
    struct fuzz_outcome outcome = run(input, has_answer, data[0] % 16 + (size_t)1);
    assert(outcome.status == expected.status);
    assert(view_equal(buffer_view(&outcome.frames), buffer_view(&expected.frames)));
    /* Masking keys are random. */
    assert(buffer_size(&outcome.out) == buffer_size(&expected.out));
    fuzz_outcome_fini(&expected);
    fuzz_outcome_fini(&outcome);
    return 0;
}
