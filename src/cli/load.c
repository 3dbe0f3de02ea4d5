/* Reading CSRs, certificates, keys and bundles. */
#include "cli/load.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

#include "autocsr/contents.h"
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

static enum acsr_result take_kind(struct load_certs *l, const struct acsr_contents *all,
	enum acsr_input_kind kind, enum acsr_input_kind *other, struct acsr_err *e)
{
	for (size_t i = 0; i < all->n; i++) {
		const struct acsr_content *c = &all->v[i];

		if (c->err.id[0] != '\0' && (c->kind == kind || all->n == 1)) {
			if (e != NULL)
				*e = c->err;
			return ACSR_FAIL;
		}
		if (c->kind == kind)
			TRY(load_certs_add(l, c->der.p, c->der.len, e));
		else
			*other = c->kind;
	}
	return ACSR_OK;
}

/* Everything of one kind in the file; at least one. */
static enum acsr_result load_kind(struct load_certs *l, const char *path, enum acsr_input_kind kind,
	size_t max, const char *wanted, struct acsr_err *e)
{
	CLEANUP_BUF struct buf b = { 0 };
	struct acsr_contents all = { NULL, 0 };
	enum acsr_input_kind other = ACSR_INPUT_UNKNOWN;
	size_t before = l->n;
	enum acsr_result r;

	buf_init(&b, max);
	TRY(file_get(&b, path, max, e));
	r = acsr_contents_read(&all, b.p, b.len, NULL, e);
	if (r == ACSR_OK)
		r = take_kind(l, &all, kind, &other, e);
	acsr_contents_free(&all);
	TRY(r);
	return l->n > before ? ACSR_OK : acsr_input_wrong(other, wanted, e);
}

enum acsr_result load_certs(struct load_certs *l, const char *path, struct acsr_err *e)
{
	return load_kind(l, path, ACSR_INPUT_CERT, LOAD_MAX, "a certificate", e);
}

enum acsr_result load_crls(struct load_certs *l, const char *path, struct acsr_err *e)
{
	return load_kind(l, path, ACSR_INPUT_CRL, ACSR_INPUT_MAX, "a CRL", e);
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
