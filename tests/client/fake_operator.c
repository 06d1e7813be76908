/* Answers in one fixed form each, to requests about which the fake server knows nothing. */
#include "fake_server_internal.h"

static void answer_appended(struct fake_server *server, uint64_t request)
{
    wire_appended appended = UNSAY__V1__APPENDED__INIT;
    appended.conversation = string_of("g:1");
    appended.origin = ORIGIN_DEFAULT;
    appended.seq = 7;
    appended.time = UINT64_C(1700000000007) << 16;
    wire_server_frame frame = UNSAY__V1__SERVER_FRAME__INIT;
    frame.body_case = SERVER_FRAME(APPENDED);
    frame.appended = &appended;
    put_frame(server, request, &frame);
}

/* Whatever is asked for, the conversation is muted, in its next version. */
static void answer_listing(struct fake_server *server, uint64_t request)
{
    if (server->listing.version == 0)
        unsay__v1__listing__init(&server->listing);
    server->listing.conversation = string_of("g:1");
    server->listing.version++;
    server->listing.muted_until_ms = 77;
    put_listing(server, request);
}

static void answer_members(struct fake_server *server, uint64_t request)
{
    wire_member member = UNSAY__V1__MEMBER__INIT;
    member.user = string_of("bob");
    member.role = WIRE(ROLE, ADMIN);
    wire_member *members[] = {&member};
    wire_member_page page = UNSAY__V1__MEMBER_PAGE__INIT;
    page.n_members = 1;
    page.members = members;
    page.more = true;
    wire_server_frame frame = UNSAY__V1__SERVER_FRAME__INIT;
    frame.body_case = SERVER_FRAME(MEMBERS);
    frame.members = &page;
    put_frame(server, request, &frame);
}

static void answer_pins(struct fake_server *server, uint64_t request)
{
    wire_reference reference = UNSAY__V1__REFERENCE__INIT;
    reference.seq = 5;
    wire_reference *pins[] = {&reference};
    wire_pin_list list = UNSAY__V1__PIN_LIST__INIT;
    list.n_pins = 1;
    list.pins = pins;
    wire_server_frame frame = UNSAY__V1__SERVER_FRAME__INIT;
    frame.body_case = SERVER_FRAME(PINS);
    frame.pins = &list;
    put_frame(server, request, &frame);
}

/* Done when asked for the second time. */
static void answer_range(struct fake_server *server, uint64_t request,
                         const wire_recall_range *range)
{
    wire_range_progress progress = UNSAY__V1__RANGE_PROGRESS__INIT;
    progress.conversation = range->conversation;
    progress.request_id = range->request_id;
    progress.is_done = server->requests > 1;
    progress.examined = 10 * server->requests;
    progress.recalled = 9 * server->requests;
    progress.refused = server->requests;
    progress.refusal = WIRE(ERROR_CODE, WINDOW_CLOSED);
    wire_server_frame frame = UNSAY__V1__SERVER_FRAME__INIT;
    frame.body_case = SERVER_FRAME(RANGE);
    frame.range = &progress;
    put_frame(server, request, &frame);
}

static void answer_exposure(struct fake_server *server, uint64_t request)
{
    wire_exposure_totals totals = UNSAY__V1__EXPOSURE_TOTALS__INIT;
    totals.devices = 4;
    totals.outstanding = 1;
    wire_device_exposure device = UNSAY__V1__DEVICE_EXPOSURE__INIT;
    device.user = string_of("bob");
    device.device = string_of("laptop");
    device.reach = WIRE(DEVICE_REACH, DISPLAYED);
    device.applied = true;
    device.receipt = WIRE(RECEIPT_STATE, SIGNED);
    wire_device_exposure *devices[] = {&device};
    wire_exposure exposure = UNSAY__V1__EXPOSURE__INIT;
    exposure.origin = ORIGIN_DEFAULT;
    exposure.recall_seq = 9;
    exposure.target_seq = 5;
    exposure.time = UINT64_C(1700000000009) << 16;
    exposure.totals = &totals;
    exposure.n_devices = 1;
    exposure.devices = devices;
    wire_server_frame frame = UNSAY__V1__SERVER_FRAME__INIT;
    frame.body_case = SERVER_FRAME(EXPOSURE);
    frame.exposure = &exposure;
    put_frame(server, request, &frame);
}

