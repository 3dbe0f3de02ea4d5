/* Buckets of attempts. */
#include "core/throttle.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "core/device.h"
#include "core/identity.h"
#include "store/attempts.h"

enum {
	HOUR = 3600,
	MINUTE = 60,
	TOLD = 20,       /* wrong attempts of strangers a minute */
	WRONG = 5,       /* attempts of one bucket before its pauses begin */
	FIRST_PAUSE = 5, /* seconds */
	LONGEST_PAUSE = 900
};

void throttle_network(const char *remote, char out[64])
{
	uint8_t a[16];
	char text[INET6_ADDRSTRLEN];
	static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

	if (!network_parse_address(remote, a)) {
		snprintf(out, 64, "unknown");
		return;
	}
	if (memcmp(a, mapped, sizeof(mapped)) == 0) {
		snprintf(out, 64, "%u.%u.%u.0/24", a[12], a[13], a[14]);
		return;
	}
	memset(a + 8, 0, 8);
	snprintf(out, 64, "%s/64", inet_ntop(AF_INET6, a, text, sizeof(text)) != NULL ? text : "unknown");
}

/* The address itself is not stored: it may be a password that was typed into the wrong field. */
static enum acsr_result address_bucket(const char *email, char out[160], struct acsr_err *e)
{
	uint8_t hash[32];
	char hex[65];

	TRY(credential_hash(email, strlen(email), hash, e));
	hex_encode(hash, sizeof(hash), hex);
	snprintf(out, 160, "password:%.32s", hex);
	return ACSR_OK;
}

static enum acsr_result is_seen(struct core *c, const struct throttle *t, bool *yes, struct acsr_err *e)
{
	struct attempts a;

	*yes = false;
	if (t->seen[0] == '\0')
		return ACSR_OK;
	TRY(attempts_get(c->db, t->seen, &a, e));
	*yes = a.count > 0;
	return ACSR_OK;
}

/* Which way does the asker show that they are not just anybody? NULL: none. */
static enum acsr_result own_way(struct core *c, struct request *q, const char *user_id, struct throttle *t,
	const char *network, const char **way, struct acsr_err *e)
{
	bool yes = false;

	*way = NULL;
	if (user_id == NULL)
		return ACSR_OK;
	if (q->who.kind != WHO_NOBODY && strcmp(q->who.user_id, user_id) == 0) {
		*way = q->who.kind == WHO_SESSION ? "session" : "token";
		return ACSR_OK;
	}
	if (q->m.cookie != NULL)
		TRY(session_is_of(c, q->m.cookie, user_id, &yes, e));
	if (yes) {
		*way = "session";
		return ACSR_OK;
	}
	TRY(device_of(c, q, user_id, t->device, e));
	if (t->device[0] != '\0') {
		*way = t->device;
		return ACSR_OK;
	}
	TRY(is_seen(c, t, &yes, e));
	if (yes)
		*way = network;
	return ACSR_OK;
}

static enum acsr_result choose(struct core *c, struct request *q, const char *email, const char *user_id,
	struct throttle *t, struct acsr_err *e)
{
	char network[64];
	const char *way;

	*t = (struct throttle){ 0 };
	throttle_network(q->m.remote, network);
	if (user_id != NULL)
		snprintf(t->seen, sizeof(t->seen), "seen:%s:%s", user_id, network);
	TRY(own_way(c, q, user_id, t, network, &way, e));
	if (way != NULL) {
		snprintf(t->bucket, sizeof(t->bucket), "password:%s:%s", user_id, way);
		return ACSR_OK;
	}
	snprintf(t->network, sizeof(t->network), "login:%s", network);
	return address_bucket(email, t->bucket, e);
}

static enum acsr_result pause_of(struct core *c, const char *bucket, int64_t *wait, struct acsr_err *e)
{
	struct attempts a;

	if (bucket[0] == '\0')
		return ACSR_OK;
	TRY(attempts_get(c->db, bucket, &a, e));
	/* A clock that went back must not lock anybody out: no pause is that long. */
	if (a.blocked_until - c->now > *wait && a.blocked_until - c->now <= LONGEST_PAUSE)
		*wait = a.blocked_until - c->now;
	return ACSR_OK;
}

