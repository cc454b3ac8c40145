/*
 * Figures over a tenant's calls, and over one agent's.
 */
#include <string.h>

#include "domain/call_figures.h"
#include "fcgi/phony/calls.h"

enum { DAY_MS = 24 * 3600 * 1000, TREND_DAYS = 30 };

/* ---- the window ---- */

static const struct period {
    const char *name;
    int days;
} periods[] = {{"day", 1}, {"week", 7}, {"month", 30}, {"year", 365}};

#define PERIOD_SCHEMA "\"type\":\"string\",\"enum\":[\"day\",\"week\",\"month\",\"year\"]"

/* A window of whole days that ends now; "days" stays as it is when nobody names one. */
static bool read_period(struct request *req, int *days)
{
    const char *name = request_query(req, "period");

    if (!name)
        return true;
    for (size_t i = 0; i < COUNT(periods); i++)
        if (strcmp(periods[i].name, name) == 0) {
            *days = periods[i].days;
            return true;
        }
    return fail_field(&req->work, "period", "period must be day, week, month or year");
}

static instant days_ago(int days)
{
    return instant_after(clock_now(), -(int64_t)days * DAY_MS);
}

/* ---- a tenant ---- */

static const struct field top_fields[] = {
    FIELD(agent_figures, agent_id, "agent_id", READ, PHONY_AGENT_ID),
    FIELD(agent_figures, name, "name", READ),
    FIELD(agent_figures, calls, "calls", READ),
    FIELD(agent_figures, minutes, "minutes", READ),
};

static const struct view top_view = VIEW("TopAgent", agent_figures_entity, top_fields);

struct summary {
    int64_t total_agents, total_calls, total_minutes, average_call_duration;
    double success_rate;
    int64_t busiest_hour;
    struct rows top_agents;
};

static const struct column summary_columns[] = {
    COLUMN(summary, total_agents, NOT_NULL),  COLUMN(summary, total_calls, NOT_NULL),
    COLUMN(summary, total_minutes, NOT_NULL), COLUMN(summary, average_call_duration, NOT_NULL),
    COLUMN(summary, success_rate, NOT_NULL),  COLUMN(summary, busiest_hour, NULLABLE),
};

static const struct entity summary_entity = ENTITY(summary, "summary", NULL, summary_columns);

static const struct field summary_fields[] = {
    /* clang-format off */
    FIELD(summary, total_agents,          "total_agents",          READ, .about = "That there are now."),
    FIELD(summary, total_calls,           "total_calls",           READ, .about = "That began in the period."),
    FIELD(summary, total_minutes,         "total_minutes",         READ, .about = "Each call rounded up to whole minutes."),
    FIELD(summary, average_call_duration, "average_call_duration", READ, .about = "Seconds; 0 without calls."),
    FIELD(summary, success_rate,          "success_rate",          READ, .about = "Completed calls among those that are over, 0 to 1."),
    FIELD(summary, busiest_hour,          "busiest_hour",          READ, .about = "0 to 23 by the tenant's clocks; null without calls."),
    ROWS(summary,  top_agents,            "top_agents",            top_view, READ),
    /* clang-format on */
};

static const struct view summary_view = VIEW("AnalyticsSummary", summary_entity, summary_fields);

static bool get_summary(struct request *req)
{
    struct tenant_figures figures;
    int days = 30;

    if (!read_period(req, &days) || !phony_choose_tenant(req) ||
        !call_figures_of_tenant(&req->work, zone_of_tenant(&req->work, req->tenant), days_ago(days),
                                &figures))
        return false;
    return reply_row(req, 200, &summary_view,
                     &(struct summary){
                         .total_agents = figures.agents,
                         .total_calls = figures.all.calls,
                         .total_minutes = figures.all.minutes,
                         .average_call_duration = call_figures_average(&figures.all),
                         .success_rate = call_figures_success(&figures.all),
                         .busiest_hour = busiest_hour(figures.by_hour),
                         .top_agents = figures.top,
                     });
}

/* ---- an agent ---- */

static const struct field day_fields[] = {
    FIELD(day_figures, date, "date", READ),
    FIELD(day_figures, calls, "calls", READ),
    FIELD(day_figures, minutes, "minutes", READ),
};

static const struct view day_view = VIEW("DailyFigures", day_figures_entity, day_fields);

struct agent_summary {
    uid agent_id;
    const char *name;
    int64_t total_calls, total_minutes, average_call_duration;
    double success_rate;
    document hourly_distribution;
    struct rows daily_trend;
};

