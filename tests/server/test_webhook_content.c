/* What a webhook says: the event as it is now, for whom a push is, a page at a time, and nothing
 * that was taken back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/frame.h"
#include "server/webhook_content.h"

#include <stdlib.h>

enum { MESSAGE_SEQ = 5, RECALL_SEQ = 6 };

static const struct uuid store_id = {{7}};

struct scene {
    struct store *store;
    struct arena arena;
    struct change_list list;
    struct webhook_content content;
    json_t *object;
    json_t *data; /* of the object */
};

static struct change *add(struct scene *scene, enum change_kind kind)
{
    struct change *change = arena_zero(&scene->arena, sizeof(*change));
    change->kind = kind;
    change->conversation = view_of("c");
    change->origin = 1;
    change_list_add(&scene->list, change);
    return change;
}

static void commit(struct scene *scene)
{
    const struct change_list *lists[] = {&scene->list};
    assert_int_equal(store_commit(scene->store, lists, 1, NULL), STATUS_OK);
    scene->list = (struct change_list){.count = 0};
}

static void add_member(struct scene *scene, const char *user, Unsay__V1__Role role)
{
    struct change *change = add(scene, CHANGE_MEMBER);
    change->user = arena_copy(&scene->arena, view_of(user));
    change->member.role = role;
}

static void add_device(struct scene *scene, const char *user, const char *device, uint64_t stored)
{
    struct change *change = add(scene, CHANGE_DEVICE);
    struct device_row *row = arena_zero(&scene->arena, sizeof(*row));
    change->user = arena_copy(&scene->arena, view_of(user));
    change->device = view_of(device);
    change->device_row = row;
    if (stored == 0)
        return;
    struct cursor_row *cursor = arena_zero(&scene->arena, sizeof(*cursor));
    trail_move(&cursor->stored, stored, 1);
    change = add(scene, CHANGE_CURSOR);
    change->user = arena_copy(&scene->arena, view_of(user));
    change->device = view_of(device);
    change->cursor = cursor;
}

static void add_message(struct scene *scene, Unsay__V1__MessageState state, const char *body,
                        size_t size)
{
    static uint8_t id[UUID_BYTES] = {1, [15] = 2};
    wire_event event = UNSAY__V1__EVENT__INIT;
    wire_message message = UNSAY__V1__MESSAGE__INIT;
    event.conversation = string_of("c");
    event.origin = 1;
    event.seq = MESSAGE_SEQ;
    event.time = UINT64_C(1767225600123) << 16;
    event.kind_case = EVENT_KIND(MESSAGE);
    event.message = &message;
    message.message_id = bytes_of(view_make(id, UUID_BYTES));
    message.sender = string_of("ann");
    message.device = string_of("phone");
    message.content_type = WIRE(CONTENT_TYPE, IMAGE);
    message.state = state;
    message.body = bytes_of(view_make(body, size));
    struct change *change = add(scene, CHANGE_EVENT);
    change->seq = MESSAGE_SEQ;
    change->bytes = event_encode(&event, &scene->arena);
}

static void add_recall(struct scene *scene)
{
    wire_event event = UNSAY__V1__EVENT__INIT;
    wire_recall recall = UNSAY__V1__RECALL__INIT;
    event.conversation = string_of("c");
    event.origin = 1;
    event.seq = RECALL_SEQ;
    event.kind_case = EVENT_KIND(RECALL);
    event.recall = &recall;
    recall.target_origin = 1;
    recall.target_seq = MESSAGE_SEQ;
    recall.target_sender = string_of("ann");
    recall.operator_ = string_of("bob");
    recall.actor = WIRE(ACTOR, ADMIN);
    recall.reason = string_of("because");
    struct change *change = add(scene, CHANGE_EVENT);
    change->seq = RECALL_SEQ;
    change->bytes = event_encode(&event, &scene->arena);
}

