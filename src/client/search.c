/* Searching the device's own messages: on the calling thread, without the loop. */
#include "unsay/search.h"
#include "client/client.h"
#include "client/convert.h"
#include "core/ids.h"
#include "unsay/unsay.h"

static bool search_is_valid(const struct unsay_search *query)
{
    return query != NULL && query->text != NULL && query->limit <= LIMIT_SEARCH_RESULTS_MAX &&
           (query->conversation == NULL || id_is_conversation(view_of(query->conversation))) &&
           (query->before == NULL || (id_is_conversation(view_of(query->before->conversation)) &&
                                      query->before->seq != 0 && query->before->seq <= INT64_MAX));
}

enum unsay_result unsay_search(struct unsay *client, const struct unsay_search *query,
                               unsay_search_fn *callback, void *context)
{
    if (!search_is_valid(query))
        return UNSAY_INVALID;
    struct database_search request = {
        .text = view_of(query->text),
        .conversation = view_of(query->conversation),
        .limit = query->limit == 0 ? LIMIT_SEARCH_RESULTS_MAX : query->limit,
    };
    if (query->before != NULL) {
        request.before_conversation = view_of(query->before->conversation);
        request.before_origin = query->before->origin == 0 ? ORIGIN_DEFAULT : query->before->origin;
        request.before_seq = query->before->seq;
    }
    struct unsay_error ok = error_make(UNSAY_OK, "");
    struct arena arena;
    struct unsay_found *found;
    size_t count;
    bool more;
    arena_init(&arena);
    enum status status = database_search(client->database, &request, &arena, &found, &count, &more);
    if (status == STATUS_OK && callback != NULL)
        callback(context, &ok, found, count, more);
    arena_fini(&arena);
    return status == STATUS_OK ? UNSAY_OK : UNSAY_STORAGE;
}
