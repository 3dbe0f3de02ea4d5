/* OpenSSL's verdicts on a chain in plain words, with the section that was broken and what to do. */
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autocsr/crl.h"
#include "base/clock.h"
#include "base/str.h"
#include "certview.h"
#include "chain_int.h"
#include "subject_int.h"

#define NAME_TEXT 200

static void name_text(const X509_NAME *name, char out[NAME_TEXT])
{
	struct acsr_findings ignored = { 0 };
	const struct reading lenient = { "cert", &ignored };
	struct acsr_dn dn = { 0 };
	CLEANUP_STR char *s = NULL;

	if (subject_from_name(&dn, name, &lenient, NULL) == ACSR_OK && dn.n > 0 &&
		acsr_dn_print(&s, &dn, NULL) == ACSR_OK)
		snprintf(out, NAME_TEXT, "%s", s);
	else
		snprintf(out, NAME_TEXT, "(a name that cannot be shown)");
	str_whole(out);
	acsr_findings_free(&ignored);
	acsr_dn_free(&dn);
}

static void time_text(const ASN1_TIME *t, char out[21])
{
	int64_t at;

	snprintf(out, 21, "?");
	if (t != NULL && certview_time(&at, t, NULL) == ACSR_OK)
		clock_rfc3339(at, out);
}

/* One row a code. `remedy` may be NULL. A `detail` writes the text itself. */
struct cause {
	int code;
	const char *id, *source, *text, *remedy;
	void (*detail)(const struct chain_job *j, const struct chain_verdict *v, char *out, size_t cap);
};

static void say_expired(const struct chain_job *j, const struct chain_verdict *v, char *out, size_t cap)
{
	char end[21], at[21];

	time_text(X509_get0_notAfter(v->cert), end);
	clock_rfc3339(j->in->at, at);
	snprintf(out, cap, "the certificate expired at %s; judged as of %s", end, at);
}

static void say_not_yet(const struct chain_job *j, const struct chain_verdict *v, char *out, size_t cap)
{
	char begin[21], at[21];

	time_text(X509_get0_notBefore(v->cert), begin);
	clock_rfc3339(j->in->at, at);
	snprintf(out, cap, "the certificate is not valid before %s; judged as of %s", begin, at);
}

static int count_of_name(STACK_OF(X509) * list, const X509_NAME *name)
{
	int n = 0;

	for (int i = 0; i < sk_X509_num(list); i++)
		n += X509_NAME_cmp(X509_get_subject_name(sk_X509_value(list, i)), name) == 0;
	return n;
}

static void say_missing(const struct chain_job *j, const struct chain_verdict *v, char *out, size_t cap)
{
	const X509_NAME *issuer = X509_get_issuer_name(v->cert);
	const ASN1_OCTET_STRING *id = X509_get0_authority_key_id((X509 *)(uintptr_t)v->cert);
	char name[NAME_TEXT], hex[2 * 32 + 1] = "";

	name_text(issuer, name);
	if (id != NULL && ASN1_STRING_length(id) <= 32)
		hex_encode(ASN1_STRING_get0_data(id), (size_t)ASN1_STRING_length(id), hex);
	snprintf(out, cap, "the certificate of its issuer is missing: %s%s%s%s%s", name,
		hex[0] != '\0' ? ", key identifier " : "", hex,
		count_of_name(j->intermediates, issuer) + count_of_name(j->roots, issuer) > 0
			? "; one of that name is there, but it is another: its key identifier or serial "
			  "number differs"
			: "",
		"");
}

static void say_untrusted(const struct chain_job *j, const struct chain_verdict *v, char *out, size_t cap)
{
	char name[NAME_TEXT];

	name_text(X509_get_subject_name(v->cert), name);
	snprintf(out, cap, "%s %s, which is not among the %d trusted roots",
		X509_cmp(v->cert, j->leaf) == 0 ? "it is self-signed:" : "the chain ends at", name,
		sk_X509_num(j->roots));
}

static void say_signature(const struct chain_job *j, const struct chain_verdict *v, char *out, size_t cap)
{
	char name[NAME_TEXT];

	(void)j;
	name_text(X509_get_issuer_name(v->cert), name);
	snprintf(out, cap, "its signature was not made with the key of %s, or the certificate was changed",
		name);
}

