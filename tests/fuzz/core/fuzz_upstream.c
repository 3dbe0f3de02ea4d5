/*
 * What another CA answers: headers, JSON, problems, a directory, authorizations, times. Whatever comes is refused in words that a
 * person can read, or is what it claims to be; a URL that is kept is one of the CA's own. Input: a letter, then for
 *   h  headers, one a line, an empty line, the body       p  the same with status 403
 *   d  a directory      a  an authorization      t  a time (RFC 3339)      r  a Retry-After
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
#include "core/upstream/orders.h"
#include "core/upstream/reply.h"

enum { NOW = 1795000000, TEXT_MAX = 100000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct world *w;
static char text[TEXT_MAX + 1];

static void must(bool ok)
{
	if (!ok)
		abort();
}

static struct upstream_issuer issuer(void)
{
	static char empty[] = "", url[] = "https://ca.test/directory",
		    directory[] =
			    "{\"newOrder\":\"https://ca.test/o\",\"newAccount\":\"https://api.ca.test/a\"}",
		    account[] = "https://ca.test/acct/1";

	return (struct upstream_issuer){ .name = "up",
		.kind = "acme",
		.title = "Up",
		.directory_url = url,
		.directory = directory,
		.roots = empty,
		.contacts = empty,
		.terms_agreed = empty,
		.account_url = account,
		.paused_reason = empty,
		.account_thumbprint = "thumbprint_thumbprint_thumbprint_thumbprint" };
}

static void readable(const struct acsr_err *e)
{
	must(e->id[0] != '\0' && e->text[0] != '\0' && !str_has_control(e->text) &&
		str_is_utf8(e->text, strlen(e->text)));
	must(str_has_control(e->id) == false);
}

static void kept_is_theirs(const struct upstream_issuer *i, const struct upstream_reply *r)
{
	for (size_t k = 0; k < r->alternates.n; k++)
		must(upstream_url_ok(i, r->alternates.v[k]));
	must(r->next[0] == '\0' || upstream_url_ok(i, r->next));
}

/* Header lines up to an empty one; the body is what is behind. */
static const char *take_headers(struct strv *out)
{
	char *rest = text, *line;

	while ((line = strsep(&rest, "\n")) != NULL && *line != '\0')
		must(strv_add(out, line, NULL) == ACSR_OK);
	return rest != NULL ? rest : "";
}

static void reply(unsigned status)
{
	struct upstream_issuer i = issuer();
	struct upstream_reply r = { 0 };
	struct msg_https_response m = { .status = status };
	struct acsr_err e;
	char type[] = "application/json", nonce[257];
	const char *body = take_headers(&m.headers);

	m.content_type = type;
	must(blob_set(&m.body, body, strlen(body), NULL) == ACSR_OK);
	if (reply_read(&w->c, &i, &m, &r, nonce, &e) != ACSR_OK)
		readable(&e);
	else
		must(status < 300 && (r.location[0] == '\0' || upstream_url_ok(&i, r.location)));
	must(strspn(nonce, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") ==
		strlen(nonce));
	must(r.retry_at == 0 || (r.retry_at > NOW && r.retry_at <= NOW + 36500LL * 86400));
	kept_is_theirs(&i, &r);
	reply_clear(&r);
	strv_free(&m.headers);
	blob_free(&m.body);
}

static void directory(void)
{
	struct upstream_issuer i = issuer();
	struct upstream_reply r = { .body = { (const uint8_t *)text, strlen(text) },
		.json = json_loads(text, JSON_REJECT_DUPLICATES, NULL) };
	char url[UPSTREAM_URL];
	struct acsr_err e;

	if (!json_is_object(r.json)) {
		json_decref(r.json);
		r.json = NULL;
	}
	i.directory = NULL;
	if (reply_directory(&i, &r, &e) == ACSR_OK) {
		upstream_directory_url(&i, "newOrder", url);
		must(upstream_url_ok(&i, url));
		json_decref(upstream_meta(&i));
	} else {
		readable(&e);
	}
	free(i.directory);
	json_decref(r.json);
}

static void authorization(bool wildcard)
{
	json_t *authz = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	struct errand x = { .i = issuer(), .o = { .account_id = "acc_1" } };
	struct validation v = { 0 };
	struct acsr_err e;
	char name[256];

	snprintf(v.name, sizeof(v.name), "%s", wildcard ? "*.good.test" : "www.good.test");
	v.wildcard = wildcard;
	(void)!offer_name(authz, name);
	offer_why(&x.i, json_object_get(authz, "error"), name, &e);
	readable(&e);
	if (offer_read(&w->c, &x, "https://ca.test/authz/1", authz, &v, &e) == ACSR_OK) {
		must(upstream_url_ok(&x.i, v.challenge_url) && v.record[0] != '\0' && v.value[0] != '\0');
		must(!wildcard || str_starts(v.method, "dns"));
		must(offer_challenge(authz, v.challenge_url) != NULL);
	} else {
		readable(&e);
	}
	validation_clear(&v);
	json_decref(authz);
}

static void moment(void)
{
	json_t *s = json_string(text);
	int64_t t = errand_time(s);

	must(t > -100000000000 && t < 400000000000);
	json_decref(s);
}

static void clean_up(void)
{
	void *state = w;

	(void)!world_end(&state);
}

static void set_up(void)
{
	void *state = NULL;

	must(world_begin(&state) == 0);
	w = state;
	atexit(clean_up);
	world_open(w, NOW);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (w == NULL) {
		__lsan_disable(); /* what the loop watches only the kernel points at */
		set_up();
		__lsan_enable();
	}
	if (size < 1 || size > TEXT_MAX)
		return 0;
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	switch (data[0]) {
	case 'h':
	case 'p':
		reply(data[0] == 'h' ? 200 : 403);
		break;
	case 'd':
		directory();
		break;
	case 'a':
		authorization(false);
		authorization(true);
		break;
	case 't':
		moment();
		break;
	case 'r':
		must(reply_retry_after(text, NOW) >= -1);
		break;
	default:
		break;
	}
	return 0;
}
