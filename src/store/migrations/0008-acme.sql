-- The ACME server (RFC 8555): what other people's clients have with us. A certificate of theirs is an order like any other.
CREATE TABLE acme_directories (
  name TEXT PRIMARY KEY,                 -- '' is the one at /acme/directory; others are at /acme/NAME/directory
  title TEXT NOT NULL, products TEXT NOT NULL,  -- space-separated: its profiles; without one the first that fits is taken
  eab TEXT NOT NULL,                     -- required optional off
  account_id TEXT NOT NULL REFERENCES accounts (id), -- whose the certificates are when no EAB key says it
  challenges TEXT NOT NULL,              -- space-separated: http-01 dns-01 tls-alpn-01, and if wanted dns-account-01 dns-persist-01
  terms TEXT NOT NULL, website TEXT NOT NULL,   -- URLs or ''
  active BIGINT NOT NULL, created_at BIGINT NOT NULL);

CREATE TABLE acme_eab_keys (
  kid TEXT PRIMARY KEY, account_id TEXT NOT NULL REFERENCES accounts (id), user_id TEXT NOT NULL,
  directory TEXT NOT NULL, title TEXT NOT NULL, key BYTEA NOT NULL, -- wrapped
  names TEXT NOT NULL,                   -- space-separated domains that it is limited to, '' for no limit
  most_accounts BIGINT NOT NULL,         -- 0: no limit
  created_at BIGINT NOT NULL, expires_at BIGINT, last_used_at BIGINT, revoked_at BIGINT);
CREATE INDEX acme_eab_keys_account ON acme_eab_keys (account_id);

CREATE TABLE acme_accounts (
  id TEXT PRIMARY KEY, directory TEXT NOT NULL, account_id TEXT NOT NULL REFERENCES accounts (id),
  eab_kid TEXT NOT NULL,                 -- '' without
  binding TEXT NOT NULL DEFAULT '',      -- the external account binding as it came, JSON, or ''
  thumbprint TEXT NOT NULL, jwk TEXT NOT NULL, status TEXT NOT NULL, -- valid deactivated revoked
  contacts TEXT NOT NULL,                -- JSON list
  terms_agreed_at BIGINT, created_at BIGINT NOT NULL, last_seen_at BIGINT NOT NULL, UNIQUE (directory, thumbprint));
CREATE INDEX acme_accounts_account ON acme_accounts (account_id, created_at, id);
CREATE INDEX acme_accounts_created ON acme_accounts (created_at, id);
CREATE INDEX acme_accounts_eab ON acme_accounts (eab_kid);

-- The row in `orders` that is made at finalize has the same id.
CREATE TABLE acme_orders (
  id TEXT PRIMARY KEY, acme_account_id TEXT NOT NULL REFERENCES acme_accounts (id), product_id TEXT NOT NULL,
  profile TEXT NOT NULL,                 -- as asked for, or ''
  status TEXT NOT NULL,                  -- pending (also when it is ready: that lies in the authorizations) processing valid invalid
  identifiers TEXT NOT NULL,             -- space-separated, as orders.names
  not_before BIGINT, not_after BIGINT,   -- as asked for
  replaces TEXT NOT NULL,                -- the certificate's id (RFC 9773), or ''
  error TEXT NOT NULL,                   -- JSON problem; '' also when it is that of an authorization
  serial TEXT NOT NULL,                  -- of the certificate, '' until there is one
  created_at BIGINT NOT NULL, expires_at BIGINT NOT NULL); -- of a valid one: when its certificate does
CREATE INDEX acme_orders_account ON acme_orders (acme_account_id, created_at, id);
CREATE INDEX acme_orders_serial ON acme_orders (serial) WHERE serial <> '';
CREATE INDEX acme_orders_replaces ON acme_orders (replaces) WHERE replaces <> '';
CREATE INDEX acme_orders_expiry ON acme_orders (expires_at);

-- Its challenges have one token between them; the first that the client answers decides it.
CREATE TABLE acme_authzs (
  id TEXT PRIMARY KEY, acme_account_id TEXT NOT NULL REFERENCES acme_accounts (id),
  name TEXT NOT NULL, wildcard BIGINT NOT NULL,  -- name without "*."
  status TEXT NOT NULL,                  -- pending valid invalid deactivated revoked; past expires_at it is expired
  token TEXT NOT NULL, types TEXT NOT NULL,      -- space-separated: the challenges that were offered
  type TEXT NOT NULL,                    -- the one that was answered, or ''
  attempts BIGINT NOT NULL, error TEXT NOT NULL, -- JSON problem of the last attempt, or ''
  evidence TEXT NOT NULL, proved_at BIGINT, caa_at BIGINT, -- '' and NULL until control is proven
  created_at BIGINT NOT NULL, expires_at BIGINT NOT NULL);
CREATE INDEX acme_authzs_name ON acme_authzs (acme_account_id, name, wildcard, expires_at);
CREATE INDEX acme_authzs_expiry ON acme_authzs (expires_at);

CREATE TABLE acme_order_authzs (
  acme_order_id TEXT NOT NULL REFERENCES acme_orders (id), authz_id TEXT NOT NULL REFERENCES acme_authzs (id),
  PRIMARY KEY (acme_order_id, authz_id));
CREATE INDEX acme_order_authzs_authz ON acme_order_authzs (authz_id);

-- Nonces that were used: 8 bytes of time, 16 random ones. One that we made and that is not here is good once. In the order of
-- their times, so that new ones go to the end and old ones lie together.
CREATE TABLE acme_nonces (nonce BYTEA PRIMARY KEY);
