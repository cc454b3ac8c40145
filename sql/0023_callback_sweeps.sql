-- What sweeps and lists of callback tasks look for, in the order they take it.

ALTER TABLE callback_tasks
    ADD INDEX IF NOT EXISTS ix_dispatch (tenant_id, queue_key, status, priority, sla_due_at, id),
    ADD INDEX IF NOT EXISTS ix_of_queue (tenant_id, queue_key),
    ADD INDEX IF NOT EXISTS ix_due (status, due_at),
    ADD INDEX IF NOT EXISTS ix_linked (status, external_source, updated_at),
    ADD INDEX IF NOT EXISTS ix_newest (id),
    ADD INDEX IF NOT EXISTS ix_newest_status (status, id);

ALTER TABLE operator_queues
    ADD INDEX IF NOT EXISTS ix_auto (auto_dispatch_enabled, active, tenant_id, priority);
