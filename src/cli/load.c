/* Reading CSRs, certificates, keys and bundles. */
#include "cli/load.h"

#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/pkcs7.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/str.h"
#include "cli/files.h"
#include "cli/term.h"

void load_certs_free(struct load_certs *l)
{
	acsr_certs_free(l->v, l->n);
	*l = (struct load_certs){ NULL, 0 };
}

enum acsr_result load_csr(
	const char *path, struct acsr_csr_view **view, struct acsr_blob *der, struct acsr_err *e)
{
	CLEANUP_BUF struct buf b = { 0 };
	ACSR_CLEANUP_BLOB struct acsr_blob d = { NULL, 0 };

	buf_init(&b, LOAD_MAX);
	TRY(file_get(&b, path, LOAD_MAX, e));
	TRY(acsr_input_csr(b.p, b.len, &d, e));
	TRY(acsr_csr_parse(view, d.p, d.len, e));
	if (der != NULL) {
		*der = d;
		d = (struct acsr_blob){ NULL, 0 };
	}
	return ACSR_OK;
}

enum acsr_result load_certs_add(struct load_certs *l, const uint8_t *p, size_t n, struct acsr_err *e)
{
	struct acsr_blob *v = realloc(l->v, (l->n + 1) * sizeof(*v));

	if (v == NULL)
		return err_nomem(e);
	l->v = v;
	TRY(acsr_blob_copy(&v[l->n], p, n, e));
	l->n++;
	return ACSR_OK;
}

static enum acsr_result append_x509(struct load_certs *l, X509 *x, struct acsr_err *e)
{
	uint8_t *der = NULL;
	int n = i2d_X509(x, &der);
	enum acsr_result r;

	if (n <= 0)
		return err_set(e, "cert.parse", "a certificate in the bundle cannot be encoded");
	r = load_certs_add(l, der, (size_t)n, e);
	OPENSSL_free(der);
	return r;
}

static enum acsr_result append_stack(struct load_certs *l, const STACK_OF(X509) * s, struct acsr_err *e)
{
	if (sk_X509_num(s) > 64)
		return err_set(e, "input.several", "more than 64 certificates in one bundle");
	for (int i = 0; i < sk_X509_num(s); i++)
		TRY(append_x509(l, sk_X509_value(s, i), e));
	return ACSR_OK;
}

static PKCS7 *read_pkcs7(const uint8_t *p, size_t n)
{
	const unsigned char *at = p;
	PKCS7 *p7;
	BIO *bio;

	if (n > 0 && p[0] == 0x30)
		return d2i_PKCS7(NULL, &at, (long)n);
	bio = BIO_new_mem_buf(p, (int)n);
	p7 = bio != NULL ? PEM_read_bio_PKCS7(bio, NULL, NULL, NULL) : NULL;
	BIO_free(bio);
	return p7;
}

/* The certificates of a signed-data PKCS#7; *is says whether it was one. */
static enum acsr_result from_pkcs7(struct load_certs *l, const struct buf *b, bool *is, struct acsr_err *e)
{
	PKCS7 *p7 = read_pkcs7(b->p, b->len);
	enum acsr_result r = ACSR_OK;

	ERR_clear_error();
	*is = p7 != NULL && PKCS7_type_is_signed(p7) && p7->d.sign != NULL;
	if (*is && p7->d.sign->cert != NULL)
		r = append_stack(l, p7->d.sign->cert, e);
	PKCS7_free(p7);
	return r;
}

static enum acsr_result certs_from(struct load_certs *l, const struct buf *b, struct acsr_err *e)
{
	struct acsr_blob *v = NULL;
	struct acsr_err first = { 0 };
	size_t n = 0;
	bool is_p7 = false;

	if (acsr_input_certs(b->p, b->len, &v, &n, &first) == ACSR_OK) {
		enum acsr_result r = ACSR_OK;

		for (size_t i = 0; i < n && r == ACSR_OK; i++)
			r = load_certs_add(l, v[i].p, v[i].len, e);
		acsr_certs_free(v, n);
		return r;
	}
	TRY(from_pkcs7(l, b, &is_p7, e));
	if (!is_p7) {
		if (e != NULL)
			*e = first;
		return ACSR_FAIL;
	}
	return ACSR_OK;
}

enum acsr_result load_certs(struct load_certs *l, const char *path, struct acsr_err *e)
{
	return load_bundle(l, NULL, path, NULL, e);
}

static enum acsr_result take_key(struct acsr_key **key, EVP_PKEY *pkey, struct acsr_err *e)
{
	if (key == NULL || pkey == NULL)
		return ACSR_OK;
	return acsr_key_wrap_evp(key, pkey, e);
}

