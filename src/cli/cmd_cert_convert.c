/* cert convert: certificates, keys and CSRs in another form, or as one server wants them. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "autocsr/server.h"
#include "base/secret.h"
#include "base/str.h"
#include "cli/cmds.h"
#include "cli/convert.h"
#include "cli/files.h"
#include "cli/say.h"
#include "cli/view.h"

#define FORMATS                                                                                           \
	"pem (all of it), leaf, chain, fullchain, der, p7b, p12, pkcs8, pkcs8-der, spki, spki-der, jwk, " \
	"jwk-private"

static bool is_stdout(const char *path)
{
	return path == NULL || strcmp(path, "-") == 0;
}

static enum acsr_result check_keyout(const struct args *a, struct acsr_err *e)
{
	const char *keyout = args_one(a, "keyout");

	if (keyout != NULL && strcmp(keyout, "-") == 0)
		return err_set(e, "usage.key", "a key is never written to standard output; name a file");
	if (keyout != NULL && !args_flag(a, "no-passphrase") && args_one(a, "key-passphrase-file") == NULL)
		return err_set(
			e, "usage.key", "--keyout needs --key-passphrase-file FILE or --no-passphrase");
	return ACSR_OK;
}

static enum acsr_result check_p12(struct convert *v, struct acsr_err *e)
{
	const char *p12 = args_one(v->a, "p12");

	if (p12 == NULL)
		return ACSR_OK;
	if (strcmp(p12, "modern") != 0 && strcmp(p12, "legacy") != 0)
		return err_set(e, "usage.value", "--p12 is modern or legacy");
	if (v->to != NULL && strcmp(v->to, "p12") != 0)
		return err_set(e, "usage.value", "--p12 and --to %s exclude each other", v->to);
	if (args_one(v->a, "for") == NULL)
		v->to = "p12";
	return ACSR_OK;
}

static enum acsr_result check_usage(struct convert *v, const struct acsr_server **server, struct acsr_err *e)
{
	const char *name = args_one(v->a, "for");

	v->to = args_one(v->a, "to");
	TRY(check_p12(v, e));
	TRY(check_keyout(v->a, e));
	if (name != NULL && v->to != NULL)
		return err_set(e, "usage.value", "--for and --to exclude each other");
	if (name != NULL)
		return acsr_server_find(server, name, e);
	if (v->to == NULL)
		return err_set(e, "usage.value",
			"say what to make: --for nginx (or another server), --to " FORMATS
			", or --p12 modern");
	if (!convert_knows(v->to))
		return err_set(e, "usage.value", "--to is " FORMATS ", not %.40s", v->to);
	if (convert_is_secret(v->to) && is_stdout(args_one(v->a, "out")))
		return err_set(
			e, "usage.key", "%s holds the private key, so it goes to a file: --out FILE", v->to);
	return ACSR_OK;
}

/* The key of a bundle, on its way. */
static enum acsr_result write_key(struct convert *v, json_t *result, struct acsr_err *e)
{
	const char *path = args_one(v->a, "keyout");
	CLEANUP_SECRET struct acsr_secret *pem = NULL;
	ACSR_CLEANUP_BLOB struct acsr_blob locked = { NULL, 0 };

	if (path == NULL)
		return ACSR_OK;
	if (v->key == NULL)
		return err_set(e, "input.no-key", "%s holds no private key for --keyout", v->a->words[0]);
	TRY(command_put_str(result, "key_file", path, e));
	TRY(file_set_plan(&v->files, path, 0600, e));
	if (args_flag(v->a, "no-passphrase")) {
		TRY(acsr_key_pkcs8_pem(v->key, &pem, e));
		return file_set_write(&v->files, path, acsr_secret_bytes(pem), acsr_secret_len(pem), e);
	}
	TRY(acsr_key_pkcs8_pem_encrypted(v->key, v->key_pass, &locked, e));
	return file_set_write(&v->files, path, locked.p, locked.len, e);
}

static bool is_text(const struct acsr_blob *b)
{
	return b->len > 0 && memchr(b->p, '\0', b->len) == NULL && (b->p[0] == '-' || b->p[0] == '{');
}

static enum acsr_result put_data(struct cli *c, const struct acsr_blob *out, struct acsr_err *e)
{
	CLEANUP_STR char *b64 = NULL;

	TRY(buf_put(&c->raw, out->p, out->len, e));
	if (is_text(out))
		return command_put_str(c->result, out->p[0] == '{' ? "jwk" : "pem", (const char *)out->p, e);
	b64 = malloc(B64_LEN(out->len));
	if (b64 == NULL)
		return err_nomem(e);
	b64_encode(out->p, out->len, false, b64);
	return command_put_str(c->result, "base64", b64, e);
}

