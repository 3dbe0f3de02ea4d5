/* Requests that wait for core's answer: a bounded table, each with a deadline. */
#ifndef FRONT_RELAY_H
#define FRONT_RELAY_H

#include "front/http.h"

enum { RELAY_MAX = 1024, RELAY_FIRST_ID = 1024 };

struct relay_slot {
	struct http_exchange *x; /* NULL: free */
	uint64_t id;
	int64_t until;
};

struct relay {
	struct relay_slot v[RELAY_MAX];
	uint64_t turn; /* makes ids of one slot differ */
	size_t busy;
};

/* A new message id for x; 0: full. Ids are at least RELAY_FIRST_ID. */
uint64_t relay_add(struct relay *r, struct http_exchange *x, int64_t until);
/* The exchange of this id, which is free then; NULL: unknown, or given up already. */
struct http_exchange *relay_take(struct relay *r, uint64_t id);
/* One exchange whose time is over (or any, for `all`), removed; NULL: none. */
struct http_exchange *relay_take_late(struct relay *r, int64_t now, bool all);

#endif
