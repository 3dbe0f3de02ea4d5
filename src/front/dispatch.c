/* Portal files and /healthz are answered here, plain HTTP redirects, everything else is core's. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "front/front.h"

enum { CORE_ANSWERS_MS = 60000, ARCHIVE_MS = 10000, SLOWED_MS = 10000, SLOWED_LINES = 10 };

/* --- small answers --- */

static bool reads(const struct msg_http_request *r)
{
	return strcmp(r->method, "GET") == 0 || strcmp(r->method, "HEAD") == 0;
}

static void refuse_method(struct http_exchange *x)
{
	struct acsr_err why;

	(void)err_rule(&why, "request.method", "", "RFC 9110 15.5.6", "only GET and HEAD here");
	http_answer_problem(x, &why);
}

static void answer_health(struct http_exchange *x)
{
	static const struct bytes ok = { (const uint8_t *)"ok\n", 3 };

	http_answer(x,
		&(struct http_answer){ .status = 200, .type = "text/plain; charset=utf-8", .constant = &ok });
}

static void answer_file(struct http_exchange *x, const struct portal_file *f)
{
	bool known = portal_etag_matches(http_if_none_match(x), f->etag);
	struct bytes body = { f->body.p != NULL ? f->body.p : (const uint8_t *)"", f->body.len };
	CLEANUP_STRV struct strv headers = { 0 };
	CLEANUP_STR char *etag = NULL;
	struct acsr_err e;

	if (str_printf(&etag, &e, "ETag: %s", f->etag) != ACSR_OK ||
		strv_add(&headers, etag, &e) != ACSR_OK ||
		strv_add(&headers,
			f->immutable ? "Cache-Control: public, max-age=31536000, immutable"
				     : "Cache-Control: no-cache",
			&e) != ACSR_OK) {
		http_answer_problem(x, &e);
		return;
	}
	http_answer(x, &(struct http_answer){ .status = known ? 304 : 200,
			       .type = known ? "" : f->type,
			       .headers = &headers,
			       .constant = known ? NULL : &body,
			       .cacheable = true });
}

static void redirect(struct front *f, struct http_exchange *x)
{
	CLEANUP_STRV struct strv headers = { 0 };
	CLEANUP_STR char *line = NULL;
	struct acsr_err e;

	if (str_printf(&line, &e, "Location: %s%s", f->base_url, http_target(x)) != ACSR_OK ||
		strv_add(&headers, line, &e) != ACSR_OK)
		http_answer_problem(x, &e);
	else
		http_answer(x, &(struct http_answer){ .status = 308, .type = "", .headers = &headers });
}

/* --- to core --- */

static void busy(struct http_exchange *x, const char *text)
{
	struct acsr_err why;

	(void)err_set(&why, "busy.core", "%s", text);
	http_answer_problem(x, &why);
}

static void forget_secrets(struct msg_http_request *r)
{
	acsr_secret_free(r->cookie);
	acsr_secret_free(r->device);
	acsr_secret_free(r->bearer);
	r->cookie = r->device = r->bearer = NULL;
	blob_free(&r->body);
}

static void ask_core(struct front *f, struct http_exchange *x)
{
	uint64_t id = relay_add(&f->relay, x, clock_mono_ms() + CORE_ANSWERS_MS);
	struct msg_http_request *r = http_request(x);
	struct acsr_err e;
	enum acsr_result sent;

	if (id == 0) {
		forget_secrets(r);
		busy(x, "too many requests are waiting, try again in a moment");
		return;
	}
	sent = role_send(f->proc, ROLE_CORE, MSG_http_request, id, r, -1, &e);
	forget_secrets(r);
	if (sent != ACSR_OK && relay_take(&f->relay, id) != NULL)
		http_answer_problem(x, &e);
}

static bool plain_may(const char *path)
{
	return str_starts(path, "/crl/") || str_starts(path, "/ca/") ||
	       str_starts(path, "/.well-known/acme-challenge/");
}

