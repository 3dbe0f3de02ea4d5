/* Exchanges live in memory only: what must survive is a job, which begins a new one (order.c). */
#include "core/upstream/call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "core/upstream/exchange.h"
#include "core/upstream/reply.h"
#include "core/upstream/terms.h"

enum {
	TRIES = 6, /* of one request, because of its nonce */
	DIRECTORY_LIFE = 86400,
	FORGOTTEN_MS = 1800 * 1000,
	SIGN_SECONDS = 60,
	MOST = 1 << 20
};

/* --- exchanges --- */

static void exchange_free(struct upstream *u, struct exchange *x)
{
	for (struct exchange **p = &u->all; *p != NULL; p = &(*p)->next) {
		if (*p == x) {
			*p = x->next;
			break;
		}
	}
	request_release(x->then.q);
	free(x->url);
	free(x->payload);
	free(x->kid);
	free(x->accept);
	free(x);
}

static struct exchange *find(struct upstream *u, uint64_t id)
{
	for (struct exchange *x = u->all; x != NULL; x = x->next)
		if (x->id == id)
			return x;
	return NULL;
}

/* Those whose step was undone, so that nothing will ever answer them. */
static void sweep(struct upstream *u)
{
	int64_t before = clock_mono_ms() - FORGOTTEN_MS;
	struct exchange *next;

	for (struct exchange *x = u->all; x != NULL; x = next) {
		next = x->next;
		if (x->touched_ms < before)
			exchange_free(u, x);
	}
	upstream_park_sweep(u, before);
}

/* --- the steps of one exchange --- */

static enum acsr_result go_on(struct core *c, struct exchange *x, struct acsr_err *e);

static enum acsr_result over(struct core *c, struct exchange *x, const struct upstream_reply *r,
	const struct acsr_err *why, struct acsr_err *e)
{
	enum acsr_result result;

	if (x->then.q != NULL)
		x->then.q->later = false;
	result = x->then.fn(c, &x->then, r, why, e);
	exchange_free(c->upstream, x);
	return result;
}

static enum acsr_result give_up(
	struct core *c, struct exchange *x, const struct acsr_err *why, struct acsr_err *e)
{
	struct upstream_reply none = { 0 };

	return over(c, x, &none, why, e);
}

/* The CA wants to be left alone for a while: nobody asks it again before. */
static enum acsr_result pause_issuer(struct core *c, const char *issuer, const struct upstream_reply *r,
	const struct acsr_err *why, struct acsr_err *e)
{
	CLEANUP_UPSTREAM_ISSUER struct upstream_issuer i = { 0 };

	TRY(upstream_issuer_load(c->db, issuer, &i, e));
	i.paused_until = r->retry_at;
	TRY(str_set(&i.paused_reason, why->text, e));
	return upstream_issuer_save(c->db, &i, e);
}

static enum acsr_result slow_down(struct core *c, const struct exchange *x, struct upstream_reply *r,
	const struct acsr_err *why, struct acsr_err *e)
{
	bool limit = err_is(why, "upstream.limit");

	if (!limit && (r->status != 503 || r->retry_at == 0))
		return ACSR_OK;
	if (r->retry_at == 0)
		r->retry_at = c->now + conf_span(&c->proc->conf, "upstream.longest_wait");
	return nonce_limit_is_for_everybody(c, x, r) ? pause_issuer(c, x->issuer, r, why, e) : ACSR_OK;
}

static enum acsr_result took_directory(
	struct core *c, struct exchange *x, const struct upstream_reply *r, struct acsr_err *e)
{
	CLEANUP_UPSTREAM_ISSUER struct upstream_issuer i = { 0 };
	CLEANUP_STR char *terms = NULL;
	struct acsr_err why;

	TRY(upstream_issuer_load(c->db, x->issuer, &i, e));
	TRY(terms_of(&i, &terms, e));
	if (reply_directory(&i, r, &why) != ACSR_OK)
		return give_up(c, x, &why, e);
	TRY(terms_compare(c, &i, terms, e));
	i.directory_at = c->now;
	TRY(upstream_issuer_save(c->db, &i, e));
	if (strcmp(x->url, "directory") == 0)
		return over(c, x, r, NULL, e);
	return go_on(c, x, e);
}

static enum acsr_result took_answer(struct core *c, struct exchange *x, struct upstream_reply *r,
	const char *nonce, const struct acsr_err *why, struct acsr_err *e)
{
	if (why != NULL && strcmp(r->problem, "badNonce") == 0 && x->tries < TRIES) {
		snprintf(x->nonce, sizeof(x->nonce), "%s", nonce);
		return go_on(c, x, e);
	}
	nonce_keep(c->upstream, x->issuer, nonce, c->now);
	if (why != NULL)
		TRY(slow_down(c, x, r, why, e));
	if (why != NULL && strcmp(r->problem, "userActionRequired") == 0)
		TRY(terms_wanted(c, x->issuer, r, e));
	return over(c, x, r, why, e);
}

