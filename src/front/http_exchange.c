/* One request from its first line to the end of its answer. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <gnutls/gnutls.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/problem.h"
#include "base/rnd.h"
#include "front/http_internal.h"

enum { DRAIN_MAX = 1 << 20 };

struct fixed_header {
	const char *name, *value;
};

/* On every answer. */
static const struct fixed_header always[] = {
	{ "X-Content-Type-Options", "nosniff" },
	{ "Referrer-Policy", "no-referrer" },
	{ "Cross-Origin-Opener-Policy", "same-origin" },
	{ "Cross-Origin-Resource-Policy", "same-origin" },
	{ "Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()" },
	{ "X-Frame-Options", "DENY" },
	{ "Content-Security-Policy",
		"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
		"connect-src 'self'; font-src 'self'; manifest-src 'self'; base-uri 'none'; "
		"form-action 'self'; frame-ancestors 'none'" },
};
static const struct fixed_header hsts = { "Strict-Transport-Security", "max-age=31536000" };
#define FIXED (sizeof(always) / sizeof(always[0]))

/* --- life --- */

static void exchange_free(struct http_exchange *x)
{
	if (x->response != NULL)
		MHD_destroy_response(x->response);
	msg_clear(msg_desc(MSG_http_request), &x->request);
	buf_free(&x->body);
	free(x->target);
	free(x->if_none_match);
	free(x);
}

static struct http_exchange *exchange_new(
	struct http_server *s, struct http_conn *conn, struct MHD_Connection *c, const char *target)
{
	struct http_exchange *x = calloc(1, sizeof(*x));
	struct acsr_err e;

	if (x == NULL)
		return NULL;
	*x = (struct http_exchange){ .server = s, .conn = conn, .mhd = c, .began = clock_mono_ms() };
	buf_init(&x->body, LIMIT_HTTP_BODY);
	if (str_dup(&x->target, target != NULL ? target : "", &e) != ACSR_OK) {
		exchange_free(x);
		return NULL;
	}
	return x;
}

void *http_on_target(void *cls, const char *target, struct MHD_Connection *c)
{
	struct http_conn *conn = http_conn_of(c);

	if (conn == NULL)
		return NULL;
	conn->x = exchange_new(cls, conn, c, target);
	return conn->x;
}

void http_on_completed(
	void *cls, struct MHD_Connection *c, void **con_cls, enum MHD_RequestTerminationCode why)
{
	struct http_exchange *x = *con_cls;

	(void)cls, (void)c;
	if (x == NULL)
		return;
	*con_cls = NULL;
	x->conn->x = NULL;
	http_conn_deadline(x->conn, x->server->config.request_ms);
	x->server->ops->done(
		x->server->arg, x, x->state == X_SENDING && why == MHD_REQUEST_TERMINATED_COMPLETED_OK);
	exchange_free(x);
}

/* --- answers --- */

static bool add_header(struct MHD_Response *r, const char *name, const char *value)
{
	return MHD_add_response_header(r, name, value) == MHD_YES;
}

/* "Name: value" as core writes it. */
static bool add_line(struct MHD_Response *r, const char *line)
{
	const char *colon = strchr(line, ':');
	char name[128];
	size_t n;

	if (colon == NULL || str_has_control(line))
		return false;
	n = (size_t)(colon - line);
	if (n == 0 || n >= sizeof(name))
		return false;
	memcpy(name, line, n);
	name[n] = '\0';
	colon++;
	return add_header(r, name, colon + strspn(colon, " "));
}

static bool add_given(struct MHD_Response *r, const struct http_answer *a)
{
	bool ok = true;

	for (size_t i = 0; a->headers != NULL && i < a->headers->n; i++)
		ok = add_line(r, a->headers->v[i]) && ok;
	return ok;
}

static bool add_headers(struct http_exchange *x, struct MHD_Response *r, const struct http_answer *a)
{
	bool ok = add_given(r, a);

	/* a document of core's may come with a policy of its own, which is stricter */
	for (size_t i = 0; i < FIXED; i++)
		if (MHD_get_response_header(r, always[i].name) == NULL)
			ok = add_header(r, always[i].name, always[i].value) && ok;
	if (x->server->config.tls)
		ok = add_header(r, hsts.name, hsts.value) && ok;
	if (a->type != NULL && *a->type != '\0')
		ok = add_header(r, "Content-Type", a->type) && ok;
	if (!a->cacheable && MHD_get_response_header(r, "Cache-Control") == NULL)
		ok = add_header(r, "Cache-Control", "no-store") && ok;
	if (a->close)
		ok = add_header(r, "Connection", "close") && ok;
	return ok;
}

static void free_body(void *cls)
{
	struct buf *b = cls;

	buf_free(b);
	free(b);
}

