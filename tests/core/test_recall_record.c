/* What a decision about a recall goes by, and what it leaves for later: capacities, conditions, the
 * entry in the audit log, the dossier, and the body where the policy keeps it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/frame.h"
#include "core/hlc.h"
#include "core/send.h"
#include "decided.h"

static struct uuid id_1;
static const struct reach_audience nobody;

/* A case, its decision and what that left. */
struct scene {
    struct decided decided;
    struct policy policy;
    struct policy_rule rule;
    struct rulebook rules;
    wire_target target;
    wire_target *targets[1];
    wire_recall_request request;
    struct recall_facts facts;
    struct recall_ruling ruling;
    wire_target_outcome outcome;
    Unsay__V1__Actor waiting_authority; /* of a recall that waits */
};

/* Ann takes back her own message, 7 ms after she sent it, by a rule that lets everyone. */
static void scene_init(struct scene *scene)
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

static void scene_fini(struct scene *scene)
{
    decided_fini(&scene->decided);
}

static void scene_decide(struct scene *scene)
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

/* Who asked, from where, under which name, by which policy: in every entry. */
static const wire_audit_entry *assert_attempt(struct scene *scene, Unsay__V1__RecallOutcome outcome,
                                              refusal_code refusal)
{
    const wire_audit_entry *entry = decided_audit(&scene->decided);
    struct view bytes = decided_change(&scene->decided, CHANGE_AUDIT)->bytes;
    static const char *const canaries[] = {"secret", "because", "extended", "zoe", "elsewhere"};
    for (size_t i = 0; i < sizeof(canaries) / sizeof(canaries[0]); i++)
        assert_null(memmem(bytes.data, bytes.size, canaries[i], strlen(canaries[i])));
    assert_int_equal(entry->kind, WIRE(AUDIT_KIND, RECALL));
    assert_int_equal(entry->time, NOW_MS + 7);
    assert_string_equal(entry->conversation, "c");
    assert_int_equal(entry->conversation_type, WIRE(CONVERSATION_TYPE, GROUP));
    assert_int_equal(entry->origin, 1);
    assert_string_equal(entry->operator_, scene->facts.author->user);
    assert_string_equal(entry->device, "phone");
    assert_string_equal(entry->address, "192.0.2.1:7");
    assert_true(view_equal(bytes_view(entry->request_id), view_of("r1")));
    assert_true(view_equal(bytes_view(entry->policy),
                           view_make(scene->policy.version, POLICY_VERSION_BYTES)));
    assert_int_equal(entry->outcome, outcome);
    assert_int_equal(entry->refusal, refusal);
    assert_int_equal(scene->outcome.outcome, outcome);
    assert_int_equal(scene->outcome.refusal, refusal);
    return entry;
}

/* What the entry says of the message. */
static void assert_target(const wire_audit_entry *entry, bool is_known)
{
    assert_int_equal(entry->target_seq, 2);
    assert_int_equal(entry->target_message_id.len, is_known ? UUID_BYTES : 0);
    assert_string_equal(entry->target_sender, is_known ? "ann" : "");
    assert_int_equal(entry->content_type, is_known ? WIRE(CONTENT_TYPE, IMAGE) : 0);
    assert_int_equal(hlc_ms(entry->target_time), is_known ? NOW_MS : 0);
    assert_int_equal(entry->target_role, is_known ? WIRE(ROLE, MEMBER) : 0);
}

static void a_granted_recall_is_on_record(void **state)
{
    (void)state;
    struct scene scene;
    scene_init(&scene);
    scene.rules.clock_is_unsure = true;
    scene_decide(&scene);
    const wire_audit_entry *entry =
        assert_attempt(&scene, WIRE(RECALL_OUTCOME, RECALLED), REFUSAL_NONE);
    assert_target(entry, true);
    assert_string_equal(entry->rule, "the-rule");
    assert_int_equal(entry->actor, WIRE(ACTOR, SELF));
    assert_int_equal(entry->recall_seq, 5);
    assert_int_equal(entry->clock_unsure, 1);
    assert_int_equal(entry->delivery, WIRE(DELIVERY_STATE, UNKNOWN));
    assert_int_equal(entry->delivered_ms, 0);
    scene_fini(&scene);
}

