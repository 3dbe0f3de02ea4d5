-- What an auditor holds: signed by the signer, about one request.
CREATE TABLE receipts (
  request_id TEXT NOT NULL REFERENCES requests (id), part TEXT NOT NULL, -- 'hand-over', 'final' (nothing of it is left)
  at BIGINT NOT NULL, document TEXT NOT NULL, PRIMARY KEY (request_id, part));
-- What a receipt tells of: when, and which entry of the audit log says so. No time: it did not happen, or before receipts.
ALTER TABLE requests ADD COLUMN key_made_at BIGINT;
ALTER TABLE requests ADD COLUMN key_made_seq BIGINT NOT NULL DEFAULT 0;
ALTER TABLE requests ADD COLUMN handed_over_seq BIGINT NOT NULL DEFAULT 0;
ALTER TABLE requests ADD COLUMN code_destroyed_seq BIGINT NOT NULL DEFAULT 0;
-- That the operator is neither the CA of a public issuer nor its affiliate (BR 6.1.1.3).
CREATE TABLE statements (
  id TEXT PRIMARY KEY, issuer TEXT NOT NULL,    -- '*': every issuer, as the configuration file says it
  at BIGINT NOT NULL, author TEXT NOT NULL, statement TEXT NOT NULL,
  withdrawn_at BIGINT, withdrawn_by TEXT NOT NULL);
CREATE INDEX statements_issuer ON statements (issuer, at);
