/*
 * Which addresses a probe or a request of ours may connect to.
 *
 * A name that a customer or a CA chose must not lead us to the machines behind our own firewall. Permitted is what
 * the IANA special-purpose registries call globally reachable (without the wire server that clouds put at 168.63.129.16), and what the operator has listed.
 */
#ifndef IPC_NETADDR_H
#define IPC_NETADDR_H

#include <netinet/in.h>
#include <stdbool.h>

#include "base/buf.h"
#include "ipc/conf.h"

enum { NETADDR_TEXT = INET6_ADDRSTRLEN };

struct netaddr {
	int family;    /* AF_INET or AF_INET6 */
	uint8_t b[16]; /* network order; the first four for AF_INET */
};

/* The rdata of an A (4 bytes) or AAAA (16 bytes) record; false for any other length. */
bool netaddr_from_rdata(struct bytes rdata, struct netaddr *out);
/* Strict: four decimal numbers without leading zeros, or RFC 4291 text without zone or brackets. */
bool netaddr_parse(const char *s, struct netaddr *out);
/* false: neither IPv4 nor IPv6. *port is in host order. */
bool netaddr_from_sockaddr(const struct sockaddr *sa, struct netaddr *out, uint16_t *port);
bool netaddr_equal(const struct netaddr *a, const struct netaddr *b);
void netaddr_print(const struct netaddr *a, char out[NETADDR_TEXT]);

/* NULL when anyone on the Internet may be there; else what the address is: "a loopback address". */
const char *netaddr_reserved(const struct netaddr *a);
/* The i-th range of those, "10.0.0.0/8", for a filter that is not ours, with all of NAT64 and 6to4; false after the last.
 * Outside 2000::/3 such a filter refuses less than we do. */
bool netaddr_reserved_range(size_t i, char out[NETADDR_TEXT + 4]);
/* As netaddr_reserved, with what the operator allows taken out. An IPv6 address that carries an IPv4 address inside
 * (mapped, NAT64, 6to4) is never allowed by an IPv4 network. */
const char *netaddr_refused(const struct netaddr *a, const struct networks *allowed);

/* Does the last label make this host a number (WHATWG URL, "ends in a number")? Such a host is an
 * address written in some way, and never a name. */
bool netaddr_is_numeric_host(const char *host);

#endif