static void a_refusal_is_on_record_with_the_rule_that_refused(void **state)
{
    (void)state;
    struct scene scene;
    scene_init(&scene);
    scene.rule.window_ms = 6;
    scene_decide(&scene);
    const wire_audit_entry *entry =
        assert_attempt(&scene, WIRE(RECALL_OUTCOME, REFUSED), REFUSAL_CODE(WINDOW_CLOSED));
    assert_target(entry, true);
    assert_string_equal(entry->rule, "the-rule");
    assert_int_equal(entry->actor, WIRE(ACTOR, SELF));
    assert_int_equal(entry->recall_seq, 0);
    assert_int_equal(entry->clock_unsure, 0);
    scene_fini(&scene);

    scene_init(&scene);
    scene.rule.actors = POLICY_BIT(WIRE(ACTOR, OWNER));
    scene_decide(&scene);
    entry = assert_attempt(&scene, WIRE(RECALL_OUTCOME, REFUSED), REFUSAL_CODE(NOT_PERMITTED));
    assert_string_equal(entry->rule, "");
    assert_int_equal(entry->actor, WIRE(ACTOR, SELF));
    scene_fini(&scene);
}

static void what_the_policy_was_not_asked_about_is_on_record_too(void **state)
{
    (void)state;
    struct scene scene;
    scene_init(&scene);
    scene.decided.member.is_member = false;
    scene_decide(&scene);
    const wire_audit_entry *entry =
        assert_attempt(&scene, WIRE(RECALL_OUTCOME, REFUSED), REFUSAL_CODE(NOT_A_MEMBER));
    assert_int_equal(entry->actor, WIRE(ACTOR, UNSPECIFIED));
    assert_string_equal(entry->rule, "");
    scene_fini(&scene);

    scene_init(&scene);
    scene.facts.event = NULL;
    scene_decide(&scene);
    entry = assert_attempt(&scene, WIRE(RECALL_OUTCOME, REFUSED), REFUSAL_CODE(UNKNOWN_MESSAGE));
    assert_target(entry, false);
    scene_fini(&scene);

    scene_init(&scene);
    wire_event creation = UNSAY__V1__EVENT__INIT;
    wire_creation kind = UNSAY__V1__CREATION__INIT;
    creation.kind_case = EVENT_KIND(CREATION);
    creation.creation = &kind;
    scene.facts.event = &creation;
    scene_decide(&scene);
    entry = assert_attempt(&scene, WIRE(RECALL_OUTCOME, REFUSED), REFUSAL_CODE(NOT_A_MESSAGE));
    assert_target(entry, false);
    scene_fini(&scene);
}

static void a_recall_that_waits_is_on_record(void **state)
{
    (void)state;
    struct scene scene;
    scene_init(&scene);
    scene.facts.event = NULL;
    scene.target.seq = 0;
    scene.target.message_id = bytes_of(uuid_view(&id_1));
    scene_decide(&scene);
    const wire_audit_entry *entry =
        assert_attempt(&scene, WIRE(RECALL_OUTCOME, PENDING), REFUSAL_NONE);
    assert_int_equal(entry->target_seq, 0);
    assert_true(view_equal(bytes_view(entry->target_message_id), uuid_view(&id_1)));
    assert_int_equal(entry->recall_seq, 0);
    scene_fini(&scene);
}

