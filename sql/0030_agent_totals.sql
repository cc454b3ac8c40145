-- How much agents talked is asked with every list of them: this index holds all that it is added up
-- from, and what reports over an agent's hours and days need.
ALTER TABLE calls
    ADD INDEX IF NOT EXISTS ix_agent_totals (tenant_id, agent_id, started_at, state, duration_seconds);
