/* What the signer's tests share: a scratch directory, requests as core sends them, and other people's eyes
 * (the openssl command) on what comes out. */
#ifndef TESTS_CA_WORLD_H
#define TESTS_CA_WORLD_H

#include "certify.h"

/* A fresh directory below /tmp; ca_world_remove it. */
void ca_world_dir(char out[64]);
void ca_world_remove(const char *dir);

/* An authority in that directory; fails the test when it does not open. */
struct ca {
	struct key_store *keys;
	struct authority a;
	size_t healed;
};
void ca_world_open(struct ca *ca, const char *dir);
/* The same, for a directory that must be refused with this error. */
void ca_world_refused(const char *dir, const char *error);
void ca_world_close(struct ca *ca);

/* A CSR (DER) for a new key of that type. */
struct acsr_blob ca_world_csr(const char *key_type);
/* "dv" for www.example.com on issuing-1, valid from an hour ago for 90 days, with that CSR (taken) and a
 * serial of 16 octets that all are `n` but the first. Clear with ca_world_clear. */
struct msg_sign_cert ca_world_request(struct acsr_blob csr, uint8_t n);
void ca_world_clear(struct msg_sign_cert *m);

void ca_world_write(const char *dir, const char *name, const void *p, size_t n);
/* The exit status of a shell command, in `dir`, its output thrown away. */
int ca_world_run(const char *dir, const char *command);

#endif
