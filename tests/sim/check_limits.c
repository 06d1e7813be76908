/* P10: what waits for a connection stays within its limits. */
#include "checks.h"

static const char promise[] = "P10 bounded";

void check_limits(struct world *world, const struct session *session)
{
    if (session->pushes > LIMIT_SESSION_PUSHES_MAX ||
        session->push_bytes > LIMIT_SESSION_PUSH_BYTES_MAX ||
        session->notice_count > LIMIT_SESSION_NOTICES_MAX ||
        session->reads > LIMIT_SESSION_READS_MAX ||
        session->normal.count - session->pushes > LIMIT_SESSION_REPLIES_MAX + 1)
        world_break(world, promise, "%s/%s: %u pushes of %zu bytes, %u notices, %u reads wait",
                    session->user, session->device, session->pushes, session->push_bytes,
                    session->notice_count, session->reads);
}
