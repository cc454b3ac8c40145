/*
 * Recordings of calls in the Twilio dialect: listed by call, described, played.
 */
#include <string.h>

#include <criterion/criterion.h>

#include "api/twilio/sdk.h"

TestSuite(twilio_recordings, .timeout = 60);

/*
 * Puts a recording of 1000 bytes into the store for a call: bytes 0, 1 … 249, 0, 1 …; answers its
 * SID.  "sid" NULL: it is our own, which has none of the carrier's.
 */
static const char *add_recording(const char *call, const char *sid, const char *status)
{
    const char *id = new_call_sid() + 2;

    query(say("INSERT INTO recordings (tenant_id, id, call_id, recording_sid, source, status,"
              " channels, duration_ms, content_type, bytes, started_at, available_at, error)"
              " SELECT tenant_id, UNHEX('%s'), id, %s, '%s', '%s', 2, 4200, 'audio/mpeg', 1000,"
              " '2026-03-02 10:00:05', started_at, %s FROM calls WHERE call_sid = '%s'",
              id, sid ? say("'%s'", sid) : "NULL", sid ? "carrier" : "bridge", status,
              strcmp(status, "absent") == 0 ? "'16101'" : "NULL", call));
    query(say("INSERT INTO recording_chunks (tenant_id, recording_id, seq, bytes) SELECT tenant_id,"
              " UNHEX('%s'), 0, REPEAT(UNHEX('%s'), 4) FROM calls WHERE call_sid = '%s'",
              id,
              text_of("SELECT GROUP_CONCAT(LPAD(HEX(seq), 2, '0') ORDER BY seq SEPARATOR '')"
                      " FROM seq_0_to_249"),
              call));
    return sid ? sid : say("RE%s", id);
}

static const char *new_recording_sid(void)
{
    return say("RE%s", new_call_sid() + 2);
}

static const char *recordings_path(const struct account *account, const char *call,
                                   const char *query)
{
    return account_path(account, say("/Calls/%s/Recordings.json%s", call, query));
}

static const char *recording_path(const struct account *account, const char *sid,
                                  const char *ending)
{
    return account_path(account, say("/Recordings/%s%s", sid, ending));
}

Test(twilio_recordings, are_listed_with_their_call)
{
    struct account account = account_with_number();
    const char *call = call_arrives(&account.customer, "+13125550123", NULL);
    const char *ours = add_recording(call, NULL, "available");
    json_object *list = sdk_ok(&account, "[\"calls\",[\"%s\"],\"recordings\",\"list\",[]]", call);

    cr_assert_eq(json_object_array_length(list), 1u, "%s", json_object_to_json_string(list));
    cr_expect_str_eq(at(list, "0.sid"), ours);
    cr_expect_str_eq(at(list, "0.callSid"), call);
    cr_expect_str_eq(at(list, "0.accountSid"), account.sid);
    cr_expect_str_eq(at(list, "0.status"), "completed");
    cr_expect_str_eq(at(list, "0.duration"), "5", "a second begun counts");
    cr_expect_str_eq(at(list, "0.channels"), "2");
    cr_expect_str_eq(at(list, "0.source"), "StartCallRecordingAPI");
    cr_expect_str_eq(at(list, "0.startTime"), "2026-03-02T10:00:05.000Z");
}

Test(twilio_recordings, are_listed_in_pages)
{
    struct account account = account_with_number();
    const char *call = call_arrives(&account.customer, "+13125550123", NULL);
    json_object *list;
    struct reply reply;

    for (int i = 0; i < 3; i++)
        add_recording(call, new_recording_sid(), i == 1 ? "deleted" : "available");
    reply = twilio(&account, "GET", recordings_path(&account, call, "?PageSize=1"), NULL);
    cr_assert_eq(reply.status, 200, "%s", reply.body);
    cr_expect(has(reply.json, "recordings.0"));
    cr_expect(*at(reply.json, "next_page_uri"), "%s", reply.body);
    list =
        sdk_ok(&account, "[\"calls\",[\"%s\"],\"recordings\",\"list\",[{\"pageSize\":1}]]", call);
    cr_expect_eq(json_object_array_length(list), 2u, "what was deleted is not shown");
    reply = twilio(&account, "GET", recordings_path(&account, call, "?DateCreated%3C=2020-01-01"),
                   NULL);
    cr_expect_eq(reply.status, 200, "%s", reply.body);
    cr_expect_not(has(reply.json, "recordings.0"), "%s", reply.body);
    reply = twilio(&account, "GET", recordings_path(&account, call, "?DateCreated%3E=2020-01-01"),
                   NULL);
    cr_expect(has(reply.json, "recordings.1"), "%s", reply.body);
    reply = twilio(&account, "GET", recordings_path(&account, call, "?DateCreated=never"), NULL);
    twilio_refused(&reply, 400, 20001);
}

