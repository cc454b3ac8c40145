#include "domain/customer_answer.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/log.h"
#include "domain/callbacks.h"
#include "domain/calls.h"
#include "domain/customer_callbacks.h"
#include "domain/customer_hooks.h"
#include "domain/customer_requests.h"
#include "domain/customer_twiml.h"
#include "domain/events.h"
#include "remote/guard.h"
#include "remote/http.h"

/* The carrier's numbers for what is wrong with an answer. */
enum { BAD_ANSWER = 11200, NO_CONNECTION = 11205, BAD_HOST = 11210, TOO_MANY_REDIRECTS = 11215 };
enum { TOO_LONG = 11750, BAD_TYPE = 12300 };

static const char sorry[] =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><Say>We are sorry, an application error"
    " has occurred. Goodbye.</Say><Hangup></Hangup></Response>\n";

/* One URL that is asked: what it was asked with, and what came. */
struct asking {
    const struct customer_question *question;
    const char *url, *method; /* as the customer gave it; after redirects, where it led */
    const struct form *form;
    int64_t until_us;
    struct http_answer answer;
    int code; /* what went wrong, 0: nothing */
};

/* ---- overrides ---- */

static int64_t number_of(const char *text, int64_t least, int64_t most)
{
    int64_t number = strtoll(text, NULL, 10);

    return number < least ? least : number > most ? most : number;
}

/* "ct,5xx": the failures after which an URL is asked again. */
static void read_policy(const char *text, size_t length, struct customer_overrides *overrides)
{
    const struct {
        const char *word;
        bool *on;
    } known[] = {{"4xx", &overrides->on_4xx},
                 {"5xx", &overrides->on_5xx},
                 {"ct", &overrides->on_connect},
                 {"rt", &overrides->on_read}};

    overrides->on_connect = false;
    for (size_t at = 0, next; at < length; at += next + 1) {
        next = strcspn(text + at, ",&");
        for (size_t i = 0; i < COUNT(known); i++)
            if ((next == strlen(known[i].word) && strncmp(text + at, known[i].word, next) == 0) ||
                (next == 3 && strncmp(text + at, "all", 3) == 0))
                *known[i].on = true;
    }
}

void customer_overrides_read(const char *url, struct customer_overrides *overrides)
{
    const char *at = strchr(url, '#');

    *overrides = (struct customer_overrides){.retries = 1, .on_connect = true};
    for (at = at ? at + 1 : ""; *at; at += strcspn(at, "&"), at += *at == '&') {
        if (strncmp(at, "rc=", 3) == 0)
            overrides->retries = number_of(at + 3, 0, 5);
        else if (strncmp(at, "rt=", 3) == 0)
            overrides->read_ms = number_of(at + 3, 100, 15000);
        else if (strncmp(at, "tt=", 3) == 0)
            overrides->total_ms = number_of(at + 3, 100, 15000);
        else if (strncmp(at, "rp=", 3) == 0)
            read_policy(at + 3, strcspn(at + 3, "&"), overrides);
    }
}

/* ---- asking ---- */

static int64_t left_ms(const struct asking *asking)
{
    return (asking->until_us - clock_monotonic_us()) / 1000;
}

/* One exchange with wherever the URL has led to so far, signed for that very URL. */
static void send_once(struct work *work, struct asking *asking,
                      const struct customer_request *wanted, int64_t limit_ms)
{
    struct http_header *headers = arena_new(&work->arena, struct http_header, CUSTOMER_HEADERS);
    int64_t left = left_ms(asking);
    const struct http_request request = {
        .method = wanted->body ? "POST" : "GET",
        .url = wanted->url,
        .headers = headers,
        .nheaders = customer_headers(work, wanted, headers),
        .content_type = wanted->body ? CUSTOMER_FORM_TYPE : NULL,
        .body = wanted->body,
        .length = wanted->body ? strlen(wanted->body) : 0,
        .deadline_ms = limit_ms && limit_ms < left ? limit_ms : left,
        .answer_limit = TWIML_SIZE_LIMIT + 1,
        .guarded = true,
        .cut = true,
    };

    http_send(work, &request, &asking->answer);
}

/* Where an answer leads to; false when it leads nowhere that may be asked. */
static bool follow(struct work *work, struct asking *asking, struct customer_request *wanted)
{
    struct http_request next = {.url = wanted->url, .body = wanted->body};

    if (!http_follow(work, &next, &asking->answer))
        return false;
    next.url = arena_copy(&work->arena, next.url, strcspn(next.url, "#"));
    if (!guard_check_web_url(work, "Location", next.url, 2000)) {
        asking->code = BAD_HOST;
        return false;
    }
    wanted->url = next.url;
    wanted->body = next.body;
    asking->url = next.url;
    return true;
}

static bool is_redirect(const struct http_answer *answer)
{
    return answer->end == HTTP_ANSWERED && answer->status / 100 == 3;
}

