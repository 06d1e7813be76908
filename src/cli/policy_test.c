#include "cli/command.h"
#include "cli/output.h"
#include "cli/policy.h"
#include "cli/text.h"
#include "core/policy_words.h"
#include "server/policy_file.h"

#include <string.h>

enum {
    OPTION_AS = 1,
    OPTION_TARGET,
    OPTION_TYPE,
    OPTION_CONTENT,
    OPTION_REGION,
    OPTION_AGE,
    OPTION_DELIVERED,
    OPTION_DELIVERED_ALL,
    OPTION_DISPLAYED,
    OPTION_CLOCK_UNSURE
};

static const struct help help = {
    .usage = "policy test FILE --as LIST [OPTION...]\n",
    .about =
        "Says how a policy file decides a case: the verdict, the rule, why, and what is kept.\n"
        "Times are ages: \"--delivered 30s\" means 30 seconds ago. The exit status is 0 when\n"
        "the recall is granted, 1 when it is refused, 2 also for a file that is not valid.\n",
    .options =
        "  --as LIST          who takes back, all that apply: self, owner, admin, moderator,\n"
        "                     member, guest, system, compliance\n"
        "  --target ROLE      the author now: owner, admin, moderator, member, guest or\n"
        "                     former (default: with self the role in --as, else member)\n"
        "  --type TYPE        direct, group (the default) or channel\n"
        "  --content TYPE     text (the default), image, audio, video, file, location or\n"
        "                     custom\n"
        "  --region NAME      the server's region (default: it has no name)\n"
        "  --age TIME         since sending, such as 90s, 2m, 24h, 7d (default: just now)\n"
        "  --delivered TIME   since the first other member had it (default: nobody has)\n"
        "  --delivered-all TIME  since the last other member had it (default: not all have)\n"
        "  --displayed        another member has seen it; needs --delivered\n"
        "  --clock-unsure     the server's clock is not trusted\n"
        "  --json             one JSON object\n",
    .example =
        "  unsay policy test policy.yaml --as self,member --age 90s\n"
        "  unsay policy test policy.yaml --as admin --target owner --type channel --age 7d\n",
};

/* The clock of a case: far enough from 0 for every age. */
static const uint64_t case_now_ms = UINT64_C(1) << 62;

struct case_request {
    struct policy_case facts;
    uint32_t target; /* a role, or TARGET_NOT_GIVEN */
    uint64_t age_ms;
    uint64_t delivered_ms; /* ago, as below; NOT_DELIVERED */
    uint64_t delivered_all_ms;
    bool is_displayed;
};

enum { TARGET_NOT_GIVEN = 32 };
static const uint64_t NOT_DELIVERED = UINT64_MAX;

static bool case_read_word(struct options *options, const char *option,
                           enum policy_vocabulary vocabulary, uint32_t *value)
{
    char valid[POLICY_LIST_TEXT_BYTES];
    if (policy_word_find(vocabulary, view_of(optarg), value))
        return true;
    policy_words_list(vocabulary, 0, valid);
    options->exit_status =
        options_wrong(options, "--%s takes one of %s, not \"%s\"", option, valid, optarg);
    return false;
}

static bool case_read_actors(struct options *options, policy_set *actors)
{
    char valid[POLICY_LIST_TEXT_BYTES];
    for (const char *at = optarg;; at++) {
        uint32_t value;
        size_t length = strcspn(at, ",");
        if (!policy_word_find(POLICY_WORDS_ACTOR, view_make(at, length), &value))
            break;
        *actors |= POLICY_BIT(value);
        at += length;
        if (*at == 0)
            return true;
    }
    policy_words_list(POLICY_WORDS_ACTOR, 0, valid);
    options->exit_status =
        options_wrong(options, "--as takes some of %s, with commas, not \"%s\"", valid, optarg);
    return false;
}

static bool case_read_age(struct options *options, const char *option, uint64_t *ms)
{
    *ms = 0;
    if (strcmp(optarg, "0") == 0 || policy_duration_find(view_of(optarg), ms))
        return true;
    options->exit_status = options_wrong(
        options, "--%s takes a time such as 0, 90s, 2m, 24h or 7d, not \"%s\"", option, optarg);
    return false;
}

static bool case_read_option(struct options *options, struct case_request *request, int option)
{
    struct policy_case *facts = &request->facts;
    uint32_t value = 0;
    bool is_valid = true;
    switch (option) {
    case OPTION_AS:
        return case_read_actors(options, &facts->actors);
    case OPTION_TARGET:
        return case_read_word(options, "target", POLICY_WORDS_TARGET, &request->target);
    case OPTION_TYPE:
        is_valid = case_read_word(options, "type", POLICY_WORDS_CONVERSATION, &value);
        facts->conversation_type = (Unsay__V1__ConversationType)value;
        return is_valid;
    case OPTION_CONTENT:
        is_valid = case_read_word(options, "content", POLICY_WORDS_CONTENT, &value);
        facts->content_type = (Unsay__V1__ContentType)value;
        return is_valid;
    case OPTION_REGION:
        facts->region = optarg;
        return true;
    case OPTION_AGE:
        return case_read_age(options, "age", &request->age_ms);
    case OPTION_DELIVERED:
        return case_read_age(options, "delivered", &request->delivered_ms);
    case OPTION_DELIVERED_ALL:
        return case_read_age(options, "delivered-all", &request->delivered_all_ms);
    case OPTION_DISPLAYED:
        request->is_displayed = true;
        return true;
    default:
        facts->clock_is_unsure = true;
        return true;
    }
}

