/*
 * The workers of the keymaker: who is there, who waits, who gets the next order.
 *
 * A warm worker has made an RSA-2048 key (the default, and the only type that is slow to make and often
 * asked for) and waits. It takes an RSA-2048 order and no other: for the rest a fresh worker is forked, which
 * costs a millisecond, less than a thrown-away RSA key. Warm workers end after warm_idle; the next RSA-2048
 * order brings their number back. Refilling begins when a worker has ended and no order waits.
 * Orders beyond max_workers wait in line, up to POOL_QUEUE; then "busy.keymaker".
 */
#ifndef KEYMAKER_POOL_H
#define KEYMAKER_POOL_H

#include "ipc/role.h"

struct pool;

enum { POOL_QUEUE = 64 };

struct pool_limits {
	size_t warm, max;
	int64_t warm_idle_ms;
	bool lock_memory;
};

/* Starts the warm workers. */
ACSR_MUST_USE enum acsr_result pool_new(
	struct pool **out, struct proc *p, const struct pool_limits *limits, struct acsr_err *e);

/* From now on; workers that are there stay. */
void pool_set_limits(struct pool *pool, const struct pool_limits *limits);

/*
 * A checked order (make_check); its contents are taken. Sends `archive` to the deliverer and `key_started`
 * to core now or when a worker is free, or `failed`: busy.front busy.courier busy.keymaker.
 */
void pool_order(struct pool *pool, uint64_t id, struct msg_key_make *order);

/* Core is gone, and with it everyone who wants a result: forget waiting orders, end busy workers. */
void pool_forget(struct pool *pool);

/* End every worker and free the pool. */
void pool_free(struct pool *pool);

#endif
