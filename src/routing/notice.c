#include "routing/notice.h"

#include "core/frame.h"

#include <assert.h>

void notice_forms_init(struct notice_forms *forms, const struct publication *publication)
{
    *forms = (struct notice_forms){publication, NULL, NULL};
}

void notice_forms_fini(struct notice_forms *forms)
{
    blob_release(forms->refresh);
    blob_release(forms->replace);
}

static struct blob *notice_make_refresh(const struct publication *publication)
{
    wire_refresh refresh = UNSAY__V1__REFRESH__INIT;
    wire_server_frame frame = UNSAY__V1__SERVER_FRAME__INIT;
    refresh.conversation = string_of(publication->conversation);
    refresh.origin = publication->origin;
    refresh.seq = publication->seq;
    frame.body_case = SERVER_FRAME(REFRESH);
    frame.refresh = &refresh;
    return frame_from_server(&frame);
}

/* Recall and tombstone are our own encodings: they can be decoded. */
static struct blob *notice_make_replace(const struct publication *publication)
{
    struct arena arena;
    arena_init(&arena);
    const wire_server_frame *notice =
        frame_decode_server(frame_payload(blob_view(publication->frame)), &arena);
    assert(notice != NULL && notice->body_case == SERVER_FRAME(NOTICE));
    wire_replace replace = UNSAY__V1__REPLACE__INIT;
    wire_server_frame frame = UNSAY__V1__SERVER_FRAME__INIT;
    replace.recall = notice->notice;
    replace.tombstone = event_decode(publication->tombstone, &arena);
    assert(replace.tombstone != NULL);
    frame.body_case = SERVER_FRAME(REPLACE);
    frame.replace = &replace;
    struct blob *blob = frame_from_server(&frame);
    arena_fini(&arena);
    return blob;
}

struct blob *notice_form(struct notice_forms *forms, Unsay__V1__Follow follow)
{
    if (follow == WIRE(FOLLOW, REFRESH)) {
        if (forms->refresh == NULL)
            forms->refresh = notice_make_refresh(forms->publication);
        return forms->refresh;
    }
    if (follow == WIRE(FOLLOW, REPLACE)) {
        if (forms->replace == NULL)
            forms->replace = notice_make_replace(forms->publication);
        return forms->replace;
    }
    return forms->publication->frame;
}