static enum acsr_result judge(struct core *c, struct exchange *x, const struct msg_https_response *m,
	const struct upstream_issuer *i, struct upstream_reply *r, struct acsr_err *e)
{
	struct acsr_err why;
	char nonce[NONCE_MAX];
	enum acsr_result good = reply_read(c, i, m, r, nonce, &why);

	if (x->stage != STAGE_SENT && good != ACSR_OK)
		TRY(slow_down(c, x, r, &why, e));
	if (x->stage == STAGE_DIRECTORY)
		return good == ACSR_OK ? took_directory(c, x, r, e) : give_up(c, x, &why, e);
	if (x->stage == STAGE_NONCE) {
		if (good == ACSR_OK && *nonce == '\0')
			good = err_set(&why, "upstream.answer", "%s sent no nonce where it should", i->title);
		if (good != ACSR_OK)
			return give_up(c, x, &why, e);
		snprintf(x->nonce, sizeof(x->nonce), "%s", nonce);
		return go_on(c, x, e);
	}
	return took_answer(c, x, r, nonce, good == ACSR_OK ? NULL : &why, e);
}

static enum acsr_result on_https(
	struct core *c, struct call *call, struct msg *m, const struct acsr_err *why, struct acsr_err *e)
{
	CLEANUP_UPSTREAM_ISSUER struct upstream_issuer i = { 0 };
	struct exchange *x = find(c->upstream, strtoull(call->detail, NULL, 10));
	struct upstream_reply r = { 0 };
	struct acsr_err told;
	enum acsr_result result;

	if (x == NULL)
		return ACSR_OK;
	x->touched_ms = clock_mono_ms();
	TRY(upstream_issuer_load(c->db, x->issuer, &i, e));
	if (m == NULL) {
		(void)err_set(&told, why->id, "%s cannot be reached: %s", i.title, why->text);
		return give_up(c, x, &told, e);
	}
	result = judge(c, x, m->body, &i, &r, e);
	reply_clear(&r);
	return result;
}

static enum acsr_result send_it(struct core *c, struct exchange *x, const struct upstream_issuer *i,
	const char *method, const char *url, struct bytes body, struct acsr_err *e)
{
	struct call like = { .fn = on_https, .q = x->then.q };
	uint64_t seconds = (uint64_t)conf_span(&c->proc->conf, "upstream.timeout");
	struct msg_https_request m = { .method = (char *)(uintptr_t)method,
		.url = (char *)(uintptr_t)url,
		.content_type = body.len > 0 ? (char *)(uintptr_t) "application/jose+json" : NULL,
		.accept = x->stage == STAGE_SENT && x->accept != NULL
				  ? x->accept
				  : (char *)(uintptr_t) "application/json, application/problem+json",
		.body = { (uint8_t *)(uintptr_t)body.p, body.len },
		.roots = i->roots,
		.most = MOST,
		.timeout = seconds < 600 ? seconds : 600 };

	snprintf(like.detail, sizeof(like.detail), "%llu", (unsigned long long)x->id);
	return core_ask(c, ROLE_COURIER, MSG_https_request, &m, (int)m.timeout + 10, &like, e);
}

/* Where the request goes; a name is looked up in the directory. */
static enum acsr_result where_to(
	const struct exchange *x, const struct upstream_issuer *i, char url[UPSTREAM_URL], struct acsr_err *e)
{
	if (strchr(x->url, ':') == NULL) {
		upstream_directory_url(i, x->url, url);
		return *url != '\0' ? ACSR_OK
				    : err_set(e, "upstream.refused.directory", "%s does not offer %s",
					      i->title, x->url);
	}
	snprintf(url, UPSTREAM_URL, "%s", x->url);
	return upstream_url_ok(i, url)
		       ? ACSR_OK
		       : err_set(e, "upstream.answer",
				 "%s leads us to %.120s, which is none of its own https:// servers", i->title,
				 url);
}

static enum acsr_result on_signed(
	struct core *c, struct call *call, struct msg *m, const struct acsr_err *why, struct acsr_err *e)
{
	CLEANUP_UPSTREAM_ISSUER struct upstream_issuer i = { 0 };
	struct exchange *x = find(c->upstream, strtoull(call->detail, NULL, 10));
	const struct msg_jws_signed *s = m != NULL ? m->body : NULL;
	char url[UPSTREAM_URL];
	struct acsr_err no;

