#include "api/repeats.h"

#include <string.h>

bool repeats_agree(struct repeats *repeats, const uint8_t identity[REPEAT_HASH_BYTES],
                   const uint8_t request[REPEAT_HASH_BYTES])
{
    unsigned place = (unsigned)(identity[0] | identity[1] << 8) % LIMIT_API_REPEATS_MAX;
    struct repeat *repeat = &repeats->repeats[place];
    if (memcmp(repeat->identity, identity, REPEAT_HASH_BYTES) == 0)
        return memcmp(repeat->request, request, REPEAT_HASH_BYTES) == 0;
    memcpy(repeat->identity, identity, REPEAT_HASH_BYTES);
    memcpy(repeat->request, request, REPEAT_HASH_BYTES);
    return true;
}
