#include "api/audit.h"

#include "api/api_internal.h"

#include <string.h>

enum { AUDIT_NAME_BYTES_MAX = 64 };

static const char audit_root[] = "/v1/audit/";

bool api_is_audit(const char *path)
{
    return strncmp(path, audit_root, strlen(audit_root)) == 0;
}

/* tile/0/x001/x234/067, tile/entries/000.p/17: nothing that leaves the folder, or is no tile. */
static bool audit_is_tile(const char *name)
{
    static const char tiles[] = "tile/";
    static const char bundles[] = "tile/entries/";
    size_t prefix = strncmp(name, bundles, strlen(bundles)) == 0 ? strlen(bundles) : strlen(tiles);
    return strlen(name) <= AUDIT_NAME_BYTES_MAX && strncmp(name, tiles, strlen(tiles)) == 0 &&
           name[prefix] != 0 && name[prefix + strspn(name + prefix, "0123456789x./p")] == 0 &&
           strstr(name, "..") == NULL && strstr(name, "//") == NULL;
}

static bool audit_read(struct api_call *call, struct buffer *bytes)
{
    const struct api_port *port = &call->api->port;
    const char *name = http_path(call->exchange) + strlen(audit_root);
    bool is_known =
        strcmp(name, "checkpoint") == 0 || strcmp(name, "key") == 0 || audit_is_tile(name);
    if (strcmp(http_method(call->exchange), "GET") != 0) {
        http_add_header(call->exchange, "Allow", "GET");
        problem_set(&call->problem, 405, "method_not_allowed", "This path takes GET.");
        return false;
    }
    enum status status = is_known ? port->read_audit(port->context, name, bytes) : STATUS_NOT_FOUND;
    if (status == STATUS_NOT_FOUND)
        problem_set(
            &call->problem, 404, "no_such_path",
            "The log has no such file; read the checkpoint again, and see which tiles a log "
            "of that size has.");
    else if (status != STATUS_OK)
        problem_set(&call->problem, 503, "storage_unavailable", "The file cannot be read.");
    return status == STATUS_OK;
}

void api_reply_audit(struct api_call *call)
{
    struct buffer bytes;
    const struct api_key *key = api_authenticate(call);
    buffer_init(&bytes);
    if (key != NULL && api_admit(call, key, SCOPE_AUDIT_READ) && audit_read(call, &bytes))
        http_reply(call->exchange, 200, "application/octet-stream", buffer_view(&bytes));
    else
        api_reply_problem(call);
    buffer_fini(&bytes);
}
