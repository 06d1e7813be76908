#include "profile.h"

static unsigned profile_rate(struct prng *prng, unsigned max)
{
    return prng_below(prng, 3) == 0 ? 0 : (unsigned)prng_below(prng, max + 1);
}

struct profile profile_draw(struct prng *prng)
{
    static const uint32_t heartbeats[] = {5000, 30000, 30000, 300000};
    static const uint32_t longest[] = {10000, 300000};
    static const uint64_t lives[] = {0, 20000, 3600000, 86400000, 86400000};
    static const uint32_t sign_ins[] = {0, 0, 1, 5};
    static const uint64_t pauses[] = {20, 200, 3000, 20000};
    static const uint64_t jumps[] = {0, 10000, 120000, 3600000};
    static const uint32_t receipts[] = {0, 2, 3, 32, 32};
    struct profile profile = {
        .users = 2 + (unsigned)prng_below(prng, USERS_MAX - 1),
        .workers = 1 + (unsigned)prng_below(prng, SIM_WORKERS_MAX),
        .actions = 60 + (unsigned)prng_below(prng, 100),
        .heartbeat_ms = heartbeats[prng_below(prng, 4)],
        .heartbeat_max_ms = longest[prng_below(prng, 2)],
        .ticket_life_ms = lives[prng_below(prng, 5)],
        .sign_ins_per_second = sign_ins[prng_below(prng, 4)],
        .storms = profile_rate(prng, 60),
        .pause_max_ms = pauses[prng_below(prng, 4)],
        .night = profile_rate(prng, 40),
        .commit_fails = profile_rate(prng, 60),
        .server_dies = profile_rate(prng, 40),
        .reloads = profile_rate(prng, 80),
        .device_dies = profile_rate(prng, 12),
        .link_cuts = profile_rate(prng, 12),
        .mailbox_full = profile_rate(prng, 100),
        .slow_links = profile_rate(prng, 100),
        .network_ms = 1 + prng_below(prng, prng_below(prng, 3) == 0 ? 2000 : 100),
        .commit_ms = 1 + prng_below(prng, prng_below(prng, 3) == 0 ? 1500 : 30),
        .mail_ms = 1 + prng_below(prng, prng_below(prng, 3) == 0 ? 800 : 5),
        .clock_jump_ms = jumps[prng_below(prng, 4)],
        .clock_jumps = profile_rate(prng, 40),
        .receipt_members = receipts[prng_below(prng, 5)],
        .hides_displayed = prng_below(prng, 8) == 0,
        .is_hostile = prng_below(prng, 4) == 0,
        .is_bulky = prng_below(prng, 25) == 0,
        .is_narrow = prng_below(prng, 5) == 0,
    };
    for (unsigned user = 0; user < profile.users; user++)
        profile.devices_of[user] = 1 + (unsigned)prng_below(prng, DEVICES_PER_USER_MAX);
    if (profile.is_narrow) {
        profile.actions *= 2;
        profile.pause_max_ms = 300;
        profile.mail_ms = 1500;
        profile.network_ms = 1000;
        profile.slow_links = 90;
        profile.workers = SIM_WORKERS_MAX;
        profile.commit_fails *= 3;
    }
    if (profile.is_hostile) {
        profile.frame_lost = profile_rate(prng, 30);
        profile.frame_doubled = profile_rate(prng, 60);
        profile.frame_swapped = profile_rate(prng, 60);
    }
    return profile;
}

void profile_draw_absence(struct profile *profile, struct prng *prng)
{
    static const uint64_t retentions[] = {1000, 20000, 120000, 1800000};
    profile->retention_ms = retentions[prng_below(prng, 4)];
    profile->late_devices = (unsigned)prng_below(prng, 60);
    profile->actions *= 2;
    profile->slow_links = 30 + (unsigned)prng_below(prng, 70);
    profile->night = 20 + (unsigned)prng_below(prng, 40);
    if (prng_below(prng, 3) == 0) {
        profile->departures = 20 + (unsigned)prng_below(prng, 20);
        profile->actions *= 3;
    }
}
