/* twilio/numbers.c - searching, buying, changing and releasing numbers. */
#include "twilio/numbers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "twilio/pool.h"

static struct json_object *bought; /* resources, in the order of buying */
static const char *kept_at;

/* ---- what is bought ---- */

struct json_object *numbers_all(void)
{
    if (!bought)
        bought = json_object_new_array();
    return bought;
}

static size_t count(void)
{
    return json_object_array_length(numbers_all());
}

static struct json_object *number_at(size_t i)
{
    return json_object_array_get_idx(numbers_all(), i);
}

struct json_object *number_find(const char *phone_number)
{
    for (size_t i = 0; i < count(); i++)
        if (text_is(phone_number, json_text(number_at(i), "phone_number")))
            return number_at(i);
    return NULL;
}

const struct account *number_account(struct json_object *number)
{
    return account_find(json_text(number, "account_sid"));
}

static bool owned(const struct rest *rest, struct json_object *number)
{
    return text_is(json_text(number, "account_sid"), rest->account->sid);
}

/* The number that the path names, if it is the account's. */
static struct json_object *named(const struct rest *rest, size_t *index)
{
    for (size_t i = 0; i < count(); i++)
        if (text_is(json_text(number_at(i), "sid"), rest->ids[0]) && owned(rest, number_at(i))) {
            *index = i;
            return number_at(i);
        }
    return NULL;
}

void numbers_keep(const char *path)
{
    struct json_object *kept = path ? json_object_from_file(path) : NULL;

    kept_at = path;
    if (!kept)
        return;
    json_object_put(bought);
    bought = kept;
}

static void save(void)
{
    if (kept_at)
        json_object_to_file_ext(kept_at, numbers_all(), JSON_C_TO_STRING_PRETTY);
}

/* ---- for sale ---- */

/* "(415) 555-0123" of a number in the North American plan. */
static void friendly(const char *number, char *text, size_t room)
{
    if (!strncmp(number, "+1", 2) && strlen(number) == 12)
        snprintf(text, room, "(%.3s) %.3s-%.4s", number + 2, number + 5, number + 8);
    else
        snprintf(text, room, "%s", number);
}

static struct json_object *capabilities(void)
{
    struct json_object *can = json_object_new_object();

    json_set_flag(can, "voice", true);
    json_set_flag(can, "sms", true);
    json_set_flag(can, "mms", true);
    return can;
}

struct searching {
    struct json_object *found;
    const char *country;
    long wanted;
};

static bool add_for_sale(void *user, const struct pool_number *number)
{
    struct searching *searching = user;
    struct json_object *item;
    char text[32];

    if (number_find(number->number))
        return true;
    item = json_object_new_object();
    friendly(number->number, text, sizeof text);
    json_set(item, "friendly_name", text);
    json_set(item, "phone_number", number->number);
    json_set(item, "lata", NULL);
    json_set(item, "locality", number->locality);
    json_set(item, "rate_center", NULL);
    json_set(item, "latitude", number->latitude);
    json_set(item, "longitude", number->longitude);
    json_set(item, "region", number->region);
    json_set(item, "postal_code", number->postal_code);
    json_set(item, "iso_country", searching->country);
    json_set(item, "address_requirements", "none");
    json_set_flag(item, "beta", false);
    json_set_object(item, "capabilities", capabilities());
    json_object_array_add(searching->found, item);
    return (long)json_object_array_length(searching->found) < searching->wanted;
}

static void search(struct rest *rest, bool toll_free)
{
    const char *size = rest_param(rest, "PageSize");
    struct searching searching = {.found = json_object_new_array(),
                                  .country = rest->ids[0],
                                  .wanted = size ? strtol(size, NULL, 10) : 50};
    struct pool_search wanted = {.country = rest->ids[0],
                                 .area_code = rest_param(rest, "AreaCode"),
                                 .contains = rest_param(rest, "Contains"),
                                 .region = rest_param(rest, "InRegion"),
                                 .locality = rest_param(rest, "InLocality"),
                                 .toll_free = toll_free};
    struct json_object *body = json_object_new_object();

    if (searching.wanted < 1 || searching.wanted > 1000)
        searching.wanted = 50;
    if (pool_has_country(wanted.country))
        pool_each(&wanted, add_for_sale, &searching);
    json_set(body, "uri", web_path(rest->request));
    json_set_object(body, "available_phone_numbers", searching.found);
    if (pool_has_country(wanted.country)) {
        rest_answer(rest, 200, body);
        return;
    }
    json_object_put(body);
    rest_not_found(rest);
}

