/* Policy files: every field, a sentence with line and field for each mistake, and bounds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/limits.h"
#include "base/memory.h"
#include "server/policy_file.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define RULE "rules:\n  - name: a\n    decision: allow\n"

static const struct policy *parsed(const char *text)
{
    const struct policy *policy = NULL;
    struct failure failure = {STATUS_OK, ""};
    if (policy_file_parse(view_of(text), "p.yaml", &policy, &failure) != STATUS_OK)
        fail_msg("%s", failure.text);
    return policy;
}

static void every_field_is_read(void **state)
{
    (void)state;
    static const char text[] = "# all of it\n"
                               "on_clock_unsure: refuse\n"
                               "clock_error_max: 250ms\n"
                               "rules:\n"
                               "  - name: every-condition\n"
                               "    conversation: [direct, channel]\n"
                               "    actor: [self, system]\n"
                               "    target:\n"
                               "      - guest\n"
                               "      - former\n"
                               "    content: [text, custom]\n"
                               "    region: [eu-1, US_2.a]\n"
                               "    older_than: 90s\n"
                               "    younger_than: 7d\n"
                               "    delivered: yes\n"
                               "    displayed: no\n"
                               "    decision: allow\n"
                               "    window: 24h\n"
                               "    window_from: each_delivery\n"
                               "    keep: seal\n"
                               "    keep_for: 90d\n"
                               "    tombstone: vanished\n"
                               "    notifications: leave\n"
                               "    forwards: recalled\n"
                               "  - {name: 'rest', \"decision\": refuse}\n";
    const struct policy *policy = parsed(text);
    assert_int_equal(policy->on_clock_unsure, POLICY_UNSURE_REFUSE);
    assert_int_equal(policy->clock_error_max_ms, 250);
    assert_true(policy->asks_delivery);
    assert_int_equal(policy->rule_count, 2);
    const struct policy_rule *rule = &policy->rules[0];
    assert_string_equal(rule->name, "every-condition");
    assert_int_equal(rule->conversation_types, POLICY_BIT(WIRE(CONVERSATION_TYPE, DIRECT)) |
                                                   POLICY_BIT(WIRE(CONVERSATION_TYPE, CHANNEL)));
    assert_int_equal(rule->actors, POLICY_BIT(WIRE(ACTOR, SELF)) | POLICY_BIT(WIRE(ACTOR, SYSTEM)));
    assert_int_equal(rule->target_roles,
                     POLICY_BIT(WIRE(ROLE, GUEST)) | POLICY_BIT(WIRE(ROLE, UNSPECIFIED)));
    assert_int_equal(rule->content_types,
                     POLICY_BIT(WIRE(CONTENT_TYPE, TEXT)) | POLICY_BIT(WIRE(CONTENT_TYPE, CUSTOM)));
    assert_int_equal(rule->region_count, 2);
    assert_string_equal(rule->regions[0], "eu-1");
    assert_string_equal(rule->regions[1], "US_2.a");
    assert_int_equal(rule->age_min_ms, 90000);
    assert_int_equal(rule->age_max_ms, 604800000);
    assert_int_equal(rule->is_delivered, POLICY_YES);
    assert_int_equal(rule->is_displayed, POLICY_NO);
    assert_true(rule->allows);
    assert_int_equal(rule->window_ms, 86400000);
    assert_int_equal(rule->window_from, POLICY_FROM_EACH_DELIVERY);
    assert_int_equal(rule->keep, POLICY_SEAL);
    assert_int_equal(rule->keep_ms, UINT64_C(90) * 86400000);
    assert_true(rule->vanishes);
    assert_false(rule->withdraws_notifications);
    assert_int_equal(rule->forwards, POLICY_FORWARDS_RECALLED);
    assert_string_equal(policy->rules[1].name, "rest");
    assert_false(policy->rules[1].allows);
    policy_free(policy);
}

static void what_is_left_out_has_defaults(void **state)
{
    (void)state;
    const struct policy *policy = parsed(RULE);
    const struct policy_rule *rule = &policy->rules[0];
    assert_int_equal(policy->on_clock_unsure, POLICY_UNSURE_DECIDE);
    assert_int_equal(policy->clock_error_max_ms, 500);
    assert_false(policy->asks_delivery);
    assert_int_equal(
        rule->conversation_types | rule->actors | rule->target_roles | rule->content_types, 0);
    assert_null(rule->regions);
    assert_int_equal(rule->age_min_ms | rule->age_max_ms | rule->window_ms | rule->keep_ms, 0);
    assert_int_equal(rule->is_delivered, POLICY_ANY);
    assert_int_equal(rule->is_displayed, POLICY_ANY);
    assert_int_equal(rule->window_from, POLICY_FROM_SENDING);
    assert_int_equal(rule->keep, POLICY_ERASE);
    assert_false(rule->vanishes);
    assert_true(rule->withdraws_notifications);
    assert_int_equal(rule->forwards, POLICY_FORWARDS_STAY);
    policy_free(policy);
    policy_free(NULL);
    policy_free(&policy_default);
}

static void the_version_is_that_of_the_bytes(void **state)
{
    (void)state;
    uint8_t version[POLICY_VERSION_BYTES];
    const struct policy *one = parsed(RULE);
    const struct policy *other = parsed(RULE "# and a comment\n");
    crypto_hash_sha256(version, (const uint8_t *)RULE, strlen(RULE));
    assert_memory_equal(one->version, version, sizeof(version));
    assert_memory_not_equal(other->version, version, sizeof(version));
    assert_true(view_equal(one->content, view_of(RULE)));
    policy_free(one);
    policy_free(other);
}

static void how_far_a_message_got_is_asked_where_it_matters(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool asks;
    } cases[] = {
        {RULE, false},
        {RULE "    window: 2m\n    window_from: sending\n", false},
        {RULE "    window: 2m\n    window_from: first_delivery\n", true},
        {RULE "    window: 2m\n    window_from: each_delivery\n", true},
        {RULE "    delivered: no\n", true},
        {RULE "    displayed: yes\n", true},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct policy *policy = parsed(cases[i].text);
        assert_int_equal(policy->asks_delivery, cases[i].asks);
        policy_free(policy);
    }
}

static void check_mistake(const char *text, const char *said)
{
    const struct policy *policy = (const struct policy *)&policy;
    struct failure failure = {STATUS_OK, ""};
    enum status status = policy_file_parse(view_of(text), "p.yaml", &policy, &failure);
    if (status != STATUS_MALFORMED || strstr(failure.text, said) == NULL)
        fail_msg("\"%s\" is not said of:\n%s\nbut: %s", said, text, failure.text);
    assert_null(policy);
    assert_int_equal(policy_file_parse(view_of(text), "p.yaml", &policy, NULL), STATUS_MALFORMED);
}

static void each_mistake_is_said_with_its_place(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *said;
    } mistakes[] = {
        {"", "p.yaml:1: empty"},
        {"# nothing\n", "p.yaml:1: empty"},
        {"rules\n", "p.yaml:1: a policy has fields"},
        {"[rules]\n", "p.yaml:1: a policy has fields"},
        {"on_clock_unsure: decide\n", "p.yaml:1: rules is missing"},
        {"\nrulez: []\n", "p.yaml:2: there is no field \"rulez\"; there are: on_clock_unsure, "
                          "clock_error_max, rules"},
        {"? [1]\n: x\n", "p.yaml:1: write the name of a field here"},
        {"on_clock_unsure: maybe\n",
         "p.yaml:1: on_clock_unsure: \"maybe\" is not known here; write decide or refuse"},
        {"on_clock_unsure: [decide]\n", "p.yaml:1: on_clock_unsure: write decide or refuse here"},
        {"clock_error_max: none\n", "p.yaml:1: clock_error_max: \"none\" is not a duration; write "
                                    "500ms, 90s, 2m, 24h or 7d"},
        {RULE "rules: []\n", "p.yaml:4: rules: given already in line 1"},
        {"rules: []\n", "p.yaml:1: rules: at least one rule is needed"},
        {"rules: 3\n", "p.yaml:1: rules: write a list of rules"},
        {"rules:\n", "p.yaml:1: rules: write a list of rules"},
        {"rules:\n  - 3\n", "p.yaml:2: rules[0]: a rule has fields"},
        {"rules:\n  - decision: allow\n", "p.yaml:2: rules[0]: name is missing"},
        {"rules:\n  - name: a\n", "p.yaml:2: rules[0]: decision is missing"},
        {"rules:\n  - name: A\n", "p.yaml:2: rules[0].name: \"A\" is not a name; write 1 to 64 of "
                                  "[a-z0-9-]"},
        {"rules:\n  - name: \"\"\n", "p.yaml:2: rules[0].name: \"\" is not a name"},
        {"rules:\n  - name: \"a\\0b\"\n", "p.yaml:2: rules[0].name: \"a?b\" is not a name"},
        {"rules:\n  - name: {}\n", "p.yaml:2: rules[0].name: write a name here"},
        {RULE "  - name: a\n    decision: refuse\n",
         "p.yaml:4: rules[1].name: \"a\" is the name of the rule in line 2"},
        {RULE "    when: now\n", "p.yaml:4: rules[0]: there is no field \"when\"; there are: name"},
        {RULE "    name: b\n", "p.yaml:4: rules[0].name: given already in line 2"},
        {RULE "    window: 2 minutes\n",
         "p.yaml:4: rules[0].window: \"2 minutes\" is not a duration; write 90s, 2m, 24h, 7d or "
         "none"},
        {RULE "    window: 0s\n", "p.yaml:4: rules[0].window: \"0s\" is not a duration"},
        {RULE "    window: 3651d\n", "(at most 3650d)"},
        {RULE "    window: [2m]\n", "p.yaml:4: rules[0].window: write a duration or none here"},
        {RULE "    older_than: none\n", "p.yaml:4: rules[0].older_than: \"none\" is not a"},
        {RULE "    actor: []\n", "p.yaml:4: rules[0].actor: an empty list matches nothing; name "
                                 "some of self, owner, admin, moderator, member, guest, system, "
                                 "compliance, or leave the field out"},
        {RULE "    actor: self\n", "p.yaml:4: rules[0].actor: write a list in brackets"},
        {RULE "    actor: [self,\n      me]\n",
         "p.yaml:5: rules[0].actor: \"me\" is not known here; write one of self, owner"},
        {RULE "    actor: [self, self]\n", "p.yaml:4: rules[0].actor: \"self\" is named twice"},
        {RULE "    actor: [[self]]\n", "p.yaml:4: rules[0].actor: write one word here"},
        {RULE "    target: [self]\n", "owner, admin, moderator, member, guest, former"},
        {RULE "    content: [sticker]\n", "text, image, audio, video, file, location, custom"},
        {RULE "    conversation: [room]\n", "write one of direct, group, channel"},
        {RULE "    region: [eu west]\n", "p.yaml:4: rules[0].region: \"eu west\" is not a name"},
        {RULE "    region: [eu, eu]\n", "p.yaml:4: rules[0].region: \"eu\" is named twice"},
        {RULE "    region: []\n", "p.yaml:4: rules[0].region: an empty list"},
        {RULE "    delivered: true\n", "write one of yes, no"},
        {RULE "    decision: deny\n", "p.yaml:4: rules[0].decision: given already in line 3"},
        {"rules:\n  - decision: deny\n", "p.yaml:2: rules[0].decision: \"deny\" is not known here; "
                                         "write one of allow, refuse"},
        {RULE "    window: 2m\n    window_from: reading\n",
         "write one of sending, first_delivery, each_delivery"},
        {RULE "    keep: all\n", "write one of erase, keep, seal"},
        {RULE "    tombstone: hidden\n", "write one of shown, vanished"},
        {RULE "    notifications: no\n", "write one of withdraw, leave"},
        {RULE "    forwards: leave\n", "write one of stay, recalled"},
        /* contradictions */
        {"rules:\n  - name: a\n    window: 2m\n    decision: refuse\n",
         "p.yaml:3: rules[0].window: the rule refuses"},
        {"rules:\n  - name: a\n    decision: refuse\n    notifications: withdraw\n",
         "p.yaml:4: rules[0].notifications: the rule refuses"},
        {RULE "    younger_than: 1h\n    older_than: 2h\n",
         "p.yaml:4: rules[0].younger_than: less than older_than"},
        {RULE "    delivered: no\n    displayed: yes\n",
         "p.yaml:5: rules[0].displayed: what was displayed was delivered"},
        {RULE "    window_from: sending\n", "p.yaml:4: rules[0].window_from: there is no window"},
        {RULE "    window: none\n    window_from: first_delivery\n", "there is no window"},
        {RULE "    keep_for: 90d\n", "p.yaml:4: rules[0].keep_for: nothing is kept"},
        {RULE "    keep: erase\n    keep_for: 90d\n", "p.yaml:5: rules[0].keep_for: nothing is"},
        {RULE "    keep: seal\n", "p.yaml:4: rules[0].keep: for how long? Add keep_for"},
        {RULE "  - name: b\n    actor: [self]\n    decision: refuse\n",
         "p.yaml:4: rules[1]: \"b\" is never asked: whatever it matches, \"a\" in line 2 matches"},
        /* what YAML has and policies have not */
        {"rules: &r\n" RULE, "p.yaml:1: rules: an anchor (&) is not accepted"},
        {"rules:\n  - &r {name: a, decision: allow}\n  - *r\n", "p.yaml:2: rules[0]: an anchor"},
        {RULE "  - &r {name: b, decision: allow}\n", "p.yaml:4: rules[1]: an anchor"},
        {RULE "    &x window: 2m\n", "p.yaml:4: rules[0]: an anchor"},
        {RULE "    window: &x 2m\n", "p.yaml:4: rules[0].window: an anchor"},
        {RULE "&x on_clock_unsure: decide\n", "p.yaml:4: an anchor"},
        {"rules: *r\n", "p.yaml:1: rules: an alias (*) is not accepted"},
        {"rules:\n  - name: !!str a\n", "p.yaml:2: rules[0].name: a tag (!) is not accepted"},
        {"!x\nrules: []\n", "p.yaml:1: a tag (!) is not accepted"},
        {"<<: {}\n", "there is no field \"<<\""},
        {RULE "---\n" RULE, "p.yaml:4: a second document begins"},
        {RULE "   x: [\n", "p.yaml:4: not YAML: "},
        {"rules: [\n", "not YAML: "},
        {RULE "\twindow: 2m\n", "p.yaml:4: not YAML: "},
        {"rules: \"\n", "not YAML: "},
        {"# one\n# two\n\x80\n", "p.yaml:3: not UTF-8 text"},
        {"# one\n\x01\n", "p.yaml:2: not UTF-8 text"},
        {"\xff\xfer\0u", "p.yaml:1: "},
    };
    for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++)
        check_mistake(mistakes[i].text, mistakes[i].said);
    const struct policy *policy;
    assert_int_equal(policy_file_parse(view_make(NULL, 0), "p", &policy, NULL), STATUS_MALFORMED);
}

