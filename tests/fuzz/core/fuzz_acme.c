/*
 * The ACME server under a client that has an account, and says what it likes: every request is signed and fresh, so that each
 * handler sees the payload. The first byte chooses the route; with its highest bit the rest is the whole body, signed or not, and
 * with the next one the payload is itself a JWS by another key (keyChange). Nothing is kept from one input to the next.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sanitizer/lsan_interface.h>

#include "../../unit/core/core_world.h"
#include "core/acme/acme_int.h"

enum { NOW = 1795000000, PATHS = 11, RAW = 0x80, INNER = 0x40 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct world *w;
static struct acsr_key *own_key, *other_key;
static char kid[700];
static char paths[PATHS][200] = { "/acme/new-account", "/acme/new-order", "/acme/new-authz",
	"/acme/key-change", "/acme/revoke-cert", "/acme/renewal-info/" };

static void must(bool ok)
{
	if (!ok)
		abort();
}

static struct request *ask(const char *method, const char *path, struct bytes body, struct acsr_err *e)
{
	struct msg_http_request r = { 0 };
	struct msg m = { .type = MSG_http_request, .id = 1, .body = &r, .fd = -1, .from = ROLE_FRONT };
	struct request *q;

	must(str_dup(&r.method, method, NULL) == ACSR_OK && str_dup(&r.path, path, NULL) == ACSR_OK);
	must(str_dup(&r.query, "", NULL) == ACSR_OK && str_dup(&r.remote, "192.0.2.1", NULL) == ACSR_OK);
	must(str_dup(&r.host, "certs.test", NULL) == ACSR_OK && str_dup(&r.origin, "", NULL) == ACSR_OK);
	must(str_dup(&r.content_type, *method == 'P' ? "application/jose+json" : "", NULL) == ACSR_OK);
	must(str_dup(&r.csrf, "", NULL) == ACSR_OK && str_dup(&r.idempotency_key, "", NULL) == ACSR_OK);
	must(str_dup(&r.user_agent, "fuzz", NULL) == ACSR_OK && str_dup(&r.request_id, "", NULL) == ACSR_OK);
	must(blob_set(&r.body, body.p, body.len, NULL) == ACSR_OK);
	q = request_new(&w->c, &m);
	must(q != NULL);
	if (acme_run(&w->c, q, e) != ACSR_OK)
		request_problem(q, e);
	return q;
}

/* Signed by the account, or as a stranger does whose account is to be made. */
static struct request *ask_signed(const char *path, const char *as, struct bytes payload, struct acsr_err *e)
{
	CLEANUP_BUF struct buf body = { 0 };
	char url[300], nonce[ACME_NONCE_TEXT];
	struct jws_head head = { .url = url, .nonce = nonce, .kid = as };

	snprintf(url, sizeof(url), "https://certs.test%s", path);
	must(nonce_make(&w->c, nonce, e) == ACSR_OK);
	buf_init(&body, 1 << 20);
	must(jws_sign(own_key, &head, payload, &body, e) == ACSR_OK);
	return ask("POST", path, (struct bytes){ body.p, body.len }, e);
}

static const char *location(const struct request *q)
{
	for (size_t i = 0; i < q->headers.n; i++)
		if (str_starts(q->headers.v[i], "Location: "))
			return q->headers.v[i] + 10;
	return "";
}

static void path_of(char out[200], const char *url)
{
	must(str_starts(url, "https://certs.test/acme/"));
	snprintf(out, 200, "%s", url + 18);
}

static struct bytes text(const char *s)
{
	return (struct bytes){ (const uint8_t *)s, strlen(s) };
}

