/* Frames out: the next one of a session, as its connection asks for it. */
#include "routing/worker.h"

#include "core/frame.h"
#include "routing/reader.h"

#include <stdlib.h>

bool session_has_frames(const struct session *session)
{
    return session->welcome != NULL ||
           session->urgent.count + session->page.count + session->normal.count > 0 ||
           !list_is_empty(&session->progress);
}

/* A page is read from the store only when everything before it was sent. */
static void worker_serve_page(struct worker *worker, struct session *session,
                              struct lane_item *item)
{
    session->reads--;
    reader_serve(worker, session, item->reading);
    if (!item->reading->is_list)
        lane_note(&session->page,
                  session_watch(worker, session, view_of(item->reading->conversation)));
    free(item->reading);
}

/* The frame of an item that leaves its lane. */
static struct blob *worker_hand_out(const struct lane_item *item)
{
    if (item->subscription != NULL)
        session_handed(item->subscription, item->seq);
    return item->frame;
}

static struct blob *worker_next_normal(struct worker *worker, struct session *session)
{
    struct lane_item item;
    while (lane_pop(&session->normal, &item)) {
        if (item.kind == LANE_READ) {
            worker_serve_page(worker, session, &item);
            if (lane_pop(&session->page, &item))
                return worker_hand_out(&item);
            continue;
        }
        if (item.kind == LANE_EVENT) {
            session->pushes--;
            session->push_bytes -= item.frame->size;
        }
        return worker_hand_out(&item);
    }
    return NULL;
}

static struct blob *worker_behind(struct session *session)
{
    wire_behind behind = UNSAY__V1__BEHIND__INIT;
    wire_server_frame frame = UNSAY__V1__SERVER_FRAME__INIT;
    frame.body_case = SERVER_FRAME(BEHIND);
    frame.behind = &behind;
    session->is_behind = false;
    return frame_from_server(&frame);
}

struct blob *worker_next_frame(struct worker *worker, struct session *session)
{
    struct lane_item item;
    struct blob *frame = session->welcome;
    session->welcome = NULL;
    if (frame != NULL || (!session->is_greeted && !session->is_closing))
        return frame;
    if (lane_pop(&session->urgent, &item) || lane_pop(&session->page, &item))
        frame = worker_hand_out(&item);
    else
        frame = worker_next_normal(worker, session);
    if (frame == NULL && !session->is_closing)
        frame = session_next_progress(session);
    if (frame == NULL && session->is_behind)
        frame = worker_behind(session);
    if (frame != NULL)
        stats_add(&worker->stats, STAT_frames_sent, 1);
    return frame;
}
