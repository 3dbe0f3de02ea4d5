/* Rules about the extensions and attributes that a CSR carries. */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "pki/check_int.h"

static enum acsr_result check_eku(const struct check *c, const char *eku, struct acsr_err *e)
{
	const char *f = "extendedKeyUsage";

	if (!policy_lists(c->p->ekus_allowed, eku, true))
		TRY(check_broken(
			c, "policy.eku", f, e, "the policy does not allow the extended key usage %s", eku));
	if (strcmp(eku, "serverAuth") == 0)
		return check_holds(c, "csr.eku", f, e, "serverAuth is requested");
	if (strcmp(eku, "clientAuth") == 0)
		return check_broken(c, "csr.eku.client", f, e,
			"clientAuth is requested; public CAs do not give it to servers");
	if (strcmp(eku, "anyExtendedKeyUsage") == 0)
		return check_broken(c, "csr.eku.any", f, e, "any usage at all is requested");
	return check_broken(
		c, "csr.eku", f, e, "%s is requested, which a TLS server certificate does not get", eku);
}

static enum acsr_result check_ekus(const struct check *c, struct acsr_err *e)
{
	const struct strv have = { c->v->ekus, c->v->n_ekus };

	for (size_t i = 0; i < have.n && i < 64; i++)
		TRY(check_eku(c, have.v[i], e));
	for (size_t i = 0; i < json_array_size(c->p->ekus_required); i++) {
		const char *want = json_string_value(json_array_get(c->p->ekus_required, i));

		if (!strv_has(&have, want))
			TRY(check_broken(c, "policy.eku", "extendedKeyUsage", e,
				"the policy requires the extended key usage %s", want));
	}
	return ACSR_OK;
}

static enum acsr_result check_key_usage(const struct check *c, struct acsr_err *e)
{
	const char *f = "keyUsage";
	unsigned ku = c->v->ku;
	bool rsa = c->v->key != NULL && acsr_key_alg(c->v->key) == ACSR_KEY_RSA;
	bool agrees = c->v->key == NULL || acsr_key_alg(c->v->key) == ACSR_KEY_EC;

	if (!c->v->has_ku)
		return ACSR_OK;
	if ((ku & (ACSR_KU_KEY_CERT_SIGN | ACSR_KU_CRL_SIGN)) != 0)
		TRY(check_broken(c, "csr.key-usage.ca", f, e, "the key usage of a CA is requested"));
	if ((ku & ACSR_KU_KEY_AGREEMENT) != 0 && !agrees)
		return check_broken(c, "csr.key-usage", f, e,
			"keyAgreement is requested for %s key that cannot do it", rsa ? "an RSA" : "a");
	if ((ku & (ACSR_KU_KEY_ENCIPHERMENT | ACSR_KU_DATA_ENCIPHERMENT)) != 0 && !rsa)
		return check_broken(
			c, "csr.key-usage", f, e, "encipherment is requested for a key that can only sign");
	if ((ku & ACSR_KU_DIGITAL_SIGNATURE) == 0)
		return check_broken(c, "csr.key-usage", f, e,
			"the key usage lacks digitalSignature, which TLS 1.3 needs");
	return check_holds(c, "csr.key-usage", f, e, "the key usage fits the key");
}

