/* Rules about the subject of a CSR. */
#include <openssl/asn1.h>
#include <stdio.h>
#include <string.h>

#include "base/ascii.h"
#include "base/str.h"
#include "pki/check_int.h"
#include "pki/dntable.h"

#define FIELD(name)     \
	char field[80]; \
	snprintf(field, sizeof(field), "subject.%.60s", (name))

/* What OpenSSL, keytool, mod_ssl, appliances and tutorials put there when nobody says otherwise. */
static bool is_placeholder(const char *v)
{
	static const char *const known[] = { "Some-State", "Internet Widgits Pty Ltd", "Default City",
		"Default Company Ltd", "My Company", "My Company Name LTD.", "My Organization", "My State",
		"My City", "SomeCity", "SomeState", "SomeOrganization", "SomeOrganizationalUnit", "Some-City",
		"Some-Organization", "Snake Oil, Ltd", "Company", "Company Name", "Your Company",
		"Your Organization", "Your Company Name", "Organization", "Organization Name",
		"Organizational Unit Name", "Section", "Department", "City", "State", "Locality", "Country",
		"Test", "Testing", "Test Company", "Test Org", "Example Company", "ACME Inc", "Foo", "Bar",
		"N/A", "NA", "n.a.", "None", "Null", "Nil", "Unknown", "TBD", "TODO", "xxx", "changeme",
		"default", "undefined", "server FQDN or YOUR name", "YOUR name", "hostname" };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (ascii_casecmp(known[i], v) == 0)
			return true;
	return false;
}

static bool says_nothing(const char *v)
{
	return *v != '\0' && v[strspn(v, " .-_,/*?#")] == '\0';
}

static bool is_country(const char *name)
{
	return strcmp(name, "C") == 0 || strcmp(name, "jurisdictionC") == 0;
}

static enum acsr_result check_country(
	const struct check *c, const struct acsr_dn_field *f, const char *field, struct acsr_err *e)
{
	char upper[3] = "";

	if (!is_country(f->name) || f->value[0] == '\0')
		return ACSR_OK;
	for (size_t i = 0; i < 2; i++)
		upper[i] = ascii_upper(f->value[i]);
	if (country_assigned(f->value))
		return ACSR_OK;
	if (strcmp(f->value, "XX") == 0)
		return check_broken(c, "subject.country", field, e,
			"XX stands for a place without a code; CAs accept it in rare cases only");
	if (strlen(f->value) == 2 && ascii_islower((unsigned char)f->value[0]) && country_assigned(upper))
		return check_broken(
			c, "subject.country", field, e, "%s is not written in capitals", f->value);
	return check_broken(
		c, "subject.country", field, e, "\"%.60s\" is not an ISO 3166-1 country", f->value);
}

static enum acsr_result check_string_type(
	const struct check *c, const struct acsr_dn_field *f, const char *field, struct acsr_err *e)
{
	const struct dn_type *t = dn_type_find(f->name);
	int want = t != NULL ? t->tag : V_ASN1_UTF8STRING, is = f->string_type;

	if (is == 0 || is == want || (want == V_ASN1_UTF8STRING && is == V_ASN1_PRINTABLESTRING))
		return ACSR_OK;
	return check_broken(c, "subject.string-type", field, e, "a %s where %s is due", ASN1_tag2str(is),
		want == V_ASN1_UTF8STRING ? "UTF8String or PrintableString" : ASN1_tag2str(want));
}

static enum acsr_result check_size(
	const struct check *c, const struct acsr_dn_field *f, const char *field, struct acsr_err *e)
{
	const struct dn_type *t = dn_type_find(f->name);
	size_t max = t != NULL ? t->max : 256, n = 0;

	for (const char *p = f->value; *p != '\0'; p++)
		n += ((unsigned char)*p & 0xc0u) != 0x80u;
	if (n == 0)
		return check_broken(c, "subject.empty", field, e, "the field %s is empty", f->name);
	if (n <= max)
		return ACSR_OK;
	return check_broken(c, "subject.length", field, e, "%zu characters, at most %zu are allowed", n, max);
}

static enum acsr_result check_meaning(
	const struct check *c, const struct acsr_dn_field *f, const char *field, struct acsr_err *e)
{
	const char *v = f->value;
	size_t n = strlen(v);

	if (says_nothing(v))
		return check_broken(c, "subject.metadata", field, e, "\"%.60s\" says nothing", v);
	if (n > 0 && (v[0] == ' ' || v[n - 1] == ' '))
		return check_broken(
			c, "subject.blank", field, e, "\"%.60s\" has a blank at its beginning or end", v);
	if (!is_country(f->name) && is_placeholder(v))
		return check_broken(c, "subject.placeholder", field, e,
			"\"%.60s\" is what a tool or a tutorial fills in, not a real value", v);
	return ACSR_OK;
}

static enum acsr_result check_field(const struct check *c, const struct acsr_dn_field *f, struct acsr_err *e)
{
	FIELD(f->name);

