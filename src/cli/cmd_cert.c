/* cert show and cert verify. */
#include <stdlib.h>
#include <string.h>

#include "autocsr/chain.h"
#include "autocsr/crl.h"
#include "base/clock.h"
#include "base/str.h"
#include "cli/cmds.h"
#include "cli/files.h"
#include "cli/load.h"
#include "cli/say.h"
#include "cli/view.h"

#define CRL_MAX (32 * 1024 * 1024)
#define SYSTEM_ROOTS "/etc/ssl/certs/ca-certificates.crt"

static enum acsr_result parse_all(json_t *list, const struct load_certs *l, struct acsr_err *e)
{
	for (size_t i = 0; i < l->n; i++) {
		struct acsr_cert_view *v = NULL;
		json_t *o;

		TRY(acsr_cert_parse(&v, l->v[i].p, l->v[i].len, e));
		o = view_cert(v);
		acsr_cert_view_free(v);
		if (o == NULL || json_array_append_new(list, o) != 0)
			return err_nomem(e);
	}
	return ACSR_OK;
}

static enum acsr_result cmd_cert_show_run(struct cli *c, struct acsr_err *e)
{
	CLEANUP_CERTS struct load_certs l = { NULL, 0 };
	CLEANUP_SECRET struct acsr_secret *pass = NULL;
	const char *pass_file = args_one(&c->args, "passphrase-file");
	json_t *list = json_array();

	TRY(command_put(c->result, "certificates", list, e));
	if (pass_file != NULL)
		TRY(file_get_secret(&pass, pass_file, e));
	TRY(load_bundle(&l, NULL, c->args.words[0], pass, e));
	return parse_all(list, &l, e);
}

static void cmd_cert_show_show(struct cli *c, const json_t *result)
{
	const json_t *list = json_object_get(result, "certificates");

	(void)c;
	for (size_t i = 0; i < json_array_size(list); i++) {
		if (i > 0)
			say("%s", "");
		view_show_cert(json_array_get(list, i));
	}
}

/* Everything that a verification looks at. */
struct verify {
	struct load_certs leaf, more, roots;
	struct load_certs crls; /* CRLs as DER */
};

static void release(struct verify *v)
{
	load_certs_free(&v->leaf);
	load_certs_free(&v->more);
	load_certs_free(&v->roots);
	load_certs_free(&v->crls);
}

static enum acsr_result add_crl(struct load_certs *l, const char *path, struct acsr_err *e)
{
	CLEANUP_BUF struct buf b = { 0 };
	struct acsr_crl_view *view = NULL;
	ACSR_CLEANUP_BLOB struct acsr_blob der = { NULL, 0 };
	struct acsr_blob *v;

	buf_init(&b, CRL_MAX);
	TRY(file_get(&b, path, CRL_MAX, e));
	TRY(acsr_crl_parse(&view, b.p, b.len, NULL, e));
	acsr_crl_view_free(view);
	TRY(load_crl_der(&der, b.p, b.len, e));
	v = realloc(l->v, (l->n + 1) * sizeof(*v));
	if (v == NULL)
		return err_nomem(e);
	l->v = v;
	v[l->n++] = der;
	der = (struct acsr_blob){ NULL, 0 };
	return ACSR_OK;
}

static enum acsr_result gather(struct verify *v, const struct args *a, struct acsr_err *e)
{
	const char *path;

	TRY(load_certs(&v->leaf, a->words[0], e));
	for (size_t i = 0; (path = args_many(a, "chain", i)) != NULL; i++)
		TRY(load_certs(&v->more, path, e));
	for (size_t i = 0; (path = args_many(a, "root", i)) != NULL; i++)
		TRY(load_certs(&v->roots, path, e));
	for (size_t i = 0; (path = args_many(a, "crl", i)) != NULL; i++)
		TRY(add_crl(&v->crls, path, e));
	if (v->roots.n == 0)
		TRY(load_system_roots(&v->roots, SYSTEM_ROOTS, e));
	return ACSR_OK;
}

/* Certificates behind the first one in FILE are intermediates too. */
static enum acsr_result merge(struct verify *v, struct acsr_err *e)
{
	for (size_t i = 1; i < v->leaf.n; i++)
		TRY(load_certs_add(&v->more, v->leaf.v[i].p, v->leaf.v[i].len, e));
	return ACSR_OK;
}

