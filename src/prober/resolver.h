/*
 * DNS with DNSSEC validation to the trust anchor: libunbound on the event loop, without a thread.
 *
 * Answers are kept for seconds only, because validation asks for what is true now. A bogus answer is looked
 * for before anything else in it (libunbound hands over its data all the same).
 */
#ifndef PROBER_RESOLVER_H
#define PROBER_RESOLVER_H

#include <stdbool.h>

#include "base/buf.h"
#include "ipc/loop.h"

struct resolver;
struct dns_query;

enum { DNS_A = 1, DNS_CNAME = 5, DNS_TXT = 16, DNS_AAAA = 28, DNS_CAA = 257 };

enum dns_outcome {
	DNS_DATA,
	DNS_NODATA,   /* the name exists, the type does not */
	DNS_NXDOMAIN, /* the name does not exist */
	DNS_BOGUS,    /* DNSSEC says that it is forged or broken */
	DNS_SERVFAIL, /* the servers failed or refused */
	DNS_TIMEOUT,
	DNS_LOOP,    /* CNAMEs in a circle, or too many */
	DNS_INTERNAL /* our own resolver is in trouble */
};

/* Valid during the callback only. */
struct dns_answer {
	enum dns_outcome outcome;
	const char *name; /* what was asked */
	int type;
	bool secure; /* validated from the trust anchor; false: an insecure zone */
	int64_t ttl; /* seconds; of the negative answer where there are no data */
	int rcode;
	size_t n; /* all of them: a DNS message is 64 KiB at most, so some 5,000 at the very most */
	const struct bytes *rdata;
	const char *why; /* of DNS_BOGUS: the validator's words; may be "" */
};

typedef void dns_fn(void *arg, const struct dns_answer *a);

struct resolver_conf {
	const char *server;      /* "host:port" of a resolver or an authority; "": ourselves, from the root */
	const char *anchor_file; /* DS or DNSKEY records; "": the packaged ones of the root */
};

/* Before the sandbox: reads the anchor. */
ACSR_MUST_USE enum acsr_result resolver_open(
	struct resolver **out, const struct resolver_conf *conf, struct acsr_err *e);
/* Inside the sandbox. */
ACSR_MUST_USE enum acsr_result resolver_start(struct resolver *r, struct loop *l, struct acsr_err *e);

/* Ask; fn is called once from the loop, after at most ms milliseconds. Errors: "dns.name" for what is no DNS
 * name, "busy.prober" when too much is under way. */
ACSR_MUST_USE enum acsr_result resolver_ask(struct resolver *r, const char *name, int type, int64_t ms,
	dns_fn *fn, void *arg, struct dns_query **out, struct acsr_err *e);
void resolver_forget(struct dns_query *q); /* NULL is fine; fn is not called; not after it was */

const char *dns_type_name(int type);
const char *dns_outcome_name(enum dns_outcome o); /* "nxdomain" */
/* What to tell the customer about an answer without data: dns.bogus, dns.nxdomain, dns.nodata, dns.servfail,
 * dns.timeout, dns.loop; "sys.resolver" for DNS_INTERNAL. Returns ACSR_FAIL. */
enum acsr_result dns_error(struct acsr_err *e, const struct dns_answer *a);

/* A name in wire form without compression (the rdata of a CNAME) as text, lower case, no final dot, strange
 * characters as \DDD. out needs 1024 bytes. */
bool dns_name_from_wire(struct bytes wire, char out[1024]);
/* Labels of letters, digits, '-' and '_', at most 253 characters. */
bool dns_name_valid(const char *name);

#endif
