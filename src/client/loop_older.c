/* Older history: a page from the server, stored by the transaction of its answer and then shown
 * from the database, so that what the application sees is what a recall finds. */
#include "client/loop_internal.h"

#include "client/convert.h"
#include "core/frame.h"

/* The range that the request asked for; in the loop's arena. */
static const wire_read *older_read(struct loop *loop, const struct request *request)
{
    return frame_decode_client(frame_payload(blob_view(request->frame)), &loop->arena)->read;
}

/* From where on the page and what is stored follow each other without a gap. What the page leaves
 * out between its last event and the end of the range is not for this user. */
static uint64_t older_first(const wire_read *read, const struct client_effect *answer)
{
    if (!answer->answer->page_end->more)
        return read->after + 1;
    size_t i = answer->event_count;
    uint64_t first = i == 0 ? read->before : answer->events[--i]->seq;
    for (; i > 0 && answer->events[i - 1]->seq + 1 == first; i--)
        first = answer->events[i - 1]->seq;
    return first;
}

static bool older_is_page(const struct client_effect *answer)
{
    return answer->answer != NULL && answer->answer->body_case == SERVER_FRAME(PAGE_END);
}

void loop_store_older(struct loop *loop, const struct request *request,
                      const struct client_effect *answer)
{
    if (!older_is_page(answer))
        return;
    const wire_read *read = older_read(loop, request);
    database_put_older(loop->client->database, view_of(read->conversation), read->origin,
                       older_first(read, answer), read->before);
}

bool loop_show_older(struct loop *loop, const struct request *request,
                     const struct client_effect *answer)
{
    if (!older_is_page(answer))
        return false;
    const wire_read *read = older_read(loop, request);
    uint64_t first = older_first(read, answer);
    struct unsay_history query = {
        .conversation = read->conversation,
        .after = first - 1,
        .before = read->before,
        .limit = LIMIT_PAGE_EVENTS_MAX,
    };
    struct unsay_event *events = NULL;
    size_t count = 0;
    bool more;
    struct unsay_error error = error_make(UNSAY_OK, "");
    if (database_events(loop->client->database, &query, &loop->arena, &events, &count, &more) !=
        STATUS_OK)
        error = error_make(UNSAY_STORAGE, "The page is stored, and cannot be read.");
    if (request->callback.history != NULL)
        request->callback.history(request->context, &error, events, count, first > 1);
    return true;
}
