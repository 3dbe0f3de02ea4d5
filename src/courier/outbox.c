/* A mail's way: queued, waiting for its archive's pipe, reading it, with the server. */
#include "courier/outbox.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/log.h"
#include "courier/mail_text.h"

enum { ARCHIVE_WAIT_MS = 10000 };

struct job {
	struct outbox *box;
	struct job *next;
	uint64_t id;
	bool silent; /* nobody wants to know how it ends */
	struct msg_mail mail;
	struct buf archive;
	int fd; /* the archive's pipe, -1: none yet */
	struct loop_watch *watch;
	struct loop_timer *limit; /* for the archive to come, and to be whole */
	struct smtp_transfer *transfer;
};

struct outbox {
	struct loop *loop;
	const struct smtp_settings *settings;
	struct tickets *tickets;
	const struct outbox_ops *ops;
	void *arg;
	struct curl_loop *curl;
	struct job *waiting, **last; /* first in, first out */
	size_t nwaiting;
	struct job *under_way;
	size_t nunder_way;
};

static void start_more(struct outbox *o);

static void job_free(struct job *j)
{
	smtp_free(j->transfer);
	loop_unwatch(j->watch);
	loop_cancel(j->limit);
	if (j->fd >= 0)
		close(j->fd);
	buf_free(&j->archive);
	msg_clear(msg_desc(MSG_mail), &j->mail);
	free(j);
}

/* Out of the list of those under way. */
static void leave(struct job *j)
{
	struct outbox *o = j->box;

	for (struct job **at = &o->under_way; *at != NULL; at = &(*at)->next) {
		if (*at != j)
			continue;
		*at = j->next;
		o->nunder_way--;
		break;
	}
	job_free(j);
	start_more(o);
}

static void fail(struct job *j, const struct acsr_err *why)
{
	log_event(
		LOG_WARN, "mail.failed", "mail", j->mail.mail_id, "error", why->id, "text", why->text, NULL);
	if (!j->silent)
		j->box->ops->failed(j->box->arg, j->id, why);
	leave(j);
}

static void fail_archive(struct job *j, const char *text)
{
	struct acsr_err why;

	(void)err_set(&why, "mail.archive-lost", "%s", text);
	fail(j, &why);
}

/* --- with the server --- */

static void on_done(void *arg, CURL *easy, CURLcode result)
{
	struct smtp_transfer *t = smtp_of(easy);
	struct job *j = smtp_tag(t);
	const char *reply;
	struct acsr_err why;

	(void)arg;
	if (smtp_outcome(t, result, &reply, &why) != ACSR_OK) {
		fail(j, &why);
		return;
	}
	log_event(LOG_INFO, "mail.sent", "mail", j->mail.mail_id, "reply", reply, NULL);
	if (!j->silent)
		j->box->ops->sent(j->box->arg, j->id, reply);
	leave(j);
}

static void send_mail(struct job *j)
{
	const struct buf *archive = *j->mail.ticket != '\0' ? &j->archive : NULL;
	struct acsr_err why;

	if (smtp_new(&j->transfer, j->box->settings, &j->mail, archive, j, &why) != ACSR_OK ||
		smtp_start(j->transfer, j->box->curl, &why) != ACSR_OK)
		fail(j, &why);
}

/* --- the archive --- */

static void on_archive_late(void *arg)
{
	struct job *j = arg;

	j->limit = NULL;
	fail_archive(j, "the archive did not come in time");
}

/* -1: error, 0: whole, 1: more may come. */
static int read_more(struct job *j)
{
	enum acsr_result r;
	struct acsr_err e;

	for (;;) {
		uint8_t chunk[4096];
		ssize_t n = read(j->fd, chunk, sizeof(chunk));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? 1 : -1;
		if (n == 0)
			return 0;
		r = buf_put(&j->archive, chunk, (size_t)n, &e);
		wipe(chunk, sizeof(chunk));
		if (r != ACSR_OK)
			return -1;
	}
}

static void on_archive(void *arg, uint32_t events)
{
	struct job *j = arg;
	int r = read_more(j);

	(void)events;
	if (r == 1)
		return;
	loop_unwatch(j->watch);
	j->watch = NULL;
	loop_cancel(j->limit);
	j->limit = NULL;
	if (r < 0 || j->archive.len == 0)
		fail_archive(j, "the archive was lost on its way");
	else
		send_mail(j);
}

