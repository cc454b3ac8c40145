#include "harness/store.h"

#include <criterion/criterion.h>

#include "core/config.h"
#include "db/db.h"
#include "domain/tenants.h"

struct work customer_work(const struct customer *customer)
{
    struct work work = {.id = "test", .config = config_load(), .db = db_open(fact("DATABASE_URL"))};
    struct tenant tenant;

    cr_assert(tenant_by_key(&work, customer->tenant, &tenant), "%s", work.error.message);
    work.tenant = tenant.id;
    return work;
}

struct call call_coming_in(struct work *work)
{
    struct call call;

    call_begin(work, &call);
    call.call_sid = new_call_sid();
    call.carrier = "sim";
    call.origin = "carrier";
    call.direction = "inbound";
    call.from_addr = "+13125550190";
    call.to_addr = "+13125550191";
    call.started_at = clock_now();
    return call;
}

struct voice_outcome outcome_of_a_call(const char *resolution)
{
    struct voice_outcome row;

    row_clear(&voice_outcome_entity, &row);
    row.id = uid_new();
    row.stream_sid = say("MZ%s", new_call_sid() + 2);
    row.call_sid = new_call_sid();
    row.resolution = resolution;
    row.billing_status = "not_billable";
    row.outcome_source = "runtime";
    row.disposition = row.metadata = (document){"{}"};
    row.occurred_at = row.created_at = row.updated_at = clock_now();
    row.rev = 1;
    row.call_type = "inbound";
    row.duration_seconds = 60;
    return row;
}

const char *uuid_of(uid id)
{
    char text[37];

    uid_write_uuid(id, text);
    return say("%s", text);
}
