/* The built-in profiles, and filling a certificate from one. */
#include "autocsr/profile.h"

#include <string.h>

#include "autocsr/cert.h"
#include "autocsr/rules.h"
#include "base/err.h"
#include "certview.h"
#include "key_int.h"

#define DAY INT64_C(86400)
#define HOUR INT64_C(3600)

#define SERVER_SANS (1u << ACSR_SAN_DNS | 1u << ACSR_SAN_IP)
#define NIST_KEYS "ec:p256", "ec:p384", "ec:p521"
#define ML_DSA_KEYS "ml-dsa-44", "ml-dsa-65", "ml-dsa-87"
#define SLH_DSA_KEYS(hash)                                                                                  \
	"slh-dsa-" hash "-128s", "slh-dsa-" hash "-128f", "slh-dsa-" hash "-192s", "slh-dsa-" hash "-192f", \
		"slh-dsa-" hash "-256s", "slh-dsa-" hash "-256f"
#define PQ_KEYS ML_DSA_KEYS, SLH_DSA_KEYS("sha2"), SLH_DSA_KEYS("shake")
#define PRIVATE_KEYS                                                                       \
	{                                                                                  \
		"rsa:2048", "rsa:3072", "rsa:4096", NIST_KEYS, "ed25519", "ed448", PQ_KEYS \
	}
#define PUBLIC_KEYS                                           \
	{                                                     \
		"rsa:2048", "rsa:3072", "rsa:4096", NIST_KEYS \
	}
#define LEAF_KEYS                                                                 \
	{                                                                         \
		"rsa:2048", "rsa:3072", "rsa:4096", NIST_KEYS, "ed25519", PQ_KEYS \
	}
#define CA_KEYS                                                           \
	{                                                                 \
		"rsa:3072", "rsa:4096", NIST_KEYS, "ed25519", ML_DSA_KEYS \
	}
#define OV_SUBJECT                                                \
	{                                                         \
		"CN", "O", "L", "ST", "C", "street", "postalCode" \
	}
#define EV_SUBJECT                                                                                     \
	{                                                                                              \
		"CN", "O", "L", "ST", "C", "street", "postalCode", "businessCategory", "serialNumber", \
			"jurisdictionL", "jurisdictionST", "jurisdictionC"                             \
	}
#define EV_REQUIRED                                                           \
	{                                                                     \
		"O", "C", "businessCategory", "serialNumber", "jurisdictionC" \
	}

#define OID_DV "2.23.140.1.2.1"
#define OID_OV "2.23.140.1.2.2"
#define OID_EV "2.23.140.1.1"
#define OID_ANY "2.5.29.32.0"

/* A private CA may choose its validity; more than this helps nobody. */
#define PRIVATE_MAX (398 * DAY)

