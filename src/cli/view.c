/* Building views from the library's structs. */
#include "cli/view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "cli/say.h"

static json_t *text(const char *s)
{
	CLEANUP_STR char *safe = NULL;

	if (str_is_utf8(s, strlen(s)))
		return json_string(s);
	safe = say_safe(s);
	return json_string(safe);
}

json_t *view_hex(const uint8_t *p, size_t n)
{
	char hex[2 * 64 + 1];

	hex_encode(p, n > 64 ? 64 : n, hex);
	return json_string(hex);
}

json_t *view_time(int64_t t)
{
	char s[21];

	clock_rfc3339(t, s);
	return json_string(s);
}

static json_t *strings(char *const *v, size_t n)
{
	json_t *a = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(a, text(v[i]));
	return a;
}

static json_t *policies(const struct acsr_policy *v, size_t n)
{
	json_t *a = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(a, text(v[i].oid));
	return a;
}

/* Fields that occur once are strings, the others arrays. */
static json_t *dn(const struct acsr_dn *d)
{
	json_t *o = json_object();

	for (size_t i = 0; i < d->n; i++) {
		json_t *before = json_object_get(o, d->v[i].name);

		if (before == NULL)
			json_object_set_new(o, d->v[i].name, text(d->v[i].value));
		else if (json_is_array(before))
			json_array_append_new(before, text(d->v[i].value));
		else
			json_object_set_new(o, d->v[i].name,
				json_pack("[o, o]", json_incref(before), text(d->v[i].value)));
	}
	return o;
}

static json_t *dn_line(const struct acsr_dn *d)
{
	CLEANUP_STR char *s = NULL;

	if (d->n == 0 || acsr_dn_print(&s, d, NULL) != ACSR_OK)
		return json_string("");
	return text(s);
}

static json_t *sans(const struct acsr_sans *l)
{
	json_t *a = json_array();

	for (size_t i = 0; i < l->n; i++) {
		CLEANUP_STR char *s = NULL;

		if (str_printf(&s, NULL, "%s:%s", acsr_san_label(l->v[i].type), l->v[i].value) == ACSR_OK)
			json_array_append_new(a, text(s));
	}
	return a;
}

static json_t *exts(const struct acsr_ext *v, size_t n)
{
	json_t *a = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(
			a, json_pack("{s:s, s:s, s:b}", "oid", v[i].oid, "name",
				   v[i].name != NULL ? v[i].name : "", "critical", v[i].critical));
	return a;
}

static json_t *key_usage(bool has, unsigned ku)
{
	static const char *const names[] = { "digitalSignature", "nonRepudiation", "keyEncipherment",
		"dataEncipherment", "keyAgreement", "keyCertSign", "cRLSign", "encipherOnly",
		"decipherOnly" };
	json_t *a = json_array();

	for (size_t i = 0; has && i < sizeof(names) / sizeof(names[0]); i++)
		if (ku & (1U << i))
			json_array_append_new(a, json_string(names[i]));
	return a;
}

/* null: nobody could check it here. */
static json_t *signature_valid(enum acsr_signature s)
{
	return s == ACSR_SIGNATURE_UNCHECKED ? json_null() : json_boolean(s == ACSR_SIGNATURE_GOOD);
}

json_t *view_csr(const struct acsr_csr_view *v)
{
	return json_pack("{s:o, s:o, s:o, s:s, s:o, s:s, s:o, s:o, s:b, s:b, s:b, s:o, s:o, s:o, s:o}",
		"subject", dn(&v->subject), "subject_text", dn_line(&v->subject), "sans", sans(&v->sans),
		"key_type", v->key_name, "spki_sha256", view_hex(v->spki_sha256, 32), "signature_algorithm",
		v->signature_alg, "extended_key_usage", strings(v->ekus, v->n_ekus), "key_usage",
		key_usage(v->has_ku, v->ku), "ca", v->ca, "must_staple", v->must_staple, "challenge_password",
		v->challenge_password, "signature_valid", signature_valid(v->signature), "extensions",
		exts(v->exts, v->n_exts), "attributes", strings(v->attributes, v->n_attributes), "sha256",
		view_hex(v->sha256, 32));
}

