-- WebAuthn credentials, and the challenges that wait for their answer.
CREATE TABLE passkeys (
  id TEXT PRIMARY KEY, user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE, credential BYTEA NOT NULL UNIQUE,
  public_key BYTEA NOT NULL, algorithm BIGINT NOT NULL, sign_count BIGINT NOT NULL, name TEXT NOT NULL,
  transports TEXT NOT NULL, created_at BIGINT NOT NULL, last_used_at BIGINT);
CREATE INDEX passkeys_user ON passkeys (user_id);
CREATE TABLE challenges (
  hash BYTEA PRIMARY KEY, purpose TEXT NOT NULL, user_id TEXT NOT NULL, expires_at BIGINT NOT NULL);
CREATE INDEX challenges_expiry ON challenges (expires_at);
ALTER TABLE users ADD COLUMN handle BYTEA;                          -- random; what authenticators know a user by
ALTER TABLE sessions ADD COLUMN second BIGINT NOT NULL DEFAULT 0;   -- at authenticated_at the second factor was shown too
