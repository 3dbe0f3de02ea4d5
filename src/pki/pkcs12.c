/* PKCS#12: reading whatever is found. Writing is in pkcs12_write.c. */
#include "autocsr/pkcs12.h"

#include <openssl/err.h>
#include <openssl/pkcs12.h>
#include <openssl/provider.h>
#include <stdlib.h>
#include <string.h>

#include "autocsr/cert.h"
#include "base/secret.h"
#include "certview.h"
#include "key_int.h"
#include "ossl.h"
#include "pkcs12_int.h"
#include "rounds.h"

#define MAX_FILE (1024 * 1024)
#define MAX_OBJECTS 256
#define MAX_NESTING 4

struct reader {
	OSSL_LIB_CTX *libctx; /* NULL: the default one */
	OSSL_PROVIDER *old, *usual;
	PKCS12 *p12;
	const char *pass; /* NULL, or a loan */
	int pass_len;
	struct acsr_pkcs12 *out;
	struct rounds rounds;
	char missing[80]; /* an algorithm that is not there */
};

static void reader_free(struct reader *r)
{
	PKCS12_free(r->p12);
	OSSL_PROVIDER_unload(r->old);
	OSSL_PROVIDER_unload(r->usual);
	OSSL_LIB_CTX_free(r->libctx);
	acsr_pkcs12_free(r->out);
	ERR_clear_error();
}

void acsr_pkcs12_free(struct acsr_pkcs12 *p)
{
	if (p == NULL)
		return;
	for (size_t i = 0; i < p->n_keys; i++)
		acsr_key_free(p->keys[i]);
	free(p->keys);
	acsr_certs_free(p->certs, p->n_certs);
	free(p);
}

/* A context of our own with the old ciphers, for this file alone; without them the default one stays. */
static void load_old_ciphers(struct reader *r)
{
	OSSL_LIB_CTX *ctx = OSSL_LIB_CTX_new();

	r->old = ctx != NULL ? OSSL_PROVIDER_load(ctx, "legacy") : NULL;
	r->usual = r->old != NULL ? OSSL_PROVIDER_load(ctx, "default") : NULL;
	if (r->usual == NULL) {
		OSSL_PROVIDER_unload(r->old);
		r->old = NULL;
		OSSL_LIB_CTX_free(ctx);
		ctx = NULL;
	}
	r->libctx = ctx;
}

static enum acsr_result parse(struct reader *r, const uint8_t *p, size_t len, struct acsr_err *e)
{
	const unsigned char *at = p;

	if (len == 0 || len > MAX_FILE)
		return err_set(
			e, "input.pkcs12", "a PKCS#12 file of %zu bytes; at most %d are read", len, MAX_FILE);
	r->p12 = PKCS12_init_ex(NID_pkcs7_data, r->libctx, NULL);
	if (r->p12 == NULL)
		return err_nomem(e);
	if (d2i_PKCS12(&r->p12, &at, (long)len) == NULL) {
		r->p12 = NULL;
		return ossl_err(e, "input.pkcs12", "this is no PKCS#12 file, or it is damaged");
	}
	return ACSR_OK;
}

static void name_of(const ASN1_OBJECT *o, char *out, size_t cap)
{
	int nid = OBJ_obj2nid(o);

	if (nid != NID_undef)
		snprintf(out, cap, "%s", OBJ_nid2ln(nid));
	else
		ossl_oid(o, out, cap);
}

bool pkcs12_mac_missing(const PKCS12 *p12, OSSL_LIB_CTX *ctx, char name[80])
{
	const X509_ALGOR *alg = NULL;
	const ASN1_OBJECT *o = NULL;
	EVP_MD *md;

	PKCS12_get0_mac(NULL, &alg, NULL, NULL, p12);
	if (alg == NULL)
		return false;
	X509_ALGOR_get0(&o, NULL, NULL, alg);
	name_of(o, name, 80);
	if (OBJ_obj2nid(o) == OBJ_txt2nid("1.2.840.113549.1.5.14")) {
		snprintf(name, 80, "PBMAC1");
		return OPENSSL_version_major() == 3 && OPENSSL_version_minor() < 4; /* RFC 9579 */
	}
	md = EVP_MD_fetch(ctx, OBJ_nid2sn(OBJ_obj2nid(o)), NULL);
	EVP_MD_free(md);
	ERR_clear_error();
	return md == NULL;
}

enum acsr_result pkcs12_unsupported(const char *name, struct acsr_err *e)
{
	ERR_clear_error();
	return err_rule(e, "openssl.unsupported", NULL, "RFC 7292 5",
		"the PKCS#12 file uses %s, which this OpenSSL (%s) lacks or has switched off; the passphrase "
		"may "
		"well be right: make the file again with AES-256 and SHA-256",
		name, OpenSSL_version(OPENSSL_VERSION_STRING));
}

enum acsr_result pkcs12_wrong(struct acsr_err *e)
{
	ERR_clear_error();
	return err_set(e, "match.passphrase", "the passphrase does not open the PKCS#12 file");
}

