/* autocsr-core: the only database handle, and every decision. */
#include <stdlib.h>
#include <string.h>

#include "autocsr/name.h"
#include "base/clock.h"
#include "base/log.h"
#include "core/acme/acme.h"
#include "core/acme/wait.h"
#include "core/bootstrap.h"
#include "core/checkpoint.h"
#include "core/code.h"
#include "core/handover.h"
#include "core/identity.h"
#include "core/issuers.h"
#include "core/kek.h"
#include "core/keylists.h"
#include "core/order.h"
#include "core/pool.h"
#include "core/product.h"
#include "core/receipt.h"
#include "core/request.h"
#include "core/settings.h"
#include "core/statement.h"
#include "core/tls.h"
#include "store/audit.h"
#include "store/jobs.h"
#include "store/migrations.h"

static struct core core;

enum { CLOCK_BACK = 60 }; /* seconds: less is no jump */

/* JSON bodies hold passwords: what jansson frees is overwritten. */
static void *wiping_malloc(size_t n)
{
	size_t *p = malloc(n + sizeof(max_align_t));

	if (p == NULL)
		return NULL;
	*p = n;
	return (char *)p + sizeof(max_align_t);
}

static void wiping_free(void *at)
{
	char *p;

	if (at == NULL)
		return;
	p = (char *)at - sizeof(max_align_t);
	wipe(at, *(size_t *)(void *)p);
	free(p);
}

static enum acsr_result on_open(struct proc *p, struct acsr_err *e)
{
	json_set_alloc_funcs(wiping_malloc, wiping_free);
	core.proc = p;
	core.steps_tail = &core.steps;
	core.outbox_tail = &core.outbox;
	TRY(issuers_new(&core.issuers, e));
	TRY(keylists_open(&core.keylists, p, e));
	TRY(acsr_name_psl_load(NULL, e)); /* the sandbox closes the list's path */
	TRY(code_open(&core, p, e));
	return kek_open(&core.kek, p, e);
}

static enum acsr_result recall_jobs(struct core *c, void *arg, struct acsr_err *e)
{
	(void)arg;
	return jobs_recall(c->db, c->now, e);
}

static void tick(void *arg)
{
	struct core *c = arg;
	struct acsr_err e;

	call_tick(c);
	batch_tick(c);
	checkpoint_tick(c);
	acme_wait_tick(c);
	if (clock_now() < c->now - CLOCK_BACK)
		core_step(c, NULL, recall_jobs, NULL, NULL);
	if (loop_after(c->proc->loop, 1000, tick, c, &c->tick_timer, &e) != ACSR_OK)
		log_error(LOG_ERROR, "tick.lost", &e);
}

static enum acsr_result first_kek(struct core *c, struct acsr_err *e)
{
	int64_t users;

	TRY(users_count(c->db, &users, e));
	return kek_first(c->kek, c->proc, users == 0, e);
}

/* The first things in the database, and what a crash left behind. */
static enum acsr_result settle(struct core *c, struct acsr_err *e)
{
	TRY(db_begin(c->db, e));
	if (first_kek(c, e) == ACSR_OK && audit_adopt(c->db, e) == ACSR_OK &&
		jobs_free_leases(c->db, e) == ACSR_OK && recall_jobs(c, NULL, e) == ACSR_OK &&
		product_seed(c, e) == ACSR_OK && bootstrap_operator(c, e) == ACSR_OK &&
		housekeeping_rewrap(c, e) == ACSR_OK && acme_settle(c, e) == ACSR_OK &&
		core_want_job(c, "housekeeping", "", c->now, e) == ACSR_OK &&
		core_want_job(c, "acme-tidy", "", c->now, e) == ACSR_OK &&
		handover_after_restart(c, e) == ACSR_OK && code_admit_missing(c, e) == ACSR_OK &&
		statement_of_file(c, e) == ACSR_OK && db_commit(c->db, e) == ACSR_OK)
		return ACSR_OK;
	db_rollback(c->db);
	return ACSR_FAIL;
}

/* What an earlier process could not get onto the disk: out of the log, before anybody is told anything of it. Somebody
 * who reads the database just now is no reason not to start. */
static void settle_disk(struct core *c)
{
	struct acsr_err e;

	if (db_forget(c->db, &e) != ACSR_OK)
		log_error(LOG_WARN, "database.log", &e);
}

static enum acsr_result on_start(struct proc *p, struct acsr_err *e)
{
	struct core *c = &core;

	c->now = clock_now();
	TRY(db_open(&c->db, conf_str(&p->conf, "database.url"), p->dir, e));
	TRY(db_migrate(c->db, store_migrations, store_migrations_count, e));
	TRY(pool_new(&c->pool, c, conf_count(&p->conf, "accounts.argon2_parallel"), e));
	TRY(pool_new(&c->readers, c, 1, e));
	TRY(code_join(c, e));
	settle_disk(c);
	TRY(settle(c, e));
	c->forget = true; /* a crash may have come between a deletion and this */
	loop_every_turn(p->loop, batch_run, c);
	TRY(loop_after(p->loop, 1000, tick, c, &c->tick_timer, e));
	core_run_jobs(c);
	return ACSR_OK;
}

