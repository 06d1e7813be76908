#include "server/clock.h"

#include <time.h>

static uint64_t clock_ms_of_us(long us)
{
    return us < 0 ? UINT64_MAX : ((uint64_t)us + 999) / 1000;
}

uint64_t clock_wall_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

struct clock_health clock_health_of(int result, const struct timex *state)
{
    if (result < 0)
        return (struct clock_health){.error_ms_max = UINT64_MAX, .error_ms_likely = UINT64_MAX};
    return (struct clock_health){
        .is_known = true,
        .is_synchronised = result != TIME_ERROR && (state->status & STA_UNSYNC) == 0,
        .error_ms_max = clock_ms_of_us(state->maxerror),
        .error_ms_likely = clock_ms_of_us(state->esterror),
    };
}

struct clock_health clock_health_read(void)
{
    struct timex state = {.modes = 0};
    int result = adjtimex(&state);
    return clock_health_of(result, &state);
}

bool clock_health_is_unsure(const struct clock_health *health, uint64_t error_max_ms)
{
    return !health->is_synchronised || health->error_ms_max > error_max_ms;
}