/* Ann wrote "secret"; bob has it on one of his devices, zoe on none, and dan has left. */
static void scene_init(struct scene *scene)
{
    *scene = (struct scene){.store = store_open_memory()};
    arena_init(&scene->arena);
    add_message(scene, WIRE(MESSAGE_STATE, NORMAL), "secret", 6);
    add_recall(scene);
    add_member(scene, "ann", WIRE(ROLE, OWNER));
    add_member(scene, "bob", WIRE(ROLE, ADMIN));
    add_member(scene, "dan", WIRE(ROLE, UNSPECIFIED));
    add_member(scene, "zoe", WIRE(ROLE, MEMBER));
    add_device(scene, "ann", "pad", 0);
    add_device(scene, "bob", "desk", MESSAGE_SEQ);
    add_device(scene, "bob", "phone", MESSAGE_SEQ - 1);
    add_device(scene, "dan", "phone", 0);
    add_device(scene, "zoe", "phone", 0);
    commit(scene);
}

static void scene_forget(struct scene *scene)
{
    json_decref(scene->object);
    webhook_content_fini(&scene->content);
    scene->object = scene->data = NULL;
}

static void scene_fini(struct scene *scene)
{
    scene_forget(scene);
    store_close(scene->store);
    arena_fini(&scene->arena);
}

static struct webhook_item item_of(enum webhook_type type)
{
    struct webhook_item item = {.type = type, .conversation = "c", .origin = 1, .seq = MESSAGE_SEQ};
    if (type == WEBHOOK_RECALL_COMMITTED || type == WEBHOOK_PUSH_WITHDRAW) {
        item.seq = RECALL_SEQ;
        item.target_seq = MESSAGE_SEQ;
    }
    return item;
}

/* False: there is nothing to tell. */
static bool make(struct scene *scene, const struct webhook_item *item, bool with_bodies)
{
    scene_forget(scene);
    assert_int_equal(
        webhook_content_make(scene->store, &store_id, with_bodies, item, &scene->content),
        STATUS_OK);
    if (scene->content.text == NULL)
        return false;
    scene->object = json_loads(scene->content.text, 0, NULL);
    assert_non_null(scene->object);
    assert_string_equal(json_string_value(json_object_get(scene->object, "type")),
                        webhook_type_name(item->type));
    scene->data = json_object_get(scene->object, "data");
    return true;
}

static bool told(struct scene *scene, enum webhook_type type, bool with_bodies)
{
    struct webhook_item item = item_of(type);
    return make(scene, &item, with_bodies);
}

static const char *text(const struct scene *scene, const char *name)
{
    const char *value = json_string_value(json_object_get(scene->data, name));
    return value == NULL ? "" : value;
}

/* "bob/phone:1 zoe/phone:1". */
static const char *devices(struct scene *scene)
{
    char *line = arena_zero(&scene->arena, 512);
    size_t index;
    json_t *device;
    json_array_foreach(json_object_get(scene->data, "devices"), index, device)
    {
        size_t used = strlen(line);
        json_t *unread = json_object_get(device, "unread");
        snprintf(line + used, 512 - used, "%s%s/%s:%d", index == 0 ? "" : " ",
                 json_string_value(json_object_get(device, "user")),
                 json_string_value(json_object_get(device, "device")),
                 json_is_integer(unread) ? (int)json_integer_value(unread) : -1);
    }
    return line;
}

