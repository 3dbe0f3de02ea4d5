/* A key of a PKCS#11 token as struct acsr_key: its public part, and signing where it lies. */
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "der.h"
#include "sign.h"
#include "token_int.h"

enum { SPKI_ROOM = 3000, SIGNATURE_ROOM = 2048 };

static const uint8_t oid_rsa[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01 };
static const uint8_t oid_ec[] = { 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01 };
static const uint8_t oid_ed25519[] = { 0x2b, 0x65, 0x70 };
static const uint8_t oid_ed448[] = { 0x2b, 0x65, 0x71 };

/* --- the public part --- */

/* SubjectPublicKeyInfo around what `w` holds since the start: the key itself. */
static enum acsr_result finish_spki(struct der_out *w, const uint8_t *oid, size_t oid_len, const void *params,
	size_t params_len, struct acsr_key **out, struct acsr_err *e)
{
	size_t end;

	der_put(w, "", 1); /* no unused bits */
	der_wrap(w, DER_BIT_STRING, w->cap);
	end = w->pos;
	der_put(w, params, params_len);
	der_put_tlv(w, DER_OID, oid, oid_len);
	der_wrap(w, DER_SEQUENCE, end);
	der_wrap(w, DER_SEQUENCE, w->cap);
	if (w->failed)
		return err_set(e, "token.public", "the token's public key is too large");
	return acsr_key_load_spki(out, w->p + w->pos, w->cap - w->pos, e);
}

static enum acsr_result rsa_public(
	struct token *t, CK_OBJECT_HANDLE o, struct acsr_key **out, struct acsr_err *e)
{
	static const uint8_t null[] = { DER_NULL, 0 };
	ACSR_CLEANUP_BLOB struct acsr_blob n = { 0 }, exponent = { 0 };
	uint8_t room[SPKI_ROOM];
	struct der_out w;

	TRY(token_attribute(t, o, CKA_MODULUS, &n, e));
	TRY(token_attribute(t, o, CKA_PUBLIC_EXPONENT, &exponent, e));
	der_out_init(&w, room, sizeof(room));
	der_put_uint(&w, exponent.p, exponent.len);
	der_put_uint(&w, n.p, n.len);
	der_wrap(&w, DER_SEQUENCE, w.cap);
	return finish_spki(&w, oid_rsa, sizeof(oid_rsa), null, sizeof(null), out, e);
}

/* CKA_EC_POINT is the point inside an OCTET STRING; some tokens leave the wrapping out. */
static struct bytes bare_point(const struct acsr_blob *point)
{
	struct bytes in = { point->p, point->len };
	struct der_tlv t;

	if (der_expect(&in, DER_OCTET_STRING, &t, "token", NULL) == ACSR_OK && in.len == 0)
		return t.body;
	return (struct bytes){ point->p, point->len };
}

static enum acsr_result ec_public(
	struct token *t, CK_OBJECT_HANDLE o, bool edwards, struct acsr_key **out, struct acsr_err *e)
{
	ACSR_CLEANUP_BLOB struct acsr_blob params = { 0 }, point = { 0 };
	uint8_t room[SPKI_ROOM];
	struct der_out w;
	struct bytes q;

	TRY(token_attribute(t, o, CKA_EC_POINT, &point, e));
	TRY(token_attribute(t, o, CKA_EC_PARAMS, &params, e));
	q = bare_point(&point);
	der_out_init(&w, room, sizeof(room));
	der_put(&w, q.p, q.len);
	if (!edwards)
		return finish_spki(&w, oid_ec, sizeof(oid_ec), params.p, params.len, out, e);
	return finish_spki(&w, q.len == 32 ? oid_ed25519 : oid_ed448, 3, "", 0, out, e);
}

static enum acsr_result from_object(
	struct token *t, CK_OBJECT_HANDLE o, CK_KEY_TYPE type, struct acsr_key **out, struct acsr_err *e)
{
	if (type == CKK_RSA)
		return rsa_public(t, o, out, e);
	if (type == CKK_EC || type == CKK_EC_EDWARDS)
		return ec_public(t, o, type == CKK_EC_EDWARDS, out, e);
	return err_set(e, "token.type", "the token's key is neither RSA nor on an elliptic curve");
}

