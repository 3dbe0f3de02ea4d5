/* The rules of csr check. Each check_* adds what one rule found. */
#include "pki/csr_rules.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "autocsr/name.h"
#include "autocsr/rules.h"
#include "base/limits.h"
#include "base/str.h"

struct rules {
	const struct acsr_csr_view *v;
	const struct csr_policy *p;
	int64_t now;
	struct acsr_findings *all;
};

#define ADD(severity, id, field, source, remedy, ...) \
	TRY(acsr_findings_add(r->all, severity, id, field, source, remedy, e, __VA_ARGS__))

static enum acsr_severity binding(const struct rules *r)
{
	return r->p->public_trust ? ACSR_ERROR : ACSR_WARN;
}

/* The strict parser refuses the first of these that is broken, so here all of them hold. */
static enum acsr_result check_form(const struct rules *r, struct acsr_err *e)
{
	const struct acsr_csr_view *v = r->v;

	ADD(ACSR_PASS, "csr.der", "", "X.690 10", "", "well-formed DER, nothing behind it");
	ADD(ACSR_PASS, "csr.version", "", "RFC 2986 4.1", "", "version 1 (0)");
	ADD(ACSR_PASS, "csr.signature", "", "RFC 2986 4.2", "", "the signature verifies with the key inside");
	ADD(ACSR_PASS, "csr.digest", "", "BR 7.1.3.2", "", "signed with %s", v->signature_alg);
	ADD(ACSR_PASS, "csr.extensions", "", "RFC 2985 5.4.2", "", "%zu requested extensions, none twice",
		v->n_exts);
	ADD(ACSR_PASS, "csr.text", "", "RFC 5280 4.1.2.4", "", "no control characters in any name");
	return ACSR_OK;
}

static enum acsr_result check_key(const struct rules *r, struct acsr_err *e)
{
	struct acsr_key_policy allow = { .allow_eddsa = !r->p->public_trust,
		.allow_pqc = !r->p->public_trust };
	const char *name = acsr_key_name(r->v->key);
	struct acsr_err found;

	/* The list of findings holds the verdict; the first error is in it too. */
	if (acsr_key_check_public(r->v->key, &allow, r->all, &found) != ACSR_OK &&
		acsr_findings_first_error(r->all) == NULL)
		TRY(acsr_findings_add_err(r->all, &found, "make a new key", e));
	if (!csr_policy_lists(r->p, "key_types", name, true))
		ADD(ACSR_ERROR, "policy.key-type", "key", "policy file",
			"make a key of a type that the policy lists",
			"keys of type %s are not in the policy's list", name);
	return ACSR_OK;
}

static bool under_suffix(const struct csr_policy *p, const char *name)
{
	const json_t *l = csr_policy_list(p, "suffixes");

	for (size_t i = 0; i < json_array_size(l); i++) {
		const char *s = json_string_value(json_array_get(l, i));
		size_t n = strlen(name), m = strlen(s);

		if (n >= m && strcasecmp(name + n - m, s) == 0 && (n == m || name[n - m - 1] == '.'))
			return true;
	}
	return l == NULL;
}

static enum acsr_result check_wildcard(
	const struct rules *r, const char *field, const char *name, struct acsr_err *e)
{
	if (!r->p->wildcards)
		ADD(ACSR_ERROR, "policy.wildcard", field, "policy file", "name every host by itself",
			"%s: the policy allows no wildcards", name);
	else
		ADD(ACSR_INFO, "name.wildcard", field, "BR 3.2.2.4.7", "",
			"%s covers one label only and is validated by a DNS record, never by a file", name);
	return ACSR_OK;
}

static enum acsr_result check_name_warnings(
	const struct rules *r, const char *field, const struct acsr_name *n, struct acsr_err *e)
{
	if (n->warnings & ACSR_NAME_WARN_SCRIPTS)
		ADD(ACSR_WARN, "name.scripts", field, "UTS 39", "check that nobody is being imitated",
			"%s mixes scripts in one label", n->ascii);
	if (n->warnings & ACSR_NAME_WARN_HOMOGRAPH)
		ADD(ACSR_WARN, "name.homograph", field, "UTS 39", "check that nobody is being imitated",
			"%s reads like a name in Latin letters", n->ascii);
	return ACSR_OK;
}

