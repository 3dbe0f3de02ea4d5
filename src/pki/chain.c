/* Verifying chains: OpenSSL judges one way at a time, and everything that it finds goes into a report. */
#include "autocsr/chain.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "certview.h"
#include "chain_int.h"
#include "key_int.h"

static void job_free(struct chain_job *j)
{
	X509_STORE_CTX_free(j->ctx);
	X509_STORE_free(j->store);
	X509_free(j->leaf);
	sk_X509_pop_free(j->intermediates, X509_free);
	sk_X509_pop_free(j->roots, X509_free);
	sk_X509_CRL_pop_free(j->crls, X509_CRL_free);
	ERR_clear_error();
}

/* --- loading --- */

static enum acsr_result load_list(
	STACK_OF(X509) * out, const struct acsr_blob *in, size_t n, const char *what, struct acsr_err *e)
{
	for (size_t i = 0; i < n; i++) {
		X509 *x;

		if (certview_load(&x, in[i].p, in[i].len, e) != ACSR_OK) {
			err_at(e, "%s[%zu]", what, i);
			return ACSR_FAIL;
		}
		if (sk_X509_push(out, x) <= 0) {
			X509_free(x);
			return err_nomem(e);
		}
	}
	return ACSR_OK;
}

static enum acsr_result load_crls(struct chain_job *j, struct acsr_err *e)
{
	for (size_t i = 0; i < j->in->n_crls; i++) {
		const unsigned char *p = j->in->crls[i].p;
		X509_CRL *crl = d2i_X509_CRL(NULL, &p, (long)j->in->crls[i].len);

		if (crl == NULL || sk_X509_CRL_push(j->crls, crl) <= 0) {
			X509_CRL_free(crl);
			(void)ossl_err(e, "verify.crl", "a CRL cannot be read");
			err_at(e, "crls[%zu]", i);
			return ACSR_FAIL;
		}
	}
	return ACSR_OK;
}

static enum acsr_result load(struct chain_job *j, struct acsr_err *e)
{
	j->intermediates = sk_X509_new_null();
	j->roots = sk_X509_new_null();
	j->crls = sk_X509_CRL_new_null();
	j->store = X509_STORE_new();
	j->ctx = X509_STORE_CTX_new();
	if (j->intermediates == NULL || j->roots == NULL || j->crls == NULL || j->store == NULL ||
		j->ctx == NULL)
		return err_nomem(e);
	if (certview_load(&j->leaf, j->in->leaf->p, j->in->leaf->len, e) != ACSR_OK) {
		err_at(e, "leaf");
		return ACSR_FAIL;
	}
	TRY(load_list(j->intermediates, j->in->intermediates, j->in->n_intermediates, "intermediates", e));
	TRY(load_list(j->roots, j->in->roots, j->in->n_roots, "roots", e));
	for (int i = 0; i < sk_X509_num(j->roots); i++)
		if (X509_STORE_add_cert(j->store, sk_X509_value(j->roots, i)) != 1)
			return ossl_err(e, "sys.openssl", "cannot verify");
	return load_crls(j, e);
}

/* --- the best of all ways --- */

struct contest {
	struct chain_job *j;
	struct chain_purpose purpose;
	struct chain_attempt *best;
	size_t best_errors;
	size_t n;
};

static bool is_better(const struct contest *c, const struct chain_attempt *a, size_t errors)
{
	if (c->best == NULL)
		return true;
	if (a->path.anchored != c->best->path.anchored)
		return a->path.anchored;
	return errors < c->best_errors ||
	       (errors == c->best_errors && a->path.n > c->best->path.n && errors > 0);
}

static enum acsr_result compete(void *arg, const struct chain_path *path, bool *stop, struct acsr_err *e)
{
	struct contest *c = arg;
	struct chain_attempt *a = calloc(1, sizeof(*a));
	size_t errors;

	if (a == NULL)
		return err_nomem(e);
	a->j = c->j;
	a->purpose = c->purpose;
	a->path = *path;
	if (chain_judge(a, e) != ACSR_OK) {
		chain_attempt_free(a);
		free(a);
		return ACSR_FAIL;
	}
	c->n++;
	errors = chain_attempt_errors(a);
	if (is_better(c, a, errors)) {
		struct chain_attempt *worse = c->best;

		c->best = a;
		c->best_errors = errors;
		a = worse;
	}
	if (a != NULL)
		chain_attempt_free(a);
	free(a);
	*stop |= c->best_errors == 0;
	return ACSR_OK;
}

/* --- names --- */

static bool covers(X509 *leaf, const char *name)
{
	uint8_t ip[16];

	if (inet_pton(AF_INET, name, ip) == 1)
		return X509_check_ip(leaf, ip, 4, 0) == 1;
	if (inet_pton(AF_INET6, name, ip) == 1)
		return X509_check_ip(leaf, ip, 16, 0) == 1;
	return X509_check_host(leaf, name, strlen(name),
		       X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS, NULL) == 1;
}

/* "a.example.com, *.example.org and 3 more" */
static void list_names(const struct chain_job *j, char *out, size_t cap)
{
	struct acsr_cert_view *v = NULL;
	size_t n = 0, shown = 0;

	snprintf(out, cap, "no names");
	if (certview_make(&v, j->leaf, NULL) != ACSR_OK)
		return;
	for (; shown < v->sans.n && n + strlen(v->sans.v[shown].value) + 24 < cap; shown++)
		n += (size_t)snprintf(
			out + n, cap - n, "%s%s", shown > 0 ? ", " : "", v->sans.v[shown].value);
	if (shown < v->sans.n)
		snprintf(out + n, cap - n, " and %zu more", v->sans.n - shown);
	acsr_cert_view_free(v);
}

