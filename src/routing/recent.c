#include "routing/recent.h"

#include "base/memory.h"

#include <stdlib.h>

enum {
    RECENT_NAMES_BYTES_MAX = LIMIT_CONVERSATION_ID_BYTES_MAX + 1 + LIMIT_USER_ID_BYTES_MAX + 1 +
                             LIMIT_DEVICE_ID_BYTES_MAX + 1
};

void recent_init(struct recent *recent)
{
    *recent = (struct recent){.sheets = {NULL}};
    table_init(&recent->authors);
}

void recent_fini(struct recent *recent)
{
    size_t at = 0;
    for (struct recent_author *author; (author = table_next(&recent->authors, &at)) != NULL;)
        free(author);
    table_fini(&recent->authors);
    for (size_t i = 0; i < RECENT_SHEETS; i++)
        free(recent->sheets[i]);
}

void recent_clear(struct recent *recent)
{
    recent_fini(recent);
    recent_init(recent);
}

static struct view recent_names(const struct recent_author *author)
{
    return view_make(author->names, author->size);
}

/* The message's places. In either, neighbours in a conversation are neighbours. */
static size_t recent_place(uint64_t hash, uint64_t seq, unsigned choice)
{
    return (size_t)((hash >> (choice * RECENT_CHOICE_BITS)) + seq) % RECENT_SLOTS;
}

/* NULL: the place was never used. */
static struct recent_message *recent_slot(const struct recent *recent, size_t place)
{
    struct recent_message *sheet = recent->sheets[place / RECENT_SHEET_SLOTS];
    return sheet == NULL ? NULL : &sheet[place % RECENT_SHEET_SLOTS];
}

/* The message's slot, NULL when it is not there. */
static struct recent_message *recent_find(const struct recent *recent, uint64_t hash,
                                          const char *conversation, uint64_t seq)
{
    for (unsigned choice = 0; choice < RECENT_CHOICES; choice++) {
        struct recent_message *slot = recent_slot(recent, recent_place(hash, seq, choice));
        if (slot != NULL && slot->author != NULL && slot->seq == seq &&
            strcmp(slot->author->names, conversation) == 0)
            return slot;
    }
    return NULL;
}

/* The first of the places that is free, or else the one whose message is the oldest. */
static struct recent_message *recent_choose(struct recent *recent, uint64_t hash, uint64_t seq)
{
    struct recent_message *chosen = NULL;
    for (unsigned choice = 0; choice < RECENT_CHOICES; choice++) {
        size_t place = recent_place(hash, seq, choice);
        struct recent_message **sheet = &recent->sheets[place / RECENT_SHEET_SLOTS];
        if (*sheet == NULL)
            *sheet = memory_new_array(RECENT_SHEET_SLOTS, sizeof(**sheet));
        struct recent_message *slot = &(*sheet)[place % RECENT_SHEET_SLOTS];
        if (slot->author == NULL)
            return slot;
        if (chosen == NULL || slot->time < chosen->time)
            chosen = slot;
    }
    return chosen;
}

static void recent_release(struct recent *recent, struct recent_message *slot)
{
    struct recent_author *author = slot->author;
    slot->author = NULL;
    if (author == NULL || --author->messages > 0)
        return;
    table_remove(&recent->authors, recent_names(author));
    free(author);
}

/* The message's author, held once more; NULL when there are too many. */
static struct recent_author *recent_hold(struct recent *recent, const wire_event *event)
{
    char names[RECENT_NAMES_BYTES_MAX];
    size_t conversation_bytes = strlen(event->conversation) + 1;
    size_t user_bytes = strlen(event->message->sender) + 1;
    size_t device_bytes = strlen(event->message->device) + 1;
    size_t size = conversation_bytes + user_bytes + device_bytes;
    if (size > sizeof(names))
        return NULL;
    memcpy(names, event->conversation, conversation_bytes);
    memcpy(names + conversation_bytes, event->message->sender, user_bytes);
    memcpy(names + conversation_bytes + user_bytes, event->message->device, device_bytes);
    struct recent_author *author = table_get(&recent->authors, view_make(names, size));
    if (author == NULL) {
        if (recent->authors.count >= RECENT_AUTHORS)
            return NULL;
        author = memory_new(sizeof(*author) + size);
        author->user_at = (uint16_t)conversation_bytes;
        author->device_at = (uint16_t)(conversation_bytes + user_bytes);
        author->size = (uint16_t)size;
        memcpy(author->names, names, size);
        table_put(&recent->authors, recent_names(author), author);
    }
    author->messages++;
    return author;
}

void recent_put(struct recent *recent, uint64_t hash, const wire_event *event)
{
    struct recent_message *slot = recent_choose(recent, hash, event->seq);
    struct recent_author *author = recent_hold(recent, event);
    recent_release(recent, slot);
    if (author == NULL)
        return;
    *slot = (struct recent_message){
        .author = author,
        .seq = event->seq & ((UINT64_C(1) << 56) - 1),
        .content_type = (uint8_t)event->message->content_type,
        .time = event->time,
    };
    memcpy(slot->id.bytes, event->message->message_id.data, UUID_BYTES);
}

wire_event *recent_get(const struct recent *recent, uint64_t hash,
                       const struct conversation *conversation, uint64_t seq, struct arena *arena)
{
    const struct recent_message *slot = recent_find(recent, hash, conversation->id, seq);
    if (slot == NULL)
        return NULL;
    struct known {
        wire_event event;
        wire_message message;
        struct uuid id;
    } *known = arena_alloc(arena, sizeof(*known));
    char *names = arena_text(arena, recent_names(slot->author));
    unsay__v1__event__init(&known->event);
    unsay__v1__message__init(&known->message);
    known->id = slot->id;
    known->event.conversation = names;
    known->event.origin = conversation->origin;
    known->event.seq = slot->seq;
    known->event.time = slot->time;
    known->event.kind_case = EVENT_KIND(MESSAGE);
    known->event.message = &known->message;
    known->message.message_id = bytes_of(uuid_view(&known->id));
    known->message.sender = names + slot->author->user_at;
    known->message.device = names + slot->author->device_at;
    known->message.content_type = (Unsay__V1__ContentType)slot->content_type;
    known->message.state = WIRE(MESSAGE_STATE, NORMAL);
    return &known->event;
}

void recent_forget(struct recent *recent, uint64_t hash, const struct conversation *conversation,
                   uint64_t seq)
{
    struct recent_message *slot = recent_find(recent, hash, conversation->id, seq);
    if (slot != NULL)
        recent_release(recent, slot);
}
