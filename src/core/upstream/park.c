/* Things that several exchanges are about, kept in memory from one to the next. */
#include <stdlib.h>

#include "base/clock.h"
#include "core/upstream/exchange.h"

static void let_go(struct parked **at)
{
	struct parked *p = *at;

	*at = p->next;
	p->drop(p->arg);
	free(p);
}

enum acsr_result upstream_open(struct core *c, struct upstream **out, struct acsr_err *e)
{
	if (c->upstream == NULL)
		c->upstream = calloc(1, sizeof(*c->upstream));
	*out = c->upstream;
	return *out != NULL ? ACSR_OK : err_nomem(e);
}

void upstream_park_sweep(struct upstream *u, int64_t before_ms)
{
	for (struct parked **p = &u->parked; *p != NULL;) {
		if ((*p)->touched_ms < before_ms)
			let_go(p);
		else
			p = &(*p)->next;
	}
}

enum acsr_result upstream_park(
	struct core *c, void *arg, void (*drop)(void *arg), uint64_t *id, struct acsr_err *e)
{
	struct parked *p;
	struct upstream *u;

	TRY(upstream_open(c, &u, e));
	p = calloc(1, sizeof(*p));
	if (p == NULL)
		return err_nomem(e);
	*p = (struct parked){ u->parked, ++u->last, clock_mono_ms(), arg, drop };
	u->parked = p;
	*id = p->id;
	return ACSR_OK;
}

void *upstream_parked(struct core *c, uint64_t id)
{
	for (struct parked *p = c->upstream != NULL ? c->upstream->parked : NULL; p != NULL; p = p->next) {
		if (p->id != id)
			continue;
		p->touched_ms = clock_mono_ms();
		return p->arg;
	}
	return NULL;
}

void upstream_unpark(struct core *c, uint64_t id)
{
	for (struct parked **p = &c->upstream->parked; *p != NULL; p = &(*p)->next) {
		if ((*p)->id == id) {
			let_go(p);
			return;
		}
	}
}
