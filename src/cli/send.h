/* What `send` shares between one message and a stream of lines. */
#ifndef UNSAY_CLI_SEND_H
#define UNSAY_CLI_SEND_H

#include "base/list.h"
#include "cli/output.h"
#include "cli/session.h"

/* What became of a message; the hook makes them, send_take hands them out. */
struct send_note {
    struct list node;
    uint8_t message_id[16];
    enum unsay_send_state state; /* ACCEPTED or FAILED */
    uint32_t origin;
    uint64_t seq;
    uint64_t time_ms;
    bool is_recalled;
    enum unsay_result result; /* when FAILED, as what follows */
    char refusal[64];
    char text[SESSION_TEXT_BYTES];
};

struct send {
    struct session *session;
    struct list notes; /* guarded by the session's lock; owned */
    const char *conversation;
    uint64_t first_line;
    bool has_progress;
    uint64_t quote_seq; /* 0: none */
    const char *mentions[LIMIT_MENTIONS_MAX];
    size_t mention_count;
    struct unsay_source source; /* seq 0: nothing is forwarded */
    char source_conversation[LIMIT_CONVERSATION_ID_BYTES_MAX + 1];
};

/* The next note, which the caller frees; NULL when there is none. */
struct send_note *send_take(struct send *send);

/* As --json prints what was accepted. */
void send_print_accepted(const struct send *send, const struct send_note *note, struct view body);

/* Every line of standard input is a message; returns the exit status. */
int send_stream(struct send *send);

#endif
