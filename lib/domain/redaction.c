#include "domain/redaction.h"

unsigned redaction_of(const struct tenant *tenant, const struct agent_version *version)
{
    json_object *rules =
        tenant && tenant->redaction.json ? json_parse(tenant->redaction.json) : NULL;
    json_object *config = version && version->config.json ? json_parse(version->config.json) : NULL;
    unsigned kinds = redact_rules(rules, REDACT_USUAL);

    kinds |= redact_rules(json_member(config, "redaction"), 0);
    json_object_put(rules);
    json_object_put(config);
    return kinds;
}
