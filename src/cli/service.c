/* Calling the REST API. */
#include "cli/service.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/str.h"
#include "cli/files.h"
#include "cli/login_store.h"
#include "cli/say.h"

#define TRIES 5
#define LONGEST_PAUSE 30
#define TYPE_PREFIX "urn:autocsr:error:"

struct service {
	struct https *http;
	char *server;
	char *csrf;
	struct acsr_secret *own_token;
	const struct acsr_secret *token; /* own_token, or a loan */
};

void service_close(struct service *s)
{
	if (s == NULL)
		return;
	https_free(s->http);
	free(s->server);
	free(s->csrf);
	acsr_secret_free(s->own_token);
	free(s);
}

void service_cleanup(struct service **s)
{
	service_close(*s);
}

enum acsr_result service_open_anonymous(
	struct service **out, const char *server, const char *ca_file, struct acsr_err *e)
{
	struct service *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return err_nomem(e);
	if (https_server(&s->server, server, e) != ACSR_OK || https_new(&s->http, ca_file, e) != ACSR_OK) {
		service_close(s);
		return ACSR_FAIL;
	}
	*out = s;
	return ACSR_OK;
}

void service_use_token(struct service *s, const struct acsr_secret *token)
{
	s->token = token;
}

enum acsr_result service_use_csrf(struct service *s, const char *csrf, struct acsr_err *e)
{
	char *copy = NULL;

	if (str_has_control(csrf))
		return err_set(e, "net.answer", "the service's CSRF token holds control characters");
	TRY(str_dup(&copy, csrf, e));
	free(s->csrf);
	s->csrf = copy;
	return ACSR_OK;
}

/* An option, or an environment variable that is not empty. */
static const char *setting(const struct args *a, const char *option, const char *variable)
{
	const char *v = args_one(a, option);

	if (v == NULL && variable != NULL)
		v = getenv(variable);
	return v != NULL && v[0] != '\0' ? v : NULL;
}

static enum acsr_result check_token(const struct acsr_secret *token, struct acsr_err *e)
{
	const uint8_t *p = acsr_secret_bytes(token);

	for (size_t i = 0; i < acsr_secret_len(token); i++)
		if (p[i] <= 0x20 || p[i] >= 0x7f)
			return err_set(e, "input.token", "the API token holds characters that no token has");
	return ACSR_OK;
}

static enum acsr_result find_token(struct acsr_secret **out, const struct args *a, const struct login *stored,
	bool same_server, struct acsr_err *e)
{
	const char *file = args_one(a, "token-file"), *env = getenv("AUTOCSR_TOKEN");
	struct acsr_secret *token = NULL;

	if (file != NULL)
		TRY(file_get_secret(&token, file, e));
	else if (env != NULL && env[0] != '\0')
		TRY(acsr_secret_new(&token, env, strlen(env), e));
	else if (same_server && stored->token != NULL)
		TRY(acsr_secret_new(
			&token, acsr_secret_bytes(stored->token), acsr_secret_len(stored->token), e));
	else
		return err_set(
			e, "usage.token", "no API token: use --token-file, AUTOCSR_TOKEN, or autocsr login");
	if (check_token(token, e) != ACSR_OK) {
		acsr_secret_free(token);
		return ACSR_FAIL;
	}
	*out = token;
	return ACSR_OK;
}

enum acsr_result service_open(struct service **out, const struct args *a, struct acsr_err *e)
{
	CLEANUP_LOGIN struct login stored = { 0 };
	CLEANUP_SECRET struct acsr_secret *token = NULL;
	const char *server = setting(a, "server", "AUTOCSR_SERVER");
	const char *ca = setting(a, "ca-file", "AUTOCSR_CA_FILE");
	CLEANUP_STR char *clean = NULL;
	bool same;

	TRY(login_load(&stored, e));
	if (server == NULL)
		server = stored.server;
	if (server == NULL)
		return err_set(
			e, "usage.server", "no service: use --server, AUTOCSR_SERVER, or autocsr login");
	TRY(https_server(&clean, server, e));
	same = stored.server != NULL && strcmp(clean, stored.server) == 0;
	if (ca == NULL && same)
		ca = stored.ca_file;
	TRY(find_token(&token, a, &stored, same, e));
	TRY(service_open_anonymous(out, clean, ca, e));
	(*out)->own_token = token;
	(*out)->token = token;
	token = NULL;
	return ACSR_OK;
}

