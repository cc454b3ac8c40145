#include "fcgi/recording.h"

#include "domain/calls.h"
#include "fcgi/kwickphone/kwickphone.h"

bool kwickphone_get_recording(struct request *req)
{
    static const char refusal[] = "{\"error\":{\"code\":\"range_not_satisfiable\","
                                  "\"message\":\"The recording has no such part.\"}}";
    struct call call;

    return call_by_sid(&req->work, request_path(req, "callSid"), &call) &&
           reply_recording(req, call.id, refusal);
}
