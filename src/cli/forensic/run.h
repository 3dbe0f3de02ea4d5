/*
 * One forensic run from beginning to end, and its verdict.
 *
 * found: a piece lies where none may be. cannot-judge: none was found, but a control was missed, or a surface could
 * not be searched in full. clean: all controls were found, everything was searched, nothing was there.
 */
#ifndef CLI_FORENSIC_RUN_H
#define CLI_FORENSIC_RUN_H

#include "cli/forensic/customer.h"
#include "cli/forensic/processes.h"
#include "cli/forensic/search.h"
#include "cli/forensic/target.h"

enum verdict { VERDICT_CLEAN, VERDICT_FOUND, VERDICT_CANNOT_JUDGE };
const char *verdict_name(enum verdict v);

enum { REASONS_MAX = 16 };

struct run {
	struct target target;
	struct search search;
	struct processes processes; /* as they were in the last scan */
	size_t placed, judged;
	size_t by_fate[FATES];
	char key_types[300]; /* "rsa:2048 x 3, ec:p256 x 2" */
	char forms[120];     /* "zip x 5" */
	char version[64], product[101];
	size_t needles[NEEDLE_KINDS], needles_dropped;
	int64_t started, ended; /* epoch seconds */
	int64_t held_ms;        /* the longest that the service was held still */
	bool still_served;
	char still_why[200];
	char order_ids[NEEDLE_ORDERS_MAX + 2][40];
	char reasons[REASONS_MAX][200]; /* why it cannot be judged */
	size_t n_reasons;
};

/* Root, and options that can be judged before anything is done: usage.root usage.value */
ACSR_MUST_USE enum acsr_result run_check(const struct args *a, struct acsr_err *e);
/* After run_check. Errors of finding the service and of ordering. Whatever was found stays in
 * *out, which run_free frees. */
ACSR_MUST_USE enum acsr_result run_forensic(struct run **out, const struct args *a, struct acsr_err *e);
void run_free(struct run *r);
enum verdict run_verdict(const struct run *r);

#endif
