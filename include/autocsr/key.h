/*
 * Keys: the table of key types, generation, loading, writing, and the gate for public keys.
 *
 * Generating and writing leave private key bytes only inside struct acsr_key (OpenSSL keeps its secret
 * numbers in the secure heap when the program has called CRYPTO_secure_malloc_init) and in struct
 * acsr_secret. Loading goes through OpenSSL's decoders, which use ordinary heap for a moment: a process that
 * must not leave anything behind does not load keys.
 */
#ifndef AUTOCSR_KEY_H
#define AUTOCSR_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "autocsr/blob.h"
#include "autocsr/err.h"
#include "autocsr/secret.h"
#include "autocsr/finding.h"

ACSR_C_BEGIN

struct acsr_key; /* a key pair or a public key alone */
struct evp_pkey_st;

enum acsr_key_alg {
	ACSR_KEY_RSA,
	ACSR_KEY_EC,
	ACSR_KEY_ED25519,
	ACSR_KEY_ED448,
	ACSR_KEY_ML_DSA,
	ACSR_KEY_SLH_DSA,
	ACSR_KEY_OTHER, /* parsed only: DSA, SM2, another curve … */
};

/* One row of the table of key types; static, never freed. */
struct acsr_key_type {
	const char *name; /* "rsa:2048" "ec:p256" "ed25519" "ml-dsa-44" "slh-dsa-sha2-128s" */
	enum acsr_key_alg alg;
	unsigned bits;     /* RSA modulus bits, curve bits; 0 elsewhere */
	const char *evp;   /* OpenSSL's algorithm name */
	const char *group; /* EC group name, or NULL */
	bool public_tls;   /* BR 6.1.5 permits it */
	const char *oid;   /* dotted, of post-quantum types (RFC 9881 2, RFC 9909 3), else NULL */
};

/* NULL past the end. */
const struct acsr_key_type *acsr_key_type_at(size_t i);
/* Exact name; unknown: key.type. Says nothing of whether this OpenSSL has it. */
ACSR_MUST_USE enum acsr_result acsr_key_type_find(
	const struct acsr_key_type **out, const char *name, struct acsr_err *e);
/* Can this OpenSSL make and use it? Menus show only those. */
bool acsr_key_type_available(const struct acsr_key_type *t);
/* The same as a result, with the text for people: "this OpenSSL (3.0.17) has no ML-DSA; 3.5 or newer does".
 * openssl.unsupported */
ACSR_MUST_USE enum acsr_result acsr_key_type_require(const struct acsr_key_type *t, struct acsr_err *e);

/* Makes a key pair. Unknown type: key.type; OpenSSL lacks it: openssl.unsupported. RSA: e = 65537. */
ACSR_MUST_USE enum acsr_result acsr_key_generate(struct acsr_key **out, const char *type, struct acsr_err *e);

/*
 * Load a private key: PEM (PKCS#8, encrypted PKCS#8, traditional RSA and EC, also traditionally encrypted) or
 * DER, or a JWK (jwk.h, whose errors it then has). `passphrase` may be NULL; then an encrypted key is key.passphrase.needed; a wrong one
 * key.passphrase.wrong; not a private key: key.parse; a post-quantum key that this OpenSSL lacks:
 * openssl.unsupported. ML-DSA keys are read as seed, expandedKey and both (RFC 9881 6); where both do not
 * belong together: key.parse. Nothing else about the key's strength is checked here. At most 64 KB. A passphrase
 * that is to be hashed more than 20 million times (PBKDF2: iterations, scrypt: N * r * p) is input.rounds, at once.
 */
ACSR_MUST_USE enum acsr_result acsr_key_load_private(struct acsr_key **out, const uint8_t *p, size_t len,
	const struct acsr_secret *passphrase, struct acsr_err *e);
/* From SubjectPublicKeyInfo DER (RFC 5280 4.1.2.7), whole input, at most 16 KB; else key.parse. A
 * post-quantum key that this OpenSSL lacks: openssl.unsupported. */
ACSR_MUST_USE enum acsr_result acsr_key_load_spki(
	struct acsr_key **out, const uint8_t *der, size_t len, struct acsr_err *e);
/* The same, and also an RSAPublicKey alone (PKCS#1, RFC 8017 A.1.1). */
ACSR_MUST_USE enum acsr_result acsr_key_load_public(
	struct acsr_key **out, const uint8_t *der, size_t len, struct acsr_err *e);
