/* What happens around the devices, and what must be the case. */
#include "scenario.h"

#include "base/memory.h"
#include "storage/store_memory.h"

#include <stdlib.h>

/* The word after the option, as a number in the list of names; 0 when it is not there. */
static int choice_option(const struct words *words, const char *option, const char *const *names)
{
    const char *word = option_of(words, option);
    if (word == NULL)
        return 0;
    for (int i = 0; names[i] != NULL; i++) {
        if (strcmp(names[i], word) == 0)
            return i;
    }
    fail("not a choice here", word);
}

/* What a device's Hello and token say besides its name. */
static void world_sign_in(struct device *device, const struct words *words)
{
    static const char *const follows[] = {"patch", "refresh", "replace", NULL};
    static const char *const roles[] = {"",       "self",  "owner",  "admin",      "moderator",
                                        "member", "guest", "system", "compliance", NULL};
    struct link *link = &device->link;
    const char *address = option_of(words, "from");
    const char *key = option_of(words, "key");
    link->follow = (Unsay__V1__Follow)choice_option(words, "follow", follows);
    link->authority = (Unsay__V1__Actor)choice_option(words, "as", roles);
    snprintf(device->address, sizeof(device->address), "%s", address == NULL ? "" : address);
    link->address = device->address;
    const char *ticket = option_of(words, "ticket");
    link->login = ticket == NULL ? 0 : find_device(ticket)->ticket;
    if (ticket != NULL && link->login == 0)
        fail("no ticket was given to", ticket);
    link->wants_news = false;
    for (size_t i = 1; i < words->count; i++)
        link->wants_news |= strcmp(words->words[i], "news") == 0;
    memset(device->key, '.', sizeof(device->key));
    if (key != NULL)
        memcpy(device->key, key, strnlen(key, sizeof(device->key)));
    link->device_key = view_make(device->key, key == NULL ? 0 : sizeof(device->key));
}

static void world_connect(const struct words *words)
{
    struct device *device = find_device(word_at(words, 0));
    uint64_t expires_s = number_option(words, "expires");
    uint64_t lifetime_ms = expires_s == 0 ? 100 * (uint64_t)CLUSTER_HOUR_MS : expires_s * 1000;
    if (device->link.session != NULL)
        fail("connected already; another connection needs another name, such as", "alice/phone#2");
    char name[65];
    snprintf(name, sizeof(name), "%.*s", (int)strcspn(strchr(device->name, '/') + 1, "#"),
             strchr(device->name, '/') + 1);
    world_sign_in(device, words);
    link_open(&device->link, &the.cluster, (unsigned)number_option(words, "on"), device->user, name,
              the.cluster.now.wall_ms + lifetime_ms);
}

static void world_disconnect(const struct words *words)
{
    link_close(&find_device(word_at(words, 0))->link);
}

static void world_slow(const struct words *words)
{
    find_device(word_at(words, 0))->link.is_slow = true;
}

static void world_resume(const struct words *words)
{
    struct link *link = &find_device(word_at(words, 0))->link;
    link->is_slow = false;
    link_pull(link, SIZE_MAX);
}

static void world_pull(const struct words *words)
{
    link_pull(&find_device(word_at(words, 0))->link, number_of(word_at(words, 1)));
}

static void world_hold(const struct words *words)
{
    if (strcmp(word_at(words, 0), "commits") == 0)
        the.cluster.commits_are_held = true;
    else
        the.cluster.posts[number_of(word_at(words, 1))].is_held = true;
}

static void world_release(const struct words *words)
{
    if (strcmp(word_at(words, 0), "commits") == 0)
        the.cluster.commits_are_held = false;
    else
        the.cluster.posts[number_of(word_at(words, 1))].is_held = false;
}

static void world_commit(const struct words *words)
{
    (void)words;
    if (!cluster_commit(&the.cluster))
        fail("no commit is under way", "");
}

static void world_together(const struct words *words)
{
    (void)words;
    the.is_together = true;
}

static void world_end(const struct words *words)
{
    (void)words;
    the.is_together = false;
}

static void world_store(const struct words *words)
{
    const char *how = word_at(words, words->count - 1);
    if (strcmp(how, "full") == 0)
        store_memory_fail(the.cluster.store, STATUS_NO_SPACE, false);
    else if (strcmp(how, "io") == 0)
        store_memory_fail(the.cluster.store, STATUS_IO, false);
    else if (strcmp(how, "lost-answer") == 0)
        store_memory_fail(the.cluster.store, STATUS_IO, true);
    else if (strcmp(how, "works") == 0)
        store_memory_fail(the.cluster.store, STATUS_OK, false);
    else
        fail("the store fails full, io or lost-answer, or works", how);
}

