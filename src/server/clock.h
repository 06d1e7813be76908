/* The server's clock, and how far it may be off, as the kernel knows it from whatever disciplines
 * the clock (NTP, PTP, a hypervisor). Many containers and virtual machines say "not synchronised"
 * although their host keeps the time; so the policy decides by the clock as it is unless it says
 * otherwise, and the state is shown. */
#ifndef UNSAY_SERVER_CLOCK_H
#define UNSAY_SERVER_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/timex.h>

struct clock_health {
    bool is_known;            /* the kernel tells its state */
    bool is_synchronised;     /* something disciplines the clock, and did so lately */
    uint64_t error_ms_max;    /* the clock is off by no more, rounded up; UINT64_MAX: not known */
    uint64_t error_ms_likely; /* the estimate, rounded up; UINT64_MAX: not known */
};

/* Unix milliseconds. */
uint64_t clock_wall_ms(void);

/* Asks the kernel. */
struct clock_health clock_health_read(void);

/* What adjtimex(2) meant with `result` and `state`. */
struct clock_health clock_health_of(int result, const struct timex *state);

/* The clock may be off by more than that: not synchronised, not known, or a larger error. */
bool clock_health_is_unsure(const struct clock_health *health, uint64_t error_max_ms);

#endif
