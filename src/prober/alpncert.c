/* RFC 8737 3, one rule a function. */
#include "prober/alpncert.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include "prober/show.h"

#define SRC "RFC 8737 3"
#define ACME_IDENTIFIER "1.3.6.1.5.5.7.1.31"

static enum acsr_result no(struct acsr_err *e, const char *id, const char *text)
{
	ERR_clear_error();
	return err_rule(e, id, NULL, SRC, "the server's certificate for tls-alpn-01 %s", text);
}

/* What the ACME client made itself, and not a real certificate that happens to be there. */
static enum acsr_result check_self_signed(X509 *cert, struct acsr_err *e)
{
	EVP_PKEY *key = X509_get0_pubkey(cert);

	if (key == NULL || X509_NAME_cmp(X509_get_subject_name(cert), X509_get_issuer_name(cert)) != 0 ||
		X509_verify(cert, key) != 1)
		return no(e, "validation.tls-alpn.self-signed",
			"is not signed by itself; let the ACME client answer, not the usual server");
	return ACSR_OK;
}

/* The one extension of this kind; a second one is refused, for others may look at that one. */
static enum acsr_result only_extension(X509 *cert, const ASN1_OBJECT *kind, const char *id, const char *what,
	X509_EXTENSION **out, struct acsr_err *e)
{
	int at = X509_get_ext_by_OBJ(cert, kind, -1);
	char text[120];

	if (at >= 0 && X509_get_ext_by_OBJ(cert, kind, at) < 0) {
		*out = X509_get_ext(cert, at);
		return ACSR_OK;
	}
	snprintf(text, sizeof(text), "has %s %s extension; it must have exactly one",
		at < 0 ? "no" : "more than one", what);
	return no(e, id, text);
}

static bool is_name(const GENERAL_NAME *g, const char *name)
{
	const ASN1_IA5STRING *s = g->d.dNSName;

	return name != NULL && g->type == GEN_DNS && (size_t)ASN1_STRING_length(s) == strlen(name) &&
	       strncasecmp((const char *)ASN1_STRING_get0_data(s), name, strlen(name)) == 0;
}

static bool is_address(const GENERAL_NAME *g, const struct netaddr *addr)
{
	int n = addr->family == AF_INET6 ? 16 : 4;

	return g->type == GEN_IPADD && ASN1_STRING_length(g->d.iPAddress) == n &&
	       memcmp(ASN1_STRING_get0_data(g->d.iPAddress), addr->b, (size_t)n) == 0;
}

static enum acsr_result check_names(
	const GENERAL_NAMES *names, const char *name, const struct netaddr *addr, struct acsr_err *e)
{
	const GENERAL_NAME *only;

	if (sk_GENERAL_NAME_num(names) != 1)
		return no(e, "validation.tls-alpn.names",
			"must hold the one name that is validated in its subjectAltName, and nothing else "
			"there");
	only = sk_GENERAL_NAME_value(names, 0);
	if (name != NULL ? !is_name(only, name) : !is_address(only, addr))
		return no(
			e, "validation.tls-alpn.name", "is for another name than the one that is validated");
	return ACSR_OK;
}

static enum acsr_result check_san(
	X509 *cert, const char *name, const struct netaddr *addr, struct acsr_err *e)
{
	X509_EXTENSION *x;
	GENERAL_NAMES *names;
	enum acsr_result r;

	TRY(only_extension(
		cert, OBJ_nid2obj(NID_subject_alt_name), "validation.tls-alpn.san", "subjectAltName", &x, e));
	names = X509V3_EXT_d2i(x);
	if (names == NULL)
		return no(e, "validation.tls-alpn.san", "has a subjectAltName that cannot be read");
	r = check_names(names, name, addr, e);
	GENERAL_NAMES_free(names);
	return r;
}

/* Authorization ::= OCTET STRING (SIZE (32)), in DER: one tag, one length, the digest, and the end. */
static enum acsr_result check_value(X509_EXTENSION *x, const uint8_t digest[32], struct acsr_err *e)
{
	const ASN1_OCTET_STRING *value = X509_EXTENSION_get_data(x);
	const uint8_t *p = ASN1_STRING_get0_data(value);

	if (ASN1_STRING_length(value) != 34 || p[0] != 0x04 || p[1] != 32)
		return no(e, "validation.tls-alpn.value",
			"has an acmeIdentifier that is not exactly an OCTET STRING of 32 bytes");
	if (memcmp(p + 2, digest, 32) != 0)
		return no(e, "validation.tls-alpn.digest",
			"holds the digest of another key authorization than the one of this challenge");
	return ACSR_OK;
}

static enum acsr_result check_identifier(X509 *cert, const uint8_t digest[32], struct acsr_err *e)
{
	ASN1_OBJECT *kind = OBJ_txt2obj(ACME_IDENTIFIER, 1);
	X509_EXTENSION *x = NULL;
	enum acsr_result r;

	if (kind == NULL)
		return err_nomem(e);
	r = only_extension(
		cert, kind, "validation.tls-alpn.extension", "acmeIdentifier (" ACME_IDENTIFIER ")", &x, e);
	ASN1_OBJECT_free(kind);
	if (r != ACSR_OK)
		return r;
	if (X509_EXTENSION_get_critical(x) != 1)
		return no(e, "validation.tls-alpn.critical",
			"has an acmeIdentifier that is not marked as critical");
	return check_value(x, digest, e);
}

enum acsr_result alpncert_check(X509 *cert, const char *name, const struct netaddr *addr,
	const uint8_t digest[32], struct acsr_err *e)
{
	TRY(check_san(cert, name, addr, e));
	TRY(check_identifier(cert, digest, e));
	return check_self_signed(cert, e);
}

static void reverse_v6(const struct netaddr *a, char out[ALPN_SNI])
{
	size_t o = 0;

	for (int i = 15; i >= 0; i--)
		o += (size_t)snprintf(out + o, ALPN_SNI - o, "%x.%x.", a->b[i] & 15u, a->b[i] >> 4);
	snprintf(out + o, ALPN_SNI - o, "ip6.arpa");
}

void alpncert_sni(const char *name, const struct netaddr *addr, char out[ALPN_SNI])
{
	if (name != NULL)
		snprintf(out, ALPN_SNI, "%s", name);
	else if (addr->family == AF_INET6)
		reverse_v6(addr, out);
	else
		snprintf(out, ALPN_SNI, "%u.%u.%u.%u.in-addr.arpa", addr->b[3], addr->b[2], addr->b[1],
			addr->b[0]);
}
