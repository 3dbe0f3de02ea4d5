/* The judgement on a certificate, one rule a function. */
#include "certify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autocsr/cert.h"
#include "autocsr/chain.h"
#include "autocsr/csr.h"
#include "base/clock.h"
#include "params.h"
#include "pki/certby.h"
#include "pki/der.h"
#include "pki/fields.h"
#include "profiles.h"

enum { SERIAL_BITS_MIN = 64, URL_MAX = 512, WARNINGS_MAX = 4000 };

/* Everything that one request needs while it is judged. */
struct request {
	const struct msg_sign_cert *m;
	const struct issuer *issuer;
	const struct acsr_profile *profile;
	struct acsr_profile exact; /* the same without back-dating; spec points into it */
	struct acsr_csr_view *csr;
	struct acsr_dn subject;
	struct acsr_sans sans;
	struct acsr_cert_spec spec;
	struct issuance record;
	uint8_t params[32];
	char crl_url[URL_MAX], issuer_url[URL_MAX];
};

static void request_clear(struct request *q)
{
	acsr_csr_view_free(q->csr);
	acsr_dn_free(&q->subject);
	acsr_sans_free(&q->sans);
}

/* --- rules --- */

enum acsr_result certify_issuer(
	const struct issuer **out, const struct authority *a, const char *name, struct acsr_err *e)
{
	const struct issuer *i = issuers_find(&a->issuers, name);

	if (i == NULL)
		return err_rule(e, "cert.issuer", "issuer", NULL, "the signer has no issuer %s", name);
	if (i->key == NULL)
		return err_rule(e, "state.issuer-offline", "issuer", NULL,
			"the key of %s is not here: put %s.key back to sign with it", name, name);
	*out = i;
	return ACSR_OK;
}

static unsigned bits_of(const struct blob *b)
{
	unsigned bits = (unsigned)b->len * 8;

	for (unsigned top = 0x80; bits > 0 && top != 0 && (b->p[0] & top) == 0; top >>= 1)
		bits--;
	return bits;
}

/* BR 7.1.2.7: at least 64 random bits; RFC 5280 4.1.2.2: positive, at most 20 octets. */
static enum acsr_result check_serial(const struct blob *s, struct acsr_err *e)
{
	const char *what = NULL;

	if (s->len > 20)
		what = "has more than 20 octets";
	else if (s->len == 0 || s->p[0] == 0)
		what = "is not in its shortest form";
	else if ((s->p[0] & 0x80) != 0)
		what = "is negative";
	else if (bits_of(s) < SERIAL_BITS_MIN)
		what = "has fewer than 64 bits";
	return what == NULL ? ACSR_OK
			    : err_rule(e, "cert.serial", "serial", "RFC 5280 4.1.2.2, BR 7.1.2.7",
				      "the serial number %s", what);
}

static enum acsr_result check_issuer_kind(const struct issuer *i, struct acsr_err *e)
{
	return !i->root ? ACSR_OK
			: err_rule(e, "policy.issuer", "issuer", "BR 6.1.7",
				  "the root signs no certificates of subscribers");
}

static enum acsr_result check_key(const struct acsr_csr_view *csr, struct acsr_err *e)
{
	const struct acsr_key_policy policy = { .allow_eddsa = true, .allow_pqc = true };

	return acsr_key_check_public(csr->key, &policy, NULL, e);
}

static enum acsr_result check_start(int64_t not_before, struct acsr_err *e)
{
	int64_t off = not_before - clock_now();

	if (off > PROFILES_CLOCK_WINDOW || off < -PROFILES_CLOCK_WINDOW)
		return err_rule(e, "policy.validity", "not_before", "BR 7.1.2.7",
			"notBefore is more than 48 hours from now");
	return ACSR_OK;
}

/* core chose the times, so nothing is backdated, and nothing is cut at the issuer's end: what core asked must
 * come out exactly. */
static enum acsr_result apply_profile(struct request *q, struct acsr_err *e)
{
	int64_t from = (int64_t)q->m->not_before, to = (int64_t)q->m->not_after;

