/* The server's end. The first byte says how the rest is cut; the cut must not change anything. */
#include "fuzz.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct view input = view_make(data + 1, size - 1);
    struct transport *whole = transport_new_server(NULL);
    struct transport *cut = transport_new_server(NULL);
    struct fuzz_outcome expected = fuzz_receive(whole, input, 0);
    struct fuzz_outcome outcome = fuzz_receive(cut, input, data[0] % 16 + (size_t)1);
    assert(outcome.status == expected.status);
    assert(view_equal(buffer_view(&outcome.frames), buffer_view(&expected.frames)));
    assert(view_equal(buffer_view(&outcome.out), buffer_view(&expected.out)));
    fuzz_outcome_fini(&expected);
    fuzz_outcome_fini(&outcome);
    transport_free(whole);
    transport_free(cut);
    return 0;
}
