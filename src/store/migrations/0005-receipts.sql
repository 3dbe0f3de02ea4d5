-- What an auditor holds: signed by the signer, about one request.
CREATE TABLE receipts (
  request_id TEXT NOT NULL REFERENCES requests (id), part TEXT NOT NULL, -- 'hand-over', 'final' (the code is gone too)
  at BIGINT NOT NULL, document TEXT NOT NULL, PRIMARY KEY (request_id, part));
-- That the operator is neither the CA of a public issuer nor its affiliate (BR 6.1.1.3).
CREATE TABLE statements (issuer TEXT NOT NULL, at BIGINT NOT NULL, author TEXT NOT NULL, statement TEXT NOT NULL,
  PRIMARY KEY (issuer, at));
