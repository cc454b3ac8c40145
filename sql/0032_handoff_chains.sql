-- Who is called next when a human does not take a caller, and in whose room the caller waits.

ALTER TABLE handoffs
    -- Numbers, commas between them; absent: nobody else is asked, or was already.
    ADD COLUMN IF NOT EXISTS next_targets VARCHAR(120) CHARACTER SET ascii COLLATE ascii_bin NULL,
    -- The first handoff of the chain, which the caller's conference is named after; absent: this one.
    ADD COLUMN IF NOT EXISTS chain_id     BINARY(16) NULL;
