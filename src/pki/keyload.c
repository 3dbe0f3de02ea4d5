/* Reading private keys in the forms that people have. */
#include <openssl/decoder.h>
#include <openssl/err.h>
#include <openssl/pkcs12.h>
#include <string.h>

#include "base/secret.h"
#include "base/str.h"
#include "key_int.h"
#include "jwkread.h"
#include "outline.h"
#include "pem.h"
#include "rounds.h"

#define MAX_PRIVATE ((size_t)64 * 1024)

struct asked {
	const struct acsr_secret *passphrase;
	bool yes;
};

static int give_passphrase(char *out, size_t cap, size_t *n, const OSSL_PARAM params[], void *arg)
{
	struct asked *a = arg;

	(void)params;
	a->yes = true;
	if (a->passphrase == NULL || acsr_secret_len(a->passphrase) > cap)
		return 0;
	memcpy(out, acsr_secret_bytes(a->passphrase), acsr_secret_len(a->passphrase));
	*n = acsr_secret_len(a->passphrase);
	return 1;
}

static EVP_PKEY *decode(const uint8_t *p, size_t len, struct asked *a)
{
	EVP_PKEY *pkey = NULL;
	OSSL_DECODER_CTX *ctx =
		OSSL_DECODER_CTX_new_for_pkey(&pkey, NULL, NULL, NULL, EVP_PKEY_KEYPAIR, NULL, NULL);

	if (ctx != NULL && OSSL_DECODER_CTX_set_passphrase_cb(ctx, give_passphrase, a) == 1)
		(void)OSSL_DECODER_from_data(ctx, &p, &len);
	OSSL_DECODER_CTX_free(ctx);
	return pkey;
}

/* An encrypted PKCS#8 that opens after all: then what is inside it is what could not be read. */
static const struct acsr_key_type *type_inside(const uint8_t *p, size_t len, const struct asked *a)
{
	X509_SIG *locked = d2i_X509_SIG(NULL, &p, (long)len);
	PKCS8_PRIV_KEY_INFO *info = NULL;
	const struct acsr_key_type *t = NULL;
	const ASN1_OBJECT *o;
	char oid[80];

	if (locked != NULL && a->passphrase != NULL)
		info = PKCS8_decrypt(locked, (const char *)acsr_secret_bytes(a->passphrase),
			(int)acsr_secret_len(a->passphrase));
	if (info != NULL && PKCS8_pkey_get0(&o, NULL, NULL, NULL, info) == 1) {
		ossl_oid(o, oid, sizeof(oid));
		t = key_type_by_oid(oid);
	}
	PKCS8_PRIV_KEY_INFO_free(info);
	X509_SIG_free(locked);
	return t;
}

/* The post-quantum type of a private key that OpenSSL could not read; NULL for all others. */
static const struct acsr_key_type *type_of(const uint8_t *p, size_t len, const struct asked *a)
{
	CLEANUP_BUF struct buf der = { 0 };
	const struct acsr_key_type *t;
	struct pem_block b;
	size_t pos = 0;

	buf_init(&der, MAX_PRIVATE);
	if (pem_next((struct bytes){ p, len }, &pos, &b)) {
		if (pem_decode(b.text, &der, NULL) != ACSR_OK)
			return NULL;
		p = der.p;
		len = der.len;
	}
	t = key_type_of_pkcs8(p, len);
	if (t == NULL)
		t = type_inside(p, len, a);
	wipe(der.p, der.len);
	ERR_clear_error();
	return t;
}

static enum acsr_result why(const uint8_t *p, size_t len, const struct asked *a, struct acsr_err *e)
{
	const struct acsr_key_type *t = type_of(p, len, a);

	ERR_clear_error();
	if (t != NULL) {
		TRY(acsr_key_type_require(t, e));
		return err_rule(e, "key.parse", NULL, t->alg == ACSR_KEY_ML_DSA ? "RFC 9881 6" : "RFC 9909 7",
			"this %s key is damaged, or its parts do not belong together", t->evp);
	}
	if (a->yes && a->passphrase == NULL)
		return err_set(
			e, "key.passphrase.needed", "the private key is encrypted; give its passphrase");
	if (a->yes)
		return err_set(e, "key.passphrase.wrong",
			"the passphrase does not fit, or the encrypted key is damaged");
	return err_set(e, "key.parse", "this is not a private key in PEM or DER that can be read");
}

