-- The operator reads what supervisors did in all tenants, newest first.
ALTER TABLE supervisor_actions
    ADD INDEX IF NOT EXISTS ix_newest (id);
