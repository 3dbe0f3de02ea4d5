/* Ordering, taking and opening keys. */
#include "cli/forensic/customer.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autocsr/code.h"
#include "autocsr/key.h"
#include "base/clock.h"
#include "base/rnd.h"
#include "base/str.h"
#include "cli/files.h"
#include "cli/forensic/derive.h"
#include "cli/forensic/offer.h"
#include "cli/proof.h"
#include "cli/say.h"
#include "cli/view.h"

#define DEFAULT_DOMAIN "forensic.test"
#define API "/api/v1"

enum { TOKEN_CHARS = 12 };

struct customer {
	struct service *service;
	const struct args *args;
	const char *domain;
	struct offer offer;
	struct opener *opener;
	struct test_order orders[NEEDLE_ORDERS_MAX + 1];
	size_t n;
	int64_t last;
};

const char *fate_name(enum fate f)
{
	static const char *const names[] = { "completed", "unacknowledged", "abandoned" };

	return names[f];
}

const char *customer_product(const struct customer *c)
{
	return c->offer.product;
}

const char *customer_version(const struct customer *c)
{
	return c->offer.version;
}

const struct test_order *customer_orders(const struct customer *c, size_t *n)
{
	*n = c->n;
	return c->orders;
}

int64_t customer_last_delivery(const struct customer *c)
{
	return c->last;
}

/* --- who, and what can be ordered --- */

static enum acsr_result log_in(struct customer *c, const char *email, struct acsr_err *e)
{
	const char *server = args_one(c->args, "server");
	struct proof proof = { .args = c->args, .path = API "/session", .email = email };
	json_t *session = NULL;
	enum acsr_result r;

	if (server == NULL)
		server = getenv("AUTOCSR_SERVER");
	if (server == NULL)
		return err_set(e, "usage.server", "no service: use --server");
	TRY(service_open_anonymous(&c->service, server,
		args_one(c->args, "ca-file") != NULL ? args_one(c->args, "ca-file")
						     : getenv("AUTOCSR_CA_FILE"),
		e));
	proof.service = c->service;
	TRY(proof_post(&proof, &session, e));
	r = service_use_csrf(c->service, view_str(session, "csrf_token"), e);
	json_decref(session);
	return r;
}

enum acsr_result customer_open(struct customer **out, const struct args *a, struct acsr_err *e)
{
	struct customer *c = calloc(1, sizeof(*c));
	const char *email = args_one(a, "email");
	enum acsr_result r;

	if (c == NULL)
		return err_nomem(e);
	c->args = a;
	c->domain = args_one(a, "domain") != NULL ? args_one(a, "domain") : DEFAULT_DOMAIN;
	r = email != NULL ? log_in(c, email, e) : service_open(&c->service, a, e);
	if (r == ACSR_OK)
		r = offer_find(&c->offer, c->service, a, e);
	if (r == ACSR_OK)
		r = opener_new(&c->opener, e);
	if (r != ACSR_OK) {
		customer_close(c);
		return r;
	}
	*out = c;
	return ACSR_OK;
}

/* --- one order --- */

/* Sends {…} to the order and takes the answer. */
static enum acsr_result post(struct customer *c, const struct test_order *o, const char *what,
	const json_t *body, json_t **answer, struct acsr_err *e)
{
	CLEANUP_STR char *path = NULL;

	TRY(service_path(&path, "orders", o->id, what, e));
	return service_post(c->service, path, body, answer, e);
}

static enum acsr_result take_id(struct test_order *o, const json_t *answer, struct acsr_err *e)
{
	const char *id = view_str(answer, "id"), *url = view_str(answer, "archive_url");

	if (id[0] == '\0' || strlen(id) >= sizeof(o->id) || !str_starts(url, API "/") ||
		strpbrk(url, " @\\") != NULL || strstr(url, "..") != NULL || str_has_control(url))
		return err_set(e, "net.answer", "the service's answer is not an order with an archive");
	snprintf(o->id, sizeof(o->id), "%s", id);
	return str_dup(&o->archive_url, url, e);
}

