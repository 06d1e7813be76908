/* The effects of the client's rules: two lists in one arena, what must be durable and what follows
 * the commit. What was taken is lent until the next input, which begins anew. */
#ifndef UNSAY_CORE_CLIENT_EFFECTS_H
#define UNSAY_CORE_CLIENT_EFFECTS_H

#include "core/client.h"

struct client_effect_list {
    struct client_effect *first;
    struct client_effect **end; /* where the next one is linked */
};

struct client_effects {
    struct arena arena; /* effects, decoded frames and copies, until the next input after a take */
    struct client_effect_list durable;
    struct client_effect_list following;
    struct client_effect *lent; /* taken by the shell */
    bool is_taken;
};

void client_effects_init(struct client_effects *effects);
void client_effects_fini(struct client_effects *effects);

/* An input comes: what was taken is no longer lent. */
void client_effects_begin(struct client_effects *effects);

/* The next effect of its group; zero but for `kind`, filled in by the caller. */
struct client_effect *client_effects_add(struct client_effects *effects,
                                         enum client_effect_kind kind);

/* A copy that lives as long as the effects; ends in NUL. */
const char *client_effects_text(struct client_effects *effects, const char *text);

/* Both groups, the durable one first; NULL when there is nothing. */
const struct client_effect *client_effects_take(struct client_effects *effects);

#endif
