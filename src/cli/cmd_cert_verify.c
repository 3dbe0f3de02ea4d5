/* cert verify: is there a way to a root, and if not, which certificate is to blame and what to do about it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autocsr/chain.h"
#include "base/clock.h"
#include "base/str.h"
#include "cli/cmds.h"
#include "cli/files.h"
#include "cli/load.h"
#include "cli/say.h"
#include "cli/view.h"
#include "pki/issuers.h"
#include "pki/show.h"

#define SYSTEM_ROOTS "/etc/ssl/certs/ca-certificates.crt"

/* Certificates or CRLs, and the file that each came from. */
struct given {
	struct load_certs l;
	struct strv from; /* "ca.pem", "bundle.pem, number 2"; as many as l.n */
};

struct verify {
	struct given file, more, roots, crls;
	struct acsr_blob leaf; /* a loan */
};

static void given_free(struct given *g)
{
	load_certs_free(&g->l);
	strv_free(&g->from);
}

static void release(struct verify *v)
{
	given_free(&v->file);
	given_free(&v->more);
	given_free(&v->roots);
	given_free(&v->crls);
}

/* Name what was just loaded. */
static enum acsr_result note_source(struct given *g, const char *path, struct acsr_err *e)
{
	size_t before = g->from.n, n = g->l.n - before;

	for (size_t i = 0; i < n; i++) {
		CLEANUP_STR char *s = NULL;

		TRY(n == 1 ? str_dup(&s, path, e) : str_printf(&s, e, "%s, number %zu", path, i + 1));
		TRY(strv_add(&g->from, s, e));
	}
	return ACSR_OK;
}

static enum acsr_result take_certs(struct given *g, const char *path, struct acsr_err *e)
{
	TRY(load_certs(&g->l, path, e));
	return note_source(g, path, e);
}

static enum acsr_result take_crls(struct given *g, const char *path, struct acsr_err *e)
{
	TRY(load_crls(&g->l, path, e));
	return note_source(g, path, e);
}

/* *leaf: the first certificate of the file that issued none of the others. */
static enum acsr_result find_leaf(
	const struct load_certs *l, struct issuers *all, size_t *leaf, struct acsr_err *e)
{
	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < l->n; i++) {
			struct acsr_cert_view *v = NULL;
			enum acsr_result r;
			bool found;

			TRY(acsr_cert_parse(&v, l->v[i].p, l->v[i].len, e));
			r = pass == 0 ? issuers_add(all, v, i, e) : ACSR_OK;
			found = pass == 1 && !issuers_issued_another(all, v, i);
			acsr_cert_view_free(v);
			TRY(r);
			if (found) {
				*leaf = i;
				return ACSR_OK;
			}
		}
	return ACSR_OK;
}

/* The certificate to judge is the first one in the file that issued none of the others: PKCS#7 has no order,
 * and some people put the root first. All others are intermediates. */
static enum acsr_result choose_leaf(struct verify *v, struct acsr_err *e)
{
	struct issuers issuers = { 0 };
	size_t leaf = 0;
	enum acsr_result r = v->file.l.n > 1 ? find_leaf(&v->file.l, &issuers, &leaf, e) : ACSR_OK;

	issuers_free(&issuers);
	TRY(r);
	v->leaf = v->file.l.v[leaf];
	for (size_t i = 0; i < v->file.l.n; i++) {
		if (i == leaf)
			continue;
		TRY(load_certs_add(&v->more.l, v->file.l.v[i].p, v->file.l.v[i].len, e));
		TRY(strv_add(&v->more.from, v->file.from.v[i], e));
	}
	return ACSR_OK;
}

static enum acsr_result gather(struct verify *v, const struct args *a, struct acsr_err *e)
{
	const char *path;

	TRY(take_certs(&v->file, a->words[0], e));
	TRY(choose_leaf(v, e));
	for (size_t i = 0; (path = args_many(a, "chain", i)) != NULL; i++)
		TRY(take_certs(&v->more, path, e));
	for (size_t i = 0; (path = args_many(a, "root", i)) != NULL; i++)
		TRY(take_certs(&v->roots, path, e));
	for (size_t i = 0; (path = args_many(a, "crl", i)) != NULL; i++)
		TRY(take_crls(&v->crls, path, e));
	if (v->roots.l.n > 0)
		return ACSR_OK;
	TRY(load_system_roots(&v->roots.l, SYSTEM_ROOTS, e));
	return note_source(&v->roots, "the system's roots", e);
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

/* "intermediates[3]" is the file that it came from. */
static const char *file_of(const struct verify *v, const struct args *a, const char *where)
{
	static const char *const kinds[] = { "intermediates[", "roots[", "crls[" };
	const struct strv *from[] = { &v->more.from, &v->roots.from, &v->crls.from };

	if (strcmp(where, "leaf") == 0)
		return a->words[0];
	for (size_t i = 0; i < 3; i++) {
		size_t n = strlen(kinds[i]), at;

		if (strncmp(where, kinds[i], n) != 0)
			continue;
		at = (size_t)strtoul(where + n, NULL, 10);
		return at < from[i]->n ? from[i]->v[at] : where;
	}
	return where;
}

static enum acsr_result put_dn(json_t *o, const char *key, const struct acsr_dn *dn, struct acsr_err *e)
{
	CLEANUP_STR char *text = NULL;

