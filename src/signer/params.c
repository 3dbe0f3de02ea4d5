/* SHA-256 over fields with their lengths, so that no two lists of fields give the same bytes. */
#include "params.h"

#include <openssl/evp.h>
#include <string.h>

static bool put_bytes(EVP_MD_CTX *md, const void *p, size_t n)
{
	uint8_t len[8];

	for (size_t i = 0; i < sizeof(len); i++)
		len[i] = (uint8_t)(n >> (8 * (sizeof(len) - 1 - i)));
	return EVP_DigestUpdate(md, len, sizeof(len)) == 1 && EVP_DigestUpdate(md, p, n) == 1;
}

static bool put_text(EVP_MD_CTX *md, const char *s)
{
	return put_bytes(md, s, strlen(s));
}

static bool put_number(EVP_MD_CTX *md, uint64_t n)
{
	uint8_t v[8];

	for (size_t i = 0; i < sizeof(v); i++)
		v[i] = (uint8_t)(n >> (8 * (sizeof(v) - 1 - i)));
	return EVP_DigestUpdate(md, v, sizeof(v)) == 1;
}

static bool put_list(EVP_MD_CTX *md, const struct strv *l)
{
	bool ok = put_number(md, l->n);

	for (size_t i = 0; i < l->n; i++)
		ok = ok && put_text(md, l->v[i]);
	return ok;
}

static enum acsr_result finish(EVP_MD_CTX *md, bool ok, uint8_t out[32], struct acsr_err *e)
{
	ok = ok && EVP_DigestFinal_ex(md, out, NULL) == 1;
	EVP_MD_CTX_free(md);
	return ok ? ACSR_OK : err_set(e, "sys.openssl", "cannot hash a request");
}

enum acsr_result params_of_certificate(
	const struct issuance *i, const struct strv *subject, uint8_t out[32], struct acsr_err *e)
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	bool ok = md != NULL && EVP_DigestInit_ex2(md, EVP_sha256(), NULL) == 1 &&
		  put_text(md, "certificate") && put_bytes(md, i->serial.v, i->serial.len) &&
		  put_text(md, i->issuer) && put_text(md, i->profile) && put_text(md, i->reference) &&
		  put_bytes(md, i->spki_sha256, 32) && put_number(md, (uint64_t)i->not_before) &&
		  put_number(md, (uint64_t)i->not_after) && put_list(md, i->names) && put_list(md, subject);

	return finish(md, ok, out, e);
}

enum acsr_result params_of_crl(
	const struct crl_issuance *i, const struct strv *entries, uint8_t out[32], struct acsr_err *e)
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	bool ok = md != NULL && EVP_DigestInit_ex2(md, EVP_sha256(), NULL) == 1 && put_text(md, "crl") &&
		  put_text(md, i->issuer) && put_number(md, i->number) &&
		  put_number(md, (uint64_t)i->this_update) && put_number(md, (uint64_t)i->next_update) &&
		  put_list(md, entries);

	return finish(md, ok, out, e);
}