static enum acsr_result check_host_name(
	const struct rules *r, const char *field, const char *value, struct acsr_err *e)
{
	enum acsr_name_policy policy = r->p->public_trust ? ACSR_NAMES_PUBLIC : ACSR_NAMES_PRIVATE;
	struct acsr_name n;
	struct acsr_err found;

	if (acsr_name_check(value, strlen(value), policy, &n, &found) != ACSR_OK) {
		err_at(&found, "%s", field);
		return acsr_findings_add_err(r->all, &found, "leave the name out or correct it", e);
	}
	if (strcmp(n.ascii, value) != 0)
		ADD(ACSR_WARN, "name.canonical", field, "RFC 5890 2.3.2.1", "write it in lower case",
			"%s is written %s in the certificate", value, n.ascii);
	else
		ADD(ACSR_PASS, "name.syntax", field, n.kind == ACSR_NAME_IP ? "RFC 5952" : "RFC 5890", "",
			"%s is a name that can be certified", n.ascii);
	if (n.kind == ACSR_NAME_WILDCARD)
		TRY(check_wildcard(r, field, n.ascii, e));
	if (n.kind == ACSR_NAME_IP && !r->p->ip_addresses)
		ADD(ACSR_ERROR, "policy.ip", field, "policy file", "use a DNS name",
			"%s: the policy allows no IP addresses", n.ascii);
	if (n.kind != ACSR_NAME_IP && !under_suffix(r->p, n.ascii))
		ADD(ACSR_ERROR, "policy.suffix", field, "policy file", "leave the name out",
			"%s is under none of the policy's domains", n.ascii);
	return check_name_warnings(r, field, &n, e);
}

static enum acsr_result check_san(const struct rules *r, size_t i, struct acsr_err *e)
{
	const struct acsr_san *s = &r->v->sans.v[i];
	char field[32];

	snprintf(field, sizeof(field), "sans[%zu]", i);
	if (s->type == ACSR_SAN_DNS || s->type == ACSR_SAN_IP)
		TRY(check_host_name(r, field, s->value, e));
	else
		ADD(binding(r), "csr.san.type", field, "BR 7.1.2.7.12",
			"ask for DNS names and IP addresses only",
			"a name of kind %s is not for a TLS server", acsr_san_type_name(s->type));
	for (size_t k = 0; k < i; k++)
		if (r->v->sans.v[k].type == s->type && strcasecmp(r->v->sans.v[k].value, s->value) == 0)
			ADD(ACSR_WARN, "csr.san.duplicate", field, "", "leave it out once",
				"%s is there twice", s->value);
	return ACSR_OK;
}

static enum acsr_result check_sans(const struct rules *r, struct acsr_err *e)
{
	size_t n = r->v->sans.n;

	if (n == 0)
		ADD(binding(r), "csr.san.absent", "sans", "BR 7.1.2.7.12",
			"make the CSR again with its names as subject alternative names",
			"no subject alternative name; browsers ignore the common name");
	else if (n > r->p->max_names)
		ADD(ACSR_ERROR, "policy.max-names", "sans", "policy file",
			"split the names into several orders", "%zu names, at most %zu are allowed", n,
			r->p->max_names);
	else
		ADD(ACSR_PASS, "csr.san.present", "sans", "BR 7.1.2.7.12", "",
			"%zu subject alternative names", n);
	for (size_t i = 0; i < n; i++)
		TRY(check_san(r, i, e));
	return ACSR_OK;
}

static enum acsr_result check_cn(const struct rules *r, struct acsr_err *e)
{
	const char *cn = acsr_dn_get(&r->v->subject, "CN");

	if (cn == NULL)
		ADD(ACSR_PASS, "csr.cn", "subject.CN", "BR 7.1.4.3", "", "no common name, none is needed");
	else if (acsr_sans_has(&r->v->sans, ACSR_SAN_DNS, cn) || acsr_sans_has(&r->v->sans, ACSR_SAN_IP, cn))
		ADD(ACSR_PASS, "csr.cn", "subject.CN", "BR 7.1.4.3", "",
			"the common name is one of the names");
	else
		ADD(binding(r), "csr.cn", "subject.CN", "BR 7.1.4.3", "leave it out or add it to the names",
			"the common name %s is not among the subject alternative names", cn);
	return ACSR_OK;
}

static enum acsr_result check_subject(const struct rules *r, struct acsr_err *e)
{
	const json_t *required = csr_policy_list(r->p, "subject_required");

	TRY(check_cn(r, e));
	if (acsr_dn_get(&r->v->subject, "OU") != NULL)
		ADD(ACSR_WARN, "csr.ou", "subject.OU", "BR 7.1.2.7", "leave it out",
			"an organisational unit is not certified any more; the CA will drop it");
	if (acsr_dn_get(&r->v->subject, "emailAddress") != NULL)
		ADD(ACSR_WARN, "csr.subject-email", "subject.emailAddress", "BR 7.1.2.7", "leave it out",
			"an e-mail address in the subject is not for a TLS server");
	for (size_t i = 0; i < json_array_size(required); i++) {
		const char *name = json_string_value(json_array_get(required, i));

		if (acsr_dn_get(&r->v->subject, name) == NULL)
			ADD(ACSR_ERROR, "policy.subject", "subject", "policy file", "add the field",
				"the policy requires the subject field %s", name);
	}
	for (size_t i = 0; i < r->v->subject.n; i++)
		if (!csr_policy_lists(r->p, "subject_allowed", r->v->subject.v[i].name, true))
			ADD(ACSR_ERROR, "policy.subject", "subject", "policy file", "leave the field out",
				"the policy does not allow the subject field %s", r->v->subject.v[i].name);
	return ACSR_OK;
}