static void say_no_ca(const struct chain_job *j, const struct chain_verdict *v, char *out, size_t cap)
{
	uint32_t flags = X509_get_extension_flags((X509 *)(uintptr_t)v->cert);
	const char *why = (flags & EXFLAG_BCONS) == 0 ? "it has no basic constraints"
			  : (flags & EXFLAG_CA) == 0  ? "its basic constraints say CA:FALSE"
						      : "its key usage lacks keyCertSign";

	(void)j;
	if (X509_cmp(v->cert, j->leaf) == 0)
		why = "its basic constraints do not fit its use";
	snprintf(out, cap, "it issued the certificate below it and is not a CA: %s", why);
}

static void say_path_length(const struct chain_job *j, const struct chain_verdict *v, char *out, size_t cap)
{
	(void)j;
	snprintf(out, cap, "it allows %ld CAs below it (path length), and there are more",
		X509_get_pathlen((X509 *)(uintptr_t)v->cert));
}

/* "serverAuth, clientAuth" */
static void say_purpose(const struct chain_job *j, const struct chain_verdict *v, char *out, size_t cap)
{
	struct acsr_cert_view *view = NULL;
	char list[160] = "";
	size_t n = 0;

	if (certview_make(&view, v->cert, NULL) == ACSR_OK)
		for (size_t i = 0; i < view->n_ekus && n < sizeof(list) - 1; i++)
			n += (size_t)snprintf(
				list + n, sizeof(list) - n, "%s%s", i > 0 ? ", " : "", view->ekus[i]);
	snprintf(out, cap, "it is not made for %s: %s%s", j->in->eku != NULL ? j->in->eku : "this",
		n > 0 ? "its extended key usage is " : "its key usage does not allow it", list);
	acsr_cert_view_free(view);
	ERR_clear_error();
}

static void say_weak(const struct chain_job *j, const struct chain_verdict *v, char *out, size_t cap)
{
	const EVP_PKEY *key = X509_get0_pubkey(v->cert);
	int nid = X509_get_signature_nid(v->cert);

	(void)j;
	if (v->code == X509_V_ERR_CA_MD_TOO_WEAK)
		snprintf(out, cap, "its signature (%s) is weaker than 112 bits of security",
			nid != NID_undef ? OBJ_nid2ln(nid) : "unknown");
	else
		snprintf(out, cap, "its key (%d bits) is weaker than 112 bits of security",
			key != NULL ? EVP_PKEY_get_bits(key) : 0);
}

static void say_revoked(const struct chain_job *j, const struct chain_verdict *v, char *out, size_t cap)
{
	X509_REVOKED *entry = NULL;
	ASN1_ENUMERATED *code = NULL;
	char when[21] = "?";

	(void)j;
	if (v->crl != NULL && X509_CRL_get0_by_cert((X509_CRL *)(uintptr_t)v->crl, &entry,
				      (X509 *)(uintptr_t)v->cert) > 0) {
		time_text(X509_REVOKED_get0_revocationDate(entry), when);
		code = X509_REVOKED_get_ext_d2i(entry, NID_crl_reason, NULL, NULL);
	}
	snprintf(out, cap, "the certificate is revoked since %s%s%s", when, code != NULL ? ", reason " : "",
		code != NULL && acsr_reason_name((int)ASN1_ENUMERATED_get(code)) != NULL
			? acsr_reason_name((int)ASN1_ENUMERATED_get(code))
			: "");
	ASN1_ENUMERATED_free(code);
}

static void say_no_crl(const struct chain_job *j, const struct chain_verdict *v, char *out, size_t cap)
{
	const X509_NAME *issuer = X509_get_issuer_name(v->cert);
	char name[NAME_TEXT];
	int same = 0;

	for (int i = 0; i < sk_X509_CRL_num(j->crls); i++)
		same += X509_NAME_cmp(X509_CRL_get_issuer(sk_X509_CRL_value(j->crls, i)), issuer) == 0;
	name_text(issuer, name);
	snprintf(out, cap,
		same > 0 ? "none of the %d CRLs of its issuer %s covers it"
			 : "none of the %d CRLs is of its issuer %s",
		same > 0 ? same : sk_X509_CRL_num(j->crls), name);
}

