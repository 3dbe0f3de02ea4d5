/* Judging and storing what other CAs send (accept.h). */
#include "core/upstream/accept.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autocsr/bundle.h"
#include "autocsr/chain.h"
#include "autocsr/lint.h"
#include "core/issue.h"

#define POISON "1.3.6.1.4.1.11129.2.4.3"

enum { EARLY = 86400, MOST_NAMES_SHOWN = 200 };

void accepted_clear(struct accepted *a)
{
	struct strv warnings = { a->warnings, a->n_warnings };

	acsr_cert_view_free(a->view);
	acsr_blob_free(&a->der);
	free(a->chain);
	strv_free(&warnings);
	*a = (struct accepted){ 0 };
}

static enum acsr_result warn(struct accepted *a, const char *text, struct acsr_err *e)
{
	struct strv l = { a->warnings, a->n_warnings };
	enum acsr_result r = strv_add(&l, text, e);

	a->warnings = l.v;
	a->n_warnings = l.n;
	return r;
}

struct accept_from accept_of(const struct upstream_issuer *is, const struct product *p)
{
	bool offline = strcmp(is->kind, "offline") == 0;

	/* The roots of an ACME issuer are those of its web server, not of its certificates. */
	return (struct accept_from){ .issuer = is->name,
		.profile = p->profile,
		.public = is->public,
		.anchors = offline ? is->roots : "",
		.extra_names = offline };
}

/* --- which of them is it? --- */

static enum acsr_result find_leaf(const struct acsr_blob *certs, size_t n, const char *spki_sha256,
	size_t *at, struct accepted *a, struct acsr_err *e)
{
	char spki[65];

	for (size_t i = 0; i < n; i++) {
		TRY(acsr_cert_parse(&a->view, certs[i].p, certs[i].len, e));
		hex_encode(a->view->spki_sha256, 32, spki);
		if (strcmp(spki, spki_sha256) == 0) {
			*at = i;
			return acsr_blob_copy(&a->der, certs[i].p, certs[i].len, e);
		}
		acsr_cert_view_free(a->view);
		a->view = NULL;
	}
	return err_rule(e, "match.key", "certificate", NULL,
		"%s for another key than the order's CSR, whose SPKI has the SHA-256 %s",
		n == 1 ? "the certificate is" : "all of the certificates are", spki_sha256);
}

/* --- names --- */

static void list_name(char out[MOST_NAMES_SHOWN], const char *name)
{
	size_t n = strlen(out);

	snprintf(out + n, MOST_NAMES_SHOWN - n, "%s%s", n > 0 ? ", " : "", name);
	str_whole(out);
}

static enum acsr_san_type type_of(const char *name)
{
	uint8_t addr[16];

	return network_parse_address(name, addr) ? ACSR_SAN_IP : ACSR_SAN_DNS;
}

/* A name of another type is another name, whatever it says. */
static enum acsr_result list_if_extra(const struct strv *names, const struct acsr_san *san,
	char extra[MOST_NAMES_SHOWN], struct acsr_err *e)
{
	CLEANUP_STR char *lower = NULL, *shown = NULL;

	TRY(str_dup(&lower, san->value, e));
	str_lower(lower);
	if (strv_has(names, lower) && type_of(lower) == san->type)
		return ACSR_OK;
	if (san->type != ACSR_SAN_DNS && san->type != ACSR_SAN_IP) {
		TRY(str_printf(&shown, e, "%s:%s", acsr_san_label(san->type), lower));
		list_name(extra, shown);
		return ACSR_OK;
	}
	list_name(extra, lower);
	return ACSR_OK;
}

static enum acsr_result check_names(
	const struct order *o, const struct accept_from *from, struct accepted *a, struct acsr_err *e)
{
	char missing[MOST_NAMES_SHOWN] = "", extra[MOST_NAMES_SHOWN] = "", text[300];
	CLEANUP_STRV struct strv names = { 0 };

	TRY(order_names_list(o, &names, e));
	for (size_t i = 0; i < names.n; i++)
		if (!acsr_sans_has(&a->view->sans, type_of(names.v[i]), names.v[i]))
			list_name(missing, names.v[i]);
	for (size_t i = 0; i < a->view->sans.n; i++)
		TRY(list_if_extra(&names, &a->view->sans.v[i], extra, e));
	if (*missing != '\0')
		return err_rule(
			e, "cert.names", "certificate", NULL, "the certificate does not name %s", missing);
	if (*extra == '\0')
		return ACSR_OK;
	if (!from->extra_names)
		return err_rule(e, "cert.names", "certificate", NULL,
			"the certificate names %s too, which the order does not have", extra);
	snprintf(text, sizeof(text), "it names %s too, which the order does not have", extra);
	return warn(a, text, e);
}