void numbers_search_local(struct rest *rest)
{
    search(rest, false);
}

void numbers_search_toll_free(struct rest *rest)
{
    search(rest, true);
}

/* ---- buying and changing ---- */

/* clang-format off */
static const struct {
    const char *param, *member, *otherwise;
} settings[] = {
    {"FriendlyName",         "friendly_name",         NULL},
    {"VoiceUrl",             "voice_url",             ""},
    {"VoiceMethod",          "voice_method",          "POST"},
    {"VoiceFallbackUrl",     "voice_fallback_url",    ""},
    {"VoiceFallbackMethod",  "voice_fallback_method", "POST"},
    {"StatusCallback",       "status_callback",       ""},
    {"StatusCallbackMethod", "status_callback_method","POST"},
    {"SmsUrl",               "sms_url",               ""},
    {"SmsMethod",            "sms_method",            "POST"},
    {"SmsFallbackUrl",       "sms_fallback_url",      ""},
    {"SmsFallbackMethod",    "sms_fallback_method",   "POST"},
    {"VoiceApplicationSid",  "voice_application_sid", ""},
    {"SmsApplicationSid",    "sms_application_sid",   ""},
    {"TrunkSid",             "trunk_sid",             NULL},
    {"AddressSid",           "address_sid",           NULL},
    {"BundleSid",            "bundle_sid",            NULL},
    {"IdentitySid",          "identity_sid",          NULL},
    {"EmergencyAddressSid",  "emergency_address_sid", NULL},
    {"VoiceReceiveMode",     "voice_receive_mode",    "voice"},
};
/* clang-format on */

enum { SETTINGS = sizeof settings / sizeof settings[0] };

static void touch(struct json_object *number)
{
    char date[DATE_SIZE];

    json_set(number, "date_updated", date_rfc2822(web_epoch_ms(), date));
}

static void apply(struct json_object *number, const struct form *params)
{
    const char *value = form_get(params, "VoiceCallerIdLookup");

    for (int i = 0; i < SETTINGS; i++)
        if (form_get(params, settings[i].param))
            json_set(number, settings[i].member, form_get(params, settings[i].param));
    if (value)
        json_set_flag(number, "voice_caller_id_lookup", !strcmp(value, "true"));
    touch(number);
}

static struct json_object *unset(const struct account *account, const char *phone_number)
{
    struct json_object *number = json_object_new_object();
    char sid[SID_SIZE], date[DATE_SIZE], text[32], *uri;

    sid_new("PN", sid);
    friendly(phone_number, text, sizeof text);
    uri = rest_uri(account, "/IncomingPhoneNumbers/%s.json", sid);
    json_set(number, "sid", sid);
    json_set(number, "account_sid", account->sid);
    json_set(number, "phone_number", phone_number);
    for (int i = 0; i < SETTINGS; i++)
        json_set(number, settings[i].member, settings[i].otherwise);
    json_set(number, "friendly_name", text);
    json_set_flag(number, "voice_caller_id_lookup", false);
    json_set_object(number, "capabilities", capabilities());
    json_set(number, "address_requirements", "none");
    json_set_flag(number, "beta", false);
    json_set(number, "origin", "twilio");
    json_set(number, "api_version", "2010-04-01");
    json_set(number, "date_created", date_rfc2822(web_epoch_ms(), date));
    json_set(number, "emergency_status", "Inactive");
    json_set(number, "emergency_address_status", "unregistered");
    json_set(number, "status", "in-use");
    json_set(number, "type", "local");
    json_set(number, "uri", uri);
    free(uri);
    return number;
}

