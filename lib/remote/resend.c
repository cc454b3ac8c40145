#include "remote/resend.h"

#include <string.h>

#include "core/column.h" /* COUNT */
#include "core/config.h"
#include "core/json.h"
#include "core/text.h"
#include "remote/http.h"

enum { ANSWER_MOST = 64 * 1024 };

static const char *body_of(struct work *work, const struct mail *mail)
{
    struct text body = {.arena = &work->arena};

    text_put(&body, "{\"from\":");
    text_json(&body, mail->from);
    if (mail->reply_to) {
        text_put(&body, ",\"reply_to\":");
        text_json(&body, mail->reply_to);
    }
    text_put(&body, ",\"to\":[");
    text_json(&body, mail->to);
    text_put(&body, "],\"subject\":");
    text_json(&body, mail->subject);
    text_put(&body, ",\"text\":");
    text_json(&body, mail->text);
    text_char(&body, '}');
    return body.at;
}

/* A wrong key and its like are the operator's to mend, and the mail waits until then. */
static bool is_final(int status, const char *name)
{
    static const char *const ours[] = {"invalid_api_key", "concurrent_idempotent_requests"};

    for (size_t i = 0; i < COUNT(ours); i++)
        if (name && strcmp(name, ours[i]) == 0)
            return false;
    return status / 100 == 4 && status != 401 && status != 408 && status != 429;
}

static bool take(struct work *work, const struct http_answer *answer, const char **id)
{
    json_object *tree = json_parse(answer->body.at);
    bool ok = answer->status / 100 == 2;

    if (ok)
        *id = json_text(tree, "id") ? arena_text(&work->arena, json_text(tree, "id")) : NULL;
    else if (is_final(answer->status, json_text(tree, "name")))
        fail(work, INVALID, "The mail provider refused the mail: %s",
             json_text(tree, "message") ? json_text(tree, "message") : "no reason given");
    else
        fail(work, UPSTREAM, "The mail provider cannot do that now");
    json_object_put(tree);
    return ok;
}

bool resend_send(struct work *work, const struct mail *mail, const char **id)
{
    const struct config *config = work->config;
    const char *body = body_of(work, mail), *base = config->resend_base_url;
    struct http_answer answer;
    const struct http_header headers[] = {
        {"Authorization", arena_format(&work->arena, "Bearer %s", config->resend_api_key)},
        {"Idempotency-Key", mail->key},
    };
    const struct http_request request = {
        .method = "POST",
        .url = arena_format(&work->arena, "%s/emails", base),
        .headers = headers,
        .nheaders = COUNT(headers),
        .content_type = "application/json",
        .body = body,
        .length = strlen(body),
        .answer_limit = ANSWER_MOST,
    };
    return http_send(work, &request, &answer) && take(work, &answer, id);
}