static void rules_that_leave_something_to_later_ones_are_fine(void **state)
{
    (void)state;
    static const char *const first[] = {
        "actor: [self]",    "conversation: [group]", "content: [text]",
        "target: [guest]",  "region: [eu]",          "older_than: 2m",
        "younger_than: 2m", "delivered: yes",        "displayed: no",
    };
    char text[256];
    for (size_t i = 0; i < sizeof(first) / sizeof(first[0]); i++) {
        snprintf(text, sizeof(text),
                 "rules:\n- {name: a, decision: allow, %s}\n- {name: b, decision: refuse}\n",
                 first[i]);
        policy_free(parsed(text));
        snprintf(text, sizeof(text),
                 "rules:\n- {name: a, decision: allow, %s}\n- {name: b, decision: refuse, %s}\n",
                 first[i], first[i]);
        check_mistake(text, "p.yaml:3: rules[1]: \"b\" is never asked");
    }
    check_mistake("rules:\n"
                  "- {name: a, decision: allow, region: [eu, us], older_than: 2m, actor: [self, "
                  "owner]}\n"
                  "- {name: b, decision: refuse, region: [us], older_than: 3m, younger_than: 5m, "
                  "actor: [self], delivered: no}\n",
                  "\"b\" is never asked");
}

static void long_values_are_cut_in_messages(void **state)
{
    (void)state;
    char text[4096] = RULE "    window: ";
    size_t used = strlen(text);
    memset(text + used, 'x', 3000);
    memcpy(text + used + 3000, "\n", 2);
    check_mistake(text, "xxx...\" is not a duration");
    for (size_t i = 0; i < 999; i++)
        memcpy(text + used + i * 3, "\xe6\x92\xa4", 3);
    memcpy(text + used + 2997, "\n", 2);
    check_mistake(text, "\xe6\x92\xa4...\" is not a duration");
}

