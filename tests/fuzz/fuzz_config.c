/* Configuration files: any bytes are either settings, or every sentence about them has a place. */
#include "fuzz.h"

#include "server/config.h"

#include <assert.h>

static void look(void *context, const struct config_problem *problem)
{
    unsigned *told = context;
    assert(problem->text[0] != 0);
    assert(problem->setting <= CONFIG_SETTINGS);
    for (const char *at = problem->text; *at != 0; at++)
        assert((unsigned char)*at >= 0x20 && *at != 0x7f);
    ++*told;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct config config;
    unsigned wrong = 0;
    config_init(&config);
    enum status status = config_parse(&config, "c", view_make(data, size), look, &wrong);
    assert((status == STATUS_OK) == (wrong == 0));
    assert(status == STATUS_OK || status == STATUS_MALFORMED);
    config_fini(&config);

    config_init(&config);
    unsigned again = 0;
    status = config_parse(&config, "c", view_make(data, size), look, &again);
    assert(again == wrong && (status == STATUS_OK) == (wrong == 0));
    config_fini(&config);
    return 0;
}
