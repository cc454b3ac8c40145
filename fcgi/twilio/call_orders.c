/*
 * POST Calls.json: ordering a call, for TwiML of the customer's or for an agent.
 */
#include <string.h>

#include "core/e164.h"
#include "core/json.h"
#include "domain/agents.h"
#include "domain/call_records.h"
#include "domain/calls.h"
#include "domain/customer_callbacks.h"
#include "domain/gate.h"
#include "domain/numbers.h"
#include "domain/outbound.h"
#include "domain/suppressions.h"
#include "fcgi/twilio/twilio.h"
#include "remote/twilio.h"

/* What Twilio calls the ways to order a call wrongly. */
enum {
    INVALID_PARAMETER = 20001,
    NO_TO = 21201,
    INVALID_URL = 21205,
    INVALID_DIGITS = 21206,
    NOT_YOURS = 21210,
    INVALID_TO = 21211,
    INVALID_FROM = 21212,
    NO_FROM = 21213,
    NO_PERMISSION = 21215,
    BLOCKED = 21216,
    INVALID_APPLICATION = 21218,
    INVALID_STATUS_CALLBACK = 21609,
    UNSUBSCRIBED = 21610
};

/* A call as it is ordered. */
struct wanted {
    const char *to, *from, *url, *method, *twiml, *application;
    const char *fallback_url, *fallback_method;
    const char *status_callback, *status_callback_method;
    document status_callback_event;
    const char *send_digits, *caller_id, *call_reason, *call_token;
    int64_t timeout, time_limit;
    bool record;
    const char *recording_channels, *recording_track, *trim;
    const char *recording_status_callback, *recording_status_callback_method;
    document recording_status_callback_event;
    const char *machine_detection, *async_amd;
    int64_t machine_timeout, speech_threshold, speech_end_threshold, silence_timeout;
    const char *async_amd_callback, *async_amd_callback_method;
    const char *sip_username, *sip_password, *byoc, *client_url;
};

static const char *const methods[] = {"GET", "POST", NULL};
static const char *const channels[] = {"mono", "dual", NULL};
static const char *const tracks[] = {"inbound", "outbound", "both", NULL};
static const char *const trims[] = {"trim-silence", "do-not-trim", NULL};
static const char *const detections[] = {"Enable", "DetectMessageEnd", NULL};
static const char *const truths[] = {"true", "false", NULL};

enum { RING_SECONDS_MOST = 600, CALL_SECONDS_MOST = 24 * 60 * 60, DIGITS_MOST = 32 };

static const struct column columns_of_order[] = {
    COLUMN(wanted, to, NOT_NULL, .max = 128),
    COLUMN(wanted, from, NOT_NULL, .max = 128),
    COLUMN(wanted, url, NULLABLE),
    COLUMN(wanted, method, NULLABLE, .one_of = methods),
    COLUMN(wanted, twiml, NULLABLE, .max = CUSTOMER_TWIML_LIMIT),
    COLUMN(wanted, application, NULLABLE, .max = 40),
    COLUMN(wanted, fallback_url, NULLABLE),
    COLUMN(wanted, fallback_method, NULLABLE, .one_of = methods),
    COLUMN(wanted, status_callback, NULLABLE),
    COLUMN(wanted, status_callback_method, NULLABLE, .one_of = methods),
    COLUMN(wanted, status_callback_event, NULLABLE, .max = 500),
    COLUMN(wanted, send_digits, NULLABLE),
    COLUMN(wanted, caller_id, NULLABLE, .max = 128),
    COLUMN(wanted, call_reason, NULLABLE, .max = 50),
    COLUMN(wanted, call_token, NULLABLE, .max = 4000),
    COLUMN(wanted, timeout, NULLABLE, .least = 1, .most = RING_SECONDS_MOST),
    COLUMN(wanted, time_limit, NULLABLE, .least = 1, .most = CALL_SECONDS_MOST),
    COLUMN(wanted, record, NOT_NULL),
    COLUMN(wanted, recording_channels, NULLABLE, .one_of = channels),
    COLUMN(wanted, recording_track, NULLABLE, .one_of = tracks),
    COLUMN(wanted, trim, NULLABLE, .one_of = trims),
    COLUMN(wanted, recording_status_callback, NULLABLE),
    COLUMN(wanted, recording_status_callback_method, NULLABLE, .one_of = methods),
    COLUMN(wanted, recording_status_callback_event, NULLABLE, .max = 500),
    COLUMN(wanted, machine_detection, NULLABLE, .one_of = detections),
    COLUMN(wanted, async_amd, NULLABLE, .one_of = truths),
    COLUMN(wanted, machine_timeout, NULLABLE, .least = 3, .most = 59),
    COLUMN(wanted, speech_threshold, NULLABLE, .least = 1000, .most = 6000),
    COLUMN(wanted, speech_end_threshold, NULLABLE, .least = 500, .most = 5000),
    COLUMN(wanted, silence_timeout, NULLABLE, .least = 2000, .most = 10000),
    COLUMN(wanted, async_amd_callback, NULLABLE),
    COLUMN(wanted, async_amd_callback_method, NULLABLE, .one_of = methods),
    COLUMN(wanted, sip_username, NULLABLE),
    COLUMN(wanted, sip_password, NULLABLE, .secret = true),
    COLUMN(wanted, byoc, NULLABLE),
    COLUMN(wanted, client_url, NULLABLE),
};

