-- How long and how often a code is shown; accounts that always want the second factor; devices that their owner has used.
ALTER TABLE products ADD COLUMN code_window BIGINT NOT NULL DEFAULT 0;   -- seconds; 0: as the settings say
ALTER TABLE products ADD COLUMN code_reveals BIGINT NOT NULL DEFAULT 0;  -- 0: no limit
ALTER TABLE accounts ADD COLUMN always_second BIGINT NOT NULL DEFAULT 0;
CREATE TABLE devices (
  id TEXT PRIMARY KEY,
  hash BYTEA NOT NULL,                   -- SHA-256 of the device cookie; people may share a browser
  user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE, name TEXT NOT NULL,
  created_at BIGINT NOT NULL, used_at BIGINT NOT NULL, UNIQUE (hash, user_id));
CREATE INDEX devices_user ON devices (user_id);
-- Wrapped codes in a table of their own, which may also be in a database of its own (code_stores says which).
CREATE TABLE codes (request_id TEXT PRIMARY KEY, code BYTEA NOT NULL);
CREATE TABLE code_stores (id TEXT PRIMARY KEY, at BIGINT NOT NULL);
ALTER TABLE requests ADD COLUMN has_code BIGINT NOT NULL DEFAULT 0;
ALTER TABLE requests ADD COLUMN most_reveals BIGINT NOT NULL DEFAULT 0;  -- 0: no limit
ALTER TABLE requests ADD COLUMN code_window BIGINT NOT NULL DEFAULT 604800; -- seconds from hand-over
ALTER TABLE requests ADD COLUMN code_destroyed_at BIGINT;
ALTER TABLE requests ADD COLUMN code_reason TEXT NOT NULL DEFAULT '';    -- why it was destroyed
INSERT INTO codes (request_id, code) SELECT id, code FROM requests WHERE code IS NOT NULL;
UPDATE requests SET has_code = 1 WHERE code IS NOT NULL;
ALTER TABLE requests DROP COLUMN code;