/* Does the passphrase fit? The MAC knows; a file without one leaves it to decryption. */
static enum acsr_result unlock(struct reader *r, const struct acsr_secret *passphrase, struct acsr_err *e)
{
	r->pass = passphrase != NULL ? (const char *)acsr_secret_bytes(passphrase) : "";
	r->pass_len = passphrase != NULL ? (int)acsr_secret_len(passphrase) : 0;
	if (!PKCS12_mac_present(r->p12))
		return ACSR_OK;
	TRY(rounds_spend_mac(&r->rounds, r->p12, e));
	if (PKCS12_verify_mac(r->p12, r->pass, r->pass_len) == 1)
		return ACSR_OK;
	if (pkcs12_mac_missing(r->p12, r->libctx, r->missing))
		return pkcs12_unsupported(r->missing, e);
	if (r->pass_len == 0) {
		r->pass = NULL;
		if (PKCS12_verify_mac(r->p12, NULL, 0) == 1)
			return ACSR_OK;
	}
	ERR_clear_error();
	if (passphrase == NULL)
		return err_set(
			e, "input.passphrase", "the PKCS#12 file needs a passphrase; give --passphrase-file");
	return pkcs12_wrong(e);
}

/* Decryption failed: the algorithm's fault, or the passphrase's? */
static enum acsr_result no_decryption(struct reader *r, const X509_ALGOR *alg, struct acsr_err *e)
{
	unsigned long code = ERR_peek_error();
	const ASN1_OBJECT *o = NULL;

	X509_ALGOR_get0(&o, NULL, NULL, alg);
	name_of(o, r->missing, sizeof(r->missing));
	for (; code != 0; code = ERR_get_error()) {
		int why = ERR_GET_REASON(code);

		if (why == ERR_R_UNSUPPORTED ||
			(ERR_GET_LIB(code) == ERR_LIB_EVP &&
				(why == EVP_R_UNSUPPORTED_ALGORITHM || why == EVP_R_UNKNOWN_PBE_ALGORITHM ||
					why == EVP_R_UNKNOWN_CIPHER || why == EVP_R_UNSUPPORTED_CIPHER ||
					why == EVP_R_UNSUPPORTED_PRF)))
			return pkcs12_unsupported(r->missing, e);
	}
	if (PKCS12_mac_present(r->p12))
		return err_set(
			e, "input.pkcs12", "the PKCS#12 file is damaged: %s does not decrypt", r->missing);
	return err_set(
		e, "match.passphrase", "the passphrase does not open the PKCS#12 file, or it is damaged");
}

static enum acsr_result add_cert(struct reader *r, X509 *x, struct acsr_err *e)
{
	struct acsr_pkcs12 *out = r->out;
	struct acsr_blob *v;
	unsigned char *der = NULL;
	int n = x != NULL ? i2d_X509(x, &der) : 0;

	X509_free(x);
	if (n <= 0)
		return ossl_err(e, "input.pkcs12", "a certificate in the PKCS#12 file cannot be read");
	v = out->n_certs < MAX_OBJECTS ? realloc(out->certs, (out->n_certs + 1) * sizeof(*v)) : NULL;
	if (v == NULL) {
		OPENSSL_free(der);
		return err_set(e, "input.pkcs12", "there are more than %d certificates", MAX_OBJECTS);
	}
	out->certs = v;
	v[out->n_certs] = (struct acsr_blob){ 0 };
	TRY(ossl_take(&v[out->n_certs], der, n, "cannot read a certificate", e));
	out->n_certs++;
	return ACSR_OK;
}

/* The key, moved out of the context of this call. */
static enum acsr_result adopt(struct reader *r, struct acsr_key **key, EVP_PKEY *pkey, struct acsr_err *e)
{
	KEY_AUTO struct acsr_key *here = NULL;
	CLEANUP_SECRET struct acsr_secret *der = NULL;

	TRY(key_adopt(&here, pkey, e));
	if (r->libctx == NULL) {
		*key = here;
		here = NULL;
		return ACSR_OK;
	}
	TRY(acsr_key_pkcs8_der(here, &der, e));
	return acsr_key_load_private(key, acsr_secret_bytes(der), acsr_secret_len(der), NULL, e);
}

static enum acsr_result add_key(struct reader *r, const PKCS8_PRIV_KEY_INFO *p8, struct acsr_err *e)
{
	struct acsr_pkcs12 *out = r->out;
	struct acsr_key **v;
	EVP_PKEY *pkey = EVP_PKCS82PKEY_ex(p8, r->libctx, NULL);

	if (pkey == NULL)
		return ossl_err(e, "key.parse", "the private key in the PKCS#12 file cannot be read");
	v = out->n_keys < MAX_OBJECTS ? realloc(out->keys, (out->n_keys + 1) * sizeof(*v)) : NULL;
	if (v == NULL) {
		EVP_PKEY_free(pkey);
		return err_set(e, "input.pkcs12", "there are more than %d keys", MAX_OBJECTS);
	}
	out->keys = v;
	TRY(adopt(r, &v[out->n_keys], pkey, e));
	out->n_keys++;
	return ACSR_OK;
}

