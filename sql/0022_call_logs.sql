-- Lists of calls and of sessions, newest first, by what StateSet's clients ask for. Each list is a
-- range of one index, so that it costs the rows that it shows.

ALTER TABLE calls
    -- The state as a call log tells it.
    ADD COLUMN IF NOT EXISTS log_status VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin
        AS (CASE WHEN state_rank < 90 THEN 'in_progress'
                 WHEN state = 'completed' AND escalated <> 0 THEN 'escalated'
                 ELSE state END) VIRTUAL;

ALTER TABLE calls
    ADD INDEX IF NOT EXISTS ix_log_status (tenant_id, log_status, started_at, id),
    -- Holds all that the statistics of a tenant are counted from.
    ADD INDEX IF NOT EXISTS ix_outcome (tenant_id, outcome, started_at, id, log_status, escalated,
                                        duration_seconds),
    ADD INDEX IF NOT EXISTS ix_direction (tenant_id, direction, started_at, id),
    ADD INDEX IF NOT EXISTS ix_escalated (tenant_id, escalated, started_at, id),
    ADD INDEX IF NOT EXISTS ix_from (tenant_id, from_addr, started_at, id),
    ADD INDEX IF NOT EXISTS ix_to (tenant_id, to_addr, started_at, id);

ALTER TABLE voice_sessions
    -- The state as a list of sessions tells it: one that nobody joined has nothing that failed.
    ADD COLUMN IF NOT EXISTS list_status VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin
        AS (CASE WHEN state_rank < 80 THEN 'active'
                 WHEN state = 'lost' THEN 'failed'
                 WHEN result IS NULL THEN 'completed'
                 ELSE result END) VIRTUAL,
    -- What a client who brought a session in calls its call.
    ADD COLUMN IF NOT EXISTS imported_call_sid VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL;

ALTER TABLE voice_sessions
    ADD INDEX IF NOT EXISTS ix_list_status (tenant_id, list_status, started_at, id),
    ADD INDEX IF NOT EXISTS ix_agent (tenant_id, agent_id, started_at, id);
