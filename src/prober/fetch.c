/* libcurl's sockets and timer on our loop; one transfer at a time per struct fetch. */
#include "prober/fetch.h"

#include <curl/curl.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/clock.h"

struct fetcher {
	CURLM *multi;
	struct loop *loop;
	struct loop_timer *timer;
	const struct networks *allowed;
};

struct fetch {
	struct fetcher *f;
	CURL *curl;
	struct curl_slist *connect_to;
	struct netaddr addr;
	uint16_t port;
	struct buf body;
	size_t header_bytes;
	bool refused, too_large, redirect;
	char why[CURL_ERROR_SIZE];
	fetch_fn *fn;
	void *arg;
	int64_t started;
};

/* --- the multi handle on the loop --- */

static void collect(struct fetcher *f);

struct socket_watch {
	struct fetcher *f;
	curl_socket_t fd;
	struct loop_watch *watch;
};

static void on_socket_event(void *arg, uint32_t events)
{
	struct socket_watch *w = arg;
	struct fetcher *f = w->f;
	int mask = 0, running;

	if ((events & EPOLLIN) != 0)
		mask |= CURL_CSELECT_IN;
	if ((events & EPOLLOUT) != 0)
		mask |= CURL_CSELECT_OUT;
	if ((events & (EPOLLERR | EPOLLHUP)) != 0)
		mask |= CURL_CSELECT_ERR;
	curl_multi_socket_action(f->multi, w->fd, mask, &running);
	collect(f);
}

static void watch_free(struct fetcher *f, struct socket_watch *w)
{
	loop_unwatch(w->watch);
	curl_multi_assign(f->multi, w->fd, NULL);
	free(w);
}

static struct socket_watch *watch_new(struct fetcher *f, curl_socket_t fd, uint32_t events)
{
	struct socket_watch *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return NULL;
	*w = (struct socket_watch){ .f = f, .fd = fd };
	if (loop_watch(f->loop, fd, events, on_socket_event, w, &w->watch, NULL) != ACSR_OK) {
		free(w);
		return NULL;
	}
	curl_multi_assign(f->multi, fd, w);
	return w;
}

/* A socket that cannot be watched only waits for its transfer's deadline. */
static int on_socket(CURL *curl, curl_socket_t fd, int what, void *arg, void *own)
{
	struct fetcher *f = arg;
	struct socket_watch *w = own;
	uint32_t events = 0;

	(void)curl;
	if (what == CURL_POLL_REMOVE) {
		if (w != NULL)
			watch_free(f, w);
		return 0;
	}
	if (what == CURL_POLL_IN || what == CURL_POLL_INOUT)
		events |= EPOLLIN;
	if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT)
		events |= EPOLLOUT;
	if (w != NULL)
		loop_watch_set(w->watch, events);
	else if (watch_new(f, fd, events) == NULL)
		return -1;
	return 0;
}

