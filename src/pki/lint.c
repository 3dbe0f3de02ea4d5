/*
 * Lint: one small function a rule, over the view of a certificate. Each says what is wrong or NULL.
 * Sources: BR 7.1, RFC 5280, EVG; RULES in rules.c for what has a date.
 */
#include "autocsr/lint.h"

#include <stdio.h>
#include <string.h>

#include "autocsr/rules.h"
#include "base/ascii.h"
#include "base/str.h"
#include "certby.h"
#include "dnssyntax.h"

#define DAY INT64_C(86400)

struct lint {
	const struct acsr_cert_view *c;
	const struct acsr_profile *p;
	acsr_lint_name_fn judge;
	bool broken_only; /* rules that hold are not listed */
	char field[96];
	char text[320]; /* room for a finding that has to be put together */
};

enum scope {
	LEAF = 1,   /* certificates of subscribers */
	CA = 2,     /* certificates of CAs */
	PUBLIC = 4, /* only where the BR bind */
	ALL = LEAF | CA,
	SERVER = 8 | LEAF, /* leaves with serverAuth in the profile */
};

static bool listed(const char *const *list, size_t max, const char *s)
{
	for (size_t i = 0; i < max && list[i] != NULL; i++)
		if (strcmp(list[i], s) == 0)
			return true;
	return false;
}

static bool in_view(char *const *list, size_t n, const char *s)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(list[i], s) == 0)
			return true;
	return false;
}

static const char *version(struct lint *l)
{
	return l->c->version != 3 ? "the certificate is not version 3" : NULL;
}

static const char *serial(struct lint *l)
{
	if (l->c->serial_negative || l->c->serial_len == 0)
		return "the serial number is zero or negative";
	if (l->c->serial_len > 20 || (l->c->serial_len == 20 && l->c->serial[0] >= 0x80))
		return "the serial number has more than 20 octets";
	return NULL;
}

/* At least 64 random bits cannot fit into fewer than 8 octets. */
static const char *serial_entropy(struct lint *l)
{
	return l->c->serial_len < 8 ? "the serial number has no room for 64 random bits" : NULL;
}

static const char *signature(struct lint *l)
{
	const char *s = l->c->signature_alg;

	if (ascii_casestr(s, "sha1") != NULL || ascii_casestr(s, "md5") != NULL ||
		ascii_casestr(s, "md2") != NULL || s[0] == '\0')
		return "the signature uses SHA-1, MD5 or an unknown scheme";
	return NULL;
}

static const char *validity(struct lint *l)
{
	int64_t life = l->c->not_after - l->c->not_before + 1;

	if (life <= 0)
		return "the certificate ends before it begins";
	if (life > l->p->max_validity) {
		snprintf(l->text, sizeof(l->text), "valid for %lld seconds; the profile allows %lld",
			(long long)life, (long long)l->p->max_validity);
		return l->text;
	}
	return NULL;
}

static const char *validity_public(struct lint *l)
{
	int64_t life = l->c->not_after - l->c->not_before + 1;
	int64_t max = acsr_rule_value("cert.validity.max", l->c->not_before, 398 * DAY);

	if (life <= max)
		return NULL;
	snprintf(l->text, sizeof(l->text), "valid for %lld seconds; from this notBefore %lld are allowed",
		(long long)life, (long long)max);
	return l->text;
}

static const char *key(struct lint *l)
{
	static const struct acsr_key_policy open = { .allow_eddsa = true, .allow_pqc = true };
	static const struct acsr_key_policy closed = { 0 };
	struct acsr_err why;

	if (l->c->key == NULL)
		return "the public key is of an unknown kind";
	if (acsr_key_check_public(l->c->key, l->p->public_trust ? &closed : &open, NULL, &why) == ACSR_OK)
		return NULL;
	snprintf(l->text, sizeof(l->text), "%.300s", why.text);
	return l->text;
}

static const char *key_type(struct lint *l)
{
	if (l->c->key == NULL || listed(l->p->key_types, ACSR_PROFILE_KEY_TYPES, acsr_key_name(l->c->key)))
		return NULL;
	return "the key type is not one of the profile";
}

static const char *ski(struct lint *l)
{
	return l->c->ski_len == 0 ? "there is no subject key identifier" : NULL;
}

static const char *aki(struct lint *l)
{
	return l->c->aki_len == 0 && !l->c->self_issued ? "there is no authority key identifier" : NULL;
}

