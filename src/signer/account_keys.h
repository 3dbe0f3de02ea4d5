/*
 * Keys of our accounts at other CAs (RFC 8555 7.3): made here, kept in the key store as acme-NAME, and never given out. What
 * they sign is a JWS whose protected header is written here, so core cannot have anything else signed with them: neither
 * a certificate nor a receipt.
 */
#ifndef SIGNER_ACCOUNT_KEYS_H
#define SIGNER_ACCOUNT_KEYS_H

#include "ipc/messages.h"
#include "key_store.h"

/* The key of that name, made when there is none yet. *jwk (yours) is its public part, thumbprint RFC 7638. Errors: key.type
 * (unknown, or none that ACME has), ipc.field (the name), and those of the store. */
ACSR_MUST_USE enum acsr_result account_key_make(const struct key_store *keys,
	const struct msg_account_key_make *m, char **jwk, char thumbprint[44], struct acsr_err *e);

/* Flattened JSON, appended to out. Errors: upstream.account-key (there is no such key), key.jwk. */
ACSR_MUST_USE enum acsr_result account_key_sign(
	const struct key_store *keys, const struct msg_sign_jws *m, struct buf *out, struct acsr_err *e);
/* The account's public key under the MAC key that the CA gave (RFC 8555 7.3.4). */
ACSR_MUST_USE enum acsr_result account_key_bind(
	const struct key_store *keys, const struct msg_sign_eab *m, struct buf *out, struct acsr_err *e);
/* Off the disk when this returns; one that is not there is no error. Keys that are no account's are out of reach. */
ACSR_MUST_USE enum acsr_result account_key_forget(
	const struct key_store *keys, const char *name, struct acsr_err *e);

#endif