static enum acsr_result from_certificate(
	struct token *t, CK_OBJECT_HANDLE o, struct acsr_key **out, struct acsr_err *e)
{
	ACSR_CLEANUP_BLOB struct acsr_blob der = { 0 };
	OSSL_AUTO(ossl_free_x509) X509 *x = NULL;
	const unsigned char *p;

	TRY(token_attribute(t, o, CKA_VALUE, &der, e));
	p = der.p;
	x = d2i_X509(NULL, &p, (long)der.len);
	if (x == NULL || X509_get0_pubkey(x) == NULL)
		return ossl_err(e, "token.public", "the certificate beside the key cannot be read");
	return acsr_key_wrap_evp(out, X509_get0_pubkey(x), e);
}

/* The private object first (RSA), then the public one with its id, then a certificate with its id. */
static enum acsr_result public_part(
	struct token *t, CK_KEY_TYPE type, struct acsr_key **out, struct acsr_err *e)
{
	CK_OBJECT_CLASS public_key = CKO_PUBLIC_KEY, certificate = CKO_CERTIFICATE;
	ACSR_CLEANUP_BLOB struct acsr_blob id = { 0 };
	CK_ATTRIBUTE match[2];
	CK_OBJECT_HANDLE o;
	size_t found = 0;

	if (from_object(t, t->private_key, type, out, e) == ACSR_OK)
		return ACSR_OK;
	TRY(token_attribute(t, t->private_key, CKA_ID, &id, e));
	match[0] = (CK_ATTRIBUTE){ CKA_CLASS, &public_key, sizeof(public_key) };
	match[1] = (CK_ATTRIBUTE){ CKA_ID, id.p, id.len };
	TRY(token_find(t, match, 2, &o, &found, e));
	if (found > 0)
		return from_object(t, o, type, out, e);
	match[0] = (CK_ATTRIBUTE){ CKA_CLASS, &certificate, sizeof(certificate) };
	TRY(token_find(t, match, 2, &o, &found, e));
	if (found > 0)
		return from_certificate(t, o, out, e);
	return err_set(e, "token.public",
		"the token holds the private key alone; put the public key or a certificate beside it, with "
		"the "
		"same id");
}

/* --- signing --- */

/* r and s side by side, as tokens answer, to the DER of X.509. */
static enum acsr_result ecdsa_der(const uint8_t *p, size_t n, struct acsr_blob *sig, struct acsr_err *e)
{
	ECDSA_SIG *s = ECDSA_SIG_new();
	BIGNUM *a = BN_bin2bn(p, (int)(n / 2), NULL), *b = BN_bin2bn(p + n / 2, (int)(n / 2), NULL);
	unsigned char *der = NULL;
	int len = -1;

	if (s != NULL && a != NULL && b != NULL && ECDSA_SIG_set0(s, a, b) == 1)
		a = b = NULL;
	if (a == NULL && s != NULL)
		len = i2d_ECDSA_SIG(s, &der);
	BN_free(a);
	BN_free(b);
	ECDSA_SIG_free(s);
	return ossl_take(sig, der, len, "cannot encode the signature", e);
}

/* DigestInfo (RFC 8017 9.2): what CKM_RSA_PKCS pads and signs. */
static enum acsr_result digest_info(
	const EVP_MD *md, const uint8_t *hash, unsigned n, struct acsr_blob *out, struct acsr_err *e)
{
	X509_SIG *s = X509_SIG_new();
	X509_ALGOR *alg = NULL;
	ASN1_OCTET_STRING *digest = NULL;
	unsigned char *der = NULL;
	int len = -1;

	if (s != NULL)
		X509_SIG_getm(s, &alg, &digest);
	if (s != NULL && X509_ALGOR_set0(alg, OBJ_nid2obj(EVP_MD_get_type(md)), V_ASN1_NULL, NULL) == 1 &&
		ASN1_OCTET_STRING_set(digest, hash, (int)n) == 1)
		len = i2d_X509_SIG(s, &der);
	X509_SIG_free(s);
	return ossl_take(out, der, len, "cannot encode the digest", e);
}

