-- Phone numbers and which agent answers them.

-- Numbers a tenant has. The row is written before the carrier is asked to sell the number.
CREATE TABLE IF NOT EXISTS phone_numbers (
    tenant_id           INT UNSIGNED NOT NULL,
    id                  BINARY(16)   NOT NULL,
    -- The 42 of num_42, from tenant_counters.
    seq                 INT UNSIGNED NOT NULL,
    e164                VARCHAR(20)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    country             CHAR(2)      CHARACTER SET ascii NOT NULL DEFAULT 'US',
    friendly_name       VARCHAR(64)  NULL,
    -- Whose carrier account holds the number.
    source              ENUM('platform', 'byoc', 'imported', 'simulated') NOT NULL,
    carrier_sid         CHAR(34)     CHARACTER SET ascii COLLATE ascii_bin NULL,
    carrier_account_sid CHAR(34)     CHARACTER SET ascii COLLATE ascii_bin NULL,
    voice               TINYINT(1)   NOT NULL DEFAULT 1,
    sms                 TINYINT(1)   NOT NULL DEFAULT 0,
    mms                 TINYINT(1)   NOT NULL DEFAULT 0,
    status              ENUM('provisioning', 'active', 'suspended', 'releasing', 'released',
                             'failed') NOT NULL,
    -- Where a human of the business is reached.
    business_phone      VARCHAR(20)  CHARACTER SET ascii COLLATE ascii_bin NULL,
    forward_to          VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NULL,
    api_origin          ENUM('kwickphone', 'thruai', 'stateset', 'phony', 'twilio') NOT NULL,
    monthly_micros      BIGINT       NULL,
    currency            CHAR(3)      CHARACTER SET ascii NOT NULL DEFAULT 'USD',
    billed_until        DATETIME(3)  NULL,
    voice_webhook_url   VARCHAR(500) NULL,
    metadata            JSON         NOT NULL DEFAULT '{}',
    error               VARCHAR(500) NULL,
    released_at         DATETIME(3)  NULL,
    -- Lets a number have one owner at a time and yet many former ones.
    live_e164           VARCHAR(20)  CHARACTER SET ascii COLLATE ascii_bin
                        AS (IF(status IN ('released', 'failed'), NULL, e164)) VIRTUAL,
    created_at          DATETIME(3)  NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    updated_at          DATETIME(3)  NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    rev                 INT UNSIGNED NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, id),
    UNIQUE KEY uq_seq (tenant_id, seq),
    UNIQUE KEY uq_live (live_e164),
    KEY ix_status (tenant_id, status, id),
    KEY ix_carrier (carrier_sid),
    KEY ix_sweep (status, updated_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;

-- Which agent answers or calls on a number. Nothing else says so, in any dialect.
CREATE TABLE IF NOT EXISTS phone_routes (
    tenant_id        INT UNSIGNED NOT NULL,
    id               BINARY(16)   NOT NULL,
    -- May be a number we do not own, when the tenant brings its carrier.
    e164             VARCHAR(20)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    direction        ENUM('inbound', 'outbound', 'sip_inbound', 'sip_outbound') NOT NULL,
    agent_id         BINARY(16)   NOT NULL,
    -- Pins a version against rollouts and publishing.
    agent_version_id BINARY(16)   NULL,
    greeting         TEXT         NULL,
    created_at       DATETIME(3)  NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    updated_at       DATETIME(3)  NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    rev              INT UNSIGNED NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, id),
    UNIQUE KEY uq_route (tenant_id, e164, direction),
    KEY ix_agent (tenant_id, agent_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;