/* --- times, and what it may be --- */

static enum acsr_result check_leaf(struct core *c, const struct accepted *a, struct acsr_err *e)
{
	const struct acsr_cert_view *v = a->view;

	for (size_t i = 0; i < v->n_exts; i++)
		if (strcmp(v->exts[i].oid, POISON) == 0)
			return err_rule(e, "cert.precertificate", "certificate", "RFC 6962 3.1",
				"this is a precertificate, which is no certificate yet");
	if (v->ca)
		return err_rule(e, "verify.ca", "certificate", NULL, "the certificate is a CA's own");
	if (v->not_after < c->now)
		return err_rule(e, "verify.expired", "certificate", NULL, "the certificate has expired");
	if (v->not_before > c->now + EARLY)
		return err_rule(e, "verify.not-yet", "certificate", NULL,
			"the certificate becomes valid only in %lld days; is this machine's clock right?",
			(long long)((v->not_before - c->now) / 86400));
	if (v->not_after - v->not_before < 0)
		return err_rule(
			e, "cert.validity", "certificate", NULL, "the certificate ends before it begins");
	return ACSR_OK;
}

static enum acsr_result check_use(
	const struct accept_from *from, const struct acsr_cert_view *v, struct acsr_err *e)
{
	for (size_t i = 0; i < v->n_ekus; i++)
		if (strcmp(v->ekus[i], "serverAuth") == 0)
			return ACSR_OK;
	if (v->n_ekus == 0 || from->extra_names)
		return ACSR_OK;
	return err_rule(e, "cert.eku", "certificate", NULL,
		"the certificate is not for TLS servers: serverAuth is not among its extended key usages");
}

/* --- the chain --- */

struct pool {
	struct acsr_blob *v; /* loans */
	size_t n;
};

static bool is_root(const struct acsr_blob *der)
{
	struct acsr_cert_view *v = NULL;
	bool root;

	if (acsr_cert_parse(&v, der->p, der->len, NULL) != ACSR_OK)
		return false;
	root = v->self_issued && v->ca;
	acsr_cert_view_free(v);
	return root;
}

static bool is_named_issuer(const struct acsr_blob *der, const struct acsr_cert_view *leaf)
{
	struct acsr_cert_view *v = NULL;
	bool is;

	if (acsr_cert_parse(&v, der->p, der->len, NULL) != ACSR_OK)
		return false;
	is = v->ca && v->subject_der.len == leaf->issuer_der.len &&
	     memcmp(v->subject_der.p, leaf->issuer_der.p, leaf->issuer_der.len) == 0;
	acsr_cert_view_free(v);
	return is;
}

static enum acsr_result first_fault(const struct acsr_chain_report *r, struct acsr_err *e)
{
	const struct acsr_finding *f = acsr_findings_first_error(&r->findings);

	for (size_t i = 0; i < r->n_links && f == NULL; i++)
		f = acsr_findings_first_error(&r->links[i].findings);
	if (f == NULL)
		return err_set(e, "verify.chain", "the certificate's chain does not hold");
	return err_rule(e, f->id, "certificate", f->source, "%s%s%s", f->text,
		f->remedy[0] != '\0' ? "; " : "", f->remedy);
}

/* The DER of a link of the report: "leaf", "intermediates[2]", "roots[0]". */
static const struct acsr_blob *link_der(const struct acsr_chain *chain, const char *where)
{
	size_t at = 0;
	const char *number = strchr(where, '[');

	if (number != NULL)
		at = (size_t)strtoul(number + 1, NULL, 10);
	if (str_starts(where, "intermediates[") && at < chain->n_intermediates)
		return &chain->intermediates[at];
	if (str_starts(where, "roots[") && at < chain->n_roots)
		return &chain->roots[at];
	return NULL;
}

static enum acsr_result put_pem(struct buf *out, const struct acsr_blob *der, struct acsr_err *e)
{
	ACSR_CLEANUP_BLOB struct acsr_blob pem = { 0 };

	TRY(acsr_cert_pem(der->p, der->len, &pem, e));
	return buf_put(out, pem.p, pem.len, e);
}

