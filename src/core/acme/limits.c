/* How much an account may ask for: counted in windows, and told with the time at which it goes on. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "core/acme/orders.h"
#include "core/order.h"
#include "core/throttle.h"
#include "store/attempts.h"

enum { HOUR = 3600, DAY = 86400 };

/* Say so, and when it is worth coming back. */
static enum acsr_result refuse(struct core *c, struct acme_request *a, int64_t until, struct acsr_err *e,
	const char *fmt, ...) ACSR_PRINTF(5, 6);
static enum acsr_result refuse(
	struct core *c, struct acme_request *a, int64_t until, struct acsr_err *e, const char *fmt, ...)
{
	char what[330], when[21];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	clock_rfc3339(until, when);
	a->q->retry_after = until > c->now ? until - c->now : 1;
	return err_set(e, "limit.acme", "%s; go on after %s", what, when);
}

/* One more of this bucket in the hour that runs; `who` is told that it had `most`. */
static enum acsr_result count_one(struct core *c, struct acme_request *a, const char *bucket, int64_t most,
	const char *who, struct acsr_err *e)
{
	int64_t n, since;

	if (most == 0)
		return ACSR_OK;
	TRY(attempts_count(c->db, bucket, c->now, HOUR, &n, &since, e));
	if (n <= most)
		return ACSR_OK;
	return refuse(c, a, since + HOUR, e, "%s started %lld orders within an hour, as many as may be", who,
		(long long)most);
}

/* Strangers share the directory's account of ours: they are counted each for themselves, and by network because anybody can
 * make one more of them. */
static enum acsr_result check_stranger(struct core *c, struct acme_request *a, struct acsr_err *e)
{
	const struct conf *conf = &c->proc->conf;
	char network[64], bucket[160];

	snprintf(bucket, sizeof(bucket), "acme-orders:%s", a->account.id);
	TRY(count_one(c, a, bucket, (int64_t)conf_count(conf, "orders.new_per_hour"), "this account has", e));
	throttle_network(a->q->m.remote, network);
	snprintf(bucket, sizeof(bucket), "acme-orders:%s", network);
	return count_one(c, a, bucket, (int64_t)conf_count(conf, "acme.new_orders_per_hour"),
		"the accounts of your network have", e);
}

static enum acsr_result check_pace(struct core *c, struct acme_request *a, struct acsr_err *e)
{
	int64_t until = c->now;

	if (a->account.eab_kid[0] == '\0')
		return check_stranger(c, a, e);
	if (order_check_pace(c, a->account.account_id, &until, e) == ACSR_OK)
		return ACSR_OK;
	a->q->retry_after = until > c->now ? until - c->now : 1;
	return ACSR_FAIL;
}

static enum acsr_result check_same(
	struct core *c, struct acme_request *a, const struct strv *names, int64_t most, struct acsr_err *e)
{
	const char *first = names->v[0];
	bool wildcard = str_starts(first, "*.");
	CLEANUP_STR char *all = NULL;
	int64_t at;

	TRY(acme_names_join(names, &all, e));
	TRY(acme_order_same(c->db, a->account.id, wildcard ? first + 2 : first, wildcard, all, c->now - DAY,
		most, &at, e));
	if (at == 0)
		return ACSR_OK;
	return refuse(c, a, at + DAY, e,
		"there are %lld orders within a day for exactly these names (%.120s%s), as many as may be",
		(long long)most, first, names->n > 1 ? " …" : "");
}

static void failures_of(const char *account_id, const char *name, char out[400])
{
	snprintf(out, 400, "acme-fail:%s:%s", account_id, name);
}

enum acsr_result acme_limit_name(struct core *c, struct acme_request *a, const char *name, struct acsr_err *e)
{
	int64_t most = (int64_t)conf_count(&c->proc->conf, "acme.failures_per_hour");
	struct attempts seen;
	char bucket[400];

	if (most == 0)
		return ACSR_OK;
	failures_of(a->account.id, str_starts(name, "*.") ? name + 2 : name, bucket);
	TRY(attempts_get(c->db, bucket, &seen, e));
	if (seen.count < most || seen.since + HOUR <= c->now)
		return ACSR_OK;
	return refuse(c, a, seen.since + HOUR, e,
		"%s could not be validated %lld times within an hour, as often as may be", name,
		(long long)seen.count);
}

enum acsr_result acme_limit_orders(
	struct core *c, struct acme_request *a, const struct strv *names, struct acsr_err *e)
{
	int64_t same = (int64_t)conf_count(&c->proc->conf, "acme.same_names_per_day");

	for (size_t i = 0; i < names->n; i++)
		TRY(acme_limit_name(c, a, names->v[i], e));
	if (same > 0)
		TRY(check_same(c, a, names, same, e));
	return check_pace(c, a, e);
}

enum acsr_result acme_limit_failed(struct core *c, const struct acme_authz *z, struct acsr_err *e)
{
	char bucket[400];
	int64_t n, since;

	if (conf_count(&c->proc->conf, "acme.failures_per_hour") == 0)
		return ACSR_OK;
	failures_of(z->acme_account_id, z->name, bucket);
	return attempts_count(c->db, bucket, c->now, HOUR, &n, &since, e);
}
