/* A pipe to its end, then one frame. */
#include "core/keyresult.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/log.h"

enum { RESULT_MAX = 64 * 1024 };

static void keyresult_free(void *arg)
{
	struct keyresult *k = arg;

	if (k->whole)
		msg_clear(msg_desc(MSG_key_result), &k->message);
	loop_unwatch(k->watch);
	if (k->fd >= 0)
		close(k->fd);
	buf_free(&k->bytes);
	request_release(k->q);
	free(k);
}

static enum acsr_result run(struct core *c, void *arg, struct acsr_err *e)
{
	struct keyresult *k = arg;

	return k->fn(c, k, e);
}

struct msg_key_result *keyresult_message(struct keyresult *k)
{
	return k->whole ? &k->message : NULL;
}

static void ended(struct keyresult *k)
{
	struct acsr_err e = { 0 };

	loop_unwatch(k->watch);
	k->watch = NULL;
	k->whole = chan_decode_frame(&k->bytes, ROLE_CORE, ROLE_KEYMAKER, MSG_key_result, &k->message, &e) ==
		   ACSR_OK;
	if (!k->whole)
		log_error(LOG_WARN, "key.incomplete", &e);
	buf_free(&k->bytes);
	if (k->q != NULL && !k->q->answered)
		k->q->later = false;
	core_step(k->core, k->q != NULL && !k->q->answered ? k->q : NULL, run, k, keyresult_free);
}

static void on_readable(void *arg, uint32_t events)
{
	struct keyresult *k = arg;
	uint8_t chunk[4096];
	ssize_t n = read(k->fd, chunk, sizeof(chunk));

	(void)events;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0 && buf_put(&k->bytes, chunk, (size_t)n, NULL) == ACSR_OK) {
		wipe(chunk, (size_t)n);
		return;
	}
	ended(k);
}

enum acsr_result keyresult_read(struct core *c, int fd, const char *request_id, struct request *q,
	unsigned status, keyresult_fn *fn, struct acsr_err *e)
{
	struct keyresult *k = calloc(1, sizeof(*k));

	if (k == NULL || fcntl(fd, F_SETFL, O_NONBLOCK) != 0) {
		free(k);
		close(fd);
		return err_nomem(e);
	}
	*k = (struct keyresult){ .core = c, .fd = fd, .q = q, .status = status, .fn = fn };
	snprintf(k->request_id, sizeof(k->request_id), "%s", request_id);
	buf_init(&k->bytes, RESULT_MAX);
	request_hold(q);
	if (loop_watch(c->proc->loop, fd, EPOLLIN, on_readable, k, &k->watch, e) != ACSR_OK) {
		keyresult_free(k);
		return ACSR_FAIL;
	}
	if (q != NULL)
		q->later = true;
	return ACSR_OK;
}
