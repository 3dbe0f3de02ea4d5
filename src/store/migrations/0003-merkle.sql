-- The audit log becomes a Merkle tree (RFC 9162): `hash` is each entry's leaf hash, audit_nodes the full subtrees above.
-- Rows from before get theirs at the next start (audit_adopt).
ALTER TABLE audit DROP COLUMN prev;
UPDATE audit SET hash = '';
CREATE TABLE audit_nodes (
  level BIGINT NOT NULL, pos BIGINT NOT NULL, -- level 1: of two entries, pos from 0
  hash TEXT NOT NULL, PRIMARY KEY (level, pos));
CREATE TABLE audit_checkpoints (
  size BIGINT PRIMARY KEY, at BIGINT NOT NULL, root TEXT NOT NULL, note TEXT NOT NULL); -- a signed note, C2SP