static const struct acsr_profile profiles[] = {
	{ .name = "dv",
		.level = ACSR_LEVEL_DV,
		.path_len = -1,
		.validity = 90 * DAY,
		.max_validity = PRIVATE_MAX,
		.backdate = HOUR,
		.ekus = { "serverAuth" },
		.policies = { OID_DV },
		.key_types = LEAF_KEYS,
		.san_types = SERVER_SANS,
		.subject = { "CN" },
		.wildcard = true },
	{ .name = "ov",
		.level = ACSR_LEVEL_OV,
		.path_len = -1,
		.validity = 90 * DAY,
		.max_validity = PRIVATE_MAX,
		.backdate = HOUR,
		.ekus = { "serverAuth" },
		.policies = { OID_OV },
		.key_types = LEAF_KEYS,
		.san_types = SERVER_SANS,
		.subject = OV_SUBJECT,
		.required = { "O", "C" },
		.wildcard = true },
	{ .name = "ev",
		.level = ACSR_LEVEL_EV,
		.path_len = -1,
		.validity = 90 * DAY,
		.max_validity = PRIVATE_MAX,
		.backdate = HOUR,
		.ekus = { "serverAuth" },
		.policies = { OID_EV },
		.key_types = LEAF_KEYS,
		.san_types = 1u << ACSR_SAN_DNS,
		.subject = EV_SUBJECT,
		.required = EV_REQUIRED },
	{ .name = "service",
		.path_len = -1,
		.validity = 90 * DAY,
		.max_validity = PRIVATE_MAX,
		.backdate = HOUR,
		.ekus = { "serverAuth" },
		.key_types = LEAF_KEYS,
		.san_types = SERVER_SANS,
		.subject = { "CN", "O" } },
	{ .name = "public-dv",
		.public_trust = true,
		.level = ACSR_LEVEL_DV,
		.path_len = -1,
		.validity = 90 * DAY,
		.max_validity = 200 * DAY,
		.backdate = HOUR,
		.ekus = { "serverAuth" },
		.policies = { OID_DV },
		.key_types = PUBLIC_KEYS,
		.san_types = SERVER_SANS,
		.subject = { "CN" },
		.wildcard = true },
	{ .name = "public-ov",
		.public_trust = true,
		.level = ACSR_LEVEL_OV,
		.path_len = -1,
		.validity = 90 * DAY,
		.max_validity = 200 * DAY,
		.backdate = HOUR,
		.ekus = { "serverAuth" },
		.policies = { OID_OV },
		.key_types = PUBLIC_KEYS,
		.san_types = SERVER_SANS,
		.subject = OV_SUBJECT,
		.required = { "O", "C" },
		.wildcard = true },
	{ .name = "public-ev",
		.public_trust = true,
		.level = ACSR_LEVEL_EV,
		.path_len = -1,
		.validity = 90 * DAY,
		.max_validity = 200 * DAY,
		.backdate = HOUR,
		.ekus = { "serverAuth" },
		.policies = { OID_EV },
		.key_types = PUBLIC_KEYS,
		.san_types = 1u << ACSR_SAN_DNS,
		.subject = EV_SUBJECT,
		.required = EV_REQUIRED },
	{ .name = "tls-client",
		.path_len = -1,
		.validity = 365 * DAY,
		.max_validity = 825 * DAY,
		.backdate = HOUR,
		.ekus = { "clientAuth" },
		.key_types = PRIVATE_KEYS,
		.san_types =
			1u << ACSR_SAN_DNS | 1u << ACSR_SAN_EMAIL | 1u << ACSR_SAN_URI | 1u << ACSR_SAN_UPN,
		.subject = { "CN", "O", "OU", "L", "ST", "C", "GN", "SN", "UID", "serialNumber" } },
	/* CAs are backdated by a day, so that leaves may be by hours right after the first start. */
	{ .name = "ca-root",
		.ca = true,
		.path_len = 1,
		.validity = 7305 * DAY,
		.max_validity = 9132 * DAY,
		.backdate = DAY,
		.key_types = CA_KEYS,
		.subject = { "CN", "O", "C" },
		.required = { "CN" } },
	{ .name = "ca-intermediate",
		.ca = true,
		.path_len = 0,
		.validity = 3652 * DAY,
		.max_validity = 7305 * DAY,
		.backdate = DAY,
		.ekus = { "serverAuth" },
		.policies = { OID_ANY },
		.key_types = CA_KEYS,
		.subject = { "CN", "O", "C" },
		.required = { "CN" } },
	{ .name = "ocsp-signer",
		.path_len = -1,
		.validity = 30 * DAY,
		.max_validity = 90 * DAY,
		.backdate = HOUR,
		.ekus = { "OCSPSigning" },
		.key_types = PRIVATE_KEYS,
		.subject = { "CN", "O", "C" },
		.required = { "CN" } },
};

const struct acsr_profile *acsr_profile_at(size_t i)
{
	return i < sizeof(profiles) / sizeof(profiles[0]) ? &profiles[i] : NULL;
}

enum acsr_result acsr_profile_find(const struct acsr_profile **out, const char *name, struct acsr_err *e)
{
	for (size_t i = 0; acsr_profile_at(i) != NULL; i++) {
		if (strcmp(profiles[i].name, name) != 0)
			continue;
		*out = &profiles[i];
		return ACSR_OK;
	}
	return err_set(e, "cert.profile", "there is no profile \"%.40s\"", name);
}

const char *acsr_level_name(enum acsr_level l)
{
	static const char *const names[] = { "", "dv", "ov", "ev" };

	return l >= ACSR_LEVEL_NONE && l <= ACSR_LEVEL_EV ? names[l] : "";
}

static bool listed(const char *const *list, size_t max, const char *s)
{
	for (size_t i = 0; i < max && list[i] != NULL; i++)
		if (strcmp(list[i], s) == 0)
			return true;
	return false;
}

static enum acsr_result check_subject(
	const struct acsr_cert_spec *s, const struct acsr_profile *p, struct acsr_err *e)
{
	for (size_t i = 0; s->subject != NULL && i < s->subject->n; i++)
		if (!listed(p->subject, 16, s->subject->v[i].name))
			return err_rule(e, "policy.subject", s->subject->v[i].name, p->name,
				"the profile has no subject field %s", s->subject->v[i].name);
	for (size_t i = 0; i < 8 && p->required[i] != NULL; i++)
		if (s->subject == NULL || acsr_dn_get(s->subject, p->required[i]) == NULL)
			return err_rule(e, "policy.subject", p->required[i], p->name,
				"the profile needs the subject field %s", p->required[i]);
	return ACSR_OK;
}

