/* When another CA would like a certificate to be renewed (ARI, RFC 9773): asked as often as it says, kept with the order, and the
 * customer told at a random moment within it. An order does not renew itself: a key that we made is not kept, so another
 * certificate is another key, and the customer has to take it. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/rnd.h"
#include "core/upstream/jobs.h"
#include "core/upstream/orders.h"
#include "store/jobs.h"

enum {
	LEASE = 900,
	ARI_USUAL = 6 * 3600, /* RFC 9773 4.3.3 */
	ARI_LEAST = 60,
	ARI_MOST = 86400,
	NOTICE_LEAST = 86400
};

static enum acsr_result ari_again(struct core *c, const char *order_id, const struct upstream_reply *r,
	const char *text, struct acsr_err *e)
{
	int64_t pause = r->retry_after > 0 ? r->retry_after : ARI_USUAL;

	pause = pause < ARI_LEAST ? ARI_LEAST : pause > ARI_MOST ? ARI_MOST : pause;
	return jobs_again(c->db, "upstream-ari", order_id, c->now + pause, text, e);
}

/* Still the certificate of that round, and still valid: nothing is asked, and no answer taken, about another (RFC 9773 4.3). */
static bool ari_wanted(const struct core *c, const struct order *o, const char *round)
{
	char now[24];

	snprintf(now, sizeof(now), "%lld", (long long)o->round);
	return strcmp(o->state, "issued") == 0 && o->expires_at >= c->now &&
	       (round == NULL || strcmp(round, now) == 0);
}

/* --- telling the customer --- */

/* Of one certificate: the order and its round. */
static void notice_name(const struct order *o, char out[64])
{
	snprintf(out, 64, "%s/%lld", o->id, (long long)o->round);
}

/* RFC 9773 4.2: a random time within the window, or now when that is over; and a day before the certificate ends at the latest,
 * whatever the CA thinks. */
static int64_t moment_of(const struct core *c, const struct order *o)
{
	int64_t latest = o->expires_at - NOTICE_LEAST, at;
	uint64_t r;

	rnd_bytes(&r, sizeof(r));
	at = o->renew_from + (int64_t)(r % (uint64_t)(o->renew_until - o->renew_from));
	at = at < latest ? at : latest;
	return at > c->now ? at : c->now;
}

/* Once for each certificate, however often its CA changes its mind. */
static enum acsr_result plan_notice(struct core *c, const struct order *o, bool moved, struct acsr_err *e)
{
	bool told, planned;
	char name[64];

	notice_name(o, name);
	TRY(jobs_exists(c->db, "renewal-told", name, &told, e));
	TRY(jobs_exists(c->db, "renewal-notice", name, &planned, e));
	if (told || (planned && !moved))
		return ACSR_OK;
	TRY(jobs_done(c->db, "renewal-notice", name, e));
	return core_want_job(c, "renewal-notice", name, moment_of(c, o), e);
}

enum acsr_result upstream_notice_job(struct core *c, const char *object, int64_t attempts, struct acsr_err *e)
{
	const char *round = strchr(object, '/');
	CLEANUP_ORDER struct order o = { 0 };
	char id[40], until[21];

	(void)attempts;
	snprintf(id, sizeof(id), "%.*s", (int)strcspn(object, "/"), object);
	TRY(jobs_done(c->db, "renewal-notice", object, e));
	TRY(order_load(c->db, id, NULL, &o, e));
	if (round == NULL || !ari_wanted(c, &o, round + 1))
		return ACSR_OK;
	clock_rfc3339(o.expires_at, until);
	TRY(core_audit(c, "system", o.account_id, "order.renewal-due", o.id, e,
		"the time to renew, chosen at random within the CA's window, has come"));
	TRY(order_mail(c, &o, "expiring", "not_after", until, NULL, NULL, e));
	return core_want_job(c, "renewal-told", object, o.expires_at + 1, e);
}

enum acsr_result upstream_told_job(struct core *c, const char *object, int64_t attempts, struct acsr_err *e)
{
	(void)attempts;
	return jobs_done(c->db, "renewal-told", object, e);
}

/* --- asking the CA --- */

static enum acsr_result on_window(struct core *c, struct upstream_then *t, const struct upstream_reply *r,
	const struct acsr_err *why, struct acsr_err *e)
{
	json_t *window = json_object_get(r->json, "suggestedWindow");
	int64_t from = errand_time(json_object_get(window, "start")),
		until = errand_time(json_object_get(window, "end"));
	CLEANUP_ORDER struct order o = { 0 };
	const char *url;
	bool moved;

	TRY(order_load(c->db, t->object, NULL, &o, e));
	if (!ari_wanted(c, &o, t->detail))
		return ACSR_OK;
	if (why != NULL)
		return ari_again(c, t->object, r, why->text, e);
	/* RFC 9773 4.2: the end must be after the start. */
	if (from == 0 || until <= from)
		return ari_again(c, t->object, r, "the window has no beginning, or ends before it", e);
	moved = o.renew_from != from || o.renew_until != until;
	if (moved) {
		url = json_string_value(json_object_get(r->json, "explanationURL"));
		o.renew_from = from;
		o.renew_until = until;
		TRY(order_save(c->db, &o, c->now, e));
		TRY(core_audit(c, "system", o.account_id, "order.renewal-window", o.id, e,
			"the CA suggests to renew from %lld to %lld%s%s", (long long)from, (long long)until,
			url != NULL ? ": " : "", url != NULL ? url : ""));
	}
	TRY(plan_notice(c, &o, moved, e));
	return ari_again(c, t->object, r, "", e);
}

enum acsr_result upstream_ari_job(struct core *c, const char *order_id, int64_t attempts, struct acsr_err *e)
{
	CLEANUP_ERRAND struct errand x = { 0 };
	struct upstream_then t = { .fn = on_window };
	struct upstream_reply none = { 0 };
	struct upstream_ask a = { 0 };
	CLEANUP_STR char *url = NULL;
	char base[UPSTREAM_URL], certid[256];
	struct acsr_err why;
	bool have;

	(void)attempts;
	TRY(errand_load(c, order_id, &x, &have, e));
	if (!have || !ari_wanted(c, &x.o, NULL))
		return jobs_done(c->db, "upstream-ari", order_id, e);
	upstream_directory_url(&x.i, "renewalInfo", base);
	TRY(upstream_certid(c, &x.o, x.i.name, certid, e));
	if (*base == '\0' || *certid == '\0')
		return jobs_done(c->db, "upstream-ari", order_id, e);
	TRY(str_printf(&url, e, "%s%s%s", base, str_ends(base, "/") ? "" : "/", certid));
	TRY(jobs_lease(c->db, "upstream-ari", order_id, c->now + LEASE, e));
	a = (struct upstream_ask){ .issuer = x.i.name, .url = url };
	snprintf(t.object, sizeof(t.object), "%s", order_id);
	snprintf(t.detail, sizeof(t.detail), "%lld", (long long)x.o.round);
	if (upstream_call(c, &a, &t, &why) == ACSR_OK)
		return ACSR_OK;
	return ari_again(c, order_id, &none, why.text, e);
}