/* An account with an order that is ready: the paths of all that it has. */
static void set_up_order(void)
{
	struct acsr_err e;
	struct request *q = ask_signed(paths[1], kid,
		text("{\"identifiers\":[{\"type\":\"dns\",\"value\":\"www.good.test\"}]}"), &e);
	json_t *authz, *challenge;

	must(q->status == 201);
	path_of(paths[6], location(q));
	path_of(paths[7], json_string_value(json_object_get(q->answer, "finalize")));
	path_of(paths[8], json_string_value(json_array_get(json_object_get(q->answer, "authorizations"), 0)));
	request_release(q);
	q = ask_signed(paths[8], kid, text(""), &e);
	authz = json_object_get(q->answer, "challenges");
	challenge = json_array_get(authz, 0);
	path_of(paths[9], json_string_value(json_object_get(challenge, "url")));
	request_release(q);
	world_exec(w, "UPDATE acme_authzs SET status = 'valid', type = 'http-01', proved_at = 1795000000, "
		      "caa_at = 1795000000");
}

static void clean_up(void)
{
	void *state = w;

	(void)!world_end(&state);
}

static void set_up(void)
{
	struct person ann;
	struct acsr_err e;
	struct request *q;
	void *state = NULL;

	must(world_begin(&state) == 0);
	w = state;
	atexit(clean_up);
	world_register(w, "ann@good.test", &ann);
	world_exec(w, "INSERT INTO acme_directories (name, title, products, eab, account_id, challenges, "
		      "terms, website, active, "
		      "created_at) SELECT '', 'ACME', 'dv dv-wildcard', 'optional', id, 'http-01 dns-01 "
		      "tls-alpn-01', '', '', 1, 1 "
		      "FROM accounts LIMIT 1");
	world_open(w, NOW);
	must(acme_settle(&w->c, &e) == ACSR_OK);
	must(acsr_key_generate(&own_key, "ec:p256", &e) == ACSR_OK &&
		acsr_key_generate(&other_key, "ec:p256", &e) == ACSR_OK);
	q = ask_signed(paths[0], NULL, text("{\"termsOfServiceAgreed\":true}"), &e);
	must(q->status == 201);
	snprintf(kid, sizeof(kid), "%s", location(q));
	path_of(paths[10], kid);
	request_release(q);
	set_up_order();
	world_close(w);
}

/* Signed by the key that the account is to have. */
static struct request *ask_inner(const char *path, struct bytes payload, struct acsr_err *e)
{
	CLEANUP_BUF struct buf inner = { 0 };
	struct jws_head head = { .url = "https://certs.test/acme/key-change" };

	buf_init(&inner, 1 << 20);
	must(jws_sign(other_key, &head, payload, &inner, e) == ACSR_OK);
	return ask_signed(path, kid, (struct bytes){ inner.p, inner.len }, e);
}

static struct request *ask_as_told(uint8_t how, const uint8_t *data, size_t size, struct acsr_err *e)
{
	const char *path = paths[how & 0x3f];

	if (strcmp(path, "/acme/renewal-info/") == 0) {
		char whole[200];

		snprintf(whole, sizeof(whole), "%s%.*s", path,
			(int)strnlen((const char *)data, size < 150 ? size : 150), (const char *)data);
		return ask("GET", whole, (struct bytes){ NULL, 0 }, e);
	}
	if (how & RAW)
		return ask("POST", path, (struct bytes){ data, size }, e);
	if (how & INNER)
		return ask_inner(path, (struct bytes){ data, size }, e);
	return ask_signed(path, strcmp(path, paths[0]) == 0 ? NULL : kid, (struct bytes){ data, size }, e);
}

/* Whatever it was: an answer with a status that ACME has, and a refusal that says why. */
static void check(const struct request *q)
{
	if (q->later)
		return;
	must(q->status < 600);
	if (q->status >= 400)
		must(q->status != 500 && q->raw.len > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct outgoing **mark;
	struct acsr_err e;
	struct request *q;

	if (w == NULL) {
		__lsan_disable(); /* what the loop watches only the kernel points at */
		set_up();
		__lsan_enable();
	}
	if (size < 1 || size > 100000 || (data[0] & 0x3f) >= PATHS)
		return 0;
	world_open(w, NOW);
	mark = w->c.outbox_tail;
	q = ask_as_told(data[0], data + 1, size - 1, &e);
	check(q);
	call_drop_after(&w->c, mark);
	request_release(q);
	db_rollback(w->c.db);
	return 0;
}
