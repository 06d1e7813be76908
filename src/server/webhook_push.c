/* Whom a push is for. The commit of a message in a group of any size writes one row: who has not
 * got it is found here, from cursors, a page at a time. */
#include "core/visibility.h"
#include "routing/overview.h"
#include "server/webhook_content.h"

enum { MEMBERS = 64 };

/* A page under way. */
struct page {
    struct store *store;
    const struct webhook_item *item;
    struct webhook_content *content;
    json_t *devices;
    struct arena arena;
    size_t count;
};

/* A device that has stored the message has no need of a push; one that may have been told of a
 * message has to hear that it is gone. */
static enum status page_is_for(const struct page *page, struct view user, struct view device,
                               bool *is_for)
{
    struct cursor_row cursor;
    *is_for = true;
    if (page->item->type != WEBHOOK_PUSH_SEND)
        return STATUS_OK;
    enum status status = store_get_cursor(
        page->store, user, device, view_of(page->item->conversation), page->item->origin, &cursor);
    if (status == STATUS_OK)
        *is_for = trail_seq(&cursor.stored) < page->item->seq;
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

static json_t *page_device(const char *user, struct view device)
{
    json_t *object = json_object();
    json_object_set_new(object, "user", json_string(user));
    json_object_set_new(object, "device", json_stringn((const char *)device.data, device.size));
    json_object_set_new(object, "unread", json_null());
    return object;
}

/* The devices of one member. */
static enum status page_add_user(struct page *page, const char *user)
{
    struct store_device devices[LIMIT_OVERVIEW_DEVICES_MAX];
    size_t count;
    enum status status =
        store_list_devices(page->store, view_of(user), view_make(NULL, 0),
                           LIMIT_OVERVIEW_DEVICES_MAX, &page->arena, devices, &count);
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        bool is_for;
        status = page_is_for(page, view_of(user), devices[i].device, &is_for);
        if (status != STATUS_OK || !is_for)
            continue;
        json_array_append_new(page->devices, page_device(user, devices[i].device));
        page->count++;
    }
    return status;
}

/* Who was only invited, has left, or may not see that far back, is told of nothing. */
static bool page_is_for_member(const struct page *page, const struct member_row *row)
{
    return row->role != WIRE(ROLE, UNSPECIFIED) && row->role != WIRE(ROLE, INVITED) &&
           visibility_allows(row, webhook_item_message(page->item));
}

/* Members after item->after_user, until the page is full. */
static enum status page_fill(struct page *page, const char *sender)
{
    const struct webhook_item *item = page->item;
    struct webhook_content *content = page->content;
    struct store_membership members[MEMBERS];
    size_t count = MEMBERS;
    enum status status = STATUS_OK;
    snprintf(content->last_user, sizeof(content->last_user), "%s", item->after_user);
    while (status == STATUS_OK && count == MEMBERS && !content->has_more) {
        arena_reset(&page->arena);
        status =
            store_list_members(page->store, view_of(item->conversation),
                               view_of(content->last_user), MEMBERS, &page->arena, members, &count);
        for (size_t i = 0; status == STATUS_OK && i < count && !content->has_more; i++) {
            bool is_full = page->count + LIMIT_OVERVIEW_DEVICES_MAX > LIMIT_WEBHOOK_RECIPIENTS_MAX;
            if (page->count > 0 && is_full) {
                content->has_more = true;
                break;
            }
            snprintf(content->last_user, sizeof(content->last_user), "%.*s",
                     VIEW_PRINT(members[i].user));
            if (page_is_for_member(page, &members[i].row) &&
                strcmp(content->last_user, sender) != 0)
                status = page_add_user(page, content->last_user);
        }
    }
    return status;
}

/* What is unread in the conversation now, after the recall that this may be about. */
static enum status page_count_unread(struct page *page)
{
    enum status status = STATUS_OK;
    const char *last = "";
    struct overview overview = {.unread = 0};
    struct barren barren = {.first = 0};
    for (size_t i = 0; status == STATUS_OK && i < page->count; i++) {
        json_t *device = json_array_get(page->devices, i);
        const char *user = json_string_value(json_object_get(device, "user"));
        if (strcmp(last, user) != 0) {
            struct member_row member;
            struct view conversation = view_of(page->item->conversation);
            arena_reset(&page->arena);
            status = store_get_member(page->store, conversation, view_of(user), &member);
            if (status == STATUS_OK)
                status = overview_read(page->store, user, conversation, &member, &barren,
                                       &page->arena, &overview);
        }
        last = user;
        json_object_set_new(device, "unread", json_integer(overview.unread));
    }
    return status;
}

enum status webhook_add_devices(struct store *store, const struct webhook_item *item,
                                const char *sender, json_t *data, struct webhook_content *content,
                                size_t *count)
{
    struct page page = {.store = store, .item = item, .content = content};
    page.devices = json_array();
    arena_init(&page.arena);
    enum status status = page_fill(&page, sender);
    if (status == STATUS_OK && item->page == 0 && !content->has_more)
        status = page_count_unread(&page);
    arena_fini(&page.arena);
    json_object_set_new(data, "devices", page.devices);
    *count = page.count;
    return status;
}
