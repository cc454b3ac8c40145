-- How a worker is called whom TaskRouter found, and callers who wait in a queue for one.

ALTER TABLE handoffs
    -- As the instruction said; absent: the number the caller talks to, and as long as usual.
    ADD COLUMN IF NOT EXISTS dial_from    VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NULL,
    ADD COLUMN IF NOT EXISTS ring_seconds SMALLINT UNSIGNED NULL,
    ADD COLUMN IF NOT EXISTS recorded     BOOLEAN NOT NULL DEFAULT 0;

ALTER TABLE tr_tasks
    -- Its caller waits in a queue of the carrier's, where <Enqueue> has put it.
    ADD COLUMN IF NOT EXISTS queued         BOOLEAN NOT NULL DEFAULT 0,
    -- The leg on which a worker is called for such a caller.
    ADD COLUMN IF NOT EXISTS worker_call_id BINARY(16) NULL,
    ADD INDEX IF NOT EXISTS ix_worker_call (tenant_id, worker_call_id);

-- "enqueue": asked while somebody waits.
ALTER TABLE customer_hooks
    MODIFY COLUMN kind ENUM('twiml', 'status', 'recording', 'amd', 'stream', 'conference', 'other',
                            'enqueue') NOT NULL;