void acsr_key_free(struct acsr_key *k); /* NULL is fine */

/* What a private ML-DSA key is written as (RFC 9881 6). */
enum acsr_pq_form {
	ACSR_PQ_AUTO, /* the seed where it is known, else the expanded key: what is written unless one asks */
	ACSR_PQ_SEED,
	ACSR_PQ_EXPANDED,
	ACSR_PQ_BOTH,
};
/* "seed" "expanded" "both"; else key.pq-form */
ACSR_MUST_USE enum acsr_result acsr_pq_form_find(
	enum acsr_pq_form *out, const char *name, struct acsr_err *e);
/* For all that is written of this key from now on, in whatever container. Keys of other types have one form
 * only and take none but AUTO; a seed cannot be found again from an expanded key: key.pq-form. */
ACSR_MUST_USE enum acsr_result acsr_key_set_pq_form(
	struct acsr_key *k, enum acsr_pq_form form, struct acsr_err *e);

/* OpenSSL's object: a loan; and the other way round (takes a reference of its own), for PKCS#11 keys. */
struct evp_pkey_st *acsr_key_evp(const struct acsr_key *k);
ACSR_MUST_USE enum acsr_result acsr_key_wrap_evp(
	struct acsr_key **out, struct evp_pkey_st *pkey, struct acsr_err *e);

/* The family of the key, and its size in bits as OpenSSL counts it (RSA: the modulus, EC: the group). */
enum acsr_key_alg acsr_key_alg(const struct acsr_key *k);
unsigned acsr_key_bits(const struct acsr_key *k);
/* "rsa:2048", also for sizes that are not in the table ("rsa:2056", "ec:secp256k1", "dsa:2048"). A loan. */
const char *acsr_key_name(const struct acsr_key *k);

/* SubjectPublicKeyInfo (RFC 5280 4.1.2.7), DER. */
ACSR_MUST_USE enum acsr_result acsr_key_spki(
	const struct acsr_key *k, struct acsr_blob *der, struct acsr_err *e);
/* The same as PEM, "PUBLIC KEY". */
ACSR_MUST_USE enum acsr_result acsr_key_spki_pem(
	const struct acsr_key *k, struct acsr_blob *pem, struct acsr_err *e);
/* SHA-256 over the SPKI DER: what the whole product knows a key by. */
ACSR_MUST_USE enum acsr_result acsr_key_spki_sha256(
	const struct acsr_key *k, uint8_t out[32], struct acsr_err *e);
/* Do both hold the same public key? */
bool acsr_key_same(const struct acsr_key *a, const struct acsr_key *b);

