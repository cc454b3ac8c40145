/*
 * domain/call_records.h - calls as a carrier's own records show them: one leg each, with the SIDs
 * of what belongs to it, without what was said in it.
 */
#ifndef DOMAIN_CALL_RECORDS_H
#define DOMAIN_CALL_RECORDS_H

#include "db/store.h"

struct call_record {
    int64_t tenant_id;
    uid id;
    const char *call_sid, *parent_call_sid;
    const char *number_sid; /* of our number in the call: the carrier's, else made of its key */
    const char *from_addr, *to_addr, *caller_name, *forwarded_from;
    const char *direction, *state, *answered_by;
    instant started_at, ended_at, updated_at;
    instant talk_at; /* when it was answered; of one that nobody answered, its end */
    int64_t duration_seconds, carrier_price_micros;
    const char *currency;
};

extern const struct entity call_record_entity;

/* Which ones are wanted; members at their nothing want all.  Begin with ALL_CALL_RECORDS. */
struct call_record_filter {
    const char *from, *to;
    uid parent;
    const char *status; /* as the carrier's records have it: queued, in-progress, no-answer … */
    instant talk_since, talk_before; /* from the one on, up to the other */
    instant ended_since, ended_before;
};

extern const struct call_record_filter ALL_CALL_RECORDS;

/*
 * Calls of the tenant's that are not hidden, newest first (oldest first where the page says so): an
 * array of struct call_record.  The time that counts is that of their beginning; of a list that is
 * narrowed by the time of talk or end alone, that time.  Of the page, order and where do not count,
 * and before_id is all that says where it begins.
 */
bool call_records_list(struct work *work, const struct call_record_filter *filter,
                       struct page *page, struct rows *records);

/* The record of the call of that SID, any name of it; NOT_FOUND also when it is hidden. */
bool call_record_find(struct work *work, const char *sid, struct call_record *record);

/* Hides a call from these records; everywhere else it stays. */
bool call_record_hide(struct work *work, uid call);

#endif