	if (to <= from)
		return err_rule(e, "cert.validity", "not_after", NULL, "notAfter is not after notBefore");
	TRY(check_start(from, e));
	q->exact = *q->profile;
	q->exact.backdate = 0;
	TRY(acsr_cert_apply_profile(&q->spec, &q->exact, from, to - from + 1, e));
	if (q->spec.not_before != from || q->spec.not_after != to)
		return err_rule(e, "cert.outlives-issuer", "not_after", "RFC 5280 6.1",
			"the certificate would outlive its issuer %s", q->issuer->name);
	return ACSR_OK;
}

/* --- putting it together --- */

static void fill_urls(struct request *q, const struct authority *a)
{
	snprintf(q->crl_url, URL_MAX, "%s/crl/%s.crl", a->base_url, q->issuer->name);
	snprintf(q->issuer_url, URL_MAX, "%s/ca/%s.cer", a->base_url, q->issuer->name);
	q->spec.crl_url = q->crl_url;
	q->spec.issuer_url = q->issuer_url;
}

static void fill_spec(struct request *q)
{
	memcpy(q->spec.serial, q->m->serial.p, q->m->serial.len);
	q->spec.serial_len = q->m->serial.len;
	q->spec.subject = &q->subject;
	q->spec.sans = &q->sans;
	q->spec.subject_key = q->csr->key;
	q->spec.path_len = -1;
}

static enum acsr_result fill_record(struct request *q, struct acsr_err *e)
{
	q->record = (struct issuance){ .issuer = q->issuer->name,
		.profile = q->profile->name,
		.reference = q->m->reference,
		.spki_sha256 = q->csr->spki_sha256,
		.not_before = (int64_t)q->m->not_before,
		.not_after = (int64_t)q->m->not_after,
		.params = q->params,
		.names = &q->m->sans };
	memcpy(q->record.serial.v, q->m->serial.p, q->m->serial.len);
	q->record.serial.len = q->m->serial.len;
	return params_of_certificate(&q->record, &q->m->subject, q->params, e);
}

static enum acsr_result read_request(struct request *q, const struct authority *a, struct acsr_err *e)
{
	TRY(certify_issuer(&q->issuer, a, q->m->issuer, e));
	TRY(check_issuer_kind(q->issuer, e));
	TRY(profiles_find(&q->profile, q->m->profile, e));
	TRY(check_serial(&q->m->serial, e));
	TRY(acsr_csr_parse(&q->csr, q->m->csr.p, q->m->csr.len, e));
	TRY(check_key(q->csr, e));
	TRY(fields_dn(&q->subject, &q->m->subject, e));
	TRY(fields_sans(&q->sans, &q->m->sans, e));
	return fill_record(q, e);
}

/* --- lint --- */

static enum acsr_result warnings_of(const struct acsr_findings *all, char **out, struct acsr_err *e)
{
	CLEANUP_BUF struct buf text = { 0 };

	buf_init(&text, WARNINGS_MAX);
	for (size_t i = 0; i < all->n; i++)
		if (all->v[i].severity == ACSR_WARN &&
			buf_printf(&text, NULL, "%s: %s\n", all->v[i].id, all->v[i].text) != ACSR_OK)
			break;
	return str_dup(out, buf_cstr(&text), e);
}

static enum acsr_result lint(
	const struct request *q, const struct acsr_cert_view *v, char **warnings, struct acsr_err *e)
{
	struct acsr_findings all = { 0 };
	enum acsr_result r = certby_lint(v, q->profile, &all, e);

	if (r == ACSR_OK)
		r = warnings_of(&all, warnings, e);
	acsr_findings_free(&all);
	return r;
}

/* --- signing --- */

struct judging {
	struct request *q;
	struct authority *a;
	enum issuance_state state;
	char **warnings;
};

/* The last moment before the key is used. */
static enum acsr_result judge(void *arg, const struct acsr_cert_view *v, struct acsr_err *e)
{
	struct judging *j = arg;

	TRY(lint(j->q, v, j->warnings, e));
	return j->state == ISSUANCE_NONE ? issuance_log_begin(j->a->log, &j->q->record, e) : ACSR_OK;
}

static enum acsr_result bad_signature(struct acsr_err *e, const struct acsr_err *why)
{
	return err_set(
		e, "sys.signature", "the new certificate does not verify: %s (%s)", why->text, why->id);
}

