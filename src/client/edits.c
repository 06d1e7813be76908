#include "client/edits.h"

#include "base/limits.h"

#include <sodium.h>
#include <stddef.h>

struct edit {
    struct list node;
    uint64_t until_ms;
    struct uuid message_id;
    struct view conversation; /* behind the structure, and then the body */
    struct view body;
};

void edits_init(struct edits *edits, uint64_t keep_ms)
{
    *edits = (struct edits){.keep_ms = keep_ms};
    pthread_mutex_init(&edits->lock, NULL);
    list_init(&edits->list);
}

static void edits_drop(struct edits *edits, struct edit *edit)
{
    list_remove(&edit->node);
    edits->count--;
    edits->bytes -= edit->body.size;
    sodium_free(edit); /* overwrites it */
}

static struct edit *edits_oldest(const struct edits *edits)
{
    return LIST_ITEM(edits->list.next, struct edit, node);
}

void edits_fini(struct edits *edits)
{
    while (edits->count > 0)
        edits_drop(edits, edits_oldest(edits));
    pthread_mutex_destroy(&edits->lock);
}

static struct edit *edits_find(const struct edits *edits, struct view conversation,
                               const struct uuid *message_id)
{
    for (struct list *node = edits->list.next; node != &edits->list; node = node->next) {
        struct edit *edit = LIST_ITEM(node, struct edit, node);
        if (uuid_compare(&edit->message_id, message_id) == 0 &&
            view_equal(edit->conversation, conversation))
            return edit;
    }
    return NULL;
}

static void edits_add(struct edits *edits, struct view conversation, const struct uuid *message_id,
                      struct view body, uint64_t until_ms)
{
    /* sodium_malloc aligns the end of what it returns, so whole units align the beginning too. */
    size_t unit = _Alignof(max_align_t);
    size_t units = (sizeof(struct edit) + conversation.size + body.size + unit - 1) / unit;
    struct edit *edit = sodium_allocarray(units, unit);
    if (edit == NULL)
        return;
    uint8_t *bytes = (uint8_t *)(edit + 1);
    memcpy(bytes, conversation.data, conversation.size);
    memcpy(bytes + conversation.size, body.data, body.size);
    edit->until_ms = until_ms;
    edit->message_id = *message_id;
    edit->conversation = view_make(bytes, conversation.size);
    edit->body = view_make(bytes + conversation.size, body.size);
    list_push_back(&edits->list, &edit->node);
    edits->count++;
    edits->bytes += body.size;
}

void edits_put(struct edits *edits, struct view conversation, const struct uuid *message_id,
               struct view body, uint64_t now_ms)
{
    if (edits->keep_ms == 0 || body.size == 0 || body.size > LIMIT_EDIT_BYTES_MAX)
        return;
    pthread_mutex_lock(&edits->lock);
    if (edits_find(edits, conversation, message_id) == NULL) {
        while (edits->count == LIMIT_EDIT_MESSAGES_MAX ||
               edits->bytes + body.size > LIMIT_EDIT_BYTES_MAX)
            edits_drop(edits, edits_oldest(edits));
        edits_add(edits, conversation, message_id, body, now_ms + edits->keep_ms);
    }
    pthread_mutex_unlock(&edits->lock);
}

size_t edits_get(struct edits *edits, struct view conversation, const struct uuid *message_id,
                 uint64_t now_ms, void *body, size_t room)
{
    size_t size = 0;
    pthread_mutex_lock(&edits->lock);
    const struct edit *edit = edits_find(edits, conversation, message_id);
    if (edit != NULL && now_ms < edit->until_ms) {
        size = edit->body.size;
        if (size <= room)
            memcpy(body, edit->body.data, size);
    }
    pthread_mutex_unlock(&edits->lock);
    return size;
}

uint64_t edits_expire(struct edits *edits, uint64_t now_ms)
{
    pthread_mutex_lock(&edits->lock);
    while (edits->count > 0 && edits_oldest(edits)->until_ms <= now_ms)
        edits_drop(edits, edits_oldest(edits));
    uint64_t next_ms = edits->count == 0 ? UINT64_MAX : edits_oldest(edits)->until_ms;
    pthread_mutex_unlock(&edits->lock);
    return next_ms;
}