/* PKCS#8 (RFC 5958 version 0), unencrypted, as DER or PEM with 64 columns, in the secure heap. */
ACSR_MUST_USE enum acsr_result acsr_key_pkcs8_der(
	const struct acsr_key *k, struct acsr_secret **der, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result acsr_key_pkcs8_pem(
	const struct acsr_key *k, struct acsr_secret **pem, struct acsr_err *e);
enum acsr_kdf {
	ACSR_KDF_PBKDF2, /* PBKDF2-HMAC-SHA256 (RFC 8018): opens everywhere */
	ACSR_KDF_SCRYPT, /* RFC 7914, RFC 7914 section 7 for the encoding; OpenSSL 1.1 and newer, GnuTLS not
			  */
};

/* How to protect a key: PBES2 with AES-256-CBC. */
struct acsr_key_protect {
	const struct acsr_secret *passphrase; /* at least one byte (key.passphrase.empty) */
	enum acsr_kdf kdf;
	/* PBKDF2: iterations, 0: 600,000, at most 20,000,000; fewer than 600,000 is key.kdf.
	 * scrypt: p, the number of lanes, 0: 5 (OWASP's equal to N=2^17 p=1), at most 64. N=2^14 r=8 is
	 * fixed: 16 MiB, the most that OpenSSL opens without being told to use more. */
	uint32_t cost;
};

/* "ENCRYPTED PRIVATE KEY" (RFC 5958 3), as DER or, with `pem`, as PEM. */
ACSR_MUST_USE enum acsr_result acsr_key_pkcs8_encrypted(const struct acsr_key *k,
	const struct acsr_key_protect *how, bool pem, struct acsr_blob *out, struct acsr_err *e);
/* The same as PEM with PBKDF2 and 600,000 iterations. */
ACSR_MUST_USE enum acsr_result acsr_key_pkcs8_pem_encrypted(const struct acsr_key *k,
	const struct acsr_secret *passphrase, struct acsr_blob *pem, struct acsr_err *e);

/* Signature over `msg` with the key's own scheme (RSA: PKCS#1 v1.5 SHA-256; EC: ECDSA with SHA-256/384/512 by
 * curve, DER; Ed25519/Ed448 pure), and its check (error match.signature). */
ACSR_MUST_USE enum acsr_result acsr_key_sign(
	const struct acsr_key *k, const void *msg, size_t len, struct acsr_blob *sig, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result acsr_key_verify(const struct acsr_key *k, const void *msg, size_t len,
	const uint8_t *sig, size_t sig_len, struct acsr_err *e);

struct acsr_weaklist;  /* weakkey.h */
struct acsr_blocklist; /* weakkey.h */

/* What the gate allows beyond RSA and the three NIST curves, and the lists that it looks into (loans). */
struct acsr_key_policy {
	bool allow_eddsa;                     /* Ed25519, Ed448: private CAs only */
	bool allow_pqc;                       /* ML-DSA, SLH-DSA: private CAs only */
	const struct acsr_weaklist *weak;     /* NULL: key.debian is a note that says "not checked" */
	const struct acsr_blocklist *blocked; /* NULL: key.blocked is not looked at */
	bool thorough;    /* also the slow RSA rules: some 5 ms for RSA-2048, 25 ms for RSA-4096 */
	bool broken_only; /* `all` gets no rule that holds and no note: for many keys */
};

/*
 * The gate for public keys (BR 6.1.1.3, 6.1.5, 6.1.6). The first broken rule is the error; `all`, when
 * not NULL, gets every rule with its verdict. `policy` NULL permits RSA and the NIST curves.
 *   key.alg              not permitted here
 *   key.rsa.bits         below 2048
 *   key.rsa.large        above 8192; the rules below are then not looked at
 *   key.rsa.bits8        size not divisible by 8
 *   key.rsa.even
 *   key.rsa.exponent     even, 1, or 2^256 and more
 *   key.rsa.factor       a factor below 752
 *   key.rsa.power        n = a^k, k >= 3
 *   key.rsa.roca         CVE-2017-15361
 *   key.rsa.fermat       close primes, 100 rounds; also squares
 *   key.rsa.prime        n is itself prime; only when thorough
 *   key.ec.curve         none of P-256, P-384, P-521, or spelled out instead of named
 *   key.ec.point         not on its curve
 *   key.ed.point         not on its curve, or of small order
 *   key.debian           in a CVE-2008-0166 section of the weak list
 *   key.blocked          in the blocklist, or in another section of the weak list
 * key.rsa.exponent.low (below 65537) and key.rsa.factor.small (below 65536, when thorough) are warnings in
 * `all`, never errors. key.debian is a pass only where
 * the list covers the key's size and exponent in full; else a note (ACSR_INFO) that says what it covers.
 * NOT checked: common factors of several keys. About a millisecond at most.
 */
ACSR_MUST_USE enum acsr_result acsr_key_check_public(const struct acsr_key *k,
	const struct acsr_key_policy *policy, struct acsr_findings *all, struct acsr_err *e);

/*
 * Do the private numbers of a key pair fit its public ones? The first broken rule is the error; `all` as
 * above.
 *   key.pair.absent   a public key alone
 *   key.pair.modulus  RSA: p q is not n, or p = q
 *   key.pair.prime    RSA: p or q is not prime
 *   key.pair.exponent RSA: d e is not 1 modulo p - 1 and q - 1
 *   key.pair.crt      RSA: d mod p - 1, d mod q - 1 or the inverse of q do not fit (a wrong signature
 *                     then gives the key away)
 *   key.pair.public   the public key is not that of the private one
 * RSA keys of more than two primes, and those that hold n, e and d only: a note (ACSR_INFO).
 * RSA costs two primality tests, a few milliseconds for RSA-2048.
 */
ACSR_MUST_USE enum acsr_result acsr_key_check_pair(
	const struct acsr_key *k, struct acsr_findings *all, struct acsr_err *e);

ACSR_C_END

#endif
