/*
 * autocsr-keymaker: makes subscriber keys, CSRs and archives, and keeps nothing. This parent has no network,
 * no files and no database; it never sees a key, a code or an archive. Each order is the work of one forked
 * process (worker.h) that ends with it.
 */
#include "autocsr/key.h"
#include "base/log.h"
#include "harden.h"
#include "heap.h"
#include "ipc/role.h"
#include "make.h"
#include "pool.h"
#include "rehearse.h"
#include "swap.h"

struct keymaker {
	struct pool *pool;
	bool lock_memory;
};

/* --- before the sandbox --- */

static enum acsr_result check_swap(struct proc *p, struct acsr_err *e)
{
	struct keymaker *k = p->own;
	char where[256];

	if (!swap_is_open("", where, sizeof(where)))
		return ACSR_OK;
	k->lock_memory = swap_can_lock();
	if (k->lock_memory)
		return ACSR_OK;
	if (!conf_bool(&p->conf, "keymaker.allow_swap"))
		return err_set(e, "config.swap",
			"a key could be swapped to %s, which is not encrypted: raise the limit of locked "
			"memory, encrypt the swap, switch it off, or set [keymaker] allow_swap = true",
			where);
	log_event(LOG_WARN, "keymaker.swap", "swap", where, "reason", "allow_swap is set", NULL);
	return ACSR_OK;
}

static enum acsr_result keymaker_open(struct proc *p, struct acsr_err *e)
{
	const struct acsr_key_type *rsa;

	TRY(check_swap(p, e));
	TRY(acsr_key_type_find(&rsa, "rsa:2048", e));
	if (!acsr_key_type_available(rsa))
		return err_set(e, "openssl.unsupported", "this OpenSSL has no RSA");
	return rehearse_all(e);
}

/* --- life --- */

static struct pool_limits limits_of(const struct proc *p)
{
	const struct keymaker *k = p->own;

	return (struct pool_limits){ .warm = conf_count(&p->conf, "keymaker.warm_workers"),
		.max = conf_count(&p->conf, "keymaker.max_workers"),
		.warm_idle_ms = conf_span(&p->conf, "keymaker.warm_idle") * 1000,
		.lock_memory = k->lock_memory };
}

static enum acsr_result keymaker_start(struct proc *p, struct acsr_err *e)
{
	struct keymaker *k = p->own;
	const struct pool_limits limits = limits_of(p);

	log_event(LOG_INFO, "keymaker.memory", "keys-in", heap_expected(), "all-locked",
		k->lock_memory ? "yes" : "no", NULL);
	return pool_new(&k->pool, p, &limits, e);
}

static void keymaker_reload(struct proc *p)
{
	struct keymaker *k = p->own;
	const struct pool_limits limits = limits_of(p);

	pool_set_limits(k->pool, &limits);
}

static void on_key_make(struct proc *p, struct chan *c, struct msg *m)
{
	struct keymaker *k = p->own;
	struct acsr_err e = { 0 };

	(void)c;
	if (make_check(m->body, &e) == ACSR_OK)
		pool_order(k->pool, m->id, m->body);
	else
		role_send_failed(p, m->id, &e);
}

static void keymaker_peer_closed(struct proc *p, enum role peer)
{
	struct keymaker *k = p->own;

	if (peer == ROLE_CORE)
		pool_forget(k->pool);
}

static void keymaker_stopping(struct proc *p)
{
	struct keymaker *k = p->own;

	pool_free(k->pool);
	k->pool = NULL;
	role_stop(p);
}

int main(void)
{
	static const struct role_handler handlers[] = { { ROLE_CORE, MSG_key_make, on_key_make }, { 0 } };
	static const struct role_spec spec = { .role = ROLE_KEYMAKER,
		.needs = { .calls = SYS_FORK },
		.open = keymaker_open,
		.start = keymaker_start,
		.peer_closed = keymaker_peer_closed,
		.stopping = keymaker_stopping,
		.reload = keymaker_reload,
		.handlers = handlers };
	struct keymaker own = { 0 };
	struct acsr_err e = { 0 };

	if (harden_process(&e) != ACSR_OK) {
		log_error(LOG_ERROR, "keymaker.failed", &e);
		return 1;
	}
	return role_main(&spec, &own);
}
