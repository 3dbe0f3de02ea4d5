/*
 * PKCS#12 in two strengths. The key is locked before OpenSSL's PKCS#12 code sees it: PKCS12_create would encode it
 * into ordinary memory first.
 */
#include <openssl/err.h>
#include <openssl/pkcs12.h>
#include <openssl/sha.h>

#include "autocsr/pkcs12.h"
#include "base/rnd.h"
#include "base/secret.h"
#include "certview.h"
#include "key_int.h"
#include "pkcs12_int.h"

#define MODERN_ITERATIONS 600000
#define LEGACY_ITERATIONS 2048
#define LEGACY_CIPHER NID_pbe_WithSHA1And3_Key_TripleDES_CBC
#define SALT 8

typedef STACK_OF(PKCS12_SAFEBAG) bag_list;

static void free_bags(bag_list **l)
{
	sk_PKCS12_SAFEBAG_pop_free(*l, PKCS12_SAFEBAG_free);
}

static void free_safes(STACK_OF(PKCS7) * *l)
{
	sk_PKCS7_pop_free(*l, PKCS7_free);
}

static void free_certs(STACK_OF(X509) * *l)
{
	sk_X509_pop_free(*l, X509_free);
}

OSSL_CLEANUP_FN(free_p12, PKCS12, PKCS12_free)
OSSL_CLEANUP_FN(free_alg, X509_ALGOR, X509_ALGOR_free)

static const char *password(const struct acsr_pkcs12_spec *s)
{
	return (const char *)acsr_secret_bytes(s->passphrase);
}

/* What is being written, and how often its passphrase is hashed. */
struct job {
	const struct acsr_pkcs12_spec *spec;
	int rounds;
};

/* --- the key --- */

static enum acsr_result lock_modern(X509_SIG **out, const struct job *j, struct acsr_err *e)
{
	const struct acsr_key_protect how = { .passphrase = j->spec->passphrase,
		.cost = (uint32_t)j->rounds };
	ACSR_CLEANUP_BLOB struct acsr_blob der = { 0 };
	const unsigned char *at;

	TRY(key_pkcs8_locked(j->spec->key, &how, false, &der, e));
	at = der.p;
	*out = d2i_X509_SIG(NULL, &at, (long)der.len);
	return *out != NULL ? ACSR_OK : ossl_err(e, "openssl.pkcs12", "OpenSSL cannot take the locked key");
}

static X509_SIG *put_together(const X509_ALGOR *how, unsigned char *locked, int n)
{
	X509_SIG *sig = X509_SIG_new();
	X509_ALGOR *alg = NULL;
	ASN1_OCTET_STRING *octets = NULL;

	if (sig == NULL)
		return NULL;
	X509_SIG_getm(sig, &alg, &octets);
	if (X509_ALGOR_copy(alg, how) == 1 && ASN1_OCTET_STRING_set(octets, locked, n) == 1)
		return sig;
	X509_SIG_free(sig);
	return NULL;
}

/* 3DES by RFC 7292 appendix C. */
static enum acsr_result lock_legacy(X509_SIG **out, const struct job *j, struct acsr_err *e)
{
	const struct acsr_pkcs12_spec *s = j->spec;
	CLEANUP_SECRET struct acsr_secret *der = NULL;
	OSSL_AUTO(free_alg) X509_ALGOR *how = NULL;
	unsigned char *locked = NULL;
	uint8_t salt[SALT];
	int n = 0;

	TRY(acsr_key_pkcs8_der(s->key, &der, e));
	TRY(rnd_fill(salt, sizeof(salt), e));
	how = PKCS5_pbe_set(LEGACY_CIPHER, j->rounds, salt, SALT);
	if (how != NULL && PKCS12_pbe_crypt(how, password(s), (int)acsr_secret_len(s->passphrase),
				   acsr_secret_bytes(der), (int)acsr_secret_len(der), &locked, &n, 1) != NULL)
		*out = put_together(how, locked, n);
	OPENSSL_free(locked);
	ossl_wipe_stack();
	return *out != NULL ? ACSR_OK : ossl_err(e, "openssl.pkcs12", "OpenSSL cannot lock the key");
}

/* The same friendly name and local id on the key and its certificate is how readers pair them. */
static bool mark(PKCS12_SAFEBAG *bag, const struct acsr_pkcs12_spec *s, const X509 *leaf)
{
	unsigned char id[SHA_DIGEST_LENGTH];
	unsigned n = 0;

	if (s->name != NULL && PKCS12_add_friendlyname_utf8(bag, s->name, -1) != 1)
		return false;
	return X509_digest(leaf, EVP_sha1(), id, &n) == 1 && PKCS12_add_localkeyid(bag, id, (int)n) == 1;
}

static enum acsr_result add_key(bag_list **bags, const struct job *j, const X509 *leaf, struct acsr_err *e)
{
	X509_SIG *locked = NULL;
	PKCS12_SAFEBAG *bag;

