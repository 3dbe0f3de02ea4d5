/*
 * The DNS messages of an update (RFC 2136): made, and answers read. Names are presentation form without a dot at the end,
 * letters, digits, '-', '_' only. What comes from the network is taken apart by the C library (ns_initparse, ns_parserr,
 * dn_expand's kin in libresolv), never by pointers of ours.
 */
#ifndef COURIER_DNS_MESSAGE_H
#define COURIER_DNS_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

enum {
	DNS_HEADER = 12,
	DNS_NAME_MAX = 255, /* of a name on the wire; also with its NUL as text */
	DNS_MESSAGE_MAX = 65535,
	DNS_ARCOUNT_AT = 10 /* where the header counts additional records */
};

/* Letters, digits, '-', '_' in labels of 1 to 63, 253 characters at most? */
bool dns_is_name(const char *s);
/* Append as uncompressed wire form, lower case. "dns.name" when it is no name. */
ACSR_MUST_USE enum acsr_result dns_put_name(struct buf *out, const char *name, struct acsr_err *e);
/* Is name the zone's own or below it? Letters of either case; "" contains nothing. */
bool dns_below(const char *name, const char *zone);

/* A question for the SOA of `name`: it shows whether a CNAME stands there, and the zone that it is in. */
ACSR_MUST_USE enum acsr_result dns_make_question(
	struct buf *out, uint16_t id, const char *name, struct acsr_err *e);

struct dns_change {
	const char *zone, *name, *value; /* value: of the TXT record, up to 255 bytes a string */
	uint32_t ttl;
	bool remove; /* exactly this record; others of the same name stay */
};
ACSR_MUST_USE enum acsr_result dns_make_update(
	struct buf *out, uint16_t id, const struct dns_change *c, struct acsr_err *e);

struct dns_answer {
	unsigned rcode;
	bool authoritative;
	char cname[DNS_NAME_MAX]; /* where `name` leads, or "" */
	char zone[DNS_NAME_MAX];  /* whose SOA came along, or "" */
	size_t tsig_at;           /* where the TSIG record begins; 0: there is none */
};
/* Read the answer to message `id` about `name`. "publish.dns-answer" when it is no answer to that. */
ACSR_MUST_USE enum acsr_result dns_read_answer(
	struct bytes wire, uint16_t id, const char *name, struct dns_answer *out, struct acsr_err *e);

/* What a server's refusal means, as an error "publish.dns-refused" that says what to look at. */
enum acsr_result dns_explain(unsigned rcode, const char *zone, struct acsr_err *e);

#endif