static void say_crl_time(const struct chain_job *j, const struct chain_verdict *v, char *out, size_t cap)
{
	const ASN1_TIME *t = v->crl == NULL                          ? NULL
			     : v->code == X509_V_ERR_CRL_HAS_EXPIRED ? X509_CRL_get0_nextUpdate(v->crl)
								     : X509_CRL_get0_lastUpdate(v->crl);
	char when[21], at[21];

	time_text(t, when);
	clock_rfc3339(j->in->at, at);
	snprintf(out, cap, "the CRL that covers it %s %s; judged as of %s",
		v->code == X509_V_ERR_CRL_HAS_EXPIRED ? "was due for renewal at" : "is not valid before",
		when, at);
}

/* The OID of the first critical extension that OpenSSL does not handle. */
static void say_critical(const struct chain_job *j, const struct chain_verdict *v, char *out, size_t cap)
{
	char oid[80] = "?";

	(void)j;
	for (int i = 0; i < X509_get_ext_count(v->cert); i++) {
		X509_EXTENSION *x = X509_get_ext(v->cert, i);

		if (X509_EXTENSION_get_critical(x) && !X509_supported_extension(x)) {
			ossl_oid(X509_EXTENSION_get_object(x), oid, sizeof(oid));
			break;
		}
	}
	snprintf(out, cap, "it has the critical extension %s, which is not understood", oid);
}

#define ISSUER_REMEDY "give the intermediate certificate that the CA publishes, or the root as a trust anchor"
#define CRL_REMEDY "fetch the current CRL from the address in the certificate's CRL distribution points"
#define NAMES_REMEDY "the CA must not issue for these names; order from another CA, or for other names"