static enum acsr_result check_names(struct chain_attempt *a, struct acsr_err *e)
{
	const struct acsr_chain *in = a->j->in;
	char has[180], field[32];

	for (size_t i = 0; i < in->n_names; i++) {
		if (covers(a->j->leaf, in->names[i]))
			continue;
		list_names(a->j, has, sizeof(has));
		snprintf(field, sizeof(field), "names[%zu]", i);
		TRY(acsr_findings_add(&a->whole, ACSR_ERROR, "verify.name", field, "RFC 9525 6",
			"order one with that name among its subject alternative names", e,
			"the certificate does not cover %.150s; it covers %s", in->names[i], has));
	}
	return ACSR_OK;
}

/* --- what this OpenSSL cannot verify --- */

/* Not a fault of the chain, so no finding: there is no verdict. */
static enum acsr_result check_schemes(const struct chain_attempt *a, struct acsr_err *e)
{
	for (size_t i = 0; i < a->path.n - a->path.anchored; i++) {
		const struct acsr_key_type *t;
		const X509_ALGOR *alg;
		struct acsr_err why;
		char oid[80], where[32];

		X509_get0_signature(NULL, &alg, a->path.v[i]);
		ossl_oid(alg->algorithm, oid, sizeof(oid));
		t = key_type_by_oid(oid);
		if (t == NULL || acsr_key_type_require(t, &why) == ACSR_OK)
			continue;
		chain_locate(a->j, a->path.v[i], where);
		return err_rule(
			e, why.id, where, NULL, "the signature (%s) cannot be checked: %s", t->evp, why.text);
	}
	return ACSR_OK;
}

/* --- the report --- */

void acsr_chain_report_free(struct acsr_chain_report *r)
{
	if (r == NULL)
		return;
	for (size_t i = 0; i < r->n_links; i++) {
		acsr_cert_view_free(r->links[i].view);
		acsr_findings_free(&r->links[i].findings);
	}
	free(r->links);
	acsr_findings_free(&r->findings);
	strv_free(&(struct strv){ r->policies, r->n_policies });
	free(r);
}

static bool misses_issuer(const struct acsr_chain_link *l)
{
	for (size_t i = 0; i < l->findings.n; i++)
		if (strcmp(l->findings.v[i].id, "verify.issuer") == 0)
			return true;
	return false;
}

/* Findings move from the attempt to the report. */
static enum acsr_result fill_links(struct acsr_chain_report *r, struct chain_attempt *a, struct acsr_err *e)
{
	bool short_of_memory = false;
	struct acsr_err why;

	for (size_t i = 0; i < a->path.n; i++, r->n_links++) {
		struct acsr_chain_link *l = &r->links[i];

		chain_locate(a->j, a->path.v[i], l->where);
		if (certview_make(&l->view, a->path.v[i], &why) != ACSR_OK) {
			short_of_memory = short_of_memory || err_is(&why, "sys.nomem");
			l->view = NULL;
		}
		l->findings = a->on[i];
		a->on[i] = (struct acsr_findings){ 0 };
		if (misses_issuer(l))
			r->orphan = l->view;
	}
	ERR_clear_error();
	return short_of_memory ? err_nomem(e) : ACSR_OK;
}

static enum acsr_result report(struct acsr_chain_report **out, struct contest *c, struct acsr_err *e)
{
	struct chain_attempt *a = c->best;
	struct acsr_chain_report *r;
	enum acsr_result filled;

	TRY(check_schemes(a, e));
	TRY(check_names(a, e));
	r = calloc(1, sizeof(*r));
	if (r != NULL)
		r->links = calloc(a->path.n, sizeof(*r->links));
	if (r == NULL || r->links == NULL) {
		free(r);
		return err_nomem(e);
	}
	r->ok = chain_attempt_errors(a) == 0;
	r->anchored = a->path.anchored;
	r->n_paths = c->n;
	filled = fill_links(r, a, e);
	r->findings = a->whole;
	a->whole = (struct acsr_findings){ 0 };
	r->policies = a->policies.v;
	r->n_policies = a->policies.n;
	a->policies = (struct strv){ 0 };
	if (filled != ACSR_OK) {
		acsr_chain_report_free(r);
		return ACSR_FAIL;
	}
	*out = r;
	return ACSR_OK;
}

enum acsr_result acsr_chain_check(
	const struct acsr_chain *c, struct acsr_chain_report **out, struct acsr_err *e)
{
	struct chain_job j = { .in = c };
	struct contest race = { .j = &j };
	enum acsr_result r = chain_purpose_find(&race.purpose, c->eku, e);

	if (r == ACSR_OK)
		r = load(&j, e);
	if (r == ACSR_OK)
		r = chain_paths(&j, compete, &race, e);
	if (r == ACSR_OK)
		r = report(out, &race, e);
	if (race.best != NULL)
		chain_attempt_free(race.best);
	free(race.best);
	job_free(&j);
	return r;
}

static const struct acsr_finding *first_error(const struct acsr_chain_report *r)
{
	for (size_t i = 0; i < r->n_links; i++)
		if (acsr_findings_first_error(&r->links[i].findings) != NULL)
			return acsr_findings_first_error(&r->links[i].findings);
	return acsr_findings_first_error(&r->findings);
}

enum acsr_result acsr_chain_verify(const struct acsr_chain *c, struct acsr_err *e)
{
	struct acsr_chain_report *r = NULL;
	const struct acsr_finding *f;

	TRY(acsr_chain_check(c, &r, e));
	f = first_error(r);
	if (f != NULL)
		(void)err_rule(e, f->id, f->field, f->source, "%s", f->text);
	acsr_chain_report_free(r);
	return f == NULL ? ACSR_OK : ACSR_FAIL;
}
