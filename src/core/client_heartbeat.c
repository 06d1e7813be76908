#include "core/client_heartbeat.h"

#include "base/limits.h"

enum { CLIENT_HEARTBEAT_MS_MIN = 100, CLIENT_HEARTBEAT_MS_MAX = 600000 };

static uint32_t heartbeat_between(uint32_t value, uint32_t min, uint32_t max)
{
    if (value < min)
        value = min;
    return value < max ? value : max;
}

static uint32_t heartbeat_less(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

void client_heartbeat_init(struct client_heartbeat *heartbeat, uint32_t min_ms, uint32_t max_ms)
{
    min_ms = heartbeat_between(min_ms, CLIENT_HEARTBEAT_MS_MIN, CLIENT_HEARTBEAT_MS_MAX);
    *heartbeat = (struct client_heartbeat){
        .min_ms = min_ms,
        .max_ms = heartbeat_between(max_ms, min_ms, CLIENT_HEARTBEAT_MS_MAX),
        .due_ms = UINT64_MAX,
    };
    client_heartbeat_forget(heartbeat);
}

void client_heartbeat_forget(struct client_heartbeat *heartbeat)
{
    heartbeat->interval_ms =
        heartbeat_between(LIMIT_HEARTBEAT_INTERVAL_MS, heartbeat->min_ms, heartbeat->max_ms);
    heartbeat->ceiling_ms = UINT32_MAX;
    heartbeat->held = 0;
}

uint32_t client_heartbeat_interval_ms(const struct client_heartbeat *heartbeat)
{
    return heartbeat_less(heartbeat->interval_ms, heartbeat->granted_ms);
}

void client_heartbeat_begin(struct client_heartbeat *heartbeat, uint32_t granted_ms,
                            uint64_t now_ms)
{
    if (granted_ms == 0)
        granted_ms = LIMIT_HEARTBEAT_INTERVAL_MS;
    heartbeat->granted_ms =
        heartbeat_between(granted_ms, CLIENT_HEARTBEAT_MS_MIN, CLIENT_HEARTBEAT_MS_MAX);
    heartbeat->held = 0;
    heartbeat->unanswered = 0;
    heartbeat->due_ms = now_ms + client_heartbeat_interval_ms(heartbeat);
}

void client_heartbeat_end(struct client_heartbeat *heartbeat)
{
    heartbeat->due_ms = UINT64_MAX;
}

void client_heartbeat_lost(struct client_heartbeat *heartbeat)
{
    uint32_t interval_ms = client_heartbeat_interval_ms(heartbeat);
    if (heartbeat->due_ms == UINT64_MAX)
        return;
    if (heartbeat->unanswered > 0)
        heartbeat->ceiling_ms = interval_ms;
    heartbeat->interval_ms =
        heartbeat_between(interval_ms / 2, heartbeat->min_ms, heartbeat->max_ms);
    heartbeat->held = 0;
}

/* An answer came at this interval: once more, and perhaps a longer one is tried. */
static void heartbeat_hold(struct client_heartbeat *heartbeat)
{
    uint32_t longer_ms = heartbeat->interval_ms + heartbeat->interval_ms / 2;
    bool is_capped = longer_ms > heartbeat->ceiling_ms - heartbeat->ceiling_ms / 4;
    heartbeat->held++;
    if (is_capped && heartbeat->held >= CLIENT_HEARTBEATS_HELD_AT_CEILING)
        heartbeat->ceiling_ms = UINT32_MAX;
    else if (is_capped || heartbeat->held < CLIENT_HEARTBEATS_HELD ||
             heartbeat->interval_ms >= heartbeat_less(heartbeat->max_ms, heartbeat->granted_ms))
        return;
    heartbeat->held = 0;
    heartbeat->interval_ms = heartbeat_less(longer_ms, heartbeat->max_ms);
}

void client_heartbeat_heard(struct client_heartbeat *heartbeat, uint64_t now_ms)
{
    if (heartbeat->unanswered == 0 || heartbeat->due_ms == UINT64_MAX)
        return;
    heartbeat->unanswered = 0;
    heartbeat_hold(heartbeat);
    heartbeat->due_ms = now_ms + client_heartbeat_interval_ms(heartbeat);
}

enum client_beat client_heartbeat_tick(struct client_heartbeat *heartbeat, uint64_t now_ms)
{
    if (now_ms < heartbeat->due_ms)
        return CLIENT_BEAT_NONE;
    if (heartbeat->unanswered == 2)
        return CLIENT_BEAT_DEAD;
    heartbeat->unanswered++;
    heartbeat->due_ms =
        now_ms + heartbeat_less(heartbeat->min_ms, client_heartbeat_interval_ms(heartbeat) / 2);
    return CLIENT_BEAT_SEND;
}
