/*
 * Where the CA's private keys are: today files NAME.key in the signer's directory, PKCS#8 PEM, mode 0600. A
 * PKCS#11 token will stand behind the same calls: nothing outside knows more of a key than its name.
 */
#ifndef SIGNER_KEY_STORE_H
#define SIGNER_KEY_STORE_H

#include "autocsr/key.h"

struct key_store;

/* `dir` is copied. */
ACSR_MUST_USE enum acsr_result key_store_open(struct key_store **out, const char *dir, struct acsr_err *e);
void key_store_free(struct key_store *ks);

/* *out is NULL when there is no such key (an offline root); a file that cannot be read as a key is an error.
 * The key is the caller's. */
ACSR_MUST_USE enum acsr_result key_store_load(
	const struct key_store *ks, const char *name, struct acsr_key **out, struct acsr_err *e);
/* A new key of that type (key.h), durable when this returns; "object.exists" when there is one. */
ACSR_MUST_USE enum acsr_result key_store_make(const struct key_store *ks, const char *name, const char *type,
	struct acsr_key **out, struct acsr_err *e);
/* Off the disk when this returns (durable_destroy); one that is not there is no error. */
ACSR_MUST_USE enum acsr_result key_store_destroy(
	const struct key_store *ks, const char *name, struct acsr_err *e);

#endif
