#include "domain/customer_sms.h"

#include <stddef.h>
#include <string.h>

#include "core/e164.h"
#include "domain/call_names.h"
#include "domain/callbacks.h"
#include "domain/calls.h"
#include "domain/customer_hooks.h"
#include "domain/customer_requests.h"
#include "domain/sms.h"
#include "domain/sms_orders.h"
#include "domain/suppressions.h"
#include "domain/tenants.h"
#include "remote/twilio.h"

/* ---- ordering ---- */

/* In the form of the rows; NULL when it is no number. */
static const char *number_of(struct work *work, const struct customer_sms *sms, const char *text)
{
    char number[E164_SIZE];

    return text && e164_read(text, sms->country, number) ? arena_text(&work->arena, number) : NULL;
}

/* Why it was not ordered, in the carrier's numbers; false when that is no matter of the message. */
static bool read_refusal(struct work *work, const struct sms_order *order, int *code)
{
    const struct error *error = &work->error;
    bool suppressed;

    switch (error->what) {
    case INVALID:
        *code = strcmp(error->field, "from") == 0 ? SMS_INVALID_FROM
                : strcmp(error->field, "to") == 0 ? SMS_INVALID_TO
                                                  : SMS_INVALID_BODY;
        return true;
    case FORBIDDEN:
        if (!is_suppressed(work, "sms", order->to, order->from, &suppressed))
            return false;
        *code = suppressed ? SMS_UNSUBSCRIBED : SMS_NOT_THERE;
        return true;
    case LIMIT_REACHED:
    case UNPAID:
        *code = SMS_TOO_MANY;
        return true;
    default:
        return false;
    }
}

/* Where the customer wants to hear of it lies beside the URLs of its call, under the message's key.
 */
static bool note_callback(struct work *work, const struct customer_sms *sms)
{
    struct customer_hook hook = {
        .call_id = sms->call->id,
        .id = sms->id,
        .kind = "other",
        .url = sms->status_url,
        .method = "POST",
        .created_at = clock_now(),
    };

    return !sms->status_url || customer_hooks_write(work, &hook, 1);
}

bool customer_sms_order(struct work *work, const struct customer_sms *sms, int *code)
{
    const struct sms_order order = {
        .id = sms->id,
        .from = number_of(work, sms, sms->from),
        .to = number_of(work, sms, sms->to),
        .body = sms->body,
        .origin = "api",
        .agent = NO_UID,
        .call = sms->call->id,
    };

    *code = 0;
    if (!order.from || !order.to) {
        *code = order.from ? SMS_INVALID_TO : SMS_INVALID_FROM;
        return true;
    }
    return note_callback(work, sms) &&
           (sms_order(work, &order) || read_refusal(work, &order, code));
}

/* ---- telling ---- */

static bool deliver(struct work *work, const struct sms_message *message, const char *url,
                    uid event)
{
    struct tenant tenant;
    char sid[SID_SIZE];

    if (!tenant_by_id(work, work->tenant, &tenant))
        return false;
    sid_write("SM", message->id, sid);
    const struct twilio_field fields[] = {
        {"SmsSid", sid},
        {"SmsStatus", message->status},
        {"MessageSid", sid},
        {"MessageStatus", message->status},
        {"To", message->to_number},
        {"From", message->from_number},
        {"AccountSid", tenant.account_sid},
        {"ApiVersion", "2010-04-01"},
        {"ErrorCode", message->error_code},
    };
    const struct form form = {fields, COUNT(fields) - !message->error_code};

    return customer_deliver(work, &(struct customer_delivery){.url = url,
                                                              .method = "POST",
                                                              .event_type = "twiml.sms",
                                                              .form = &form,
                                                              .event = event});
}

bool customer_sms_tell(struct work *work, const struct sms_message *message, uid event)
{
    const struct token token = {
        .tenant_id = work->tenant, .call = message->call_id, .session = message->id};
    struct customer_hook hook;

    if (uid_is_none(message->call_id))
        return true;
    if (!customer_hook_read(work, &token, &hook))
        return work->error.what == NOT_FOUND;
    return deliver(work, message, hook.url, event);
}
