/* The exchanges that are under way and what they leave for the next, shared by call.c, nonce.c and park.c. */
#ifndef CORE_UPSTREAM_EXCHANGE_H
#define CORE_UPSTREAM_EXCHANGE_H

#include "core/upstream/call.h"

enum { NONCES = 8, NONCE_MAX = 257 };

enum stage { STAGE_DIRECTORY, STAGE_NONCE, STAGE_SIGN, STAGE_SENT };

struct exchange {
	struct exchange *next;
	uint64_t id;
	int64_t touched_ms;
	enum stage stage;
	char issuer[65], key[65];
	char *url, *payload, *kid, *accept; /* payload and kid may be NULL */
	char nonce[NONCE_MAX];              /* given back with badNonce, to be used next */
	int tries;
	struct upstream_then then;
};

struct pool {
	struct pool *next;
	char issuer[65];
	char nonces[NONCES][NONCE_MAX];
	int64_t got_at[NONCES];
	size_t n;
	char limited[64]; /* what was told last to slow down, and until when */
	int64_t limited_until;
};

struct parked {
	struct parked *next;
	uint64_t id;
	int64_t touched_ms;
	void *arg;
	void (*drop)(void *arg);
};

struct upstream {
	struct exchange *all;
	struct parked *parked;
	struct pool *pools;
	uint64_t last;
};

/* c->upstream, made when it is not there. */
ACSR_MUST_USE enum acsr_result upstream_open(struct core *c, struct upstream **out, struct acsr_err *e);
/* What was parked and not looked for since. */
void upstream_park_sweep(struct upstream *u, int64_t before_ms);

/* --- nonce.c --- */
void nonce_keep(struct upstream *u, const char *issuer, const char *nonce, int64_t now);
/* Into x->nonce; false when there is none that is fresh. */
bool nonce_take(struct upstream *u, struct exchange *x, int64_t now);
/* Is this limit (429, or 503 with Retry-After) the whole issuer's? One order's delays that order. */
bool nonce_limit_is_for_everybody(struct core *c, const struct exchange *x, const struct upstream_reply *r);

#endif
