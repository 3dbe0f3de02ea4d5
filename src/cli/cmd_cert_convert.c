/* cert convert: PEM, DER, PKCS#7 and PKCS#12, in both directions. */
#include <openssl/err.h>
#include <openssl/pkcs12.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "autocsr/bundle.h"
#include "base/str.h"
#include "cli/cmds.h"
#include "cli/files.h"
#include "cli/load.h"
#include "cli/say.h"
#include "cli/term.h"
#include "cli/view.h"

#define MODERN_ITERATIONS 600000
#define LEGACY_ITERATIONS 2048

struct convert {
	const struct args *a;
	const char *to; /* a format of bundle.h, "pem", or "p12" */
	struct load_certs certs;
	struct acsr_key *key;     /* for PKCS#12 */
	struct acsr_secret *pass; /* of the PKCS#12 file, read or written */
	struct acsr_blob out;
};

static void release(struct convert *v)
{
	load_certs_free(&v->certs);
	acsr_key_free(v->key);
	acsr_secret_free(v->pass);
	acsr_blob_free(&v->out);
}

static enum acsr_result check_usage(struct convert *v, struct acsr_err *e)
{
	const char *p12 = args_one(v->a, "p12");

	v->to = args_one(v->a, "to");
	if (p12 != NULL && strcmp(p12, "modern") != 0 && strcmp(p12, "legacy") != 0)
		return err_set(e, "usage.value", "--p12 is modern or legacy");
	if (p12 != NULL && v->to != NULL && strcmp(v->to, "p12") != 0)
		return err_set(e, "usage.value", "--p12 and --to %s exclude each other", v->to);
	if (p12 != NULL)
		v->to = "p12";
	if (v->to == NULL)
		return err_set(e, "usage.value",
			"say what to make: --to pem, leaf, chain, fullchain, der, p7b, or --p12 modern");
	if (strcmp(v->to, "p12") == 0 && args_one(v->a, "key") == NULL && args_one(v->a, "out") == NULL)
		return err_set(e, "usage.value", "PKCS#12 needs --key FILE and --out FILE");
	if (args_one(v->a, "keyout") != NULL && strcmp(args_one(v->a, "keyout"), "-") == 0)
		return err_set(e, "usage.key", "a key is never written to standard output; name a file");
	if (args_one(v->a, "keyout") != NULL && !args_flag(v->a, "no-passphrase") &&
		args_one(v->a, "key-passphrase-file") == NULL)
		return err_set(
			e, "usage.key", "--keyout needs --key-passphrase-file FILE or --no-passphrase");
	return ACSR_OK;
}

static enum acsr_result bundle(struct convert *v, struct acsr_err *e)
{
	enum acsr_format format;

	if (acsr_format_find(&format, v->to, NULL) != ACSR_OK)
		return err_set(e, "usage.value",
			"--to is pem, leaf, chain, fullchain, der, p7b or p12, not %.40s", v->to);
	return acsr_bundle(format, &v->certs.v[0], v->certs.v + 1, v->certs.n - 1, &v->out, e);
}

/* Every certificate as it came, roots too. */
static enum acsr_result all_pem(struct convert *v, struct acsr_err *e)
{
	CLEANUP_BUF struct buf b = { 0 };

	buf_init(&b, 8 * 1024 * 1024);
	for (size_t i = 0; i < v->certs.n; i++) {
		ACSR_CLEANUP_BLOB struct acsr_blob pem = { NULL, 0 };

		TRY(acsr_cert_pem(v->certs.v[i].p, v->certs.v[i].len, &pem, e));
		TRY(buf_put(&b, pem.p, pem.len, e));
	}
	return acsr_blob_copy(&v->out, b.p, b.len, e);
}

static enum acsr_result check_pair(const struct convert *v, struct acsr_err *e)
{
	struct acsr_cert_view *leaf = NULL;
	bool same;

	TRY(acsr_cert_parse(&leaf, v->certs.v[0].p, v->certs.v[0].len, e));
	same = leaf->key != NULL && acsr_key_same(leaf->key, v->key);
	acsr_cert_view_free(leaf);
	if (!same)
		return err_set(e, "match.key", "the key does not belong to the first certificate");
	return ACSR_OK;
}

static X509 *x509_at(const struct convert *v, size_t i)
{
	const unsigned char *p = v->certs.v[i].p;

	return d2i_X509(NULL, &p, (long)v->certs.v[i].len);
}

static STACK_OF(X509) * others(const struct convert *v)
{
	STACK_OF(X509) *s = sk_X509_new_null();

	for (size_t i = 1; s != NULL && i < v->certs.n; i++) {
		X509 *x = x509_at(v, i);

		if (x == NULL || sk_X509_push(s, x) <= 0) {
			X509_free(x);
			sk_X509_pop_free(s, X509_free);
			return NULL;
		}
	}
	return s;
}

