/* What is remembered of each issuer between exchanges: nonces that it gave, and whom it told last to slow down. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/upstream/exchange.h"

enum { NONCE_LIFE = 600 /* seconds: CAs forget them */ };

static struct pool *pool_of(struct upstream *u, const char *issuer)
{
	struct pool *p = u->pools;

	while (p != NULL && strcmp(p->issuer, issuer) != 0)
		p = p->next;
	if (p == NULL && (p = calloc(1, sizeof(*p))) != NULL) {
		snprintf(p->issuer, sizeof(p->issuer), "%s", issuer);
		p->next = u->pools;
		u->pools = p;
	}
	return p;
}

void nonce_keep(struct upstream *u, const char *issuer, const char *nonce, int64_t now)
{
	struct pool *p = pool_of(u, issuer);

	if (p == NULL || *nonce == '\0' || p->n == NONCES)
		return;
	snprintf(p->nonces[p->n], NONCE_MAX, "%s", nonce);
	p->got_at[p->n++] = now;
}

bool nonce_take(struct upstream *u, struct exchange *x, int64_t now)
{
	struct pool *p = pool_of(u, x->issuer);

	if (x->nonce[0] != '\0')
		return true;
	while (p != NULL && p->n > 0) {
		p->n--;
		if (p->got_at[p->n] > now || p->got_at[p->n] < now - NONCE_LIFE)
			continue;
		memcpy(x->nonce, p->nonces[p->n], NONCE_MAX);
		return true;
	}
	return false;
}

/* One order's limit delays that order. Everybody waits when the CA itself is busy, nothing can be asked without what was
 * refused, or several orders met the limit. */
bool nonce_limit_is_for_everybody(struct core *c, const struct exchange *x, const struct upstream_reply *r)
{
	struct pool *p = pool_of(c->upstream, x->issuer);
	bool another;

	if (r->status == 503 || p == NULL || x->stage != STAGE_SENT || x->then.object[0] == '\0' ||
		strcmp(x->url, "newAccount") == 0)
		return true;
	another = p->limited_until > c->now && strcmp(p->limited, x->then.object) != 0;
	memcpy(p->limited, x->then.object, sizeof(p->limited));
	p->limited_until = r->retry_at;
	return another;
}
