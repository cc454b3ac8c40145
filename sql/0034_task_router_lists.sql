-- What a worker was offered, and the tasks that are still seen, are found without reading the rest.

ALTER TABLE tr_reservations
    ADD INDEX IF NOT EXISTS ix_of_worker (tenant_id, worker_id, id);

ALTER TABLE tr_tasks
    ADD INDEX IF NOT EXISTS ix_seen (tenant_id, workspace_id, finished_at, id);
