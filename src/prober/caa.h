/*
 * CAA: what a record set says about us (RFC 8659, RFC 8657, BR 3.2.2.8). Pure functions; finding the record
 * set is probe_caa.c's work.
 */
#ifndef PROBER_CAA_H
#define PROBER_CAA_H

#include <stdbool.h>

#include "base/buf.h"

enum { CAA_TAG = 255, CAA_CRITICAL = 0x80 };

struct caa_record {
	uint8_t flags;
	char tag[CAA_TAG + 1]; /* lower case */
	struct bytes value;    /* a loan from the rdata */
};

/* RFC 8659 4.1. Error "caa.malformed". */
ACSR_MUST_USE enum acsr_result caa_parse(struct bytes rdata, struct caa_record *out, struct acsr_err *e);

/* Who wants to issue, and how. Texts are loans, never NULL. */
struct caa_asker {
	const char *identity;    /* our issuer-domain-name; "": we have none */
	const char *account_uri; /* who asks (RFC 8657 3); "": nobody that an accounturi could mean */
	const char *
		method; /* how control was shown, as validationmethods says it (RFC 8657 4); "": no label fits */
	bool wildcard;
};

/* May `who` issue for `name` under this record set? Errors: caa.malformed (a record that cannot be read), caa.critical
 * (RFC 8659 4.1: an unknown critical property), caa.forbidden (nobody, only others, another account, or another way). */
ACSR_MUST_USE enum acsr_result caa_decide(const struct bytes *rdata, size_t n, const char *name,
	const struct caa_asker *who, struct acsr_err *e);

/* A value of RFC 8659 4.2: [issuer-domain-name] [";" parameters], taken apart. dns-persist-01 uses it too. */
enum { CAA_PARAMETERS = 64 };
struct caa_parameter {
	struct bytes tag, value;
};
struct caa_issue {
	struct bytes domain; /* empty: nobody */
	struct caa_parameter parameter[CAA_PARAMETERS];
	size_t n;
};
/* false: it does not follow the grammar. Loans of value. */
bool caa_read_issue(struct bytes value, struct caa_issue *out);
bool caa_same_text(struct bytes b, const char *s); /* ASCII, whatever the case */

/* `0 issue "ca.example"` with strange bytes escaped and long values cut. */
void caa_print(struct bytes rdata, char *out, size_t cap);

#endif
