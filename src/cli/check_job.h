/* What csr check does with each CSR: one reading, one check, one result as JSON. */
#ifndef CLI_CHECK_JOB_H
#define CLI_CHECK_JOB_H

#include "autocsr/check.h"
#include "cli/command.h"
#include "cli/weak_lists.h"

struct check_job {
	struct acsr_check_policy *policy;
	struct acsr_known *known; /* --known, and in a batch every CSR so far */
	struct weak_lists weak;
	struct acsr_key_policy gate;
	struct acsr_check how;
	const char *hosts[ARGS_MAX];
	size_t n_hosts;
	bool batch;
	bool show; /* also what the CSR says, which is not for the lines that people read */
};

/* What the options say. check_job_close also after a failure. */
ACSR_MUST_USE enum acsr_result check_job_open(struct check_job *j, const struct args *a, struct acsr_err *e);
void check_job_close(struct check_job *j);

/* The verdict on a CSR, as DER: {"ok", "verdict", "checks", "csr" or "spki_sha256"}. *worst gets its worst
 * severity. A CSR that cannot be decoded is csr.der and the like. A new reference. */
ACSR_MUST_USE enum acsr_result check_job_der(struct check_job *j, const uint8_t *der, size_t n,
	const char *label, json_t **out, enum acsr_severity *worst, struct acsr_err *e);

/* check_known.c: keys of a file or directory: CSRs, certificates, public keys; or a list of SPKI SHA-256 in
 * hex, one a line, with a label behind it if you like. */
ACSR_MUST_USE enum acsr_result check_known_add(struct acsr_known *k, const char *path, struct acsr_err *e);

#endif
