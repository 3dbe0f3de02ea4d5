/* Taking requests over, reading their bodies, making their answers. */
#include "core/request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/log.h"
#include "base/problem.h"
#include "core/jsontext.h"

struct request *request_new(struct core *c, struct msg *m)
{
	struct request *q = calloc(1, sizeof(*q));

	if (q == NULL)
		abort();
	q->id = m->id;
	q->front_life = c->front_life;
	q->m = *(struct msg_http_request *)m->body;
	memset(m->body, 0, sizeof(q->m));
	snprintf(q->instance, sizeof(q->instance), "%s", q->m.request_id);
	buf_init(&q->raw, 4000000);
	return q;
}

void request_hold(struct request *q)
{
	if (q != NULL)
		q->holders++;
}

void request_release(struct request *q)
{
	if (q == NULL || --q->holders > 0)
		return;
	if (q->own.p != NULL)
		q->own.free(q->own.p);
	msg_clear(msg_desc(MSG_http_request), &q->m);
	json_decref(q->body);
	json_decref(q->answer);
	buf_free(&q->raw);
	strv_free(&q->headers);
	free(q);
}

/* --- reading --- */

static int hex_value(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
				      : -1;
}

static bool decode_query(const char *s, size_t n, char *out, size_t cap)
{
	size_t o = 0;

	for (size_t i = 0; i < n; i++) {
		int c = s[i] == '+' ? ' ' : (unsigned char)s[i];

		if (s[i] == '%') {
			if (i + 2 >= n || hex_value(s[i + 1]) < 0 || hex_value(s[i + 2]) < 0)
				return false;
			c = hex_value(s[i + 1]) << 4 | hex_value(s[i + 2]);
			i += 2;
		}
		if (c == 0 || o + 1 >= cap)
			return false;
		out[o++] = (char)c;
	}
	out[o] = '\0';
	return str_is_utf8(out, o);
}

bool request_query(const struct request *q, const char *name, char *out, size_t cap)
{
	size_t n = strlen(name);

	for (const char *p = q->m.query; p != NULL && *p != '\0';) {
		size_t len = strcspn(p, "&");

		if (len > n && strncmp(p, name, n) == 0 && p[n] == '=')
			return decode_query(p + n + 1, len - n - 1, out, cap);
		p += len;
		p += *p == '&';
	}
	return false;
}

static enum acsr_result wrong_kind(const struct field *f, const char *what, struct acsr_err *e)
{
	return err_rule(e, "request.field.kind", f->name, NULL, "%s must be %s", f->name, what);
}

/* Long texts (a CSR, a note) may have lines; short ones may not. */
static bool acceptable_text(const char *s, size_t max)
{
	CLEANUP_STR char *copy = NULL;

	if (max <= 1000)
		return !str_has_control(s);
	copy = strdup(s);
	if (copy == NULL)
		return false;
	for (char *p = copy; *p != '\0'; p++)
		if (*p == '\n' || *p == '\r' || *p == '\t')
			*p = ' ';
	return !str_has_control(copy);
}

static enum acsr_result read_text(const struct field *f, json_t *v, struct acsr_err *e)
{
	if (!json_is_string(v))
		return wrong_kind(f, "a string", e);
	if (strlen(json_string_value(v)) != json_string_length(v) ||
		!acceptable_text(json_string_value(v), f->max))
		return err_rule(
			e, "request.field.control", f->name, NULL, "%s contains control characters", f->name);
	if (json_string_length(v) > f->max)
		return err_rule(e, "request.field.length", f->name, NULL, "%s is longer than %zu bytes",
			f->name, f->max);
	*(const char **)f->out = json_string_value(v);
	return ACSR_OK;
}

static enum acsr_result read_field(const struct field *f, json_t *v, struct acsr_err *e)
{
	switch (f->kind) {
	case FIELD_TEXT:
		return read_text(f, v, e);
	case FIELD_BOOL:
		if (!json_is_boolean(v))
			return wrong_kind(f, "true or false", e);
		*(bool *)f->out = json_is_true(v);
		return ACSR_OK;
	case FIELD_INT:
		if (!json_is_integer(v))
			return wrong_kind(f, "a whole number", e);
		*(int64_t *)f->out = json_integer_value(v);
		return ACSR_OK;
	case FIELD_LIST:
		if (!json_is_array(v))
			return wrong_kind(f, "a list", e);
		if (json_array_size(v) > f->max)
			return err_rule(e, "request.field.count", f->name, NULL,
				"%s has %zu entries, at most %zu are allowed", f->name, json_array_size(v),
				f->max);
		*(json_t **)f->out = v;
		return ACSR_OK;
	case FIELD_OBJECT:
		if (!json_is_object(v))
			return wrong_kind(f, "an object", e);
		*(json_t **)f->out = v;
		return ACSR_OK;
	}
	return ACSR_FAIL;
}

static enum acsr_result refuse_unknown(json_t *body, const struct field *fields, struct acsr_err *e)
{
	const char *name;
	json_t *v;

	json_object_foreach(body, name, v)
	{
		bool known = false;

		for (const struct field *f = fields; f->name != NULL; f++)
			known = known || strcmp(f->name, name) == 0;
		if (!known)
			return err_rule(e, "request.field.unknown", name, NULL,
				"there is no field \"%s\" here", name);
	}
	return ACSR_OK;
}