static enum acsr_result parse_pkcs12(struct load_certs *l, struct acsr_key **key, PKCS12 *p12,
	const struct acsr_secret *passphrase, struct acsr_err *e)
{
	const char *pass = passphrase != NULL ? (const char *)acsr_secret_bytes(passphrase) : "";
	STACK_OF(X509) *others = NULL;
	EVP_PKEY *pkey = NULL;
	X509 *leaf = NULL;
	enum acsr_result r = ACSR_OK;

	if (PKCS12_verify_mac(p12, pass, -1) != 1) {
		ERR_clear_error();
		return passphrase == NULL
			       ? err_set(e, "input.passphrase",
					 "the PKCS#12 file needs a passphrase; give --passphrase-file")
			       : err_set(e, "match.passphrase",
					 "the passphrase does not open the PKCS#12 file (or its MAC "
					 "uses an algorithm that this OpenSSL lacks)");
	}
	if (PKCS12_parse(p12, pass, &pkey, &leaf, &others) != 1) {
		ERR_clear_error();
		return err_set(e, "openssl.unsupported",
			"the PKCS#12 file uses old encryption that this OpenSSL has switched off; make it "
			"again "
			"with modern algorithms");
	}
	if (leaf != NULL)
		r = append_x509(l, leaf, e);
	if (r == ACSR_OK && others != NULL)
		r = append_stack(l, others, e);
	if (r == ACSR_OK)
		r = take_key(key, pkey, e);
	EVP_PKEY_free(pkey);
	X509_free(leaf);
	sk_X509_pop_free(others, X509_free);
	return r;
}

enum acsr_result load_bundle(struct load_certs *l, struct acsr_key **key, const char *path,
	const struct acsr_secret *passphrase, struct acsr_err *e)
{
	CLEANUP_BUF struct buf b = { 0 };
	const unsigned char *at;
	enum acsr_result r;
	PKCS12 *p12;

	buf_init(&b, LOAD_MAX);
	TRY(file_get(&b, path, LOAD_MAX, e));
	at = b.p;
	p12 = b.p[0] == 0x30 ? d2i_PKCS12(NULL, &at, (long)b.len) : NULL;
	ERR_clear_error();
	r = p12 != NULL ? parse_pkcs12(l, key, p12, passphrase, e) : certs_from(l, &b, e);
	PKCS12_free(p12);
	TRY(r);
	if (l->n == 0)
		return err_set(e, "input.empty", "%s holds no certificate", path);
	return ACSR_OK;
}

enum acsr_result load_system_roots(struct load_certs *l, const char *path, struct acsr_err *e)
{
	BIO *bio = BIO_new_file(path, "r");
	enum acsr_result r = ACSR_OK;
	X509 *x;

	if (bio == NULL) {
		ERR_clear_error();
		return err_set(e, "input.open", "no --root is given and %s cannot be read", path);
	}
	while (r == ACSR_OK && (x = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL) {
		r = append_x509(l, x, e);
		X509_free(x);
	}
	ERR_clear_error();
	BIO_free(bio);
	return r;
}

enum acsr_result load_crl_der(struct acsr_blob *der, const uint8_t *p, size_t n, struct acsr_err *e)
{
	BIO *bio;
	X509_CRL *crl;
	uint8_t *out = NULL;
	int len;
	enum acsr_result r;

	if (p[0] == 0x30)
		return acsr_blob_copy(der, p, n, e);
	bio = BIO_new_mem_buf(p, (int)n);
	crl = bio != NULL ? PEM_read_bio_X509_CRL(bio, NULL, NULL, NULL) : NULL;
	len = crl != NULL ? i2d_X509_CRL(crl, &out) : 0;
	r = len > 0 ? acsr_blob_copy(der, out, (size_t)len, e)
		    : err_set(e, "cert.crl.parse", "the CRL cannot be read");
	ERR_clear_error();
	OPENSSL_free(out);
	X509_CRL_free(crl);
	BIO_free(bio);
	return r;
}

/* The passphrase for a key that turned out to be encrypted. */
static enum acsr_result passphrase(struct acsr_secret **out, const char *file, struct acsr_err *e)
{
	if (file != NULL)
		return file_get_secret(out, file, e);
	return term_ask_secret(out, "passphrase of the key: ", "--passphrase-file", e);
}

static enum acsr_result load_private(
	struct acsr_key **key, const struct buf *b, const char *passphrase_file, struct acsr_err *e)
{
	CLEANUP_SECRET struct acsr_secret *s = NULL;
	struct acsr_err first = { 0 };