/* What servers send: everything above the leaf but a root. */
static enum acsr_result keep_chain(const struct acsr_chain *chain, const struct acsr_chain_report *r,
	struct buf *out, struct acsr_err *e)
{
	for (size_t i = 1; i < r->n_links; i++) {
		const struct acsr_blob *der = link_der(chain, r->links[i].where);

		if (der != NULL && !is_root(der))
			TRY(put_pem(out, der, e));
	}
	return ACSR_OK;
}

static enum acsr_result verify(struct core *c, const struct accepted *a, struct acsr_chain *chain,
	struct buf *out, struct acsr_err *e)
{
	struct acsr_chain_report *report = NULL;
	enum acsr_result r;

	chain->leaf = &a->der;
	chain->partial = true;
	chain->at = a->view->not_before > c->now ? a->view->not_before : c->now;
	TRY(acsr_chain_check(chain, &report, e));
	r = report->ok ? keep_chain(chain, report, out, e) : first_fault(report, e);
	acsr_chain_report_free(report);
	return r;
}

/* Nobody said which roots to believe: the highest of those that came along and belong to it, and the roots among them. */
static enum acsr_result anchor_at_the_top(
	const struct acsr_blob *certs, size_t n, struct accepted *a, struct pool *anchors, struct acsr_err *e)
{
	size_t *order = NULL, in_order = 0;

	TRY(acsr_bundle_order(certs, n, a->view->key, &order, &in_order, e));
	if (in_order > 1)
		anchors->v[anchors->n++] = certs[order[in_order - 1]];
	free(order);
	/* Whoever bears the issuer's name must have signed it, or it is a forgery. */
	for (size_t i = 0; i < n; i++)
		if (is_root(&certs[i]) || (in_order < 2 && is_named_issuer(&certs[i], a->view)))
			anchors->v[anchors->n++] = certs[i];
	return ACSR_OK;
}

static enum acsr_result check_chain_as_given(struct core *c, const struct acsr_blob *certs, size_t n,
	struct accepted *a, struct buf *out, struct acsr_err *e)
{
	struct pool anchors = { calloc(n + 1, sizeof(*anchors.v)), 0 };
	struct acsr_chain chain = { .intermediates = certs, .n_intermediates = n };
	enum acsr_result r;

	if (anchors.v == NULL)
		return err_nomem(e);
	r = anchor_at_the_top(certs, n, a, &anchors, e);
	chain.roots = anchors.v;
	chain.n_roots = anchors.n;
	if (r == ACSR_OK && anchors.n == 0)
		r = warn(a,
			"no certificate of its issuer came with it, so its signature is not checked and no "
			"chain is delivered",
			e);
	else if (r == ACSR_OK)
		r = verify(c, a, &chain, out, e);
	free(anchors.v);
	return r;
}

static enum acsr_result check_chain(struct core *c, const struct accept_from *from,
	const struct acsr_blob *certs, size_t n, struct accepted *a, struct acsr_err *e)
{
	struct acsr_chain chain = { .intermediates = certs, .n_intermediates = n };
	CLEANUP_BUF struct buf pem = { 0 };
	struct acsr_blob *anchors = NULL;
	enum acsr_result r;

	buf_init(&pem, 1 << 20);
	if (from->anchors == NULL || *from->anchors == '\0') {
		TRY(check_chain_as_given(c, certs, n, a, &pem, e));
		return str_dup(&a->chain, buf_cstr(&pem), e);
	}
	TRY(acsr_input_certs(
		(const uint8_t *)from->anchors, strlen(from->anchors), &anchors, &chain.n_roots, e));
	chain.roots = anchors;
	r = verify(c, a, &chain, &pem, e);
	acsr_certs_free(anchors, chain.n_roots);
	TRY(r);
	return str_dup(&a->chain, buf_cstr(&pem), e);
}

/* --- lint --- */

static enum acsr_result lint(const struct accept_from *from, struct accepted *a, struct acsr_err *e)
{
	const struct acsr_profile *profile;
	struct acsr_findings found = { 0 };
	enum acsr_result r = ACSR_OK;
	struct acsr_err first;
	char name[80], text[600];

	snprintf(name, sizeof(name), "%s%s", from->public ? "public-" : "", from->profile);
	TRY(acsr_profile_find(&profile, name, e));
	if (acsr_lint_cert(a->view, profile, NULL, &found, &first) != ACSR_OK && found.n == 0)
		r = warn(a, first.text, e);
	for (size_t i = 0; i < found.n && r == ACSR_OK; i++) {
		const struct acsr_finding *f = &found.v[i];

		if (f->severity < ACSR_WARN)
			continue;
		snprintf(text, sizeof(text), "%s: %s%s%s%s", f->id, f->text, f->source[0] != '\0' ? " [" : "",
			f->source, f->source[0] != '\0' ? "]" : "");
		r = warn(a, text, e);
	}
	acsr_findings_free(&found);
	return r;
}

