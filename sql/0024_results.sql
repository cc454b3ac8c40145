-- Outcomes are listed by what they are sold as and by kind of call; evaluations are counted by day.

ALTER TABLE voice_outcomes
    ADD INDEX IF NOT EXISTS ix_sku (tenant_id, billable_sku, occurred_at),
    ADD INDEX IF NOT EXISTS ix_call_type (tenant_id, call_type, occurred_at);

ALTER TABLE session_evals
    ADD INDEX IF NOT EXISTS ix_created (tenant_id, created_at, score);

-- Agents whose rollouts are watched, of all tenants.
ALTER TABLE rollout_policies
    ADD INDEX IF NOT EXISTS ix_enabled (enabled);
