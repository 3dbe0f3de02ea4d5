/* Requests as JSON, both ways. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "draft_int.h"

struct input {
	struct acsr_csr_draft *d;
	enum acsr_name_policy policy;
};

static enum acsr_result bad_member(const char *where, struct acsr_err *e, const char *text)
{
	return err_rule(e, "request.value", where, NULL, "%s: %s", where, text);
}

static enum acsr_result set(
	const struct input *in, const char *key, const char *value, const char *where, struct acsr_err *e)
{
	if (acsr_csr_draft_set(in->d, key, value, in->policy, e) == ACSR_OK)
		return ACSR_OK;
	if (e != NULL)
		snprintf(e->field, sizeof(e->field), "%.95s", where);
	return ACSR_FAIL;
}

/* A string, a boolean or a number; `where` is for errors. */
static enum acsr_result read_one(
	const struct input *in, const char *key, const json_t *v, const char *where, struct acsr_err *e)
{
	char digits[24];

	switch (json_typeof(v)) {
	case JSON_STRING:
		return set(in, key, json_string_value(v), where, e);
	case JSON_TRUE:
	case JSON_FALSE:
		return set(in, key, json_is_true(v) ? "yes" : "no", where, e);
	case JSON_INTEGER:
		snprintf(digits, sizeof(digits), "%lld", (long long)json_integer_value(v));
		return set(in, key, digits, where, e);
	default:
		return bad_member(where, e, "a string, a boolean, a number or an array of strings");
	}
}

static enum acsr_result read_value(
	const struct input *in, const char *key, const json_t *v, struct acsr_err *e)
{
	if (!json_is_array(v))
		return read_one(in, key, v, key, e);
	for (size_t i = 0; i < json_array_size(v); i++) {
		char where[120];

		snprintf(where, sizeof(where), "%.80s[%zu]", key, i);
		if (!json_is_string(json_array_get(v, i)))
			return bad_member(where, e, "an array holds strings only");
		TRY(read_one(in, key, json_array_get(v, i), where, e));
	}
	return ACSR_OK;
}

static enum acsr_result read_subject(const struct input *in, json_t *fields, struct acsr_err *e)
{
	const char *name;
	json_t *v;

	json_object_foreach(fields, name, v)
	{
		CLEANUP_STR char *key = NULL;

		TRY(str_printf(&key, e, "subject.%s", name));
		TRY(read_value(in, key, v, e));
	}
	acsr_dn_arrange(&in->d->subject);
	return ACSR_OK;
}

static enum acsr_result read_members(const struct input *in, json_t *o, struct acsr_err *e)
{
	const char *key;
	json_t *v;

	json_object_foreach(o, key, v)
	{
		if (strcmp(key, "subject") == 0 && json_is_object(v))
			TRY(read_subject(in, v, e));
		else
			TRY(read_value(in, key, v, e));
	}
	return ACSR_OK;
}

enum acsr_result draft_read_json(struct acsr_csr_draft *d, const char *text, size_t len,
	enum acsr_name_policy policy, struct acsr_err *e)
{
	const struct input in = { d, policy };
	enum acsr_result r;
	json_error_t why;
	char field[32];
	json_t *o;

	errno = 0; /* jansson calls a text bad that it has no memory for */
	o = json_loadb(text, len, JSON_REJECT_DUPLICATES, &why);
	if (o == NULL && errno == ENOMEM)
		return err_nomem(e);
	if (o == NULL) {
		snprintf(field, sizeof(field), "line %d", why.line);
		return err_rule(
			e, "request.file.syntax", field, "RFC 8259", "line %d: %s", why.line, why.text);
	}
	r = json_is_object(o) ? read_members(&in, o, e)
			      : err_set(e, "request.file.syntax", "a request in JSON is an object");
	json_decref(o);
	return r;
}

/* A member of the form; a failure of any is seen at the end, as a missing document. */
struct output {
	json_t *o;
	bool failed;
};

static void put(struct output *out, const char *key, json_t *v)
{
	if (json_object_set_new(out->o, key, v) != 0)
		out->failed = true;
}

static void put_text(struct output *out, const char *key, const char *text)
{
	if (text != NULL)
		put(out, key, json_string(text));
}

/* To the member's array, which is made when it is not there. */
static void put_more(struct output *out, const char *key, const char *text)
{
	json_t *list = json_object_get(out->o, key);

	if (list == NULL) {
		put(out, key, json_array());
		list = json_object_get(out->o, key);
	}
	if (json_array_append_new(list, json_string(text)) != 0)
		out->failed = true;
}