struct json_object *number_give(const struct account *account, const struct form *params)
{
    const char *phone_number = form_get(params, "PhoneNumber");
    struct json_object *number;

    if (!is_e164(phone_number) || number_find(phone_number))
        return NULL;
    number = unset(account, phone_number);
    apply(number, params);
    json_object_array_add(numbers_all(), number);
    save();
    log_event("number_bought", "phone_number", phone_number, "account", account->sid, "sid",
              json_text(number, "sid"), NULL);
    return number;
}

static bool take_first(void *user, const struct pool_number *number)
{
    if (number_find(number->number))
        return true;
    form_set(user, "PhoneNumber", number->number);
    return false;
}

static const char *bad_url(const struct rest *rest)
{
    static const char *const names[] = {"VoiceUrl", "VoiceFallbackUrl", "StatusCallback", "SmsUrl"};
    const char *value;

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        value = rest_param(rest, names[i]);
        if (value && *value && !text_begins(value, "http://") && !text_begins(value, "https://"))
            return names[i];
    }
    return NULL;
}

void numbers_buy(struct rest *rest)
{
    const char *area_code = rest_param(rest, "AreaCode"), *number;
    struct pool_search wanted = {.country = "US", .area_code = area_code};
    struct json_object *resource;

    if (!rest_param(rest, "PhoneNumber") && area_code)
        pool_each(&wanted, take_first, &rest->params);
    number = rest_param(rest, "PhoneNumber");
    if (!number && area_code)
        rest_error(rest, 400, 21452, "No phone numbers found in area code %s", area_code);
    else if (!is_e164(number))
        rest_error(rest, 400, 21421, "%s is not a valid number", number ? number : "(none)");
    else if (bad_url(rest))
        rest_error(rest, 400, 21402, "%s is not a valid URL", bad_url(rest));
    else if (!strncmp(number, "+1999", 5) ||
             !(resource = number_give(rest->account, &rest->params)))
        rest_error(rest, 400, 21422, "%s is not available", number);
    else
        rest_answer(rest, 201, json_object_get(resource));
}

void numbers_fetch(struct rest *rest)
{
    size_t index;
    struct json_object *number = named(rest, &index);

    if (number)
        rest_answer(rest, 200, json_object_get(number));
    else
        rest_not_found(rest);
}

void numbers_update(struct rest *rest)
{
    const char *mover = rest_param(rest, "AccountSid");
    size_t index;
    struct json_object *number = named(rest, &index);

    if (!number) {
        rest_not_found(rest);
        return;
    }
    if (bad_url(rest)) {
        rest_error(rest, 400, 21402, "%s is not a valid URL", bad_url(rest));
        return;
    }
    apply(number, &rest->params);
    if (mover && account_find(mover))
        json_set(number, "account_sid", mover);
    save();
    rest_answer(rest, 200, json_object_get(number));
}

void numbers_release(struct rest *rest)
{
    size_t index;
    struct json_object *number = named(rest, &index);

    if (!number) {
        rest_not_found(rest);
        return;
    }
    log_event("number_released", "phone_number", json_text(number, "phone_number"), NULL);
    json_object_array_del_idx(numbers_all(), index, 1);
    save();
    rest_answer(rest, 204, NULL);
}

static bool filter_fits(const char *wanted, const char *is)
{
    return !wanted || text_is(is, wanted) || (*wanted == ' ' && text_is(is + 1, wanted + 1));
}

void numbers_list(struct rest *rest)
{
    struct json_object *all = json_object_new_array(), *number;

    for (size_t i = 0; i < count(); i++) {
        number = number_at(i);
        if (owned(rest, number) &&
            filter_fits(rest_param(rest, "PhoneNumber"), json_text(number, "phone_number")) &&
            filter_fits(rest_param(rest, "FriendlyName"), json_text(number, "friendly_name")))
            json_object_array_add(all, json_object_get(number));
    }
    rest_list(rest, "incoming_phone_numbers", all);
}