	TRY(acsr_dn_print(&text, dn, e));
	return command_put_str(o, key, text, e);
}

static enum acsr_result put_view(json_t *o, const struct acsr_cert_view *v, struct acsr_err *e)
{
	TRY(put_dn(o, "subject_text", &v->subject, e));
	TRY(put_dn(o, "issuer_text", &v->issuer, e));
	TRY(command_put_str(o, "serial", v->serial_hex, e));
	TRY(command_put(o, "not_before", show_time(v->not_before), e));
	TRY(command_put(o, "not_after", show_time(v->not_after), e));
	TRY(command_put_str(o, "key_type", v->key != NULL ? acsr_key_name(v->key) : "unknown", e));
	TRY(command_put_str(o, "signature_algorithm", v->signature_alg, e));
	TRY(command_put(o, "sha256", show_hex(v->sha256, 32), e));
	TRY(command_put(o, "subject_key_id", show_hex(v->ski, v->ski_len), e));
	return command_put(o, "authority_key_id", show_hex(v->aki, v->aki_len), e);
}

static enum acsr_result put_link(json_t *chain, const struct acsr_chain_link *l, const struct verify *v,
	const struct args *a, bool trusted, struct acsr_err *e)
{
	json_t *o = json_object();

	if (o == NULL || json_array_append_new(chain, o) != 0)
		return err_nomem(e);
	TRY(command_put_str(o, "certificate", l->where, e));
	TRY(command_put_str(o, "file", file_of(v, a, l->where), e));
	TRY(command_put(o, "ok", json_boolean(acsr_findings_first_error(&l->findings) == NULL), e));
	TRY(command_put(o, "trusted", json_boolean(trusted), e));
	TRY(command_put(o, "findings", show_findings(&l->findings), e));
	return l->view != NULL ? put_view(o, l->view, e) : ACSR_OK;
}

static enum acsr_result put_missing(json_t *result, const struct acsr_cert_view *orphan, struct acsr_err *e)
{
	json_t *o = json_object(), *urls = json_array();

	TRY(command_put(result, "missing", o, e));
	TRY(put_dn(o, "subject", &orphan->issuer, e));
	TRY(command_put(o, "key_id", show_hex(orphan->aki, orphan->aki_len), e));
	TRY(command_put(o, "urls", urls, e));
	for (size_t i = 0; i < orphan->n_issuer_urls; i++)
		if (json_array_append_new(urls, json_string(orphan->issuer_urls[i])) != 0)
			return err_nomem(e);
	return ACSR_OK;
}

static enum acsr_result put_first_error(struct cli *c, const struct acsr_chain_report *r, struct acsr_err *e)
{
	const struct acsr_finding *f = NULL;

	for (size_t i = 0; i < r->n_links && f == NULL; i++)
		f = acsr_findings_first_error(&r->links[i].findings);
	if (f == NULL)
		f = acsr_findings_first_error(&r->findings);
	if (f == NULL)
		return ACSR_OK;
	TRY(command_put_str(c->result, "error", f->id, e));
	TRY(command_put_str(c->result, "certificate", f->field, e));
	TRY(command_put_str(c->result, "source", f->source, e));
	return command_put_str(c->result, "detail", f->text, e);
}

/* What a yes says nothing about unless it is asked for. */
static const struct {
	const char *what, *option;
} on_demand[] = { { "revocation", "crl" }, { "names", "host" }, { "purpose", "eku" } };
#define N_ON_DEMAND (sizeof(on_demand) / sizeof(on_demand[0]))

static enum acsr_result put_not_checked(struct cli *c, struct acsr_err *e)
{
	json_t *list = json_array();

	TRY(command_put(c->result, "not_checked", list, e));
	for (size_t i = 0; i < N_ON_DEMAND; i++)
		if (args_one(&c->args, on_demand[i].option) == NULL &&
			json_array_append_new(list, json_string(on_demand[i].what)) != 0)
			return err_nomem(e);
	return ACSR_OK;
}

static enum acsr_result put_report(
	struct cli *c, const struct verify *v, const struct acsr_chain_report *r, struct acsr_err *e)
{
	json_t *chain = json_array(), *policies = json_array();

