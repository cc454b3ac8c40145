-- Tenants, the people and keys that act for them, and short-lived credentials.

-- An organization: what it is called in each dialect, its limits and its settings.
CREATE TABLE IF NOT EXISTS tenants (
    id                   INT UNSIGNED NOT NULL AUTO_INCREMENT,
    public_id            BINARY(16)   NOT NULL,
    -- Spelling of the operator, used in paths.
    tenant_key           VARCHAR(64)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    parent_tenant_id     INT UNSIGNED NULL,
    name                 VARCHAR(190) NOT NULL,
    slug                 VARCHAR(63)  CHARACTER SET ascii COLLATE ascii_bin NULL,
    status               ENUM('trial', 'active', 'suspended', 'cancelled') NOT NULL DEFAULT 'trial',
    owner_email          VARCHAR(254) NULL,
    billing_email        VARCHAR(254) NULL,
    timezone             VARCHAR(64)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'UTC',
    -- User name of the Twilio dialect.
    account_sid          CHAR(34)     CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    -- Label below the tenant that new rows get when none is given.
    default_org_ref      VARCHAR(64)  NULL,
    max_agents           INT UNSIGNED NOT NULL DEFAULT 50,
    max_concurrent_calls INT UNSIGNED NOT NULL DEFAULT 20,
    max_numbers          INT UNSIGNED NOT NULL DEFAULT 20,
    -- Basis points an agency adds to the prices of its sub-accounts.
    markup_bp            INT          NOT NULL DEFAULT 0,
    carrier_mode         ENUM('platform', 'byoc', 'simulated') NOT NULL DEFAULT 'simulated',
    -- The account callbacks arrive from.
    carrier_account_sid  CHAR(34)     CHARACTER SET ascii COLLATE ascii_bin NULL,
    -- Settings document without secrets. Unknown keys are kept verbatim.
    config               JSON         NOT NULL DEFAULT '{}',
    config_hash          BINARY(32)   NOT NULL DEFAULT '',
    -- Grows when processes must forget what they hold of the tenant.
    cache_epoch          INT UNSIGNED NOT NULL DEFAULT 1,
    -- Days per kind of data where they differ from the default.
    retention            JSON         NOT NULL DEFAULT '{}',
    -- Rules applied to text before it is stored.
    redaction            JSON         NOT NULL DEFAULT '{}',
    deleted_at           DATETIME(3)  NULL,
    created_at           DATETIME(3)  NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    updated_at           DATETIME(3)  NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    rev                  INT UNSIGNED NOT NULL DEFAULT 1,
    PRIMARY KEY (id),
    UNIQUE KEY uq_public (public_id),
    UNIQUE KEY uq_key (tenant_key),
    UNIQUE KEY uq_slug (slug),
    UNIQUE KEY uq_account (account_sid),
    KEY ix_parent (parent_tenant_id, id),
    KEY ix_carrier (carrier_account_sid, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;

-- Sealed credentials of a tenant for carriers and providers, by name.
CREATE TABLE IF NOT EXISTS tenant_secrets (
    tenant_id    INT UNSIGNED    NOT NULL,
    name         VARCHAR(48)     CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    sealed       VARBINARY(2048) NOT NULL,
    -- The last characters, to recognize a secret by.
    hint         VARCHAR(16)     CHARACTER SET ascii COLLATE ascii_bin NULL,
    validated_at DATETIME(3)     NULL,
    created_at   DATETIME(3)     NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    updated_at   DATETIME(3)     NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    rev          INT UNSIGNED    NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, name)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;

-- Hands out the small integers behind num_42. Rarely written, therefore no hot row.
CREATE TABLE IF NOT EXISTS tenant_counters (
    tenant_id  INT UNSIGNED NOT NULL,
    name       VARCHAR(32)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    next_value INT UNSIGNED NOT NULL,
    PRIMARY KEY (tenant_id, name)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;

-- People who sign in for a tenant.
CREATE TABLE IF NOT EXISTS users (
    tenant_id     INT UNSIGNED NOT NULL,
    id            BINARY(16)   NOT NULL,
    -- Unique over all tenants, because people sign in without naming one.
    email         VARCHAR(254) NOT NULL,
    name          VARCHAR(120) NULL,
    role          ENUM('owner', 'admin', 'supervisor', 'viewer') NOT NULL DEFAULT 'owner',
    password_hash VARCHAR(200) CHARACTER SET ascii COLLATE ascii_bin NULL,
    disabled_at   DATETIME(3)  NULL,
    created_at    DATETIME(3)  NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    updated_at    DATETIME(3)  NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    rev           INT UNSIGNED NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, id),
    UNIQUE KEY uq_email (email)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;

-- Codes mailed to people who want an account.
CREATE TABLE IF NOT EXISTS account_verifications (
    id          BINARY(16)       NOT NULL,
    email       VARCHAR(254)     NOT NULL,
    org_name    VARCHAR(120)     NOT NULL,
    slug        VARCHAR(63)      CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    code_hash   BINARY(32)       NOT NULL,
    attempts    TINYINT UNSIGNED NOT NULL DEFAULT 0,
    ip          INET6            NULL,
    expires_at  DATETIME(3)      NOT NULL,
    consumed_at DATETIME(3)      NULL,
    created_at  DATETIME(3)      NOT NULL,
    PRIMARY KEY (id),
    KEY ix_email (email, id),
    KEY ix_expiry (expires_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;

-- Keys of the five dialects. Found by one read of the hash, kept after revocation for the audit.
CREATE TABLE IF NOT EXISTS api_keys (
    -- 0 marks keys of the platform.
    tenant_id    INT UNSIGNED    NOT NULL,
    id           BINARY(16)      NOT NULL,
    kind         ENUM('twilio', 'kwickphone', 'thruai', 'stateset', 'phony') NOT NULL,
    label        VARCHAR(120)    NULL,
    -- The first characters, to recognize a key by.
    key_prefix   VARCHAR(20)     CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    -- HMAC-SHA-256 under the pepper of the server.
    key_hash     BINARY(32)      NOT NULL,
    -- The key itself, only where outgoing requests are signed with it (Twilio auth tokens).
    sealed       VARBINARY(2048) NULL,
    permissions  JSON            NOT NULL DEFAULT '[]',
    ip_allowlist JSON            NULL,
    created_by   VARCHAR(120)    NULL,
    expires_at   DATETIME(3)     NULL,
    revoked_at   DATETIME(3)     NULL,
    -- Written at most once a minute per process.
    last_used_at DATETIME(3)     NULL,
    created_at   DATETIME(3)     NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE KEY uq_hash (key_hash),
    KEY ix_kind (tenant_id, kind, revoked_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;

-- Browser sessions of the operator.
CREATE TABLE IF NOT EXISTS admin_sessions (
    token_hash   BINARY(32)   NOT NULL,
    username     VARCHAR(120) NOT NULL,
    ip           INET6        NULL,
    user_agent   VARCHAR(255) NULL,
    created_at   DATETIME(3)  NOT NULL,
    last_seen_at DATETIME(3)  NOT NULL,
    expires_at   DATETIME(3)  NOT NULL,
    revoked_at   DATETIME(3)  NULL,
    PRIMARY KEY (token_hash),
    KEY ix_expiry (expires_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;

-- One-time tokens for sockets, dashboards, dossiers and downloads.
CREATE TABLE IF NOT EXISTS tickets (
    token_hash BINARY(32)   NOT NULL,
    tenant_id  INT UNSIGNED NOT NULL,
    kind       ENUM('ws', 'dashboard', 'dossier', 'download') NOT NULL,
    -- What the bearer may see.
    subject    JSON         NOT NULL DEFAULT '{}',
    expires_at DATETIME(3)  NOT NULL,
    used_at    DATETIME(3)  NULL,
    created_at DATETIME(3)  NOT NULL,
    PRIMARY KEY (token_hash),
    KEY ix_expiry (expires_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;
