/* What devices ask about levels of delivery. */
#include "scenario.h"
#include "shown.h"

static void level_progress(struct device *device, const struct words *words)
{
    wire_list_progress list = UNSAY__V1__LIST_PROGRESS__INIT;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    char after[65] = "";
    if (option_of(words, "after") != NULL)
        shown_parse_conversation(option_of(words, "after"), after);
    list.after = after;
    frame.body_case = CLIENT_FRAME(LIST_PROGRESS);
    frame.list_progress = &list;
    request(device, &frame);
}

static void level_receipts(struct device *device, const struct words *words)
{
    wire_read_receipts read = UNSAY__V1__READ_RECEIPTS__INIT;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    char conversation[65];
    shown_parse_conversation(word_at(words, 0), conversation);
    read.conversation = conversation;
    read.seq = number_of(word_at(words, 1));
    read.limit = (uint32_t)number_option(words, "limit");
    if (option_of(words, "after") != NULL)
        read.after = string_of(option_of(words, "after"));
    frame.body_case = CLIENT_FRAME(READ_RECEIPTS);
    frame.read_receipts = &read;
    request(device, &frame);
}

static void level_privacy(struct device *device, const struct words *words)
{
    wire_change_privacy change = UNSAY__V1__CHANGE_PRIVACY__INIT;
    wire_client_frame frame = UNSAY__V1__CLIENT_FRAME__INIT;
    const char *choice = word_at(words, 0);
    if (strcmp(choice, "tell") == 0)
        change.displayed = WIRE(PRIVACY_CHOICE, TELL);
    else if (strcmp(choice, "hide") == 0)
        change.displayed = WIRE(PRIVACY_CHOICE, HIDE);
    else if (strcmp(choice, "keep") != 0)
        change.displayed = (Unsay__V1__PrivacyChoice)number_of(choice);
    frame.body_case = CLIENT_FRAME(CHANGE_PRIVACY);
    frame.change_privacy = &change;
    request(device, &frame);
}

bool run_level_step(const char *verb, struct words words, const char *device)
{
    if (strcmp(verb, "progress") == 0)
        level_progress(find_device(device), &words);
    else if (strcmp(verb, "receipts") == 0)
        level_receipts(find_device(device), &words);
    else if (strcmp(verb, "privacy") == 0)
        level_privacy(find_device(device), &words);
    else
        return false;
    return true;
}