static const struct cause causes[] = {
	{ X509_V_ERR_CERT_HAS_EXPIRED, "verify.expired", "RFC 5280 6.1.3 (a)(2)", NULL, "renew it",
		say_expired },
	{ X509_V_ERR_CERT_NOT_YET_VALID, "verify.not-yet", "RFC 5280 6.1.3 (a)(2)", NULL,
		"check the clock, or wait", say_not_yet },
	{ X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, "verify.issuer", "RFC 5280 6.1.3 (a)(4)", NULL, ISSUER_REMEDY,
		say_missing },
	{ X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, "verify.issuer", "RFC 5280 6.1.3 (a)(4)", NULL,
		ISSUER_REMEDY, say_missing },
	{ X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, "verify.issuer", "RFC 5280 6.1.3 (a)(4)", NULL,
		ISSUER_REMEDY, say_missing },
	{ X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, "verify.untrusted", "RFC 5280 6.1.1 (d)", NULL,
		"give it as a trust anchor if you trust it", say_untrusted },
	{ X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, "verify.untrusted", "RFC 5280 6.1.1 (d)", NULL,
		"give that root as a trust anchor if you trust it", say_untrusted },
	{ X509_V_ERR_CERT_UNTRUSTED, "verify.untrusted", "RFC 5280 6.1.1 (d)", NULL, NULL, say_untrusted },
	{ X509_V_ERR_CERT_REJECTED, "verify.untrusted", "RFC 5280 6.1.1 (d)", NULL, NULL, say_untrusted },
	{ X509_V_ERR_CERT_CHAIN_TOO_LONG, "verify.chain", "RFC 5280 6.1", "the chain is too long", NULL,
		NULL },
	{ X509_V_ERR_CERT_SIGNATURE_FAILURE, "verify.signature", "RFC 5280 6.1.3 (a)(1)", NULL, NULL,
		say_signature },
	{ X509_V_ERR_UNABLE_TO_DECRYPT_CERT_SIGNATURE, "verify.signature", "RFC 5280 6.1.3 (a)(1)", NULL,
		NULL, say_signature },
	{ X509_V_ERR_UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY, "verify.signature", "RFC 5280 6.1.3 (a)(1)",
		"its issuer's public key cannot be used here", NULL, NULL },
	{ X509_V_ERR_INVALID_CA, "verify.ca", "RFC 5280 6.1.4 (k)", NULL, NULL, say_no_ca },
	{ X509_V_ERR_NO_ISSUER_PUBLIC_KEY, "verify.ca", "RFC 5280 6.1.4 (k)", NULL, NULL, say_no_ca },
	{ X509_V_ERR_KEYUSAGE_NO_CERTSIGN, "verify.ca", "RFC 5280 6.1.4 (n)",
		"its key usage does not allow it to sign certificates (keyCertSign)", NULL, NULL },
	{ X509_V_ERR_PATH_LENGTH_EXCEEDED, "verify.ca.path-length", "RFC 5280 6.1.4 (m)", NULL, NULL,
		say_path_length },
	{ X509_V_ERR_INVALID_PURPOSE, "verify.purpose", "RFC 5280 4.2.1.12", NULL,
		"order a certificate for that use", say_purpose },
	{ X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION, "verify.critical", "RFC 5280 6.1.4 (o)", NULL, NULL,
		say_critical },
	{ X509_V_ERR_INVALID_EXTENSION, "verify.chain", "RFC 5280 4.2",
		"an extension is damaged or contradicts another", NULL, NULL },
	{ X509_V_ERR_INVALID_POLICY_EXTENSION, "verify.policy", "RFC 5280 6.1.4 (a)",
		"a certificate of the chain has policies that are not valid (such as a mapping from or to "
		"anyPolicy)",
		NULL, NULL },
	{ X509_V_ERR_NO_EXPLICIT_POLICY, "verify.policy", "RFC 5280 6.1.5 (g)",
		"the chain is valid for none of the certificate policies that it must be valid for", NULL,
		NULL },
	{ X509_V_ERR_PERMITTED_VIOLATION, "verify.name-constraints", "RFC 5280 6.1.3 (b)",
		"it has a name outside of what a CA above it is permitted to issue for", NAMES_REMEDY, NULL },
	{ X509_V_ERR_EXCLUDED_VIOLATION, "verify.name-constraints", "RFC 5280 6.1.3 (c)",
		"it has a name that a CA above it is forbidden to issue for", NAMES_REMEDY, NULL },
	{ X509_V_ERR_SUBTREE_MINMAX, "verify.name-constraints", "RFC 5280 4.2.1.10",
		"a CA above it has name constraints with a minimum or maximum, which nobody may use", NULL,
		NULL },
	{ X509_V_ERR_UNSUPPORTED_CONSTRAINT_TYPE, "verify.name-constraints", "RFC 5280 4.2.1.10",
		"a CA above it constrains a kind of name that cannot be checked here", NULL, NULL },
	{ X509_V_ERR_UNSUPPORTED_CONSTRAINT_SYNTAX, "verify.name-constraints", "RFC 5280 4.2.1.10",
		"a CA above it has name constraints that are not valid", NULL, NULL },
	{ X509_V_ERR_UNSUPPORTED_NAME_SYNTAX, "verify.name-constraints", "RFC 5280 4.2.1.10",
		"it has a name that cannot be compared with the name constraints above it", NULL, NULL },
	{ X509_V_ERR_CERT_REVOKED, "verify.revoked", "RFC 5280 6.1.3 (a)(3)", NULL,
		"do not use it; order a new one", say_revoked },
	{ X509_V_ERR_UNABLE_TO_GET_CRL, "verify.crl", "RFC 5280 6.3.3", NULL, CRL_REMEDY, say_no_crl },
	{ X509_V_ERR_DIFFERENT_CRL_SCOPE, "verify.crl", "RFC 5280 6.3.3 (b)",
		"the CRLs of its issuer are for another scope: another distribution point, other kinds of "
		"certificates, or only some reasons",
		CRL_REMEDY, NULL },
	{ X509_V_ERR_CRL_HAS_EXPIRED, "verify.crl", "RFC 5280 6.3.3 (a)", NULL, CRL_REMEDY, say_crl_time },
	{ X509_V_ERR_CRL_NOT_YET_VALID, "verify.crl", "RFC 5280 6.3.3 (a)", NULL, "check the clock",
		say_crl_time },
	{ X509_V_ERR_CRL_SIGNATURE_FAILURE, "verify.crl", "RFC 5280 6.3.3 (g)",
		"the signature of the CRL is not that of its issuer", CRL_REMEDY, NULL },
	{ X509_V_ERR_UNABLE_TO_DECRYPT_CRL_SIGNATURE, "verify.crl", "RFC 5280 6.3.3 (g)",
		"the signature of the CRL is not that of its issuer", CRL_REMEDY, NULL },
	{ X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER, "verify.crl", "RFC 5280 6.3.3 (f)",
		"the certificate of the CRL's issuer is missing", "give it as an intermediate", NULL },
	{ X509_V_ERR_KEYUSAGE_NO_CRL_SIGN, "verify.crl", "RFC 5280 6.3.3 (f)",
		"the CRL's issuer may not sign CRLs (its key usage lacks cRLSign)", NULL, NULL },
	{ X509_V_ERR_UNHANDLED_CRITICAL_CRL_EXTENSION, "verify.crl", "RFC 5280 5.2",
		"the CRL has a critical extension that is not understood, so it says nothing certain", NULL,
		NULL },
	{ X509_V_ERR_CRL_PATH_VALIDATION_ERROR, "verify.crl", "RFC 5280 6.3.3 (f)",
		"the certificate of the CRL's issuer does not verify itself", NULL, NULL },
	{ X509_V_ERR_EE_KEY_TOO_SMALL, "verify.weak", "NIST SP 800-57 5.6", NULL,
		"order one with a stronger key", say_weak },
	{ X509_V_ERR_CA_KEY_TOO_SMALL, "verify.weak", "NIST SP 800-57 5.6", NULL, NULL, say_weak },
	{ X509_V_ERR_CA_MD_TOO_WEAK, "verify.weak", "NIST SP 800-57 5.6", NULL,
		"order it again from a CA that signs with SHA-256", say_weak },
};

