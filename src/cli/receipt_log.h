/*
 * A receipt held against an exported audit log, offline: are the entries that it names in the log, are they about its
 * order, and is the log the one that the service stood by when it signed the receipt?
 */
#ifndef CLI_RECEIPT_LOG_H
#define CLI_RECEIPT_LOG_H

#include "cli/args.h"
#include "pki/receipt.h"

enum { RECEIPT_LOG_FINDINGS = 4 };

struct receipt_log_finding {
	const char *check; /* "log" "made" "handed over" "destroyed"; static */
	bool ok;
	char text[400];
};

/*
 * Options of a: log (the exported log), checkpoint and verifier (notes that it must meet too, and the key that signed
 * them). The first entries of the log, up to the checkpoint that the receipt names, must have that checkpoint's root;
 * later ones are held only against the receipt's leaf hashes. input.audit: this is no log. usage.value, note.…
 */
ACSR_MUST_USE enum acsr_result receipt_log_judge(const struct receipt *r, const struct args *a,
	struct receipt_log_finding out[RECEIPT_LOG_FINDINGS], size_t *n, struct acsr_err *e);

#endif