/* A type's last part is an id of ours only when it looks like one. */
static bool id_fits(const char *id)
{
	return id[0] != '\0' && strlen(id) < sizeof(((struct acsr_err *)0)->id) &&
	       strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789.-_") == strlen(id);
}

static const char *id_by_status(long status)
{
	return status == 401 || status == 403 ? "auth.status"
	       : status == 404                ? "object.absent"
	       : status == 429                ? "limit.status"
	       : status >= 500                ? "net.status"
					      : "request.status";
}

enum acsr_result service_problem(long status, const char *body, size_t len, struct acsr_err *e)
{
	json_t *o = json_loadb(body, len, JSON_REJECT_DUPLICATES, NULL);
	const char *type = json_string_value(json_object_get(o, "type"));
	const char *detail = json_string_value(json_object_get(o, "detail"));
	const char *title = json_string_value(json_object_get(o, "title"));
	const char *field = json_string_value(json_object_get(o, "field"));
	const char *source = json_string_value(json_object_get(o, "source"));
	bool ours = type != NULL && str_starts(type, TYPE_PREFIX) && id_fits(type + strlen(TYPE_PREFIX));
	const char *text = detail != NULL ? detail : title;

	if (text != NULL)
		(void)err_rule(e, ours ? type + strlen(TYPE_PREFIX) : id_by_status(status), field, source,
			"%s", text);
	else
		(void)err_set(e, id_by_status(status), "the service answered with HTTP status %ld", status);
	json_decref(o);
	return ACSR_FAIL;
}

static void pause_for(long seconds, long milliseconds)
{
	struct timespec t = { seconds, milliseconds * 1000000 };

	(void)nanosleep(&t, NULL);
}

/* Is another try of any use, and safe? `sent` says that the service may have seen the request. */
static bool again(const struct service_call *call, int try, bool sent, const struct https_answer *a,
	const struct acsr_err *why)
{
	bool repeatable = strcmp(call->method, "GET") == 0 || call->idempotency_key != NULL;
	long wait = a->retry_after > 0 ? a->retry_after : 0;

	if (try + 1 >= TRIES)
		return false;
	if (sent && (a->status != 503 || wait > LONGEST_PAUSE))
		return repeatable && (a->status == 502 || a->status == 504);
	if (!sent && (!repeatable || !(err_is(why, "net.connect") || err_is(why, "net.io") ||
					     err_is(why, "net.timeout") || err_is(why, "net.resolve"))))
		return false;
	return true;
}

static enum acsr_result exchange(struct service *s, const struct service_call *call,
	const struct acsr_secret *body, struct https_answer *a, struct acsr_err *e)
{
	CLEANUP_STR char *url = NULL;
	struct https_request req = { .method = call->method,
		.bearer = s->token,
		.csrf = strcmp(call->method, "GET") != 0 ? s->csrf : NULL,
		.idempotency_key = call->idempotency_key,
		.body = body };

	TRY(str_printf(&url, e, "%s%s", s->server, call->path));
	req.url = url;
	for (int try = 0;; try++) {
		struct acsr_err why = { 0 };
		enum acsr_result r;

		a->status = 0;
		r = https_do(s->http, &req, a, &why);
		if (r == ACSR_OK && a->status != 502 && a->status != 503 && a->status != 504)
			return ACSR_OK;
		if (!again(call, try, r == ACSR_OK, a, &why)) {
			if (r != ACSR_OK && e != NULL)
				*e = why;
			return r;
		}
		say_progress("%s; trying again", r == ACSR_OK ? "the service is busy" : why.text);
		if (a->retry_after > 0)
			pause_for(a->retry_after, 0);
		else
			pause_for((1L << try) / 2, try == 0 ? 500 : 0);
	}
}

static enum acsr_result body_of(struct acsr_secret **out, const json_t *body, struct acsr_err *e)
{
	char *text = json_dumps(body, JSON_COMPACT);
	enum acsr_result r;

	if (text == NULL)
		return err_nomem(e);
	r = acsr_secret_new(out, text, strlen(text), e);
	wipe(text, strlen(text));
	free(text);
	return r;
}

static enum acsr_result parse_answer(const struct https_answer *a, json_t **answer, struct acsr_err *e)
{
	json_error_t bad;
	json_t *o;

	if (a->status < 200 || a->status > 299)
		return service_problem(a->status, (const char *)a->body.p, a->body.len, e);
	o = a->body.len == 0 ? json_null()
			     : json_loadb((const char *)a->body.p, a->body.len, JSON_REJECT_DUPLICATES, &bad);
	if (o == NULL)
		return err_set(e, "net.answer", "the service's answer is not JSON: %s", bad.text);
	if (answer != NULL)
		*answer = o;
	else
		json_decref(o);
	return ACSR_OK;
}

