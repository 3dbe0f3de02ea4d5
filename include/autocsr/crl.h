/* Certificate revocation lists (RFC 5280 5), version 2: made, signed, read. Times are epoch seconds. */
#ifndef AUTOCSR_CRL_H
#define AUTOCSR_CRL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "autocsr/blob.h"
#include "autocsr/err.h"
#include "autocsr/key.h"

ACSR_C_BEGIN

/* RFC 5280 5.3.1. unspecified writes no reason code (BR 7.2.2). */
enum acsr_reason {
	ACSR_REASON_UNSPECIFIED = 0,
	ACSR_REASON_KEY_COMPROMISE = 1,
	ACSR_REASON_CA_COMPROMISE = 2,
	ACSR_REASON_AFFILIATION_CHANGED = 3,
	ACSR_REASON_SUPERSEDED = 4,
	ACSR_REASON_CESSATION_OF_OPERATION = 5,
	ACSR_REASON_CERTIFICATE_HOLD = 6,
	ACSR_REASON_REMOVE_FROM_CRL = 8,
	ACSR_REASON_PRIVILEGE_WITHDRAWN = 9,
	ACSR_REASON_AA_COMPROMISE = 10,
};
/* RFC 5280's own spelling, "keyCompromise"; NULL when there is no such code. */
const char *acsr_reason_name(int code);
ACSR_MUST_USE enum acsr_result acsr_reason_find(
	int *code, const char *name, struct acsr_err *e); /* cert.reason */
/* May a customer choose it? (BR 4.9.1.1: 0, 1, 3, 4, 5) */
bool acsr_reason_by_customer(int code);

struct acsr_crl_entry {
	uint8_t serial[21]; /* big-endian magnitude */
	size_t serial_len;
	int64_t revoked_at;
	int reason;
};

struct acsr_crl_spec {
	uint64_t number;
	int64_t this_update, next_update;
	const struct acsr_crl_entry *entries;
	size_t n_entries;
	const uint8_t *issuer_der; /* the CA's certificate, a loan */
	size_t issuer_len;
};

/* Everything that acsr_crl_sign would refuse about times and entries, before anything is signed. */
ACSR_MUST_USE enum acsr_result acsr_crl_check(const struct acsr_crl_spec *spec, struct acsr_err *e);

/* DER. The key must be the issuer's (cert.issuer-key), nextUpdate after thisUpdate (cert.crl.times), no
 * serial twice (cert.crl.duplicate), no certificateHold and no removeFromCRL (cert.reason). */
ACSR_MUST_USE enum acsr_result acsr_crl_sign(const struct acsr_crl_spec *spec,
	const struct acsr_key *issuer_key, struct acsr_blob *der, struct acsr_err *e);

struct acsr_crl_view {
	uint64_t number; /* 0 when absent or beyond 64 bits */
	bool has_number;
	int64_t this_update, next_update; /* next_update 0: absent */
	struct acsr_blob issuer_der;      /* Name, DER */
	char signature_alg[64];
	struct acsr_crl_entry *entries;
	size_t n_entries;
};

/* DER or PEM, at most 32 MB: cert.crl.parse cert.crl.too-large. `issuer`, when not NULL, is the CA's public
 * key, and the signature is checked with it (verify.signature). */
ACSR_MUST_USE enum acsr_result acsr_crl_parse(struct acsr_crl_view **out, const uint8_t *p, size_t len,
	const struct acsr_key *issuer, struct acsr_err *e);
void acsr_crl_view_free(struct acsr_crl_view *v);
/* The entry for that serial, a loan, or NULL. */
const struct acsr_crl_entry *acsr_crl_find(
	const struct acsr_crl_view *v, const uint8_t *serial, size_t serial_len);

ACSR_C_END

#endif
