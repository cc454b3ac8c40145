/*
 * twilio/signed_form.h - any request with any signature, for tests of whoever checks them.
 *
 *   POST /_webhook
 *     {"url":"http://127.0.0.1:8080/…",  where it is sent
 *      "sign_url":"https://public/…",    what is signed, when a proxy stands between
 *      "account":"AC…" or "token":"…",   whose key; the first account's when both are missing
 *      "signature":"…",                  sent as it is; "" sends none
 *      "form":{"Name":"value","Many":["a","b"]} or "json":{…} or "body":"…","content_type":"…",
 *      "method":"POST", "headers":{"Name":"value"}, "idempotency_token":"…",
 *      "count":1,                        how often, one after the other
 *      "concurrent":false}               or all at once
 *   -> 200 {"answers":[{"status","type","body","ms","error"}]}
 */
#ifndef SIM_TWILIO_SIGNED_FORM_H
#define SIM_TWILIO_SIGNED_FORM_H

#include "common/web.h"

void signed_form(struct web_request *request);

#endif