enum acsr_result service_call(
	struct service *s, const struct service_call *call, json_t **answer, struct acsr_err *e)
{
	CLEANUP_SECRET struct acsr_secret *body = NULL;
	struct https_answer a = { 0 };
	enum acsr_result r;

	if (call->body != NULL)
		TRY(body_of(&body, call->body, e));
	r = exchange(s, call, call->secret_body != NULL ? call->secret_body : body, &a, e);
	if (r == ACSR_OK)
		r = parse_answer(&a, answer, e);
	buf_free(&a.body);
	return r;
}

enum acsr_result service_download(
	struct service *s, const char *path, struct https_answer *a, struct acsr_err *e)
{
	CLEANUP_STR char *url = NULL;
	struct https_request req = { .method = "GET", .bearer = s->token };

	TRY(str_printf(&url, e, "%s%s", s->server, path));
	req.url = url;
	TRY(https_do(s->http, &req, a, e));
	if (a->status != 200)
		return service_problem(a->status, (const char *)a->body.p, a->body.len, e);
	return ACSR_OK;
}

enum acsr_result service_get(struct service *s, const char *path, json_t **answer, struct acsr_err *e)
{
	struct service_call call = { .method = "GET", .path = path };

	return service_call(s, &call, answer, e);
}

enum acsr_result service_post(
	struct service *s, const char *path, const json_t *body, json_t **answer, struct acsr_err *e)
{
	struct service_call call = { .method = "POST", .path = path, .body = body };

	return service_call(s, &call, answer, e);
}

enum acsr_result service_path(
	char **out, const char *kind, const char *id, const char *what, struct acsr_err *e)
{
	static const char fine[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";

	if (id[0] == '\0' || strlen(id) > 100 || strspn(id, fine) != strlen(id))
		return err_set(e, "input.id", "\"%.60s\" is not an id", id);
	return str_printf(out, e, "/api/v1/%s/%s%s%s", kind, id, what[0] != '\0' ? "/" : "", what);
}

/* RFC 8259 7. `at` has room for six times the length. */
static size_t quote(uint8_t *at, const uint8_t *p, size_t n)
{
	uint8_t *start = at;

	*at++ = '"';
	for (size_t i = 0; i < n; i++) {
		if (p[i] == '"' || p[i] == '\\') {
			*at++ = '\\';
			*at++ = p[i];
		} else if (p[i] < 0x20) {
			memcpy(at, "\\u00", 4);
			at[4] = p[i] & 0x10 ? '1' : '0';
			at[5] = (uint8_t) "0123456789abcdef"[p[i] & 0xf];
			at += 6;
		} else {
			*at++ = p[i];
		}
	}
	*at++ = '"';
	return (size_t)(at - start);
}

static size_t member(uint8_t *at, const char *name, const void *p, size_t n)
{
	uint8_t *start = at;

	if (p == NULL)
		return 0;
	*at++ = ',';
	at += quote(at, (const uint8_t *)name, strlen(name));
	*at++ = ':';
	at += quote(at, p, n);
	return (size_t)(at - start);
}

enum acsr_result service_password_body(struct acsr_secret **out, const char *email,
	const struct acsr_secret *password, const char *totp, struct acsr_err *e)
{
	size_t pn = password != NULL ? acsr_secret_len(password) : 0;
	const void *p = password != NULL ? acsr_secret_bytes(password) : NULL;
	size_t room =
		6 * ((email != NULL ? strlen(email) : 0) + pn + (totp != NULL ? strlen(totp) : 0)) + 100;
	CLEANUP_SECRET struct acsr_secret *s = NULL;
	uint8_t *at;

	if (p != NULL && !str_is_utf8(p, pn))
		return err_set(e, "input.password", "the password is not UTF-8");
	TRY(secret_zeroed(&s, room, e));
	at = secret_data(s);
	at += member(at, "email", email, email != NULL ? strlen(email) : 0);
	at += member(at, "password", p, pn);
	at += member(at, "totp", totp, totp != NULL ? strlen(totp) : 0);
	if (at == secret_data(s))
		at++;
	*at++ = '}';
	secret_data(s)[0] = '{';
	return acsr_secret_new(out, acsr_secret_bytes(s), (size_t)(at - secret_data(s)), e);
}
