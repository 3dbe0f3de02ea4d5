-- Which account control was shown to, for CAA's accounturi (RFC 8657).
ALTER TABLE validations ADD COLUMN account_uri TEXT NOT NULL DEFAULT '';
