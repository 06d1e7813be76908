#include "core/client_effects.h"

static void client_effect_list_init(struct client_effect_list *list)
{
    list->first = NULL;
    list->end = &list->first;
}

void client_effects_init(struct client_effects *effects)
{
    arena_init(&effects->arena);
    client_effect_list_init(&effects->durable);
    client_effect_list_init(&effects->following);
    effects->lent = NULL;
    effects->is_taken = false;
}

static void client_effects_release(const struct client_effect *effect)
{
    for (; effect != NULL; effect = effect->next)
        blob_release(effect->frame);
}

void client_effects_fini(struct client_effects *effects)
{
    client_effects_release(effects->lent);
    client_effects_release(effects->durable.first);
    client_effects_release(effects->following.first);
    arena_fini(&effects->arena);
}

void client_effects_begin(struct client_effects *effects)
{
    if (!effects->is_taken)
        return;
    client_effects_release(effects->lent);
    effects->lent = NULL;
    effects->is_taken = false;
    arena_reset(&effects->arena);
}

struct client_effect *client_effects_add(struct client_effects *effects,
                                         enum client_effect_kind kind)
{
    struct client_effect_list *list =
        kind <= CLIENT_STORE_FAILED ? &effects->durable : &effects->following;
    struct client_effect *effect = arena_zero(&effects->arena, sizeof(*effect));
    effect->kind = kind;
    effect->text = "";
    *list->end = effect;
    list->end = &effect->next;
    return effect;
}

const char *client_effects_text(struct client_effects *effects, const char *text)
{
    return (const char *)arena_copy(&effects->arena, view_of(text)).data;
}

const struct client_effect *client_effects_take(struct client_effects *effects)
{
    *effects->durable.end = effects->following.first;
    struct client_effect *first = effects->durable.first;
    client_effect_list_init(&effects->durable);
    client_effect_list_init(&effects->following);
    if (first != NULL)
        effects->lent = first;
    effects->is_taken = true;
    return first;
}
