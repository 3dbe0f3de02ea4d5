/* Reading for `cert convert`, and making one document. */
#include "cli/convert.h"

#include <stdlib.h>
#include <string.h>

#include "autocsr/bundle.h"
#include "autocsr/cert.h"
#include "autocsr/csr.h"
#include "autocsr/jwk.h"
#include "autocsr/pkcs12.h"
#include "base/str.h"
#include "cli/files.h"
#include "cli/say.h"
#include "cli/term.h"

void convert_free(struct convert *v)
{
	file_set_end(&v->files);
	load_certs_free(&v->certs);
	load_certs_free(&v->chain);
	acsr_key_free(v->key);
	acsr_key_free(v->public);
	acsr_blob_free(&v->csr);
	acsr_secret_free(v->pass);
	acsr_secret_free(v->key_pass);
}

/* --- reading --- */

static enum acsr_result take_csr(struct convert *v, struct acsr_content *c, struct acsr_err *e)
{
	struct acsr_csr_view *view = NULL;
	enum acsr_result r;

	if (v->csr.len > 0)
		return ACSR_OK;
	TRY(acsr_csr_parse(&view, c->der.p, c->der.len, e));
	r = v->public == NULL ? acsr_key_wrap_evp(&v->public, acsr_key_evp(view->key), e) : ACSR_OK;
	acsr_csr_view_free(view);
	v->csr = c->der;
	c->der = (struct acsr_blob){ NULL, 0 };
	return r;
}

/* The first key, and every certificate. */
static enum acsr_result take(struct convert *v, struct acsr_content *c, const char *path, struct acsr_err *e)
{
	struct acsr_key **key = c->kind == ACSR_INPUT_PRIVATE_KEY ? &v->key : &v->public;

	if (c->err.id[0] != '\0') {
		*e = c->err;
		err_at(e, "%s", path);
		return ACSR_FAIL;
	}
	if (c->kind == ACSR_INPUT_CERT)
		return load_certs_add(&v->certs, c->der.p, c->der.len, e);
	if (c->kind == ACSR_INPUT_CSR)
		return take_csr(v, c, e);
	if (c->key != NULL && *key == NULL) {
		*key = c->key;
		c->key = NULL;
	}
	return ACSR_OK;
}

static bool is_locked(const struct acsr_contents *all, const char *id)
{
	for (size_t i = 0; i < all->n; i++)
		if (err_is(&all->v[i].err, id))
			return true;
	return false;
}

static enum acsr_result take_all(
	struct convert *v, struct acsr_contents *all, const char *path, struct acsr_err *e)
{
	if (all->n == 0)
		return err_set(e, "input.unknown", "%s holds no key, CSR or certificate", path);
	for (size_t i = 0; i < all->n; i++)
		TRY(take(v, &all->v[i], path, e));
	return ACSR_OK;
}

/* A key's passphrase may be asked for; that of a PKCS#12 file comes from a file, for it is often empty. */
static enum acsr_result read_one(
	struct convert *v, const char *path, struct acsr_secret **passphrase, struct acsr_err *e)
{
	CLEANUP_BUF struct buf b = { 0 };
	struct acsr_contents all = { NULL, 0 };
	enum acsr_result r;

	buf_init(&b, ACSR_INPUT_MAX);
	TRY(file_get(&b, path, ACSR_INPUT_MAX, e));
	r = acsr_contents_read(&all, b.p, b.len, *passphrase, e);
	if (r == ACSR_OK && *passphrase == NULL && is_locked(&all, "key.passphrase.needed")) {
		acsr_contents_free(&all);
		r = term_ask_secret(passphrase, "passphrase of the key: ", "--key-passphrase-file", e);
		if (r == ACSR_OK)
			r = acsr_contents_read(&all, b.p, b.len, *passphrase, e);
	}
	if (r == ACSR_OK)
		r = take_all(v, &all, path, e);
	acsr_contents_free(&all);
	return r;
}

static enum acsr_result order(struct convert *v, struct acsr_err *e)
{
	size_t *index = NULL, n = 0;
	enum acsr_result r = ACSR_OK;

