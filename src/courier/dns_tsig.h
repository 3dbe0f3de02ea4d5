/*
 * TSIG (RFC 8945): a shared key signs what goes to the DNS server, and its answer. HMAC with SHA-224 to SHA-512; MD5 and SHA-1
 * are refused.
 */
#ifndef COURIER_DNS_TSIG_H
#define COURIER_DNS_TSIG_H

#include "base/buf.h"
#include "base/secret.h"

enum { TSIG_MAC_MAX = 64, TSIG_FUDGE = 300, TSIG_KEYS_MAX = 16 };

struct tsig_key {
	char name[256]; /* lower case, no dot at the end */
	const struct tsig_algorithm *algorithm;
	struct acsr_secret *secret;
};
struct tsig_keys {
	struct tsig_key v[TSIG_KEYS_MAX];
	size_t n;
};

/* Read what `tsig-keygen` (BIND) or `keymgr -t` (Knot) wrote: one key or several. "config.tsig" */
ACSR_MUST_USE enum acsr_result tsig_read_keys(const char *text, struct tsig_keys *out, struct acsr_err *e);
void tsig_keys_clear(struct tsig_keys *k);
/* By name; "": the first. NULL when there is none. */
const struct tsig_key *tsig_key_find(const struct tsig_keys *k, const char *name);

struct tsig_mac {
	uint8_t v[TSIG_MAC_MAX];
	size_t len;
};
/* Append the TSIG record to a whole message and count it; *mac is what the answer is signed along with. */
ACSR_MUST_USE enum acsr_result tsig_sign(
	struct buf *message, const struct tsig_key *k, int64_t now, struct tsig_mac *mac, struct acsr_err *e);
/* Is the answer (its TSIG record begins at `at`; 0: it has none) signed by the same key, for this question, now? Errors:
 * "publish.dns-key" (unknown, wrong), "publish.dns-clock", "publish.dns-answer". */
ACSR_MUST_USE enum acsr_result tsig_check(struct bytes answer, size_t at, const struct tsig_key *k,
	int64_t now, const struct tsig_mac *request, struct acsr_err *e);

#endif
