/* Questions to other roles: sent after the commit, tied to their answers, given up at their deadline. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "core/request.h"

/* --- within a step --- */

static void call_free(struct call *call)
{
	if (call != NULL)
		request_release(call->q);
	free(call);
}

static void outgoing_free(struct outgoing *o)
{
	buf_free(&o->frame);
	call_free(o->call);
	free(o);
}

static struct outgoing *outgoing_new(enum role to, unsigned type, uint64_t id)
{
	struct outgoing *o = calloc(1, sizeof(*o));

	if (o != NULL) {
		*o = (struct outgoing){ .to = to, .type = type, .id = id };
		buf_init(&o->frame, LIMIT_MESSAGE + 512 * 1024);
	}
	return o;
}

static void append(struct core *c, struct outgoing *o)
{
	*c->outbox_tail = o;
	c->outbox_tail = &o->next;
}

static enum acsr_result enqueue(struct core *c, enum role to, unsigned type, uint64_t id, const void *body,
	struct outgoing **out, struct acsr_err *e)
{
	struct outgoing *o = outgoing_new(to, type, id);

	if (o == NULL)
		return err_nomem(e);
	if (msg_encode(msg_desc(type), id, body, &o->frame, e) != ACSR_OK) {
		outgoing_free(o);
		return ACSR_FAIL;
	}
	append(c, o);
	*out = o;
	return ACSR_OK;
}

enum acsr_result call_log(struct core *c, const char *event, const char *object, const char *actor,
	const char *detail, struct acsr_err *e)
{
	const char *const texts[] = { event, object, actor, detail };
	struct outgoing *o = outgoing_new(ROLE_ANY, 0, 0);

	if (o == NULL)
		return err_nomem(e);
	for (size_t i = 0; i < 4; i++) {
		if (buf_put(&o->frame, texts[i], strlen(texts[i]) + 1, e) != ACSR_OK) {
			outgoing_free(o);
			return ACSR_FAIL;
		}
	}
	append(c, o);
	return ACSR_OK;
}

enum acsr_result call_code(struct core *c, const char *request_id, struct bytes wrapped, struct acsr_err *e)
{
	struct outgoing *o = outgoing_new(ROLE_ANY, 0, 0);

	if (o == NULL)
		return err_nomem(e);
	snprintf(o->code_of, sizeof(o->code_of), "%s", request_id);
	if (wrapped.len > 0 && buf_put(&o->frame, wrapped.p, wrapped.len, e) != ACSR_OK) {
		outgoing_free(o);
		return ACSR_FAIL;
	}
	append(c, o);
	return ACSR_OK;
}

enum acsr_result core_tell(
	struct core *c, enum role to, unsigned type, uint64_t id, const void *body, struct acsr_err *e)
{
	struct outgoing *o;

	return enqueue(c, to, type, id, body, &o, e);
}

enum acsr_result core_ask(struct core *c, enum role to, unsigned type, const void *body, int seconds,
	const struct call *like, struct acsr_err *e)
{
	struct call *call = malloc(sizeof(*call));
	struct outgoing *o = NULL;

	if (call == NULL)
		return err_nomem(e);
	*call = *like;
	call->next = NULL;
	call->id = ++c->next_call;
	call->to = to;
	call->asked = type;
	call->deadline_ms = clock_mono_ms() + (int64_t)seconds * 1000;
	if (enqueue(c, to, type, call->id, body, &o, e) != ACSR_OK) {
		free(call);
		return ACSR_FAIL;
	}
	o->call = call;
	request_hold(call->q);
	if (call->q != NULL)
		call->q->later = true;
	return ACSR_OK;
}

void call_drop_after(struct core *c, struct outgoing **keep_until)
{
	struct outgoing *o = *keep_until;

	*keep_until = NULL;
	c->outbox_tail = keep_until;
	while (o != NULL) {
		struct outgoing *next = o->next;

		outgoing_free(o);
		o = next;
	}
}

/* --- answers become steps --- */

struct answer {
	struct call *call;
	struct msg m; /* body owned here; NULL: no answer */
	struct acsr_err why;
};

static void answer_free(void *arg)
{
	struct answer *a = arg;

	if (a->m.body != NULL) {
		msg_clear(msg_desc(a->m.type), a->m.body);
		free(a->m.body);
	}
	if (a->m.fd >= 0)
		close(a->m.fd);
	call_free(a->call);
	free(a);
}

static enum acsr_result answer_run(struct core *c, void *arg, struct acsr_err *e)
{
	struct answer *a = arg;
	bool failed = a->m.body == NULL;
	enum acsr_result r;

	if (a->call->q != NULL)
		a->call->q->later = false;
	r = a->call->fn(c, a->call, failed ? NULL : &a->m, &a->why, e);
	return r;
}

static void answer_queue(struct core *c, struct call *call, struct msg *m, const struct acsr_err *why)
{
	struct answer *a = calloc(1, sizeof(*a));

	if (a == NULL)
		abort();
	a->call = call;
	a->m.fd = -1;
	if (why != NULL)
		a->why = *why;
	if (m != NULL) {
		size_t size = msg_size(msg_desc(m->type));

		a->m = *m;
		a->m.body = malloc(size);
		if (a->m.body == NULL)
			abort();
		memcpy(a->m.body, m->body, size);
		memset(m->body, 0, size); /* its contents are ours now */
		m->fd = -1;
	}
	core_step(c, call->q, answer_run, a, answer_free);
}

