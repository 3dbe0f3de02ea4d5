/* Renewal: what a certificate or CSR says, as a new request. */
#include <string.h>

#include "base/str.h"
#include "draft_int.h"
#include "ext.h"
#include "subject_int.h"

/* What both views have that a new request may ask for. */
struct source {
	const struct acsr_dn *subject;
	const struct acsr_sans *sans;
	char *const *ekus;
	size_t n_ekus;
	unsigned ku;
	bool must_staple, ca;
	int path_len;
	const struct acsr_ms_template *ms_template;
	const char *key_name;
};

static enum acsr_result take_subject(struct acsr_csr_draft *d, const struct acsr_dn *from, struct acsr_err *e)
{
	for (size_t i = 0; i < from->n; i++) {
		if (from->v[i].broken)
			return err_rule(e, "subject.control", from->v[i].name, "RFC 5280 4.1.2.4",
				"the subject field is no clean text");
		TRY(dn_add(&d->subject, &from->v[i], e));
	}
	return ACSR_OK;
}

static enum acsr_result take_sans(struct acsr_csr_draft *d, const struct acsr_sans *from, struct acsr_err *e)
{
	for (size_t i = 0; i < from->n; i++) {
		const struct acsr_san *s = &from->v[i];

		if (s->broken)
			return err_rule(e, "name.control", NULL, "RFC 5280 4.2.1.6",
				"the name \"%.100s\" is no clean one", s->value);
		if (s->type == ACSR_SAN_UNKNOWN)
			TRY(draft_note(
				d, e, "a name of an uncommon kind is not taken over: %.60s", s->value));
		else
			TRY(acsr_sans_add(&d->sans, s->type, s->value, e));
	}
	return ACSR_OK;
}

static enum acsr_result take_template(
	struct acsr_csr_draft *d, const struct acsr_ms_template *t, struct acsr_err *e)
{
	if (t->name != NULL)
		TRY(draft_replace(&d->ms_template.name, t->name, e));
	if (t->oid != NULL)
		TRY(draft_replace(&d->ms_template.oid, t->oid, e));
	d->ms_template.has_major = t->has_major;
	d->ms_template.has_minor = t->has_minor;
	d->ms_template.major = t->major;
	d->ms_template.minor = t->minor;
	return ACSR_OK;
}

static enum acsr_result take_key_type(struct acsr_csr_draft *d, const char *name, struct acsr_err *e)
{
	const struct acsr_key_type *t;

	if (acsr_key_type_find(&t, name, NULL) == ACSR_OK)
		return draft_replace(&d->key_type, t->name, e);
	return draft_note(d, e, "the old key (%s) is of a type that is not made any more", name);
}

static enum acsr_result take(struct acsr_csr_draft *d, const struct source *s, struct acsr_err *e)
{
	TRY(take_subject(d, s->subject, e));
	TRY(take_sans(d, s->sans, e));
	for (size_t i = 0; i < s->n_ekus; i++)
		TRY(draft_add_eku(d, s->ekus[i], e));
	d->ku = s->ku;
	d->must_staple = s->must_staple;
	d->ca = s->ca;
	d->path_len = s->ca ? s->path_len : -1;
	TRY(take_template(d, s->ms_template, e));
	return take_key_type(d, s->key_name, e);
}

/* The extensions that the fields above carry. */
static bool is_typed(const char *oid)
{
	static const char *const typed[] = { "2.5.29.17", "2.5.29.37", "2.5.29.15", "2.5.29.19", "2.5.29.32",
		"1.3.6.1.5.5.7.1.24", OID_MS_TEMPLATE_NAME, OID_MS_TEMPLATE_OID };

	for (size_t i = 0; i < sizeof(typed) / sizeof(typed[0]); i++)
		if (strcmp(typed[i], oid) == 0)
			return true;
	return false;
}

static bool is_key_identifier(const char *oid)
{
	return strcmp(oid, "2.5.29.14") == 0 || strcmp(oid, "2.5.29.35") == 0;
}

/* What a CA puts in by itself is not worth a word. */
static bool is_the_cas(const char *oid)
{
	static const char *const own[] = { "2.5.29.14", "2.5.29.35", "2.5.29.31", "2.5.29.32",
		"1.3.6.1.5.5.7.1.1", "1.3.6.1.4.1.11129.2.4.2" };

	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if (strcmp(own[i], oid) == 0)
			return true;
	return false;
}