/* Another request for what was taken back is an attempt; the same one again is none. */
static void a_repetition_makes_no_entry(void **state)
{
    (void)state;
    static const struct {
        const char *request_id;
        const char *user;
        size_t entries;
    } cases[] = {{"r1", "ann", 0}, {"r2", "ann", 1}, {"r1", "bob", 1}};
    for (size_t i = 0; i < 3; i++) {
        struct scene first;
        struct scene again;
        scene_init(&first);
        scene_decide(&first);
        scene_init(&again);
        struct decided *decided = &first.decided;
        again.decided.author.user = cases[i].user;
        again.request.request_id = bytes_of(view_of(cases[i].request_id));
        again.facts.event =
            event_decode(decided_change(decided, CHANGE_EVENT)->bytes, &decided->arena);
        again.facts.earlier = event_decode(decided->effects.changes.first->bytes, &decided->arena);
        scene_decide(&again);
        assert_int_equal(again.ruling.is_repetition, cases[i].entries == 0);
        assert_int_equal(decided_count(&again.decided, CHANGE_AUDIT), cases[i].entries);
        assert_int_equal(again.decided.effects.changes.count, cases[i].entries);
        assert_int_equal(again.outcome.recall_seq, 5);
        scene_fini(&again);
        scene_fini(&first);
    }
}

/* ---- In which capacity ---- */

static void every_capacity_counts_and_no_other(void **state)
{
    (void)state;
    static const Unsay__V1__Role stranger = WIRE(ROLE, UNSPECIFIED);
    const struct {
        Unsay__V1__Role role; /* 0: no member now */
        Unsay__V1__Actor authority;
        const char *user;
        policy_set capacities; /* 0: refused as no member */
    } cases[] = {
        {WIRE(ROLE, OWNER), WIRE(ACTOR, UNSPECIFIED), "bob", POLICY_BIT(WIRE(ACTOR, OWNER))},
        {WIRE(ROLE, ADMIN), WIRE(ACTOR, UNSPECIFIED), "bob", POLICY_BIT(WIRE(ACTOR, ADMIN))},
        {WIRE(ROLE, MODERATOR), WIRE(ACTOR, UNSPECIFIED), "bob",
         POLICY_BIT(WIRE(ACTOR, MODERATOR))},
        {WIRE(ROLE, MEMBER), WIRE(ACTOR, UNSPECIFIED), "bob", POLICY_BIT(WIRE(ACTOR, MEMBER))},
        {WIRE(ROLE, GUEST), WIRE(ACTOR, UNSPECIFIED), "bob", POLICY_BIT(WIRE(ACTOR, GUEST))},
        {WIRE(ROLE, OWNER), WIRE(ACTOR, UNSPECIFIED), "ann",
         POLICY_BIT(WIRE(ACTOR, OWNER)) | POLICY_BIT(WIRE(ACTOR, SELF))},
        {WIRE(ROLE, GUEST), WIRE(ACTOR, UNSPECIFIED), "ann",
         POLICY_BIT(WIRE(ACTOR, GUEST)) | POLICY_BIT(WIRE(ACTOR, SELF))},
        {WIRE(ROLE, MEMBER), WIRE(ACTOR, SYSTEM), "bob",
         POLICY_BIT(WIRE(ACTOR, MEMBER)) | POLICY_BIT(WIRE(ACTOR, SYSTEM))},
        {stranger, WIRE(ACTOR, UNSPECIFIED), "bob", 0},
        {stranger, WIRE(ACTOR, UNSPECIFIED), "ann", 0}, /* the author has left */
        {stranger, WIRE(ACTOR, SYSTEM), "bob", POLICY_BIT(WIRE(ACTOR, SYSTEM))},
        {stranger, WIRE(ACTOR, COMPLIANCE), "bob", POLICY_BIT(WIRE(ACTOR, COMPLIANCE))},
        /* ... and is no author any more, whatever else they are */
        {stranger, WIRE(ACTOR, SYSTEM), "ann", POLICY_BIT(WIRE(ACTOR, SYSTEM))},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (int actor = (int)WIRE(ACTOR, SELF); actor <= (int)WIRE(ACTOR, COMPLIANCE); actor++) {
            struct scene scene;
            scene_init(&scene);
            scene.decided.author.user = cases[i].user;
            scene.decided.author.authority = cases[i].authority;
            scene.decided.member.is_member = cases[i].role != stranger;
            scene.decided.member.row.role = cases[i].role;
            scene.rule.actors = POLICY_BIT(actor);
            scene_decide(&scene);
            bool may = (cases[i].capacities & POLICY_BIT(actor)) != 0;
            assert_int_equal(scene.outcome.outcome,
                             may ? WIRE(RECALL_OUTCOME, RECALLED) : WIRE(RECALL_OUTCOME, REFUSED));
            if (may)
                assert_int_equal(decided_audit(&scene.decided)->actor, actor);
            else
                assert_int_equal(scene.outcome.refusal, cases[i].capacities == 0
                                                            ? REFUSAL_CODE(NOT_A_MEMBER)
                                                            : REFUSAL_CODE(NOT_PERMITTED));
            scene_fini(&scene);
        }
    }
}

