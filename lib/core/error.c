#include "core/error.h"

static const struct {
    int status;
    const char *code;
} failures[FAILURES] = {
    /* clang-format off */
    [INVALID]         = {400, "invalid_request"},
    [UNAUTHENTICATED] = {401, "unauthorized"},
    [UNPAID]          = {402, "insufficient_balance"},
    [FORBIDDEN]       = {403, "forbidden"},
    [NOT_FOUND]       = {404, "not_found"},
    [NOT_ALLOWED]     = {405, "not_allowed"},
    [CONFLICT]        = {409, "conflict"},
    [LIMIT_REACHED]   = {409, "limit_reached"},
    [WRONG_STATE]     = {409, "wrong_state"},
    [PRECONDITION]    = {412, "precondition_failed"},
    [TOO_LARGE]       = {413, "payload_too_large"},
    [RATE_LIMITED]    = {429, "rate_limited"},
    [INTERNAL]        = {500, "internal_error"},
    [UPSTREAM]        = {502, "upstream_error"},
    [BUSY]            = {503, "unavailable"},
    /* clang-format on */
};

int failure_status(enum failure what)
{
    return failures[what].status;
}

const char *failure_code(enum failure what)
{
    return failures[what].code;
}
