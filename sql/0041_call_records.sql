-- Lists of calls as a carrier's records show them, by what its clients ask for: each a range of one
-- index, so that it costs the rows that it shows.

ALTER TABLE calls
    -- The state as the records tell it; of a call that was deleted there, none.
    ADD COLUMN IF NOT EXISTS record_status VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin
        AS (CASE WHEN hidden_at IS NOT NULL THEN NULL
                 WHEN state IN ('created', 'queued', 'initiated') THEN 'queued'
                 WHEN state = 'in_progress' THEN 'in-progress'
                 WHEN state = 'no_answer' THEN 'no-answer'
                 ELSE state END) VIRTUAL,
    -- When it was answered; of one that nobody answered, its end.
    ADD COLUMN IF NOT EXISTS talk_at DATETIME(3)
        AS (COALESCE(answered_at, IF(state_rank >= 90, ended_at, NULL))) VIRTUAL;

-- By the addresses there are ix_from and ix_to.
ALTER TABLE calls
    ADD INDEX IF NOT EXISTS ix_records (tenant_id, hidden_at, started_at, id),
    ADD INDEX IF NOT EXISTS ix_record_status (tenant_id, record_status, started_at, id),
    ADD INDEX IF NOT EXISTS ix_talk (tenant_id, talk_at, id),
    ADD INDEX IF NOT EXISTS ix_ended (tenant_id, ended_at, id);
