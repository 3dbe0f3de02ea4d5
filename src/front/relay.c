/* The slot is in the low bits of the id. */
#include "front/relay.h"

uint64_t relay_add(struct relay *r, struct http_exchange *x, int64_t until)
{
	if (r->busy == RELAY_MAX)
		return 0;
	for (size_t i = 0; i < RELAY_MAX; i++) {
		struct relay_slot *s = &r->v[(r->turn + i) % RELAY_MAX];

		if (s->x != NULL)
			continue;
		r->turn++;
		r->busy++;
		*s = (struct relay_slot){
			.x = x, .id = r->turn * RELAY_MAX + (uint64_t)(s - r->v), .until = until
		};
		return s->id;
	}
	return 0;
}

static struct http_exchange *release(struct relay *r, struct relay_slot *s)
{
	struct http_exchange *x = s->x;

	*s = (struct relay_slot){ 0 };
	r->busy--;
	return x;
}

struct http_exchange *relay_take(struct relay *r, uint64_t id)
{
	struct relay_slot *s = &r->v[id % RELAY_MAX];

	return s->x != NULL && s->id == id ? release(r, s) : NULL;
}

struct http_exchange *relay_take_late(struct relay *r, int64_t now, bool all)
{
	for (size_t i = 0; i < RELAY_MAX && r->busy > 0; i++)
		if (r->v[i].x != NULL && (all || r->v[i].until <= now))
			return release(r, &r->v[i]);
	return NULL;
}
