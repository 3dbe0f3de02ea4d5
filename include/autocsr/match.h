/*
 * Which keys, CSRs and certificates belong together? Those with the same SubjectPublicKeyInfo, known by its
 * SHA-256. For one object there is acsr_match_spki, for any number of files a matcher, which keeps about 60
 * bytes an object plus the names, so that 100,000 files fit into 16 MB.
 */
#ifndef AUTOCSR_MATCH_H
#define AUTOCSR_MATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "autocsr/err.h"
#include "autocsr/secret.h"

ACSR_C_BEGIN

enum acsr_object { ACSR_OBJECT_PRIVATE_KEY, ACSR_OBJECT_PUBLIC_KEY, ACSR_OBJECT_CSR, ACSR_OBJECT_CERT };

/* What the bytes are (PEM or DER) and the SHA-256 of their SPKI. `passphrase` may be NULL; errors as key.h.
 */
ACSR_MUST_USE enum acsr_result acsr_match_spki(const uint8_t *p, size_t len,
	const struct acsr_secret *passphrase, enum acsr_object *kind, uint8_t spki_sha256[32],
	struct acsr_err *e);
const char *acsr_object_name(enum acsr_object o); /* "private key" "public key" "CSR" "certificate" */

struct acsr_matcher;

/* An empty one. sys.nomem */
ACSR_MUST_USE enum acsr_result acsr_matcher_new(struct acsr_matcher **out, struct acsr_err *e);
void acsr_matcher_free(struct acsr_matcher *m); /* NULL is fine */

/* One object with a key. */
struct acsr_match_item {
	const char *name; /* as it was given; a loan from the matcher */
	unsigned index;   /* which object of that input, from 1 */
	enum acsr_object kind;
	bool issuer; /* a CA certificate that issued another one of the same input: part of its chain */
	uint8_t spki_sha256[32];
};

/* Told of every object of an input: `item` when it was taken, else NULL and why not. Objects without a key
 * (CRLs) are not mentioned. */
typedef enum acsr_result (*acsr_match_fn)(
	void *arg, const struct acsr_match_item *item, const struct acsr_err *why, struct acsr_err *e);

/*
 * Every object in these bytes, in PEM bundles, PKCS#7 and PKCS#12 too. `passphrase` (NULL: none) opens
 * encrypted keys and PKCS#12. `fn` may be NULL. What cannot be read is told to fn and does no further harm:
 *   key.passphrase.needed  key.passphrase.wrong  input.passphrase  match.passphrase   locked
 *   anything else                                          damaged, or nothing of ours
 * Fails with input.empty, input.unknown (nothing with a key), sys.nomem, and what fn returns.
 */
ACSR_MUST_USE enum acsr_result acsr_matcher_add(struct acsr_matcher *m, const char *name, const uint8_t *p,
	size_t len, const struct acsr_secret *passphrase, acsr_match_fn fn, void *arg, struct acsr_err *e);

/* All objects of one key. */
struct acsr_match_group {
	uint8_t spki_sha256[32];
	size_t first, n; /* its items: acsr_match_item_at(m, first), … */
	bool private_key, csr, cert;
	bool issuer; /* nothing but CA certificates out of chains: belongs to another group */
};

/* Sorts; call it after the last add and before the functions below. Groups that are whole (private key and
 * certificate) come last, issuers last of all; else by hash. Items as they were added. */
ACSR_MUST_USE enum acsr_result acsr_matcher_group(struct acsr_matcher *m, struct acsr_err *e);
size_t acsr_match_groups(const struct acsr_matcher *m);
size_t acsr_match_items(const struct acsr_matcher *m);
void acsr_match_group_at(const struct acsr_matcher *m, size_t i, struct acsr_match_group *out);
void acsr_match_item_at(const struct acsr_matcher *m, size_t i, struct acsr_match_item *out);
/* One group besides issuers. */
bool acsr_match_together(const struct acsr_matcher *m);

ACSR_C_END

#endif
