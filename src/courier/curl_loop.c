/* One watch a socket, one timer, and the list of what has ended. */
#include "courier/curl_loop.h"

#include <stdlib.h>
#include <sys/epoll.h>

#include "base/log.h"

struct curl_loop {
	CURLM *multi;
	struct loop *loop;
	struct loop_timer *timer;
	curl_loop_done_fn *done;
	void *arg;
};

struct socket_watch {
	struct curl_loop *c;
	curl_socket_t fd;
	struct loop_watch *watch;
};

static void collect(struct curl_loop *c)
{
	CURLMsg *m;
	int left;

	while ((m = curl_multi_info_read(c->multi, &left)) != NULL) {
		CURL *easy = m->easy_handle;
		CURLcode result = m->data.result;

		if (m->msg != CURLMSG_DONE)
			continue;
		curl_multi_remove_handle(c->multi, easy);
		c->done(c->arg, easy, result);
	}
}

static void act(struct curl_loop *c, curl_socket_t fd, int what)
{
	int running;

	curl_multi_socket_action(c->multi, fd, what, &running);
	collect(c);
}

static void on_socket(void *arg, uint32_t events)
{
	struct socket_watch *w = arg;
	int what = ((events & EPOLLIN) != 0 ? CURL_CSELECT_IN : 0) |
		   ((events & EPOLLOUT) != 0 ? CURL_CSELECT_OUT : 0) |
		   ((events & (EPOLLERR | EPOLLHUP)) != 0 ? CURL_CSELECT_ERR : 0);

	act(w->c, w->fd, what);
}

static void on_timer(void *arg)
{
	struct curl_loop *c = arg;

	c->timer = NULL;
	act(c, CURL_SOCKET_TIMEOUT, 0);
}

static int set_timer(CURLM *multi, long ms, void *arg)
{
	struct curl_loop *c = arg;
	struct acsr_err e;

	(void)multi;
	loop_cancel(c->timer);
	c->timer = NULL;
	if (ms < 0 || loop_after(c->loop, ms, on_timer, c, &c->timer, &e) == ACSR_OK)
		return 0;
	log_error(LOG_ERROR, "curl.timer", &e);
	return -1;
}

static void unwatch(struct curl_loop *c, curl_socket_t fd, struct socket_watch *w)
{
	if (w == NULL)
		return;
	loop_unwatch(w->watch);
	free(w);
	curl_multi_assign(c->multi, fd, NULL);
}

static int watch(struct curl_loop *c, curl_socket_t fd, uint32_t events)
{
	struct socket_watch *w = calloc(1, sizeof(*w));
	struct acsr_err e;

	if (w == NULL)
		return -1;
	*w = (struct socket_watch){ .c = c, .fd = fd };
	if (loop_watch(c->loop, fd, events, on_socket, w, &w->watch, &e) != ACSR_OK) {
		log_error(LOG_ERROR, "curl.watch", &e);
		free(w);
		return -1;
	}
	curl_multi_assign(c->multi, fd, w);
	return 0;
}

static int set_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *of_socket)
{
	struct curl_loop *c = arg;
	struct socket_watch *w = of_socket;
	uint32_t events =
		((what & CURL_POLL_IN) != 0 ? EPOLLIN : 0U) | ((what & CURL_POLL_OUT) != 0 ? EPOLLOUT : 0U);

	(void)easy;
	if (what == CURL_POLL_REMOVE)
		unwatch(c, fd, w);
	else if (w != NULL)
		loop_watch_set(w->watch, events);
	else
		return watch(c, fd, events);
	return 0;
}

enum acsr_result curl_loop_new(struct curl_loop **out, struct loop *l, unsigned connections,
	curl_loop_done_fn *done, void *arg, struct acsr_err *e)
{
	struct curl_loop *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return err_nomem(e);
	*c = (struct curl_loop){ .multi = curl_multi_init(), .loop = l, .done = done, .arg = arg };
	if (c->multi == NULL) {
		free(c);
		return err_nomem(e);
	}
	curl_multi_setopt(c->multi, CURLMOPT_SOCKETFUNCTION, set_socket);
	curl_multi_setopt(c->multi, CURLMOPT_SOCKETDATA, c);
	curl_multi_setopt(c->multi, CURLMOPT_TIMERFUNCTION, set_timer);
	curl_multi_setopt(c->multi, CURLMOPT_TIMERDATA, c);
	curl_multi_setopt(c->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)connections);
	*out = c;
	return ACSR_OK;
}

void curl_loop_free(struct curl_loop *c)
{
	if (c == NULL)
		return;
	curl_multi_cleanup(c->multi);
	loop_cancel(c->timer);
	free(c);
}

enum acsr_result curl_loop_add(struct curl_loop *c, CURL *easy, struct acsr_err *e)
{
	CURLMcode r = curl_multi_add_handle(c->multi, easy);

	return r == CURLM_OK ? ACSR_OK : err_set(e, "sys.curl", "%s", curl_multi_strerror(r));
}

void curl_loop_remove(struct curl_loop *c, CURL *easy)
{
	curl_multi_remove_handle(c->multi, easy);
}