	if (v->certs.n == 0)
		return ACSR_OK;
	TRY(acsr_bundle_order(v->certs.v, v->certs.n, v->key, &index, &n, e));
	for (size_t i = 0; r == ACSR_OK && i < n; i++)
		r = load_certs_add(&v->chain, v->certs.v[index[i]].p, v->certs.v[index[i]].len, e);
	free(index);
	return r;
}

/* What a post-quantum key is written as. PKCS#12 is OpenSSL's to write, and that has one form. */
static enum acsr_result set_form(struct convert *v, struct acsr_err *e)
{
	const char *name = args_one(v->a, "pq-form");
	enum acsr_pq_form form;

	if (name == NULL)
		return ACSR_OK;
	TRY(acsr_pq_form_find(&form, name, e));
	if (v->key == NULL)
		return err_set(e, "usage.key", "--pq-form needs the private key: --key FILE");
	if (args_one(v->a, "keyout") == NULL && v->to != NULL && strcmp(v->to, "p12") == 0)
		return err_set(e, "usage.key",
			"--pq-form is for PKCS#8; PKCS#12 holds the seed and the expanded key");
	return acsr_key_set_pq_form(v->key, form, e);
}

enum acsr_result convert_read(struct convert *v, struct acsr_err *e)
{
	const char *pass_file = args_one(v->a, "passphrase-file"), *path;
	const char *key_pass_file = args_one(v->a, "key-passphrase-file");

	if (pass_file != NULL)
		TRY(file_get_secret(&v->pass, pass_file, e));
	if (key_pass_file != NULL)
		TRY(file_get_secret(&v->key_pass, key_pass_file, e));
	if ((path = args_one(v->a, "key")) != NULL)
		TRY(read_one(v, path, v->key_pass != NULL ? &v->key_pass : &v->pass, e));
	for (size_t i = 0; i < v->a->n_words; i++)
		TRY(read_one(v, v->a->words[i],
			v->pass == NULL && v->key_pass != NULL ? &v->key_pass : &v->pass, e));
	for (size_t i = 0; (path = args_many(v->a, "chain", i)) != NULL; i++)
		TRY(read_one(v, path, &v->pass, e));
	TRY(set_form(v, e));
	return order(v, e);
}

/* --- making --- */

static enum acsr_result need_certs(const struct convert *v, struct acsr_err *e)
{
	return v->chain.n > 0 ? ACSR_OK
			      : err_set(e, "input.no-certificate", "there is no certificate to convert");
}

static enum acsr_result need_key(const struct convert *v, struct acsr_err *e)
{
	return v->key != NULL ? ACSR_OK : err_set(e, "usage.key", "this needs the private key: --key FILE");
}

/* The key of whatever there is. *own is set when it must be freed. */
static enum acsr_result any_key(
	const struct convert *v, const struct acsr_key **key, struct acsr_key **own, struct acsr_err *e)
{
	struct acsr_cert_view *view = NULL;
	enum acsr_result r;

	*key = v->key != NULL ? v->key : v->public;
	if (*key != NULL)
		return ACSR_OK;
	TRY(need_certs(v, e));
	TRY(acsr_cert_parse(&view, v->chain.v[0].p, v->chain.v[0].len, e));
	r = acsr_key_load_spki(own, view->spki.p, view->spki.len, e);
	acsr_cert_view_free(view);
	*key = *own;
	return r;
}

static enum acsr_result bundle(
	const struct convert *v, const char *to, struct acsr_blob *out, struct acsr_err *e)
{
	enum acsr_format format;

	if (v->chain.n == 0 && v->csr.len > 0 && strcmp(to, "der") == 0)
		return acsr_blob_copy(out, v->csr.p, v->csr.len, e);
	TRY(acsr_format_find(&format, to, e));
	TRY(need_certs(v, e));
	return acsr_bundle(format, &v->chain.v[0], v->chain.v + 1, v->chain.n - 1, out, e);
}

/* Every certificate as it came, roots too; else the CSR. */
static enum acsr_result all_pem(const struct convert *v, struct acsr_blob *out, struct acsr_err *e)
{
	CLEANUP_BUF struct buf b = { 0 };