/* --- all of it --- */

static enum acsr_result free_serial(struct core *c, const struct acsr_cert_view *v, const char *sha256,
	char serial[43], struct acsr_err *e);

static enum acsr_result judge(struct core *c, const struct order *o, const struct accept_from *from,
	const struct acsr_blob *certs, size_t n, struct accepted *a, struct acsr_err *e)
{
	char serial[43], sha256[65];
	struct csr_request r;
	size_t at;

	TRY(csr_request_load(c->db, o->request_id, &r, e));
	TRY(find_leaf(certs, n, r.spki_sha256, &at, a, e));
	TRY(check_leaf(c, a, e));
	TRY(check_use(from, a->view, e));
	TRY(check_names(o, from, a, e));
	TRY(check_chain(c, from, certs, n, a, e));
	hex_encode(a->view->sha256, 32, sha256);
	TRY(free_serial(c, a->view, sha256, serial, e));
	return lint(from, a, e);
}

enum acsr_result accept_check(struct core *c, const struct order *o, const struct accept_from *from,
	const struct acsr_blob *certs, size_t n, struct accepted *out, struct acsr_err *e)
{
	struct accepted a = { 0 };

	if (judge(c, o, from, certs, n, &a, e) != ACSR_OK) {
		accepted_clear(&a);
		return ACSR_FAIL;
	}
	*out = a;
	return ACSR_OK;
}

/* --- storing --- */

/* Serials are unique within one CA only (RFC 5280 4.1.2.2). */
static enum acsr_result free_serial(struct core *c, const struct acsr_cert_view *v, const char *sha256,
	char serial[43], struct acsr_err *e)
{
	struct certificate there;
	struct acsr_err why;

	for (int i = 1; i < 100; i++) {
		if (i == 1)
			snprintf(serial, 43, "%s", v->serial_hex);
		else
			snprintf(serial, 43, "%.39s-%d", v->serial_hex, i);
		if (certificate_load(c->db, serial, &there, &why) != ACSR_OK)
			return err_is(&why, "object.absent") ? ACSR_OK : (*e = why, ACSR_FAIL);
		if (strcmp(there.sha256, sha256) == 0)
			return err_set(e, "object.exists",
				"this certificate is there already, of the order %s",
				there.order_id[0] != '\0' ? there.order_id : "of the service itself");
	}
	return err_set(e, "cert.serial", "a hundred certificates have the serial %s", v->serial_hex);
}

static enum acsr_result insert(
	struct core *c, const struct accepted *a, struct certificate *cert, struct acsr_err *e)
{
	hex_encode(a->view->sha256, 32, cert->sha256);
	hex_encode(a->view->spki_sha256, 32, cert->spki_sha256);
	cert->not_before = a->view->not_before;
	cert->not_after = a->view->not_after;
	cert->created_at = c->now;
	snprintf(cert->state, sizeof(cert->state), "signing");
	TRY(free_serial(c, a->view, cert->sha256, cert->serial, e));
	TRY(certificate_insert(c->db, cert, e));
	TRY(certificate_signed(c->db, cert->serial, (struct bytes){ a->der.p, a->der.len }, cert->sha256,
		cert->spki_sha256, e));
	return certificate_set_chain(c->db, cert->serial, a->chain, e);
}

enum acsr_result accept_store(struct core *c, struct order *o, const struct accept_from *from,
	const struct accepted *a, const char *actor, char serial[43], struct acsr_err *e)
{
	struct certificate cert = { 0 };
	CLEANUP_BUF struct buf lint_text = { 0 };

	snprintf(cert.issuer, sizeof(cert.issuer), "%s", from->issuer);
	snprintf(cert.order_id, sizeof(cert.order_id), "%s", o->id);
	snprintf(cert.request_id, sizeof(cert.request_id), "%s", o->request_id);
	snprintf(cert.profile, sizeof(cert.profile), "%s", from->profile);
	TRY(insert(c, a, &cert, e));
	buf_init(&lint_text, 65536);
	for (size_t i = 0; i < a->n_warnings; i++)
		TRY(buf_printf(&lint_text, e, "%s%s", i > 0 ? "; " : "", a->warnings[i]));
	memcpy(serial, cert.serial, sizeof(cert.serial));
	return issue_done(c, o, &cert, actor, buf_cstr(&lint_text), e);
}
