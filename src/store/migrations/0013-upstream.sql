-- Terms of another CA that somebody has to agree to before it does anything more for us: their URL; '' for none.
ALTER TABLE issuers ADD COLUMN terms_wanted TEXT NOT NULL DEFAULT '';
CREATE INDEX validations_authz ON validations (authz_url) WHERE authz_url <> '';