static void a_message_is_told_with_its_body_only_where_that_is_wanted(void **state)
{
    (void)state;
    struct scene scene;
    scene_init(&scene);
    assert_true(told(&scene, WEBHOOK_MESSAGE_COMMITTED, false));
    assert_false(scene.content.has_body);
    assert_null(strstr(scene.content.text, "secret"));
    assert_string_equal(text(&scene, "sender"), "ann");
    assert_string_equal(text(&scene, "content_type"), "image");
    assert_string_equal(text(&scene, "state"), "normal");
    assert_string_equal(text(&scene, "time"), "2026-01-01T00:00:00.123Z");
    assert_string_equal(text(&scene, "message_id"), "01000000-0000-0000-0000-000000000002");
    char id[WEBHOOK_ID_BYTES + 1];
    memcpy(id, scene.content.id, sizeof(id));
    assert_true(told(&scene, WEBHOOK_MESSAGE_COMMITTED, true));
    assert_true(scene.content.has_body);
    assert_string_equal(text(&scene, "body"), "secret");
    assert_string_equal(scene.content.id, id);
    assert_true(told(&scene, WEBHOOK_PUSH_SEND, true));
    assert_string_not_equal(scene.content.id, id);
    assert_null(strstr(scene.content.text, "secret"));
    add_message(&scene, WIRE(MESSAGE_STATE, NORMAL), "\xff\0", 2);
    commit(&scene);
    assert_true(told(&scene, WEBHOOK_MESSAGE_COMMITTED, true));
    assert_true(json_is_null(json_object_get(scene.data, "body")));
    assert_string_equal(text(&scene, "body_base64"), "/wA=");
    scene_fini(&scene);
}

static void what_was_taken_back_is_told_as_that(void **state)
{
    (void)state;
    struct scene scene;
    scene_init(&scene);
    add_message(&scene, WIRE(MESSAGE_STATE, RECALLED), "", 0);
    commit(&scene);
    assert_true(told(&scene, WEBHOOK_MESSAGE_COMMITTED, true));
    assert_false(scene.content.has_body);
    assert_string_equal(text(&scene, "state"), "recalled");
    assert_null(json_object_get(scene.data, "body"));
    assert_false(told(&scene, WEBHOOK_PUSH_SEND, true));
    assert_true(told(&scene, WEBHOOK_RECALL_COMMITTED, true));
    assert_string_equal(text(&scene, "operator"), "bob");
    assert_string_equal(text(&scene, "actor"), "admin");
    assert_string_equal(text(&scene, "reason"), "because");
    assert_int_equal(
        json_integer_value(json_object_get(json_object_get(scene.data, "target"), "seq")),
        MESSAGE_SEQ);
    assert_true(told(&scene, WEBHOOK_RECALL_COMMITTED, false));
    assert_null(strstr(scene.content.text, "because"));
    scene_fini(&scene);
}

/* Not for the author, nor for who has left, nor where it is stored; a withdrawal wherever it may
 * be. */
static void a_push_is_for_those_who_have_not_got_it(void **state)
{
    (void)state;
    struct scene scene;
    char key[64];
    scene_init(&scene);
    assert_true(told(&scene, WEBHOOK_PUSH_SEND, false));
    assert_string_equal(devices(&scene), "bob/phone:1 zoe/phone:1");
    assert_true(json_is_false(json_object_get(scene.data, "silent")));
    snprintf(key, sizeof(key), "%s", text(&scene, "collapse_key"));
    assert_int_equal(strlen(key), 32);
    add_message(&scene, WIRE(MESSAGE_STATE, RECALLED), "", 0);
    commit(&scene);
    assert_true(told(&scene, WEBHOOK_PUSH_WITHDRAW, false));
    assert_string_equal(devices(&scene), "bob/desk:0 bob/phone:0 zoe/phone:0");
    assert_true(json_is_true(json_object_get(scene.data, "silent")));
    assert_string_equal(text(&scene, "collapse_key"), key);
    scene_fini(&scene);
}