	c->answer_no = !r->ok;
	TRY(command_put(c->result, "ok", json_boolean(r->ok), e));
	TRY(put_first_error(c, r, e));
	TRY(command_put(c->result, "chain", chain, e));
	for (size_t i = 0; i < r->n_links; i++)
		TRY(put_link(chain, &r->links[i], v, &c->args, r->anchored && i + 1 == r->n_links, e));
	TRY(command_put(c->result, "findings", show_findings(&r->findings), e));
	for (size_t i = 0; i < r->n_policies; i++)
		json_array_append_new(policies, json_string(r->policies[i]));
	TRY(command_put(c->result, "policies", policies, e));
	TRY(put_not_checked(c, e));
	TRY(command_put(c->result, "ways_tried", json_integer((json_int_t)r->n_paths), e));
	return r->orphan != NULL ? put_missing(c->result, r->orphan, e) : ACSR_OK;
}

static size_t take_list(const char *out[ARGS_MAX], const struct args *a, const char *option)
{
	size_t n = 0;

	while (n < ARGS_MAX && args_many(a, option, n) != NULL) {
		out[n] = args_many(a, option, n);
		n++;
	}
	return n;
}

static enum acsr_result judge(struct cli *c, const struct verify *v, struct acsr_err *e)
{
	const struct args *a = &c->args;
	const char *names[ARGS_MAX], *policies[ARGS_MAX];
	struct acsr_chain_report *report = NULL;
	struct acsr_chain chain = { .leaf = &v->leaf,
		.intermediates = v->more.l.v,
		.n_intermediates = v->more.l.n,
		.roots = v->roots.l.v,
		.n_roots = v->roots.l.n,
		.crls = v->crls.l.v,
		.n_crls = v->crls.l.n,
		.crl_all = args_flag(a, "crl-all"),
		.names = names,
		.n_names = take_list(names, a, "host"),
		.policies = policies,
		.n_policies = take_list(policies, a, "policy"),
		.explicit_policy = args_flag(a, "explicit-policy"),
		.inhibit_any_policy = args_flag(a, "inhibit-any-policy"),
		.inhibit_mapping = args_flag(a, "inhibit-policy-mapping"),
		.partial = args_flag(a, "partial-chain"),
		.allow_weak = args_flag(a, "allow-weak"),
		.strict = args_flag(a, "strict"),
		.eku = args_one(a, "eku") };
	enum acsr_result r;

	TRY(verify_time(&chain.at, a, e));
	TRY(acsr_chain_check(&chain, &report, e));
	r = put_report(c, v, report, e);
	acsr_chain_report_free(report);
	return r;
}

static enum acsr_result cmd_cert_verify_run(struct cli *c, struct acsr_err *e)
{
	struct verify v = { 0 };
	enum acsr_result r = gather(&v, &c->args, e);

