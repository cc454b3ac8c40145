-- What leaves the house: effects owed, webhook endpoints and their deliveries.

-- Effects owed to the outside, written in the transaction of the change that caused them.
CREATE TABLE IF NOT EXISTS outbox (
    tenant_id    INT UNSIGNED      NOT NULL,
    id           BINARY(16)        NOT NULL,
    topic        ENUM('webhook', 'billing_outcome', 'workflow', 'sms', 'email', 'analysis',
                      'recording', 'notify', 'carrier') NOT NULL,
    subject_id   BINARY(16)        NULL,
    event_type   VARCHAR(64)       CHARACTER SET ascii COLLATE ascii_bin NULL,
    payload      JSON              NOT NULL,
    -- One effect per topic and value.
    dedupe       VARCHAR(120)      CHARACTER SET ascii COLLATE ascii_bin NULL,
    state        ENUM('pending', 'delivered', 'failed') NOT NULL DEFAULT 'pending',
    attempts     SMALLINT UNSIGNED NOT NULL DEFAULT 0,
    available_at DATETIME(3)       NOT NULL,
    lease_owner  VARCHAR(48)       CHARACTER SET ascii COLLATE ascii_bin NULL,
    lease_until  DATETIME(3)       NULL,
    last_error   VARCHAR(500)      NULL,
    created_at   DATETIME(3)       NOT NULL,
    finished_at  DATETIME(3)       NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE KEY uq_dedupe (tenant_id, topic, dedupe),
    KEY ix_due (state, topic, available_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;

-- Where a tenant wants to hear of events.
CREATE TABLE IF NOT EXISTS webhook_endpoints (
    tenant_id        INT UNSIGNED    NOT NULL,
    id               BINARY(16)      NOT NULL,
    dialect          ENUM('thruai', 'kwickphone', 'stateset', 'twilio') NOT NULL,
    url              VARCHAR(1000)   NOT NULL,
    events           JSON            NOT NULL,
    secret           VARBINARY(2048) NULL,
    secret_prefix    VARCHAR(16)     CHARACTER SET ascii COLLATE ascii_bin NULL,
    description      VARCHAR(500)    NULL,
    enabled          BOOLEAN         NOT NULL DEFAULT 1,
    -- Set when the endpoint hears of one number only.
    number_id        BINARY(16)      NULL,
    failure_count    INT UNSIGNED    NOT NULL DEFAULT 0,
    -- No attempts before, after many failures in a row.
    opened_until     DATETIME(3)     NULL,
    disabled_reason  VARCHAR(200)    NULL,
    last_delivery_at DATETIME(3)     NULL,
    deleted_at       DATETIME(3)     NULL,
    created_at       DATETIME(3)     NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    updated_at       DATETIME(3)     NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    rev              INT UNSIGNED    NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, id),
    KEY ix_number (tenant_id, number_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;

-- One event for one endpoint, rendered once so that retries are byte-identical.
CREATE TABLE IF NOT EXISTS webhook_deliveries (
    tenant_id     INT UNSIGNED      NOT NULL,
    id            BINARY(16)        NOT NULL,
    endpoint_id   BINARY(16)        NOT NULL,
    -- Stable over retries and replays, receivers deduplicate on it.
    event_id      BINARY(16)        NOT NULL,
    event_type    VARCHAR(64)       CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    body          MEDIUMTEXT        NOT NULL,
    state         ENUM('pending', 'sent', 'retrying', 'failed') NOT NULL DEFAULT 'pending',
    attempts      SMALLINT UNSIGNED NOT NULL DEFAULT 0,
    available_at  DATETIME(3)       NOT NULL,
    lease_owner   VARCHAR(48)       CHARACTER SET ascii COLLATE ascii_bin NULL,
    lease_until   DATETIME(3)       NULL,
    status_code   SMALLINT          NULL,
    response_ms   INT               NULL,
    -- The beginning of the answer.
    response_head VARCHAR(1000)     NULL,
    last_error    VARCHAR(500)      NULL,
    replay_of     BINARY(16)        NULL,
    is_test       BOOLEAN           NOT NULL DEFAULT 0,
    created_at    DATETIME(3)       NOT NULL,
    delivered_at  DATETIME(3)       NULL,
    PRIMARY KEY (tenant_id, id),
    KEY ix_endpoint (tenant_id, endpoint_id, id),
    KEY ix_due (state, available_at),
    KEY ix_event (tenant_id, event_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;
