-- Everything the service remembers. Times: epoch seconds. Flags: 0 or 1. Ids: random texts with a prefix.
-- Nothing here ever holds a private key or an archive; an unlock code only wrapped (AES-256-GCM), until its window ends.

CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);

-- Who
CREATE TABLE accounts (
  id TEXT PRIMARY KEY, name TEXT NOT NULL, email TEXT NOT NULL, created_at BIGINT NOT NULL);

CREATE TABLE users (
  id TEXT PRIMARY KEY, account_id TEXT NOT NULL REFERENCES accounts (id),
  email TEXT NOT NULL UNIQUE,            -- lower case
  password TEXT NOT NULL,                -- argon2id, encoded; '' until an invitation is accepted
  role TEXT NOT NULL,                    -- admin owner member auditor
  disabled BIGINT NOT NULL, totp BYTEA,  -- wrapped TOTP secret
  totp_active BIGINT NOT NULL, totp_counter BIGINT NOT NULL, -- last used time step: each code once
  created_at BIGINT NOT NULL, last_login_at BIGINT);
CREATE INDEX users_account ON users (account_id);

CREATE TABLE recovery_codes (
  user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE, hash BYTEA NOT NULL, used_at BIGINT,
  PRIMARY KEY (user_id, hash));

CREATE TABLE sessions (
  hash BYTEA PRIMARY KEY,                -- SHA-256 of the cookie
  user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE, csrf TEXT NOT NULL,
  created_at BIGINT NOT NULL, authenticated_at BIGINT NOT NULL, used_at BIGINT NOT NULL, expires_at BIGINT NOT NULL);
CREATE INDEX sessions_user ON sessions (user_id);

CREATE TABLE tokens (
  id TEXT PRIMARY KEY, hash BYTEA NOT NULL UNIQUE, user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  account_id TEXT NOT NULL REFERENCES accounts (id), name TEXT NOT NULL, read_only BIGINT NOT NULL,
  created_at BIGINT NOT NULL, expires_at BIGINT, last_used_at BIGINT);
CREATE INDEX tokens_account ON tokens (account_id);

-- Links sent by mail: confirm, reset, invite.
CREATE TABLE mail_tokens (
  hash BYTEA PRIMARY KEY, purpose TEXT NOT NULL, email TEXT NOT NULL, user_id TEXT, data TEXT NOT NULL,
  expires_at BIGINT NOT NULL);

-- Counting attempts: one row a bucket, such as "password:USER" or "login:198.51.100.0/24".
CREATE TABLE attempts (bucket TEXT PRIMARY KEY, count BIGINT NOT NULL, since BIGINT NOT NULL, blocked_until BIGINT NOT NULL);

CREATE TABLE organisations (
  id TEXT PRIMARY KEY, account_id TEXT NOT NULL REFERENCES accounts (id), name TEXT NOT NULL, street TEXT NOT NULL,
  locality TEXT NOT NULL, state TEXT NOT NULL, postal_code TEXT NOT NULL, country TEXT NOT NULL,
  registration_number TEXT NOT NULL, business_category TEXT NOT NULL, jurisdiction_country TEXT NOT NULL,
  jurisdiction_state TEXT NOT NULL, phone TEXT NOT NULL, created_at BIGINT NOT NULL);
CREATE INDEX organisations_account ON organisations (account_id);

-- What can be ordered
CREATE TABLE products (
  id TEXT PRIMARY KEY, title TEXT NOT NULL, level TEXT NOT NULL, wildcard BIGINT NOT NULL, max_names BIGINT NOT NULL,
  key_types TEXT NOT NULL, default_key_type TEXT NOT NULL, validity BIGINT NOT NULL, issuer TEXT NOT NULL,
  profile TEXT NOT NULL, autocsr BIGINT NOT NULL, preauthorised BIGINT NOT NULL, active BIGINT NOT NULL,
  position BIGINT NOT NULL);

CREATE TABLE preauthorised (
  account_id TEXT NOT NULL REFERENCES accounts (id), name TEXT NOT NULL, PRIMARY KEY (account_id, name));

-- Orders
CREATE TABLE orders (
  id TEXT PRIMARY KEY, account_id TEXT NOT NULL REFERENCES accounts (id), user_id TEXT NOT NULL,
  product_id TEXT NOT NULL REFERENCES products (id), state TEXT NOT NULL, names TEXT NOT NULL, -- space-separated
  subject TEXT NOT NULL,                 -- JSON object
  organisation_id TEXT, delivery TEXT NOT NULL, email TEXT NOT NULL, method TEXT NOT NULL,
  request_id TEXT,                       -- the CSR that is being worked on or was issued last
  round BIGINT NOT NULL,                 -- 1, and one more for each reissue
  waiting_reason TEXT NOT NULL, waiting_since BIGINT, next_try_at BIGINT,
  expires_at BIGINT,                     -- of the newest certificate
  created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL);
CREATE INDEX orders_account ON orders (account_id, created_at DESC, id);
CREATE INDEX orders_state ON orders (state, updated_at);
CREATE INDEX orders_expiry ON orders (account_id, expires_at, id);

