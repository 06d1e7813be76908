/* An intrusive, circular, doubly linked list. A node is in one list at a time; a node on its own
 * points at itself. */
#ifndef UNSAY_BASE_LIST_H
#define UNSAY_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list {
    struct list *next;
    struct list *previous;
};

/* The structure of `type` whose `member` is `node`. */
#define LIST_ITEM(node, type, member) ((type *)(void *)((char *)(node)-offsetof(type, member)))

static inline void list_init(struct list *list)
{
    list->next = list->previous = list;
}

static inline bool list_is_empty(const struct list *list)
{
    return list->next == list;
}

static inline void list_push_back(struct list *list, struct list *node)
{
    node->previous = list->previous;
    node->next = list;
    list->previous->next = node;
    list->previous = node;
}

/* Harmless on a node that is in no list. */
static inline void list_remove(struct list *node)
{
    node->previous->next = node->next;
    node->next->previous = node->previous;
    list_init(node);
}

/* NULL when empty. */
static inline struct list *list_pop_front(struct list *list)
{
    if (list_is_empty(list))
        return NULL;
    struct list *node = list->next;
    list_remove(node);
    return node;
}

#endif
