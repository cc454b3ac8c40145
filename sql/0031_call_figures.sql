-- Calls by the time in which they began: what figures over a tenant's calls are counted from, and
-- what a list of ended calls is paged by, stand in one index, so that no row of a call is read.

ALTER TABLE calls
    ADD INDEX IF NOT EXISTS ix_figures (tenant_id, started_at, id, agent_id, state,
                                        duration_seconds);
