/*
 * From a host to the addresses that a probe may dial: asked anew each time, checked against what is permitted, and
 * then kept, so that what was checked is what gets dialled (no second look-up that could say something else).
 */
#ifndef PROBER_HOSTS_H
#define PROBER_HOSTS_H

#include "prober/probe.h"

enum { HOST_ADDRESSES = 8, HOST_DIALS = 4 };

/* One of the two look-ups. */
struct host_family {
	struct host_look *look;
	int type;
	struct dns_query *query;
	enum dns_outcome outcome;
	bool secure;
	struct netaddr addr[HOST_ADDRESSES];
	size_t n;
};

struct host_look {
	struct probe *p;
	const char *host;               /* a loan, as long as the look-up and its errors last */
	json_t *step;                   /* evidence; may be NULL */
	void (*found)(struct probe *p); /* dial[0] … dial[n_dial - 1], at least one */
	void (*refused)(struct probe *p, const char *why); /* "10.0.0.1 is a private address" */
	struct netaddr dial[HOST_DIALS];                   /* permitted, IPv6 first, then in turn */
	size_t n_dial, dialled;
	struct host_family v6, v4;
};

/* Look up A and AAAA of look->host; DNS trouble ends the probe here. */
void host_look_up(struct host_look *look);
/* The same for a host that is this address. */
void host_look_at(struct host_look *look, const struct netaddr *addr);
void host_forget(struct host_look *look);
/* The next address to dial, and the milliseconds that its connection may take; NULL when all were dialled. */
const struct netaddr *host_next(struct host_look *look, int64_t *connect_ms);

#endif