static const struct cause *cause_of(int code)
{
	static const struct cause strict = { 0, "verify.strict", "RFC 5280 4.2", NULL, NULL, NULL };
	static const struct cause other = { 0, "verify.chain", "RFC 5280 6.1", NULL, NULL, NULL };

	for (size_t i = 0; i < sizeof(causes) / sizeof(causes[0]); i++)
		if (causes[i].code == code)
			return &causes[i];
	return code >= X509_V_ERR_PATHLEN_INVALID_FOR_NON_CA ? &strict : &other;
}

static bool is_known(const struct acsr_findings *l, const char *id)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->v[i].id, id) == 0)
			return true;
	return false;
}

enum acsr_result chain_explain(const struct chain_job *j, const struct chain_verdict *v,
	struct acsr_findings *to, struct acsr_err *e)
{
	const struct cause *c = cause_of(v->code);
	enum acsr_severity s =
		j->in->allow_weak && strcmp(c->id, "verify.weak") == 0 ? ACSR_WARN : ACSR_ERROR;
	char text[360];

	/* OpenSSL says twice that an issuer is missing, or no CA. */
	if ((strcmp(c->id, "verify.issuer") == 0 || strcmp(c->id, "verify.ca") == 0) && is_known(to, c->id))
		return ACSR_OK;
	/* A key that this OpenSSL lacks has no size for it. */
	if ((v->code == X509_V_ERR_EE_KEY_TOO_SMALL || v->code == X509_V_ERR_CA_KEY_TOO_SMALL) &&
		v->cert != NULL && X509_get0_pubkey(v->cert) == NULL)
		return ACSR_OK;
	/* Trust in the anchor comes from outside (RFC 5280 6.1): it has no CRL to stand on. */
	if (v->anchor && (strcmp(c->id, "verify.crl") == 0 || strcmp(c->id, "verify.revoked") == 0))
		return ACSR_OK;
	if (c->detail != NULL && v->cert != NULL)
		c->detail(j, v, text, sizeof(text));
	else
		snprintf(text, sizeof(text), "%s",
			c->text != NULL ? c->text : X509_verify_cert_error_string(v->code));
	return acsr_findings_add(to, s, c->id, v->where, c->source, c->remedy, e, "%s%s",
		v->of_crl ? "in the chain of the CRL's issuer: " : "", text);
}
