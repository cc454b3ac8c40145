/*
 * domain/access_requests.h - strangers who ask for an account (reference 1.25).
 *
 * They belong to no tenant.  Who fills in the field that people do not see is answered like the
 * others and kept as spam, for a week; the rest stays for two years.
 */
#ifndef DOMAIN_ACCESS_REQUESTS_H
#define DOMAIN_ACCESS_REQUESTS_H

#include "db/store.h"

struct access_request {
    uid id;
    const char *company_name, *contact_name, *work_email, *use_case;
    const char *role, *phone, *website, *expected_monthly_minutes, *timeline; /* may be NULL */
    const char *status; /* one of access_states */
    const char *source, *remote_addr, *user_agent;
    document metadata;
    instant reviewed_at, created_at;
};

extern const struct entity access_request_entity;
extern const char *const access_states[]; /* open, approved, rejected, spam */

/*
 * Writes a request down; the caller sets what was asked, remote_addr as the client's address and
 * user_agent as it was sent.  Key, source and times are filled in.  INVALID for an address that is
 * no e-mail address, or a field that is blank.
 */
bool access_request_put(struct work *work, struct access_request *request, bool is_spam);

/* Of one status (NULL: any), newest first: an array of struct access_request. */
bool access_requests_list(struct work *work, const char *status, const struct page *page,
                          struct rows *requests);

#endif