static const char *duplicate_subject(struct lint *l)
{
	static const char *const single[] = { "CN", "C", "serialNumber", "businessCategory",
		"jurisdictionC" };
	const struct acsr_dn *dn = &l->c->subject;

	for (size_t s = 0; s < sizeof(single) / sizeof(single[0]); s++) {
		size_t n = 0;

		for (size_t i = 0; i < dn->n; i++)
			n += strcmp(dn->v[i].name, single[s]) == 0;
		if (n > 1)
			return "a subject field appears more than once";
	}
	return NULL;
}

static const char *subject_allowed(struct lint *l)
{
	for (size_t i = 0; i < l->c->subject.n; i++) {
		if (listed(l->p->subject, 16, l->c->subject.v[i].name))
			continue;
		snprintf(l->field, sizeof(l->field), "subject.%.60s", l->c->subject.v[i].name);
		return "the subject has a field that the profile does not know";
	}
	return NULL;
}

static const char *subject_required(struct lint *l)
{
	for (size_t i = 0; i < 8 && l->p->required[i] != NULL; i++) {
		if (acsr_dn_get(&l->c->subject, l->p->required[i]) != NULL)
			continue;
		snprintf(l->field, sizeof(l->field), "subject.%.60s", l->p->required[i]);
		return "the subject lacks a field that the profile needs";
	}
	return NULL;
}

static const char *no_ou(struct lint *l)
{
	return acsr_dn_get(&l->c->subject, "OU") != NULL ? "the subject has an organisational unit" : NULL;
}

/* Only "-", "." or blanks say nothing. */
static const char *meaningless(struct lint *l)
{
	for (size_t i = 0; i < l->c->subject.n; i++) {
		const char *v = l->c->subject.v[i].value;

		if (v[strspn(v, " .-")] == '\0' || v[0] == ' ' || v[strlen(v) - 1] == ' ')
			return "a subject field holds nothing but dots, hyphens or blanks, or ends with a "
			       "blank";
	}
	return NULL;
}

static const char *san_present(struct lint *l)
{
	return l->c->sans.n == 0 ? "there is no subject alternative name" : NULL;
}

static const char *san_types(struct lint *l)
{
	for (size_t i = 0; i < l->c->sans.n; i++) {
		if ((l->p->san_types >> l->c->sans.v[i].type & 1u) != 0)
			continue;
		snprintf(l->field, sizeof(l->field), "sans[%zu]", i);
		return "a name of a type that the profile does not allow";
	}
	return NULL;
}

static const char *san_duplicates(struct lint *l)
{
	const struct acsr_sans *s = &l->c->sans;

	for (size_t i = 1; i < s->n; i++) {
		const struct acsr_sans before = { s->v, i };

		if (acsr_sans_has(&before, s->v[i].type, s->v[i].value))
			return "a name appears twice";
	}
	return NULL;
}

/* Syntax here; suffixes and internationalised labels by the judge. */
static const char *names(struct lint *l)
{
	struct acsr_err why;

	for (size_t i = 0; i < l->c->sans.n; i++) {
		const struct acsr_san *s = &l->c->sans.v[i];

		if (s->type != ACSR_SAN_DNS && s->type != ACSR_SAN_IP)
			continue;
		if ((s->type == ACSR_SAN_IP || dnssyntax_check_pattern(s->value, &why) == ACSR_OK) &&
			(l->judge == NULL || l->judge(s->value, l->p->public_trust, &why) == ACSR_OK))
			continue;
		snprintf(l->field, sizeof(l->field), "sans[%zu]", i);
		snprintf(l->text, sizeof(l->text), "%.300s", why.text);
		return l->text;
	}
	return NULL;
}

static const char *wildcards(struct lint *l)
{
	for (size_t i = 0; !l->p->wildcard && i < l->c->sans.n; i++)
		if (l->c->sans.v[i].type == ACSR_SAN_DNS && l->c->sans.v[i].value[0] == '*')
			return "a wildcard, which the profile does not allow";
	return NULL;
}

static const char *reverse_zones(struct lint *l)
{
	for (size_t i = 0; i < l->c->sans.n; i++)
		if (l->c->sans.v[i].type == ACSR_SAN_DNS && dnssyntax_below(l->c->sans.v[i].value, "arpa"))
			return "a name in a reverse zone";
	return NULL;
}