-- One CSR of an order and, when the service made its key, what became of archive and code.
CREATE TABLE requests (
  id TEXT PRIMARY KEY, order_id TEXT NOT NULL REFERENCES orders (id), key_source TEXT NOT NULL, -- autocsr own-csr
  key_type TEXT NOT NULL, csr BYTEA, spki_sha256 TEXT NOT NULL,
  archive_state TEXT NOT NULL,           -- '' making waiting fetched acknowledged mailing mailed lost
  archive_sha256 TEXT NOT NULL, archive_size BIGINT NOT NULL, filename TEXT NOT NULL, key_filename TEXT NOT NULL,
  ticket TEXT NOT NULL, ticket_expires_at BIGINT, code BYTEA, code_expires_at BIGINT, reveals BIGINT NOT NULL,
  sandbox TEXT NOT NULL, made_at BIGINT NOT NULL, handed_over_at BIGINT);
CREATE INDEX requests_order ON requests (order_id);
CREATE INDEX requests_spki ON requests (spki_sha256);
CREATE INDEX requests_ticket ON requests (ticket);
CREATE INDEX requests_code ON requests (code_expires_at);

CREATE TABLE validations (
  id TEXT PRIMARY KEY, order_id TEXT NOT NULL REFERENCES orders (id), name TEXT NOT NULL, wildcard BIGINT NOT NULL,
  method TEXT NOT NULL, token TEXT NOT NULL, value TEXT NOT NULL, state TEXT NOT NULL, error TEXT NOT NULL,
  evidence TEXT NOT NULL,                -- JSON; '' until control of the name is proven
  proved_at BIGINT, caa_at BIGINT,       -- when that was, and when CAA last permitted it
  attempts BIGINT NOT NULL, created_at BIGINT NOT NULL, checked_at BIGINT, next_check_at BIGINT, valid_until BIGINT);
CREATE INDEX validations_order ON validations (order_id);

-- Evidence that an account controls a name, reusable for the time that the rules give.
CREATE TABLE evidence (
  account_id TEXT NOT NULL REFERENCES accounts (id), name TEXT NOT NULL, wildcard BIGINT NOT NULL, method TEXT NOT NULL,
  evidence TEXT NOT NULL, validated_at BIGINT NOT NULL, PRIMARY KEY (account_id, name, wildcard));

CREATE TABLE approvals (
  order_id TEXT NOT NULL REFERENCES orders (id), round BIGINT NOT NULL, user_id TEXT NOT NULL, decision TEXT NOT NULL,
  evidence TEXT NOT NULL, note TEXT NOT NULL, at BIGINT NOT NULL, PRIMARY KEY (order_id, round, user_id));

CREATE TABLE certificates (
  serial TEXT PRIMARY KEY,               -- hex; stored before the signer is asked
  issuer TEXT NOT NULL, order_id TEXT REFERENCES orders (id), request_id TEXT, profile TEXT NOT NULL,
  state TEXT NOT NULL,                   -- signing valid replaced revoked failed
  not_before BIGINT NOT NULL, not_after BIGINT NOT NULL, der BYTEA, sha256 TEXT NOT NULL, spki_sha256 TEXT NOT NULL,
  revoked_at BIGINT, reason TEXT NOT NULL, created_at BIGINT NOT NULL);
CREATE INDEX certificates_order ON certificates (order_id);
CREATE INDEX certificates_revoked ON certificates (issuer, revoked_at);

CREATE TABLE crls (
  issuer TEXT PRIMARY KEY, number BIGINT NOT NULL, der BYTEA, this_update BIGINT NOT NULL, next_update BIGINT NOT NULL);

-- Work to be done, repeatable; a job is claimed by its lease and goes on after a crash.
CREATE TABLE jobs (
  kind TEXT NOT NULL, object TEXT NOT NULL, due_at BIGINT NOT NULL, lease_until BIGINT NOT NULL,
  attempts BIGINT NOT NULL, error TEXT NOT NULL, PRIMARY KEY (kind, object));
CREATE INDEX jobs_due ON jobs (due_at);

CREATE TABLE mails (
  id TEXT PRIMARY KEY, order_id TEXT, recipient TEXT NOT NULL, subject TEXT NOT NULL, text TEXT NOT NULL,
  html TEXT NOT NULL, state TEXT NOT NULL, -- queued sent refused
  reply TEXT NOT NULL, created_at BIGINT NOT NULL, sent_at BIGINT);

CREATE TABLE idempotency (
  account_id TEXT NOT NULL, key TEXT NOT NULL, body_sha256 TEXT NOT NULL, order_id TEXT NOT NULL,
  created_at BIGINT NOT NULL, PRIMARY KEY (account_id, key));

-- Append-only. hash = SHA-256 over prev and the row's fields, so a changed or missing row is found.
CREATE TABLE audit (
  seq BIGINT PRIMARY KEY, at BIGINT NOT NULL, actor TEXT NOT NULL, account_id TEXT NOT NULL, action TEXT NOT NULL,
  object TEXT NOT NULL, detail TEXT NOT NULL, prev TEXT NOT NULL, hash TEXT NOT NULL);
CREATE INDEX audit_account ON audit (account_id, seq);
CREATE INDEX audit_object ON audit (object, seq);