/* Nor for who is only invited, nor for who may not see that far back. */
static void a_push_tells_nobody_of_what_they_may_not_see(void **state)
{
    (void)state;
    struct scene scene;
    scene_init(&scene);
    add_member(&scene, "eve", WIRE(ROLE, INVITED));
    add_device(&scene, "eve", "phone", 0);
    add_member(&scene, "fay", WIRE(ROLE, MEMBER));
    struct member_row *fay = &scene.list.last->member;
    fay->joined_seq = MESSAGE_SEQ + 1;
    fay->hidden_count = 1;
    fay->hidden[0] = (struct span){1, MESSAGE_SEQ};
    add_device(&scene, "fay", "phone", 0);
    commit(&scene);
    assert_true(told(&scene, WEBHOOK_PUSH_SEND, false));
    assert_string_equal(devices(&scene), "bob/phone:1 zoe/phone:1");
    assert_true(told(&scene, WEBHOOK_PUSH_WITHDRAW, false));
    assert_null(strstr(scene.content.text, "fay"));
    assert_null(strstr(scene.content.text, "eve"));
    scene_fini(&scene);
}

/* Each device once, whatever the size of the group; the counts only where all fit into one page. */
static void a_push_to_many_comes_in_pages(void **state)
{
    enum { USERS = 700 };
    (void)state;
    struct scene scene;
    bool seen[USERS] = {false};
    char ids[8][WEBHOOK_ID_BYTES + 1];
    uint32_t pages = 0;
    scene_init(&scene);
    for (unsigned i = 0; i < USERS; i++) {
        char user[16];
        snprintf(user, sizeof(user), "m%03u", i);
        add_member(&scene, user, WIRE(ROLE, MEMBER));
        add_device(&scene, user, "phone", i % 7 == 0 ? MESSAGE_SEQ : 0);
    }
    commit(&scene);
    struct webhook_item item = item_of(WEBHOOK_PUSH_SEND);
    do {
        size_t index;
        json_t *device;
        assert_in_range(pages, 0, 7);
        assert_true(make(&scene, &item, false));
        json_t *list = json_object_get(scene.data, "devices");
        assert_in_range(json_array_size(list), 1, LIMIT_WEBHOOK_RECIPIENTS_MAX);
        json_array_foreach(list, index, device)
        {
            const char *user = json_string_value(json_object_get(device, "user"));
            unsigned long number = strtoul(user + 1, NULL, 10);
            assert_true(json_is_null(json_object_get(device, "unread")));
            if (user[0] != 'm')
                continue;
            assert_false(seen[number]);
            seen[number] = true;
        }
        for (uint32_t i = 0; i < pages; i++)
            assert_string_not_equal(ids[i], scene.content.id);
        memcpy(ids[pages], scene.content.id, sizeof(ids[0]));
        item.page = ++pages;
        memcpy(item.after_user, scene.content.last_user, sizeof(item.after_user));
    } while (scene.content.has_more);
    for (unsigned i = 0; i < USERS; i++)
        assert_int_equal(seen[i], i % 7 != 0);
    assert_in_range(pages, 3, 4);
    scene_fini(&scene);
}

static void what_is_not_there_is_not_told(void **state)
{
    (void)state;
    struct scene scene;
    scene_init(&scene);
    struct webhook_item item = item_of(WEBHOOK_MESSAGE_COMMITTED);
    item.seq = 99;
    assert_false(make(&scene, &item, true));
    item.seq = RECALL_SEQ; /* not what it says */
    assert_false(make(&scene, &item, true));
    struct change *change = add(&scene, CHANGE_EVENT);
    change->seq = 99;
    change->bytes = view_of("\xff");
    commit(&scene);
    item.seq = 99;
    scene_forget(&scene);
    assert_int_equal(webhook_content_make(scene.store, &store_id, true, &item, &scene.content),
                     STATUS_CORRUPT);
    scene_fini(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_is_told_with_its_body_only_where_that_is_wanted),
        cmocka_unit_test(what_was_taken_back_is_told_as_that),
        cmocka_unit_test(a_push_is_for_those_who_have_not_got_it),
        cmocka_unit_test(a_push_tells_nobody_of_what_they_may_not_see),
        cmocka_unit_test(a_push_to_many_comes_in_pages),
        cmocka_unit_test(what_is_not_there_is_not_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