static void answer_recalls(struct fake_server *server, uint64_t request)
{
    static uint8_t policy[32] = {1, 2, 3};
    wire_audit_entry audit = UNSAY__V1__AUDIT_ENTRY__INIT;
    audit.time = 1700000000000;
    audit.conversation = string_of("g:1");
    audit.target_seq = 5;
    audit.operator_ = string_of("bob");
    audit.actor = WIRE(ACTOR, ADMIN);
    audit.rule = string_of("admins");
    audit.policy = bytes_of(view_make(policy, sizeof(policy)));
    audit.outcome = WIRE(RECALL_OUTCOME, REFUSED);
    audit.refusal = WIRE(ERROR_CODE, WINDOW_CLOSED);
    wire_recall_entry entry = UNSAY__V1__RECALL_ENTRY__INIT;
    entry.index = 11;
    entry.entry = &audit;
    wire_recall_entry empty = UNSAY__V1__RECALL_ENTRY__INIT;
    wire_recall_entry *entries[] = {&empty, &entry};
    wire_recall_page page = UNSAY__V1__RECALL_PAGE__INIT;
    page.n_entries = 2;
    page.entries = entries;
    page.next = 10;
    wire_server_frame frame = UNSAY__V1__SERVER_FRAME__INIT;
    frame.body_case = SERVER_FRAME(RECALLS);
    frame.recalls = &page;
    put_frame(server, request, &frame);
}

static void answer_evidence(struct fake_server *server, uint64_t request)
{
    wire_evidence evidence = UNSAY__V1__EVIDENCE__INIT;
    evidence.origin = ORIGIN_DEFAULT;
    evidence.target_seq = 5;
    evidence.content_type = WIRE(CONTENT_TYPE, TEXT);
    evidence.body = bytes_of(view_of("kept"));
    evidence.kept_until_ms = 1700000000000;
    wire_server_frame frame = UNSAY__V1__SERVER_FRAME__INIT;
    frame.body_case = SERVER_FRAME(EVIDENCE);
    frame.evidence = &evidence;
    put_frame(server, request, &frame);
}

static void answer_policy(struct fake_server *server, uint64_t request)
{
    wire_policy_info old = UNSAY__V1__POLICY_INFO__INIT;
    old.since_ms = 1;
    wire_policy_info *versions[] = {&old};
    wire_policy_info policy = UNSAY__V1__POLICY_INFO__INIT;
    policy.content = bytes_of(view_of("rules:"));
    policy.since_ms = 2;
    policy.n_versions = 1;
    policy.versions = versions;
    wire_server_frame frame = UNSAY__V1__SERVER_FRAME__INIT;
    frame.body_case = SERVER_FRAME(POLICY);
    frame.policy = &policy;
    put_frame(server, request, &frame);
}

void answer_other(struct fake_server *server, const wire_client_frame *frame)
{
    uint64_t request = frame->request;
    server->requests++;
    if (server->others == FAKE_IGNORES)
        return;
    if (server->others == FAKE_REFUSES)
        put_error(server, request, WIRE(ERROR_CODE, NOT_PERMITTED));
    else if (frame->body_case == CLIENT_FRAME(CHANGE_MEMBERS) ||
             frame->body_case == CLIENT_FRAME(JOIN_CONVERSATION) ||
             frame->body_case == CLIENT_FRAME(CHANGE_SETTINGS) ||
             frame->body_case == CLIENT_FRAME(CHANGE_PIN))
        answer_appended(server, request);
    else if (frame->body_case == CLIENT_FRAME(CHANGE_LISTING))
        answer_listing(server, request);
    else if (frame->body_case == CLIENT_FRAME(LIST_MEMBERS))
        answer_members(server, request);
    else if (frame->body_case == CLIENT_FRAME(LIST_PINS))
        answer_pins(server, request);
    else if (frame->body_case == CLIENT_FRAME(RECALL_RANGE))
        answer_range(server, request, frame->recall_range);
    else if (frame->body_case == CLIENT_FRAME(READ_EXPOSURE))
        answer_exposure(server, request);
    else if (frame->body_case == CLIENT_FRAME(LIST_RECALLS))
        answer_recalls(server, request);
    else if (frame->body_case == CLIENT_FRAME(OPEN_EVIDENCE))
        answer_evidence(server, request);
    else if (frame->body_case == CLIENT_FRAME(POLICY))
        answer_policy(server, request);
}
