/* Frames about levels of delivery as lines of text; see shown.h. */
#include "shown.h"

#include <inttypes.h>

static void shown_places(FILE *out, wire_member_progress *const *members, size_t count)
{
    for (size_t i = 0; i < count; i++)
        fprintf(out, " %s %" PRIu64 "/%" PRIu64, members[i]->user, members[i]->stored,
                members[i]->displayed);
}

static void shown_progress(FILE *out, const wire_progress *progress)
{
    shown_conversation(out, progress->conversation);
    if (progress->is_whole)
        fprintf(out, " %" PRIu64 " %s", progress->seq, progress->is_large ? "large" : "whole");
    shown_places(out, progress->members, progress->n_members);
}

static void shown_privacy(FILE *out, const wire_privacy *privacy)
{
    fputs(privacy->hides_displayed ? " hides" : " tells", out);
    fputs(privacy->server_hides_displayed ? " server" : "", out);
}

static void shown_page(FILE *out, const wire_progress_page *page)
{
    fputs("places", out);
    for (size_t i = 0; i < page->n_conversations; i++) {
        fputs(" (", out);
        shown_progress(out, page->conversations[i]);
        fputc(')', out);
    }
    fputs(page->next[0] == 0 ? " end" : " next", out);
    if (page->next[0] != 0)
        shown_conversation(out, page->next);
    shown_privacy(out, page->privacy);
}

static void shown_receipts(FILE *out, const wire_receipts *receipts)
{
    fputs("receipts", out);
    shown_conversation(out, receipts->conversation);
    fprintf(out, " @%" PRIu64 " stored %u displayed %u of %u", receipts->seq, receipts->stored,
            receipts->displayed, receipts->receivers);
    fputs(receipts->n_members == 0 ? "" : ":", out);
    shown_places(out, receipts->members, receipts->n_members);
    fprintf(out, receipts->next[0] == 0 ? " end%s" : " next %s", receipts->next);
}

void shown_levels(FILE *out, const wire_server_frame *frame)
{
    if (frame->body_case == SERVER_FRAME(RECEIPTS)) {
        shown_receipts(out, frame->receipts);
    } else if (frame->body_case == SERVER_FRAME(PRIVACY)) {
        fputs("privacy", out);
        shown_privacy(out, frame->privacy);
    } else if (frame->request == 0) {
        fputs("progress", out);
        shown_progress(out, frame->progress->conversations[0]);
    } else {
        shown_page(out, frame->progress);
    }
}
