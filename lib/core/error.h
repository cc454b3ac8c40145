/*
 * core/error.h - what can go wrong, as values.
 *
 * A kind of failure has a status and a stable code; dialects that spell codes differently have a
 * table of their own, indexed by the same kinds.
 */
#ifndef CORE_ERROR_H
#define CORE_ERROR_H

enum failure {
    INVALID,         /* the input breaks a rule */
    UNAUTHENTICATED, /* no credential, or one that is not valid */
    UNPAID,          /* the balance does not cover it */
    FORBIDDEN,       /* the credential does not allow it */
    NOT_FOUND,       /* no such row for this tenant */
    NOT_ALLOWED,     /* the path does not answer that method */
    CONFLICT,        /* it exists already, or somebody else was faster */
    LIMIT_REACHED,   /* a limit of the tenant (numbers, calls, velocity) is used up */
    WRONG_STATE,     /* the row's state does not allow it */
    PRECONDITION,    /* If-Match names another revision */
    TOO_LARGE,       /* the body is larger than the dialect takes */
    RATE_LIMITED,    /* too many requests; error.retry_after_seconds says when again */
    INTERNAL,        /* a mistake of ours */
    UPSTREAM,        /* the carrier, the model or another service failed */
    BUSY,            /* the store cannot answer now; the same request may work soon */
    FAILURES
};

struct error {
    enum failure what;
    char field[96];    /* the field at fault as the client spells it, or empty */
    char message[240]; /* for people; never holds a secret, never a driver's own words */
    int detail;        /* a dialect's own finer code (Twilio's 21211), or 0 */
    int retry_after_seconds;
};

/* The HTTP status and the stable code of a kind. */
int failure_status(enum failure what);
const char *failure_code(enum failure what);

#endif
