/* Drafts of requests: owning what acsr_csr_build only borrows. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "asn1text.h"
#include "base/str.h"
#include "der.h"
#include "draft_int.h"
#include "ext.h"

void acsr_csr_draft_init(struct acsr_csr_draft *d)
{
	*d = (struct acsr_csr_draft){ .path_len = -1 };
}

void acsr_csr_draft_free(struct acsr_csr_draft *d)
{
	if (d == NULL)
		return;
	acsr_dn_free(&d->subject);
	acsr_sans_free(&d->sans);
	strv_free(&(struct strv){ d->ekus, d->n_ekus });
	strv_free(&(struct strv){ d->notes, d->n_notes });
	free(d->digest);
	ext_free_policies(d->policies, d->n_policies);
	ext_free_template(&d->ms_template);
	for (size_t i = 0; i < d->n_exts; i++) {
		free(d->exts[i].oid);
		acsr_blob_free(&d->exts[i].der);
	}
	free(d->exts);
	acsr_secret_free(d->challenge_password);
	free(d->unstructured_name);
	free(d->key_type);
	acsr_csr_draft_init(d);
}

void acsr_csr_draft_request(const struct acsr_csr_draft *d, struct acsr_csr_request *out)
{
	*out = (struct acsr_csr_request){
		.subject = &d->subject,
		.sans = &d->sans,
		.ekus = (const char *const *)d->ekus,
		.n_ekus = d->n_ekus,
		.must_staple = d->must_staple,
		.digest = d->digest,
		.ku = d->ku,
		.ca = d->ca,
		.end_entity = d->end_entity,
		.path_len = d->path_len,
		.policies = d->policies,
		.n_policies = d->n_policies,
		.ms_template = &d->ms_template,
		.ski = d->ski,
		.exts = d->exts,
		.n_exts = d->n_exts,
		.challenge_password = d->challenge_password,
		.unstructured_name = d->unstructured_name,
	};
}

enum acsr_result draft_replace(char **at, const char *s, struct acsr_err *e)
{
	char *copy = NULL;

	TRY(str_dup(&copy, s, e));
	free(*at);
	*at = copy;
	return ACSR_OK;
}

enum acsr_result draft_note(struct acsr_csr_draft *d, struct acsr_err *e, const char *fmt, ...)
{
	struct strv list = { d->notes, d->n_notes };
	enum acsr_result r;
	char text[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	str_whole(text);
	r = strv_add(&list, text, e);
	d->notes = list.v;
	d->n_notes = list.n;
	return r;
}

enum acsr_result draft_add_eku(struct acsr_csr_draft *d, const char *name, struct acsr_err *e)
{
	const struct acsr_eku *known = acsr_eku_find(name);
	struct strv list = { d->ekus, d->n_ekus };
	ASN1_OBJECT *o = known == NULL ? asn1text_oid(name) : NULL;
	bool good = known != NULL || o != NULL;
	enum acsr_result r;

	ASN1_OBJECT_free(o);
	if (!good)
		return err_rule(e, "csr.new.eku", NULL, "RFC 5280 4.2.1.12",
			"the extended key usage %.60s is not known; give its OID", name);
	if (strv_has(&list, known != NULL ? known->name : name))
		return ACSR_OK;
	r = strv_add(&list, known != NULL ? known->name : name, e);
	d->ekus = list.v;
	d->n_ekus = list.n;
	return r;
}

enum acsr_result draft_add_policy(
	struct acsr_csr_draft *d, const char *oid, const char *cps, struct acsr_err *e)
{
	struct acsr_policy *v = realloc(d->policies, (d->n_policies + 1) * sizeof(*v)), it = { 0 };
	ASN1_OBJECT *o = asn1text_oid(oid);
	bool good = o != NULL;

	if (v != NULL)
		d->policies = v;
	ASN1_OBJECT_free(o);
	if (v == NULL)
		return err_nomem(e);
	if (!good)
		return err_rule(e, "csr.new.policy", NULL, "RFC 5280 4.2.1.4",
			"a certificate policy is a dotted OID, with the URL of its practice statement behind "
			"a blank");
	TRY(str_dup(&it.oid, oid, e));
	if (cps != NULL && str_dup(&it.cps, cps, e) != ACSR_OK) {
		free(it.oid);
		return ACSR_FAIL;
	}
	v[d->n_policies++] = it;
	return ACSR_OK;
}

enum acsr_result draft_add_ext(struct acsr_csr_draft *d, const char *oid, bool critical, const uint8_t *der,
	size_t len, struct acsr_err *e)
{
	struct acsr_raw_ext *v = realloc(d->exts, (d->n_exts + 1) * sizeof(*v));
	struct acsr_raw_ext it = { .critical = critical };
	ASN1_OBJECT *o = asn1text_oid(oid);
	bool good = o != NULL && der_check((struct bytes){ der, len }, "csr", NULL) == ACSR_OK;

	if (v != NULL)
		d->exts = v;
	ASN1_OBJECT_free(o);
	if (v == NULL)
		return err_nomem(e);
	if (!good)
		return err_rule(e, "csr.new.extension", NULL, "RFC 5280 4.2",
			"an extension is OID:HEX or OID:critical:HEX, with one DER element in hex");
	TRY(str_dup(&it.oid, oid, e));
	if (acsr_blob_copy(&it.der, der, len, e) != ACSR_OK) {
		free(it.oid);
		return ACSR_FAIL;
	}
	v[d->n_exts++] = it;
	return ACSR_OK;
}
