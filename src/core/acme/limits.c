/* How much an account may ask for: counted in windows, and told with the time at which it goes on. */
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "core/acme/orders.h"
#include "store/attempts.h"

enum { HOUR = 3600, DAY = 86400 };

/* Say so, and when it is worth coming back. */
static enum acsr_result refuse(struct acme_request *a, const char *id, const char *what, int64_t most,
	int64_t span, int64_t until, int64_t now, struct acsr_err *e)
{
	char when[21];

	clock_rfc3339(until, when);
	a->q->retry_after = until > now ? until - now : 1;
	return err_set(e, id, "%.250s: the limit is %lld in %s; try again after %s", what, (long long)most,
		span == HOUR ? "an hour" : "a day", when);
}

/* Count one more; refused when there were `most` in this window already. */
static enum acsr_result count(struct core *c, struct acme_request *a, const char *bucket, int64_t most,
	int64_t span, const char *id, const char *what, struct acsr_err *e)
{
	int64_t n, since;

	if (most == 0)
		return ACSR_OK;
	TRY(attempts_count(c->db, bucket, c->now, span, &n, &since, e));
	return n <= most ? ACSR_OK : refuse(a, id, what, most, span, since + span, c->now, e);
}

static enum acsr_result limit_same(
	struct core *c, struct acme_request *a, const struct strv *names, int64_t most, struct acsr_err *e)
{
	char bucket[160], digest[65], what[300];
	uint8_t md[32];
	CLEANUP_BUF struct buf all = { 0 };

	buf_init(&all, 65536);
	for (size_t i = 0; i < names->n; i++)
		TRY(buf_printf(&all, e, "%s ", names->v[i]));
	if (EVP_Digest(all.p, all.len, md, NULL, EVP_sha256(), NULL) != 1)
		return err_set(e, "sys.digest", "cannot hash");
	hex_encode(md, sizeof(md), digest);
	snprintf(bucket, sizeof(bucket), "acme-same:%s:%s", a->account.account_id, digest);
	snprintf(what, sizeof(what), "too many orders for exactly these names (%.150s%s)", names->v[0],
		names->n > 1 ? " …" : "");
	return count(c, a, bucket, most, DAY, "limit.acme.same-names", what, e);
}

static void failures_of(const char *account_id, const char *name, char out[400])
{
	snprintf(out, 400, "acme-fail:%s:%s", account_id, name);
}

static enum acsr_result check_failures(
	struct core *c, struct acme_request *a, const char *name, int64_t most, struct acsr_err *e)
{
	struct attempts seen;
	char bucket[400], what[330];

	failures_of(a->account.id, str_starts(name, "*.") ? name + 2 : name, bucket);
	TRY(attempts_get(c->db, bucket, &seen, e));
	if (seen.count < most || seen.since + HOUR <= c->now)
		return ACSR_OK;
	snprintf(what, sizeof(what), "too many failed validations of %s", name);
	return refuse(a, "limit.acme.failures", what, most, HOUR, seen.since + HOUR, c->now, e);
}

enum acsr_result acme_limit_orders(
	struct core *c, struct acme_request *a, const struct strv *names, struct acsr_err *e)
{
	int64_t orders = (int64_t)conf_count(&c->proc->conf, "orders.new_per_hour");
	int64_t same = (int64_t)conf_count(&c->proc->conf, "acme.same_names_per_day");
	int64_t failures = (int64_t)conf_count(&c->proc->conf, "acme.failures_per_hour");
	char bucket[80];

	for (size_t i = 0; failures > 0 && i < names->n; i++)
		TRY(check_failures(c, a, names->v[i], failures, e));
	snprintf(bucket, sizeof(bucket), "acme-orders:%s", a->account.account_id);
	TRY(count(c, a, bucket, orders, HOUR, "limit.acme.orders", "too many new orders of this account", e));
	return same > 0 ? limit_same(c, a, names, same, e) : ACSR_OK;
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