static bool send_followed(struct work *work, struct asking *asking, struct customer_request *wanted,
                          int64_t limit_ms)
{
    for (int followed = 0; left_ms(asking) > 0; followed++) {
        send_once(work, asking, wanted, limit_ms);
        if (!is_redirect(&asking->answer))
            return true;
        if (followed == CUSTOMER_REDIRECTS)
            asking->code = TOO_MANY_REDIRECTS;
        if (asking->code || !follow(work, asking, wanted))
            return true;
    }
    return true;
}

/* Whether the customer wants to be asked again after that. */
static bool is_worth_retry(const struct customer_overrides *overrides,
                           const struct http_answer *answer)
{
    switch (answer->end) {
    case HTTP_UNREACHED:
        return overrides->on_connect;
    case HTTP_UNANSWERED:
        return overrides->on_read;
    case HTTP_ANSWERED:
        return (answer->status / 100 == 4 && overrides->on_4xx) ||
               (answer->status / 100 == 5 && overrides->on_5xx);
    case HTTP_FORBIDDEN:
        break;
    }
    return false;
}

static int judge(const struct asking *asking)
{
    const struct http_answer *answer = &asking->answer;

    if (asking->code)
        return asking->code;
    if (answer->end == HTTP_FORBIDDEN)
        return BAD_HOST;
    if (answer->end == HTTP_UNREACHED)
        return NO_CONNECTION;
    if (answer->end != HTTP_ANSWERED || answer->status / 100 != 2)
        return BAD_ANSWER;
    return answer->body.length > TWIML_SIZE_LIMIT ? TOO_LONG : 0;
}

/* True when the store answered; asking->code says what came of it. */
static bool ask(struct work *work, struct asking *asking)
{
    struct customer_overrides overrides;
    struct customer_request wanted;
    const char *first = asking->url;
    struct form ours;

    customer_overrides_read(first, &overrides);
    if (overrides.total_ms && overrides.total_ms < left_ms(asking))
        asking->until_us = clock_monotonic_us() + overrides.total_ms * 1000;
    if (!customer_form(work, asking->form, &ours))
        return false;
    for (int64_t tried = 0; tried <= overrides.retries; tried++) {
        if (!customer_request(work, first, asking->method, &ours, &wanted))
            return false;
        wanted.idempotency_token = asking->question->idempotency_token;
        asking->url = arena_copy(&work->arena, first, strcspn(first, "#"));
        asking->answer = (struct http_answer){.end = HTTP_UNANSWERED};
        send_followed(work, asking, &wanted, overrides.read_ms);
        if (asking->code || !is_worth_retry(&overrides, &asking->answer) || left_ms(asking) <= 0)
            break;
    }
    asking->code = judge(asking);
    return true;
}

/* ---- what came ---- */

static bool has_type(const struct http_answer *answer, const char *type)
{
    const char *given = http_header_of(answer, "Content-Type");

    return given && strncasecmp(given, type, strlen(type)) == 0;
}

static const char *wrap(struct work *work, const char *verb, const char *content)
{
    struct text text = {.arena = &work->arena};

    text_add(&text, "<Response><%s>", verb);
    text_xml(&text, content);
    text_add(&text, "</%s></Response>", verb);
    return text.at;
}

/* A sound is played and plain words are spoken, as the carrier does; the rest has to be TwiML. */
static const char *document_of(struct work *work, struct asking *asking, size_t *length)
{
    const struct http_answer *answer = &asking->answer;
    const char *body = answer->body.at ? answer->body.at : "";
    const char *text = body + strspn(body, " \t\r\n");

    *length = answer->body.length;
    if (has_type(answer, "audio/"))
        body = wrap(work, "Play", asking->url);
    else if (!*text)
        body = "<Response></Response>";
    else if (has_type(answer, "text/plain") && *text != '<')
        body = wrap(work, "Say", text);
    else if (has_type(answer, "image/") || has_type(answer, "video/") ||
             has_type(answer, "application/json"))
        asking->code = BAD_TYPE;
    if (body != answer->body.at)
        *length = strlen(body);
    return body;
}

/* ---- diagnostics ---- */

static bool note(struct work *work, const struct call *call, const char *type, const char *level,
                 const struct twiml_notice *notice, const char *url)
{
    struct text payload = {.arena = &work->arena};
    struct call_event event = {
        .id = uid_new(),
        .call_id = call->id,
        .type = type,
        .level = level,
        .source = "webhook",
        .occurred_at = clock_now(),
    };

    text_add(&payload, "{\"code\":%d,\"about\":", notice->code);
    text_json(&payload, notice->about);
    text_put(&payload, ",\"url\":"); /* its query may hold what is not for a log */
    text_json(&payload, url ? arena_copy(&work->arena, url, strcspn(url, "?#")) : NULL);
    text_char(&payload, '}');
    event.payload.json = payload.at;
    return events_put(work, &event, 1);
}

static bool note_refused(struct work *work, const struct asking *asking,
                         const struct twiml_notice *error)
{
    log_warning(work, "twiml.refused", "call=%s code=%d about=\"%s\"",
                asking->question->call->call_sid, error->code, error->about ? error->about : "");
    return note(work, asking->question->call, "error", "error", error, asking->url);
}

