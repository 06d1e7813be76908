/* What one device of the load generator says and hears once its conversation is open. */
#ifndef UNSAY_CLI_BENCH_TRAFFIC_H
#define UNSAY_CLI_BENCH_TRAFFIC_H

#include "cli/bench_load.h"

/* The high byte of a request number says what was asked. */
enum request_kind { REQUEST_SEND = 1, REQUEST_RECALL, REQUEST_READ, REQUEST_ACK, REQUEST_ASK };

enum { REQUEST_KIND_SHIFT = 56 };

static inline uint64_t request_make(enum request_kind kind, uint64_t number)
{
    return (uint64_t)kind << REQUEST_KIND_SHIFT | number;
}

void traffic_say(struct load_client *client, const wire_client_frame *frame);

/* Sends what the mode and the window allow. */
void traffic_pump(struct load_client *client);

/* Takes back the next targets, one request; its latency counts from `due_ns`. */
void traffic_recall(struct load_client *client, uint64_t due_ns);

/* Acknowledges what is new, keeps the connection alive, sends again what was postponed. */
void traffic_tick(struct load_client *client);

/* Any frame but Welcome and Opened. */
void traffic_take(struct load_client *client, const wire_server_frame *frame);

#endif
