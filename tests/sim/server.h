/* The server of the simulation: the real workers and the real store, driven the way the server's
 * threads and sockets do it, and shell.h for them. Commits and mail take their time; a crash leaves
 * nothing but the store. */
#ifndef UNSAY_SIM_SERVER_H
#define UNSAY_SIM_SERVER_H

#include "core/admission.h"
#include "profile.h"
#include "routing/worker.h"

struct world;
struct link;

enum { COMMITS_MAX = SIM_WORKERS_MAX };

/* Mail on its way from one worker, and from the committer in its name, to another. */
struct mails {
    struct mail *items; /* a queue; owned */
    size_t first;
    size_t end;
    size_t capacity;
    uint64_t last_ms;
};

struct shell {
    struct world *world;
    struct worker worker;
    struct admission admission;
    bool is_in_turn;
    uint64_t seen_group; /* for watch_decided */
    const struct change *seen;
    unsigned policy; /* in force at this worker, as the watchers saw it come */
};

struct server {
    struct store *store;
    bool is_up;
    uint64_t generation;
    uint64_t died_ms; /* true time, the last time */
    uint64_t steady_base_ms;
    uint64_t wall_base_ms;
    uint64_t wall_base_max_ms; /* the latest that it was */
    struct shell shells[SIM_WORKERS_MAX];
    struct mails mails[SIM_WORKERS_MAX][SIM_WORKERS_MAX]; /* from, to */
    struct group *commits[COMMITS_MAX];
    size_t commit_count;
    unsigned policy;    /* in the file */
    bool is_failing;    /* the store, for some commits */
    struct blob *stale; /* only by mutation: an old frame and its message, or an old event */
    uint32_t stale_message;
};

void server_init(struct world *world);
void server_fini(struct world *world);

void server_start(struct world *world);
void server_crash(struct world *world);
uint64_t server_wall_ms(const struct world *world);
void server_jump_clock(struct world *world);

/* Another policy stands in the file; the operating system's signal makes the server read it. */
void server_change_policy(struct world *world);
void server_signal(struct world *world);

void server_accept(struct world *world, struct link *link);
void server_frame(struct world *world, struct link *link, struct view frame);
void server_eof(struct world *world, struct link *link);

/* The connection has room again. */
void server_writable(struct world *world, struct link *link);

void server_mail(struct world *world, uint32_t route);
void server_turn_end(struct world *world, unsigned worker);
void server_commit(struct world *world);
void server_tick(struct world *world);

bool server_is_idle(const struct world *world);

/* ---- Between the parts of the server ---- */

/* Every input of a worker stands between these two. A turn mostly ends with its input; some gather
 * several. */
struct shell *server_begin_turn(struct world *world, unsigned worker);
void server_may_end_turn(struct shell *shell);

void server_post(struct world *world, unsigned from, unsigned to, struct mail mail);

/* The connection's session ends with it. */
void server_close(struct world *world, struct link *link);

#endif