Test(twilio_recordings, are_described_under_the_carriers_name_or_ours)
{
    struct account account = account_with_number();
    const char *call = call_arrives(&account.customer, "+13125550123", NULL);
    const char *theirs = add_recording(call, new_recording_sid(), "available");
    const char *absent = add_recording(call, new_recording_sid(), "absent");
    json_object *told = sdk_ok(&account, "[\"recordings\",[\"%s\"],\"fetch\",[]]", theirs);
    struct reply reply;

    cr_expect_str_eq(at(told, "sid"), theirs);
    cr_expect_str_eq(at(told, "source"), "RecordVerb");
    cr_expect_str_eq(at(told, "mediaUrl"), say("%s%s", fact("PUBLIC_BASE_URL"),
                                               recording_path(&account, theirs, ".mp3")));
    reply = twilio(&account, "GET", recording_path(&account, absent, ".json"), NULL);
    cr_expect_str_eq(at(reply.json, "status"), "absent", "%s", reply.body);
    cr_expect_str_eq(at(reply.json, "error_code"), "16101");
    cr_expect(strstr(reply.body, "\"duration\":\"5\""), "%s", reply.body);
    cr_expect_str_eq(at(reply.json, "uri"), recording_path(&account, absent, ".json"));
}

Test(twilio_recordings, that_were_deleted_are_shown_on_request_only)
{
    struct account account = account_with_number();
    const char *call = call_arrives(&account.customer, "+13125550123", NULL);
    const char *sid = add_recording(call, NULL, "deleted");
    struct reply reply = twilio(&account, "GET", recording_path(&account, sid, ".json"), NULL);

    twilio_refused(&reply, 404, 20404);
    reply = twilio(&account, "GET", recording_path(&account, sid, ".json?IncludeSoftDeleted=true"),
                   NULL);
    cr_expect_str_eq(at(reply.json, "status"), "deleted", "%s", reply.body);
    reply = twilio(&account, "GET", recording_path(&account, sid, ".mp3"), NULL);
    twilio_refused(&reply, 404, 20404);
}

static struct reply part_of(const struct account *account, const char *path, const char *range)
{
    const char *const headers[] = {basic_of(account), say("Range: %s", range), NULL};

    return http("GET", path, headers, NULL);
}

Test(twilio_recordings, are_played_whole_or_in_part)
{
    struct account account = account_with_number();
    const char *call = call_arrives(&account.customer, "+13125550123", NULL);
    const char *sid = add_recording(call, NULL, "available");
    const char *path = recording_path(&account, sid, ".mp3");
    struct reply reply = twilio(&account, "GET", path, NULL);

    cr_assert_eq(reply.status, 200, "%ld", reply.status);
    cr_expect_eq(reply.length, 1000u);
    cr_expect_str_eq(reply_header_of(&reply, "Content-Type"), "audio/mpeg");
    cr_expect_eq(reply.body[251], 1);
    reply = twilio(&account, "GET", recording_path(&account, sid, ""), NULL);
    cr_expect_eq(reply.length, 1000u, "callbacks name it so");
    reply = part_of(&account, path, "bytes=2-4");
    cr_expect_eq(reply.status, 206);
    cr_expect_str_eq(reply_header_of(&reply, "Content-Range"), "bytes 2-4/1000");
    cr_expect_eq(memcmp(reply.body, "\2\3\4", 3), 0);
    reply = part_of(&account, path, "bytes=1000-");
    twilio_refused(&reply, 416, 20001);
}

