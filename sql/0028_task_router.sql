-- How TaskRouter's things move: steps of workflows, offers, and what keeps two routers apart.

-- A workspace that is gone stays as a row, so that no default one is made again.
ALTER TABLE tr_workspaces
    ADD COLUMN IF NOT EXISTS deleted_at DATETIME(3) NULL;

ALTER TABLE tr_workers
    -- Since when nothing is done: the last change of activity, or the end of the last task.
    ADD COLUMN IF NOT EXISTS idle_since DATETIME(3) NULL;

ALTER TABLE tr_tasks
    -- Where its age counts from, when a client says so.
    ADD COLUMN IF NOT EXISTS virtual_start_at DATETIME(3)  NULL,
    -- Routed past the rules of the workflow.
    ADD COLUMN IF NOT EXISTS target_worker_id BINARY(16)   NULL,
    ADD COLUMN IF NOT EXISTS target_queue_id  BINARY(16)   NULL,
    ADD COLUMN IF NOT EXISTS ignore_capacity  BOOLEAN      NOT NULL DEFAULT 0,
    -- Which filter of the workflow it is in (-1: the default one), which of its targets, until when.
    ADD COLUMN IF NOT EXISTS step_filter      SMALLINT     NULL,
    ADD COLUMN IF NOT EXISTS step_target      SMALLINT     NULL,
    ADD COLUMN IF NOT EXISTS step_until       DATETIME(3)  NULL,
    -- How often it was offered.
    ADD COLUMN IF NOT EXISTS offers           INT UNSIGNED NOT NULL DEFAULT 0,
    ADD COLUMN IF NOT EXISTS assigned_at      DATETIME(3)  NULL,
    ADD COLUMN IF NOT EXISTS finished_at      DATETIME(3)  NULL,
    ADD COLUMN IF NOT EXISTS deleted_at       DATETIME(3)  NULL,
    ADD INDEX IF NOT EXISTS ix_of_workflow (tenant_id, workflow_id, assignment_status),
    ADD INDEX IF NOT EXISTS ix_call (tenant_id, call_id),
    ADD INDEX IF NOT EXISTS ix_callback (tenant_id, callback_task_id),
    ADD INDEX IF NOT EXISTS ix_due (wake_at);

ALTER TABLE tr_reservations
    ADD COLUMN IF NOT EXISTS worker_name           VARCHAR(64) NOT NULL DEFAULT '',
    ADD COLUMN IF NOT EXISTS channel               VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin
                                                               NOT NULL DEFAULT 'default',
    -- Which part of the worker's capacity it takes.
    ADD COLUMN IF NOT EXISTS slot                  SMALLINT UNSIGNED NULL,
    ADD COLUMN IF NOT EXISTS post_work_activity_id BINARY(16)  NULL,
    -- The worker while a decision is awaited.
    ADD COLUMN IF NOT EXISTS pending_worker        BINARY(16)
        AS (IF(status = 'pending', worker_id, NULL)) VIRTUAL;

-- Two routers that see the same worker free cannot both reserve it, whatever either has locked.
ALTER TABLE tr_reservations
    ADD UNIQUE INDEX IF NOT EXISTS uq_pending (tenant_id, pending_worker, channel),
    ADD UNIQUE INDEX IF NOT EXISTS uq_slot (tenant_id, open_worker, channel, slot);

-- What becomes of callback tasks and of calls that are passed on by way of a task.
ALTER TABLE outbox
    MODIFY COLUMN topic ENUM('webhook', 'billing_outcome', 'workflow', 'sms', 'email', 'analysis',
                             'recording', 'notify', 'carrier', 'taskrouter', 'assignment') NOT NULL;