static enum acsr_result add_locked_key(struct reader *r, const PKCS12_SAFEBAG *bag, struct acsr_err *e)
{
	const X509_SIG *sig = PKCS12_SAFEBAG_get0_pkcs8(bag);
	const X509_ALGOR *alg = NULL;
	PKCS8_PRIV_KEY_INFO *p8;
	enum acsr_result result;

	X509_SIG_get0(sig, &alg, NULL);
	TRY(rounds_spend(&r->rounds, alg, e));
	p8 = PKCS12_decrypt_skey_ex(bag, r->pass, r->pass_len, r->libctx, NULL);
	if (p8 == NULL)
		return no_decryption(r, alg, e);
	result = add_key(r, p8, e);
	PKCS8_PRIV_KEY_INFO_free(p8);
	return result;
}

static enum acsr_result add_bags(
	struct reader *r, const STACK_OF(PKCS12_SAFEBAG) * bags, unsigned depth, struct acsr_err *e)
{
	for (int i = 0; i < sk_PKCS12_SAFEBAG_num(bags); i++) {
		PKCS12_SAFEBAG *bag = sk_PKCS12_SAFEBAG_value(bags, i);

		switch (PKCS12_SAFEBAG_get_nid(bag)) {
		case NID_keyBag:
			TRY(add_key(r, PKCS12_SAFEBAG_get0_p8inf(bag), e));
			break;
		case NID_pkcs8ShroudedKeyBag:
			TRY(add_locked_key(r, bag, e));
			break;
		case NID_certBag:
			if (PKCS12_SAFEBAG_get_bag_nid(bag) == NID_x509Certificate)
				TRY(add_cert(r, PKCS12_SAFEBAG_get1_cert(bag), e));
			break;
		case NID_safeContentsBag:
			if (depth < MAX_NESTING)
				TRY(add_bags(r, PKCS12_SAFEBAG_get0_safes(bag), depth + 1, e));
			break;
		default: /* CRLs and secrets */
			break;
		}
	}
	return ACSR_OK;
}

static enum acsr_result add_safe(struct reader *r, PKCS7 *p7, struct acsr_err *e)
{
	STACK_OF(PKCS12_SAFEBAG) *bags = NULL;
	enum acsr_result result;

	if (PKCS7_type_is_encrypted(p7)) {
		TRY(rounds_spend(&r->rounds, p7->d.encrypted->enc_data->algorithm, e));
		bags = PKCS12_unpack_p7encdata(p7, r->pass, r->pass_len);
	} else if (PKCS7_type_is_data(p7)) {
		bags = PKCS12_unpack_p7data(p7);
	} else {
		return err_set(e, "input.pkcs12",
			"a part of the PKCS#12 file is locked with a public key instead of a passphrase");
	}
	if (bags == NULL && PKCS7_type_is_encrypted(p7))
		return no_decryption(r, p7->d.encrypted->enc_data->algorithm, e);
	if (bags == NULL)
		return ossl_err(e, "input.pkcs12", "the PKCS#12 file is damaged");
	result = add_bags(r, bags, 0, e);
	sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
	return result;
}

static enum acsr_result add_all(struct reader *r, struct acsr_err *e)
{
	STACK_OF(PKCS7) *safes = PKCS12_unpack_authsafes(r->p12);
	enum acsr_result result = ACSR_OK;

	if (safes == NULL)
		return ossl_err(e, "input.pkcs12", "the PKCS#12 file is damaged");
	for (int i = 0; result == ACSR_OK && i < sk_PKCS7_num(safes); i++)
		result = add_safe(r, sk_PKCS7_value(safes, i), e);
	sk_PKCS7_pop_free(safes, PKCS7_free);
	return result;
}

/* The certificate of the first key goes to the front. */
static void put_leaf_first(struct acsr_pkcs12 *p)
{
	for (size_t i = 0; p->n_keys > 0 && i < p->n_certs; i++) {
		struct acsr_cert_view *v = NULL;
		struct acsr_blob leaf = p->certs[i];
		bool same = acsr_cert_parse(&v, leaf.p, leaf.len, NULL) == ACSR_OK && v->key != NULL &&
			    acsr_key_same(v->key, p->keys[0]);

		acsr_cert_view_free(v);
		if (!same)
			continue;
		memmove(&p->certs[1], &p->certs[0], i * sizeof(leaf));
		p->certs[0] = leaf;
		return;
	}
}

enum acsr_result acsr_pkcs12_read(struct acsr_pkcs12 **out, const uint8_t *p, size_t len,
	const struct acsr_secret *passphrase, struct acsr_err *e)
{
	struct reader r = { .out = calloc(1, sizeof(*r.out)), .rounds = { ROUNDS_MAX } };
	enum acsr_result result;

	if (r.out == NULL)
		return err_nomem(e);
	load_old_ciphers(&r);
	result = parse(&r, p, len, e);
	if (result == ACSR_OK)
		result = unlock(&r, passphrase, e);
	if (result == ACSR_OK)
		result = add_all(&r, e);
	if (result == ACSR_OK) {
		put_leaf_first(r.out);
		*out = r.out;
		r.out = NULL;
	}
	reader_free(&r);
	return result;
}