static enum acsr_result deliver(struct convert *v, struct cli *c, const struct acsr_blob *open,
	const struct acsr_secret *locked, struct acsr_err *e)
{
	const char *out = args_one(v->a, "out");
	mode_t mode = convert_is_secret(v->to) ? 0600 : 0644;

	TRY(command_put_str(c->result, "format", v->to, e));
	TRY(command_put(c->result, "certificates", json_integer((json_int_t)v->certs.n), e));
	if (!is_stdout(out)) {
		TRY(command_put_str(c->result, "file", out, e));
		TRY(file_set_plan(&v->files, out, mode, e));
		TRY(locked != NULL ? file_set_write(&v->files, out, acsr_secret_bytes(locked),
					     acsr_secret_len(locked), e)
				   : file_set_write(&v->files, out, open->p, open->len, e));
		return file_set_commit(&v->files, e);
	}
	if (!c->json && !is_text(open) && isatty(STDOUT_FILENO))
		return err_set(e, "usage.value", "binary data is not shown on a terminal; use --out FILE");
	TRY(put_data(c, open, e));
	return file_set_commit(&v->files, e);
}

static enum acsr_result convert(struct convert *v, struct cli *c, struct acsr_err *e)
{
	const struct acsr_server *server = NULL;
	ACSR_CLEANUP_BLOB struct acsr_blob open = { NULL, 0 };
	CLEANUP_SECRET struct acsr_secret *locked = NULL;

	TRY(check_usage(v, &server, e));
	TRY(convert_read(v, e));
	TRY(write_key(v, c->result, e));
	if (server != NULL)
		return convert_for(v, server, c->result, e);
	TRY(convert_make(v, &open, &locked, e));
	return deliver(v, c, &open, locked, e);
}

static enum acsr_result cmd_cert_convert_run(struct cli *c, struct acsr_err *e)
{
	struct convert v = { .a = &c->args, .files = { .force = args_flag(&c->args, "force") } };
	enum acsr_result r = convert(&v, c, e);

	convert_free(&v);
	return r;
}

static void show_server(const json_t *result)
{
	size_t i;
	json_t *f;

	json_array_foreach(json_object_get(result, "files"), i, f) say(
		"wrote  %s  (%s, mode %s)", view_str(f, "file"), view_str(f, "holds"), view_str(f, "mode"));
	say("\nfor its configuration:\n");
	json_array_foreach(json_object_get(result, "configuration"), i, f)
		say("    %s", json_string_value(f));
	json_array_foreach(json_object_get(result, "notes"), i, f) say("\nnote: %s", json_string_value(f));
}

static void cmd_cert_convert_show(struct cli *c, const json_t *result)
{
	(void)c;
	if (json_object_get(result, "server") != NULL)
		show_server(result);
	say_field("written", view_str(result, "file"));
	say_field("key file", view_str(result, "key_file"));
}

static const struct opt cert_convert_opts[] = {
	{ "to", OPT_ONE, "FORMAT", FORMATS },
	{ "for", OPT_ONE, "SERVER",
		"nginx, apache, haproxy, caddy, lighttpd, postfix, dovecot, exim, postgresql, iis or "
		"tomcat" },
	{ "p12", OPT_ONE, "KIND", "PKCS#12: modern (AES-256, HMAC-SHA256) or legacy (3DES, SHA-1, weak)" },
	{ "out", OPT_ONE, "FILE",
		"standard output when left out, but never for a private key; with --for, what the names "
		"begin with" },
	{ "chain", OPT_MANY, "FILE", "more certificates to put in" },
	{ "key", OPT_ONE, "FILE", "private key" },
	{ "key-passphrase-file", OPT_ONE, "FILE", "passphrase of the key, read or written" },
	{ "passphrase-file", OPT_ONE, "FILE", "passphrase of the PKCS#12 file, read or written" },
	{ "name", OPT_ONE, "TEXT", "friendly name in PKCS#12" },
	{ "keyout", OPT_ONE, "FILE", "write the private key there too, as PKCS#8 (0600)" },
	{ "pq-form", OPT_ONE, "FORM", "a post-quantum key as seed (default), expanded or both",
		"seed expanded both" },
	{ "no-passphrase", OPT_FLAG, NULL, "leave the key unencrypted" },
	{ "force", OPT_FLAG, NULL, "replace files that exist" },
	{ 0 },
};

static const char cert_convert_text[] =
	"Reads certificates, keys and CSRs as PEM, DER, PKCS#7 or PKCS#12. With --for it writes what that "
	"server\n"
	"wants, after checking that key and certificate belong together, puts the chain in order without the "
	"root,\n"
	"and prints the lines for its configuration.\n"
	"\n"
	"  autocsr cert convert fullchain.pem --key www.key --for nginx --out /etc/nginx/tls/www\n"
	"  autocsr cert convert fullchain.pem --key www.key --for iis --passphrase-file p.txt\n"
	"  autocsr cert convert fullchain.pem --to p7b --out www.p7b\n"
	"  autocsr cert convert fullchain.pem --p12 modern --key www.key --passphrase-file p.txt --out "
	"www.p12\n"
	"  autocsr cert convert www.p12 --passphrase-file p.txt --to fullchain --keyout www.key "
	"--no-passphrase\n"
	"  autocsr cert convert www.key --to jwk\n";

const struct command cmd_cert_convert = { "cert", "convert", "FILE…", 1, 64,
	"PEM, DER, PKCS#7, PKCS#12, JWK, or what a server wants", cert_convert_text, cert_convert_opts,
	.run = cmd_cert_convert_run, .show = cmd_cert_convert_show };
const struct command cmd_convert = { "convert", NULL, "FILE…", 1, 64, "the same as cert convert",
	cert_convert_text, cert_convert_opts, .run = cmd_cert_convert_run, .show = cmd_cert_convert_show };