	if (v->certs.n == 0 && v->csr.len > 0)
		return acsr_csr_pem(v->csr.p, v->csr.len, out, e);
	TRY(need_certs(v, e));
	buf_init(&b, ACSR_INPUT_MAX);
	for (size_t i = 0; i < v->certs.n; i++) {
		ACSR_CLEANUP_BLOB struct acsr_blob pem = { NULL, 0 };

		TRY(acsr_cert_pem(v->certs.v[i].p, v->certs.v[i].len, &pem, e));
		TRY(buf_put(&b, pem.p, pem.len, e));
	}
	return acsr_blob_copy(out, b.p, b.len, e);
}

static enum acsr_result public_key(
	const struct convert *v, const char *to, struct acsr_blob *out, struct acsr_err *e)
{
	struct acsr_key *own = NULL;
	const struct acsr_key *key = NULL;
	enum acsr_result r = any_key(v, &key, &own, e);

	if (r == ACSR_OK && strcmp(to, "jwk") == 0)
		r = acsr_jwk_public(key, v->chain.v, v->chain.n, out, e);
	else if (r == ACSR_OK && strcmp(to, "spki-der") == 0)
		r = acsr_key_spki(key, out, e);
	else if (r == ACSR_OK)
		r = acsr_key_spki_pem(key, out, e);
	acsr_key_free(own);
	return r;
}

static enum acsr_result private_key(const struct convert *v, const char *to, struct acsr_blob *open,
	struct acsr_secret **locked, struct acsr_err *e)
{
	bool pem = strcmp(to, "pkcs8") == 0, plain = args_flag(v->a, "no-passphrase");
	const struct acsr_key_protect how = { .passphrase = v->key_pass };

	TRY(need_key(v, e));
	if (strcmp(to, "jwk-private") == 0)
		return acsr_jwk_private(v->key, v->chain.v, v->chain.n, locked, e);
	if (!plain && v->key_pass == NULL)
		return err_set(
			e, "usage.key", "--to %s needs --key-passphrase-file FILE or --no-passphrase", to);
	if (!plain)
		return acsr_key_pkcs8_encrypted(v->key, &how, pem, open, e);
	return pem ? acsr_key_pkcs8_pem(v->key, locked, e) : acsr_key_pkcs8_der(v->key, locked, e);
}

enum acsr_result convert_pkcs12(
	struct convert *v, const char *alias, struct acsr_blob *der, struct acsr_err *e)
{
	const char *kind = args_one(v->a, "p12"), *name = args_one(v->a, "name");
	struct acsr_pkcs12_spec spec = { .key = v->key,
		.certs = v->chain.v,
		.n_certs = v->chain.n,
		.name = name != NULL ? name : alias,
		.legacy = kind != NULL && strcmp(kind, "legacy") == 0 };

	TRY(need_key(v, e));
	TRY(need_certs(v, e));
	if (v->pass == NULL)
		TRY(term_ask_secret(&v->pass, "passphrase for the PKCS#12 file: ", "--passphrase-file", e));
	spec.passphrase = v->pass;
	if (spec.legacy)
		say_progress(
			"legacy PKCS#12 (3DES, SHA-1) is weak: use it only where modern does not open, and "
			"delete it afterwards");
	return acsr_pkcs12_write(&spec, der, e);
}

static const char *const open_formats[] = { "pem", "leaf", "chain", "fullchain", "der", "p7b", "spki",
	"spki-der", "jwk", NULL };
static const char *const secret_formats[] = { "p12", "pkcs8", "pkcs8-der", "jwk-private", NULL };

static bool is_among(const char *const *list, const char *s)
{
	while (*list != NULL && strcmp(*list, s) != 0)
		list++;
	return *list != NULL;
}

bool convert_is_secret(const char *to)
{
	return is_among(secret_formats, to);
}

bool convert_knows(const char *to)
{
	return is_among(open_formats, to) || is_among(secret_formats, to);
}

enum acsr_result convert_make(
	struct convert *v, struct acsr_blob *open, struct acsr_secret **locked, struct acsr_err *e)
{
	if (strcmp(v->to, "p12") == 0)
		return convert_pkcs12(v, NULL, open, e);
	if (convert_is_secret(v->to))
		return private_key(v, v->to, open, locked, e);
	if (strcmp(v->to, "pem") == 0)
		return all_pem(v, open, e);
	if (str_starts(v->to, "spki") || strcmp(v->to, "jwk") == 0)
		return public_key(v, v->to, open, e);
	return bundle(v, v->to, open, e);
}
