/* Inside of chain.h: finding ways to a root, and putting OpenSSL's verdicts into words. */
#ifndef PKI_CHAIN_INT_H
#define PKI_CHAIN_INT_H

#include <openssl/x509_vfy.h>

#include "autocsr/chain.h"
#include "base/str.h"
#include "ossl.h"

/* Everything loaded; freed together. */
struct chain_job {
	const struct acsr_chain *in;
	X509 *leaf;
	STACK_OF(X509) * intermediates;
	STACK_OF(X509) * roots;
	STACK_OF(X509_CRL) * crls;
	X509_STORE *store;
	X509_STORE_CTX *ctx;
};

/* A way from the leaf up; the certificates are loans from the job. */
struct chain_path {
	X509 *v[ACSR_CHAIN_MAX];
	size_t n;
	bool anchored; /* the last one is a trust anchor */
};

/* Called for each way, best first. *stop ends the search. */
typedef enum acsr_result chain_try(void *arg, const struct chain_path *path, bool *stop, struct acsr_err *e);
/* Every way, within bounds; always at least one, if only the leaf alone. */
ACSR_MUST_USE enum acsr_result chain_paths(
	const struct chain_job *j, chain_try *try, void *arg, struct acsr_err *e);

/* A use that the leaf is wanted for. */
struct chain_purpose {
	const char *name, *oid; /* oid: the EKU to look for ourselves; NULL when OpenSSL does */
	int openssl;            /* X509_PURPOSE_…; 0 in the table: by EKU alone */
};
/* `eku` as in struct acsr_chain: usage.purpose */
ACSR_MUST_USE enum acsr_result chain_purpose_find(
	struct chain_purpose *out, const char *eku, struct acsr_err *e);

/* One way, and what was found on it. Zero-initialise; set the first three. */
struct chain_attempt {
	struct chain_job *j;
	struct chain_purpose purpose;
	struct chain_path path;
	struct acsr_findings on[ACSR_CHAIN_MAX]; /* one list a certificate */
	struct acsr_findings whole;
	struct strv policies;
	struct acsr_err *e;
	bool broken; /* memory ran out in a callback */
};
ACSR_MUST_USE enum acsr_result chain_judge(struct chain_attempt *a, struct acsr_err *e);
size_t chain_attempt_errors(const struct chain_attempt *a);
void chain_attempt_free(struct chain_attempt *a); /* what it holds, not itself */

/* Which of the inputs is this certificate? "leaf" … */
void chain_locate(const struct chain_job *j, const X509 *x, char out[32]);

/* Where one of OpenSSL's verdicts fell. */
struct chain_verdict {
	int code;         /* X509_V_ERR_… */
	const X509 *cert; /* may be NULL */
	const X509_CRL *crl;
	const char *where; /* "leaf" … */
	bool of_crl;       /* it is about the chain of a CRL's issuer */
	bool anchor;       /* it is about the trust anchor */
};
/* Adds a finding in plain words. */
ACSR_MUST_USE enum acsr_result chain_explain(const struct chain_job *j, const struct chain_verdict *v,
	struct acsr_findings *to, struct acsr_err *e);

#endif