json_t *view_cert(const struct acsr_cert_view *v)
{
	json_t *o = json_pack("{s:o, s:o, s:o, s:o, s:o, s:s, s:o, s:o, s:s, s:o, s:s, s:o}", "subject",
		dn(&v->subject), "subject_text", dn_line(&v->subject), "issuer", dn(&v->issuer),
		"issuer_text", dn_line(&v->issuer), "sans", sans(&v->sans), "serial", v->serial_hex,
		"not_before", view_time(v->not_before), "not_after", view_time(v->not_after), "key_type",
		v->key_name, "spki_sha256", view_hex(v->spki_sha256, 32), "signature_algorithm",
		v->signature_alg, "sha256", view_hex(v->sha256, 32));

	if (o == NULL)
		return NULL;
	json_object_set_new(o, "version", json_integer(v->version));
	json_object_set_new(o, "ca", json_boolean(v->ca));
	json_object_set_new(o, "path_length", v->path_len < 0 ? json_null() : json_integer(v->path_len));
	json_object_set_new(o, "key_usage", key_usage(v->has_ku, v->ku));
	json_object_set_new(o, "extended_key_usage", strings(v->ekus, v->n_ekus));
	json_object_set_new(o, "policies", policies(v->policies, v->n_policies));
	json_object_set_new(o, "crl_urls", strings(v->crl_urls, v->n_crl_urls));
	json_object_set_new(o, "ocsp_urls", strings(v->ocsp_urls, v->n_ocsp_urls));
	json_object_set_new(o, "issuer_urls", strings(v->issuer_urls, v->n_issuer_urls));
	json_object_set_new(o, "subject_key_id", view_hex(v->ski, v->ski_len));
	json_object_set_new(o, "authority_key_id", view_hex(v->aki, v->aki_len));
	json_object_set_new(o, "must_staple", json_boolean(v->must_staple));
	json_object_set_new(o, "self_issued", json_boolean(v->self_issued));
	json_object_set_new(o, "extensions", exts(v->exts, v->n_exts));
	return o;
}

json_t *view_findings(const struct acsr_findings *l)
{
	json_t *a = json_array();

	for (size_t i = 0; i < l->n; i++) {
		const struct acsr_finding *f = &l->v[i];

		json_array_append_new(
			a, json_pack("{s:s, s:s, s:o, s:o, s:o, s:o}", "id", f->id, "result",
				   acsr_severity_name(f->severity), "field", text(f->field), "source",
				   text(f->source), "text", text(f->text), "remedy", text(f->remedy)));
	}
	return a;
}

const char *view_str(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s != NULL ? s : "";
}

char *view_join(const json_t *list)
{
	size_t n = json_array_size(list);
	char *out = NULL;
	struct buf b;

	buf_init(&b, 1024 * 1024);
	for (size_t i = 0; i < n; i++) {
		const char *item = json_string_value(json_array_get(list, i));

		if (buf_printf(&b, NULL, "%s%s", i > 0 ? ", " : "", item != NULL ? item : "") != ACSR_OK)
			break; /* a list longer than a megabyte is cut */
	}
	if (str_dup(&out, buf_cstr(&b), NULL) != ACSR_OK)
		abort();
	buf_free(&b);
	return out;
}

static void show_list(const json_t *o, const char *key, const char *label)
{
	CLEANUP_STR char *s = view_join(json_object_get(o, key));

	say_field(label, s);
}

/* One a line: lists of names get long. */
static void show_lines(const json_t *o, const char *key, const char *label)
{
	const json_t *list = json_object_get(o, key);

	for (size_t i = 0; i < json_array_size(list); i++)
		say_field(i == 0 ? label : "", json_string_value(json_array_get(list, i)));
}