static PKCS12 *build(const struct convert *v, X509 *leaf, STACK_OF(X509) * ca, bool legacy)
{
	const char *pass = (const char *)acsr_secret_bytes(v->pass), *name = args_one(v->a, "name");
	int nid = legacy ? NID_pbe_WithSHA1And3_Key_TripleDES_CBC : NID_aes_256_cbc;
	int iterations = legacy ? LEGACY_ITERATIONS : MODERN_ITERATIONS;
	PKCS12 *p12 = PKCS12_create(pass, name, acsr_key_evp(v->key), leaf, ca, nid, nid, iterations, -1, 0);

	if (p12 != NULL &&
		PKCS12_set_mac(p12, pass, -1, NULL, 0, iterations, legacy ? EVP_sha1() : EVP_sha256()) != 1) {
		PKCS12_free(p12);
		return NULL;
	}
	return p12;
}

static enum acsr_result encode(struct convert *v, bool legacy, struct acsr_err *e)
{
	X509 *leaf = x509_at(v, 0);
	STACK_OF(X509) *ca = others(v);
	PKCS12 *p12 = leaf != NULL && ca != NULL ? build(v, leaf, ca, legacy) : NULL;
	uint8_t *der = NULL;
	int n = p12 != NULL ? i2d_PKCS12(p12, &der) : 0;
	enum acsr_result r = n > 0 ? acsr_blob_copy(&v->out, der, (size_t)n, e)
				   : err_set(e, "openssl.pkcs12", "OpenSSL cannot make the PKCS#12 file");

	ERR_clear_error();
	OPENSSL_free(der);
	PKCS12_free(p12);
	sk_X509_pop_free(ca, X509_free);
	X509_free(leaf);
	return r;
}

static enum acsr_result make_p12(struct convert *v, struct acsr_err *e)
{
	const char *kind = args_one(v->a, "p12"), *key = args_one(v->a, "key");
	bool legacy = kind != NULL && strcmp(kind, "legacy") == 0;

	if (args_one(v->a, "out") == NULL || strcmp(args_one(v->a, "out"), "-") == 0)
		return err_set(e, "usage.key", "PKCS#12 holds the key, so it goes to a file: --out FILE.p12");
	if (key != NULL) {
		acsr_key_free(v->key);
		v->key = NULL;
		TRY(load_private_key(&v->key, key, args_one(v->a, "key-passphrase-file"), e));
	}
	if (v->key == NULL)
		return err_set(e, "usage.key", "PKCS#12 needs the private key: --key FILE");
	TRY(check_pair(v, e));
	if (v->pass == NULL)
		TRY(term_ask_secret(&v->pass, "passphrase for the PKCS#12 file: ", "--passphrase-file", e));
	if (legacy)
		say_progress(
			"legacy PKCS#12 (3DES, SHA-1) is weak: use it only where modern does not open, and "
			"delete it afterwards");
	return encode(v, legacy, e);
}

static enum acsr_result read_inputs(struct convert *v, struct acsr_err *e)
{
	const char *path;

	if (args_one(v->a, "passphrase-file") != NULL)
		TRY(file_get_secret(&v->pass, args_one(v->a, "passphrase-file"), e));
	TRY(load_bundle(&v->certs, &v->key, v->a->words[0], v->pass, e));
	for (size_t i = 0; (path = args_many(v->a, "chain", i)) != NULL; i++)
		TRY(load_certs(&v->certs, path, e));
	return ACSR_OK;
}

static enum acsr_result set_form(struct convert *v, struct acsr_err *e)
{
	enum acsr_pq_form form;

	if (args_one(v->a, "pq-form") == NULL)
		return ACSR_OK;
	TRY(acsr_pq_form_find(&form, args_one(v->a, "pq-form"), e));
	return acsr_key_set_pq_form(v->key, form, e);
}

static enum acsr_result write_key(struct convert *v, json_t *result, struct acsr_err *e)
{
	const char *path = args_one(v->a, "keyout");
	bool force = args_flag(v->a, "force");
	CLEANUP_SECRET struct acsr_secret *pem = NULL;
	CLEANUP_SECRET struct acsr_secret *pass = NULL;
	ACSR_CLEANUP_BLOB struct acsr_blob locked = { NULL, 0 };

	if (path == NULL)
		return ACSR_OK;
	if (v->key == NULL)
		return err_set(e, "input.no-key", "%s holds no private key for --keyout", v->a->words[0]);
	TRY(set_form(v, e));
	TRY(command_put_str(result, "key_file", path, e));
	if (args_flag(v->a, "no-passphrase")) {
		TRY(acsr_key_pkcs8_pem(v->key, &pem, e));
		return file_put(path, acsr_secret_bytes(pem), acsr_secret_len(pem), 0600, force, e);
	}
	TRY(file_get_secret(&pass, args_one(v->a, "key-passphrase-file"), e));
	TRY(acsr_key_pkcs8_pem_encrypted(v->key, pass, &locked, e));
	return file_put(path, locked.p, locked.len, 0600, force, e);
}