/* `count` rules, of which none takes anything from another; the caller frees the text. */
static char *many_rules(size_t count)
{
    char *text = memory_new(count * 80 + 16);
    size_t used = (size_t)snprintf(text, 16, "rules:\n");
    for (size_t i = 0; i < count; i++)
        used += (size_t)snprintf(text + used, 80,
                                 "- {name: r%zu, region: [r%zu], decision: allow}\n", i, i);
    return text;
}

static void bounds_are_kept(void **state)
{
    (void)state;
    char *text = many_rules(LIMIT_POLICY_RULES_MAX);
    const struct policy *policy = parsed(text);
    assert_int_equal(policy->rule_count, LIMIT_POLICY_RULES_MAX);
    policy_free(policy);
    free(text);

    text = many_rules(LIMIT_POLICY_RULES_MAX + 1);
    check_mistake(text, "p.yaml:1002: rules: more than 1000");
    free(text);

    char rule[4096] = RULE "    region: [r0";
    for (size_t i = 1, used = strlen(rule); i <= LIMIT_POLICY_REGIONS_MAX; i++)
        used += (size_t)snprintf(rule + used, 16, ", r%zu", i);
    memcpy(rule + strlen(rule), "]\n", 3);
    check_mistake(rule, "rules[0].region: more than 64 regions");

    char named[256] = "rules:\n  - decision: allow\n    name: ";
    size_t used = strlen(named);
    memset(named + used, 'n', LIMIT_POLICY_NAME_BYTES_MAX);
    policy_free(parsed(named));
    memset(named + used, 'n', LIMIT_POLICY_NAME_BYTES_MAX + 1);
    check_mistake(named, "is not a name; write 1 to 64");
}

