/*
 * A DNS message (RFC 1035 4) as libunbound hands it over: the records of one type at the end of its chain of CNAMEs. What it
 * says was judged before, by libunbound; only its bytes are doubted here. No resolver in here.
 */
#ifndef PROBER_DNSREPLY_H
#define PROBER_DNSREPLY_H

#include "prober/resolver.h"

struct dns_reply {
	int rcode;
	int64_t ttl; /* seconds: the least in the answer; where it has no such records, of the authority's too; 0: none told */
	size_t n;
	/* the list is freed with the reply; what it points at is a loan of the message, or of `target` */
	struct bytes *rdata;
	uint8_t target[256]; /* what a CNAME leads to, in lower case and without compression */
};

/* Class IN; records that belong to another name are passed over. The question in the message names whose they must be. false:
 * the message is cut short or malformed, or memory is short. dns_reply_free in any case. */
bool dns_reply_read(struct dns_reply *out, struct bytes message, int type);
void dns_reply_free(struct dns_reply *r);

#endif
