/* Signing with OpenSSL or with whoever holds the key. */
#include "sign.h"

#include <stdlib.h>

enum acsr_result sign_bytes(const struct acsr_key *key, const EVP_MD *md, const void *msg, size_t len,
	struct acsr_blob *sig, struct acsr_err *e)
{
	OSSL_AUTO(ossl_free_mdctx) EVP_MD_CTX *ctx = NULL;
	uint8_t *out;
	size_t n = 0;

	if (key->holder != NULL)
		return key->holder->sign(key->held, key, md, msg, len, sig, e);
	ctx = EVP_MD_CTX_new();
	if (ctx == NULL || EVP_DigestSignInit(ctx, NULL, md, NULL, key->pkey) != 1 ||
		EVP_DigestSign(ctx, NULL, &n, msg, len) != 1)
		return ossl_err(e, "sys.openssl", "cannot sign");
	out = malloc(n + 1);
	if (out == NULL)
		return err_nomem(e);
	if (EVP_DigestSign(ctx, out, &n, msg, len) != 1) {
		free(out);
		return ossl_err(e, "sys.openssl", "cannot sign");
	}
	out[n] = 0;
	*sig = (struct acsr_blob){ out, n };
	return ACSR_OK;
}

/* The AlgorithmIdentifier of RFC 5280 4.1.1.2: RSA has a NULL parameter, the others none. */
static enum acsr_result set_algorithm(
	X509_REQ *x, const struct acsr_key *key, const EVP_MD *md, struct acsr_err *e)
{
	int nid = EVP_PKEY_get_base_id(key->pkey);
	X509_ALGOR *alg = X509_ALGOR_new();
	bool ok;

	if (md != NULL && OBJ_find_sigid_by_algs(&nid, EVP_MD_get_type(md), nid) != 1)
		nid = NID_undef;
	ok = alg != NULL && nid != NID_undef &&
	     X509_ALGOR_set0(alg, OBJ_nid2obj(nid), key->alg == ACSR_KEY_RSA ? V_ASN1_NULL : V_ASN1_UNDEF,
		     NULL) == 1 &&
	     X509_REQ_set1_signature_algo(x, alg) == 1;
	X509_ALGOR_free(alg);
	return ok ? ACSR_OK : ossl_err(e, "sys.openssl", "cannot name the signature's algorithm");
}

static enum acsr_result sign_elsewhere(
	X509_REQ *x, const struct acsr_key *key, const EVP_MD *md, struct acsr_err *e)
{
	ACSR_CLEANUP_BLOB struct acsr_blob sig = { 0 };
	ASN1_BIT_STRING *bits;
	unsigned char *tbs = NULL;
	enum acsr_result r;
	int n;

	TRY(set_algorithm(x, key, md, e));
	n = i2d_re_X509_REQ_tbs(x, &tbs);
	if (n <= 0)
		return ossl_err(e, "sys.openssl", "cannot encode the CSR");
	r = sign_bytes(key, md, tbs, (size_t)n, &sig, e);
	OPENSSL_free(tbs);
	TRY(r);
	bits = ASN1_BIT_STRING_new();
	if (bits == NULL || ASN1_BIT_STRING_set(bits, sig.p, (int)sig.len) != 1) {
		ASN1_BIT_STRING_free(bits);
		return ossl_err(e, "sys.openssl", "cannot keep the signature");
	}
	bits->flags = (bits->flags & ~7L) | ASN1_STRING_FLAG_BITS_LEFT;
	X509_REQ_set0_signature(x, bits);
	return ACSR_OK;
}

enum acsr_result sign_req(X509_REQ *x, const struct acsr_key *key, const EVP_MD *md, struct acsr_err *e)
{
	if (key->holder != NULL)
		return sign_elsewhere(x, key, md, e);
	return X509_REQ_sign(x, key->pkey, md) > 0 ? ACSR_OK
						   : ossl_err(e, "sys.openssl", "cannot sign the CSR");
}
