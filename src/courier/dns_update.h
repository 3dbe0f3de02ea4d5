/*
 * Changing one TXT record at a DNS server by RFC 2136: find where the name leads and its zone (a signed question for the SOA),
 * then add or delete exactly our value. Other values beside it are never touched.
 */
#ifndef COURIER_DNS_UPDATE_H
#define COURIER_DNS_UPDATE_H

#include "courier/dns_exchange.h"
#include "courier/dns_tsig.h"

enum { DNS_ZONES_MAX = 64 };

struct dns_zone {
	char name[256];
	struct dns_server server;
	char key[256]; /* "": the first */
};
struct dns_settings {
	struct dns_zone zones[DNS_ZONES_MAX]; /* that may be changed */
	size_t n;
	bool have_server; /* takes what is in none of the zones; when there are zones, nothing is */
	struct dns_server server;
	struct tsig_keys keys;
	uint32_t ttl;       /* seconds */
	int64_t timeout_ms; /* of a whole update */
};

/* zones: as [publish] dns_zones: ZONE, ZONE=ADDRESS:PORT or ZONE=ADDRESS:PORT,KEY; server: dns_server, or ""; delegate: one
 * more zone that may be changed, or "". Keys, ttl and timeout are left alone. "config.value" */
ACSR_MUST_USE enum acsr_result dns_settings_read(struct dns_settings *out, const char *zones,
	const char *server, const char *delegate, struct acsr_err *e);

struct dns_update;
/* It is over and gone. why is NULL when it was done: `where` is the name that was changed, `detail` says for people which
 * server did it. */
typedef void dns_update_done_fn(void *arg, const char *where, const char *detail, const struct acsr_err *why);

/* Adding follows CNAMEs, as far as they stay in zones that may be changed; removing does not. done is never called from
 * here. Errors, also of done: publish.dns-… and publish.unknown (it may have been done, or may be yet). */
ACSR_MUST_USE enum acsr_result dns_update_start(struct dns_update **out, struct loop *l,
	const struct dns_settings *s, bool remove, const char *name, const char *value,
	dns_update_done_fn *done, void *arg, struct acsr_err *e);
void dns_update_free(struct dns_update *u); /* without done; NULL is fine */

#endif
