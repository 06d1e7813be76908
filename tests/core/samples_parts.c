#include "samples_parts.h"

static wire_member ann = {BASE(member), .user = TEXT("ann"), .role = WIRE(ROLE, OWNER)};
static wire_member bob = {BASE(member), .user = TEXT("bob"), .role = WIRE(ROLE, MEMBER)};
static wire_member gone = {BASE(member), .user = TEXT("bob"), .role = WIRE(ROLE, UNSPECIFIED)};

wire_member *members[] = {&ann, &bob};
wire_member *changed_members[] = {&ann, &gone};

wire_target target_by_key = {BASE(target), .origin = 1, .seq = 2};
wire_target target_by_id = {BASE(target), .message_id = ID_B};
wire_target *targets[] = {&target_by_key, &target_by_id};

static wire_cursor cursor = {BASE(cursor), .conversation = TEXT("d:ann:bob"), .origin = 1,
                             .stored = 300, .displayed = 200};
wire_cursor *cursors[] = {&cursor};

wire_reference reference = {BASE(reference), .origin = 1, .seq = 2};
wire_source source = {BASE(source), .conversation = TEXT("g:one"), .origin = 1, .seq = 9};
char *mentions[] = {TEXT("bob"), TEXT("*")};

wire_settings settings = {BASE(settings),
                          .name = TEXT("friends"),
                          .description = TEXT("Old ones"),
                          .read_only = 1,
                          .join = WIRE(JOIN_POLICY, OPEN),
                          .history = WIRE(HISTORY_VISIBILITY, LAST),
                          .history_last = 300,
                          .dissolved = 1};

wire_device_name device_name = {BASE(device_name), .user = TEXT("bob"), .device = TEXT("phone")};
