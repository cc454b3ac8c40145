#include "stream/comeback.h"

#include "core/json.h"
#include "stream/live.h"

void comeback_read(struct live *live, const struct voice_session *session)
{
    json_object *metadata = json_parse(session->metadata.json);

    live->nobody_came = json_boolean(metadata, "nobody_came", false);
    json_object_put(metadata);
}

const char *comeback_words(const struct live *live)
{
    return live->nobody_came
               ? "The caller was to be passed on to a human and waited, but nobody took the call. "
                 "Say so in one short sentence, say that somebody will call back, and ask whether "
                 "there is anything else you can do."
               : "The connection was interrupted for a moment and is back. Say so in one short "
                 "sentence and go on where you were.";
}