/* --- after the commit --- */

static void say(const struct outgoing *o)
{
	const char *event = (const char *)o->frame.p, *object = event + strlen(event) + 1;
	const char *actor = object + strlen(object) + 1, *detail = actor + strlen(actor) + 1;

	log_event(LOG_INFO, event, "object", object, "actor", actor, "detail", detail, NULL);
}

static void send_out(struct core *c, struct outgoing *o)
{
	struct chan *to = c->proc->peers[o->to];
	struct acsr_err e;
	enum acsr_result r;
	char id[32];

	snprintf(id, sizeof(id), "busy.%s", role_name(o->to));
	r = to != NULL ? chan_send_encoded(to, o->type, &o->frame, &e)
		       : err_set(&e, id, "the %s process is not running right now, try again in a moment",
				 role_name(o->to));
	if (o->call != NULL && r == ACSR_OK) {
		o->call->next = c->calls;
		c->calls = o->call;
	} else if (o->call != NULL) {
		answer_queue(c, o->call, NULL, &e);
	} else if (r != ACSR_OK) {
		log_error(LOG_WARN, "message.lost", &e);
	}
	o->call = NULL;
}

void call_flush(struct core *c)
{
	struct outgoing *o = c->outbox;

	c->outbox = NULL;
	c->outbox_tail = &c->outbox;
	while (o != NULL) {
		struct outgoing *next = o->next;

		if (o->to != ROLE_ANY)
			send_out(c, o);
		else if (o->code_of[0] == '\0') /* code.c has seen to the others */
			say(o);
		outgoing_free(o);
		o = next;
	}
}

static struct call *take_call(struct core *c, uint64_t id, enum role from)
{
	for (struct call **p = &c->calls; *p != NULL; p = &(*p)->next) {
		struct call *call = *p;

		if (call->id != id || call->to != from)
			continue;
		*p = call->next;
		return call;
	}
	return NULL;
}

/* What answers a question. Handlers read the body as this type, so no other may reach them. */
static unsigned answer_to(unsigned asked)
{
	switch (asked) {
	case MSG_key_make:
		return MSG_key_started;
	case MSG_sign_cert:
		return MSG_cert_signed;
	case MSG_sign_crl:
		return MSG_crl_signed;
	case MSG_sign_log:
		return MSG_log_signed;
	case MSG_sign_receipt:
		return MSG_receipt_signed;
	case MSG_account_key_make:
		return MSG_account_key;
	case MSG_sign_jws:
	case MSG_sign_eab:
		return MSG_jws_signed;
	case MSG_account_key_forget:
		return MSG_account_key_forgotten;
	case MSG_https_request:
		return MSG_https_response;
	case MSG_mail:
		return MSG_mail_sent;
	case MSG_publish:
		return MSG_published;
	case MSG_hook_run:
		return MSG_hook_ran;
	default:
		return MSG_probe_result;
	}
}

void call_answered(struct core *c, struct msg *m)
{
	struct call *call = take_call(c, m->id, m->from);
	struct msg_failed *f = m->body;
	struct acsr_err why = { 0 };

	if (call == NULL) {
		/* Too late, or the request was dropped: nobody waits any more. */
		if (m->fd >= 0)
			close(m->fd);
		return;
	}
	if (m->type == answer_to(call->asked)) {
		answer_queue(c, call, m, NULL);
		return;
	}
	if (m->type == MSG_failed) {
		(void)err_rule(&why, f->id, f->field, f->source, "%s", f->text);
	} else {
		(void)err_set(&why, "ipc.unexpected", "message 0x%02x does not answer message 0x%02x",
			m->type, call->asked);
		role_fault(c->proc, m->from, &why);
		if (m->fd >= 0)
			close(m->fd);
		m->fd = -1;
	}
	answer_queue(c, call, NULL, &why);
}

/* Give up the calls that `gone` chooses. */
static void give_up(
	struct core *c, bool (*gone)(const struct call *call, int64_t x), int64_t x, const char *what)
{
	struct call **p = &c->calls;

	while (*p != NULL) {
		struct call *call = *p;
		struct acsr_err why;
		char id[32];

		if (!gone(call, x)) {
			p = &call->next;
			continue;
		}
		*p = call->next;
		snprintf(id, sizeof(id), "busy.%s", role_name(call->to));
		(void)err_set(
			&why, id, "the %s process %s, try again in a moment", role_name(call->to), what);
		answer_queue(c, call, NULL, &why);
	}
}

static bool asked_of(const struct call *call, int64_t peer)
{
	return call->to == (enum role)peer;
}

static bool overdue(const struct call *call, int64_t now_ms)
{
	return call->deadline_ms <= now_ms;
}

void call_peer_gone(struct core *c, enum role peer)
{
	give_up(c, asked_of, (int64_t)peer, "went away");
}

void call_tick(struct core *c)
{
	give_up(c, overdue, clock_mono_ms(), "did not answer in time");
}