	TRY(j->spec->legacy ? lock_legacy(&locked, j, e) : lock_modern(&locked, j, e));
	bag = PKCS12_SAFEBAG_create0_pkcs8(locked);
	if (bag == NULL) {
		X509_SIG_free(locked);
		return ossl_err(e, "openssl.pkcs12", "OpenSSL cannot make the PKCS#12 file");
	}
	if (mark(bag, j->spec, leaf) && (*bags = sk_PKCS12_SAFEBAG_new_null()) != NULL &&
		sk_PKCS12_SAFEBAG_push(*bags, bag) > 0)
		return ACSR_OK;
	PKCS12_SAFEBAG_free(bag);
	return ossl_err(e, "openssl.pkcs12", "OpenSSL cannot make the PKCS#12 file");
}

/* --- the certificates --- */

static enum acsr_result load_chain(
	STACK_OF(X509) * *out, const struct acsr_pkcs12_spec *s, struct acsr_err *e)
{
	*out = sk_X509_new_null();
	if (*out == NULL)
		return err_nomem(e);
	for (size_t i = 0; i < s->n_certs; i++) {
		X509 *x = NULL;

		TRY(certview_load(&x, s->certs[i].p, s->certs[i].len, e));
		if (sk_X509_push(*out, x) <= 0) {
			X509_free(x);
			return err_nomem(e);
		}
	}
	return ACSR_OK;
}

static bool add_certs(bag_list **bags, const struct acsr_pkcs12_spec *s, STACK_OF(X509) * chain)
{
	for (int i = 0; i < sk_X509_num(chain); i++) {
		PKCS12_SAFEBAG *bag = PKCS12_add_cert(bags, sk_X509_value(chain, i));

		if (bag == NULL || (i == 0 && !mark(bag, s, sk_X509_value(chain, 0))))
			return false;
	}
	return true;
}

static enum acsr_result check_pair(
	const struct acsr_pkcs12_spec *s, STACK_OF(X509) * chain, struct acsr_err *e)
{
	EVP_PKEY *pub = sk_X509_num(chain) > 0 ? X509_get0_pubkey(sk_X509_value(chain, 0)) : NULL;

	if (pub != NULL && EVP_PKEY_eq(pub, s->key->pkey) == 1)
		return ACSR_OK;
	return ossl_err(e, "match.key", "the key does not belong to the first certificate");
}

/* --- the file --- */

static PKCS12 *wrap_up(const struct job *j, bag_list *key, STACK_OF(X509) * chain)
{
	__attribute__((cleanup(free_safes))) STACK_OF(PKCS7) *safes = NULL;
	__attribute__((cleanup(free_bags))) bag_list *certs = NULL;
	const struct acsr_pkcs12_spec *s = j->spec;
	int cipher = s->legacy ? LEGACY_CIPHER : NID_aes_256_cbc;
	PKCS12 *p12 = NULL;

	if (add_certs(&certs, s, chain) &&
		PKCS12_add_safe(&safes, certs, cipher, j->rounds, password(s)) == 1 &&
		PKCS12_add_safe(&safes, key, -1, 0, NULL) == 1)
		p12 = PKCS12_add_safes(safes, 0);
	if (p12 != NULL && PKCS12_set_mac(p12, password(s), -1, NULL, 0, j->rounds,
				   s->legacy ? EVP_sha1() : EVP_sha256()) != 1) {
		PKCS12_free(p12);
		p12 = NULL;
	}
	return p12;
}

enum acsr_result pkcs12_write(
	const struct acsr_pkcs12_spec *spec, unsigned rounds, struct acsr_blob *der, struct acsr_err *e)
{
	__attribute__((cleanup(free_certs))) STACK_OF(X509) *chain = NULL;
	__attribute__((cleanup(free_bags))) bag_list *key = NULL;
	OSSL_AUTO(free_p12) PKCS12 *p12 = NULL;
	const struct job j = { spec, (int)rounds };
	unsigned char *p = NULL;
	int n;

	TRY(load_chain(&chain, spec, e));
	TRY(check_pair(spec, chain, e));
	TRY(add_key(&key, &j, sk_X509_value(chain, 0), e));
	p12 = wrap_up(&j, key, chain);
	n = p12 != NULL ? i2d_PKCS12(p12, &p) : -1;
	if (n <= 0)
		return ossl_err(e, "openssl.pkcs12", "OpenSSL cannot make the PKCS#12 file");
	TRY(ossl_take(der, p, n, "cannot make the PKCS#12 file", e));
	ERR_clear_error();
	return ACSR_OK;
}

enum acsr_result acsr_pkcs12_write(
	const struct acsr_pkcs12_spec *spec, struct acsr_blob *der, struct acsr_err *e)
{
	return pkcs12_write(spec, spec->legacy ? LEGACY_ITERATIONS : MODERN_ITERATIONS, der, e);
}