enum acsr_result request_fields(struct request *q, const struct field *fields, struct acsr_err *e)
{
	if (q->body != NULL)
		TRY(refuse_unknown(q->body, fields, e));
	for (const struct field *f = fields; f->name != NULL; f++) {
		json_t *v = json_object_get(q->body, f->name);

		if (v != NULL && !json_is_null(v))
			TRY(read_field(f, v, e));
		else if (f->required)
			return err_rule(e, "request.field.missing", f->name, NULL, "%s is missing", f->name);
	}
	return ACSR_OK;
}

/* --- answering --- */

enum acsr_result request_header(struct request *q, struct acsr_err *e, const char *fmt, ...)
{
	char line[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	return strv_add(&q->headers, line, e);
}

enum acsr_result request_answer(struct request *q, unsigned status, json_t *answer)
{
	json_decref(q->answer);
	q->answer = answer;
	q->status = status;
	return ACSR_OK;
}

/* The inner workings are for the log, not for whoever asks. */
struct acsr_err request_shown(const struct acsr_err *why)
{
	struct acsr_err shown = *why;

	if (err_is(why, "sys.") || err_is(why, "kek.") || err_is(why, "ipc.") ||
		str_starts(why->text, "database: "))
		snprintf(shown.text, sizeof(shown.text),
			"something went wrong inside the service; its log tells more under this request's "
			"number");
	return shown;
}

void request_problem(struct request *q, const struct acsr_err *why)
{
	const struct err_face *face = err_face(why->id);
	const struct acsr_err shown = request_shown(why);

	json_decref(q->answer);
	q->answer = NULL;
	buf_reset(&q->raw);
	strv_free(&q->headers);
	q->ticket[0] = '\0';
	q->status = (unsigned)face->http;
	q->content_type = PROBLEM_TYPE;
	if (q->own.p != NULL)
		q->own.refuse(q, &shown);
	else if (problem_write(&q->raw, &shown, q->instance, NULL) != ACSR_OK)
		buf_reset(&q->raw);
	if (q->own.p == NULL && (q->status == 429 || q->status == 503))
		(void)!request_header(q, NULL, "Retry-After: %lld",
			q->retry_after > 0 ? (long long)q->retry_after
			: q->status == 429 ? 60
					   : 5);
	if (q->status == 405 && q->allow[0] != '\0')
		(void)!request_header(q, NULL, "Allow: %s", q->allow);
	if (q->status == 401 && q->who.kind == WHO_NOBODY && q->own.p == NULL)
		(void)!request_header(q, NULL, "WWW-Authenticate: Bearer");
	if (face->http >= 500)
		log_event(LOG_ERROR, "request.failed", "request", q->instance, "error", why->id, "text",
			why->text, NULL);
	else
		log_event(LOG_DEBUG, "request.refused", "request", q->instance, "error", why->id, NULL);
}

void request_problem_with(struct request *q, json_t *members)
{
	json_t *problem = json_loadb((const char *)q->raw.p, q->raw.len, 0, NULL);
	char *text = json_object_update(problem, members) == 0 ? json_dumps(problem, JSON_COMPACT) : NULL;

	if (text != NULL) {
		buf_reset(&q->raw);
		(void)!buf_putstr(&q->raw, text, NULL);
	}
	json_dumps_free(text);
	json_decref(problem);
	json_decref(members);
}

static enum acsr_result body_of(struct request *q, struct blob *out, struct acsr_err *e)
{
	enum acsr_result r;
	char *text;

	if (q->answer == NULL)
		return blob_set(out, q->raw.p != NULL ? q->raw.p : (const uint8_t *)"", q->raw.len, e);
	text = json_dumps(q->answer, JSON_COMPACT);
	r = text != NULL ? blob_set(out, text, strlen(text), e) : err_nomem(e);
	json_dumps_free(text); /* wipes: it may hold an unlock code */
	return r;
}

enum { ANSWER_MAX = 4000000 }; /* as http_response has it */

/* The bytes of the answer; one that cannot be sent becomes a problem, so that nobody waits in vain. */
static enum acsr_result sendable_body(struct request *q, struct blob *out, struct acsr_err *e)
{
	struct acsr_err why;

	TRY(body_of(q, out, e));
	if (out->len <= ANSWER_MAX)
		return ACSR_OK;
	blob_free(out);
	(void)err_set(&why, "sys.answer-size", "an answer of more than %d bytes", ANSWER_MAX);
	request_problem(q, &why);
	return body_of(q, out, e);
}

void request_send(struct core *c, struct request *q)
{
	struct blob body = { 0 };
	struct acsr_err e;
	bool whole = q->front_life == c->front_life && sendable_body(q, &body, &e) == ACSR_OK;
	const char *type = q->answer != NULL         ? "application/json"
			   : q->content_type != NULL ? q->content_type
						     : "";
	struct msg_http_response m = { .status = q->status != 0 ? q->status : 200,
		.content_type = (char *)(uintptr_t)type,
		.headers = q->headers,
		.body = body,
		.ticket = q->ticket };

	c->count.answers_4xx += m.status >= 400 && m.status < 500;
	c->count.answers_5xx += m.status >= 500;
	if (whole && role_send(c->proc, ROLE_FRONT, MSG_http_response, q->id, &m, -1, &e) != ACSR_OK)
		log_error(LOG_WARN, "answer.lost", &e);
	blob_free(&body);
	q->answered = true;
}
