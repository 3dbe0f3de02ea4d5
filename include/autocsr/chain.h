/*
 * Chains: find the way from a certificate to a root among the certificates that are given (RFC 4158), verify
 * it (RFC 5280 6) at a time, for names, a purpose, policies and CRLs, and say which certificate fails and
 * why.
 *
 * Several issuers of one name (cross-signed, renewed) are all tried; the first way without a fault wins, else
 * the report tells of the one that came closest. At most ACSR_CHAIN_PATHS ways are tried.
 */
#ifndef AUTOCSR_CHAIN_H
#define AUTOCSR_CHAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "autocsr/blob.h"
#include "autocsr/cert.h"
#include "autocsr/err.h"
#include "autocsr/finding.h"

ACSR_C_BEGIN

#define ACSR_CHAIN_PATHS 64
#define ACSR_CHAIN_MAX 16 /* certificates in one chain */

/* All DER, all loans. Zero is the default of every member. */
struct acsr_chain {
	const struct acsr_blob *leaf;
	const struct acsr_blob *intermediates; /* in any order, also useless ones */
	size_t n_intermediates;
	const struct acsr_blob *roots; /* trust anchors */
	size_t n_roots;
	const struct acsr_blob *crls; /* full, delta (RFC 5280 5.2.4) and indirect (5.2.5) ones */
	size_t n_crls;                /* when not 0, the leaf's issuer must have one that is current */
	bool crl_all;                 /* and so must every other CA below the root */
	int64_t at;                   /* epoch seconds */
	const char *const *names;     /* DNS names or IP addresses that the leaf must cover (RFC 9525) */
	size_t n_names;
	/* "serverAuth" "clientAuth" "emailProtection" "timeStamping" "codeSigning" "OCSPSigning" or a dotted
	 * OID; NULL: any */
	const char *eku;
	bool partial;    /* the chain may end at a given root that is not self-signed */
	bool allow_weak; /* weak keys and digests are warnings */
	bool strict;     /* what RFC 5280 demands of issuers but verifiers forgive is an error too */
	/* Inputs of RFC 5280 6.1.1 (c) to (g): dotted OIDs (none: any policy), and the three indicators. */
	const char *const *policies;
	size_t n_policies;
	bool explicit_policy, inhibit_any_policy, inhibit_mapping;
};

/* One certificate of the chain, and what is wrong with it. */
struct acsr_chain_link {
	char where[32];              /* "leaf", "intermediates[0]", "roots[0]" */
	struct acsr_cert_view *view; /* NULL when it has an extension that cannot be read */
	struct acsr_findings findings;
};

struct acsr_chain_report {
	bool ok;
	bool anchored; /* the last link is a trust anchor */
	struct acsr_chain_link *links;
	size_t n_links;                /* the leaf first */
	struct acsr_findings findings; /* about no certificate of the chain: names, policies, CRLs */
	/* Set when an issuer is missing, a loan from the last link: its `issuer`, `aki` and `issuer_urls` say
	 * which, and where its CA publishes it. */
	const struct acsr_cert_view *orphan;
	char **policies; /* for which the chain is valid (RFC 5280 6.1.6), dotted; none: nobody asked */
	size_t n_policies;
	size_t n_paths; /* ways that were tried */
};

/*
 * The whole report. ACSR_FAIL only when there is nothing to judge: cert.der cert.parse cert.too-large (an
 * input is no certificate; e->field says which), verify.crl (an input is no CRL), usage.purpose,
 * usage.policy, sys.nomem. The ids of findings, each with its source:
 *   verify.expired  verify.not-yet   both ends of the validity count as valid
 *   verify.issuer                    the issuer's certificate is missing
 *   verify.untrusted                 the chain ends at a root that is not given
 *   verify.signature  verify.purpose  verify.name  verify.name-constraints  verify.policy
 *   verify.ca  verify.ca.path-length  an issuer that is no CA, may not sign, or not at this depth
 *   verify.critical                  a critical extension that is not understood
 *   verify.revoked  verify.crl       revoked; the CRL is missing, stale, forged or not for this certificate
 *   verify.weak                      below 112 bits, or SHA-1 (RFC 5280 leaves it to the verifier)
 *   verify.strict  verify.chain      only with `strict`; anything else
 * A post-quantum signature on the way that this OpenSSL cannot check is no finding but an error:
 * openssl.unsupported.
 * NOT checked: OCSP, certificate transparency, revocation of the trust anchor.
 */
ACSR_MUST_USE enum acsr_result acsr_chain_check(
	const struct acsr_chain *c, struct acsr_chain_report **out, struct acsr_err *e);
void acsr_chain_report_free(struct acsr_chain_report *r); /* NULL is fine */

/*
 * Yes or no: ACSR_OK, or the report's first error, with e->field the input that failed ("leaf",
 * "intermediates[0]", "roots[0]", "crls[0]", "names[1]").
 */
ACSR_MUST_USE enum acsr_result acsr_chain_verify(const struct acsr_chain *c, struct acsr_err *e);

ACSR_C_END

#endif
