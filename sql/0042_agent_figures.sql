-- The same as ix_figures for one agent: what its figures and the list of its ended calls cost does
-- not grow with the calls of the tenant's other agents.

ALTER TABLE calls
    ADD INDEX IF NOT EXISTS ix_agent_figures (tenant_id, agent_id, started_at, id, state,
                                              duration_seconds);