static enum acsr_result check_eku(const struct rules *r, const char *eku, struct acsr_err *e)
{
	bool client = strcmp(eku, "clientAuth") == 0;

	if (strcmp(eku, "serverAuth") == 0)
		ADD(ACSR_PASS, "csr.eku", "extendedKeyUsage", "BR 7.1.2.7.10", "", "serverAuth is requested");
	else if (client && acsr_rule_value("eku.client-auth.allowed", r->now, 1) != 0)
		ADD(ACSR_INFO, "csr.eku", "extendedKeyUsage", "BR 7.1.2.7.10", "",
			"clientAuth is requested; public CAs stop giving it to servers");
	else
		ADD(binding(r), "csr.eku", "extendedKeyUsage", "BR 7.1.2.7.10", "ask for serverAuth only",
			"%s is requested, which a TLS server certificate does not get", eku);
	return ACSR_OK;
}

static enum acsr_result check_usage(const struct rules *r, struct acsr_err *e)
{
	const struct acsr_csr_view *v = r->v;

	for (size_t i = 0; i < v->n_ekus; i++)
		TRY(check_eku(r, v->ekus[i], e));
	if (v->has_ku && v->ku & (ACSR_KU_KEY_CERT_SIGN | ACSR_KU_CRL_SIGN))
		ADD(ACSR_ERROR, "csr.key-usage", "keyUsage", "BR 7.1.2.7.11",
			"leave keyCertSign and cRLSign out", "the key usage of a CA is requested");
	if (v->has_ku && v->ku & ACSR_KU_KEY_AGREEMENT && acsr_key_alg(v->key) == ACSR_KEY_RSA)
		ADD(binding(r), "csr.key-usage", "keyUsage", "BR 7.1.2.7.11", "leave keyAgreement out",
			"keyAgreement is requested for an RSA key");
	if (v->ca)
		ADD(ACSR_ERROR, "csr.ca", "basicConstraints", "BR 7.1.2.7.8", "leave CA:TRUE out",
			"a CA certificate is requested");
	else
		ADD(ACSR_PASS, "csr.ca", "basicConstraints", "BR 7.1.2.7.8", "",
			"no CA certificate is requested");
	if (v->challenge_password)
		ADD(ACSR_WARN, "csr.challenge-password", "attributes", "RFC 2985 5.4.1",
			"make the CSR again without it; whoever sees the CSR can read it",
			"a challenge password is in the CSR, in the clear");
	return ACSR_OK;
}

enum acsr_result csr_rules(const struct acsr_csr_view *v, const struct csr_policy *p, int64_t now,
	struct acsr_findings *all, struct acsr_err *e)
{
	const struct rules r = { v, p, now, all };

	TRY(check_form(&r, e));
	TRY(check_key(&r, e));
	TRY(check_sans(&r, e));
	TRY(check_subject(&r, e));
	return check_usage(&r, e);
}

enum acsr_result csr_rules_host(const struct acsr_csr_view *v, const struct csr_policy *p, const char *host,
	struct acsr_findings *all, struct acsr_err *e)
{
	const struct rules rules = { v, p, 0, all }, *r = &rules;
	struct acsr_err found;
	struct acsr_name n;

	if (acsr_name_check(host, strlen(host), ACSR_NAMES_PRIVATE, &n, &found) != ACSR_OK) {
		err_at(&found, "--host %s", host);
		return acsr_findings_add_err(all, &found, "give a host name or an IP address", e);
	}
	for (size_t i = 0; i < v->sans.n; i++) {
		const struct acsr_san *s = &v->sans.v[i];

		if (s->type != ACSR_SAN_DNS && s->type != ACSR_SAN_IP)
			continue;
		if (strcasecmp(s->value, n.ascii) != 0 && !acsr_name_covers(s->value, n.ascii))
			continue;
		ADD(ACSR_PASS, "host.covered", n.ascii, "RFC 9525 6.3", "", "%s is covered by %s", n.ascii,
			s->value);
		return ACSR_OK;
	}
	ADD(ACSR_ERROR, "host.not-covered", n.ascii, "RFC 9525 6.3",
		"make the CSR again with this name as a subject alternative name", "%s is not covered",
		n.ascii);
	return ACSR_OK;
}
