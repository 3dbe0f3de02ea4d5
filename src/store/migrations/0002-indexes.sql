-- For what is asked again and again: which job falls due next, how many keys an account had made lately, which certificate
-- is being signed for a request, whether a key was compromised.
CREATE INDEX jobs_lease ON jobs (lease_until, due_at);
CREATE INDEX requests_made ON requests (made_at);
CREATE INDEX certificates_request ON certificates (request_id);
CREATE INDEX certificates_spki ON certificates (spki_sha256);