static void take_archive(struct job *j)
{
	struct acsr_err e;

	j->fd = tickets_take(j->box->tickets, j->mail.ticket);
	if (j->fd < 0)
		return; /* outbox_archive tries again when one comes */
	if (fcntl(j->fd, F_SETFL, O_NONBLOCK) != 0 ||
		loop_watch(j->box->loop, j->fd, EPOLLIN, on_archive, j, &j->watch, &e) != ACSR_OK)
		fail_archive(j, "the archive cannot be read");
}

/* --- the queue --- */

static void begin(struct job *j)
{
	struct acsr_err e;

	if (*j->mail.ticket == '\0') {
		send_mail(j);
		return;
	}
	if (loop_after(j->box->loop, ARCHIVE_WAIT_MS, on_archive_late, j, &j->limit, &e) != ACSR_OK) {
		fail(j, &e);
		return;
	}
	take_archive(j);
}

static void start_more(struct outbox *o)
{
	while (o->waiting != NULL && o->nunder_way < OUTBOX_UNDER_WAY_MAX) {
		struct job *j = o->waiting;

		o->waiting = j->next;
		if (o->waiting == NULL)
			o->last = &o->waiting;
		o->nwaiting--;
		j->next = o->under_way;
		o->under_way = j;
		o->nunder_way++;
		begin(j);
	}
}

static enum acsr_result enqueue(struct outbox *o, uint64_t id, struct msg_mail *m, struct acsr_err *e)
{
	struct job *j;

	TRY(mail_check(m, e));
	if (o->nwaiting >= OUTBOX_WAITING_MAX)
		return err_set(e, "busy.courier", "too many mails are waiting");
	j = calloc(1, sizeof(*j));
	if (j == NULL)
		return err_nomem(e);
	*j = (struct job){ .box = o, .id = id, .mail = *m, .fd = -1 };
	*m = (struct msg_mail){ 0 };
	buf_init(&j->archive, LIMIT_ARCHIVE);
	*o->last = j;
	o->last = &j->next;
	o->nwaiting++;
	return ACSR_OK;
}

enum acsr_result outbox_put(struct outbox *o, uint64_t id, struct msg_mail *m, struct acsr_err *e)
{
	enum acsr_result r = enqueue(o, id, m, e);

	msg_clear(msg_desc(MSG_mail), m);
	if (r == ACSR_OK)
		start_more(o);
	return r;
}

static struct job *awaiting_archive(struct outbox *o, const char *ticket)
{
	for (struct job *j = o->under_way; j != NULL; j = j->next)
		if (j->transfer == NULL && j->fd < 0 && strcmp(j->mail.ticket, ticket) == 0)
			return j;
	return NULL;
}

void outbox_archive(struct outbox *o)
{
	struct job *next;

	for (struct job *j = o->under_way; j != NULL; j = next) {
		next = j->next;
		if (j->transfer == NULL && j->fd < 0 && *j->mail.ticket != '\0')
			take_archive(j);
	}
}

void outbox_drop_ticket(struct outbox *o, const char *ticket)
{
	struct job *j = *ticket != '\0' ? awaiting_archive(o, ticket) : NULL;

	tickets_drop(o->tickets, ticket);
	if (j != NULL)
		fail_archive(j, "the archive was dropped");
}

static void drop_waiting(struct outbox *o)
{
	while (o->waiting != NULL) {
		struct job *j = o->waiting;

		o->waiting = j->next;
		job_free(j);
	}
	o->last = &o->waiting;
	o->nwaiting = 0;
}

void outbox_forget(struct outbox *o)
{
	drop_waiting(o);
	for (struct job *j = o->under_way; j != NULL; j = j->next)
		j->silent = true;
}

bool outbox_idle(const struct outbox *o)
{
	return o->waiting == NULL && o->under_way == NULL;
}

enum acsr_result outbox_new(struct outbox **out, struct loop *l, const struct smtp_settings *s,
	struct tickets *tickets, const struct outbox_ops *ops, void *arg, struct acsr_err *e)
{
	struct outbox *o = calloc(1, sizeof(*o));

	if (o == NULL)
		return err_nomem(e);
	*o = (struct outbox){ .loop = l, .settings = s, .tickets = tickets, .ops = ops, .arg = arg };
	o->last = &o->waiting;
	if (curl_loop_new(&o->curl, l, OUTBOX_UNDER_WAY_MAX, on_done, o, e) != ACSR_OK) {
		free(o);
		return ACSR_FAIL;
	}
	*out = o;
	return ACSR_OK;
}

void outbox_free(struct outbox *o)
{
	if (o == NULL)
		return;
	drop_waiting(o);
	while (o->under_way != NULL) {
		struct job *j = o->under_way;

		o->under_way = j->next;
		job_free(j);
	}
	curl_loop_free(o->curl);
	free(o);
}