/* A fresh name below the domain; a "*" in the domain says where the fresh part goes. */
static void make_name(const struct customer *c, char *out, size_t cap)
{
	const char *star = strchr(c->domain, '*');
	char token[TOKEN_CHARS + 1];

	rnd_base32(token, TOKEN_CHARS);
	if (star != NULL)
		snprintf(out, cap, "%.*st-%s%.120s", (int)(star - c->domain < 120 ? star - c->domain : 120),
			c->domain, token, star + 1);
	else
		snprintf(out, cap, "t-%s.%.250s", token, c->domain);
}

static enum acsr_result put_form(
	struct customer *c, const struct test_order *o, json_t *body, struct acsr_err *e)
{
	json_t *hand_over = NULL;

	if (c->offer.old)
		return ACSR_OK;
	TRY(opener_hand_over(c->opener, o->form, &hand_over, e));
	if (json_object_set_new(body, "hand_over", hand_over) != 0)
		return err_nomem(e);
	return ACSR_OK;
}

static enum acsr_result place(struct customer *c, struct test_order *o, struct acsr_err *e)
{
	char name[300], key[64];
	struct service_call call = { .method = "POST", .path = API "/orders", .idempotency_key = key };
	json_t *body, *answer = NULL;
	enum acsr_result r;

	rnd_id("forensic-", key, sizeof(key));
	make_name(c, name, sizeof(name));
	body = json_pack("{s:s, s:[s], s:s, s:s}", "product", c->offer.product, "names", name, "key_type",
		o->key_type, "delivery", "download");
	r = body == NULL ? err_nomem(e) : put_form(c, o, body, e);
	call.body = body;
	if (r == ACSR_OK)
		r = service_call(c->service, &call, &answer, e);
	json_decref(body);
	TRY(r);
	r = take_id(o, answer, e);
	json_decref(answer);
	return r;
}

static enum acsr_result reveal(
	struct customer *c, const struct test_order *o, struct acsr_secret **code, struct acsr_err *e)
{
	CLEANUP_STR char *path = NULL;
	struct proof proof = { .service = c->service, .args = c->args };
	json_t *answer = NULL;
	const char *shown;
	enum acsr_result r;

	TRY(service_path(&path, "orders", o->id, "code", e));
	proof.path = path;
	TRY(proof_post(&proof, &answer, e));
	shown = view_str(answer, "code");
	r = acsr_code_normalise(shown, strlen(shown), code, e);
	wipe((void *)(uintptr_t)shown, strlen(shown));
	json_decref(answer);
	return r;
}

static enum acsr_result acknowledge(struct customer *c, const struct test_order *o, struct acsr_err *e)
{
	json_t *body = json_pack("{s:s}", "sha256", o->sha256);
	enum acsr_result r = body != NULL ? post(c, o, "archive/ack", body, NULL, e) : err_nomem(e);

	json_decref(body);
	return r;
}

/* The key's public half is left out of the search before its private half is put in. */
static enum acsr_result derive(const struct customer *c, const struct test_order *o, struct needles *n,
	const struct buf *archive, const struct acsr_secret *code, struct acsr_err *e)
{
	unsigned order = (unsigned)(o - c->orders) + 1;
	struct acsr_key *key = NULL;
	enum acsr_result r;

	TRY(opener_open(c->opener, o->form, archive->p, archive->len, code, &key, e));
	r = derive_public(n, key, e);
	if (r == ACSR_OK)
		r = derive_key(n, order, key, e);
	acsr_key_free(key);
	TRY(r);
	if (code != NULL)
		TRY(derive_code(n, order, code, e));
	return derive_archive(n, order, archive->p, archive->len, code, e);
}