static const struct entity order_entity = ENTITY(wanted, "call", NULL, columns_of_order);

static const struct field order_fields[] = {
    /* clang-format off */
    FIELD(wanted, to,                        "to",                                  CREATE | REQUIRED, .about = "A telephone number in E.164 form."),
    FIELD(wanted, from,                      "from",                                CREATE | REQUIRED, .about = "A number of the account."),
    FIELD(wanted, url,                       "url",                                 CREATE, .about = "Asked for the TwiML when the call is answered."),
    FIELD(wanted, method,                    "method",                              CREATE),
    FIELD(wanted, twiml,                     "twiml",                               CREATE, .about = "The TwiML itself; counts without Url alone."),
    FIELD(wanted, application,               "application_sid",                     CREATE, .about = "AP and the 32 hex digits of an agent, who then talks; stands above Url and Twiml."),
    FIELD(wanted, fallback_url,              "fallback_url",                        CREATE),
    FIELD(wanted, fallback_method,           "fallback_method",                     CREATE),
    FIELD(wanted, status_callback,           "status_callback",                     CREATE),
    FIELD(wanted, status_callback_event,     "status_callback_event",               CREATE, .wire = &twilio_list, .about = "initiated, ringing, answered, completed; completed alone when none is given."),
    FIELD(wanted, status_callback_method,    "status_callback_method",              CREATE),
    FIELD(wanted, send_digits,               "send_digits",                         CREATE, .about = "Keys pressed when the call is answered: digits, #, *, w for half a second."),
    FIELD(wanted, timeout,                   "timeout",                             CREATE, .about = "Seconds that it may ring."),
    FIELD(wanted, time_limit,                "time_limit",                          CREATE, .about = "Seconds that it may last."),
    FIELD(wanted, record,                    "record",                              CREATE),
    FIELD(wanted, recording_channels,        "recording_channels",                  CREATE),
    FIELD(wanted, recording_track,           "recording_track",                     CREATE),
    FIELD(wanted, trim,                      "trim",                                CREATE),
    FIELD(wanted, recording_status_callback, "recording_status_callback",           CREATE),
    FIELD(wanted, recording_status_callback_method, "recording_status_callback_method", CREATE),
    FIELD(wanted, recording_status_callback_event,  "recording_status_callback_event",  CREATE, .wire = &twilio_list),
    FIELD(wanted, machine_detection,         "machine_detection",                   CREATE),
    FIELD(wanted, machine_timeout,           "machine_detection_timeout",           CREATE, .about = "Seconds."),
    FIELD(wanted, speech_threshold,          "machine_detection_speech_threshold",  CREATE, .about = "Milliseconds."),
    FIELD(wanted, speech_end_threshold,      "machine_detection_speech_end_threshold", CREATE, .about = "Milliseconds."),
    FIELD(wanted, silence_timeout,           "machine_detection_silence_timeout",   CREATE, .about = "Milliseconds."),
    FIELD(wanted, async_amd,                 "async_amd",                           CREATE),
    FIELD(wanted, async_amd_callback,        "async_amd_status_callback",           CREATE),
    FIELD(wanted, async_amd_callback_method, "async_amd_status_callback_method",    CREATE),
    FIELD(wanted, caller_id,                 "caller_id",                           CREATE, .about = "A number of the account that is shown instead of From."),
    FIELD(wanted, call_reason,               "call_reason",                         CREATE),
    FIELD(wanted, call_token,                "call_token",                          CREATE),
    FIELD(wanted, sip_username,              "sip_auth_username",                   CREATE, .about = "Calls to SIP addresses are refused."),
    FIELD(wanted, sip_password,              "sip_auth_password",                   CREATE),
    FIELD(wanted, byoc,                      "byoc",                                CREATE, .about = "Refused: a tenant's own carrier is a setting of the tenant's."),
    FIELD(wanted, client_url,                "client_notification_url",             CREATE, .about = "Refused: calls to clients are."),
    /* clang-format on */
};