/* ---- Conditions ---- */

static void conditions_are_decided_by_how_far_it_got(void **state)
{
    (void)state;
    enum { NEVER = 0 };
    static const struct {
        Unsay__V1__RecallCondition condition;
        uint64_t stored_ms; /* by bob, after it was sent */
        uint64_t displayed_ms;
        refusal_code refusal;
        Unsay__V1__DeliveryState delivery;
    } cases[] = {
        {WIRE(RECALL_CONDITION, NONE), 3, 4, REFUSAL_NONE, WIRE(DELIVERY_STATE, UNKNOWN)},
        {WIRE(RECALL_CONDITION, IF_UNDELIVERED), NEVER, NEVER, REFUSAL_NONE,
         WIRE(DELIVERY_STATE, UNDELIVERED)},
        {WIRE(RECALL_CONDITION, IF_UNDELIVERED), 3, NEVER, REFUSAL_CODE(CONDITION_NOT_MET),
         WIRE(DELIVERY_STATE, DELIVERED)},
        {WIRE(RECALL_CONDITION, IF_UNREAD), 3, NEVER, REFUSAL_NONE,
         WIRE(DELIVERY_STATE, DELIVERED)},
        {WIRE(RECALL_CONDITION, IF_UNREAD), 3, 4, REFUSAL_CODE(CONDITION_NOT_MET),
         WIRE(DELIVERY_STATE, DISPLAYED)},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct scene scene;
        struct cursor_row cursor = {.receipt_seq = 0};
        struct reach_device bob = {
            .user = "bob", .device = "d", .is_member = true, .cursor = &cursor};
        struct reach_audience audience = {.devices = &bob, .device_count = 1, .member_count = 2};
        scene_init(&scene);
        if (cases[i].stored_ms != NEVER)
            trail_move(&cursor.stored, 2, NOW_MS + cases[i].stored_ms);
        if (cases[i].displayed_ms != NEVER)
            trail_move(&cursor.displayed, 2, NOW_MS + cases[i].displayed_ms);
        scene.facts.audience = &audience;
        scene.request.condition = cases[i].condition;
        scene_decide(&scene);
        const wire_audit_entry *entry =
            assert_attempt(&scene,
                           cases[i].refusal == REFUSAL_NONE ? WIRE(RECALL_OUTCOME, RECALLED)
                                                            : WIRE(RECALL_OUTCOME, REFUSED),
                           cases[i].refusal);
        assert_int_equal(entry->delivery, cases[i].delivery);
        assert_int_equal(entry->delivered_ms,
                         cases[i].delivery >= WIRE(DELIVERY_STATE, DELIVERED) ? NOW_MS + 3 : 0);
        scene_fini(&scene);
    }
}

/* The policy says no first: what else would be asked is not told. */
static void the_policy_comes_before_the_condition(void **state)
{
    (void)state;
    struct scene scene;
    struct reach_audience large = {.is_large = true};
    scene_init(&scene);
    scene.facts.audience = &large;
    scene.request.condition = WIRE(RECALL_CONDITION, IF_UNREAD);
    scene.rule.allows = false;
    scene_decide(&scene);
    assert_int_equal(scene.outcome.refusal, REFUSAL_CODE(NOT_PERMITTED));
    scene_fini(&scene);
}

/* ---- What stays ---- */