/* The response owns a copy of the struct, and with it the bytes: they are wiped when it goes. */
static struct MHD_Response *response_of(struct buf *body)
{
	struct buf *own = malloc(sizeof(*own));
	struct MHD_Response *r;

	if (own == NULL)
		return NULL;
	*own = *body;
	r = MHD_create_response_from_buffer_with_free_callback_cls(own->len, own->p, free_body, own);
	if (r == NULL)
		free(own);
	else
		buf_init(body, body->max);
	return r;
}

static struct MHD_Response *body_response(struct http_exchange *x, const struct http_answer *a)
{
	if (a->constant != NULL) {
		x->body_size = a->constant->len;
		return MHD_create_response_from_buffer(
			a->constant->len, (void *)(uintptr_t)a->constant->p, MHD_RESPMEM_PERSISTENT);
	}
	if (a->body != NULL && a->body->len > 0) {
		x->body_size = a->body->len;
		return response_of(a->body);
	}
	x->body_size = 0;
	return MHD_create_response_from_buffer(0, (void *)(uintptr_t) "", MHD_RESPMEM_PERSISTENT);
}

static void resume(struct http_exchange *x)
{
	bool suspended = x->state == X_WAITING && !x->in_handler;

	x->state = X_ANSWERED;
	if (!suspended)
		return;
	MHD_resume_connection(x->mhd);
	http_server_wake(x->server);
}

void http_answer(struct http_exchange *x, const struct http_answer *a)
{
	struct MHD_Response *r = body_response(x, a);

	if (r != NULL && !add_headers(x, r, a)) {
		log_event(LOG_ERROR, "http.header", "text", "an answer has a header that cannot be sent",
			"request", x->request.request_id, NULL);
		MHD_destroy_response(r);
		r = NULL;
	}
	x->response = r; /* NULL: the connection is closed without an answer */
	x->status = a->status;
	resume(x);
}

void http_answer_problem(struct http_exchange *x, const struct acsr_err *why)
{
	unsigned status = (unsigned)err_face(why->id)->http;
	CLEANUP_STRV struct strv headers = { 0 };
	CLEANUP_BUF struct buf body = { 0 };
	struct acsr_err e;
	enum acsr_result r;

	buf_init(&body, 8192);
	r = problem_write(&body, why, x->request.request_id, &e);
	if (r == ACSR_OK && (status == 503 || status == 429))
		r = strv_add(&headers, "Retry-After: 2", &e);
	if (r == ACSR_OK && (status == 405 || status == 501))
		r = strv_add(&headers, "Allow: " REQUEST_ALLOW, &e);
	if (r != ACSR_OK)
		log_error(LOG_ERROR, "http.problem", &e);
	http_answer(x, &(struct http_answer){ .status = status,
			       .type = PROBLEM_TYPE,
			       .headers = &headers,
			       .body = &body,
			       .close = x->state < X_WAITING });
}

/* Give the library what is ready. MHD_NO closes the connection. */
static enum MHD_Result queue(struct http_exchange *x)
{
	enum MHD_Result r;

	if (x->response == NULL)
		return MHD_NO;
	r = MHD_queue_response(x->mhd, x->status, x->response);
	MHD_destroy_response(x->response);
	x->response = NULL;
	x->state = X_SENDING;
	http_conn_deadline(x->conn, x->server->config.answer_ms);
	return r;
}

/* --- refusing in the middle of a body, where the library cannot answer --- */