static void world_advance(const struct words *words)
{
    cluster_advance(&the.cluster, duration_of(word_at(words, 0)));
}

static void world_wall_back(const struct words *words)
{
    the.cluster.now.wall_ms -= duration_of(word_at(words, 0));
}

static void world_retention(const struct words *words)
{
    the.cluster.settings.offline_retention_ms = duration_of(word_at(words, 0));
    for (unsigned i = 0; i < the.cluster.count; i++)
        the.cluster.workers[i].settings.offline_retention_ms =
            the.cluster.settings.offline_retention_ms;
}

static void world_clock_error(const struct words *words)
{
    the.cluster.now.wall_error_ms = duration_of(word_at(words, 0));
}

static void world_policy(const struct words *words)
{
    the.cluster.next_policy = policy_of(words);
}

static void world_use_policy(const struct words *words)
{
    world_policy(words);
    the.cluster.settings.rules.policy = the.cluster.next_policy;
    for (unsigned i = 0; i < the.cluster.count; i++)
        the.cluster.workers[i].settings.rules.policy = the.cluster.next_policy;
}

static void world_receipts(const struct words *words)
{
    struct progress_rules rules = {.members_max = (uint32_t)number_of(word_at(words, 0)),
                                   .hides_displayed = words->count > 1};
    the.cluster.settings.progress = rules;
    for (unsigned i = 0; i < the.cluster.count; i++)
        the.cluster.workers[i].settings.progress = rules;
}

static void world_reload(const struct words *words)
{
    (void)words;
    shell_post(&the.cluster, 0, (struct mail){.kind = MAIL_RELOAD});
}

static void world_wall_forward(const struct words *words)
{
    the.cluster.now.wall_ms += duration_of(word_at(words, 0));
}

static void world_crash(const struct words *words)
{
    (void)words;
    cluster_crash(&the.cluster);
}

static void world_drain(const struct words *words)
{
    (void)words;
    cluster_drain(&the.cluster);
}

static void world_expect_nothing(const struct words *words)
{
    if (buffer_size(&find_device(word_at(words, 0))->inbox) > 0)
        fail("frames came", words->words[0]);
}

static void world_expect_closed(const struct words *words)
{
    if (find_device(word_at(words, 0))->link.session != NULL)
        fail("still connected", words->words[0]);
}

static void world_ignore(const struct words *words)
{
    buffer_release(&find_device(word_at(words, 0))->inbox);
}

static void world_never(const struct words *words)
{
    struct device *device = find_device(word_at(words, 0));
    const char *text = word_at(words, 1);
    free(device->forbidden);
    device->forbidden = memory_copy(text, strlen(text));
}

static void world_store_has(const struct words *words)
{
    if (store_memory_count(the.cluster.store, view_of(word_at(words, 0))) == 0)
        fail("the store does not hold", words->words[0]);
}

static void world_store_lacks(const struct words *words)
{
    if (store_memory_count(the.cluster.store, view_of(word_at(words, 0))) > 0)
        fail("the store holds", words->words[0]);
}

static const struct world_step {
    const char *verb;
    void (*run)(const struct words *words);
} world_steps[] = {
    {"connect", world_connect},
    {"disconnect", world_disconnect},
    {"slow", world_slow},
    {"resume", world_resume},
    {"pull", world_pull},
    {"hold", world_hold},
    {"release", world_release},
    {"commit", world_commit},
    {"together", world_together},
    {"end", world_end},
    {"store", world_store},
    {"advance", world_advance},
    {"wall-back", world_wall_back},
    {"wall-forward", world_wall_forward},
    {"clock-error", world_clock_error},
    {"retention", world_retention},
    {"policy", world_policy},
    {"use-policy", world_use_policy},
    {"reload", world_reload},
    {"receipts", world_receipts},
    {"crash", world_crash},
    {"drain", world_drain},
    {"expect-nothing", world_expect_nothing},
    {"expect-closed", world_expect_closed},
    {"ignore", world_ignore},
    {"never", world_never},
    {"store-has", world_store_has},
    {"store-lacks", world_store_lacks},
};

bool run_world_step(const char *verb, struct words words)
{
    for (size_t i = 0; i < sizeof(world_steps) / sizeof(world_steps[0]); i++) {
        if (strcmp(world_steps[i].verb, verb) == 0) {
            world_steps[i].run(&words);
            return true;
        }
    }
    return false;
}