static void on_timer(void *arg)
{
	struct fetcher *f = arg;
	int running;

	f->timer = NULL;
	curl_multi_socket_action(f->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	collect(f);
}

static int on_set_timer(CURLM *multi, long ms, void *arg)
{
	struct fetcher *f = arg;

	(void)multi;
	loop_cancel(f->timer);
	f->timer = NULL;
	if (ms >= 0 && loop_after(f->loop, ms, on_timer, f, &f->timer, NULL) != ACSR_OK)
		return -1;
	return 0;
}

enum acsr_result fetcher_open(struct fetcher **out, const struct networks *allowed, struct acsr_err *e)
{
	struct fetcher *f;

	/* A key log would be a file, and this process opens none. */
	unsetenv("SSLKEYLOGFILE");
	if (OPENSSL_init_ssl(OPENSSL_INIT_LOAD_CONFIG, NULL) != 1 ||
		curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return err_set(e, "sys.curl", "libcurl or OpenSSL cannot be set up");
	f = calloc(1, sizeof(*f));
	if (f == NULL)
		return err_nomem(e);
	f->allowed = allowed;
	f->multi = curl_multi_init();
	if (f->multi == NULL) {
		free(f);
		return err_nomem(e);
	}
	*out = f;
	return ACSR_OK;
}

enum acsr_result fetcher_start(struct fetcher *f, struct loop *l, struct acsr_err *e)
{
	f->loop = l;
	if (curl_multi_setopt(f->multi, CURLMOPT_SOCKETFUNCTION, on_socket) != CURLM_OK ||
		curl_multi_setopt(f->multi, CURLMOPT_SOCKETDATA, f) != CURLM_OK ||
		curl_multi_setopt(f->multi, CURLMOPT_TIMERFUNCTION, on_set_timer) != CURLM_OK ||
		curl_multi_setopt(f->multi, CURLMOPT_TIMERDATA, f) != CURLM_OK ||
		curl_multi_setopt(f->multi, CURLMOPT_MAXCONNECTS, 1L) != CURLM_OK)
		return err_set(e, "sys.curl", "libcurl does not take its event functions");
	return ACSR_OK;
}

/* --- one transfer --- */

/* The last word on where a connection goes: the very address that was checked, or nowhere. */
static curl_socket_t on_open(void *arg, curlsocktype purpose, struct curl_sockaddr *sa)
{
	struct fetch *t = arg;
	struct netaddr to;
	uint16_t port;

	if (purpose != CURLSOCKTYPE_IPCXN || !netaddr_from_sockaddr(&sa->addr, &to, &port) ||
		!netaddr_equal(&to, &t->addr) || port != t->port ||
		netaddr_refused(&to, t->f->allowed) != NULL) {
		t->refused = true;
		return CURL_SOCKET_BAD;
	}
	return socket(sa->family, sa->socktype | SOCK_CLOEXEC, sa->protocol);
}

static bool is_redirect(long status)
{
	return status >= 300 && status < 400;
}

static size_t on_body(char *p, size_t size, size_t n, void *arg)
{
	struct fetch *t = arg;
	long status = 0;

	curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
	/* The body of a redirect is nobody's business. */
	if (is_redirect(status)) {
		t->redirect = true;
		return 0;
	}
	if (buf_put(&t->body, p, size * n, NULL) != ACSR_OK) {
		t->too_large = true;
		return 0;
	}
	return size * n;
}

static size_t on_header(char *p, size_t size, size_t n, void *arg)
{
	struct fetch *t = arg;

	(void)p;
	t->header_bytes += size * n;
	if (t->header_bytes > FETCH_HEADERS) {
		t->too_large = true;
		return 0;
	}
	return size * n;
}

static void fetch_free(struct fetch *t)
{
	if (t->curl != NULL) {
		curl_multi_remove_handle(t->f->multi, t->curl);
		curl_easy_cleanup(t->curl);
	}
	curl_slist_free_all(t->connect_to);
	buf_free(&t->body);
	free(t);
}

void fetch_cancel(struct fetch *t)
{
	if (t != NULL)
		fetch_free(t);
}

static enum fetch_outcome judge(const struct fetch *t, CURLcode code)
{
	curl_off_t connected = 0;

	curl_easy_getinfo(t->curl, CURLINFO_CONNECT_TIME_T, &connected);
	if (t->refused)
		return FETCH_REFUSED;
	if (t->too_large)
		return FETCH_TOO_LARGE;
	if (code == CURLE_OK || t->redirect)
		return FETCH_DONE;
	if (connected == 0)
		return FETCH_NO_CONNECTION;
	return code == CURLE_OPERATION_TIMEDOUT ? FETCH_TIMEOUT : FETCH_BROKEN;
}

/* The Location of the last answer; several must agree, or it is nobody's. */
static const char *location_of(const struct fetch *t)
{
	struct curl_header *first, *next;

	if (curl_easy_header(t->curl, "Location", 0, CURLH_HEADER, -1, &first) != CURLHE_OK)
		return NULL;
	for (size_t i = 1, all = first->amount; i < all; i++) {
		char *value = strdup(first->value);
		bool same = value != NULL &&
			    curl_easy_header(t->curl, "Location", i, CURLH_HEADER, -1, &next) == CURLHE_OK &&
			    strcmp(value, next->value) == 0;

		free(value);
		if (!same || curl_easy_header(t->curl, "Location", 0, CURLH_HEADER, -1, &first) != CURLHE_OK)
			return "";
	}
	return first->value;
}

static void finish(struct fetch *t, CURLcode code)
{
	struct fetch_reply reply = { .outcome = judge(t, code) };

	curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &reply.status);
	if (is_redirect(reply.status))
		reply.location = location_of(t);
	reply.body = (struct bytes){ (const uint8_t *)buf_cstr(&t->body), t->body.len };
	reply.why = t->why[0] != '\0' ? t->why : curl_easy_strerror(code);
	reply.ms = clock_mono_ms() - t->started;
	t->fn(t->arg, &reply);
	fetch_free(t);
}

static void collect(struct fetcher *f)
{
	CURLMsg *m;
	int left;

	while ((m = curl_multi_info_read(f->multi, &left)) != NULL) {
		struct fetch *t = NULL;
		CURLcode code = m->data.result;

		if (m->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&t);
		finish(t, code);
	}
}

#define SET(option, value) (curl_easy_setopt(t->curl, option, value) == CURLE_OK)

static bool set_callbacks(struct fetch *t)
{
	return SET(CURLOPT_PRIVATE, t) && SET(CURLOPT_ERRORBUFFER, t->why) &&
	       SET(CURLOPT_OPENSOCKETFUNCTION, on_open) && SET(CURLOPT_OPENSOCKETDATA, t) &&
	       SET(CURLOPT_WRITEFUNCTION, on_body) && SET(CURLOPT_WRITEDATA, t) &&
	       SET(CURLOPT_HEADERFUNCTION, on_header) && SET(CURLOPT_HEADERDATA, t);
}

static bool set_habits(struct fetch *t)
{
	return SET(CURLOPT_PROTOCOLS_STR, "http,https") && SET(CURLOPT_REDIR_PROTOCOLS_STR, "http,https") &&
	       SET(CURLOPT_FOLLOWLOCATION, 0L) && SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) &&
	       SET(CURLOPT_HTTP09_ALLOWED, 0L) && SET(CURLOPT_NOSIGNAL, 1L) && SET(CURLOPT_PROXY, "") &&
	       SET(CURLOPT_NOPROXY, "*") && SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED) &&
	       SET(CURLOPT_USERAGENT, "AutoCSR") && SET(CURLOPT_FRESH_CONNECT, 1L) &&
	       SET(CURLOPT_FORBID_REUSE, 1L) && SET(CURLOPT_SSL_SESSIONID_CACHE, 0L) &&
	       SET(CURLOPT_DNS_CACHE_TIMEOUT, 0L) && SET(CURLOPT_TCP_NODELAY, 1L) &&
	       SET(CURLOPT_BUFFERSIZE, 16384L);
}

