/* One request: which directory and route, what RFC 8555 6 asks of it, then the handler. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "autocsr/jwk.h"
#include "base/log.h"
#include "core/acme/acme_int.h"

enum { SEEN_EVERY = 3600 };

static const struct acme_route routes_table[] = {
	{ "GET", "/directory", ACME_OPEN, acme_directory_show },
	{ "POST", "/directory", ACME_KID, acme_directory_show }, /* 6.3 */
	{ "GET", "/new-nonce", ACME_OPEN, acme_nonce },
	{ "POST", "/new-nonce", ACME_KID, acme_nonce },
	{ "POST", "/new-account", ACME_JWK, acme_account_new },
	{ "POST", "/acct/{id}", ACME_KID, acme_account_update },
	{ "POST", "/acct/{id}/orders", ACME_KID, acme_account_orders },
	{ "POST", "/key-change", ACME_KID, acme_key_change },
	{ "POST", "/new-order", ACME_KID, acme_order_new },
	{ "POST", "/new-authz", ACME_KID, acme_authz_new },
	{ "POST", "/order/{id}", ACME_KID, acme_order_show },
	{ "POST", "/order/{id}/finalize", ACME_KID, acme_finalize },
	{ "POST", "/authz/{id}", ACME_KID, acme_authz_show },
	{ "POST", "/chall/{id}", ACME_KID, acme_challenge },
	{ "POST", "/cert/{serial}", ACME_KID, acme_certificate },
	{ "POST", "/cert/{serial}/{n}", ACME_KID, acme_certificate },
	{ "POST", "/revoke-cert", ACME_EITHER, acme_revoke },
	{ "GET", "/renewal-info/{certid}", ACME_OPEN, acme_renewal_info },
	{ 0 },
};

/* --- the request and what belongs to it --- */

static void request_own_free(void *p)
{
	struct acme_request *a = p;

	jws_free(&a->jws);
	acsr_key_free(a->key);
	json_decref(a->payload);
	json_decref(a->subproblems);
	free(a->eab_names);
	free(a);
}

struct acme_request *acme_of(const struct request *q)
{
	return q->own.p;
}

void acme_service_url(struct core *c, char out[600])
{
	size_t n;

	snprintf(out, 600, "%s", conf_str(&c->proc->conf, "server.public_url"));
	for (n = strlen(out); n > 0 && out[n - 1] == '/';)
		out[--n] = '\0';
}

static void set_base(struct core *c, const char *directory, char out[640])
{
	char service[600];

	acme_service_url(c, service);
	snprintf(out, 640, "%s/acme%s%s", service, *directory != '\0' ? "/" : "", directory);
}

void acme_account_uri(struct core *c, const char *directory, const char *account_id, char out[700])
{
	char base[640];

	set_base(c, directory, base);
	snprintf(out, 700, "%s/acct/%s", base, account_id);
}

static enum acsr_result begin(
	struct core *c, struct request *q, struct acme_request **out, struct acsr_err *e)
{
	struct acme_request *a = calloc(1, sizeof(*a));

	if (a == NULL)
		return err_nomem(e);
	a->c = c;
	a->q = q;
	set_base(c, "", a->base);
	q->own.p = a;
	q->own.refuse = refusal_set;
	q->own.free = request_own_free;
	*out = a;
	return ACSR_OK;
}

/* --- where to --- */

/* The directory; *rest: what comes below its base. */
static enum acsr_result find_directory(struct acme_request *a, const char **rest, struct acsr_err *e)
{
	const char *path = a->q->m.path + strlen("/acme");
	size_t len = strcspn(path + 1, "/");
	char name[ACME_DIRECTORY_NAME] = "";
	bool have = false;

	if (!directory_has_segment(path + 1, len)) {
		if (len == 0 || len >= sizeof(name))
			return err_set(e, "object.absent", "there is nothing at %s", a->q->m.path);
		memcpy(name, path + 1, len);
		path += len + 1;
	}
	TRY(acme_directory_find(a->c->db, name, &a->dir, &have, e));
	if (!have)
		return err_set(e, "object.absent", "there is no ACME directory at %s", a->q->m.path);
	set_base(a->c, name, a->base);
	*rest = path;
	return ACSR_OK;
}

/* One that is switched off begins nothing; what was had there can still be fetched, renewed elsewhere and revoked. */
static enum acsr_result check_active(
	const struct acme_request *a, const struct acme_route *r, struct acsr_err *e)
{
	if (a->dir.active || (r->handler != acme_account_new && r->handler != acme_order_new &&
				     r->handler != acme_authz_new && r->handler != acme_finalize))
		return ACSR_OK;
	return err_set(e, "object.absent",
		"this ACME directory is switched off: nothing new can be had at %s", a->q->m.path);
}

static bool method_fits(const struct acme_route *r, const char *method)
{
	return strcmp(r->method, method) == 0 ||
	       (strcmp(method, "HEAD") == 0 && strcmp(r->method, "GET") == 0);
}

