-- Where answers to a mail go when it is sent in the operator's name.

ALTER TABLE email_messages
    ADD COLUMN IF NOT EXISTS reply_to VARCHAR(320) NULL AFTER from_addr;
