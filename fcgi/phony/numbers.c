/*
 * Numbers of the tenant: which are free, who gets one, who gives one back.
 */
#include <string.h>

#include "core/e164.h"
#include "domain/number_agents.h"
#include "domain/numbers.h"
#include "fcgi/phony/phony.h"

/* What a number can do, as a list of words. */
static void render_capabilities(struct request *req, struct text *out, const struct field *field,
                                const void *cell, const void *row)
{
    const struct phone_number *number = row;
    const struct {
        bool can;
        const char *word;
    } all[] = {{number->voice, "voice"}, {number->sms, "sms"}, {number->mms, "mms"}};
    const char *between = "";

    (void)req, (void)field, (void)cell;
    text_char(out, '[');
    for (size_t i = 0; i < COUNT(all); i++) {
        if (!all[i].can)
            continue;
        text_add(out, "%s\"%s\"", between, all[i].word);
        between = ",";
    }
    text_char(out, ']');
}

static const struct wire capabilities = {
    .render = render_capabilities,
    .schema = "\"type\":\"array\",\"items\":{\"type\":\"string\",\"enum\":[\"voice\",\"sms\","
              "\"mms\"]}",
    .whole = true,
};

/* Only those in service are listed, and only those that no agent has. */
static void render_status(struct request *req, struct text *out, const struct field *field,
                          const void *cell, const void *row)
{
    (void)req, (void)field, (void)cell, (void)row;
    text_put(out, "\"available\"");
}

static const struct wire status = {
    .render = render_status,
    .schema = "\"type\":\"string\"",
    .whole = true,
};

static const struct field number_fields[] = {
    /* clang-format off */
    FIELD(phone_number, e164,          "phone_number",  READ),
    FIELD(phone_number, carrier_sid,   "twilio_sid",    READ),
    FIELD(phone_number, friendly_name, "friendly_name", READ),
    FIELD(phone_number, voice,         "capabilities",  READ, .wire = &capabilities),
    FIELD(phone_number, business_phone, "status",       READ, .wire = &status, .about = "available"),
    /* clang-format on */
};

const struct view phony_number_view = VIEW("PhoneNumber", phone_number_entity, number_fields);

bool phony_list_available(struct request *req)
{
    struct rows numbers;

    return numbers_free(&req->work, &numbers) &&
           reply_rows(req, &phony_number_view, NULL, &numbers);
}

struct assignment {
    const char *agent_id;
};

static const struct column assignment_columns[] = {
    COLUMN(assignment, agent_id, NOT_NULL, .max = 80)};

static const struct entity assignment_entity =
    ENTITY(assignment, "assignment", NULL, assignment_columns);

static const struct field assignment_fields[] = {
    FIELD(assignment, agent_id, "agent_id", CREATE | REQUIRED),
};

const struct view phony_assign_view = VIEW("AssignRequest", assignment_entity, assignment_fields);

struct assigned {
    const char *message;
    uid agent;
    const char *phone_number;
};

static const struct column assigned_columns[] = {
    COLUMN(assigned, message, NOT_NULL),
    COLUMN(assigned, agent, NOT_NULL),
    COLUMN(assigned, phone_number, NOT_NULL),
};

static const struct entity assigned_entity = ENTITY(assigned, "assignment", NULL, assigned_columns);

static const struct field assigned_fields[] = {
    FIELD(assigned, message, "message", READ),
    FIELD(assigned, agent, "agent_id", READ, PHONY_AGENT_ID),
    FIELD(assigned, phone_number, "phone_number", READ),
};

const struct view phony_assigned_view = VIEW("AssignResult", assigned_entity, assigned_fields);

/* The number that the path names, with or without its plus sign. */
static const char *number_in_path(struct request *req)
{
    const char *text = request_path(req, "phone_number");
    char number[E164_SIZE];

    if (e164_read(text, NULL, number))
        return arena_text(&req->work.arena, number);
    return text;
}

bool phony_assign_number(struct request *req)
{
    struct assignment wanted = {0};
    const char *number = number_in_path(req);
    struct agent agent;
    columns given;

    return read_body(req, &phony_assign_view, CREATE, &wanted, &given) &&
           phony_agent(req, wanted.agent_id, &agent) && number_give(&req->work, number, agent.id) &&
           reply_row(req, 200, &phony_assigned_view,
                     &(struct assigned){"Phone number assigned successfully", agent.id, number});
}

bool phony_release_number(struct request *req)
{
    return number_free(&req->work, number_in_path(req)) &&
           phony_message(req, "Phone number released successfully");
}
