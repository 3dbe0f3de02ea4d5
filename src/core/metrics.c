/* /metrics in Prometheus' text format: numbers without names of people or domains. */
#include <stdio.h>
#include <string.h>

#include "core/admin.h"
#include "core/handlers.h"
#include "store/mails.h"
#include "store/status.h"

static enum acsr_result put_head(
	struct buf *out, const char *name, const char *type, const char *help, struct acsr_err *e)
{
	return buf_printf(out, e, "# HELP autocsr_%s %s\n# TYPE autocsr_%s %s\n", name, help, name, type);
}

static enum acsr_result put_one(struct buf *out, const char *name, const char *type, const char *help,
	uint64_t value, struct acsr_err *e)
{
	TRY(put_head(out, name, type, help, e));
	return buf_printf(out, e, "autocsr_%s %llu\n", name, (unsigned long long)value);
}

static enum acsr_result put_counters(struct buf *out, const struct core_counters *n, struct acsr_err *e)
{
	TRY(put_one(out, "requests_total", "counter", "API requests", n->requests, e));
	TRY(put_one(out, "answers_4xx_total", "counter", "Answers that refuse", n->answers_4xx, e));
	TRY(put_one(out, "answers_5xx_total", "counter", "Answers that failed", n->answers_5xx, e));
	TRY(put_one(out, "batches_total", "counter", "Transactions", n->batches, e));
	TRY(put_one(out, "steps_total", "counter", "Steps in transactions", n->steps, e));
	TRY(put_one(out, "keys_made_total", "counter", "Subscriber keys made", n->keys_made, e));
	TRY(put_one(out, "certificates_total", "counter", "Certificates issued", n->certificates, e));
	TRY(put_one(out, "logins_failed_total", "counter", "Wrong passwords and codes", n->logins_failed, e));
	TRY(put_one(out, "passwords_checked_total", "counter", "Passwords that were looked at (argon2)",
		n->passwords_checked, e));
	return put_one(out, "passwords_slowed_total", "counter",
		"Passwords that were refused unseen after too many wrong ones", n->passwords_slowed, e);
}

static enum acsr_result put_state(void *out, const char *state, int64_t n, struct acsr_err *e)
{
	return buf_printf(out, e, "autocsr_orders{state=\"%s\"} %lld\n", state, (long long)n);
}

static enum acsr_result put_roles(struct buf *out, const struct strv *roles, struct acsr_err *e)
{
	TRY(put_head(out, "role_restarts_total", "counter", "Restarts of each process", e));
	for (size_t i = 0; i < roles->n; i++) {
		char name[32] = "";
		long long pid, restarts;

		if (sscanf(roles->v[i], "%31s %lld %lld", name, &pid, &restarts) == 3)
			TRY(buf_printf(
				out, e, "autocsr_role_restarts_total{role=\"%s\"} %lld\n", name, restarts));
	}
	return ACSR_OK;
}

static enum acsr_result put_stored(struct core *c, struct buf *out, struct acsr_err *e)
{
	int64_t due, waiting, queued;

	TRY(status_jobs(c->db, c->now, &due, &waiting, e));
	TRY(mails_queued(c->db, &queued, e));
	TRY(put_one(out, "jobs_due", "gauge", "Jobs that are due", (uint64_t)due, e));
	TRY(put_one(out, "jobs_waiting", "gauge", "Jobs that fall due later", (uint64_t)waiting, e));
	TRY(put_one(out, "mails_queued", "gauge", "Mails that wait to be sent", (uint64_t)queued, e));
	TRY(put_head(out, "orders", "gauge", "Orders by state", e));
	return status_orders(c->db, put_state, out, e);
}

static enum acsr_result check_reader(struct core *c, const struct request *q, struct acsr_err *e)
{
	struct networks allowed;
	uint8_t address[16];

	if (q->who.role == USER_ADMIN)
		return ACSR_OK;
	TRY(conf_networks(conf_str(&c->proc->conf, "server.metrics_networks"), &allowed, e));
	if (network_parse_address(q->m.remote, address) && networks_have(&allowed, address))
		return ACSR_OK;
	return err_set(e, "auth.forbidden",
		"metrics are for [server] metrics_networks, or an administrator's token");
}

enum acsr_result metrics_show(struct core *c, struct request *q, struct acsr_err *e)
{
	struct acsr_err why;
	struct buf *out = &q->raw;

	TRY(check_reader(c, q, e));
	TRY(put_head(out, "build_info", "gauge", "Version", e));
	TRY(buf_printf(out, e, "autocsr_build_info{version=\"%s\"} 1\n", AUTOCSR_VERSION));
	TRY(put_one(
		out, "ready", "gauge", "1 when orders can be worked on", admin_ready(c, &why) == ACSR_OK, e));
	TRY(put_counters(out, &c->count, e));
	TRY(put_stored(c, out, e));
	TRY(put_roles(out, &c->roles, e));
	q->content_type = "text/plain; version=0.0.4; charset=utf-8";
	q->status = 200;
	return ACSR_OK;
}