/* The certificate is what the customer wants to replace or does not have yet: not verified. */
static bool set_tls(struct fetch *t)
{
	return SET(CURLOPT_SSL_VERIFYPEER, 0L) && SET(CURLOPT_SSL_VERIFYHOST, 0L) &&
	       SET(CURLOPT_CAINFO, (char *)NULL) && SET(CURLOPT_CAPATH, (char *)NULL);
}

static bool set_target(struct fetch *t, const struct url *u, int64_t connect_ms, int64_t ms)
{
	char text[URL_TEXT], addr[NETADDR_TEXT], to[NETADDR_TEXT + 16];
	bool v6 = t->addr.family == AF_INET6;

	url_print(u, text);
	netaddr_print(&t->addr, addr);
	/* Whatever the URL's host is, this address is where to; so libcurl never resolves a name. */
	snprintf(to, sizeof(to), "::%s%s%s:%u", v6 ? "[" : "", addr, v6 ? "]" : "", (unsigned)u->port);
	t->connect_to = curl_slist_append(NULL, to);
	if (t->connect_to == NULL || !SET(CURLOPT_CONNECT_TO, t->connect_to))
		return false;
	return SET(CURLOPT_URL, text) && SET(CURLOPT_CONNECTTIMEOUT_MS, (long)connect_ms) &&
	       SET(CURLOPT_TIMEOUT_MS, (long)ms);
}

enum acsr_result fetch_start(struct fetcher *f, const struct url *u, const struct netaddr *addr,
	int64_t connect_ms, int64_t ms, fetch_fn *fn, void *arg, struct fetch **out, struct acsr_err *e)
{
	struct fetch *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return err_nomem(e);
	*t = (struct fetch){
		.f = f, .addr = *addr, .port = u->port, .fn = fn, .arg = arg, .started = clock_mono_ms()
	};
	buf_init(&t->body, FETCH_BODY);
	t->curl = curl_easy_init();
	if (t->curl == NULL || !set_callbacks(t) || !set_habits(t) || !set_tls(t) ||
		!set_target(t, u, connect_ms > 0 ? connect_ms : 1, ms > 0 ? ms : 1) ||
		curl_multi_add_handle(f->multi, t->curl) != CURLM_OK) {
		fetch_free(t);
		return err_set(e, "sys.curl", "libcurl cannot start a transfer");
	}
	*out = t;
	return ACSR_OK;
}
