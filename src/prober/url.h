/*
 * The http and https URLs that a probe may follow: parsed strictly, and printed again from the parsed parts,
 * so that what was checked and what is dialled cannot differ. Pure functions.
 */
#ifndef PROBER_URL_H
#define PROBER_URL_H

#include "ipc/netaddr.h"

enum { URL_HOST = 256, URL_PATH = 1800, URL_TEXT = URL_PATH + URL_HOST + 24 };

struct url {
	bool https;
	char host[URL_HOST]; /* lower case, no final dot, no brackets; printed form of addr when literal */
	uint16_t port;
	bool literal; /* the host is addr, not a name */
	struct netaddr addr;
	char path[URL_PATH]; /* with the query; begins with '/', no fragment */
};

/* The URL of a name or address as core gave it. Errors: "validation.http.name", "validation.http.path". */
ACSR_MUST_USE enum acsr_result url_make(
	struct url *out, const char *name, uint16_t port, const char *path, struct acsr_err *e);

/* A Location (RFC 9110 10.2.2), absolute or relative to base. Refused with "validation.http.redirect": other
 * schemes, userinfo, names without a dot, addresses written in any but the plain way, control characters. */
ACSR_MUST_USE enum acsr_result url_follow(
	struct url *out, const struct url *base, const char *location, struct acsr_err *e);

void url_print(const struct url *u, char out[URL_TEXT]);

#endif
