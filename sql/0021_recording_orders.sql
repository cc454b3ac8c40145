-- Commands for a session are more than were known at first: any word is one, the daemon knows them.
ALTER TABLE session_commands
    MODIFY kind VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL;
