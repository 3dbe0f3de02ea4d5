-- Three grades of hand-over, safest first: made in the browser, sealed to the customer's own key, archive and code.
ALTER TABLE requests ADD COLUMN grade TEXT NOT NULL DEFAULT 'code';    -- browser sealed code; own-csr when neither
ALTER TABLE requests ADD COLUMN format TEXT NOT NULL DEFAULT 'zip';    -- zip pkcs8 p12 p12-legacy age cms
ALTER TABLE requests ADD COLUMN recipient TEXT NOT NULL DEFAULT '';    -- sealed: public key or certificate
ALTER TABLE requests ADD COLUMN recipient_name TEXT NOT NULL DEFAULT ''; -- the same for people: age1…, SHA256:…, subject + SHA-256
ALTER TABLE requests ADD COLUMN gone_at BIGINT;                        -- when the worker that made the key had ended
ALTER TABLE requests ADD COLUMN authorised TEXT NOT NULL DEFAULT '';   -- JSON: who asked for the key, when, from where
ALTER TABLE users ADD COLUMN hand_over TEXT NOT NULL DEFAULT '';       -- JSON: what this person chose last
UPDATE requests SET grade = 'own-csr' WHERE key_source = 'own-csr';