	TRY(check_string_type(c, f, field, e));
	if (!f->broken && !f->hex) {
		TRY(check_size(c, f, field, e));
		TRY(check_country(c, f, field, e));
		TRY(check_meaning(c, f, field, e));
	}
	if (f->joined)
		TRY(check_broken(c, "subject.joined", field, e,
			"%s stands in one RDN with the field before it", f->name));
	if (ascii_digit((unsigned char)f->name[0]))
		TRY(check_broken(c, "subject.unknown", field, e, "CAs do not know the field %s", f->name));
	if (!policy_lists(c->p->subject_allowed, f->name, true))
		TRY(check_broken(c, "policy.subject", field, e,
			"the policy does not allow the subject field %s", f->name));
	return ACSR_OK;
}

static size_t count_of(const struct acsr_dn *dn, const char *name)
{
	size_t n = 0;

	for (size_t i = 0; i < dn->n; i++)
		n += strcmp(dn->v[i].name, name) == 0;
	return n;
}

/* Each once but for domainComponent, street and OU (BR 7.1.4.1); said at the second of its kind. */
static enum acsr_result check_repeats(const struct check *c, struct acsr_err *e)
{
	const struct acsr_dn *dn = &c->v->subject;

	for (size_t i = 0; i < dn->n; i++) {
		const char *name = dn->v[i].name;
		const struct acsr_dn before = { dn->v, i };
		FIELD(name);

		if (count_of(&before, name) != 1)
			continue;
		if (strcmp(name, "CN") == 0)
			TRY(check_broken(
				c, "csr.cn.several", field, e, "%zu common names", count_of(dn, name)));
		else if (strcmp(name, "DC") != 0 && strcmp(name, "street") != 0 && strcmp(name, "OU") != 0)
			TRY(check_broken(
				c, "subject.duplicate", field, e, "%zu fields %s", count_of(dn, name), name));
	}
	return ACSR_OK;
}

static enum acsr_result check_order(const struct check *c, struct acsr_err *e)
{
	static const char *const order[] = { "DC", "C", "ST", "L", "postalCode", "street", "O", "SN", "GN",
		"OU", "CN" };
	size_t last = 0;

	for (size_t i = 0; i < c->v->subject.n; i++)
		for (size_t k = 0; k < sizeof(order) / sizeof(order[0]); k++) {
			if (strcmp(order[k], c->v->subject.v[i].name) != 0)
				continue;
			if (k < last)
				return check_broken(c, "subject.order", "subject", e,
					"%s stands behind %s; the CA will order them anew", order[k],
					order[last]);
			last = k;
		}
	return ACSR_OK;
}

static enum acsr_result check_cn(const struct check *c, struct acsr_err *e)
{
	const char *cn = acsr_dn_get(&c->v->subject, "CN");

	if (cn == NULL)
		return check_holds(c, "csr.cn", "subject.CN", e, "no common name, none is needed");
	if (acsr_sans_has(&c->v->sans, ACSR_SAN_DNS, cn) || acsr_sans_has(&c->v->sans, ACSR_SAN_IP, cn))
		return check_holds(c, "csr.cn", "subject.CN", e, "the common name is one of the names");
	return check_broken(c, "csr.cn", "subject.CN", e,
		"the common name %.150s is not among the subject alternative names", cn);
}

static enum acsr_result check_old_fields(const struct check *c, struct acsr_err *e)
{
	if (acsr_dn_get(&c->v->subject, "OU") != NULL)
		TRY(check_broken(c, "csr.ou", "subject.OU", e,
			"an organisational unit is not certified any more; the CA will drop it"));
	if (acsr_dn_get(&c->v->subject, "emailAddress") == NULL)
		return ACSR_OK;
	return check_broken(c, "csr.subject-email", "subject.emailAddress", e,
		"an e-mail address in the subject is not for a TLS server");
}

static enum acsr_result check_policy(const struct check *c, struct acsr_err *e)
{
	const struct acsr_dn *dn = &c->v->subject;

	for (size_t i = 0; i < json_array_size(c->p->subject_required); i++) {
		const char *name = json_string_value(json_array_get(c->p->subject_required, i));

		if (acsr_dn_get(dn, name) == NULL)
			TRY(check_broken(c, "policy.subject", "subject", e,
				"the policy requires the subject field %s", name));
	}
	for (size_t k = 0; k < c->p->n_patterns; k++)
		for (size_t i = 0; i < dn->n; i++) {
			const struct policy_pattern *p = &c->p->patterns[k];
			FIELD(dn->v[i].name);

			if (ascii_casecmp(dn->v[i].name, p->field) == 0 &&
				regexec(&p->re, dn->v[i].value, 0, NULL, 0) != 0)
				TRY(check_broken(c, "policy.subject-pattern", field, e,
					"\"%.100s\" does not match the policy's pattern", dn->v[i].value));
		}
	return ACSR_OK;
}

enum acsr_result check_subject(const struct check *c, struct acsr_err *e)
{
	TRY(check_cn(c, e));
	for (size_t i = 0; i < c->v->subject.n; i++)
		TRY(check_field(c, &c->v->subject.v[i], e));
	TRY(check_repeats(c, e));
	TRY(check_order(c, e));
	TRY(check_old_fields(c, e));
	return check_policy(c, e);
}