static void a_tombstone_has_nothing_that_the_sender_wrote(void **state)
{
    (void)state;
    struct scene scene;
    scene_init(&scene);
    scene.rule.vanishes = true;
    scene_decide(&scene);
    const struct change *row = decided_change(&scene.decided, CHANGE_EVENT);
    const wire_message *message = event_decode(row->bytes, &scene.decided.arena)->message;
    assert_int_equal(row->seq, 2);
    assert_int_equal(message->body.len, 0);
    assert_null(message->quote);
    assert_null(message->forwarded_from);
    assert_int_equal(message->n_mentions, 0);
    assert_int_equal(message->tombstone->actor, WIRE(ACTOR, SELF));
    assert_int_equal(message->tombstone->vanished, 1);
    assert_true(decided_lacks(&scene.decided, "secret"));
    assert_true(decided_lacks(&scene.decided, "zoe"));
    assert_true(decided_lacks(&scene.decided, "elsewhere"));
    scene_fini(&scene);
}

static void the_body_is_kept_only_when_the_rule_keeps_it(void **state)
{
    (void)state;
    static const struct {
        enum policy_keep keep;
        Unsay__V1__Keeping keeping;
    } cases[] = {{POLICY_ERASE, WIRE(KEEPING, ERASED)},
                 {POLICY_KEEP, WIRE(KEEPING, KEPT)},
                 {POLICY_SEAL, WIRE(KEEPING, SEALED)}};
    for (size_t i = 0; i < 3; i++) {
        struct scene scene;
        ProtobufCAllocator allocator;
        scene_init(&scene);
        arena_allocator(&scene.decided.arena, &allocator);
        scene.rule.keep = cases[i].keep;
        scene.rule.keep_ms = 1000;
        scene_decide(&scene);
        const struct change *row = decided_change(&scene.decided, CHANGE_EVENT);
        bool is_kept = cases[i].keep != POLICY_ERASE;
        assert_true(view_equal(row->evidence.body, view_of(is_kept ? "secret" : "")));
        assert_int_equal(row->evidence.until_ms, is_kept ? NOW_MS + 7 + 1000 : 0);
        assert_int_equal(scene.decided.effects.changes.first->evidence.body.size, 0);
        const wire_dossier *dossier =
            unsay__v1__dossier__unpack(&allocator, row->dossier.size, row->dossier.data);
        assert_int_equal(dossier->keeping, cases[i].keeping);
        assert_true(decided_lacks(&scene.decided, "secret"));
        scene_fini(&scene);
    }
}

static void the_dossier_tells_who_had_it_and_by_which_rule(void **state)
{
    (void)state;
    struct scene scene;
    ProtobufCAllocator allocator;
    struct cursor_row has = {.receipt_seq = 0};
    struct cursor_row has_not = {.receipt_seq = 0};
    struct reach_device devices[] = {
        {.user = "bob", .device = "laptop", .is_member = true, .cursor = &has},
        {.user = "cid", .device = "tv", .is_member = true, .cursor = &has_not},
    };
    struct reach_audience audience = {.devices = devices, .device_count = 2, .member_count = 3};
    scene_init(&scene);
    arena_allocator(&scene.decided.arena, &allocator);
    trail_move(&has.stored, 4, NOW_MS + 1);
    trail_move(&has.displayed, 1, NOW_MS + 1);
    trail_move(&has_not.stored, 1, NOW_MS + 1);
    scene.facts.audience = &audience;
    scene_decide(&scene);
    struct view bytes = decided_change(&scene.decided, CHANGE_EVENT)->dossier;
    const wire_dossier *dossier = unsay__v1__dossier__unpack(&allocator, bytes.size, bytes.data);
    assert_string_equal(dossier->rule, "the-rule");
    assert_true(view_equal(bytes_view(dossier->policy),
                           view_make(scene.policy.version, POLICY_VERSION_BYTES)));
    assert_true(dossier->is_complete);
    assert_int_equal(dossier->n_devices, 1);
    assert_string_equal(dossier->devices[0]->user, "bob");
    assert_string_equal(dossier->devices[0]->device, "laptop");
    assert_int_equal(dossier->devices[0]->reach, WIRE(DEVICE_REACH, STORED));
    assert_int_equal(dossier->devices[0]->since_ms, NOW_MS + 1);
    scene_fini(&scene);
}

/* ---- A recall that waited, judged when its message comes ---- */

