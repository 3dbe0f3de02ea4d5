-- How long and how often a code is shown; accounts that always want the second factor; devices that their owner has used.
ALTER TABLE products ADD COLUMN code_window BIGINT NOT NULL DEFAULT 0;   -- seconds; 0: as the settings say
ALTER TABLE products ADD COLUMN code_reveals BIGINT NOT NULL DEFAULT 0;  -- 0: no limit
ALTER TABLE accounts ADD COLUMN always_second BIGINT NOT NULL DEFAULT 0;
CREATE TABLE devices (
  hash BYTEA PRIMARY KEY,                -- SHA-256 of the device cookie
  user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE, created_at BIGINT NOT NULL, used_at BIGINT NOT NULL);
CREATE INDEX devices_user ON devices (user_id);