static enum acsr_result hand_over(struct customer *c, struct test_order *o, struct needles *n,
	const struct https_answer *a, struct acsr_err *e)
{
	CLEANUP_SECRET struct acsr_secret *code = NULL;
	uint8_t sha256[32];
	size_t len = 0;

	if (EVP_Q_digest(NULL, "SHA256", NULL, a->body.p, a->body.len, sha256, &len) != 1)
		return err_set(e, "sys.openssl", "OpenSSL does not hash");
	hex_encode(sha256, sizeof(sha256), o->sha256);
	if (o->fate == FATE_COMPLETED)
		TRY(acknowledge(c, o, e));
	o->delivered = c->last = clock_mono_ms();
	if (!form_is_sealed(o->form))
		TRY(reveal(c, o, &code, e));
	if (n != NULL)
		TRY(derive(c, o, n, &a->body, code, e));
	o->judged = n != NULL;
	return ACSR_OK;
}

static enum acsr_result fetch(struct customer *c, struct test_order *o, struct needles *n, struct acsr_err *e)
{
	struct https_answer a = { 0 };
	enum acsr_result r = service_download(c->service, o->archive_url, &a, e);

	if (r == ACSR_OK)
		r = hand_over(c, o, n, &a, e);
	buf_free(&a.body);
	return r;
}

/* Of every five: three completed, one not acknowledged, one left waiting. */
static enum fate fate_of(size_t i)
{
	return i % 5 == 3 ? FATE_UNACKNOWLEDGED : i % 5 == 4 ? FATE_ABANDONED : FATE_COMPLETED;
}

enum acsr_result customer_order(struct customer *c, struct needles *n, struct acsr_err *e)
{
	struct test_order *o = &c->orders[c->n];

	if (c->n >= NEEDLE_ORDERS_MAX)
		return err_set(e, "usage.value", "at most %d orders", NEEDLE_ORDERS_MAX);
	*o = (struct test_order){ .key_type = c->offer.types[c->n % c->offer.n_types],
		.form = c->offer.forms[c->n % c->offer.n_forms],
		.fate = fate_of(c->n) };
	TRY(place(c, o, e));
	c->n++;
	if (o->fate == FATE_ABANDONED)
		return ACSR_OK;
	return fetch(c, o, n, e);
}

enum acsr_result customer_fetch_rest(struct customer *c, struct needles *n, struct acsr_err *e)
{
	for (size_t i = 0; i < c->n; i++) {
		struct test_order *o = &c->orders[i];
		struct acsr_err why = { 0 };

		if (o->fate != FATE_ABANDONED || o->judged || fetch(c, o, n, &why) == ACSR_OK)
			continue;
		if (err_is(&why, "archive.gone"))
			continue;
		if (e != NULL)
			*e = why;
		return ACSR_FAIL;
	}
	return ACSR_OK;
}

enum acsr_result customer_still_served(struct customer *c, struct acsr_err *e)
{
	struct test_order *o = &c->orders[c->n];

	*o = (struct test_order){
		.key_type = c->offer.types[0], .form = c->offer.forms[0], .fate = FATE_COMPLETED
	};
	TRY(place(c, o, e));
	c->n++;
	return fetch(c, o, NULL, e);
}

/* --- the end --- */

static enum acsr_result cancel(struct customer *c, struct test_order *o, struct acsr_err *e)
{
	if (o->cancelled)
		return ACSR_OK;
	TRY(post(c, o, "cancel", NULL, NULL, e));
	o->cancelled = true;
	return ACSR_OK;
}

enum acsr_result customer_cancel(struct customer *c, struct acsr_err *e)
{
	for (size_t i = 0; i < c->n; i++)
		TRY(cancel(c, &c->orders[i], e));
	return ACSR_OK;
}

void customer_close(struct customer *c)
{
	size_t left = 0;

	if (c == NULL)
		return;
	for (size_t i = 0; i < c->n; i++) {
		if (cancel(c, &c->orders[i], NULL) != ACSR_OK)
			left++;
		free(c->orders[i].archive_url);
	}
	if (left > 0)
		say_progress("%zu orders could not be cancelled; cancel them by hand", left);
	service_close(c->service);
	opener_free(c->opener);
	free(c);
}