static enum acsr_result find_route(
	struct acme_request *a, const char *path, const struct acme_route **out, struct acsr_err *e)
{
	struct request *q = a->q;

	for (const struct acme_route *r = routes_table; r->method != NULL; r++) {
		size_t n = strlen(q->allow);

		if (!route_path_fits(r->path, path, a->param))
			continue;
		if (method_fits(r, q->m.method)) {
			*out = r;
			return ACSR_OK;
		}
		snprintf(q->allow + n, sizeof(q->allow) - n, "%s%s", n > 0 ? ", " : "", r->method);
	}
	if (q->allow[0] != '\0')
		return err_rule(e, "request.method", NULL, "RFC 8555 6.3", "%s is not possible here, only %s",
			q->m.method, q->allow);
	return err_set(e, "object.absent", "there is nothing at %s", q->m.path);
}

/* --- what is asked of a signed request --- */

static enum acsr_result malformed(struct acsr_err *e, const char *field, const char *source, const char *why)
{
	return err_rule(e, "jws.malformed", field, source, "%s", why);
}

static enum acsr_result check_media_type(const struct request *q, struct acsr_err *e)
{
	static const char type[] = "application/jose+json";
	const char *is = q->m.content_type;
	size_t n = strcspn(is, "; \t");

	if (n == sizeof(type) - 1 && strncasecmp(is, type, n) == 0)
		return ACSR_OK;
	return err_rule(e, "request.media-type", "Content-Type", "RFC 8555 6.2", "the body must be %s", type);
}

/* 6.4: what was asked for must be what was signed. */
static enum acsr_result check_url(const struct acme_request *a, struct acsr_err *e)
{
	char service[600], whole[600 + 2048 + 4096 + 2];
	const struct msg_http_request *m = &a->q->m;

	if (!a->jws.has_url)
		return malformed(e, "url", "RFC 8555 6.4.1", "\"url\" is missing");
	acme_service_url(a->c, service);
	snprintf(whole, sizeof(whole), "%s%s%s%s", service, m->path, *m->query != '\0' ? "?" : "", m->query);
	if (strcmp(whole, a->jws.url) != 0)
		return err_rule(e, "acme.url", "url", "RFC 8555 6.4",
			"it was signed for %s, and sent to %.160s", a->jws.url, whole);
	return ACSR_OK;
}

static enum acsr_result check_who(const struct acme_request *a, enum acme_auth auth, struct acsr_err *e)
{
	const struct jws *j = &a->jws;

	if (j->has_jwk && j->has_kid)
		return malformed(e, "kid", "RFC 8555 6.2", "\"jwk\" and \"kid\" exclude each other");
	if (!j->has_jwk && !j->has_kid)
		return malformed(e, "kid", "RFC 8555 6.2", "\"jwk\" or \"kid\" is missing");
	if (auth == ACME_JWK && j->has_kid)
		return malformed(e, "kid", "RFC 8555 6.2", "this request needs \"jwk\", not \"kid\"");
	if (auth == ACME_KID && j->has_jwk)
		return malformed(e, "jwk", "RFC 8555 6.2", "this request needs \"kid\", not \"jwk\"");
	return ACSR_OK;
}

static enum acsr_result check_alg(const struct jws *j, struct acsr_err *e)
{
	if (j->alg >= JWS_RS256 && j->alg <= JWS_ES512)
		return ACSR_OK;
	return err_rule(e, "jws.alg", "alg", "RFC 8555 6.2",
		"\"%s\" signs nothing here; use RS256, ES256, ES384 or ES512", j->alg_name);
}

/* All that can be seen without a key. */
static enum acsr_result read_jws(struct acme_request *a, enum acme_auth auth, struct acsr_err *e)
{
	const struct request *q = a->q;
	enum acsr_result type = check_media_type(q, e);

	/* Whatever its type: a nonce that has appeared in a request is used up (6.5). */
	if (type != ACSR_OK) {
		(void)!jws_read(&a->jws, (struct bytes){ q->m.body.p, q->m.body.len }, NULL);
		return ACSR_FAIL;
	}
	TRY(jws_read(&a->jws, (struct bytes){ q->m.body.p, q->m.body.len }, e));
	TRY(check_alg(&a->jws, e));
	TRY(check_who(a, auth, e));
	TRY(check_url(a, e));
	if (!a->jws.has_nonce)
		return err_rule(e, "acme.nonce", "nonce", "RFC 8555 6.5.2", "the nonce is missing");
	return ACSR_OK;
}

/* --- who signed --- */

static enum acsr_result check_status(const struct acme_account *x, struct acsr_err *e)
{
	if (strcmp(x->status, "valid") == 0)
		return ACSR_OK;
	return err_rule(e, "acme.account.ended", NULL, "RFC 8555 7.3.6", "this account is %s", x->status);
}