static bool note_all(struct work *work, const struct asking *asking,
                     const struct twiml_result *result)
{
    for (size_t i = 0; i < result->nnotices; i++)
        if (!note(work, asking->question->call, "twiml.warning", "warn", &result->notices[i],
                  asking->url))
            return false;
    return true;
}

/* ---- answering ---- */

static bool is_outage(const struct work *work)
{
    return work->error.what == BUSY || work->error.what == INTERNAL;
}

/* What is wrong with an answer that could not be used; never of the store. */
static const char *about_of(struct work *work, const struct asking *asking)
{
    const struct http_answer *answer = &asking->answer;

    if (answer->end != HTTP_ANSWERED)
        return answer->problem ? answer->problem : "no answer";
    return arena_format(&work->arena, "HTTP %d", answer->status);
}

/* A document becomes the carrier's; *twiml stays NULL when it is refused, and asking->code says. */
static bool pass_on(struct work *work, struct asking *asking, const struct twiml_source *source,
                    const char **twiml)
{
    struct twiml_result result;

    if (!customer_twiml_rewrite(work, source, &result)) {
        if (is_outage(work))
            return false;
        asking->code = result.error.code;
        return note_refused(work, asking, &result.error);
    }
    *twiml = result.text.at;
    return customer_hooks_write(work, result.hooks, result.nhooks) &&
           note_all(work, asking, &result);
}

/* Asks one URL and takes its answer; *twiml stays NULL when there is none that can be used. */
static bool try_url(struct work *work, struct asking *asking, const char **twiml)
{
    struct twiml_source source = {.call = asking->question->call,
                                  .asked = asking->question->hook,
                                  .event = asking->question->event};

    if (!ask(work, asking))
        return false;
    if (!asking->code)
        source.document = document_of(work, asking, &source.length);
    if (asking->code) {
        const struct twiml_notice error = {asking->code, about_of(work, asking)};

        return note_refused(work, asking, &error);
    }
    source.base_url = asking->url;
    return pass_on(work, asking, &source, twiml);
}

/* The carrier's parameters and what went wrong with the first URL. */
static struct form with_error(struct work *work, const struct form *form,
                              const struct asking *first)
{
    struct twilio_field *fields = arena_new(&work->arena, struct twilio_field, form->count + 2);

    if (form->count)
        memcpy(fields, form->at, form->count * sizeof *fields);
    fields[form->count] =
        (struct twilio_field){"ErrorCode", arena_format(&work->arena, "%d", first->code)};
    fields[form->count + 1] = (struct twilio_field){"ErrorUrl", first->url ? first->url : ""};
    return (struct form){fields, form->count + 2};
}

static bool fall_back(struct work *work, const struct asking *first, int64_t until_us,
                      const char **twiml)
{
    const struct customer_question *question = first->question;
    const char *url = customer_wish(work, question->call, "FallbackUrl");
    struct form form = with_error(work, question->form, first);
    struct asking asking = {.question = question,
                            .url = url,
                            .method = customer_wish(work, question->call, "FallbackMethod"),
                            .form = &form,
                            .until_us = until_us};

    return !url || try_url(work, &asking, twiml);
}

/* Nothing that can be used came from anywhere: the call says why it ends. */
static bool give_up(struct work *work, const struct asking *asking, const char **twiml)
{
    struct call_news news = NO_NEWS;

    *twiml = sorry;
    news.error_code = arena_format(&work->arena, "%d", asking->code);
    news.error_message = "The call's TwiML could not be used";
    return call_apply(work, asking->question->call->id, &news, NULL);
}

static bool try_first(struct work *work, struct asking *asking, const char **twiml)
{
    const struct customer_hook *hook = asking->question->hook;
    const struct twiml_source given = {
        .call = asking->question->call,
        .asked = hook,
        .event = asking->question->event,
        .document = hook->document,
        .length = hook->document ? strlen(hook->document) : 0,
        .base_url = hook->url,
    };

    return hook->document && !customer_hook_waits(hook) ? pass_on(work, asking, &given, twiml)
                                                        : try_url(work, asking, twiml);
}

bool customer_answer(struct work *work, const struct customer_question *question,
                     const char **twiml)
{
    int64_t now_us = clock_monotonic_us();
    bool has_second = customer_wish(work, question->call, "FallbackUrl") != NULL;
    struct asking asking = {
        .question = question,
        .url = question->hook->url,
        .method = question->hook->method,
        .form = question->form,
        .until_us = now_us + (has_second ? CUSTOMER_FIRST_MS : CUSTOMER_BUDGET_MS) * 1000,
    };

    *twiml = NULL;
    if (!try_first(work, &asking, twiml))
        return false;
    if (!*twiml && !fall_back(work, &asking, now_us + CUSTOMER_BUDGET_MS * 1000, twiml))
        return false;
    return *twiml || give_up(work, &asking, twiml);
}
