/*
 * What an object says, as JSON: the documents whose schemas lie in docs/schema. The command line and the
 * service print the same ones.
 *
 * Everything that can be decoded is shown, broken or not; "problems" says which rules of form it breaks. All
 * strings are UTF-8; what is not text is spelled out as \xNN. Control characters are left in (JSON escapes
 * them): whoever shows a string on a terminal makes it harmless first. Private numbers are in none of them.
 *
 * *out is a new reference. The DER is a loan.
 */
#ifndef PKI_SHOW_H
#define PKI_SHOW_H

#include <jansson.h>

#include "autocsr/finding.h"
#include "autocsr/input.h"
#include "base/err.h"

struct show_options {
	const struct acsr_secret
		*passphrase; /* for encrypted keys and PKCS#12; NULL: they are shown locked */
	size_t max_entries;  /* of a CRL, shown one by one */
};

/* csr.schema.json. csr.too-large (over 64 KB), csr.der when it cannot be decoded. */
ACSR_MUST_USE enum acsr_result show_csr(json_t **out, const uint8_t *der, size_t len, struct acsr_err *e);
/* certificate.schema.json. cert.too-large cert.parse */
ACSR_MUST_USE enum acsr_result show_cert(json_t **out, const uint8_t *der, size_t len, struct acsr_err *e);
/* crl.schema.json. cert.crl.parse */
ACSR_MUST_USE enum acsr_result show_crl(
	json_t **out, const uint8_t *der, size_t len, const struct show_options *opt, struct acsr_err *e);
/* key.schema.json, for a private or public key. An encrypted key without passphrase is shown locked.
 * key.parse key.passphrase.wrong openssl.unsupported */
ACSR_MUST_USE enum acsr_result show_key(
	json_t **out, const struct acsr_input_object *o, const struct show_options *opt, struct acsr_err *e);
/* pkcs7.schema.json. input.parse */
ACSR_MUST_USE enum acsr_result show_pkcs7(
	json_t **out, const uint8_t *der, size_t len, const struct show_options *opt, struct acsr_err *e);
/* pkcs12.schema.json. input.parse; a wrong passphrase is match.passphrase, an algorithm that OpenSSL lacks
 * openssl.unsupported. */
ACSR_MUST_USE enum acsr_result show_pkcs12(
	json_t **out, const uint8_t *der, size_t len, const struct show_options *opt, struct acsr_err *e);

/* The entry of "objects" in show.schema.json for one recognised object: kind, form, where it stands, and the
 * document above, or "error" with why there is none. Fails only without memory. */
ACSR_MUST_USE enum acsr_result show_object(
	json_t **out, const struct acsr_input_object *o, const struct show_options *opt, struct acsr_err *e);

/* RFC 9457, as every command and the service answer an error. NULL without memory. */
json_t *show_problem(const struct acsr_err *e);
/* findings.schema.json; NULL without memory. */
json_t *show_findings(const struct acsr_findings *l);
/* Lower-case hex; RFC 3339. NULL without memory. */
json_t *show_hex(const uint8_t *p, size_t n);
json_t *show_time(int64_t t);

#endif