static void the_file_has_a_largest_size(void **state)
{
    (void)state;
    const struct policy *policy;
    struct failure failure;
    size_t size = LIMIT_POLICY_FILE_BYTES_MAX;
    char *text = memory_new(size + 1);
    memset(text, '\n', size + 1);
    memcpy(text, RULE, strlen(RULE));
    assert_int_equal(policy_file_parse(view_make(text, size), "p", &policy, &failure), STATUS_OK);
    policy_free(policy);
    assert_int_equal(policy_file_parse(view_make(text, size + 1), "p", &policy, &failure),
                     STATUS_TOO_LARGE);
    assert_string_equal(failure.text, "p: larger than 122880 bytes");
    free(text);
}

static void deep_and_hostile_documents_end_soon(void **state)
{
    (void)state;
    const struct policy *policy;
    struct failure failure;
    static const char *const pieces[] = {
        "[",   "{", "- ",         "? ",    "{a: ",  "[[a, ", "a: &a [*a, ",  "\"", "!", "&", "*",
        "|\n", ">", "%TAG ! !\n", "---\n", "a:\n ", "- - ",  "\xef\xbb\xbf", ": ", "\r"};
    size_t size = LIMIT_POLICY_FILE_BYTES_MAX;
    char *text = memory_new(size);
    for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
        static const char *const before[] = {"",
                                             "rules: ", "rules:\n  - name: ", "rules:\n- actor: ["};
        for (size_t j = 0; j < sizeof(before) / sizeof(before[0]); j++) {
            size_t used = strlen(before[j]);
            memcpy(text, before[j], used);
            for (; used < size; used++)
                text[used] = pieces[i][(used - strlen(before[j])) % strlen(pieces[i])];
            assert_int_equal(policy_file_parse(view_make(text, size), "p", &policy, &failure),
                             STATUS_MALFORMED);
        }
    }
    free(text);
}