/* Ann's tablet asked; her phone sends, 7 ms later. */
static void scene_arrive(struct scene *scene, wire_accepted *accepted)
{
    struct decided *decided = &scene->decided;
    wire_recall_request waiting = scene->request;
    wire_send send = UNSAY__V1__SEND__INIT;
    waiting.n_targets = 0;
    size_t size = unsay__v1__recall_request__get_packed_size(&waiting);
    uint8_t *bytes = arena_alloc(&decided->arena, size);
    unsay__v1__recall_request__pack(&waiting, bytes);
    struct message_id_row row = {.pending = view_make(bytes, size),
                                 .pending_device = view_of("tablet"),
                                 .pending_authority = scene->waiting_authority};
    decided->member.row.pending_recalls = 1;
    send.conversation = string_of("c");
    send.message_id = bytes_of(uuid_view(&id_1));
    send.content_type = WIRE(CONTENT_TYPE, IMAGE);
    send.body = bytes_of(view_of("secret"));
    struct send_facts facts = {
        .author = &decided->author, .known = &row, .after_is_known = true, .now_ms = NOW_MS + 7};
    unsay__v1__accepted__init(accepted);
    assert_int_equal(send_decide(&decided->conversation, &decided->member, &send, &facts,
                                 &scene->rules, &decided->effects, accepted),
                     REFUSAL_NONE);
}

static const wire_audit_entry *assert_arrival(struct scene *scene, Unsay__V1__RecallOutcome outcome)
{
    const wire_audit_entry *entry = decided_audit(&scene->decided);
    assert_int_equal(entry->kind, WIRE(AUDIT_KIND, RECALL_ON_ARRIVAL));
    assert_int_equal(entry->time, NOW_MS + 7);
    assert_int_equal(entry->target_seq, 5);
    assert_true(view_equal(bytes_view(entry->target_message_id), uuid_view(&id_1)));
    assert_string_equal(entry->target_sender, "ann");
    assert_string_equal(entry->operator_, "ann");
    assert_string_equal(entry->device, "tablet");
    assert_string_equal(entry->rule, "the-rule");
    assert_int_equal(entry->actor, WIRE(ACTOR, SELF));
    assert_int_equal(entry->target_role, WIRE(ROLE, MEMBER));
    assert_true(view_equal(bytes_view(entry->request_id), view_of("r1")));
    assert_int_equal(entry->outcome, outcome);
    return entry;
}

static void a_recall_granted_on_arrival_is_on_record(void **state)
{
    (void)state;
    struct scene scene;
    wire_accepted accepted;
    scene_init(&scene);
    scene.rule.keep = POLICY_KEEP;
    scene.rule.keep_ms = 10;
    scene_arrive(&scene, &accepted);
    assert_int_equal(accepted.state, WIRE(MESSAGE_STATE, RECALLED));
    assert_int_equal(assert_arrival(&scene, WIRE(RECALL_OUTCOME, RECALLED))->recall_seq, 6);
    assert_true(decided_lacks(&scene.decided, "secret"));
    const struct change *tombstone = decided_change(&scene.decided, CHANGE_EVENT);
    assert_int_equal(tombstone->seq, 5);
    assert_true(view_equal(tombstone->evidence.body, view_of("secret")));
    scene_fini(&scene);
}

/* The mandate of the one who asked counts, whoever's device the message comes from. */
static void a_recall_that_waited_has_the_mandate_of_its_token(void **state)
{
    (void)state;
    struct scene scene;
    wire_accepted accepted;
    for (int with_mandate = 0; with_mandate < 2; with_mandate++) {
        scene_init(&scene);
        scene.rule.actors = POLICY_BIT(WIRE(ACTOR, COMPLIANCE));
        scene.waiting_authority = with_mandate ? WIRE(ACTOR, COMPLIANCE) : WIRE(ACTOR, UNSPECIFIED);
        scene_arrive(&scene, &accepted);
        assert_int_equal(accepted.state, with_mandate ? WIRE(MESSAGE_STATE, RECALLED)
                                                      : WIRE(MESSAGE_STATE, NORMAL));
        const wire_audit_entry *entry = decided_audit(&scene.decided);
        assert_int_equal(entry->actor, with_mandate ? WIRE(ACTOR, COMPLIANCE) : WIRE(ACTOR, SELF));
        policy_set own = POLICY_BIT(WIRE(ACTOR, SELF)) | POLICY_BIT(WIRE(ACTOR, MEMBER));
        assert_int_equal(entry->capacities,
                         with_mandate ? own | POLICY_BIT(WIRE(ACTOR, COMPLIANCE)) : own);
        scene_fini(&scene);
    }
}