static enum acsr_result check_sans(
	const struct acsr_cert_spec *s, const struct acsr_profile *p, struct acsr_err *e)
{
	for (size_t i = 0; s->sans != NULL && i < s->sans->n; i++) {
		const struct acsr_san *san = &s->sans->v[i];

		if ((p->san_types >> san->type & 1u) == 0)
			return err_rule(e, "policy.san-type", NULL, p->name,
				"the profile has no names of type %s", acsr_san_type_name(san->type));
		if (san->type == ACSR_SAN_DNS && san->value[0] == '*' && !p->wildcard)
			return err_rule(
				e, "policy.wildcard", NULL, p->name, "the profile has no wildcard names");
	}
	return ACSR_OK;
}

static unsigned key_usage(const struct acsr_cert_spec *s, const struct acsr_profile *p)
{
	if (p->ca)
		return ACSR_KU_KEY_CERT_SIGN | ACSR_KU_CRL_SIGN | ACSR_KU_DIGITAL_SIGNATURE;
	if (s->subject_key->alg == ACSR_KEY_RSA && listed(p->ekus, ACSR_PROFILE_LIST, "serverAuth"))
		return ACSR_KU_DIGITAL_SIGNATURE | ACSR_KU_KEY_ENCIPHERMENT;
	return ACSR_KU_DIGITAL_SIGNATURE;
}

/* Never beyond the issuer on either side. */
static enum acsr_result clamp(struct acsr_cert_spec *s, struct acsr_err *e)
{
	OSSL_AUTO(ossl_free_x509) X509 *issuer = NULL;
	int64_t from, to;

	if (s->issuer_der == NULL)
		return ACSR_OK;
	TRY(certview_load_keyless(&issuer, s->issuer_der, s->issuer_len, e));
	TRY(certview_time(&from, X509_get0_notBefore(issuer), e));
	TRY(certview_time(&to, X509_get0_notAfter(issuer), e));
	if (s->not_before < from)
		s->not_before = from;
	if (s->not_after > to)
		s->not_after = to;
	return ACSR_OK;
}

/* The profile's limit, and where the BR bind that of the day. */
static int64_t longest(const struct acsr_profile *p, int64_t now)
{
	int64_t rule = acsr_rule_value("cert.validity.max", now - p->backdate, p->max_validity);

	return p->public_trust && rule < p->max_validity ? rule : p->max_validity;
}

static enum acsr_result set_times(struct acsr_cert_spec *s, const struct acsr_profile *p, int64_t now,
	int64_t validity, struct acsr_err *e)
{
	int64_t max = longest(p, now);

	if (validity == 0)
		validity = p->validity < max ? p->validity : max;
	if (validity < HOUR || validity > max)
		return err_rule(e, "policy.validity", NULL, p->name,
			"the profile allows a validity of one hour to %lld days", (long long)(max / DAY));
	s->not_before = now - p->backdate;
	s->not_after = s->not_before + validity - 1; /* inclusive, BR 6.3.2 */
	TRY(clamp(s, e));
	if (s->not_after <= now)
		return err_rule(e, "cert.outlives-issuer", NULL, "RFC 5280 6.1", "the issuer has expired");
	return ACSR_OK;
}

static size_t count(const char *const *list)
{
	size_t n = 0;

	while (n < ACSR_PROFILE_LIST && list[n] != NULL)
		n++;
	return n;
}

enum acsr_result acsr_cert_apply_profile(struct acsr_cert_spec *spec, const struct acsr_profile *profile,
	int64_t now, int64_t validity, struct acsr_err *e)
{
	struct acsr_cert_spec s = *spec;

	if (!listed(profile->key_types, ACSR_PROFILE_KEY_TYPES, acsr_key_name(s.subject_key)))
		return err_rule(e, "policy.key-type", NULL, profile->name,
			"the profile has no keys of type %s", acsr_key_name(s.subject_key));
	TRY(check_subject(&s, profile, e));
	TRY(check_sans(&s, profile, e));
	TRY(set_times(&s, profile, now, validity, e));
	s.ca = profile->ca;
	s.path_len = profile->path_len;
	s.ku = key_usage(&s, profile);
	s.ekus = profile->ekus;
	s.n_ekus = count(profile->ekus);
	s.policies = profile->policies;
	s.n_policies = count(profile->policies);
	s.ocsp_no_check = listed(profile->ekus, 1, "OCSPSigning") && !profile->ca;
	*spec = s;
	return ACSR_OK;
}