static void on_peer_closed(struct proc *p, enum role peer)
{
	(void)p;
	if (peer == ROLE_FRONT) {
		core.front_life++;
		handover_front_gone(&core);
	}
	call_peer_gone(&core, peer);
}

static enum acsr_result reread_statement(struct core *c, void *arg, struct acsr_err *e)
{
	(void)arg;
	return statement_of_file(c, e);
}

static void on_reload(struct proc *p)
{
	(void)p;
	keylists_reload(core.keylists);
	core_step(&core, NULL, reread_statement, NULL, NULL);
}

/* --- messages --- */

static void on_http(struct proc *p, struct chan *ch, struct msg *m)
{
	struct request *q = request_new(&core, m);

	(void)p;
	(void)ch;
	core_step(&core, q, request_run, q, NULL);
}

static void on_answer(struct proc *p, struct chan *ch, struct msg *m)
{
	(void)p;
	(void)ch;
	call_answered(&core, m);
}

static void on_issuer(struct proc *p, struct chan *ch, struct msg *m)
{
	const struct msg_issuer *issuer = m->body;
	struct acsr_err e;

	(void)ch;
	if (issuers_set(core.issuers, issuer, &e) != ACSR_OK) {
		role_fault(p, m->from, &e);
		return;
	}
	if (strcmp(issuer->kind, "root") == 0)
		bootstrap_root(&core, issuer->certificate);
	tls_issuer_known(&core);
	crl_issuer_known(&core);
}

static void on_log_head(struct proc *p, struct chan *ch, struct msg *m)
{
	(void)p;
	(void)ch;
	checkpoint_head(&core, m->body);
}

static void on_receipt_key(struct proc *p, struct chan *ch, struct msg *m)
{
	struct acsr_err e;

	(void)ch;
	if (receipt_key_known(&core, m->body, &e) != ACSR_OK)
		role_fault(p, m->from, &e);
}

static void on_archive_sent(struct proc *p, struct chan *ch, struct msg *m)
{
	(void)p;
	(void)ch;
	handover_archive_sent(&core, m->body);
}

static void on_key_gone(struct proc *p, struct chan *ch, struct msg *m)
{
	(void)p;
	(void)ch;
	handover_key_gone(&core, m->body);
}

static void on_tls_request(struct proc *p, struct chan *ch, struct msg *m)
{
	(void)p;
	(void)ch;
	tls_requested(&core, m);
}

static void on_roles(struct proc *p, struct chan *ch, struct msg *m)
{
	struct msg_roles *roles = m->body;

	(void)p;
	(void)ch;
	strv_free(&core.roles);
	core.roles = roles->roles;
	roles->roles = (struct strv){ 0 };
}

static void on_settings(struct proc *p, struct chan *ch, struct msg *m)
{
	(void)p;
	(void)ch;
	settings_told(&core, m->body);
}

static const struct role_handler handlers[] = {
	{ ROLE_AUTOCSRD, MSG_roles, on_roles },
	{ ROLE_AUTOCSRD, MSG_settings, on_settings },
	{ ROLE_FRONT, MSG_http_request, on_http },
	{ ROLE_FRONT, MSG_archive_sent, on_archive_sent },
	{ ROLE_FRONT, MSG_tls_request, on_tls_request },
	{ ROLE_KEYMAKER, MSG_key_started, on_answer },
	{ ROLE_KEYMAKER, MSG_key_gone, on_key_gone },
	{ ROLE_KEYMAKER, MSG_failed, on_answer },
	{ ROLE_SIGNER, MSG_issuer, on_issuer },
	{ ROLE_SIGNER, MSG_cert_signed, on_answer },
	{ ROLE_SIGNER, MSG_crl_signed, on_answer },
	{ ROLE_SIGNER, MSG_log_head, on_log_head },
	{ ROLE_SIGNER, MSG_log_signed, on_answer },
	{ ROLE_SIGNER, MSG_receipt_key, on_receipt_key },
	{ ROLE_SIGNER, MSG_receipt_signed, on_answer },
	{ ROLE_SIGNER, MSG_account_key, on_answer },
	{ ROLE_SIGNER, MSG_jws_signed, on_answer },
	{ ROLE_SIGNER, MSG_account_key_forgotten, on_answer },
	{ ROLE_SIGNER, MSG_failed, on_answer },
	{ ROLE_PROBER, MSG_probe_result, on_answer },
	{ ROLE_PROBER, MSG_failed, on_answer },
	{ ROLE_COURIER, MSG_mail_sent, on_answer },
	{ ROLE_COURIER, MSG_published, on_answer },
	{ ROLE_COURIER, MSG_https_response, on_answer },
	{ ROLE_COURIER, MSG_failed, on_answer },
	{ ROLE_HOOK, MSG_hook_ran, on_answer },
	{ ROLE_HOOK, MSG_failed, on_answer },
	{ 0 },
};

int main(void)
{
	static const struct role_spec spec = {
		.role = ROLE_CORE,
		.needs = { .calls = SYS_FILES | SYS_THREADS },
		.secure_heap = 4 * 1024 * 1024,
		.open = on_open,
		.start = on_start,
		.peer_closed = on_peer_closed,
		.reload = on_reload,
		.handlers = handlers,
	};

	return role_main(&spec, NULL);
}