static void a_recall_refused_on_arrival_is_told_to_its_operator(void **state)
{
    (void)state;
    struct scene scene;
    wire_accepted accepted;
    scene_init(&scene);
    scene.rule.allows = false;
    scene_arrive(&scene, &accepted);
    assert_int_equal(accepted.state, WIRE(MESSAGE_STATE, NORMAL));
    const wire_audit_entry *entry = assert_arrival(&scene, WIRE(RECALL_OUTCOME, REFUSED));
    assert_int_equal(entry->refusal, REFUSAL_CODE(NOT_PERMITTED));
    assert_int_equal(entry->recall_seq, 0);
    assert_int_equal(decided_publications(&scene.decided), 2);
    assert_int_equal(decided_change(&scene.decided, CHANGE_MEMBER)->member.pending_recalls, 0);

    const struct publication *news = scene.decided.effects.last;
    const wire_server_frame *frame =
        frame_decode_server(frame_payload(blob_view(news->frame)), &scene.decided.arena);
    assert_string_equal(news->only_user, "ann");
    assert_int_equal(frame->request, 0);
    assert_int_equal(frame->body_case, SERVER_FRAME(RECALL));
    assert_true(view_equal(bytes_view(frame->recall->request_id), view_of("r1")));
    assert_int_equal(frame->recall->n_outcomes, 1);
    const wire_target_outcome *outcome = frame->recall->outcomes[0];
    assert_int_equal(outcome->outcome, WIRE(RECALL_OUTCOME, REFUSED));
    assert_int_equal(outcome->refusal, REFUSAL_CODE(NOT_PERMITTED));
    assert_int_equal(outcome->target->seq, 5);
    assert_true(view_equal(bytes_view(outcome->target->message_id), uuid_view(&id_1)));
    scene_fini(&scene);
}

/* Nobody has it when it arrives: a condition is met. */
static void a_condition_is_met_on_arrival(void **state)
{
    (void)state;
    struct scene scene;
    wire_accepted accepted;
    scene_init(&scene);
    scene.request.condition = WIRE(RECALL_CONDITION, IF_UNDELIVERED);
    scene_arrive(&scene, &accepted);
    assert_int_equal(accepted.state, WIRE(MESSAGE_STATE, RECALLED));
    assert_int_equal(assert_arrival(&scene, WIRE(RECALL_OUTCOME, RECALLED))->delivery,
                     WIRE(DELIVERY_STATE, UNDELIVERED));
    scene_fini(&scene);
}

/* ---- What is told outside ---- */

static wire_outbox_entry *told(struct scene *scene, const struct change *change)
{
    ProtobufCAllocator allocator;
    arena_allocator(&scene->decided.arena, &allocator);
    assert_int_equal(change->kind, CHANGE_OUTBOX);
    return unsay__v1__outbox_entry__unpack(&allocator, change->bytes.size, change->bytes.data);
}