static const char *internal_names(struct lint *l)
{
	for (size_t i = 0; i < l->c->sans.n; i++)
		if (l->c->sans.v[i].type == ACSR_SAN_DNS && strchr(l->c->sans.v[i].value, '.') == NULL)
			return "an internal name of one label";
	return NULL;
}

static const char *cn_in_san(struct lint *l)
{
	const char *cn = acsr_dn_get(&l->c->subject, "CN");

	for (size_t i = 0; cn != NULL && i < l->c->sans.n; i++)
		if (strcmp(l->c->sans.v[i].value, cn) == 0)
			return NULL;
	return cn != NULL ? "the common name is not an exact copy of one of the names" : NULL;
}

static const char *ekus_exact(struct lint *l)
{
	for (size_t i = 0; i < l->c->n_ekus; i++)
		if (!listed(l->p->ekus, ACSR_PROFILE_LIST, l->c->ekus[i]))
			return "an extended key usage that the profile does not have";
	for (size_t i = 0; i < ACSR_PROFILE_LIST && l->p->ekus[i] != NULL; i++)
		if (!in_view(l->c->ekus, l->c->n_ekus, l->p->ekus[i]))
			return "an extended key usage of the profile is missing";
	return NULL;
}

static const char *ekus_forbidden(struct lint *l)
{
	static const char *const never[] = { "codeSigning", "emailProtection", "OCSPSigning", "timeStamping",
		"anyExtendedKeyUsage" };

	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++)
		if (in_view(l->c->ekus, l->c->n_ekus, never[i]))
			return "an extended key usage that a server certificate must not have";
	return NULL;
}

static const char *eku_client(struct lint *l)
{
	if (acsr_rule_value("eku.client-auth.allowed", l->c->not_before, 1) == 0 &&
		in_view(l->c->ekus, l->c->n_ekus, "clientAuth"))
		return "clientAuth in a public server certificate";
	return NULL;
}

static const char *ku_leaf(struct lint *l)
{
	bool rsa = l->c->key != NULL && acsr_key_alg(l->c->key) == ACSR_KEY_RSA;

	if (!l->c->has_ku || (l->c->ku & ACSR_KU_DIGITAL_SIGNATURE) == 0)
		return "the key usage lacks digitalSignature";
	if ((l->c->ku & (ACSR_KU_KEY_CERT_SIGN | ACSR_KU_CRL_SIGN)) != 0)
		return "the key usage would let a subscriber sign certificates or CRLs";
	if ((l->c->ku & ACSR_KU_KEY_ENCIPHERMENT) != 0 && !rsa)
		return "keyEncipherment on a key that is not RSA";
	if ((l->c->ku & ACSR_KU_KEY_AGREEMENT) != 0 && rsa)
		return "keyAgreement on an RSA key";
	if ((l->c->ku & (ACSR_KU_DATA_ENCIPHERMENT | ACSR_KU_NON_REPUDIATION)) != 0)
		return "the key usage has dataEncipherment or nonRepudiation";
	return NULL;
}

/* Signature keys cannot transport or agree on anything. */
static const char *ku_post_quantum(struct lint *l)
{
	const unsigned never = ACSR_KU_KEY_ENCIPHERMENT | ACSR_KU_DATA_ENCIPHERMENT | ACSR_KU_KEY_AGREEMENT |
			       ACSR_KU_ENCIPHER_ONLY | ACSR_KU_DECIPHER_ONLY;
	bool pq = strncmp(l->c->key_name, "ml-dsa-", 7) == 0 || strncmp(l->c->key_name, "slh-dsa-", 8) == 0;

	return pq && (l->c->ku & never) != 0
		       ? "a key usage other than signing on a post-quantum signature key"
		       : NULL;
}

static const char *ku_ca(struct lint *l)
{
	const unsigned need = ACSR_KU_KEY_CERT_SIGN | ACSR_KU_CRL_SIGN;

	return (l->c->ku & need) != need ? "a CA needs keyCertSign and cRLSign" : NULL;
}

static const char *not_a_ca(struct lint *l)
{
	return l->c->ca ? "a subscriber's certificate must not be a CA's" : NULL;
}

static const char *is_a_ca(struct lint *l)
{
	if (!l->c->has_basic_constraints || !l->c->ca)
		return "the basic constraints do not say that this is a CA";
	return l->p->path_len >= 0 && l->c->path_len != l->p->path_len
		       ? "the path length is not that of the profile"
		       : NULL;
}

