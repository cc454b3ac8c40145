// with: lib/domain/customer_twiml.c lib/domain/twiml_document.c lib/domain/twiml_words.c
// with: lib/domain/twiml_messages.c lib/domain/twiml_enqueue.c
/*
 * Whatever a customer answers: what the carrier gets is well-formed, names no host that may not be
 * asked, reaches no number that the gate did not let through, and says the same when it is
 * rewritten once more for nobody.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/config.h"
#include "domain/calls.h"
#include "domain/customer_sms.h"
#include "domain/customer_twiml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct config config = {
    .public_base_url = "https://api.example.net",
    .stream_auth_secret = "the primary secret",
    .allow_private_urls = "no",
};

static const struct call call = {.id = {{1, 2, 3}}};

static bool is_ours(struct work *work, const char *number, bool *ours)
{
    (void)work;
    *ours = number[1] == '1';
    return true;
}

/* Numbers beginning with +19 must never come out. */
static bool may_reach(struct work *work, const char *from, const char *to, int64_t beside)
{
    if (!from || !to || beside < 0 || beside > 9)
        abort();
    return !strstr(to, "+19") || fail(work, FORBIDDEN, "not there");
}

static bool send(struct work *work, const struct customer_sms *sms, int *code)
{
    if (!work || !sms->from || !sms->to || !sms->body)
        abort();
    *code = strstr(sms->to, "+19") ? SMS_NOT_THERE : 0;
    return true;
}

static bool has_workflow(struct work *work, const char *sid, bool *has)
{
    (void)work;
    *has = sid[0] == 'W';
    return true;
}

/* Every number that would be called; in text and attributes "</Number>" is escaped. */
static void check_numbers(const char *text)
{
    for (const char *end = strstr(text, "</Number>"); end; end = strstr(end + 1, "</Number>")) {
        const char *begin = end;

        while (begin > text && *begin != '>')
            begin--;
        if (strncmp(begin, ">+19", 4) == 0)
            abort();
    }
}

static void check(struct work *work, const struct twiml_result *result)
{
    const char *text = result->text.at, *at;
    struct twiml_notice error;
    size_t tags = 0;

    for (at = text; *at; at++)
        tags += *at == '<';
    if (!customer_twiml_check(work, text, result->text.length, &error) && tags < 900)
        abort();
    check_numbers(text);
    for (at = strstr(text, "tusCallback=\""); at; at = strstr(at + 1, "tusCallback=\""))
        if (strncmp(at + 13, "https://api.example.net/hooks/twilio/callback/", 46) != 0)
            abort();
    for (at = strstr(text, " action=\""); at; at = strstr(at + 1, " action=\""))
        if (strncmp(at + 9, "https://api.example.net/hooks/twilio/twiml/", 43) != 0)
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct work work = {.id = "fuzz", .tenant = 7, .config = &config};
    const struct twiml_rules rules = {
        .own_account = size && data[0] & 1,
        .room_prefix = "x.",
        .ours = "+13125550100",
        .theirs = "+13125550199",
        .country = "US",
        .is_ours = is_ours,
        .may_reach = may_reach,
        .send = send,
        .has_workflow = has_workflow,
    };
    const struct twiml_source source = {
        .call = &call,
        .document = size ? arena_copy(&work.arena, (const char *)data + 1, size - 1) : "",
        .length = size ? size - 1 : 0,
        .base_url = size && data[0] & 2 ? "https://app.example.com/a/b?c=d" : NULL,
    };
    struct twiml_result result;

    if (twiml_rewrite_by(&work, &rules, &source, &result))
        check(&work, &result);
    work_end(&work);
    return 0;
}