static void files_that_cannot_be_read_are_named(void **state)
{
    (void)state;
    char directory[] = P_tmpdir "/unsay-policy-XXXXXX";
    char path[128];
    const struct policy *policy;
    struct failure failure;
    assert_non_null(mkdtemp(directory));
    snprintf(path, sizeof(path), "%s/p.yaml", directory);
    assert_int_equal(policy_file_load(path, &policy, &failure), STATUS_NOT_FOUND);
    assert_non_null(strstr(failure.text, path));
    assert_int_equal(policy_file_load(directory, &policy, &failure), STATUS_IO);
    assert_non_null(strstr(failure.text, "give a plain file"));
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(policy_file_load(path, &policy, &failure), STATUS_IO);
    assert_int_equal(unlink(path), 0);

    FILE *file = fopen(path, "we");
    assert_non_null(file);
    fputs(RULE, file);
    fclose(file);
    assert_int_equal(policy_file_load(path, &policy, &failure), STATUS_OK);
    assert_string_equal(policy->rules[0].name, "a");
    policy_free(policy);
    file = fopen(path, "ae");
    for (size_t i = 0; i < LIMIT_POLICY_FILE_BYTES_MAX; i++)
        fputc('\n', file);
    fclose(file);
    assert_int_equal(policy_file_load(path, &policy, &failure), STATUS_TOO_LARGE);
    assert_null(policy);
    unlink(path);
    rmdir(directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_is_read),
        cmocka_unit_test(what_is_left_out_has_defaults),
        cmocka_unit_test(the_version_is_that_of_the_bytes),
        cmocka_unit_test(how_far_a_message_got_is_asked_where_it_matters),
        cmocka_unit_test(each_mistake_is_said_with_its_place),
        cmocka_unit_test(rules_that_leave_something_to_later_ones_are_fine),
        cmocka_unit_test(long_values_are_cut_in_messages),
        cmocka_unit_test(bounds_are_kept),
        cmocka_unit_test(the_file_has_a_largest_size),
        cmocka_unit_test(deep_and_hostile_documents_end_soon),
        cmocka_unit_test(files_that_cannot_be_read_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