static int64_t pause_after(int64_t count)
{
	int64_t pause = FIRST_PAUSE;

	if (count < WRONG)
		return 0;
	for (int64_t i = WRONG; i < count && pause < LONGEST_PAUSE; i++)
		pause *= 2;
	return pause < LONGEST_PAUSE ? pause : LONGEST_PAUSE;
}

static enum acsr_result count_one(struct core *c, const char *bucket, struct acsr_err *e)
{
	struct attempts a;
	int64_t pause;

	if (bucket[0] == '\0')
		return ACSR_OK;
	TRY(attempts_get(c->db, bucket, &a, e));
	if (c->now - a.since >= HOUR || a.since > c->now + HOUR)
		a.count = 0;
	a.since = c->now;
	pause = pause_after(++a.count);
	a.blocked_until = pause > 0 ? c->now + pause : 0;
	return attempts_put(c->db, bucket, &a, e);
}

static enum acsr_result uncount_one(struct core *c, const char *bucket, struct acsr_err *e)
{
	struct attempts a;

	if (bucket[0] == '\0')
		return ACSR_OK;
	TRY(attempts_get(c->db, bucket, &a, e));
	if (a.count > 0)
		a.count--;
	if (a.count < WRONG)
		a.blocked_until = 0;
	return attempts_put(c->db, bucket, &a, e);
}

enum acsr_result throttle_begin(struct core *c, struct request *q, const char *email, const char *user_id,
	struct throttle *t, int64_t *wait, struct acsr_err *e)
{
	*wait = 0;
	TRY(choose(c, q, email, user_id, t, e));
	TRY(pause_of(c, t->bucket, wait, e));
	TRY(pause_of(c, t->network, wait, e));
	if (*wait > 0)
		return ACSR_OK;
	c->count.passwords_checked++;
	TRY(count_one(c, t->bucket, e));
	return count_one(c, t->network, e);
}

bool throttle_is_stranger(const struct throttle *t)
{
	return t->network[0] != '\0';
}

enum acsr_result throttle_undo(struct core *c, const struct throttle *t, struct acsr_err *e)
{
	TRY(uncount_one(c, t->bucket, e));
	return uncount_one(c, t->network, e);
}

static enum acsr_result remember(struct core *c, const char *seen, struct acsr_err *e)
{
	const struct attempts a = { .count = 1, .since = c->now };

	return seen[0] != '\0' ? attempts_put(c->db, seen, &a, e) : ACSR_OK;
}

enum acsr_result throttle_right(struct core *c, const struct throttle *t, struct acsr_err *e)
{
	TRY(attempts_clear(c->db, t->bucket, e));
	TRY(uncount_one(c, t->network, e));
	return remember(c, t->seen, e);
}

enum acsr_result throttle_known(
	struct core *c, const struct request *q, const char *user_id, struct acsr_err *e)
{
	char network[64], seen[160];

	throttle_network(q->m.remote, network);
	snprintf(seen, sizeof(seen), "seen:%s:%s", user_id, network);
	return remember(c, seen, e);
}

enum acsr_result throttle_refuse(struct request *q, int64_t wait, struct acsr_err *e)
{
	struct acsr_err why;

	(void)err_set(&why, "auth.slow", "there were too many wrong attempts; try again in %lld seconds",
		(long long)wait);
	request_problem(q, &why);
	strv_free(&q->headers);
	return request_header(q, e, "Retry-After: %lld", (long long)wait);
}

bool throttle_tell_stranger(struct core *c, uint64_t *untold)
{
	*untold = 0;
	if (c->now - c->strangers.since >= MINUTE || c->now < c->strangers.since) {
		*untold = c->strangers.seen > TOLD ? c->strangers.seen - TOLD : 0;
		c->strangers.since = c->now;
		c->strangers.seen = 0;
	}
	return c->strangers.seen++ < TOLD;
}

enum acsr_result throttle_allow(
	struct core *c, const char *bucket, int64_t most, bool *ok, struct acsr_err *e)
{
	struct attempts a;

	TRY(attempts_get(c->db, bucket, &a, e));
	if (c->now - a.since >= HOUR || a.since > c->now)
		a = (struct attempts){ .since = c->now };
	*ok = a.count < most;
	a.count += *ok;
	return attempts_put(c->db, bucket, &a, e);
}