static enum acsr_result verify_time(int64_t *at, const struct args *a, struct acsr_err *e)
{
	const char *text = args_one(a, "at");

	*at = clock_now();
	if (text == NULL)
		return ACSR_OK;
	if (clock_parse_rfc3339(text, at, e) == ACSR_OK)
		return ACSR_OK;
	return err_set(e, "usage.value", "--at is a time such as 2026-11-23T08:15:00Z, not %.40s", text);
}

static enum acsr_result verdict(struct cli *c, const struct verify *v, struct acsr_err *e)
{
	const char *names[ARGS_MAX];
	struct acsr_chain chain = { .leaf = &v->leaf.v[0],
		.intermediates = v->more.v,
		.n_intermediates = v->more.n,
		.roots = v->roots.v,
		.n_roots = v->roots.n,
		.crls = v->crls.v,
		.n_crls = v->crls.n,
		.names = names,
		.eku = args_one(&c->args, "eku") };
	struct acsr_err found = { 0 };
	const char *host;

	for (size_t i = 0; (host = args_many(&c->args, "host", i)) != NULL; i++)
		names[chain.n_names++] = host;
	TRY(verify_time(&chain.at, &c->args, e));
	if (acsr_chain_verify(&chain, &found) == ACSR_OK)
		return command_put(c->result, "ok", json_true(), e);
	if (err_face(found.id)->exit_code != 1) {
		if (e != NULL)
			*e = found;
		return ACSR_FAIL;
	}
	c->answer_no = true;
	TRY(command_put(c->result, "ok", json_false(), e));
	TRY(command_put_str(c->result, "error", found.id, e));
	TRY(command_put_str(c->result, "certificate", found.field, e));
	TRY(command_put_str(c->result, "source", found.source, e));
	return command_put_str(c->result, "detail", found.text, e);
}

static enum acsr_result cmd_cert_verify_run(struct cli *c, struct acsr_err *e)
{
	struct verify v = { 0 };
	enum acsr_result r = gather(&v, &c->args, e);

	if (r == ACSR_OK)
		r = merge(&v, e);
	if (r == ACSR_OK)
		r = verdict(c, &v, e);
	release(&v);
	return r;
}

static void cmd_cert_verify_show(struct cli *c, const json_t *result)
{
	if (!c->answer_no) {
		say("yes: the certificate verifies");
		return;
	}
	say("no: %s", view_str(result, "detail"));
	say_field("  in", view_str(result, "certificate"));
	say_field("  source", view_str(result, "source"));
	say_field("  error", view_str(result, "error"));
}

static const struct opt cert_show_opts[] = {
	{ "passphrase-file", OPT_ONE, "FILE", "passphrase of a PKCS#12 file" },
	{ 0 },
};

static const char cert_show_text[] = "PEM, DER, PKCS#7 and PKCS#12.\n"
				     "\n"
				     "  autocsr cert show fullchain.pem\n";

const struct command cmd_cert_show = { "cert", "show", "FILE", 1, 1, "what a certificate says",
	cert_show_text, cert_show_opts, .run = cmd_cert_show_run, .show = cmd_cert_show_show };

static const struct opt cert_verify_opts[] = {
	{ "root", OPT_MANY, "FILE", "trust anchors; the system's when left out" },
	{ "chain", OPT_MANY, "FILE", "intermediate certificates" },
	{ "crl", OPT_MANY, "FILE", "revocation lists, PEM or DER" },
	{ "host", OPT_MANY, "NAME", "names that the certificate must cover" },
	{ "at", OPT_ONE, "TIME", "as of 2026-11-23T08:15:00Z; now when left out" },
	{ "eku", OPT_ONE, "USAGE", "serverAuth or clientAuth must be allowed" },
	{ 0 },
};

static const char cert_verify_text[] =
	"Certificates behind the first one in FILE are used as intermediates. Exit code 1 when it does not "
	"verify.\n"
	"\n"
	"  autocsr cert verify fullchain.pem --root root.pem --host www.example.com\n"
	"  autocsr cert verify www.pem --chain ca.pem --root root.pem --crl ca.crl --at "
	"2027-01-01T00:00:00Z\n";

const struct command cmd_cert_verify = { "cert", "verify", "FILE", 1, 1,
	"up to a root, at a time, for names, against CRLs", cert_verify_text, cert_verify_opts,
	.run = cmd_cert_verify_run, .show = cmd_cert_verify_show };