	if (r == ACSR_OK)
		r = judge(c, &v, e);
	release(&v);
	return r;
}

/* --- for people --- */

static void show_tree(const json_t *chain)
{
	for (size_t i = 0; i < json_array_size(chain); i++) {
		const json_t *l = json_array_get(chain, i);
		const char *subject = view_str(l, "subject_text");

		say("%-4s  %*s%s%s  (%s, until %.10s%s)",
			json_is_true(json_object_get(l, "ok")) ? "ok" : "FAIL", (int)(2 * i), "",
			i > 0 ? "issued by " : "", subject[0] != '\0' ? subject : view_str(l, "serial"),
			view_str(l, "file"), view_str(l, "not_after"),
			json_is_true(json_object_get(l, "trusted")) ? ", trusted" : "");
	}
}

static void show_finding(const json_t *f, const char *file)
{
	const char *source = view_str(f, "source"), *remedy = view_str(f, "remedy");

	say("%-4s  %s: %s%s%s%s%s%s", view_str(f, "result"), view_str(f, "id"), file,
		file[0] != '\0' ? ": " : "", view_str(f, "text"), source[0] != '\0' ? " [" : "", source,
		source[0] != '\0' ? "]" : "");
	if (remedy[0] != '\0')
		say("      remedy: %s", remedy);
}

/* May it stand between single quotes in a command that somebody pastes? */
static bool is_plain_url(const char *s)
{
	return (str_starts(s, "http://") || str_starts(s, "https://")) &&
	       s[strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~:/?&=%+,@")] ==
		       '\0';
}

static void show_missing(const json_t *missing)
{
	const json_t *urls = json_object_get(missing, "urls");

	if (missing == NULL)
		return;
	say("\nthe missing certificate");
	say_field("  subject", view_str(missing, "subject"));
	say_field("  key id", view_str(missing, "key_id"));
	for (size_t i = 0; i < json_array_size(urls); i++) {
		const char *url = json_string_value(json_array_get(urls, i));

		say_field("  published at", url);
		if (i == 0 && is_plain_url(url))
			say("  get it with      curl -o issuer.cer '%s'\n  and add          --chain "
			    "issuer.cer",
				url);
	}
	if (json_array_size(urls) == 0)
		say("  the certificate does not say where its CA publishes it: look on the CA's site for the "
		    "intermediate (chain, bundle) of that name");
}

static void say_not_checked(const struct args *a)
{
	const char *comma = "not checked: ";

	for (size_t i = 0; i < N_ON_DEMAND; i++)
		if (args_one(a, on_demand[i].option) == NULL) {
			printf("%s%s (--%s)", comma, on_demand[i].what, on_demand[i].option);
			comma = ", ";
		}
	if (*comma == ',')
		putchar('\n');
}

static void cmd_cert_verify_show(struct cli *c, const json_t *result)
{
	const json_t *chain = json_object_get(result, "chain"), *whole = json_object_get(result, "findings");
	size_t i;
	json_t *f;

	show_tree(chain);
	if (json_object_get(result, "missing") != NULL)
		say("FAIL  %*sissued by %s  (missing)", (int)(2 * json_array_size(chain)), "",
			view_str(json_object_get(result, "missing"), "subject"));
	say("%s", "");
	for (size_t k = 0; k < json_array_size(chain); k++) {
		const json_t *l = json_array_get(chain, k);

		json_array_foreach(json_object_get(l, "findings"), i, f) show_finding(f, view_str(l, "file"));
	}
	json_array_foreach(whole, i, f) show_finding(f, "");
	show_missing(json_object_get(result, "missing"));
	say(c->answer_no ? "\nno: the certificate does not verify" : "yes: the certificate verifies");
	say_not_checked(&c->args);
}

static const struct opt cert_verify_opts[] = {
	{ "root", OPT_MANY, "FILE", "trust anchors; the system's when left out" },
	{ "chain", OPT_MANY, "FILE", "intermediate certificates, in any order" },
	{ "crl", OPT_MANY, "FILE", "revocation lists, PEM or DER; delta and indirect ones too" },
	{ "crl-all", OPT_FLAG, NULL, "every CA below the root needs a CRL, not only the issuer" },
	{ "host", OPT_MANY, "NAME", "names that the certificate must cover" },
	{ "at", OPT_ONE, "TIME", "as of 2026-11-23T08:15:00Z; now when left out" },
	{ "eku", OPT_ONE, "USAGE",
		"serverAuth, clientAuth, emailProtection, codeSigning ... or an OID must be allowed" },
	{ "policy", OPT_MANY, "OID", "certificate policies, one of which the chain must be valid for" },
	{ "explicit-policy", OPT_FLAG, NULL, "there must be a valid policy" },
	{ "inhibit-any-policy", OPT_FLAG, NULL, "anyPolicy counts for nothing" },
	{ "inhibit-policy-mapping", OPT_FLAG, NULL, "policies may not be mapped" },
	{ "partial-chain", OPT_FLAG, NULL, "a --root need not be self-signed" },
	{ "allow-weak", OPT_FLAG, NULL, "SHA-1 and keys below 112 bits are warnings" },
	{ "strict", OPT_FLAG, NULL, "also what RFC 5280 demands and verifiers forgive" },
	{ 0 },
};

static const char cert_verify_text[] =
	"Certificates behind the first one in FILE are used as intermediates. Every way to a root is tried; "
	"the\n"
	"answer names the certificate that fails, why, and the intermediate that is missing. Nothing is "
	"fetched.\n"
	"Exit code 1 when it does not verify.\n"
	"\n"
	"  autocsr cert verify fullchain.pem --root root.pem --host www.example.com\n"
	"  autocsr cert verify www.pem --chain ca.pem --root root.pem --crl ca.crl --at "
	"2027-01-01T00:00:00Z\n"
	"  autocsr cert verify www.pem --root issuing-ca.pem --partial-chain\n";

const struct command cmd_cert_verify = { "cert", "verify", "FILE", 1, 1,
	"up to a root, at a time, for names, against CRLs", cert_verify_text, cert_verify_opts,
	.run = cmd_cert_verify_run, .show = cmd_cert_verify_show };