	if (acsr_key_load_private(key, b->p, b->len, NULL, &first) == ACSR_OK)
		return ACSR_OK;
	if (!err_is(&first, "key.passphrase.needed")) {
		if (e != NULL)
			*e = first;
		return ACSR_FAIL;
	}
	TRY(passphrase(&s, passphrase_file, e));
	return acsr_key_load_private(key, b->p, b->len, s, e);
}

enum acsr_result load_private_key(
	struct acsr_key **key, const char *path, const char *passphrase_file, struct acsr_err *e)
{
	CLEANUP_BUF struct buf b = { 0 };

	buf_init(&b, LOAD_MAX);
	TRY(file_get(&b, path, LOAD_MAX, e));
	return load_private(key, &b, passphrase_file, e);
}

static enum acsr_result kind_of(const struct buf *b, const char *passphrase_file, enum acsr_object *kind,
	uint8_t spki[32], struct acsr_err *e)
{
	CLEANUP_SECRET struct acsr_secret *s = NULL;
	struct acsr_err first = { 0 };

	if (acsr_match_spki(b->p, b->len, NULL, kind, spki, &first) == ACSR_OK)
		return ACSR_OK;
	if (!err_is(&first, "key.passphrase.needed")) {
		if (e != NULL)
			*e = first;
		return ACSR_FAIL;
	}
	TRY(passphrase(&s, passphrase_file, e));
	return acsr_match_spki(b->p, b->len, s, kind, spki, e);
}

static enum acsr_result public_key(struct acsr_key **key, const struct buf *b, struct acsr_err *e)
{
	BIO *bio = BIO_new_mem_buf(b->p, (int)b->len);
	EVP_PKEY *pkey = NULL;
	enum acsr_result r;

	if (b->p[0] == 0x30)
		r = acsr_key_load_spki(key, b->p, b->len, e);
	else if (bio != NULL && (pkey = PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL)) != NULL)
		r = acsr_key_wrap_evp(key, pkey, e);
	else
		r = err_set(e, "key.parse", "the public key cannot be read");
	ERR_clear_error();
	EVP_PKEY_free(pkey);
	BIO_free(bio);
	return r;
}

static enum acsr_result key_of_csr(struct acsr_key **key, const struct buf *b, struct acsr_err *e)
{
	ACSR_CLEANUP_BLOB struct acsr_blob der = { NULL, 0 };
	struct acsr_csr_view *v = NULL;
	enum acsr_result r;

	TRY(acsr_input_csr(b->p, b->len, &der, e));
	TRY(acsr_csr_parse(&v, der.p, der.len, e));
	r = acsr_key_wrap_evp(key, acsr_key_evp(v->key), e);
	acsr_csr_view_free(v);
	return r;
}

/* Why there is no key in a certificate that is there. */
static enum acsr_result unreadable(const char *key_name, struct acsr_err *e)
{
	const struct acsr_key_type *t;

	if (acsr_key_type_find(&t, key_name, NULL) == ACSR_OK)
		TRY(acsr_key_type_require(t, e));
	return err_set(e, "key.parse", "a public key of type %s cannot be read", key_name);
}

static enum acsr_result key_of_cert(struct acsr_key **key, const struct buf *b, struct acsr_err *e)
{
	CLEANUP_CERTS struct load_certs l = { NULL, 0 };
	struct acsr_cert_view *v = NULL;
	enum acsr_result r;

	TRY(certs_from(&l, b, e));
	TRY(acsr_cert_parse(&v, l.v[0].p, l.v[0].len, e));
	if (v->key == NULL)
		r = unreadable(v->key_name, e);
	else
		r = acsr_key_wrap_evp(key, acsr_key_evp(v->key), e);
	acsr_cert_view_free(v);
	return r;
}

enum acsr_result load_any_key(struct acsr_key **key, enum acsr_object *kind, const char *path,
	const char *passphrase_file, struct acsr_err *e)
{
	CLEANUP_BUF struct buf b = { 0 };
	uint8_t spki[32];

	buf_init(&b, LOAD_MAX);
	TRY(file_get(&b, path, LOAD_MAX, e));
	TRY(kind_of(&b, passphrase_file, kind, spki, e));
	switch (*kind) {
	case ACSR_OBJECT_PRIVATE_KEY:
		return load_private(key, &b, passphrase_file, e);
	case ACSR_OBJECT_PUBLIC_KEY:
		return public_key(key, &b, e);
	case ACSR_OBJECT_CSR:
		return key_of_csr(key, &b, e);
	case ACSR_OBJECT_CERT:
		return key_of_cert(key, &b, e);
	}
	return err_set(e, "key.parse", "%s holds no key", path);
}