static bool is_text(const struct acsr_blob *b)
{
	return b->len > 0 && memchr(b->p, '\0', b->len) == NULL && b->p[0] == '-';
}

static enum acsr_result put_data(struct cli *c, const struct acsr_blob *out, struct acsr_err *e)
{
	CLEANUP_STR char *b64 = NULL;

	TRY(buf_put(&c->raw, out->p, out->len, e));
	if (is_text(out))
		return command_put_str(c->result, "pem", (const char *)out->p, e);
	b64 = malloc(B64_LEN(out->len));
	if (b64 == NULL)
		return err_nomem(e);
	b64_encode(out->p, out->len, false, b64);
	return command_put_str(c->result, "base64", b64, e);
}

static enum acsr_result deliver(struct convert *v, struct cli *c, struct acsr_err *e)
{
	const char *out = args_one(v->a, "out");
	mode_t mode = strcmp(v->to, "p12") == 0 ? 0600 : 0644;

	TRY(write_key(v, c->result, e));
	TRY(command_put_str(c->result, "format", v->to, e));
	TRY(command_put(c->result, "certificates", json_integer((json_int_t)v->certs.n), e));
	if (out == NULL || strcmp(out, "-") == 0) {
		if (!c->json && !is_text(&v->out) && isatty(STDOUT_FILENO))
			return err_set(
				e, "usage.value", "binary data is not shown on a terminal; use --out FILE");
		return put_data(c, &v->out, e);
	}
	TRY(command_put_str(c->result, "file", out, e));
	return file_put(out, v->out.p, v->out.len, mode, args_flag(v->a, "force"), e);
}

static enum acsr_result convert(struct convert *v, struct cli *c, struct acsr_err *e)
{
	TRY(check_usage(v, e));
	TRY(read_inputs(v, e));
	if (strcmp(v->to, "p12") == 0)
		TRY(make_p12(v, e));
	else if (strcmp(v->to, "pem") == 0)
		TRY(all_pem(v, e));
	else
		TRY(bundle(v, e));
	return deliver(v, c, e);
}

static enum acsr_result cmd_cert_convert_run(struct cli *c, struct acsr_err *e)
{
	struct convert v = { .a = &c->args };
	enum acsr_result r = convert(&v, c, e);

	release(&v);
	return r;
}

static void cmd_cert_convert_show(struct cli *c, const json_t *result)
{
	(void)c;
	say_field("written", view_str(result, "file"));
	say_field("key file", view_str(result, "key_file"));
}

static const struct opt cert_convert_opts[] = {
	{ "to", OPT_ONE, "FORMAT", "pem (all of it), leaf, chain, fullchain, der, p7b, p12",
		"pem leaf chain fullchain der p7b p12" },
	{ "p12", OPT_ONE, "KIND", "PKCS#12: modern (AES-256, HMAC-SHA256) or legacy (3DES, SHA-1, weak)",
		"modern legacy" },
	{ "out", OPT_ONE, "FILE", "standard output when left out, but not for PKCS#12" },
	{ "chain", OPT_MANY, "FILE", "more certificates to put in" },
	{ "key", OPT_ONE, "FILE", "private key for PKCS#12" },
	{ "key-passphrase-file", OPT_ONE, "FILE", "passphrase of --key, or for --keyout" },
	{ "passphrase-file", OPT_ONE, "FILE", "passphrase of the PKCS#12 file, read or written" },
	{ "name", OPT_ONE, "TEXT", "friendly name in PKCS#12" },
	{ "keyout", OPT_ONE, "FILE", "write the key of a PKCS#12 file there (0600)" },
	{ "pq-form", OPT_ONE, "FORM", "a post-quantum key in --keyout as seed (default), expanded or both",
		"seed expanded both" },
	{ "no-passphrase", OPT_FLAG, NULL, "leave --keyout unencrypted" },
	{ "force", OPT_FLAG, NULL, "replace files that exist" },
	{ 0 },
};

static const char cert_convert_text[] = "  autocsr cert convert fullchain.pem --to p7b --out www.p7b\n"
					"  autocsr cert convert www.p7b --to fullchain\n"
					"  autocsr cert convert fullchain.pem --p12 modern --key www.key "
					"--passphrase-file p.txt --out www.p12\n"
					"  autocsr cert convert www.p12 --passphrase-file p.txt --to "
					"fullchain --keyout www.key --no-passphrase\n";

const struct command cmd_cert_convert = { "cert", "convert", "FILE", 1, 1, "PEM, DER, PKCS#7, PKCS#12",
	cert_convert_text, cert_convert_opts, .run = cmd_cert_convert_run, .show = cmd_cert_convert_show };
