-- Proofs of control that the service publishes itself. A row stays until what it stands for has surely been taken away.
CREATE TABLE publications (
  id TEXT PRIMARY KEY, order_id TEXT NOT NULL, validation_id TEXT NOT NULL, -- both may be gone before it is
  automation TEXT NOT NULL,              -- dns-update hook responder directory
  method TEXT NOT NULL,                  -- http dns
  place TEXT NOT NULL,                   -- the record that is wanted, or the token
  value TEXT NOT NULL,
  published_as TEXT NOT NULL,            -- where it went: a CNAME may have led elsewhere; '' until it is known
  state TEXT NOT NULL,                   -- wanted published unwanted
  wake TEXT NOT NULL,                    -- kind of the order's job that waits for this, or ''
  error TEXT NOT NULL, error_text TEXT NOT NULL,  -- of the last try, '' when it was good
  asked_at BIGINT,                       -- from then on it may be out there
  published_at BIGINT,                   -- when the last try was good
  unsure BIGINT NOT NULL,                -- a try ended without an answer: it may still take effect
  retry_at BIGINT, created_at BIGINT NOT NULL, unwanted_at BIGINT,
  UNIQUE (validation_id, automation, place, value));
CREATE INDEX publications_order ON publications (order_id);
CREATE INDEX publications_place ON publications (place);

-- The names below [publish] delegate_zone that customers point their CNAMEs at.
CREATE TABLE delegations (
  account_id TEXT NOT NULL REFERENCES accounts (id), name TEXT NOT NULL, label TEXT NOT NULL UNIQUE,
  created_at BIGINT NOT NULL, PRIMARY KEY (account_id, name));