static enum acsr_result raw_sign(struct token *t, CK_MECHANISM_TYPE how, const uint8_t *p, size_t n,
	uint8_t *out, CK_ULONG *len, struct acsr_err *e)
{
	CK_MECHANISM m = { how, NULL, 0 };
	CK_RV rv = t->f->C_SignInit(t->session, &m, t->private_key);

	if (rv == CKR_OK && t->pin != NULL && t->always_authenticate)
		rv = t->f->C_Login(t->session, CKU_CONTEXT_SPECIFIC,
			(CK_UTF8CHAR *)(uintptr_t)acsr_secret_bytes(t->pin), acsr_secret_len(t->pin));
	if (rv == CKR_OK)
		rv = t->f->C_Sign(t->session, (CK_BYTE *)(uintptr_t)p, n, out, len);
	return rv == CKR_OK ? ACSR_OK : token_failed(e, "sign", rv);
}

static enum acsr_result sign(void *held, const struct acsr_key *k, const EVP_MD *md, const void *msg,
	size_t len, struct acsr_blob *sig, struct acsr_err *e)
{
	ACSR_CLEANUP_BLOB struct acsr_blob info = { 0 };
	uint8_t hash[EVP_MAX_MD_SIZE], out[SIGNATURE_ROOM];
	CK_ULONG n = sizeof(out);
	unsigned size = 0;

	if (md != NULL && EVP_Digest(msg, len, hash, &size, md, NULL) != 1)
		return ossl_err(e, "sys.openssl", "cannot hash");
	if (k->alg == ACSR_KEY_EC) {
		TRY(raw_sign(held, CKM_ECDSA, hash, size, out, &n, e));
		return ecdsa_der(out, n, sig, e);
	}
	if (k->alg == ACSR_KEY_RSA) {
		TRY(digest_info(md, hash, size, &info, e));
		TRY(raw_sign(held, CKM_RSA_PKCS, info.p, info.len, out, &n, e));
	} else {
		TRY(raw_sign(held, CKM_EDDSA, msg, len, out, &n, e));
	}
	return acsr_blob_copy(sig, out, n, e);
}

const struct key_holder token_holder = { sign, token_free };

/* --- finding the key --- */

static enum acsr_result find_private(struct token *t, struct acsr_err *e)
{
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_ATTRIBUTE match[3] = { { CKA_CLASS, &class, sizeof(class) } }, *a;
	CK_ULONG n = 1;
	size_t found = 0;

	if ((a = p11_kit_uri_get_attribute(t->uri, CKA_LABEL)) != NULL)
		match[n++] = *a;
	if ((a = p11_kit_uri_get_attribute(t->uri, CKA_ID)) != NULL)
		match[n++] = *a;
	TRY(token_find(t, match, n, &t->private_key, &found, e));
	if (found == 0)
		return err_set(e, "token.object",
			"there is no private key of that name on the token; look at what is there with: "
			"p11tool "
			"--list-privkeys --login");
	return found == 1 ? ACSR_OK
			  : err_set(e, "token.several",
				    "several private keys on the token fit; name one by its object= or id=");
}

enum acsr_result token_hold(struct token *t, struct acsr_key **out, struct acsr_err *e)
{
	CK_KEY_TYPE type = 0;
	CK_BBOOL always = CK_FALSE;
	CK_ATTRIBUTE want = { CKA_KEY_TYPE, &type, sizeof(type) };
	CK_ATTRIBUTE ask = { CKA_ALWAYS_AUTHENTICATE, &always, sizeof(always) };
	CK_RV rv = t->f->C_GetAttributeValue(t->session, t->private_key, &want, 1);
	struct acsr_key *k;

	if (rv != CKR_OK)
		return token_failed(e, "describe the key", rv);
	t->always_authenticate =
		t->f->C_GetAttributeValue(t->session, t->private_key, &ask, 1) == CKR_OK && always == CK_TRUE;
	TRY(public_part(t, type, &k, e));
	k->holder = &token_holder;
	k->held = t;
	*out = k;
	return ACSR_OK;
}

enum acsr_result acsr_token_key(struct acsr_key **out, const char *uri, const char *module,
	const struct acsr_secret *pin, struct acsr_err *e)
{
	struct token *t;

	TRY(token_open(&t, uri, module, false, pin, e));
	if (find_private(t, e) == ACSR_OK && token_hold(t, out, e) == ACSR_OK)
		return ACSR_OK;
	token_free(t);
	return ACSR_FAIL;
}
