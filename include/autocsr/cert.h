/*
 * Certificates (X.509 v3, RFC 5280): made from typed fields, and looked into.
 *
 * Times are epoch seconds, UTC. notAfter is the last second of validity (inclusive), so a certificate of
 * V seconds has notAfter = notBefore + V - 1 (BR 6.3.2).
 */
#ifndef AUTOCSR_CERT_H
#define AUTOCSR_CERT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "autocsr/blob.h"
#include "autocsr/csr.h"
#include "autocsr/err.h"
#include "autocsr/key.h"
#include "autocsr/limits.h"
#include "autocsr/profile.h"
#include "autocsr/subject.h"

ACSR_C_BEGIN

struct acsr_cert_view {
	struct acsr_dn subject, issuer;
	struct acsr_blob subject_der, issuer_der; /* Name, DER: compare these, not the text */
	struct acsr_sans sans;
	uint8_t serial[21]; /* big-endian magnitude */
	size_t serial_len;
	bool serial_negative;
	char serial_hex[43]; /* lower case, without leading zero octet */
	int64_t not_before, not_after;
	struct acsr_key *key; /* public; owned by the view; NULL when this OpenSSL cannot read it */
	char key_name[48]; /* as acsr_key_name; without a key by its algorithm: "ml-dsa-65", or a dotted OID
			    */
	struct acsr_blob spki;
	uint8_t spki_sha256[32];
	uint8_t sha256[32]; /* fingerprint of the DER; zero for a certificate that is not signed yet */
	char signature_alg[64];
	int version; /* 3 for v3 */
	char **ekus;
	size_t n_ekus;
	bool has_ku;
	unsigned ku; /* ACSR_KU_… */
	bool has_basic_constraints, ca;
	int path_len; /* -1: none */
	struct acsr_policy *policies;
	size_t n_policies;
	uint8_t ski[64], aki[64];
	size_t ski_len, aki_len;
	char **ocsp_urls, **issuer_urls, **crl_urls;
	size_t n_ocsp_urls, n_issuer_urls, n_crl_urls;
	bool must_staple;
	struct acsr_ms_template ms_template;
	bool self_issued; /* issuer name equals subject name */
	struct acsr_ext *exts;
	size_t n_exts;
};

/* DER, whole input, at most ACSR_CERT_DER_MAX: cert.too-large cert.der cert.parse cert.extension. No
 * signature and no rule is checked: chain.h and lint.h do that. */
ACSR_MUST_USE enum acsr_result acsr_cert_parse(
	struct acsr_cert_view **out, const uint8_t *der, size_t len, struct acsr_err *e);
void acsr_cert_view_free(struct acsr_cert_view *v); /* NULL is fine */
/* Split what people have, PEM (one or more, text around it ignored) or one DER, into DERs; *out is an array
 * of *n blobs, the caller's: acsr_certs_free. input.private-key, input.empty, input.unknown, input.base64; at
 * most 32. */
ACSR_MUST_USE enum acsr_result acsr_input_certs(
	const uint8_t *p, size_t len, struct acsr_blob **out, size_t *n, struct acsr_err *e);
void acsr_certs_free(struct acsr_blob *v, size_t n);

/* What to put into a certificate. All pointers are loans. */
struct acsr_cert_spec {
	uint8_t serial[20]; /* big-endian, positive; acsr_cert_serial makes one */
	size_t serial_len;
	int64_t not_before, not_after;
	const struct acsr_dn *subject;
	const struct acsr_sans *sans;
	const struct acsr_key *subject_key; /* public is enough */
	bool ca;
	int path_len; /* -1: none */
	unsigned ku;  /* ACSR_KU_…; 0: no extension */
	const char *const *ekus;
	size_t n_ekus;
	const char *const *policies;
	size_t n_policies;
	const char *ocsp_url, *issuer_url, *crl_url; /* NULL: left out */
	bool must_staple;
	bool ocsp_no_check;        /* RFC 6960 4.2.2.2.1 */
	const uint8_t *issuer_der; /* the issuer's certificate; NULL: self-signed */
	size_t issuer_len;
};

/* 16 random octets, positive, the first between 0x40 and 0x7f: 126 random bits. sys.random */
ACSR_MUST_USE enum acsr_result acsr_cert_serial(struct acsr_cert_spec *spec, struct acsr_err *e);

/*
 * Fill what the profile decides: EKUs, policies, CA flags, key usage by key type (RSA leaf: digitalSignature
 * and keyEncipherment; others digitalSignature), times from `now` (never later than the issuer's end), and
 * refuse what it does not allow: policy.key-type policy.san-type policy.subject policy.wildcard
 * policy.validity. `validity` in seconds, 0: the profile's. spec's subject, sans, subject_key and issuer_der
 * must be set.
 */
ACSR_MUST_USE enum acsr_result acsr_cert_apply_profile(struct acsr_cert_spec *spec,
	const struct acsr_profile *profile, int64_t now, int64_t validity, struct acsr_err *e);

/* What the certificate will say, before anything is signed: for lint.h. */
ACSR_MUST_USE enum acsr_result acsr_cert_preview(struct acsr_cert_view **out,
	const struct acsr_cert_spec *spec, const struct acsr_key *issuer_key, struct acsr_err *e);

/* DER, signed with the issuer's key (RSA: SHA-256, for 4096 bits too; EC by curve). The key must be that of
 * issuer_der (cert.issuer-key), the issuer a CA (cert.issuer-ca), the times within the issuer's
 * (cert.outlives-issuer) and in order (cert.validity). */
ACSR_MUST_USE enum acsr_result acsr_cert_sign(const struct acsr_cert_spec *spec,
	const struct acsr_key *issuer_key, struct acsr_blob *der, struct acsr_err *e);

/* Looks at what the certificate will say; an error of its own keeps it from being signed. v is a loan. */
typedef enum acsr_result acsr_cert_judge_fn(void *arg, const struct acsr_cert_view *v, struct acsr_err *e);
/* acsr_cert_preview, `judge`, and acsr_cert_sign of the very same object, which is put together once. */
ACSR_MUST_USE enum acsr_result acsr_cert_sign_judged(const struct acsr_cert_spec *spec,
	const struct acsr_key *issuer_key, acsr_cert_judge_fn *judge, void *arg, struct acsr_blob *der,
	struct acsr_err *e);

/* "-----BEGIN CERTIFICATE-----". */
ACSR_MUST_USE enum acsr_result acsr_cert_pem(
	const uint8_t *der, size_t len, struct acsr_blob *pem, struct acsr_err *e);

ACSR_C_END

#endif