/* Are the rounds few enough, whichever of the blocks OpenSSL will take? */
static enum acsr_result check_rounds(const uint8_t *p, size_t len, struct acsr_err *e)
{
	struct rounds left = { ROUNDS_MAX };
	struct bytes in = { p, len };
	struct pem_block b;
	bool any = false;

	for (size_t pos = 0; pem_next(in, &pos, &b); any = true) {
		CLEANUP_BUF struct buf der = { 0 };

		buf_init(&der, MAX_PRIVATE);
		if (str_starts(b.label, "ENCRYPTED") && pem_decode(b.text, &der, NULL) == ACSR_OK)
			TRY(rounds_spend_key(&left, der.p, der.len, e));
	}
	return any ? ACSR_OK : rounds_spend_key(&left, p, len, e);
}

/* From the BEGIN line of the private key on: "EC PARAMETERS" or a certificate often stands before it, and
 * OpenSSL's decoder takes the first block for the whole. */
static void skip_other_blocks(const uint8_t **p, size_t *len)
{
	struct bytes in = { *p, *len };
	struct pem_block b;
	size_t pos = 0;

	while (pem_next(in, &pos, &b)) {
		const uint8_t *begin = b.text.p - strlen("-----BEGIN -----") - strlen(b.label);

		if (!str_ends(b.label, "PRIVATE KEY"))
			continue;
		*len -= (size_t)(begin - *p);
		*p = begin;
		return;
	}
}

/* The first private key of a JWK Set, or the one JWK. */
static enum acsr_result load_jwk(struct acsr_key **out, struct bytes in, struct acsr_err *e)
{
	struct jwk_walk w = { .all = in };
	struct jwk_item item;

	while (jwk_next(&w, &item)) {
		if (item.kind == ACSR_INPUT_PRIVATE_KEY && item.err.id[0] != '\0') {
			if (e != NULL)
				*e = item.err;
			return ACSR_FAIL;
		}
		if (item.kind == ACSR_INPUT_PRIVATE_KEY) {
			*out = item.key;
			item.key = NULL;
			jwk_item_free(&item);
			return ACSR_OK;
		}
		jwk_item_free(&item);
	}
	return err_set(e, "key.parse", "there is no private key in this JWK");
}

enum acsr_result acsr_key_load_private(struct acsr_key **out, const uint8_t *p, size_t len,
	const struct acsr_secret *passphrase, struct acsr_err *e)
{
	struct asked a = { .passphrase = passphrase };
	KEY_AUTO struct acsr_key *k = NULL;
	EVP_PKEY *pkey;

	if (len == 0 || len > MAX_PRIVATE)
		return err_set(e, "key.parse", "a private key of %zu bytes; at most 65536 are read", len);
	if (jwk_looks((struct bytes){ p, len }))
		return load_jwk(out, (struct bytes){ p, len }, e);
	if (passphrase != NULL)
		TRY(check_rounds(p, len, e));
	skip_other_blocks(&p, &len);
	pkey = decode(p, len, &a);
	if (pkey == NULL)
		return why(p, len, &a, e);
	TRY(key_adopt(&k, pkey, e));
	if (!key_has_private(k))
		return err_set(e, "key.parse", "this is a public key; the private key is needed");
	ERR_clear_error();
	*out = k;
	k = NULL;
	return ACSR_OK;
}

enum acsr_result acsr_key_load_public(
	struct acsr_key **out, const uint8_t *der, size_t len, struct acsr_err *e)
{
	const unsigned char *p = der;
	const char *form = "";
	EVP_PKEY *pkey;

	if (len > 16 * 1024 || outline_kind((struct bytes){ der, len }, &form) != ACSR_INPUT_PUBLIC_KEY ||
		strcmp(form, "PKCS#1") != 0)
		return acsr_key_load_spki(out, der, len, e);
	pkey = d2i_PublicKey(EVP_PKEY_RSA, NULL, &p, (long)len);
	if (pkey == NULL)
		return ossl_err(e, "key.parse", "the public key cannot be read");
	if (p != der + len) {
		EVP_PKEY_free(pkey);
		return err_set(e, "key.parse", "there are bytes after the end of the public key");
	}
	return key_adopt(out, pkey, e);
}