/* Requested extensions that a CA will ignore or refuse; "nid name" or OID, the rule, and the finding. */
static const struct {
	const char *oid, *rule, *text;
} unwanted[] = {
	{ "2.5.29.35", "csr.ext.aki", "an authority key identifier is requested, which only the CA knows" },
	{ "2.5.29.14", "csr.ext.ski", "a subject key identifier is requested, which the CA computes itself" },
	{ "2.5.29.32", "csr.ext.policies", "certificate policies are requested; the CA sets its own" },
	{ "2.5.29.31", "csr.ext.issuer", "CRL addresses are requested, which only the CA knows" },
	{ "1.3.6.1.5.5.7.1.1", "csr.ext.issuer", "issuer addresses are requested, which only the CA knows" },
	{ "2.5.29.18", "csr.ext.issuer", "names of the issuer are requested, which only the CA knows" },
	{ "1.3.6.1.4.1.11129.2.4.2", "csr.ext.issuer", "SCTs are requested, which only the CA can get" },
	{ "2.5.29.30", "csr.ext.ca-only", "name constraints are requested, which only a CA has" },
	{ "2.5.29.33", "csr.ext.ca-only", "policy mappings are requested, which only a CA has" },
	{ "2.5.29.36", "csr.ext.ca-only", "policy constraints are requested, which only a CA has" },
	{ "2.5.29.54", "csr.ext.ca-only", "inhibitAnyPolicy is requested, which only a CA has" },
	{ "1.3.6.1.4.1.11129.2.4.3", "csr.ext.poison", "the poison of a precertificate is requested" },
	{ "1.3.6.1.4.1.311.20.2", "csr.ext.template", "a Microsoft certificate template is named" },
	{ "1.3.6.1.4.1.311.21.7", "csr.ext.template", "a Microsoft certificate template is named" },
	{ "1.3.6.1.4.1.311.21.10", "csr.ext.template", "Microsoft application policies are requested" },
};

static bool is_known(const char *oid)
{
	static const char *const known[] = { "2.5.29.17", "2.5.29.15", "2.5.29.37", "2.5.29.19",
		"1.3.6.1.5.5.7.1.24" };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(known[i], oid) == 0)
			return true;
	return false;
}

static enum acsr_result check_ext(const struct check *c, const struct acsr_ext *x, struct acsr_err *e)
{
	const char *name = x->name[0] != '\0' ? x->name : x->oid;

	for (size_t i = 0; i < sizeof(unwanted) / sizeof(unwanted[0]); i++)
		if (strcmp(unwanted[i].oid, x->oid) == 0)
			return check_broken(c, unwanted[i].rule, name, e, "%s", unwanted[i].text);
	if (str_starts(x->oid, "2.16.840.1.113730.1."))
		return check_broken(
			c, "csr.ext.netscape", name, e, "the Netscape extension %s is requested", name);
	if (is_known(x->oid))
		return ACSR_OK;
	if (x->critical)
		return check_broken(c, "csr.ext.critical", name, e,
			"the extension %s is critical, and no CA knows it", name);
	return check_broken(c, "csr.ext.unknown", name, e, "the extension %s; a CA will ignore it", name);
}

static enum acsr_result check_extensions(const struct check *c, struct acsr_err *e)
{
	for (size_t i = 0; i < c->v->n_exts; i++)
		TRY(check_ext(c, &c->v->exts[i], e));
	if (c->v->ca)
		TRY(check_broken(c, "csr.ca", "basicConstraints", e, "a CA certificate is requested"));
	if (!c->v->must_staple)
		return ACSR_OK;
	return check_broken(c, "csr.must-staple", "tlsfeature", e,
		"must-staple is requested; clients will refuse the certificate when the server has no OCSP "
		"answer");
}

static enum acsr_result check_attribute(const struct check *c, const char *oid, struct acsr_err *e)
{
	if (strcmp(oid, "1.3.6.1.4.1.311.21.20") == 0)
		return check_broken(c, "csr.attribute.microsoft", oid, e,
			"the attribute clientInfo names the machine, the user and the program that made the "
			"CSR");
	if (str_starts(oid, "1.3.6.1.4.1.311."))
		return check_broken(c, "csr.attribute", oid, e,
			"a Microsoft attribute (operating system, key provider or enrolment data)");
	if (strcmp(oid, "1.2.840.113549.1.9.2") == 0)
		return check_broken(
			c, "csr.attribute", oid, e, "an unstructured name, which no certificate holds");
	return check_broken(c, "csr.attribute", oid, e, "the attribute %s; a CA will ignore it", oid);
}

enum acsr_result check_request(const struct check *c, struct acsr_err *e)
{
	TRY(check_ekus(c, e));
	TRY(check_key_usage(c, e));
	TRY(check_extensions(c, e));
	if (c->v->challenge_password)
		TRY(check_broken(c, "csr.challenge-password", "attributes", e,
			"a challenge password is in the CSR, in the clear"));
	for (size_t i = 0; i < c->v->n_attributes; i++)
		TRY(check_attribute(c, c->v->attributes[i], e));
	return ACSR_OK;
}