static enum acsr_result from_cert(
	struct acsr_csr_draft *d, const struct acsr_cert_view *v, struct acsr_err *e)
{
	const struct source s = { .subject = &v->subject,
		.sans = &v->sans,
		.ekus = v->ekus,
		.n_ekus = v->n_ekus,
		.ku = v->ku,
		.must_staple = v->must_staple,
		.ca = v->ca,
		.path_len = v->path_len,
		.ms_template = &v->ms_template,
		.key_name = v->key_name };

	TRY(take(d, &s, e));
	for (size_t i = 0; i < v->n_exts; i++) {
		const struct acsr_ext *x = &v->exts[i];

		if (!is_typed(x->oid) && !is_the_cas(x->oid))
			TRY(draft_note(d, e, "the extension %s is not taken over",
				x->name[0] != '\0' ? x->name : x->oid));
	}
	return ACSR_OK;
}

static enum acsr_result take_exts(struct acsr_csr_draft *d, const struct acsr_csr_view *v, struct acsr_err *e)
{
	for (size_t i = 0; i < v->n_exts; i++) {
		const struct acsr_ext *x = &v->exts[i];

		if (is_key_identifier(x->oid))
			d->ski = d->ski || strcmp(x->oid, "2.5.29.14") == 0;
		else if (x->bad)
			TRY(draft_note(d, e, "the extension %s cannot be read and is not taken over",
				x->name[0] != '\0' ? x->name : x->oid));
		else if (!is_typed(x->oid))
			TRY(draft_add_ext(d, x->oid, x->critical, x->der.p, x->der.len, e));
	}
	return ACSR_OK;
}

static enum acsr_result take_attributes(
	struct acsr_csr_draft *d, const struct acsr_csr_view *v, struct acsr_err *e)
{
	for (size_t i = 0; i < v->n_attrs; i++) {
		const struct acsr_attr *a = &v->attrs[i];

		if (strcmp(a->name, "unstructuredName") == 0 && a->text != NULL)
			TRY(draft_replace(&d->unstructured_name, a->text, e));
		else if (strcmp(a->name, "extensionRequest") != 0)
			TRY(draft_note(d, e, "the attribute %s is not taken over",
				a->name[0] != '\0' ? a->name : a->oid));
	}
	return ACSR_OK;
}

static enum acsr_result from_csr(struct acsr_csr_draft *d, const struct acsr_csr_view *v, struct acsr_err *e)
{
	const struct source s = { .subject = &v->subject,
		.sans = &v->sans,
		.ekus = v->ekus,
		.n_ekus = v->n_ekus,
		.ku = v->ku,
		.must_staple = v->must_staple,
		.ca = v->ca,
		.path_len = v->path_len,
		.ms_template = &v->ms_template,
		.key_name = v->key_name };

	TRY(take(d, &s, e));
	d->end_entity = v->has_basic_constraints && !v->ca;
	for (size_t i = 0; i < v->n_policies; i++)
		TRY(draft_add_policy(d, v->policies[i].oid, v->policies[i].cps, e));
	TRY(take_exts(d, v, e));
	return take_attributes(d, v, e);
}

static enum acsr_result settle(struct acsr_csr_draft *d, struct acsr_csr_draft *made, enum acsr_result r)
{
	if (r != ACSR_OK) {
		acsr_csr_draft_free(made);
		return r;
	}
	acsr_csr_draft_free(d);
	*d = *made;
	return ACSR_OK;
}

enum acsr_result acsr_csr_draft_from_cert(
	struct acsr_csr_draft *d, const struct acsr_cert_view *v, struct acsr_err *e)
{
	struct acsr_csr_draft made;

	acsr_csr_draft_init(&made);
	return settle(d, &made, from_cert(&made, v, e));
}

enum acsr_result acsr_csr_draft_from_csr(
	struct acsr_csr_draft *d, const struct acsr_csr_view *v, struct acsr_err *e)
{
	struct acsr_csr_draft made;

	acsr_csr_draft_init(&made);
	return settle(d, &made, from_csr(&made, v, e));
}
