#include "stream/tools/builtins.h"

#include <string.h>

#include "core/json_schema.h"
#include "stream/clarification.h"
#include "stream/live.h"
#include "stream/recording_pause.h"
#include "stream/relay_language.h"
#include "stream/tools/errands.h"

/* ---- at once ---- */

static const char *end_call(struct live *live, json_object *arguments, const char **fault)
{
    (void)arguments;
    (void)fault;
    live_drain(live);
    return "{\"status\":\"ending\"}";
}

static const char *press_digits(struct live *live, json_object *arguments, const char **fault)
{
    if (digits_send(live, json_text(arguments, "digits")))
        return "{\"status\":\"pressed\"}";
    *fault = "digits are 1 to 64 of 0-9, *, #, A-D, and w for a pause";
    return NULL;
}

/* ---- after an errand ---- */

/* The agent ends its sentence; then the carrier is told to dial. */
static void leave(struct live *live, json_object *result)
{
    const char *status = json_text(result, "status");

    if (!status || strcmp(status, "transferring") != 0)
        return;
    live->drain_result = "transferred";
    live_drain(live);
}

/* ---- the table ---- */

/* clang-format off */
static const struct builtin builtins[] = {
    {
        .name = "pause_recording",
        .description = "Stop recording for a while, before card data is asked for.",
        .parameters = SCHEMA_OBJECT("", ""),
        .run = recording_tool_pause,
    },
    {
        .name = "resume_recording",
        .description = "Go on recording, once card data was given.",
        .parameters = SCHEMA_OBJECT("", ""),
        .run = recording_tool_resume,
    },
    {
        .name = "end_call",
        .other_name = "hang_up",
        .description = "Hang up. Say goodbye first.",
        .parameters = SCHEMA_OBJECT(SCHEMA_TEXT("reason", "500", "why the call ends"), ""),
        .by_default = true,
        .is_silent = true,
        .run = end_call,
    },
    {
        .name = "press_digits",
        .other_name = "send_dtmf",
        .description = "Press keys of the telephone's keypad, as a menu asks for.",
        .parameters = SCHEMA_OBJECT(
            SCHEMA_TEXT("digits", "64", "0-9, *, #, A-D; w waits half a second"), "\"digits\""),
        .is_silent = true,
        .run = press_digits,
    },
    {
        .name = "request_user",
        .other_name = "ask_supervisor",
        .description = "Ask your supervisor what you do not know. Tell the caller to hold on; the "
                       "answer comes as a message.",
        .parameters = SCHEMA_OBJECT(
            SCHEMA_TEXT("question", "2000", "what you want to know"), "\"question\""),
        .is_silent = true,
        .run = clarification_tool,
    },
    {
        .name = "switch_language",
        .other_name = "set_language",
        .description = "Go on in another language, when the caller wishes it or speaks it.",
        .parameters = SCHEMA_OBJECT(
            SCHEMA_TEXT("language", "16", "a code like en or es-MX"), "\"language\""),
        .run = language_tool,
    },
    {
        .name = "transfer_call",
        .other_name = "transfer",
        .description = "Pass the caller on and leave the call. Tell the caller first.",
        .parameters = SCHEMA_OBJECT(
            SCHEMA_TEXT("target", "120", "a department, a number like +13125550100, or human") ","
            SCHEMA_TEXT("reason", "500", "why") ","
            SCHEMA_TEXT("summary", "2000", "what whoever answers should know"),
            ""),
        .is_silent = true,
        .passes_on = true,
        .errand = errand_transfer,
        .after = leave,
    },
    {
        .name = "escalate_call_to_human",
        .other_name = "escalate",
        .description = "Pass the caller on to a human, or have one call back when nobody is there. "
                       "The answer says which; tell the caller.",
        .parameters = SCHEMA_OBJECT(
            SCHEMA_TEXT("reason", "500", "why a human is needed") ","
            SCHEMA_TEXT("summary", "2000", "what the human should know") ","
            SCHEMA_TEXT("target_number", "40", "a number, when it is not the usual one"),
            ""),
        .by_default = true,
        .passes_on = true,
        .errand = errand_escalate,
        .after = leave,
    },
    {
        .name = "send_sms",
        .other_name = "send_text_message",
        .description = "Send a text message, to the caller unless another number is given.",
        .parameters = SCHEMA_OBJECT(
            "\"body\":{\"type\":\"string\",\"minLength\":1,\"maxLength\":1600},"
            SCHEMA_TEXT("to", "40", "another number than the caller's"),
            "\"body\""),
        .errand = errand_sms,
    },
    {
        .name = "create_callback_task",
        .other_name = "create_callback",
        .description = "Note that a human is to call back.",
        .parameters = SCHEMA_OBJECT(
            SCHEMA_TEXT("summary", "2000", "what it is about") ","
            SCHEMA_TEXT("phone", "40", "another number than the caller's") ","
            SCHEMA_TEXT("due_at", "40", "not before, like 2026-11-02T10:00:00Z") ","
            SCHEMA_TEXT("queue_key", "80", "whose task it is"),
            "\"summary\""),
        .by_default = true,
        .errand = errand_callback,
    },
    {
        .name = "check_business_hours",
        .other_name = "business_hours",
        .description = "Whether the business is open now, and when that changes.",
        .parameters = SCHEMA_OBJECT("", ""),
        .by_default = true,
        .errand = errand_hours,
    },
};
/* clang-format on */

const struct builtin *builtin_at(size_t index)
{
    return index < COUNT(builtins) ? &builtins[index] : NULL;
}
