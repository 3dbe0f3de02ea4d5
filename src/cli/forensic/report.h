/*
 * The report of a run: one JSON document, {"report": {…}, "signature": {…}}.
 *
 * The signature (Ed25519) is over `report` as RFC 8785 writes it: members in order, no white space, UTF-8; all
 * numbers are integers and no string holds a control character. With the operator's key it says whose report this is;
 * with a key made for this run, whose public half stands in the report, it only says that nobody without that key
 * changed it, and the key is gone.
 */
#ifndef CLI_FORENSIC_REPORT_H
#define CLI_FORENSIC_REPORT_H

#include <jansson.h>

#include "autocsr/key.h"
#include "cli/forensic/run.h"

#define REPORT_FORMAT "autocsr-forensic-1"

/* The unsigned report; *out is yours. */
ACSR_MUST_USE enum acsr_result report_make(json_t **out, const struct run *r, struct acsr_err *e);

/* Puts `signed_with` into the report of `doc` and the signature beside it. `key` NULL: one of its own. key.type when it is not Ed25519. */
ACSR_MUST_USE enum acsr_result report_sign(json_t *doc, const struct acsr_key *key, struct acsr_err *e);

struct report_proof {
	char spki_sha256[65];
	bool operator_key; /* else a key of the run itself */
};
/*
 * Is the document as it was signed, by `key` (NULL: by whatever key stands in it)? input.report when it is none;
 * verify.signature when it was changed; verify.key when it is signed with another key.
 */
ACSR_MUST_USE enum acsr_result report_verify(
	struct report_proof *out, const json_t *doc, const struct acsr_key *key, struct acsr_err *e);

/* What no search of a running service can say; ends with NULL. */
extern const char *const report_outside[];

#endif
