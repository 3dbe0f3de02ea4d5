-- What keeps the ACME server as quick when much has piled up, and keeps strangers from piling it up.

ALTER TABLE acme_directories ADD COLUMN open_to_all BIGINT NOT NULL DEFAULT 0; -- members of other accounts see it and make keys for it
ALTER TABLE acme_directories ADD COLUMN terms_at BIGINT NOT NULL DEFAULT 0;    -- who agreed to the terms before then is asked again
UPDATE acme_directories SET open_to_all = 1
  WHERE name = '' OR account_id IN (SELECT account_id FROM users WHERE role = 'admin'); -- as it was; a customer's becomes their own

ALTER TABLE acme_accounts ADD COLUMN network TEXT NOT NULL DEFAULT ''; -- that it was made from
ALTER TABLE acme_accounts ADD COLUMN finalized BIGINT NOT NULL DEFAULT 0; -- it has finalized an order
UPDATE acme_accounts SET finalized = 1; -- of those from before, orders that would show it may be forgotten already
CREATE INDEX acme_accounts_unused ON acme_accounts (last_seen_at, id)
  WHERE eab_kid = '' AND status = 'valid' AND finalized = 0;
CREATE INDEX acme_accounts_thumbprint ON acme_accounts (thumbprint);
DROP INDEX acme_accounts_eab;

ALTER TABLE acme_eab_keys ADD COLUMN accounts BIGINT NOT NULL DEFAULT 0; -- that were made with it
UPDATE acme_eab_keys SET accounts = (SELECT COUNT(*) FROM acme_accounts a WHERE a.eab_kid = acme_eab_keys.kid);
DROP INDEX acme_eab_keys_account;
CREATE INDEX acme_eab_keys_account ON acme_eab_keys (account_id, created_at, kid);
CREATE INDEX acme_eab_keys_created ON acme_eab_keys (created_at, kid);

ALTER TABLE acme_orders ADD COLUMN names_hash TEXT NOT NULL DEFAULT ''; -- of its identifiers, in whatever order they came
CREATE INDEX acme_orders_same ON acme_orders (acme_account_id, names_hash, created_at);
DROP INDEX acme_orders_expiry;
CREATE INDEX acme_orders_expiry ON acme_orders (expires_at, id);

-- Only valid ones are looked for by name: however many are pending, they are not in the way.
DROP INDEX acme_authzs_name;
CREATE INDEX acme_authzs_valid ON acme_authzs (acme_account_id, name, wildcard, expires_at) WHERE status = 'valid';
CREATE INDEX acme_authzs_account ON acme_authzs (acme_account_id);
DROP INDEX acme_authzs_expiry;
CREATE INDEX acme_authzs_expiry ON acme_authzs (expires_at, id);