const struct view twilio_call_order_view = VIEW("CallCreate", order_entity, order_fields);

static bool given(const char *text)
{
    return text && *text;
}

/* ---- what is wrong with an order ---- */

/* The codes of fields at fault, which may be missing. */
static const struct {
    const char *field;
    int code, missing;
} faults[] = {
    {"To", INVALID_TO, NO_TO},
    {"From", INVALID_FROM, NO_FROM},
    {"Url", INVALID_URL, INVALID_URL},
    {"FallbackUrl", INVALID_URL, INVALID_URL},
    {"StatusCallback", INVALID_STATUS_CALLBACK, INVALID_STATUS_CALLBACK},
    {"SendDigits", INVALID_DIGITS, INVALID_DIGITS},
    {"ApplicationSid", INVALID_APPLICATION, INVALID_APPLICATION},
};

static bool blame(struct request *req)
{
    struct error *error = &req->work.error;

    for (size_t i = 0; i < COUNT(faults) && error->what == INVALID && !error->detail; i++)
        if (strcmp(error->field, faults[i].field) == 0)
            error->detail =
                json_member(req->json, faults[i].field) ? faults[i].code : faults[i].missing;
    return false;
}

static bool check_numbers(struct request *req, struct wanted *wanted)
{
    struct phone_number ignored;
    char number[E164_SIZE];

    if (!given(wanted->to))
        return twilio_invalid(req, NO_TO, "To", "No 'To' number is specified");
    if (!given(wanted->from))
        return twilio_invalid(req, NO_FROM, "From", "No 'From' number is specified");
    if (!e164_read(wanted->to, NULL, number))
        return twilio_invalid(req, INVALID_TO, "To", "The 'To' number is not a valid phone number");
    wanted->to = arena_text(&req->work.arena, number);
    if (!e164_read(wanted->from, NULL, number))
        return twilio_invalid(req, INVALID_FROM, "From",
                              "The 'From' number is not a valid phone number");
    wanted->from = arena_text(&req->work.arena, number);
    if (!given(wanted->caller_id) ||
        (e164_read(wanted->caller_id, NULL, number) && number_owned(&req->work, number, &ignored)))
        return true;
    return twilio_invalid(req, NOT_YOURS, "CallerId", "The 'CallerId' is no number of the account");
}

/* What cannot be done is refused, not passed over. */
static bool check_features(struct request *req, const struct wanted *wanted)
{
    if (given(wanted->sip_username) || given(wanted->sip_password))
        return twilio_invalid(req, INVALID_PARAMETER, "SipAuthUsername",
                              "Calls to SIP addresses are not made");
    if (given(wanted->byoc))
        return twilio_invalid(req, INVALID_PARAMETER, "Byoc", "Byoc is not supported");
    if (given(wanted->client_url))
        return twilio_invalid(req, INVALID_PARAMETER, "ClientNotificationUrl",
                              "Calls to clients are not made");
    if (given(wanted->send_digits) &&
        (strlen(wanted->send_digits) > DIGITS_MOST ||
         wanted->send_digits[strspn(wanted->send_digits, "0123456789#*wW")]))
        return twilio_invalid(req, INVALID_DIGITS, "SendDigits", "Invalid SendDigits");
    return true;
}

/* ---- who talks ---- */

static bool find_agent(struct request *req, const char *application, uid *id)
{
    struct agent agent;

    if (strncmp(application, "AP", 2) == 0 && uid_read_hex(application + 2, id)) {
        if (agent_find(&req->work, *id, &agent))
            return true;
        if (req->work.error.what != NOT_FOUND)
            return false;
    }
    return twilio_invalid(req, INVALID_APPLICATION, "ApplicationSid",
                          "There is no such application");
}

static struct customer_wishes wishes_of(struct request *req, const struct wanted *wanted)
{
    struct customer_wishes wishes = {
        .url = given(wanted->url) ? wanted->url : NULL,
        .method = wanted->method,
        .twiml = given(wanted->twiml) ? wanted->twiml : NULL,
        .fallback_url = wanted->fallback_url,
        .fallback_method = wanted->fallback_method,
        .status_url = wanted->status_callback,
        .status_method = wanted->status_callback_method,
        .status_events = twilio_words(req, wanted->status_callback_event),
        .recording_url = wanted->recording_status_callback,
        .recording_method = wanted->recording_status_callback_method,
        .recording_events = twilio_words(req, wanted->recording_status_callback_event),
        .amd_url = wanted->async_amd_callback,
        .amd_method = wanted->async_amd_callback_method,
    };

    if (given(wanted->application))
        wishes.url = wishes.twiml = NULL;
    return wishes;
}

