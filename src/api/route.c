#include "api/route.h"

#include "api/prepare.h"

#include <stdio.h>
#include <string.h>

static const struct route routes[] = {
#define ROUTE(name, method, path, scope, acting, actor, body, frame, prepare)                 \
    {#method, path, SCOPE_##scope, API_##acting, actor, API_BODY_##body, CLIENT_FRAME(frame), \
     prepare},
#include "api/route.def"
#undef ROUTE
};

/* One part of a path, up to the next slash. */
static size_t route_part(const char *path)
{
    return strcspn(path, "/");
}

static bool route_take_parameter(struct route_match *match, const char *name, size_t name_size,
                                 const char *value, size_t size)
{
    struct route_parameter *parameter = &match->parameters[match->count];
    if (size == 0 || size > ROUTE_PARAMETER_BYTES_MAX || match->count == ROUTE_PARAMETERS_MAX)
        return false;
    match->count++;
    snprintf(parameter->name, sizeof(parameter->name), "%.*s", (int)name_size, name);
    snprintf(parameter->value, sizeof(parameter->value), "%.*s", (int)size, value);
    return true;
}

static bool route_fits(const char *pattern, const char *path, struct route_match *match)
{
    match->count = 0;
    while (*pattern != 0 && *path != 0) {
        size_t wanted = route_part(pattern);
        size_t given = route_part(path);
        bool fits = *pattern == '{'
                        ? route_take_parameter(match, pattern + 1, wanted - 2, path, given)
                        : wanted == given && memcmp(pattern, path, wanted) == 0;
        if (!fits || (pattern[wanted] == 0) != (path[given] == 0))
            return false;
        pattern += wanted + (pattern[wanted] != 0);
        path += given + (path[given] != 0);
    }
    return *pattern == 0 && *path == 0;
}

void route_find(const char *method, const char *path, struct route_match *match)
{
    *match = (struct route_match){.route = NULL};
    for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
        if (!route_fits(routes[i].path, path, match))
            continue;
        if (strcmp(routes[i].method, method) == 0) {
            match->route = &routes[i];
            return;
        }
        size_t used = strlen(match->allowed);
        snprintf(match->allowed + used, sizeof(match->allowed) - used, "%s%s",
                 used == 0 ? "" : ", ", routes[i].method);
    }
}