static const struct column agent_columns[] = {
    COLUMN(agent_summary, agent_id, NOT_NULL),
    COLUMN(agent_summary, name, NOT_NULL),
    COLUMN(agent_summary, total_calls, NOT_NULL),
    COLUMN(agent_summary, total_minutes, NOT_NULL),
    COLUMN(agent_summary, average_call_duration, NOT_NULL),
    COLUMN(agent_summary, success_rate, NOT_NULL),
    COLUMN(agent_summary, hourly_distribution, NOT_NULL),
};

static const struct entity agent_entity_of_figures =
    ENTITY(agent_summary, "agent's figures", NULL, agent_columns);

static const struct field agent_fields[] = {
    /* clang-format off */
    FIELD(agent_summary, agent_id,              "agent_id",              READ, PHONY_AGENT_ID),
    FIELD(agent_summary, name,                  "name",                  READ),
    FIELD(agent_summary, total_calls,           "total_calls",           READ),
    FIELD(agent_summary, total_minutes,         "total_minutes",         READ, .about = "Each call rounded up to whole minutes."),
    FIELD(agent_summary, average_call_duration, "average_call_duration", READ, .about = "Seconds; 0 without calls."),
    FIELD(agent_summary, success_rate,          "success_rate",          READ, .about = "Completed calls among those that are over, 0 to 1."),
    FIELD(agent_summary, hourly_distribution,   "hourly_distribution",   READ, .wire = &wire_document, .about = "Calls by the hour, 0 to 23 by the tenant's clocks, in which they began; hours without calls are left out."),
    ROWS(agent_summary,  daily_trend,           "daily_trend",           day_view, READ, .about = "Days of the last thirty, or of the period where that is shorter, on which calls began."),
    /* clang-format on */
};

static const struct view agent_view = VIEW("AgentAnalytics", agent_entity_of_figures, agent_fields);

static document hours_of(struct request *req, const int64_t by_hour[HOURS_OF_DAY])
{
    struct text text = {.arena = &req->work.arena};

    text_char(&text, '{');
    for (int hour = 0; hour < HOURS_OF_DAY; hour++)
        if (by_hour[hour])
            text_add(&text, "%s\"%d\":%lld", text.length > 1 ? "," : "", hour,
                     (long long)by_hour[hour]);
    text_char(&text, '}');
    return (document){text.at};
}

/* Whole days by the tenant's clocks, today being one of them. */
static instant trend_begins(const struct zone *zone, int days)
{
    int64_t today = local_day(zone, clock_now());

    return local_midnight(zone, today - (days && days < TREND_DAYS ? days : TREND_DAYS) + 1);
}

static bool get_agent(struct request *req)
{
    const struct zone *zone = zone_of_tenant(&req->work, req->tenant);
    struct agent_history history;
    struct agent agent;
    int days = 0;

    if (!read_period(req, &days) || !phony_agent(req, request_path(req, "agent_id"), &agent) ||
        !call_figures_of_agent(&req->work, zone, agent.id, days ? days_ago(days) : NO_INSTANT,
                               trend_begins(zone, days), &history))
        return false;
    return reply_row(req, 200, &agent_view,
                     &(struct agent_summary){
                         .agent_id = agent.id,
                         .name = agent.name,
                         .total_calls = history.all.calls,
                         .total_minutes = history.all.minutes,
                         .average_call_duration = call_figures_average(&history.all),
                         .success_rate = call_figures_success(&history.all),
                         .hourly_distribution = hours_of(req, history.by_hour),
                         .daily_trend = history.days,
                     });
}

/* ---- the dialect's part ---- */

static const struct query_parameter summary_query[] = {
    {"period", PERIOD_SCHEMA ",\"default\":\"month\"", "24 hours, 7, 30 or 365 days that end now.",
     NULL},
    {"tenant_id", "\"type\":\"string\"", "Another tenant than one's own: platform:admin only.",
     NULL},
    {NULL, NULL, NULL, NULL},
};

static const struct query_parameter agent_query[] = {
    {"period", PERIOD_SCHEMA, "As of the summary; without it all calls count.", NULL},
    {NULL, NULL, NULL, NULL},
};

static const struct route routes[] = {
    /* clang-format off */
    {"GET /api/analytics/summary", "analytics:read", get_summary, NULL, &summary_view, "Figures of a tenant",
     .answers = "400 401 403 429 500 503", .query = summary_query, .operation = "analyticsSummary"},
    {"GET /api/analytics/agents/{agent_id}", "analytics:read", get_agent, NULL, &agent_view, "Figures of an agent",
     .answers = "400 401 403 404 429 500 503", .query = agent_query, .operation = "analyticsAgent"},
    /* clang-format on */
};

static const char *const prefixes[] = {"/api/analytics", NULL};

const struct dialect phony_analytics = {
    PHONY_PART,
    .prefixes = prefixes,
    .routes = routes,
    .nroutes = COUNT(routes),
};
