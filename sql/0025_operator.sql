-- The operator's side: who guesses at the operator's password, and when a tenant was last put out of
-- the processes' memory.

CREATE TABLE IF NOT EXISTS admin_login_failures (
    -- HMAC of the name that was tried and the address it was tried from.
    guesser    BINARY(32)       NOT NULL,
    failures   TINYINT UNSIGNED NOT NULL,
    -- When the count is forgotten; while it is full, when the lock opens.
    expires_at DATETIME(3)      NOT NULL,
    PRIMARY KEY (guesser),
    KEY ix_expiry (expires_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;

-- What a process remembered of the tenant before this moment counts as forgotten.
ALTER TABLE tenants
    ADD COLUMN IF NOT EXISTS cache_evicted_at DATETIME(3) NULL;

-- Ending every session of one operator.
ALTER TABLE admin_sessions
    ADD INDEX IF NOT EXISTS ix_username (username, revoked_at);