static bool has_policy(const struct acsr_cert_view *c, const char *oid)
{
	for (size_t i = 0; i < c->n_policies; i++)
		if (strcmp(c->policies[i].oid, oid) == 0)
			return true;
	return false;
}

static const char *policies(struct lint *l)
{
	for (size_t i = 0; i < ACSR_PROFILE_LIST && l->p->policies[i] != NULL; i++)
		if (!has_policy(l->c, l->p->policies[i]))
			return "a policy OID of the profile is missing";
	for (size_t i = 0; i < l->c->n_policies; i++)
		if (!listed(l->p->policies, ACSR_PROFILE_LIST, l->c->policies[i].oid))
			return "a policy OID that the profile does not have";
	return NULL;
}

static const char *level_subject(struct lint *l)
{
	const struct acsr_dn *dn = &l->c->subject;
	bool o = acsr_dn_get(dn, "O") != NULL;

	if (l->p->level == ACSR_LEVEL_DV &&
		(o || acsr_dn_get(dn, "L") != NULL || acsr_dn_get(dn, "C") != NULL))
		return "a domain-validated certificate must not name an organisation or place";
	if (l->p->level >= ACSR_LEVEL_OV && (!o || acsr_dn_get(dn, "C") == NULL))
		return "an organisation-validated certificate must name organisation and country";
	if (l->p->public_trust && l->p->level >= ACSR_LEVEL_OV && acsr_dn_get(dn, "L") == NULL &&
		acsr_dn_get(dn, "ST") == NULL)
		return "an organisation-validated certificate must name a place";
	return NULL;
}

static const char *revocation(struct lint *l)
{
	int64_t life = l->c->not_after - l->c->not_before + 1;

	if (life <= acsr_rule_value("cert.short-lived.max", l->c->not_before, 7 * DAY))
		return NULL;
	return l->c->n_crl_urls + l->c->n_ocsp_urls == 0 ? "there is neither a CRL nor an OCSP address"
							 : NULL;
}

static const struct rule {
	const char *id;
	unsigned scope;
	const char *source;
	const char *passes;
	const char *(*broken)(struct lint *l);
	enum acsr_severity severity;
} rules[] = {
	{ "lint.version", ALL, "RFC 5280 4.1.2.1", "version 3", version, ACSR_ERROR },
	{ "lint.serial", ALL, "RFC 5280 4.1.2.2", "the serial number is positive and short enough", serial,
		ACSR_ERROR },
	{ "lint.serial.entropy", ALL, "BR 7.1", "the serial number has room for 64 random bits",
		serial_entropy, ACSR_ERROR },
	{ "lint.signature", ALL, "BR 7.1.3.2", "the signature scheme is sound", signature, ACSR_ERROR },
	{ "lint.validity", ALL, "profile", "the validity is within the profile's", validity, ACSR_ERROR },
	{ "lint.validity.max", LEAF | PUBLIC, "BR 6.3.2", "the validity is within that of the day",
		validity_public, ACSR_ERROR },
	{ "lint.key", ALL, "BR 6.1.5, 6.1.6", "the key is sound", key, ACSR_ERROR },
	{ "lint.key.type", ALL, "profile", "the key type is allowed", key_type, ACSR_ERROR },
	{ "lint.ski", ALL, "RFC 5280 4.2.1.2", "a subject key identifier", ski, ACSR_ERROR },
	{ "lint.aki", ALL, "RFC 5280 4.2.1.1", "an authority key identifier", aki, ACSR_ERROR },
	{ "lint.subject.duplicate", ALL, "BR 7.1.4", "no subject field twice", duplicate_subject,
		ACSR_ERROR },
	{ "lint.subject.allowed", ALL, "profile", "only subject fields of the profile", subject_allowed,
		ACSR_ERROR },
	{ "lint.subject.required", ALL, "profile", "all required subject fields", subject_required,
		ACSR_ERROR },
	{ "lint.subject.level", SERVER, "BR 7.1.2.7", "the subject fits the level of validation",
		level_subject, ACSR_ERROR },
	{ "lint.subject.ou", SERVER, "BR 7.1.2.7", "no organisational unit", no_ou, ACSR_ERROR },
	{ "lint.subject.meaningless", ALL, "BR 7.1.4.2", "the subject fields say something", meaningless,
		ACSR_ERROR },
	{ "lint.san.absent", SERVER, "BR 7.1.2.7.12", "there are subject alternative names", san_present,
		ACSR_ERROR },
	{ "lint.san.type", LEAF, "profile", "the names are of allowed types", san_types, ACSR_ERROR },
	{ "lint.san.duplicate", LEAF, "RFC 5280 4.2.1.6", "no name twice", san_duplicates, ACSR_WARN },
	{ "lint.san.name", LEAF, "BR 7.1.2.7.12", "the names are well formed", names, ACSR_ERROR },
	{ "lint.san.wildcard", LEAF, "profile", "wildcards only where allowed", wildcards, ACSR_ERROR },
	{ "lint.san.reverse", LEAF, "BR 7.1.2.7.12", "no name in a reverse zone", reverse_zones, ACSR_ERROR },
	{ "lint.san.internal", SERVER | PUBLIC, "BR 4.2.2", "no internal names", internal_names, ACSR_ERROR },
	{ "lint.cn", SERVER, "BR 7.1.4.3", "the common name copies one of the names", cn_in_san, ACSR_ERROR },
	{ "lint.eku", ALL, "profile", "the extended key usages of the profile", ekus_exact, ACSR_ERROR },
	{ "lint.eku.forbidden", SERVER, "BR 7.1.2.7.10", "no forbidden extended key usage", ekus_forbidden,
		ACSR_ERROR },
	{ "lint.eku.client", SERVER | PUBLIC, "BR 7.1.2.7.10", "no clientAuth", eku_client, ACSR_ERROR },
	{ "lint.ku", LEAF, "BR 7.1.2.7.11", "the key usage fits the key", ku_leaf, ACSR_ERROR },
	{ "lint.ku.post-quantum", ALL, "RFC 9881 5, RFC 9909 6",
		"a post-quantum key is used for signing only", ku_post_quantum, ACSR_ERROR },
	{ "lint.ku.ca", CA, "BR 7.1.2.10.7", "the key usage of a CA", ku_ca, ACSR_ERROR },
	{ "lint.ca", LEAF, "BR 7.1.2.7.8", "not a CA", not_a_ca, ACSR_ERROR },
	{ "lint.ca.missing", CA, "BR 7.1.2.10.4", "a CA with the profile's path length", is_a_ca,
		ACSR_ERROR },
	{ "lint.policy", ALL, "BR 7.1.6", "the policy OIDs of the profile", policies, ACSR_ERROR },
	{ "lint.revocation", SERVER | PUBLIC, "BR 7.1.2.7.7", "revocation can be looked up", revocation,
		ACSR_ERROR },
};

