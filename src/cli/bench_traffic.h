/* What one device of the load generator says and hears once its conversation is open. */
#ifndef UNSAY_CLI_BENCH_TRAFFIC_H
#define UNSAY_CLI_BENCH_TRAFFIC_H

#include "cli/bench_load.h"

/* Sends what the mode and the window allow. */
void traffic_pump(struct load_client *client);

/* Acknowledges what is new, keeps the connection alive, sends again what was postponed. */
void traffic_tick(struct load_client *client);

/* Any frame but Welcome and Opened. */
void traffic_take(struct load_client *client, const wire_server_frame *frame);

#endif
