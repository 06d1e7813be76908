/* A script for the client's rules: the test plays the server and the clock, and reads what the
 * rules want done as lines of text, one an effect:
 *
 *   forget / store 7        STORE_FORGET, STORE_STORE (the last byte of its id)
 *   store a 1 message       STORE_EVENT ("message", "tombstone", "recall of 1", "other")
 *   fetch a 1 message       the same, is_older
 *   apply a 3 to 1          STORE_RECALL
 *   synced                  STORE_SYNCED
 *   skip a 2-9 / skipped a 2-9                      STORE_SKIP, SHOW_SKIPPED
 *   progress 2 of 9         SHOW_SYNCING, where the script shows it
 *   cursor a 3 shown 0      STORE_CURSOR
 *   conversation a          STORE_CONVERSATION
 *   listing a 3 / left a    STORE_LISTING (its version), STORE_LEFT
 *   accepted 1 at 5 / failed 1 not_a_member         STORE_ACCEPTED, STORE_FAILED
 *   connect / disconnect / link live                CONNECT, DISCONNECT, SHOW_LINK
 *   show a 1 message                                SHOW_EVENT
 *   sent 1 accepted / sent 1 failed not_a_member    SHOW_SEND
 *   answer 7 page of 2 / opened / recall / listing / timeout / not_a_member
 *   load after 0 count 256                          LOAD_OUTBOX
 *   places a 3 whole ann:3/2, moved ...             STORE_PROGRESS, SHOW_PROGRESS
 *   privacy hides server                            SHOW_PRIVACY
 *   > progress ""                                   only where the script says that it
 * shows_progress > hello | list "" | read a after 0 | send a 1 after 0 | ack a:3/0 !a:3 | heartbeat
 * ... | goodbye
 *                           ("a:3/0+": with a receipt, SIGN)
 *
 * Messages are named by the last byte of their id. */
#ifndef UNSAY_TESTS_CORE_TEST_CLIENT_SCRIPT_H
#define UNSAY_TESTS_CORE_TEST_CLIENT_SCRIPT_H

#include "core/client.h"
#include "core/refusal.h"

enum { SCRIPT_TRACE_BYTES = 65536, SCRIPT_REQUESTS_MAX = 4096, SCRIPT_ENTRIES_MAX = 16 };

struct script {
    struct client_core *core;
    struct arena arena; /* frames that the client sent */
    uint64_t now_ms;
    uint64_t wake_ms; /* 0: none asked for */
    char trace[SCRIPT_TRACE_BYTES];
    size_t trace_bytes;
    wire_client_frame *frames[SCRIPT_REQUESTS_MAX];
    size_t frame_count;
    uint64_t page_request; /* of the page that is being sent, and how many events it has */
    uint32_t page_count;
    bool shows_progress;
    struct view body; /* of what is offered; empty: "hello" */
};

/* cmocka's setup and teardown: *state is a fresh script. */
int script_setup(void **state);

/* The same for a device that was never in step, and wants 3 events of each conversation. */
int script_setup_new_device(void **state);
int script_teardown(void **state);

/* What the database knows about a conversation; before the start. */
void script_load(struct script *script, const char *conversation, uint64_t stored,
                 uint64_t displayed, uint64_t recalled);

/* Takes the effects; the trace since the last call must be `lines`, each ending in '\n'. */
void script_expect(struct script *script, const char *lines);

/* Takes the effects and forgets them. */
void script_skip(struct script *script);

/* Time passes, with a tick whenever the client asked for one. */
void script_pass(struct script *script, uint64_t ms);

/* Started, its outbox loaded, connected, and waiting for Welcome; the trace is empty. */
void script_connect(struct script *script);

/* As above, welcomed, with one conversation listed. */
void script_online(struct script *script, const char *conversation, uint64_t head);

/* The number of the client's latest request of this kind; of a Send with this message. */
uint64_t script_request(const struct script *script, Unsay__V1__ClientFrame__BodyCase body);
uint64_t script_send_request(const struct script *script, uint8_t id);

/* ---- The server says ---- */
void script_frame(struct script *script, uint64_t request, Unsay__V1__ServerFrame__BodyCase body,
                  void *message);
void script_welcome(struct script *script);

/* The network changes, and the core is welcome again over another link. */
void script_reconnect(struct script *script);

/* Welcome of the store with this last byte of its id; 0: all zeros. */
void script_welcome_of(struct script *script, uint8_t store);
void script_listed(struct script *script, const char *conversation, uint64_t head, bool more);

struct script_entry {
    const char *conversation;
    uint64_t head;
    uint64_t begin;
    uint64_t time;
};
void script_list(struct script *script, const struct script_entry *listed, size_t count, bool more);
void script_message(struct script *script, uint64_t request, const char *conversation,
                    uint64_t seq);
void script_recall(struct script *script, Unsay__V1__ServerFrame__BodyCase body, uint64_t request,
                   const char *conversation, uint64_t seq, uint64_t target);
void script_refresh(struct script *script, const char *conversation, uint64_t seq);

/* The tombstone stands at `tombstone`. */
void script_replace(struct script *script, const char *conversation, uint64_t seq, uint64_t target,
                    uint64_t tombstone);
void script_page_end(struct script *script, uint64_t request, const char *conversation,
                     uint64_t head, bool more);

struct script_page {
    uint64_t head;
    bool more;
    uint64_t next;
    uint64_t begin;
    uint32_t count; /* 0: as many events as were sent */
};
void script_page(struct script *script, uint64_t request, const char *conversation,
                 struct script_page page);
void script_accepted(struct script *script, uint64_t request, const char *conversation, uint8_t id,
                     uint64_t seq);
void script_confirmed(struct script *script, const char *conversation, uint64_t stored,
                      uint64_t displayed);
void script_error(struct script *script, uint64_t request, refusal_code code,
                  uint32_t retry_after_ms);
void script_closing(struct script *script, refusal_code code, uint32_t retry_after_ms);

/* ---- The application ---- */
bool script_offer(struct script *script, uint64_t number, const char *conversation, uint8_t id);

/* With these details, an encoded Send. */
bool script_offer_with(struct script *script, uint64_t number, const char *conversation, uint8_t id,
                       struct view detail, bool is_stale);

#endif