static void show_exts(const json_t *o)
{
	const json_t *list = json_object_get(o, "extensions");

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *x = json_array_get(list, i);
		const char *name = view_str(x, "name");

		say("%-16s %s%s%s", i == 0 ? "extensions" : "", name[0] != '\0' ? name : view_str(x, "oid"),
			name[0] != '\0' ? "" : " (unknown)",
			json_is_true(json_object_get(x, "critical")) ? ", critical" : "");
	}
}

static void show_key(const json_t *o)
{
	say_field("key", view_str(o, "key_type"));
	say_field("SPKI SHA-256", view_str(o, "spki_sha256"));
	show_list(o, "key_usage", "key usage");
	show_list(o, "extended_key_usage", "extended usage");
}

void view_show_csr(const json_t *csr)
{
	const char *subject = view_str(csr, "subject_text");
	const json_t *valid = json_object_get(csr, "signature_valid");

	say_field("subject", subject[0] != '\0' ? subject : "(empty)");
	show_lines(csr, "sans", "names");
	show_key(csr);
	if (json_is_true(json_object_get(csr, "ca")))
		say_field("CA", "yes");
	if (json_is_true(json_object_get(csr, "must_staple")))
		say_field("must staple", "yes");
	if (json_is_true(json_object_get(csr, "challenge_password")))
		say_field("challenge", "a challenge password is set (not shown)");
	show_exts(csr);
	show_list(csr, "attributes", "attributes");
	say("%-16s %s, %s", "signature", view_str(csr, "signature_algorithm"),
		json_is_true(valid)    ? "valid"
		: json_is_false(valid) ? "NOT valid"
				       : "not checked: this OpenSSL cannot read the key");
	say_field("SHA-256", view_str(csr, "sha256"));
}

void view_show_cert(const json_t *cert)
{
	const char *subject = view_str(cert, "subject_text");

	say_field("subject", subject[0] != '\0' ? subject : "(empty)");
	say_field("issuer", view_str(cert, "issuer_text"));
	show_lines(cert, "sans", "names");
	say_field("serial", view_str(cert, "serial"));
	say_field("from", view_str(cert, "not_before"));
	say_field("to", view_str(cert, "not_after"));
	show_key(cert);
	say_field("CA", json_is_true(json_object_get(cert, "ca")) ? "yes" : "no");
	show_list(cert, "policies", "policies");
	show_list(cert, "crl_urls", "CRL");
	show_list(cert, "ocsp_urls", "OCSP");
	show_list(cert, "issuer_urls", "issuer at");
	if (json_is_true(json_object_get(cert, "must_staple")))
		say_field("must staple", "yes");
	show_exts(cert);
	say_field("signature", view_str(cert, "signature_algorithm"));
	say_field("SHA-256", view_str(cert, "sha256"));
}

static void show_finding(const json_t *f)
{
	const char *field = view_str(f, "field"), *source = view_str(f, "source");

	say("%-4s  %s: %s%s%s%s%s%s", view_str(f, "result"), view_str(f, "id"), field,
		field[0] != '\0' ? ": " : "", view_str(f, "text"), source[0] != '\0' ? " [" : "", source,
		source[0] != '\0' ? "]" : "");
	if (view_str(f, "remedy")[0] != '\0' && strcmp(view_str(f, "result"), "pass") != 0)
		say("      remedy: %s", view_str(f, "remedy"));
}

/* The worst last, where the eye is. */
void view_show_findings(const json_t *findings)
{
	static const char *const results[] = { "pass", "info", "warn", "fail" };
	size_t n[4] = { 0 };

	for (size_t k = 0; k < 4; k++)
		for (size_t i = 0; i < json_array_size(findings); i++) {
			const json_t *f = json_array_get(findings, i);

			if (strcmp(view_str(f, "result"), results[k]) != 0)
				continue;
			show_finding(f);
			n[k]++;
		}
	say("\n%zu passed, %zu notes, %zu warnings, %zu failed", n[0], n[1], n[2], n[3]);
}