Test(twilio_recordings, begin_when_a_client_says_so)
{
    struct account account = account_with_number();
    const char *call, *sid;
    json_object *begun;
    struct reply reply;

    somebody_on("+13125550185", "\"answer_after_ms\":50,\"script\":[{\"pause_ms\":60000}]");
    call = at(sdk_ok(&account,
                     "[\"calls\",\"create\",[{\"to\":\"+13125550185\",\"from\":\"%s\",\"twiml\":"
                     "\"<Response><Pause length=\\\"30\\\"/></Response>\"}]]",
                     account.customer.number),
              "sid");
    AWAIT(strcmp(at(sdk_ok(&account, "[\"calls\",[\"%s\"],\"fetch\",[]]", call), "status"),
                 "in-progress") == 0);
    begun = sdk_ok(&account,
                   "[\"calls\",[\"%s\"],\"recordings\",\"create\",[{\"recordingChannels\":"
                   "\"dual\",\"recordingStatusCallback\":\"https://example.com/r\"}]]",
                   call);
    sid = at(begun, "sid");
    cr_expect_str_eq(at(begun, "status"), "in-progress");
    cr_expect_str_eq(at(begun, "channels"), "2");
    cr_expect_str_eq(at(begun, "callSid"), call);
    reply = twilio(&account, "POST", recordings_path(&account, call, ""), "RecordingChannels=mono");
    cr_expect_eq(reply.status, 200, "one runs already: %s", reply.body);
    cr_expect_str_eq(at(reply.json, "sid"), sid, "%s", reply.body);
    reply = twilio(&account, "POST", recordings_path(&account, call, ""), "RecordingTrack=no");
    twilio_refused(&reply, 400, 20001);
    sdk_ok(&account, "[\"calls\",[\"%s\"],\"update\",[{\"status\":\"completed\"}]]", call);
    AWAIT(strcmp(at(sdk_ok(&account, "[\"recordings\",[\"%s\"],\"fetch\",[]]", sid), "status"),
                 "in-progress") != 0);
}

Test(twilio_recordings, begin_in_no_call_that_is_over_and_wait_for_the_carrier)
{
    struct account account = account_with_number();
    const char *call = call_arrives(&account.customer, "+13125550123", NULL);
    struct reply reply = twilio(&account, "POST", recordings_path(&account, call, ""), "");

    twilio_refused(&reply, 400, 21220);
    query(
        say("UPDATE calls SET state = 'in_progress', state_rank = 60 WHERE call_sid = '%s'", call));
    carrier_is_away_for(&account, call);
    reply = twilio(&account, "POST", recordings_path(&account, call, ""), "");
    twilio_refused(&reply, 503, 20503);
}

Test(twilio_recordings, are_deleted_with_their_sound)
{
    struct account account = account_with_number();
    const char *call = call_arrives(&account.customer, "+13125550123", NULL);
    const char *sid = add_recording(call, NULL, "available");

    sdk_ok(&account, "[\"recordings\",[\"%s\"],\"remove\",[]]", sid);
    sdk_refused(&account, 404, 20404, "[\"recordings\",[\"%s\"],\"fetch\",[]]", sid);
    sdk_refused(&account, 404, 20404, "[\"recordings\",[\"%s\"],\"remove\",[]]", sid);
    cr_expect_eq(rows_of(&account.customer, "recording_chunks"), 0);
    cr_expect_eq(
        number_of(say("SELECT COUNT(*) FROM audit_log a JOIN tenants t ON t.id = a.tenant_id"
                      " WHERE t.tenant_key = '%s' AND a.action = 'recording.deleted'",
                      account.customer.tenant)),
        1);
}

Test(twilio_recordings, are_nobody_elses)
{
    struct account account = account_with_number(), other = account_new();
    const char *call = call_arrives(&account.customer, "+13125550123", NULL);
    const char *sid = add_recording(call, NULL, "available");
    static const char *const endings[] = {".json", ".mp3", ""};
    struct reply reply;

    for (size_t i = 0; i < COUNT_OF(endings); i++) {
        reply = twilio(&other, "GET", recording_path(&other, sid, endings[i]), NULL);
        twilio_refused(&reply, 404, 20404);
        reply = http("GET", recording_path(&account, sid, endings[i]), NULL, NULL);
        twilio_refused(&reply, 401, 20003);
        reply = twilio(&account, "GET", recording_path(&account, call, endings[i]), NULL);
        twilio_refused(&reply, 404, 20404);
    }
    reply = twilio(&other, "GET", recordings_path(&other, call, ""), NULL);
    twilio_refused(&reply, 404, 20404);
}
