/* Inside of struct acsr_key, for the files of this folder. */
#ifndef PKI_KEY_INT_H
#define PKI_KEY_INT_H

#include "autocsr/key.h"
#include "ossl.h"

/* Signs for a private key that lies elsewhere, such as in a token. */
struct key_holder {
	/* md: NULL for schemes that have their own. The signature in the form that certificates carry. */
	enum acsr_result (*sign)(void *held, const struct acsr_key *k, const EVP_MD *md, const void *msg,
		size_t len, struct acsr_blob *sig, struct acsr_err *e);
	void (*free)(void *held);
};

struct acsr_key {
	EVP_PKEY *pkey;                  /* the public part alone when there is a holder */
	const struct key_holder *holder; /* NULL: the private part, if any, is in pkey */
	void *held;
	enum acsr_key_alg alg;
	unsigned bits;
	char name[48];
	enum acsr_pq_form pq_form; /* of what is written */
};

/* Takes over the reference, also on failure. */
ACSR_MUST_USE enum acsr_result key_adopt(struct acsr_key **out, EVP_PKEY *pkey, struct acsr_err *e);
bool key_has_private(const struct acsr_key *k);
/* acsr_key_check_pair without its tests of primality, which are what costs. */
ACSR_MUST_USE enum acsr_result key_pair_fits(const struct acsr_key *k, struct acsr_err *e);
/* The digest that a key signs with; NULL for schemes that have their own. `name` NULL: the default.
 * csr.digest */
ACSR_MUST_USE enum acsr_result key_digest(
	const EVP_MD **out, const struct acsr_key *k, const char *name, struct acsr_err *e);

/* acsr_key_pkcs8_encrypted without its least number of rounds: for passphrases that a machine made. */
ACSR_MUST_USE enum acsr_result key_pkcs8_locked(const struct acsr_key *k, const struct acsr_key_protect *how,
	bool pem, struct acsr_blob *out, struct acsr_err *e);
/* PKCS#8 of an ML-DSA or SLH-DSA key, in the form that the key asks for, in the secure heap. */
ACSR_MUST_USE enum acsr_result key_pq_pkcs8(
	const struct acsr_key *k, struct acsr_secret **der, struct acsr_err *e);
/* The seed of an ML-DSA key, 32 bytes; fails when it is not known. */
ACSR_MUST_USE enum acsr_result key_pq_seed(
	const struct acsr_key *k, struct acsr_secret **seed, struct acsr_err *e);
/* Post-quantum types by the OID that their keys and signatures have; NULL for others. */
const struct acsr_key_type *key_type_by_oid(const char *oid);
/* Of a SubjectPublicKeyInfo, with the OID in any case ("" when it is none); of an unencrypted PKCS#8. */
const struct acsr_key_type *key_type_of_spki(const uint8_t *der, size_t len, char oid[80]);
const struct acsr_key_type *key_type_of_pkcs8(const uint8_t *der, size_t len);
/* "sha256WithRSAEncryption" "ML-DSA-65", a dotted OID when nobody knows it. */
void key_alg_name(const ASN1_OBJECT *o, char *out, size_t cap);
/* "rsa:2048" "ml-dsa-65", the OID when nobody knows it; `k` NULL where OpenSSL cannot read the key. */
void key_describe_spki(const struct acsr_key *k, const uint8_t *der, size_t len, char out[48]);

struct acsr_csr_view;
/* acsr_csr_parse, for which key a CSR has: one that this OpenSSL lacks is no error, and its signature then
 * not checked. */
ACSR_MUST_USE enum acsr_result key_parse_csr(
	struct acsr_csr_view **out, const uint8_t *der, size_t len, struct acsr_err *e);

static inline void key_auto_free(struct acsr_key **k)
{
	acsr_key_free(*k);
}
#define KEY_AUTO __attribute__((cleanup(key_auto_free)))

#endif
