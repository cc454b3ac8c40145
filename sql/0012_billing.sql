-- Plans, invoices, the prepaid ledger, prices and usage. Money is in millionths of the currency.

-- What can be subscribed to.
CREATE TABLE IF NOT EXISTS billing_plans (
    id               VARCHAR(64)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    name             VARCHAR(120) NOT NULL,
    description      VARCHAR(500) NULL,
    price_micros     BIGINT       NOT NULL,
    currency         CHAR(3)      CHARACTER SET ascii NOT NULL,
    period           ENUM('month', 'year') NOT NULL,
    included_minutes INT          NOT NULL DEFAULT 0,
    included_numbers INT          NOT NULL DEFAULT 0,
    -- Price of a minute beyond the included ones.
    overage_micros   BIGINT       NULL,
    limits           JSON         NOT NULL DEFAULT '{}',
    features         JSON         NOT NULL DEFAULT '[]',
    provider_ref     VARCHAR(80)  CHARACTER SET ascii COLLATE ascii_bin NULL,
    active           BOOLEAN      NOT NULL DEFAULT 1,
    created_at       DATETIME(3)  NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    updated_at       DATETIME(3)  NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    rev              INT UNSIGNED NOT NULL DEFAULT 1,
    PRIMARY KEY (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;

-- The tenant as its payment processor knows it.
CREATE TABLE IF NOT EXISTS billing_customers (
    tenant_id    INT UNSIGNED NOT NULL,
    provider     VARCHAR(24)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    customer_ref VARCHAR(80)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    email        VARCHAR(254) NULL,
    created_at   DATETIME(3)  NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    updated_at   DATETIME(3)  NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    rev          INT UNSIGNED NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id),
    UNIQUE KEY uq_ref (provider, customer_ref)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;

-- Plans a tenant has or had, mirrored from the payment processor.
CREATE TABLE IF NOT EXISTS billing_subscriptions (
    tenant_id            INT UNSIGNED NOT NULL,
    id                   BINARY(16)   NOT NULL,
    plan_id              VARCHAR(64)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    status               ENUM('trialing', 'active', 'past_due', 'canceled', 'unpaid',
                              'incomplete') NOT NULL,
    provider_ref         VARCHAR(80)  CHARACTER SET ascii COLLATE ascii_bin NULL,
    period_start         DATETIME(3)  NULL,
    period_end           DATETIME(3)  NULL,
    trial_end            DATETIME(3)  NULL,
    cancel_at_period_end BOOLEAN      NOT NULL DEFAULT 0,
    created_at           DATETIME(3)  NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    updated_at           DATETIME(3)  NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    rev                  INT UNSIGNED NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, id),
    UNIQUE KEY uq_ref (provider_ref)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;

-- Cards and the like, mirrored from the payment processor without their numbers.
CREATE TABLE IF NOT EXISTS billing_payment_methods (
    tenant_id  INT UNSIGNED NOT NULL,
    id         VARCHAR(80)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    type       VARCHAR(24)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    brand      VARCHAR(24)  CHARACTER SET ascii COLLATE ascii_bin NULL,
    last4      CHAR(4)      CHARACTER SET ascii NULL,
    exp_month  TINYINT      NULL,
    exp_year   SMALLINT     NULL,
    is_default BOOLEAN      NOT NULL DEFAULT 0,
    created_at DATETIME(3)  NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    updated_at DATETIME(3)  NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    rev        INT UNSIGNED NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;

-- Invoices, mirrored from the payment processor or made by us.
CREATE TABLE IF NOT EXISTS billing_invoices (
    tenant_id       INT UNSIGNED NOT NULL,
    id              BINARY(16)   NOT NULL,
    -- Null while a draft.
    number          VARCHAR(40)  CHARACTER SET ascii COLLATE ascii_bin NULL,
    status          ENUM('draft', 'open', 'paid', 'void', 'uncollectible') NOT NULL,
    currency        CHAR(3)      CHARACTER SET ascii NOT NULL,
    subtotal_micros BIGINT       NOT NULL,
    tax_micros      BIGINT       NOT NULL DEFAULT 0,
    total_micros    BIGINT       NOT NULL,
    paid_micros     BIGINT       NOT NULL DEFAULT 0,
    period_start    DATETIME(3)  NOT NULL,
    period_end      DATETIME(3)  NOT NULL,
    issued_at       DATETIME(3)  NULL,
    due_at          DATETIME(3)  NULL,
    paid_at         DATETIME(3)  NULL,
    provider_ref    VARCHAR(80)  CHARACTER SET ascii COLLATE ascii_bin NULL,
    hosted_url      VARCHAR(500) NULL,
    pdf_url         VARCHAR(500) NULL,
    created_at      DATETIME(3)  NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    updated_at      DATETIME(3)  NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    rev             INT UNSIGNED NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, id),
    UNIQUE KEY uq_number (tenant_id, number),
    UNIQUE KEY uq_ref (provider_ref)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;

-- What an invoice is made of.
CREATE TABLE IF NOT EXISTS billing_invoice_lines (
    tenant_id     INT UNSIGNED      NOT NULL,
    invoice_id    BINARY(16)        NOT NULL,
    line_no       SMALLINT UNSIGNED NOT NULL,
    sku           VARCHAR(64)       CHARACTER SET ascii COLLATE ascii_bin NULL,
    description   VARCHAR(500)      NOT NULL,
    quantity      DECIMAL(18,6)     NOT NULL,
    unit_micros   BIGINT            NOT NULL,
    amount_micros BIGINT            NOT NULL,
    period_start  DATETIME(3)       NULL,
    period_end    DATETIME(3)       NULL,
    PRIMARY KEY (tenant_id, invoice_id, line_no)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;

-- Direct charges of a payment method.
CREATE TABLE IF NOT EXISTS billing_charges (
    tenant_id         INT UNSIGNED NOT NULL,
    id                BINARY(16)   NOT NULL,
    status            ENUM('pending', 'succeeded', 'failed') NOT NULL,
    amount_micros     BIGINT       NOT NULL,
    currency          CHAR(3)      CHARACTER SET ascii NOT NULL,
    description       VARCHAR(500) NOT NULL,
    payment_method_id VARCHAR(80)  CHARACTER SET ascii COLLATE ascii_bin NULL,
    provider_ref      VARCHAR(80)  CHARACTER SET ascii COLLATE ascii_bin NULL,
    idempotency_key   VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NULL,
    error_code        VARCHAR(48)  CHARACTER SET ascii COLLATE ascii_bin NULL,
    error_message     VARCHAR(255) NULL,
    metadata          JSON         NOT NULL DEFAULT '{}',
    created_at        DATETIME(3)  NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    updated_at        DATETIME(3)  NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    rev               INT UNSIGNED NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, id),
    UNIQUE KEY uq_idem (tenant_id, idempotency_key)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;

-- Every movement of prepaid money. Only appended to, deduplicated by what it is for.
CREATE TABLE IF NOT EXISTS billing_ledger (
    tenant_id     INT UNSIGNED NOT NULL,
    id            BINARY(16)   NOT NULL,
    kind          ENUM('topup', 'hold', 'release', 'call', 'sms', 'email', 'number', 'charge',
                       'adjustment', 'refund') NOT NULL,
    -- Positive: the tenant has more.
    amount_micros BIGINT       NOT NULL,
    currency      CHAR(3)      CHARACTER SET ascii NOT NULL,
    subject_id    BINARY(16)   NULL,
    -- Such as call:<id>, hold:<id>, number:<id>:2026-11, topup:<ref>.
    dedupe        VARCHAR(120) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    note          VARCHAR(255) NULL,
    created_at    DATETIME(3)  NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE KEY uq_dedupe (tenant_id, dedupe),
    KEY ix_subject (tenant_id, subject_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;

-- The ledger folded up to a row. The balance is this plus the ledger rows after it.
CREATE TABLE IF NOT EXISTS billing_balances (
    tenant_id      INT UNSIGNED NOT NULL,
    currency       CHAR(3)      CHARACTER SET ascii NOT NULL,
    settled_micros BIGINT       NOT NULL DEFAULT 0,
    -- Last ledger row that is folded in.
    through_id     BINARY(16)   NOT NULL,
    created_at     DATETIME(3)  NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    updated_at     DATETIME(3)  NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    rev            INT UNSIGNED NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, currency)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;

-- What a unit costs, for all tenants or one.
CREATE TABLE IF NOT EXISTS price_items (
    -- 0 for all tenants.
    scope_tenant_id INT UNSIGNED NOT NULL,
    sku             VARCHAR(64)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    valid_from      DATETIME(3)  NOT NULL,
    unit            ENUM('second', 'minute', 'item', 'token_1k', 'month') NOT NULL,
    price_micros    BIGINT       NOT NULL,
    currency        CHAR(3)      CHARACTER SET ascii NOT NULL,
    PRIMARY KEY (scope_tenant_id, sku, valid_from)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;

-- What was used and what it cost us.
CREATE TABLE IF NOT EXISTS usage_events (
    tenant_id   INT UNSIGNED  NOT NULL,
    id          BINARY(16)    NOT NULL,
    call_id     BINARY(16)    NULL,
    agent_id    BINARY(16)    NULL,
    sku         VARCHAR(64)   CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    quantity    DECIMAL(18,6) NOT NULL,
    cost_micros BIGINT        NOT NULL,
    occurred_at DATETIME(3)   NOT NULL,
    PRIMARY KEY (tenant_id, id),
    KEY ix_time (tenant_id, occurred_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;

-- Sums per day and agent, recomputed from events and calls, never incremented.
CREATE TABLE IF NOT EXISTS usage_daily (
    tenant_id             INT UNSIGNED    NOT NULL,
    day                   DATE            NOT NULL,
    -- Zeros for usage without an agent.
    agent_id              BINARY(16)      NOT NULL,
    calls                 INT UNSIGNED    NOT NULL,
    completed             INT UNSIGNED    NOT NULL,
    seconds               BIGINT UNSIGNED NOT NULL,
    -- Each call rounded up to minutes.
    rounded_minutes       INT UNSIGNED    NOT NULL,
    transcription_seconds BIGINT UNSIGNED NOT NULL,
    sms                   INT UNSIGNED    NOT NULL,
    emails                INT UNSIGNED    NOT NULL,
    tool_calls            INT UNSIGNED    NOT NULL,
    -- Micros by sku.
    cost                  JSON            NOT NULL,
    computed_at           DATETIME(3)     NOT NULL,
    PRIMARY KEY (tenant_id, day, agent_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;