/* One row, whoever is in the conversation; none where nobody is told. */
static void a_recall_is_to_be_told_without_what_was_written(void **state)
{
    (void)state;
    for (int has_outbox = 0; has_outbox < 2; has_outbox++) {
        for (int withdraws = 0; withdraws < 2; withdraws++) {
            struct scene scene;
            scene_init(&scene);
            scene.decided.effects.has_outbox = has_outbox;
            scene.rule.withdraws_notifications = withdraws;
            scene.rule.keep = POLICY_KEEP;
            scene.rule.keep_ms = 1;
            scene_decide(&scene);
            assert_int_equal(decided_count(&scene.decided, CHANGE_OUTBOX), has_outbox);
            assert_int_equal(scene.decided.effects.outgoing, has_outbox);
            if (has_outbox) {
                const struct change *change = decided_change(&scene.decided, CHANGE_OUTBOX);
                const wire_outbox_entry *entry = told(&scene, change);
                assert_int_equal(entry->kind, WIRE(OUTBOX_KIND, RECALL));
                assert_string_equal(entry->conversation, "c");
                assert_int_equal(entry->origin, 1);
                assert_int_equal(entry->seq, 5);
                assert_int_equal(entry->target_seq, 2);
                assert_int_equal(entry->withdraws_notifications, withdraws);
                assert_int_equal(hlc_ms(entry->time), NOW_MS + 7);
                static const char *const canaries[] = {"secret", "because", "extended", "ann"};
                for (size_t i = 0; i < sizeof(canaries) / sizeof(canaries[0]); i++)
                    assert_null(memmem(change->bytes.data, change->bytes.size, canaries[i],
                                       strlen(canaries[i])));
            }
            scene_fini(&scene);
        }
    }
}

static void a_refusal_is_not_told(void **state)
{
    (void)state;
    struct scene scene;
    scene_init(&scene);
    scene.decided.effects.has_outbox = true;
    scene.rule.allows = false;
    scene_decide(&scene);
    assert_int_equal(decided_count(&scene.decided, CHANGE_OUTBOX), 0);
    scene_fini(&scene);
}

/* The message first, and then the recall that had waited for it. */
static void a_message_is_to_be_told_before_its_recall(void **state)
{
    (void)state;
    struct scene scene;
    wire_accepted accepted;
    scene_init(&scene);
    scene.decided.effects.has_outbox = true;
    scene_arrive(&scene, &accepted);
    assert_int_equal(accepted.state, WIRE(MESSAGE_STATE, RECALLED));
    assert_int_equal(decided_count(&scene.decided, CHANGE_OUTBOX), 2);
    uint64_t seq = 5;
    for (const struct change *change = scene.decided.effects.changes.first; change != NULL;
         change = change->next) {
        if (change->kind != CHANGE_OUTBOX)
            continue;
        const wire_outbox_entry *entry = told(&scene, change);
        assert_int_equal(entry->kind,
                         seq == 5 ? WIRE(OUTBOX_KIND, MESSAGE) : WIRE(OUTBOX_KIND, RECALL));
        assert_int_equal(entry->seq, seq++);
        assert_int_equal(entry->target_seq, entry->kind == WIRE(OUTBOX_KIND, RECALL) ? 5 : 0);
    }
    assert_true(decided_lacks(&scene.decided, "secret"));
    scene_fini(&scene);
}

int main(void)
{
    id_1 = decided_id(1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_granted_recall_is_on_record),
        cmocka_unit_test(a_refusal_is_on_record_with_the_rule_that_refused),
        cmocka_unit_test(what_the_policy_was_not_asked_about_is_on_record_too),
        cmocka_unit_test(a_recall_that_waits_is_on_record),
        cmocka_unit_test(a_repetition_makes_no_entry),
        cmocka_unit_test(a_recall_is_to_be_told_without_what_was_written),
        cmocka_unit_test(a_refusal_is_not_told),
        cmocka_unit_test(a_message_is_to_be_told_before_its_recall),
        cmocka_unit_test(every_capacity_counts_and_no_other),
        cmocka_unit_test(conditions_are_decided_by_how_far_it_got),
        cmocka_unit_test(the_policy_comes_before_the_condition),
        cmocka_unit_test(a_tombstone_has_nothing_that_the_sender_wrote),
        cmocka_unit_test(the_body_is_kept_only_when_the_rule_keeps_it),
        cmocka_unit_test(the_dossier_tells_who_had_it_and_by_which_rule),
        cmocka_unit_test(a_recall_granted_on_arrival_is_on_record),
        cmocka_unit_test(a_recall_that_waited_has_the_mandate_of_its_token),
        cmocka_unit_test(a_recall_refused_on_arrival_is_told_to_its_operator),
        cmocka_unit_test(a_condition_is_met_on_arrival),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
