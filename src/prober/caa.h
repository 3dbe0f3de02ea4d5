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

/* May a CA that is known as `identity` ("" = by no name) issue for `name` under this record set?
 * Errors: caa.malformed (a record that cannot be read), caa.critical (RFC 8659 4.1: an unknown critical
 * property), caa.forbidden (nobody, or only others). accounturi and validationmethods (RFC 8657) are
 * constraints that we cannot meet, so a record with one of them does not permit us. */
ACSR_MUST_USE enum acsr_result caa_decide(const struct bytes *rdata, size_t n, const char *name,
	bool wildcard, const char *identity, struct acsr_err *e);

/* `0 issue "ca.example"` with strange bytes escaped and long values cut. */
void caa_print(struct bytes rdata, char *out, size_t cap);

#endif