static bool case_read_options(struct options *options, struct case_request *request, int argc,
                              char **argv)
{
    static const struct option choices[] = {
        {"as", required_argument, NULL, OPTION_AS},
        {"target", required_argument, NULL, OPTION_TARGET},
        {"type", required_argument, NULL, OPTION_TYPE},
        {"content", required_argument, NULL, OPTION_CONTENT},
        {"region", required_argument, NULL, OPTION_REGION},
        {"age", required_argument, NULL, OPTION_AGE},
        {"delivered", required_argument, NULL, OPTION_DELIVERED},
        {"delivered-all", required_argument, NULL, OPTION_DELIVERED_ALL},
        {"displayed", no_argument, NULL, OPTION_DISPLAYED},
        {"clock-unsure", no_argument, NULL, OPTION_CLOCK_UNSURE},
        {"json", no_argument, NULL, OPTION_JSON},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    int option;
    while ((option = options_next(options, argc, argv, choices)) != OPTION_END)
        if (option == OPTION_STOP || !case_read_option(options, request, option))
            return false;
    return true;
}

/* The role among the actors; SELF, SYSTEM and COMPLIANCE are none. */
static uint32_t case_role_of(policy_set actors)
{
    for (uint32_t actor = WIRE(ACTOR, OWNER); actor <= WIRE(ACTOR, GUEST); actor++) {
        uint32_t role;
        const char *word = policy_word_of(POLICY_WORDS_ACTOR, actor);
        if ((actors & POLICY_BIT(actor)) != 0 &&
            policy_word_find(POLICY_WORDS_TARGET, view_of(word), &role))
            return role;
    }
    return TARGET_NOT_GIVEN;
}

/* Who says --as self is the author: both have one role. */
static int case_settle_target(const struct options *options, struct case_request *request)
{
    bool is_own = (request->facts.actors & POLICY_BIT(WIRE(ACTOR, SELF))) != 0;
    uint32_t actor;
    uint32_t own_role = is_own ? case_role_of(request->facts.actors) : TARGET_NOT_GIVEN;
    if (request->target == TARGET_NOT_GIVEN)
        request->target = own_role == TARGET_NOT_GIVEN ? WIRE(ROLE, MEMBER) : own_role;
    if (is_own && request->target == WIRE(ROLE, UNSPECIFIED))
        return options_wrong(options, "self is an author who is still a member; leave self or "
                                      "--target former out");
    if (own_role != TARGET_NOT_GIVEN && own_role != request->target)
        return options_wrong(options, "self is the author, who cannot have one role in --as and "
                                      "another in --target");
    if (is_own &&
        policy_word_find(POLICY_WORDS_ACTOR,
                         view_of(policy_word_of(POLICY_WORDS_TARGET, request->target)), &actor))
        request->facts.actors |= POLICY_BIT(actor);
    request->facts.target_role = (Unsay__V1__Role)request->target;
    return COMMAND_OK;
}

static int case_settle(const struct options *options, struct case_request *request)
{
    struct policy_case *facts = &request->facts;
    bool is_delivered = request->delivered_ms != NOT_DELIVERED;
    bool is_delivered_to_all = request->delivered_all_ms != NOT_DELIVERED;
    if (facts->actors == 0)
        return options_wrong(options, "--as is needed: who takes back");
    if (case_settle_target(options, request) != COMMAND_OK)
        return COMMAND_USAGE;
    if (!is_delivered && (is_delivered_to_all || request->is_displayed))
        return options_wrong(options, "--delivered is needed: since when the first one has it");
    if ((is_delivered && request->delivered_ms > request->age_ms) ||
        (is_delivered_to_all && request->delivered_all_ms > request->delivered_ms))
        return options_wrong(options,
                             "it was sent first, then delivered to one, then to all: --age "
                             "is the longest time");
    facts->now_ms = case_now_ms;
    facts->sent_ms = case_now_ms - request->age_ms;
    facts->first_delivered_ms = is_delivered ? case_now_ms - request->delivered_ms : 0;
    facts->each_delivered_ms = is_delivered_to_all ? case_now_ms - request->delivered_all_ms : 0;
    facts->delivery = request->is_displayed ? WIRE(DELIVERY_STATE, DISPLAYED)
                      : is_delivered        ? WIRE(DELIVERY_STATE, DELIVERED)
                                            : WIRE(DELIVERY_STATE, UNDELIVERED);
    return COMMAND_OK;
}

int policy_run_test(int argc, char **argv)
{
    struct options options;
    const struct policy *policy;
    struct failure failure;
    struct case_request request = {
        .facts = {.conversation_type = WIRE(CONVERSATION_TYPE, GROUP),
                  .content_type = WIRE(CONTENT_TYPE, TEXT),
                  .region = ""},
        .target = TARGET_NOT_GIVEN,
        .delivered_ms = NOT_DELIVERED,
        .delivered_all_ms = NOT_DELIVERED,
    };
    options_init(&options, "policy", &help, 0);
    if (!case_read_options(&options, &request, argc, argv))
        return options.exit_status;
    if (argc - optind != 1)
        return options_wrong(&options, "give one policy file");
    if (case_settle(&options, &request) != COMMAND_OK)
        return COMMAND_USAGE;
    if (policy_file_load(argv[optind], &policy, &failure) != STATUS_OK) {
        text_write_foreign(stderr, view_of(failure.text));
        fputc('\n', stderr);
        return COMMAND_USAGE;
    }
    struct policy_verdict verdict = policy_judge(policy, &request.facts);
    if (options.is_json)
        output_object(stdout, policy_verdict_to_json(policy, &request.facts, &verdict));
    else
        policy_verdict_print(stdout, policy, &request.facts, &verdict);
    policy_free(policy);
    return verdict.refusal == REFUSAL_NONE ? COMMAND_OK : COMMAND_REFUSED;
}