static void on_request(void *arg, struct http_exchange *x)
{
	struct front *f = arg;
	const struct msg_http_request *r = http_request(x);
	const struct portal_file *file = portal_files_find(&f->files, r->path);
	bool health = strcmp(r->path, "/healthz") == 0;

	if (f->stopping)
		busy(x, "the service is stopping");
	else if (health && reads(r))
		answer_health(x);
	else if (r->plain && !plain_may(r->path) && !health)
		redirect(f, x);
	else if ((file != NULL || health) && !reads(r))
		refuse_method(x);
	else if (file != NULL)
		answer_file(x, file);
	else
		ask_core(f, x);
}

/* --- archives --- */

/* An archive on its way from the pipe to the client. */
struct archive_read {
	struct front *front;
	struct http_exchange *x;
	struct msg_http_response response; /* owned */
	int fd;
	struct buf body;
	struct loop_watch *watch;
	struct loop_timer *limit;
	struct archive_read *next, **prev;
};

static void tell_archive_sent(struct front *f, const char *ticket, bool complete, uint64_t size)
{
	struct msg_archive_sent m = {
		.ticket = (char *)(uintptr_t)ticket, .complete = complete, .size = size
	};
	struct acsr_err e;

	if (role_send(f->proc, ROLE_CORE, MSG_archive_sent, 0, &m, -1, &e) != ACSR_OK)
		log_error(LOG_WARN, "archive.not-told", &e);
}

static void archive_free(struct archive_read *a)
{
	*a->prev = a->next;
	if (a->next != NULL)
		a->next->prev = a->prev;
	loop_unwatch(a->watch);
	loop_cancel(a->limit);
	if (a->fd >= 0)
		close(a->fd);
	buf_free(&a->body);
	msg_clear(msg_desc(MSG_http_response), &a->response);
	free(a);
}

static void archive_lost(struct archive_read *a, const char *text)
{
	struct acsr_err why;

	(void)err_set(&why, "archive.gone", "%s; ask for a new one", text);
	tell_archive_sent(a->front, a->response.ticket, false, 0);
	http_answer_problem(a->x, &why);
	archive_free(a);
}

static void archive_whole(struct archive_read *a)
{
	char *ticket = a->response.ticket;

	/* `done` tells core how it ended. */
	a->response.ticket = NULL;
	http_tag(a->x)->p = ticket;
	http_answer(a->x, &(struct http_answer){ .status = (unsigned)a->response.status,
				  .type = a->response.content_type,
				  .headers = &a->response.headers,
				  .body = &a->body,
				  .close = false });
	archive_free(a);
}

static void on_archive(void *arg, uint32_t events)
{
	struct archive_read *a = arg;
	enum acsr_result r;
	struct acsr_err e;
	ssize_t n;

	(void)events;
	for (;;) {
		uint8_t chunk[4096];

		n = read(a->fd, chunk, sizeof(chunk));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		r = buf_put(&a->body, chunk, (size_t)n, &e);
		wipe(chunk, sizeof(chunk));
		if (r != ACSR_OK) {
			archive_lost(a, "the archive is too large");
			return;
		}
	}
	if (n < 0 && errno == EAGAIN)
		return;
	if (n < 0 || a->body.len == 0)
		archive_lost(a, "the archive was lost on its way");
	else
		archive_whole(a);
}

static void on_archive_late(void *arg)
{
	struct archive_read *a = arg;

	a->limit = NULL;
	archive_lost(a, "the archive did not come in time");
}

static enum acsr_result archive_watch(struct archive_read *a, struct acsr_err *e)
{
	struct loop *l = a->front->proc->loop;

	if (fcntl(a->fd, F_SETFL, O_NONBLOCK) != 0)
		return err_errno(e, "sys.pipe", errno, "cannot read the archive's pipe");
	TRY(loop_watch(l, a->fd, EPOLLIN, on_archive, a, &a->watch, e));
	return loop_after(l, ARCHIVE_MS, on_archive_late, a, &a->limit, e);
}

