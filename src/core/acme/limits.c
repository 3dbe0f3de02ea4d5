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
	char hash[44];
	int64_t at;

	TRY(acme_names_hash(names, hash, e));
	TRY(acme_order_same(c->db, a->account.id, hash, c->now - DAY, most, &at, e));
	if (at == 0)
		return ACSR_OK;
	return refuse(c, a, at + DAY, e,
		"there are %lld orders within a day for exactly these names (%.120s%s), as many as may be",
		(long long)most, names->v[0], names->n > 1 ? " …" : "");
}

/* --- failures --- */

/* The domain that somebody has registered, or the network of an address: whom our looking reaches. */
static void victim_of(const char *name, char out[256])
{
	const char *host = str_starts(name, "*.") ? name + 2 : name;

	if (acme_is_address(host))
		throttle_network(host, out);
	else if (acsr_name_registrable(host, out, NULL) != ACSR_OK)
		snprintf(out, 256, "%s", host);
}

/* One account of ours has any number of ACME accounts, and so has a stranger. */
static const char *who_of(const struct acme_account *a)
{
	if (a->eab_kid[0] != '\0')
		return a->account_id;
	return a->network[0] != '\0' ? a->network : a->id;
}

static void name_bucket(const char *account_id, const char *name, char out[400])
{
	snprintf(out, 400, "acme-fail:%s:%s", account_id, str_starts(name, "*.") ? name + 2 : name);
}

static void victim_bucket(const struct acme_account *a, const char *victim, char out[400])
{
	snprintf(out, 400, "acme-fails:%s:%s", who_of(a), victim);
}

/* *until: 0, or when the hour is over in which there were `most`. */
static enum acsr_result full_until(
	struct core *c, const char *bucket, int64_t most, int64_t *until, struct acsr_err *e)
{
	struct attempts seen;

	*until = 0;
	if (most == 0)
		return ACSR_OK;
	TRY(attempts_get(c->db, bucket, &seen, e));
	if (seen.count >= most && seen.since + HOUR > c->now)
		*until = seen.since + HOUR;
	return ACSR_OK;
}

static int64_t most_of(const struct core *c, const char *key)
{
	return (int64_t)conf_count(&c->proc->conf, key);
}

static enum acsr_result check_victim(
	struct core *c, struct acme_request *a, const char *victim, struct acsr_err *e)
{
	int64_t most = most_of(c, "acme.domain_failures_per_hour"), until;
	char bucket[400];

	victim_bucket(&a->account, victim, bucket);
	TRY(full_until(c, bucket, most, &until, e));
	if (until == 0)
		return ACSR_OK;
	return refuse(c, a, until, e,
		"validations at %s failed %lld times within an hour for %s, as often as may be", victim,
		(long long)most,
		a->account.eab_kid[0] != '\0' ? "your accounts" : "the accounts of your network");
}

static enum acsr_result check_name(
	struct core *c, struct acme_request *a, const char *name, struct acsr_err *e)
{
	int64_t most = most_of(c, "acme.failures_per_hour"), until;
	char bucket[400];

	name_bucket(a->account.id, name, bucket);
	TRY(full_until(c, bucket, most, &until, e));
	if (until == 0)
		return ACSR_OK;
	return refuse(c, a, until, e,
		"%s could not be validated %lld times within an hour, as often as may be", name,
		(long long)most);
}

enum acsr_result acme_limit_victim(
	struct core *c, struct acme_request *a, const char *name, struct acsr_err *e)
{
	char victim[256];

	victim_of(name, victim);
	return check_victim(c, a, victim, e);
}

enum acsr_result acme_limit_name(struct core *c, struct acme_request *a, const char *name, struct acsr_err *e)
{
	TRY(check_name(c, a, name, e));
	return acme_limit_victim(c, a, name, e);
}

static enum acsr_result check_failures(
	struct core *c, struct acme_request *a, const struct strv *names, struct acsr_err *e)
{
	for (size_t i = 0; i < names->n; i++)
		TRY(check_name(c, a, names->v[i], e));
	return ACSR_OK;
}

enum acsr_result acme_limit_failed(
	struct core *c, const struct acme_account *owner, const struct acme_authz *z, struct acsr_err *e)
{
	char bucket[400], victim[256];
	int64_t n, since;

	name_bucket(owner->id, z->name, bucket);
	if (most_of(c, "acme.failures_per_hour") > 0)
		TRY(attempts_count(c->db, bucket, c->now, HOUR, &n, &since, e));
	victim_of(z->name, victim);
	victim_bucket(owner, victim, bucket);
	if (most_of(c, "acme.domain_failures_per_hour") > 0)
		TRY(attempts_count(c->db, bucket, c->now, HOUR, &n, &since, e));
	return ACSR_OK;
}

enum acsr_result acme_limit_orders(
	struct core *c, struct acme_request *a, const struct strv *names, struct acsr_err *e)
{
	int64_t same = most_of(c, "acme.same_names_per_day");

	TRY(check_failures(c, a, names, e));
	if (same > 0)
		TRY(check_same(c, a, names, same, e));
	return check_pace(c, a, e);
}