static void raw_send(struct http_conn *conn, const struct buf *b)
{
	const union MHD_ConnectionInfo *tls;

	if (!conn->server->config.tls) {
		if (send(conn->fd, b->p, b->len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
			return; /* it would not listen; the connection ends anyway */
		return;
	}
	tls = MHD_get_connection_info(conn->mhd, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	if (tls != NULL && tls->tls_session != NULL)
		(void)gnutls_record_send(tls->tls_session, b->p, b->len);
}

static enum acsr_result raw_answer(
	struct http_conn *conn, const struct acsr_err *why, struct buf *out, struct acsr_err *e)
{
	const struct err_face *face = err_face(why->id);
	CLEANUP_BUF struct buf body = { 0 };

	buf_init(&body, 8192);
	TRY(problem_write(&body, why, conn->x->request.request_id, e));
	TRY(buf_printf(out, e, "HTTP/1.1 %d %s\r\nConnection: close\r\nCache-Control: no-store\r\n",
		face->http, face->title));
	for (size_t i = 0; i < FIXED; i++)
		TRY(buf_printf(out, e, "%s: %s\r\n", always[i].name, always[i].value));
	if (conn->server->config.tls)
		TRY(buf_printf(out, e, "%s: %s\r\n", hsts.name, hsts.value));
	TRY(buf_printf(out, e, "Content-Type: " PROBLEM_TYPE "\r\nContent-Length: %zu\r\n\r\n", body.len));
	return buf_put(out, body.p, body.len, e);
}

void http_conn_refuse(struct http_conn *conn, const struct acsr_err *why)
{
	CLEANUP_BUF struct buf out = { 0 };
	struct acsr_err e;

	buf_init(&out, 16384);
	if (raw_answer(conn, why, &out, &e) == ACSR_OK)
		raw_send(conn, &out);
	conn->x->status = (unsigned)err_face(why->id)->http;
	conn->x->state = X_DRAIN;
}

/* --- requests --- */

static enum acsr_result read_head(
	struct http_exchange *x, const char *url, const char *method, const char *version, struct acsr_err *e)
{
	struct http_head h = { 0 };
	const char *tag;
	char id[32];

	rnd_id("req_", id, sizeof(id));
	TRY(http_head_read(&h, x, url, method, version, e));
	TRY(adapter_read(&h.head, &x->server->config.proxies, &x->request, &x->facts, e));
	tag = adapter_field(&h.head, "If-None-Match");
	TRY(str_dup(&x->if_none_match, tag != NULL ? tag : "", e));
	return str_dup(&x->request.request_id, id, e);
}

/* A refused request has an id, an address and a method too, for the log. */
static void name_refused(struct http_exchange *x, const char *method)
{
	struct msg_http_request *r = &x->request;
	char id[32], text[46];
	struct acsr_err e;

	rnd_id("req_", id, sizeof(id));
	adapter_address_text(x->conn->addr, text);
	if (r->request_id == NULL && str_dup(&r->request_id, id, &e) != ACSR_OK)
		return;
	if (r->remote == NULL && str_dup(&r->remote, text, &e) != ACSR_OK)
		return;
	if (r->method == NULL && str_printf(&r->method, &e, "%.16s", method) != ACSR_OK)
		return;
}

static enum MHD_Result on_head(
	struct http_exchange *x, const char *url, const char *method, const char *version)
{
	enum acsr_result r;
	struct acsr_err e;

	r = read_head(x, url, method, version, &e);
	http_head_wipe(x);
	if (r == ACSR_OK) {
		x->state = X_BODY;
		return MHD_YES;
	}
	name_refused(x, method);
	http_answer_problem(x, &e);
	return queue(x);
}

static enum MHD_Result on_body(struct http_exchange *x, const char *data, size_t *size)
{
	struct acsr_err e;
	size_t n = *size;

	*size = 0;
	if (x->state == X_BODY && buf_put(&x->body, data, n, &e) != ACSR_OK) {
		buf_free(&x->body);
		http_conn_refuse(x->conn, &e);
	}
	/* Bodies hold passwords; the library's own buffer is only const to us by name. */
	wipe((void *)(uintptr_t)data, n);
	if (x->state == X_DRAIN)
		x->drained += n;
	return x->drained > DRAIN_MAX ? MHD_NO : MHD_YES;
}

static enum MHD_Result on_whole(struct http_exchange *x)
{
	x->request.body = (struct blob){ .p = x->body.p, .len = x->body.len };
	buf_init(&x->body, LIMIT_HTTP_BODY);
	http_conn_deadline(x->conn, 0);
	x->state = X_WAITING;
	x->in_handler = true;
	x->server->ops->request(x->server->arg, x);
	x->in_handler = false;
	if (x->state == X_ANSWERED)
		return queue(x);
	MHD_suspend_connection(x->mhd);
	return MHD_YES;
}

enum MHD_Result http_on_call(void *cls, struct MHD_Connection *c, const char *url, const char *method,
	const char *version, const char *data, size_t *size, void **con_cls)
{
	struct http_exchange *x = *con_cls;

	(void)cls, (void)c;
	if (x == NULL)
		return MHD_NO; /* out of memory at its request line */
	if (x->state == X_HEAD)
		return on_head(x, url, method, version);
	if (*size > 0)
		return on_body(x, data, size);
	if (x->state == X_BODY)
		return on_whole(x);
	return x->state == X_ANSWERED ? queue(x) : MHD_NO;
}

/* --- for the user --- */

struct msg_http_request *http_request(struct http_exchange *x)
{
	return &x->request;
}

const char *http_target(const struct http_exchange *x)
{
	return x->target;
}

const char *http_if_none_match(const struct http_exchange *x)
{
	return x->if_none_match != NULL ? x->if_none_match : "";
}

unsigned http_status(const struct http_exchange *x)
{
	return x->status;
}

uint64_t http_body_size(const struct http_exchange *x)
{
	return x->body_size;
}

int64_t http_ms(const struct http_exchange *x)
{
	return clock_mono_ms() - x->began;
}

struct http_tag *http_tag(struct http_exchange *x)
{
	return &x->tag;
}