/* Takes the response. */
static void answer_archive(struct front *f, struct http_exchange *x, struct msg_http_response *m)
{
	struct archive_read *a = calloc(1, sizeof(*a));
	struct acsr_err e;

	if (a == NULL) {
		tell_archive_sent(f, m->ticket, false, 0);
		(void)err_nomem(&e);
		http_answer_problem(x, &e);
		return;
	}
	*a = (struct archive_read){
		.front = f, .x = x, .response = *m, .next = f->archives, .prev = &f->archives
	};
	if (a->next != NULL)
		a->next->prev = &a->next;
	f->archives = a;
	*m = (struct msg_http_response){ 0 };
	buf_init(&a->body, LIMIT_ARCHIVE);
	a->fd = tickets_take(&f->tickets, a->response.ticket);
	if (a->fd < 0) {
		archive_lost(a, "the archive was fetched already, expired, or was lost in a restart");
	} else if (archive_watch(a, &e) != ACSR_OK) {
		log_error(LOG_ERROR, "archive.watch", &e);
		archive_lost(a, "the archive cannot be read");
	}
}

void dispatch_drop_archives(struct front *f)
{
	while (f->archives != NULL)
		archive_lost(f->archives, "the service is stopping");
}

/* --- from core --- */

static void answer_plainly(struct http_exchange *x, struct msg_http_response *m)
{
	CLEANUP_BUF struct buf body = {
		.p = m->body.p, .len = m->body.len, .cap = m->body.len, .max = LIMIT_MESSAGE
	};

	m->body = (struct blob){ 0 };
	http_answer(x, &(struct http_answer){ .status = (unsigned)m->status,
			       .type = m->content_type,
			       .headers = &m->headers,
			       .body = &body });
}

void dispatch_on_response(struct proc *p, struct chan *c, struct msg *m)
{
	struct front *f = p->own;
	struct msg_http_response *r = m->body;
	struct http_exchange *x = relay_take(&f->relay, m->id);
	struct acsr_err why;

	(void)c;
	if (r->status < 200 || (x == NULL && m->id < RELAY_FIRST_ID)) {
		(void)err_set(&why, "ipc.response", "an answer with status %llu to request %llu",
			(unsigned long long)r->status, (unsigned long long)m->id);
		if (x != NULL)
			busy(x, "the answer was not well-formed");
		role_fault(p, ROLE_CORE, &why);
		return;
	}
	if (x == NULL && *r->ticket != '\0')
		tell_archive_sent(f, r->ticket, false, 0);
	if (x == NULL)
		return; /* it came too late: the client has its 503 */
	if (*r->ticket != '\0' && strcmp(http_request(x)->method, "HEAD") != 0)
		answer_archive(f, x, r);
	else
		answer_plainly(x, r);
}

/* --- the end --- */

/* An archive's URL opens it, so it is not logged. */
static const char *loggable(const char *path)
{
	static const char archives[] = "/api/v1/archives/";

	return str_starts(path, archives) ? archives : path;
}

/* Who guesses by the thousand must not fill the log: of the requests that were only put off, ten in ten seconds
 * have a line of their own, the others one together. */
static bool has_line(struct front *f, unsigned status)
{
	int64_t now = clock_mono_ms();
	char n[24];

	if (now - f->slowed.since >= SLOWED_MS) {
		snprintf(n, sizeof(n), "%llu", (unsigned long long)(f->slowed.seen - SLOWED_LINES));
		if (f->slowed.seen > SLOWED_LINES)
			log_event(LOG_INFO, "http.slowed", "requests", n, NULL);
		f->slowed.since = now;
		f->slowed.seen = 0;
	}
	return status != 429 || f->slowed.seen++ < SLOWED_LINES;
}

static void on_done(void *arg, struct http_exchange *x, bool complete)
{
	struct front *f = arg;
	const struct msg_http_request *r = http_request(x);
	char *ticket = http_tag(x)->p;
	char status[16], bytes[32], ms[32];

	if (ticket != NULL)
		tell_archive_sent(f, ticket, complete, complete ? http_body_size(x) : 0);
	free(ticket);
	if (!has_line(f, http_status(x)))
		return;
	snprintf(status, sizeof(status), "%u", http_status(x));
	snprintf(bytes, sizeof(bytes), "%llu", (unsigned long long)http_body_size(x));
	snprintf(ms, sizeof(ms), "%lld", (long long)http_ms(x));
	log_event(LOG_INFO, "http.request", "method", r->method, "path",
		r->path != NULL ? loggable(r->path) : NULL, "status", status, "bytes", bytes, "ms", ms,
		"remote", r->remote, "request", r->request_id, "complete", complete ? "yes" : "no", NULL);
}

const struct http_ops dispatch_ops = { on_request, on_done };