static bool choose_talker(struct request *req, const struct wanted *wanted,
                          const struct customer_wishes *wishes, struct outbound_order *order)
{
    if (given(wanted->application))
        return find_agent(req, wanted->application, &order->agent);
    return customer_answers(wishes) ||
           twilio_invalid(req, INVALID_URL, "Url", "Url, Twiml or ApplicationSid is required");
}

/* ---- ordering ---- */

static const char *number_text(struct request *req, int64_t number)
{
    return number == NO_INTEGER ? NULL : arena_format(&req->work.arena, "%lld", (long long)number);
}

/* What the carrier is told as it was given; names without a value are left out there. */
static void pass_on(struct request *req, const struct wanted *wanted, struct outbound_order *order)
{
    const struct carrier_setting settings[] = {
        {"SendDigits", given(wanted->send_digits) ? wanted->send_digits : NULL},
        {"CallerId", given(wanted->caller_id) ? wanted->caller_id : NULL},
        {"CallReason", given(wanted->call_reason) ? wanted->call_reason : NULL},
        {"CallToken", given(wanted->call_token) ? wanted->call_token : NULL},
        {"RecordingChannels", wanted->record ? wanted->recording_channels : NULL},
        {"RecordingTrack", wanted->record ? wanted->recording_track : NULL},
        {"Trim", wanted->record ? wanted->trim : NULL},
        {"MachineDetectionTimeout", number_text(req, wanted->machine_timeout)},
        {"MachineDetectionSpeechThreshold", number_text(req, wanted->speech_threshold)},
        {"MachineDetectionSpeechEndThreshold", number_text(req, wanted->speech_end_threshold)},
        {"MachineDetectionSilenceTimeout", number_text(req, wanted->silence_timeout)},
    };
    struct carrier_setting *kept =
        arena_new(&req->work.arena, struct carrier_setting, COUNT(settings));

    memcpy(kept, settings, sizeof settings);
    order->settings = kept;
    order->nsettings = COUNT(settings);
}

static int64_t or_none(int64_t number)
{
    return number == NO_INTEGER ? 0 : number;
}

/* Why the gate kept it back, in the carrier's numbers. */
static bool refuse_order(struct request *req, const struct wanted *wanted)
{
    struct error *error = &req->work.error;
    bool suppressed = false;

    if (error->what == INVALID && strcmp(error->field, "from") == 0)
        return twilio_invalid(req, NOT_YOURS, "From", error->message);
    if (error->what == INVALID && strcmp(error->field, "to") == 0)
        return twilio_invalid(req, INVALID_TO, "To", error->message);
    if (error->what == FORBIDDEN) {
        const struct error why = *error;

        if (!is_suppressed(&req->work, "voice", wanted->to, wanted->from, &suppressed))
            return false;
        return twilio_invalid(req,
                              suppressed                   ? UNSUBSCRIBED
                              : gate_is_barred(wanted->to) ? BLOCKED
                                                           : NO_PERMISSION,
                              "To", why.message);
    }
    return blame(req);
}

static bool tell_unknown(struct request *req, struct call *call)
{
    if (!outbound_is_unknown(&req->work, call))
        return false;
    twilio_refuse(req);
    return true;
}

static bool reply_call(struct request *req, const struct call *call)
{
    struct call_record record;

    return call_record_find(&req->work, call->call_sid, &record) &&
           reply_row(req, 201, &twilio_call_view, &record);
}

bool twilio_create_call(struct request *req)
{
    struct outbound_order order = {.origin = "twilio", .trace_id = req->work.id};
    struct call call = {.id = NO_UID};
    struct customer_wishes wishes;
    struct wanted wanted;
    columns set;

    row_clear(&order_entity, &wanted);
    if (!read_body(req, &twilio_call_order_view, CREATE, &wanted, &set) ||
        !check_numbers(req, &wanted) || !check_features(req, &wanted))
        return blame(req);
    wishes = wishes_of(req, &wanted);
    if (!choose_talker(req, &wanted, &wishes, &order) ||
        !customer_wishes_check(&req->work, &wishes))
        return blame(req);
    order.to = wanted.to;
    order.from = wanted.from;
    order.ring_seconds = or_none(wanted.timeout);
    order.limit_seconds = or_none(wanted.time_limit);
    order.customer = &wishes;
    order.record = wanted.record;
    order.machine_detection = wanted.machine_detection;
    order.machine_waits = !wanted.async_amd || strcmp(wanted.async_amd, "true") != 0;
    pass_on(req, &wanted, &order);
    if (outbound_order(&req->work, &order, &call))
        return reply_call(req, &call);
    return tell_unknown(req, &call) || refuse_order(req, &wanted);
}