/* A fault while signing must not leave: it could give the key away. */
static enum acsr_result verify_signature(
	const struct request *q, const struct acsr_blob *der, struct acsr_err *e)
{
	struct bytes in = { der->p, der->len };
	struct der_tlv cert, tbs, alg, bits;
	struct acsr_err why = { 0 };

	if (der_expect(&in, DER_SEQUENCE, &cert, "cert", &why) == ACSR_OK &&
		der_expect(&cert.body, DER_SEQUENCE, &tbs, "cert", &why) == ACSR_OK &&
		der_expect(&cert.body, DER_SEQUENCE, &alg, "cert", &why) == ACSR_OK &&
		der_expect(&cert.body, DER_BIT_STRING, &bits, "cert", &why) == ACSR_OK && bits.body.len > 1 &&
		acsr_key_verify(q->issuer->key, tbs.whole.p, tbs.whole.len, bits.body.p + 1,
			bits.body.len - 1, &why) == ACSR_OK)
		return ACSR_OK;
	return bad_signature(e, &why);
}

/* As a relying party would, up to the root. */
static enum acsr_result verify_chain(
	const struct request *q, const struct authority *a, const struct acsr_blob *der, struct acsr_err *e)
{
	struct acsr_err why = { 0 };
	const struct acsr_chain chain = { .leaf = der,
		.intermediates = &q->issuer->der,
		.n_intermediates = 1,
		.roots = &a->issuers.v[0].der,
		.n_roots = 1,
		.at = q->spec.not_before,
		.eku = q->profile->ekus[0] };

	return acsr_chain_verify(&chain, &why) == ACSR_OK ? ACSR_OK : bad_signature(e, &why);
}

/* A certificate that does not verify never leaves. What is the same for all of an issuer and a profile is looked at with
 * the first of them. */
static enum acsr_result verify(
	const struct request *q, struct authority *a, const struct acsr_blob *der, struct acsr_err *e)
{
	TRY(verify_signature(q, der, e));
	for (size_t i = 0; i < a->n_proven; i++)
		if (a->proven[i].issuer == q->issuer && a->proven[i].profile == q->profile)
			return ACSR_OK;
	TRY(verify_chain(q, a, der, e));
	if (a->n_proven < AUTHORITY_PROVEN)
		a->proven[a->n_proven++] = (struct proven){ q->issuer, q->profile };
	return ACSR_OK;
}

static enum acsr_result sign(struct request *q, struct authority *a, enum issuance_state state,
	struct acsr_blob *der, char **warnings, struct acsr_err *e)
{
	struct judging j = { q, a, state, warnings };
	enum acsr_result r = certby_sign(&q->spec, q->issuer->view, q->issuer->key, judge, &j, der, e);

	if (r == ACSR_OK)
		r = verify(q, a, der, e);
	if (r == ACSR_OK)
		r = issuance_log_done(a->log, &q->record.serial, der->p, der->len, e);
	if (r != ACSR_OK)
		acsr_blob_free(der);
	return r;
}

static enum acsr_result certify_request(
	struct request *q, struct authority *a, struct acsr_blob *der, char **warnings, struct acsr_err *e)
{
	enum issuance_state state;

	TRY(read_request(q, a, e));
	TRY(issuance_log_find(a->log, &q->record.serial, q->params, &state, e));
	if (state == ISSUANCE_DONE) {
		TRY(issuance_log_certificate(a->log, &q->record.serial, der, e));
		return str_dup(warnings, "", e);
	}
	fill_spec(q);
	fill_urls(q, a);
	TRY(apply_profile(q, e));
	return sign(q, a, state, der, warnings, e);
}

enum acsr_result certify(struct authority *a, const struct msg_sign_cert *m, struct acsr_blob *der,
	char **warnings, struct acsr_err *e)
{
	struct request q = { .m = m };
	struct acsr_blob made = { 0 };
	char *said = NULL;
	enum acsr_result r = certify_request(&q, a, &made, &said, e);

	request_clear(&q);
	if (r == ACSR_OK) {
		*der = made;
		*warnings = said;
	} else {
		acsr_blob_free(&made);
		free(said);
	}
	return r;
}
