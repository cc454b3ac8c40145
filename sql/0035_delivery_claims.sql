-- What is asked many times a second reads an index alone: what is due, and who hears of a call.

ALTER TABLE webhook_deliveries
    ADD INDEX IF NOT EXISTS ix_claim (state, available_at, tenant_id, endpoint_id, lease_until);

ALTER TABLE webhook_endpoints
    ADD INDEX IF NOT EXISTS ix_dialect (tenant_id, dialect, number_id);
