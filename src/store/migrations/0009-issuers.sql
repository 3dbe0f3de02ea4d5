-- Issuers that are other people's CAs, by ACME (RFC 8555) or by hand (kind offline). Our own are the signer's.
CREATE TABLE issuers (
  name TEXT PRIMARY KEY, kind TEXT NOT NULL, title TEXT NOT NULL,   -- kind: acme offline
  public BIGINT NOT NULL,                -- publicly trusted: BR 6.1.1.3 binds
  directory_url TEXT NOT NULL, roots TEXT NOT NULL,     -- PEM for its HTTPS, '' for the system's
  contacts TEXT NOT NULL, terms_agreed TEXT NOT NULL,   -- JSON list; the URL of the terms that were agreed to
  profile TEXT NOT NULL, preferred_chain TEXT NOT NULL, key_types TEXT NOT NULL,
  challenges TEXT NOT NULL,              -- space-separated, in order of preference; '' for any
  automation TEXT NOT NULL,              -- how proofs are published without a human: '' dns-update hook responder directory
  validation TEXT NOT NULL,              -- who looks at names first: service, or ca (offline ones; ACME ones always do)
  orders_per_hour BIGINT NOT NULL, active BIGINT NOT NULL,
  directory TEXT NOT NULL, directory_at BIGINT,          -- as the CA gave it last
  account_url TEXT NOT NULL, account_key TEXT NOT NULL, account_thumbprint TEXT NOT NULL, account_status TEXT NOT NULL,
  next_key TEXT NOT NULL,                -- of a roll-over whose outcome is not known yet
  paused_until BIGINT, paused_reason TEXT NOT NULL, created_at BIGINT NOT NULL);

-- An order as the other CA knows it: one of each round and issuer.
CREATE TABLE upstream_orders (
  order_id TEXT NOT NULL REFERENCES orders (id), round BIGINT NOT NULL, issuer TEXT NOT NULL REFERENCES issuers (name),
  step TEXT NOT NULL,                    -- what is to be done next
  url TEXT NOT NULL, finalize_url TEXT NOT NULL, certificate_url TEXT NOT NULL,
  replaces TEXT NOT NULL, detail TEXT NOT NULL,          -- JSON: what a step has to remember
  started_at BIGINT NOT NULL, told_at BIGINT, expires_at BIGINT, PRIMARY KEY (order_id, round, issuer));
CREATE INDEX upstream_orders_issuer ON upstream_orders (issuer, started_at);
CREATE UNIQUE INDEX upstream_orders_url ON upstream_orders (issuer, url) WHERE url <> '';

-- The account at the CA is the service's, for all its customers: whose an authorization there is, and what its account has
-- shown by it.
CREATE TABLE upstream_authorizations (
  issuer TEXT NOT NULL REFERENCES issuers (name), url TEXT NOT NULL,
  account_id TEXT NOT NULL REFERENCES accounts (id), name TEXT NOT NULL,  -- "*.example.com" for a wildcard
  taken_at BIGINT NOT NULL, proved_at BIGINT,            -- NULL until we saw the proof and the CA took it
  PRIMARY KEY (issuer, url));
CREATE INDEX upstream_authorizations_name ON upstream_authorizations (account_id, name);

ALTER TABLE orders ADD COLUMN issuer TEXT NOT NULL DEFAULT '';        -- of this round; '' is the product's own
ALTER TABLE orders ADD COLUMN renew_from BIGINT;                      -- the window that the CA suggests (RFC 9773)
ALTER TABLE orders ADD COLUMN renew_until BIGINT;
ALTER TABLE products ADD COLUMN fallback_issuer TEXT NOT NULL DEFAULT '';
ALTER TABLE products ADD COLUMN fallback_after BIGINT NOT NULL DEFAULT 0; -- seconds; 0: never
ALTER TABLE validations ADD COLUMN authz_url TEXT NOT NULL DEFAULT '';     -- upstream: the CA's authorization, and the
ALTER TABLE validations ADD COLUMN challenge_url TEXT NOT NULL DEFAULT ''; -- challenge that is being answered
ALTER TABLE validations ADD COLUMN record TEXT NOT NULL DEFAULT '';        -- where the proof belongs; '' for our own ways
ALTER TABLE validations ADD COLUMN offers TEXT NOT NULL DEFAULT '';        -- JSON: every challenge of it, and what to publish
ALTER TABLE validations ADD COLUMN told_at BIGINT;                         -- when the CA was asked to look
ALTER TABLE certificates ADD COLUMN chain TEXT NOT NULL DEFAULT '';        -- PEM, as another CA gave it; '' for our own
