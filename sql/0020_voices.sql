-- Voices that are not the model's own: what each session asked for and what its caller heard.

CREATE TABLE IF NOT EXISTS session_voices (
    tenant_id       INT UNSIGNED NOT NULL,
    session_id      BINARY(16)   NOT NULL,
    -- What the agent's version or the tenant asked for, and what spoke in the end.
    provider        VARCHAR(24) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    effective       VARCHAR(24) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    fallback_reason VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
    -- When it failed in this session; NULL when it did not, or was not tried.
    failed_at       DATETIME(3)  NULL,
    utterances      INT UNSIGNED NOT NULL DEFAULT 0,
    -- The longest wait from the first words to the first sound.
    first_audio_ms  INT UNSIGNED NULL,
    used_at         DATETIME(3)  NOT NULL,
    PRIMARY KEY (tenant_id, session_id),
    KEY ix_used (tenant_id, used_at),
    KEY ix_failed (tenant_id, failed_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;
