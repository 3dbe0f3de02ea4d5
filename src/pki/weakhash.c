/* What the entries of weak lists are hashes of: a key, in the three forms that lists come in. */
#include <openssl/core_names.h>
#include <string.h>

#include "base/buf.h"
#include "key_int.h"
#include "weaklist_int.h"

#define MODULUS_MAX_BITS 16384 /* more is hashed by nobody */

static const struct {
	enum acsr_weak_form form;
	const char *name;
	size_t size;
} forms[] = {
	{ ACSR_WEAK_OPENSSL, "openssl", 10 },
	{ ACSR_WEAK_OPENSSH, "openssh", 10 },
	{ ACSR_WEAK_SPKI, "spki", 32 },
};
#define FORMS (sizeof(forms) / sizeof(forms[0]))

enum acsr_weak_form acsr_weak_form_of(const char *name)
{
	for (size_t i = 0; i < FORMS; i++)
		if (strcmp(forms[i].name, name) == 0)
			return forms[i].form;
	return 0;
}

const char *acsr_weak_form_name(enum acsr_weak_form f)
{
	for (size_t i = 0; i < FORMS; i++)
		if (forms[i].form == f)
			return forms[i].name;
	return "?";
}

size_t weak_form_size(enum acsr_weak_form f)
{
	for (size_t i = 0; i < FORMS; i++)
		if (forms[i].form == f)
			return forms[i].size;
	return 0;
}

static enum acsr_result rsa_number(
	const struct acsr_key *k, const char *name, BIGNUM **out, struct acsr_err *e)
{
	if (EVP_PKEY_get_bn_param(k->pkey, name, out) != 1)
		return ossl_err(e, "key.parse", "the RSA key's numbers cannot be read");
	return ACSR_OK;
}

uint64_t weak_exponent(const struct acsr_key *k)
{
	OSSL_AUTO(ossl_free_bn) BIGNUM *ex = NULL;

	if (k->alg != ACSR_KEY_RSA || rsa_number(k, OSSL_PKEY_PARAM_RSA_E, &ex, NULL) != ACSR_OK ||
		BN_num_bits(ex) > 64)
		return 0;
	return BN_get_word(ex);
}

/* The last `keep` bytes of a digest. */
static enum acsr_result digest_tail(
	const char *md, const void *p, size_t n, uint8_t *out, size_t keep, struct acsr_err *e)
{
	uint8_t hash[EVP_MAX_MD_SIZE];
	size_t len = 0;

	if (EVP_Q_digest(NULL, md, NULL, p, n, hash, &len) != 1 || len < keep)
		return ossl_err(e, "openssl.unsupported", "a hash of the weak list is not to be had");
	memcpy(out, hash + len - keep, keep);
	return ACSR_OK;
}

/* As "openssl rsa -modulus" prints it: upper case, no zero in front. */
static enum acsr_result hash_openssl(const BIGNUM *n, uint8_t *out, struct acsr_err *e)
{
	CLEANUP_BUF struct buf b = { 0 };
	char *hex = BN_bn2hex(n);
	enum acsr_result r;

	buf_init(&b, MODULUS_MAX_BITS / 4 + 64);
	if (hex == NULL)
		return err_nomem(e);
	r = buf_printf(&b, e, "Modulus=%s\n", hex[0] == '0' && hex[1] != '\0' ? hex + 1 : hex);
	OPENSSL_free(hex);
	TRY(r);
	return digest_tail("SHA1", b.p, b.len, out, 10, e);
}

/* RFC 4253 6.6: string "ssh-rsa", mpint e, mpint n. */
static enum acsr_result put_mpint(struct buf *b, const BIGNUM *v, struct acsr_err *e)
{
	uint8_t raw[MODULUS_MAX_BITS / 8 + 1] = { 0 };
	int n = BN_num_bytes(v), sign = BN_num_bits(v) % 8 == 0 && !BN_is_zero(v);

	if (n >= (int)sizeof(raw))
		return err_set(e, "key.parse", "the RSA key is too large");
	BN_bn2bin(v, raw + sign);
	TRY(buf_put_u32(b, (uint32_t)(n + sign), e));
	return buf_put(b, raw, (size_t)(n + sign), e);
}

static enum acsr_result hash_openssh(
	const BIGNUM *n, const struct acsr_key *k, uint8_t *out, struct acsr_err *e)
{
	OSSL_AUTO(ossl_free_bn) BIGNUM *ex = NULL;
	CLEANUP_BUF struct buf b = { 0 };

	buf_init(&b, MODULUS_MAX_BITS / 4 + 64);
	TRY(rsa_number(k, OSSL_PKEY_PARAM_RSA_E, &ex, e));
	TRY(buf_put_u32(&b, 7, e));
	TRY(buf_putstr(&b, "ssh-rsa", e));
	TRY(put_mpint(&b, ex, e));
	TRY(put_mpint(&b, n, e));
	return digest_tail("MD5", b.p, b.len, out, 10, e);
}

enum acsr_result weak_hash(enum acsr_weak_form form, const struct acsr_key *k, uint8_t out[WEAK_WIDTH_MAX],
	size_t *n, struct acsr_err *e)
{
	OSSL_AUTO(ossl_free_bn) BIGNUM *modulus = NULL;

	*n = 0;
	if (form == ACSR_WEAK_SPKI) {
		TRY(acsr_key_spki_sha256(k, out, e));
	} else {
		if (k->alg != ACSR_KEY_RSA || k->bits > MODULUS_MAX_BITS)
			return ACSR_OK;
		TRY(rsa_number(k, OSSL_PKEY_PARAM_RSA_N, &modulus, e));
		TRY(form == ACSR_WEAK_OPENSSL ? hash_openssl(modulus, out, e)
					      : hash_openssh(modulus, k, out, e));
	}
	*n = weak_form_size(form);
	return ACSR_OK;
}