static void put_sans(struct output *out, const struct acsr_sans *l)
{
	for (size_t i = 0; i < l->n; i++) {
		const char *key = acsr_san_type_name(l->v[i].type);

		put_more(out, l->v[i].type == ACSR_SAN_SMTPUTF8 ? "email" : key, l->v[i].value);
	}
}

static void put_template(struct output *out, const struct acsr_ms_template *t)
{
	char text[300];

	put_text(out, "template_name", t->name);
	if (t->oid == NULL)
		return;
	if (t->has_minor)
		snprintf(text, sizeof(text), "%.240s:%u:%u", t->oid, t->major, t->minor);
	else if (t->has_major)
		snprintf(text, sizeof(text), "%.240s:%u", t->oid, t->major);
	else
		snprintf(text, sizeof(text), "%.240s", t->oid);
	put_text(out, "template_oid", text);
}

static void put_policies(struct output *out, const struct acsr_csr_draft *d)
{
	for (size_t i = 0; i < d->n_policies; i++) {
		CLEANUP_STR char *text = NULL;
		const char *cps = d->policies[i].cps;

		if (str_printf(&text, NULL, "%s%s%s", d->policies[i].oid, cps != NULL ? " " : "",
			    cps != NULL ? cps : "") == ACSR_OK)
			put_more(out, "policy", text);
		else
			out->failed = true;
	}
}

static void put_exts(struct output *out, const struct acsr_csr_draft *d)
{
	for (size_t i = 0; i < d->n_exts; i++) {
		const struct acsr_raw_ext *x = &d->exts[i];
		CLEANUP_STR char *hex = malloc(2 * x->der.len + 1), *text = NULL;

		if (hex != NULL)
			hex_encode(x->der.p, x->der.len, hex);
		if (hex != NULL && str_printf(&text, NULL, "%s:%s%s", x->oid, x->critical ? "critical:" : "",
					   hex) == ACSR_OK)
			put_more(out, "extension", text);
		else
			out->failed = true;
	}
}

static void put_flags(struct output *out, const struct acsr_csr_draft *d)
{
	for (size_t bit = 0; acsr_ku_name(bit) != NULL; bit++)
		if ((d->ku >> bit & 1u) != 0)
			put_more(out, "key_usage", acsr_ku_name(bit));
	for (size_t i = 0; i < d->n_ekus; i++)
		put_more(out, "eku", d->ekus[i]);
	if (d->must_staple)
		put(out, "must_staple", json_true());
	if (d->ca || d->end_entity)
		put(out, "ca", json_boolean(d->ca));
	if (d->ca && d->path_len >= 0)
		put(out, "path_length", json_integer(d->path_len));
	if (d->ski)
		put(out, "ski", json_true());
}

static enum acsr_result put_subject(struct output *out, const struct acsr_dn *dn, struct acsr_err *e)
{
	CLEANUP_STR char *text = NULL;

	if (dn->n == 0)
		return ACSR_OK;
	TRY(acsr_dn_print(&text, dn, e));
	put_text(out, "subject", text);
	return ACSR_OK;
}

static enum acsr_result dump(const struct output *out, struct acsr_blob *to, struct acsr_err *e)
{
	CLEANUP_STR char *text = NULL, *lines = NULL;

	if (!out->failed)
		text = json_dumps(out->o, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
	if (text == NULL)
		return err_nomem(e);
	TRY(str_printf(&lines, e, "%s\n", text));
	return acsr_blob_copy(to, lines, strlen(lines), e);
}

enum acsr_result acsr_csr_draft_json(const struct acsr_csr_draft *d, struct acsr_blob *to, struct acsr_err *e)
{
	struct output out = { .o = json_object() };
	enum acsr_result r;

	if (out.o == NULL)
		return err_nomem(e);
	put_text(&out, "key", d->key_type);
	put_text(&out, "digest", d->digest);
	r = put_subject(&out, &d->subject, e);
	put_sans(&out, &d->sans);
	put_flags(&out, d);
	put_policies(&out, d);
	put_template(&out, &d->ms_template);
	put_exts(&out, d);
	put_text(&out, "unstructured_name", d->unstructured_name);
	if (r == ACSR_OK)
		r = dump(&out, to, e);
	json_decref(out.o);
	return r;
}
