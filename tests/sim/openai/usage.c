#include "openai/usage.h"

#include <string.h>

enum { BLOCK = 64, TOKENS_PER_MINUTE = 800000 };

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static size_t length_of(struct json_object *value)
{
    return value == NULL ? 0 : strlen(json_object_to_json_string(value));
}

void usage_begin(struct response *response)
{
    struct session *session = response->session;
    size_t text = length_of(response_setting(response, "instructions")) +
                  length_of(response_setting(response, "tools"));

    for (size_t i = 0; i < session->items.count; i++) {
        const struct item *item = session->items.at[i];
        bool spoken_by_model = item_is(item, "message", "assistant");

        if (item->samples == 0)
            text += length_of(item->json);
        response->input_audio += (int64_t)item->samples / (spoken_by_model ? 400 : 800);
    }
    response->input_text = (int64_t)text / 4;
    response->cached_text = least(session->cached_text, response->input_text / BLOCK * BLOCK);
    response->cached_audio = least(session->cached_audio, response->input_audio / BLOCK * BLOCK);
    session->cached_text = response->input_text / BLOCK * BLOCK;
    session->cached_audio = response->input_audio / BLOCK * BLOCK;
}

struct json_object *usage_of(const struct response *response)
{
    const struct response *r = response;
    int64_t text = ((int64_t)r->text_out + 3) / 4, audio = ((int64_t)r->samples_out + 399) / 400;
    struct json_object *cached = pack("text_tokens=i audio_tokens=i image_tokens=i", r->cached_text,
                                      r->cached_audio, (int64_t)0);
    struct json_object *in =
        pack("text_tokens=i audio_tokens=i image_tokens=i cached_tokens=i cached_tokens_details=o",
             r->input_text, r->input_audio, (int64_t)0, r->cached_text + r->cached_audio, cached);

    return pack("total_tokens=i input_tokens=i output_tokens=i input_token_details=o "
                "output_token_details=o",
                r->input_text + r->input_audio + text + audio, r->input_text + r->input_audio,
                text + audio, in, pack("text_tokens=i audio_tokens=i", text, audio));
}

struct json_object *usage_rate_limits(const struct response *response)
{
    int64_t used = response->input_text + response->input_audio + 400;
    struct json_object *list = json_object_new_array();

    json_object_array_add(list, pack("name=s limit=i remaining=i reset_seconds=d", "tokens",
                                     (int64_t)TOKENS_PER_MINUTE, TOKENS_PER_MINUTE - used,
                                     (double)used * 60 / TOKENS_PER_MINUTE));
    return pack("rate_limits=o", list);
}
