#include "recall_scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/send.h"

static const struct reach_audience nobody;

void scene_init(struct scene *scene)
{
    *scene = (struct scene){.rule = {.name = "the-rule", .allows = true}};
    struct decided *decided = &scene->decided;
    decided_init(decided);
    scene->policy =
        (struct policy){.version = {0xab, [31] = 0xcd}, .rules = &scene->rule, .rule_count = 1};
    scene->rules = (struct rulebook){.policy = &scene->policy, .region = ""};
    unsay__v1__target__init(&scene->target);
    scene->target.seq = 2;
    scene->targets[0] = &scene->target;
    unsay__v1__recall_request__init(&scene->request);
    scene->request.conversation = string_of("c");
    scene->request.request_id = bytes_of(view_of("r1"));
    scene->request.reason = string_of("because");
    scene->request.extension = bytes_of(view_of("extended"));
    scene->request.targets = scene->targets;
    scene->request.n_targets = 1;
    decided->conversation.type = WIRE(CONVERSATION_TYPE, GROUP);
    scene->facts = (struct recall_facts){
        .author = &decided->author,
        .member = &decided->member,
        .event = decided_message(decided),
        .target_role = WIRE(ROLE, MEMBER),
        .audience = &nobody,
        .now_ms = NOW_MS + 7,
    };
}

void scene_fini(struct scene *scene)
{
    decided_fini(&scene->decided);
}

void scene_decide(struct scene *scene)
{
    struct decided *decided = &scene->decided;
    unsay__v1__target_outcome__init(&scene->outcome);
    scene->outcome.target = arena_zero(&decided->arena, sizeof(*scene->outcome.target));
    scene->ruling = recall_judge(&decided->conversation, &scene->request, &scene->target,
                                 &scene->facts, &scene->rules);
    recall_carry_out(&decided->conversation, &decided->member, &scene->request, &scene->target,
                     &scene->facts, &scene->ruling, &scene->rules, &decided->effects,
                     &scene->outcome);
}

void scene_arrive(struct scene *scene, wire_accepted *accepted)
{
    struct decided *decided = &scene->decided;
    wire_recall_request waiting = scene->request;
    wire_send send = UNSAY__V1__SEND__INIT;
    struct uuid id = decided_id(1);
    waiting.n_targets = 0;
    size_t size = unsay__v1__recall_request__get_packed_size(&waiting);
    uint8_t *bytes = arena_alloc(&decided->arena, size);
    unsay__v1__recall_request__pack(&waiting, bytes);
    struct message_id_row row = {.pending = view_make(bytes, size),
                                 .pending_device = view_of("tablet"),
                                 .pending_authority = scene->waiting_authority};
    decided->member.row.pending_recalls = 1;
    send.conversation = string_of("c");
    send.message_id = bytes_of(uuid_view(&id));
    send.content_type = WIRE(CONTENT_TYPE, IMAGE);
    send.body = bytes_of(view_of("secret"));
    struct send_facts facts = {
        .author = &decided->author, .known = &row, .after_is_known = true, .now_ms = NOW_MS + 7};
    unsay__v1__accepted__init(accepted);
    assert_int_equal(send_decide(&decided->conversation, &decided->member, &send, &facts,
                                 &scene->rules, &decided->effects, accepted),
                     REFUSAL_NONE);
}