static bool applies(const struct rule *r, const struct acsr_profile *p)
{
	if ((r->scope & PUBLIC) != 0 && !p->public_trust)
		return false;
	if ((r->scope & (SERVER & ~LEAF)) != 0 && !listed(p->ekus, ACSR_PROFILE_LIST, "serverAuth"))
		return false;
	return (r->scope & (p->ca ? CA : LEAF)) != 0;
}

static enum acsr_result apply(
	const struct rule *r, struct lint *l, struct acsr_findings *all, bool *failed, struct acsr_err *e)
{
	const char *wrong;

	l->field[0] = '\0';
	wrong = r->broken(l);
	if (wrong == NULL)
		return l->broken_only ? ACSR_OK
				      : acsr_findings_add(
						all, ACSR_PASS, r->id, "", r->source, "", e, "%s", r->passes);
	TRY(acsr_findings_add(all, r->severity, r->id, l->field, r->source, "", e, "%s", wrong));
	if (r->severity == ACSR_ERROR && !*failed) {
		*failed = true;
		(void)err_rule(e, r->id, l->field, r->source, "%s", wrong);
	}
	return ACSR_OK;
}

static enum acsr_result run(struct lint *l, struct acsr_findings *all, struct acsr_err *e)
{
	bool failed = false;

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (applies(&rules[i], l->p))
			TRY(apply(&rules[i], l, all, &failed, e));
	return failed ? ACSR_FAIL : ACSR_OK;
}

enum acsr_result acsr_lint_cert(const struct acsr_cert_view *cert, const struct acsr_profile *profile,
	acsr_lint_name_fn judge, struct acsr_findings *all, struct acsr_err *e)
{
	struct lint l = { .c = cert, .p = profile, .judge = judge };

	return run(&l, all, e);
}

enum acsr_result certby_lint(const struct acsr_cert_view *cert, const struct acsr_profile *profile,
	struct acsr_findings *broken, struct acsr_err *e)
{
	struct lint l = { .c = cert, .p = profile, .broken_only = true };

	return run(&l, broken, e);
}