	if (x == NULL)
		return ACSR_OK;
	x->touched_ms = clock_mono_ms();
	if (s == NULL)
		return give_up(c, x, why, e);
	TRY(upstream_issuer_load(c->db, x->issuer, &i, e));
	if (where_to(x, &i, url, &no) != ACSR_OK)
		return give_up(c, x, &no, e);
	x->stage = STAGE_SENT;
	return send_it(c, x, &i, "POST", url, (struct bytes){ s->jws.p, s->jws.len }, e);
}

static enum acsr_result sign(struct core *c, struct exchange *x, const struct upstream_issuer *i,
	const char *url, struct acsr_err *e)
{
	struct call like = { .fn = on_signed, .q = x->then.q };
	const char *kid = x->kid != NULL ? x->kid : i->account_url;
	struct msg_sign_jws m = { .key_name =
					  (char *)(uintptr_t)(x->key[0] != '\0' ? x->key : i->account_key),
		.url = (char *)(uintptr_t)url,
		.nonce = x->nonce,
		.kid = (char *)(uintptr_t)kid,
		.payload = { (uint8_t *)x->payload, strlen(x->payload) } };
	enum acsr_result r;

	x->stage = STAGE_SIGN;
	x->tries++;
	snprintf(like.detail, sizeof(like.detail), "%llu", (unsigned long long)x->id);
	r = core_ask(c, ROLE_SIGNER, MSG_sign_jws, &m, SIGN_SECONDS, &like, e);
	x->nonce[0] = '\0'; /* good once */
	return r;
}

static bool directory_is_fresh(
	const struct core *c, const struct exchange *x, const struct upstream_issuer *i)
{
	if (strcmp(x->url, "directory") == 0 || i->directory[0] == '\0')
		return false;
	return i->directory_at <= c->now && i->directory_at > c->now - DIRECTORY_LIFE;
}

static enum acsr_result go_on(struct core *c, struct exchange *x, struct acsr_err *e)
{
	CLEANUP_UPSTREAM_ISSUER struct upstream_issuer i = { 0 };
	char url[UPSTREAM_URL], nonce_url[UPSTREAM_URL];
	struct bytes nothing = { NULL, 0 };
	struct acsr_err no;

	TRY(upstream_issuer_load(c->db, x->issuer, &i, e));
	if (!directory_is_fresh(c, x, &i)) {
		x->stage = STAGE_DIRECTORY;
		return send_it(c, x, &i, "GET", i.directory_url, nothing, e);
	}
	if (where_to(x, &i, url, &no) != ACSR_OK)
		return give_up(c, x, &no, e);
	if (x->payload == NULL) {
		x->stage = STAGE_SENT;
		return send_it(c, x, &i, "GET", url, nothing, e);
	}
	if (nonce_take(c->upstream, x, c->now))
		return sign(c, x, &i, url, e);
	x->stage = STAGE_NONCE;
	upstream_directory_url(&i, "newNonce", nonce_url);
	return send_it(c, x, &i, "HEAD", nonce_url, nothing, e);
}

/* --- the beginning --- */

static enum acsr_result dup_or_null(char **out, const char *s, struct acsr_err *e)
{
	return s != NULL ? str_dup(out, s, e) : ACSR_OK;
}

static enum acsr_result fill(struct exchange *x, const struct upstream_ask *a, struct acsr_err *e)
{
	snprintf(x->issuer, sizeof(x->issuer), "%s", a->issuer);
	snprintf(x->key, sizeof(x->key), "%s", a->key != NULL ? a->key : "");
	TRY(str_dup(&x->url, a->url, e));
	TRY(dup_or_null(&x->payload, a->payload, e));
	TRY(dup_or_null(&x->kid, a->kid, e));
	return dup_or_null(&x->accept, a->accept, e);
}

enum acsr_result upstream_call(
	struct core *c, const struct upstream_ask *a, const struct upstream_then *t, struct acsr_err *e)
{
	struct upstream *u;
	struct exchange *x;

	TRY(upstream_may_ask(c, a, e));
	TRY(upstream_open(c, &u, e));
	sweep(u);
	x = calloc(1, sizeof(*x));
	if (x == NULL)
		return err_nomem(e);
	*x = (struct exchange){ .next = u->all, .id = ++u->last, .touched_ms = clock_mono_ms() };
	u->all = x;
	if (fill(x, a, e) != ACSR_OK) {
		exchange_free(u, x);
		return ACSR_FAIL;
	}
	x->then = *t;
	request_hold(t->q);
	return go_on(c, x, e);
}
