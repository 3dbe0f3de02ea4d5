/*
 * Whether somebody controls a name, and whether CAA permits us to certify it: one interface for portal orders, ACME
 * authorizations, and the look that we take ourselves before another CA does. The prober looks, from every perspective;
 * what their answers amount to is decided here (BR 3.2.2.9).
 */
#ifndef CORE_CONTROL_H
#define CORE_CONTROL_H

#include "core/core.h"

struct control {
	const char *name;   /* A-label form or an IP address; without "*." */
	bool wildcard;      /* dns-persist: the record must permit it */
	const char *method; /* http dns tls-alpn dns-account dns-persist, or ACME's name of it ("http-01") */
	const char *where;  /* http: the path; dns, dns-account: the record's whole name; else "" */
	const char
		*value; /* http: the body; dns, dns-account: the TXT value; tls-alpn: the key authorization */
	const char *account_uri; /* dns-persist: the account that the record must name */
};
/* Ask; like->fn gets the answer, for control_verdict. Errors: "busy.prober", "validation.method". */
ACSR_MUST_USE enum acsr_result control_ask(
	struct core *c, const struct control *k, const struct call *like, struct acsr_err *e);

struct control_caa {
	const char *name; /* without "*." */
	bool wildcard;
	const char *account_uri; /* RFC 8657 3; "" when no account's URI can be meant */
	/* As in struct control: becomes the label that validationmethods knows, "http-01". Portal orders, whose methods
	 * are not ACME's, pass a label of RFC 8657 4 for these: "ca-website", "ca-dns". "": no label fits. */
	const char *method;
};
ACSR_MUST_USE enum acsr_result control_ask_caa(
	struct core *c, const struct control_caa *k, const struct call *like, struct acsr_err *e);

/* Where an account's own TXT record is (draft-ietf-acme-dns-account-label): "_ujmmovf2vn55tgye._acme-challenge.NAME", name
 * without "*.". */
enum { CONTROL_RECORD = 300 };
ACSR_MUST_USE enum acsr_result control_dns_account_record(
	const char *account_uri, const char *name, char out[CONTROL_RECORD], struct acsr_err *e);

/* What came back: ACSR_OK when it is yes, otherwise why not, "busy." and "sys." being our own trouble. evidence (may be
 * NULL) gets the JSON of it, to free, when it is yes. */
ACSR_MUST_USE enum acsr_result control_verdict(
	struct core *c, const struct msg *m, const struct acsr_err *why, char **evidence, struct acsr_err *e);
/* The same by our own look alone: whether another CA, which counts for itself, is worth telling to look. */
ACSR_MUST_USE enum acsr_result control_seen_here(
	const struct msg *m, const struct acsr_err *why, struct acsr_err *e);

#endif