static enum acsr_result by_kid(struct acme_request *a, struct acsr_err *e)
{
	TRY(account_by_url(a, a->jws.kid, &a->account, e));
	memcpy(a->thumbprint, a->account.thumbprint, sizeof(a->thumbprint));
	TRY(account_key(a->c, &a->account, &a->key, e));
	TRY(jws_verify(&a->jws, a->key, e));
	TRY(check_status(&a->account, e));
	if (a->c->now - a->account.last_seen_at < SEEN_EVERY)
		return ACSR_OK;
	return acme_account_seen(a->c->db, a->account.id, a->c->now, e);
}

static enum acsr_result by_jwk(struct acme_request *a, struct acsr_err *e)
{
	TRY(jws_key(&a->jws, &a->key, e));
	TRY(jws_verify(&a->jws, a->key, e));
	return acsr_jwk_thumbprint(a->key, a->thumbprint, e);
}

static enum acsr_result read_payload(struct acme_request *a, struct acsr_err *e)
{
	const struct buf *p = &a->jws.payload;
	json_error_t je;

	if (p->len == 0)
		return ACSR_OK;
	a->payload = json_loadb((const char *)p->p, p->len, JSON_REJECT_DUPLICATES, &je);
	if (a->payload == NULL)
		return err_rule(e, "jws.malformed", "payload", "RFC 8555 6.2",
			"line %d, column %d of the payload: %s", je.line, je.column, je.text);
	if (!json_is_object(a->payload))
		return malformed(e, "payload", "RFC 8555 6.2", "the payload must be a JSON object, or empty");
	return ACSR_OK;
}

enum acsr_result acme_want_payload(const struct acme_request *a, struct acsr_err *e)
{
	return a->payload != NULL
		       ? ACSR_OK
		       : malformed(e, "payload", "RFC 8555 6.3", "the payload must be a JSON object");
}

enum acsr_result acme_want_empty(const struct acme_request *a, struct acsr_err *e)
{
	return a->payload == NULL ? ACSR_OK
				  : malformed(e, "payload", "RFC 8555 6.3",
					    "POST-as-GET has an empty payload, no object");
}

/* --- all of it --- */

static enum acsr_result handle(struct acme_request *a, const struct acme_route *r, struct acsr_err *e)
{
	TRY(a->jws.has_kid ? by_kid(a, e) : by_jwk(a, e));
	TRY(check_active(a, r, e));
	TRY(read_payload(a, e));
	return r->handler(a->c, a, e);
}

static enum acsr_result refuse(struct acme_request *a, const struct acsr_err *why)
{
	a->q->later = false;
	request_problem(a->q, why);
	return ACSR_OK;
}

/* What it does is undone when it fails, and nothing that it wanted to say is said; the nonce stays used. */
static enum acsr_result handle_apart(struct acme_request *a, const struct acme_route *r, struct acsr_err *e)
{
	struct core *c = a->c;
	struct outgoing **mark = c->outbox_tail;
	struct acsr_err why;

	TRY(db_savepoint(c->db, e));
	if (handle(a, r, &why) == ACSR_OK)
		return db_release(c->db, e);
	db_rollback_to(c->db);
	call_drop_after(c, mark);
	return refuse(a, &why);
}

static enum acsr_result run_signed(struct acme_request *a, const struct acme_route *r, struct acsr_err *e)
{
	struct acsr_err why, stale;
	enum acsr_result good = read_jws(a, r->auth, &why), fresh = ACSR_OK;
	int64_t before = db_changes(a->c->db);

	/* After a power cut the nonce of a request that only read may be good once more; that of one that did something is
	 * stored with what it did. */
	if (a->jws.has_nonce)
		fresh = nonce_spend(a->c, a->jws.nonce, &stale);
	a->c->passing += db_changes(a->c->db) - before;
	if (good != ACSR_OK)
		return refuse(a, &why);
	if (fresh != ACSR_OK)
		return refuse(a, &stale);
	return handle_apart(a, r, e);
}

enum acsr_result acme_run(struct core *c, struct request *q, struct acsr_err *e)
{
	const struct acme_route *route = NULL;
	struct acme_request *a = NULL;
	const char *rest = "";

	TRY(begin(c, q, &a, e));
	TRY(find_directory(a, &rest, e));
	TRY(find_route(a, rest, &route, e));
	TRY(answer_headers(a, route->auth != ACME_OPEN || route->handler == acme_nonce, e));
	if (route->auth == ACME_OPEN)
		return route->handler(c, a, e);
	return run_signed(a, route, e);
}

enum acsr_result acme_settle(struct core *c, struct acsr_err *e)
{
	c->acme = calloc(1, sizeof(*c->acme));
	if (c->acme == NULL)
		return err_nomem(e);
	TRY(nonce_open(c, e));
	return directory_seed(c, e);
}
