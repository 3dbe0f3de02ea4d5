/* One easy handle an exchange; everything of the answer is bounded while it arrives. */
#include "courier/https.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "courier/curl_loop.h"
#include "ipc/netaddr.h"

enum { HEADER_BYTES = 64 * 1024, HEADER_VALUE = 2048, HEADERS_KEPT = 32, CONNECTIONS = 16 };

struct https {
	struct curl_loop *loop;
	const struct https_settings *settings;
	https_done_fn *done;
	void *arg;
	struct exchange *all;
};

struct exchange {
	struct exchange *next;
	struct https *h;
	uint64_t id;
	CURL *easy;
	struct curl_slist *sent; /* request headers */
	char *url;
	struct buf post, body;
	struct strv headers; /* "name: value" */
	char content_type[256];
	size_t header_bytes;
	bool refused, too_large;
	char refused_why[128];
	char why[CURL_ERROR_SIZE];
};

/* --- life --- */

static void exchange_free(struct exchange *x)
{
	for (struct exchange **p = &x->h->all; *p != NULL; p = &(*p)->next) {
		if (*p == x) {
			*p = x->next;
			break;
		}
	}
	if (x->easy != NULL)
		curl_easy_cleanup(x->easy);
	curl_slist_free_all(x->sent);
	buf_free(&x->post);
	buf_free(&x->body);
	strv_free(&x->headers);
	free(x->url);
	free(x);
}

void https_forget(struct https *h)
{
	while (h != NULL && h->all != NULL) {
		curl_loop_remove(h->loop, h->all->easy);
		exchange_free(h->all);
	}
}

bool https_idle(const struct https *h)
{
	return h == NULL || h->all == NULL;
}

/* --- what arrives --- */

static size_t on_body(char *p, size_t one, size_t n, void *arg)
{
	struct exchange *x = arg;

	if (buf_put(&x->body, p, one * n, NULL) == ACSR_OK)
		return one * n;
	x->too_large = true;
	return 0;
}

static bool printable(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] < 0x20 || p[i] > 0x7e)
			return false;
	return true;
}

static bool asked_for(const char *name)
{
	static const char *const names[] = { "replay-nonce", "location", "link", "retry-after" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

/* A value that is not plain text, or too long, is as good as absent. */
static bool keep(struct exchange *x, char *name, size_t name_len, const char *value, size_t len)
{
	CLEANUP_STR char *line = NULL;

	while (len > 0 && (*value == ' ' || *value == '\t')) {
		value++;
		len--;
	}
	while (len > 0 && strchr(" \t\r\n", value[len - 1]) != NULL)
		len--;
	if (len > HEADER_VALUE || !printable(value, len))
		return true;
	name[name_len] = '\0';
	str_lower(name);
	if (strcmp(name, "content-type") == 0)
		snprintf(x->content_type, sizeof(x->content_type), "%.*s", (int)len, value);
	if (!asked_for(name) || x->headers.n == HEADERS_KEPT)
		return true;
	return str_printf(&line, NULL, "%s: %.*s", name, (int)len, value) == ACSR_OK &&
	       strv_add(&x->headers, line, NULL) == ACSR_OK;
}

static size_t on_header(char *p, size_t one, size_t n, void *arg)
{
	struct exchange *x = arg;
	size_t len = one * n;
	const char *colon = memchr(p, ':', len);
	char name[32];

	x->header_bytes += len;
	if (x->header_bytes > HEADER_BYTES) {
		x->too_large = true;
		return 0;
	}
	if (len >= 5 && memcmp(p, "HTTP/", 5) == 0) {
		strv_free(&x->headers); /* those of a 1xx are nobody's */
		x->content_type[0] = '\0';
	}
	if (colon == NULL || (size_t)(colon - p) >= sizeof(name))
		return len;
	memcpy(name, p, (size_t)(colon - p));
	return keep(x, name, (size_t)(colon - p), colon + 1, len - (size_t)(colon - p) - 1) ? len : 0;
}

/* The last word on where a connection goes. */
static curl_socket_t on_open(void *arg, curlsocktype purpose, struct curl_sockaddr *sa)
{
	struct exchange *x = arg;
	char text[NETADDR_TEXT] = "it";
	const char *what = "no address";
	struct netaddr to;
	uint16_t port;

	if (purpose == CURLSOCKTYPE_IPCXN && netaddr_from_sockaddr(&sa->addr, &to, &port)) {
		netaddr_print(&to, text);
		what = netaddr_refused(&to, &x->h->settings->allowed);
	}
	if (what == NULL)
		return socket(sa->family, sa->socktype | SOCK_CLOEXEC, sa->protocol);
	x->refused = true;
	snprintf(x->refused_why, sizeof(x->refused_why), "%s is %s", text, what);
	return CURL_SOCKET_BAD;
}

/* --- the end --- */

static const char *failure_id(const struct exchange *x, CURLcode code, bool sent)
{
	if (x->too_large)
		return "net.too-large";
	if (x->refused && !sent)
		return "net.address";
	switch (code) {
	case CURLE_COULDNT_RESOLVE_HOST:
		return "net.resolve";
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_PEER_FAILED_VERIFICATION:
		return "net.tls";
	case CURLE_OPERATION_TIMEDOUT:
		return sent ? "net.timeout" : "net.connect";
	default:
		return sent ? "net.broken" : "net.connect";
	}
}

static enum acsr_result failure(const struct exchange *x, CURLcode code, struct acsr_err *e)
{
	const char *detail = x->why[0] != '\0' ? x->why : curl_easy_strerror(code);
	long sent = 0;
	const char *id;

	curl_easy_getinfo(x->easy, CURLINFO_REQUEST_SIZE, &sent);
	id = failure_id(x, code, sent > 0);
	if (strcmp(id, "net.address") == 0)
		return err_set(e, id,
			"%.120s: %s, and is not asked; list its network in [upstream] allow_networks if it "
			"is right",
			x->url, x->refused_why);
	if (strcmp(id, "net.too-large") == 0)
		return err_set(e, id, "%.120s: the answer is larger than any that is of use", x->url);
	return err_set(e, id, "%.120s: %.200s", x->url, detail);
}

static void plain_text(struct acsr_err *e)
{
	for (char *s = e->text; *s != '\0'; s++)
		if (*s < 0x20 || *s > 0x7e)
			*s = '?';
}

static void on_done(void *arg, CURL *easy, CURLcode code)
{
	struct exchange *x = NULL;
	struct https *h = arg;
	struct acsr_err why;
	long status = 0;

	curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&x);
	curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
	if (code == CURLE_OK && status >= 100 && status <= 999) {
		struct msg_https_response m = { .status = (uint64_t)status,
			.content_type = x->content_type,
			.headers = x->headers,
			.body = { x->body.p, x->body.len } };

		h->done(h->arg, x->id, &m, NULL);
	} else {
		(void)failure(x, code, &why);
		plain_text(&why);
		h->done(h->arg, x->id, NULL, &why);
	}
	exchange_free(x);
}

/* --- the beginning --- */

#define SET(option, value) (curl_easy_setopt(x->easy, option, value) == CURLE_OK)

static bool set_callbacks(struct exchange *x)
{
	return SET(CURLOPT_PRIVATE, x) && SET(CURLOPT_ERRORBUFFER, x->why) &&
	       SET(CURLOPT_OPENSOCKETFUNCTION, on_open) && SET(CURLOPT_OPENSOCKETDATA, x) &&
	       SET(CURLOPT_WRITEFUNCTION, on_body) && SET(CURLOPT_WRITEDATA, x) &&
	       SET(CURLOPT_HEADERFUNCTION, on_header) && SET(CURLOPT_HEADERDATA, x);
}

/* On a connection that was used before, libcurl would by itself send again what got no answer; whether to do that is for
 * core to say. So each exchange has its own. */
static bool set_habits(struct exchange *x)
{
	return SET(CURLOPT_PROTOCOLS_STR, "https") && SET(CURLOPT_REDIR_PROTOCOLS_STR, "https") &&
	       SET(CURLOPT_FOLLOWLOCATION, 0L) && SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) &&
	       SET(CURLOPT_HTTP09_ALLOWED, 0L) && SET(CURLOPT_NOSIGNAL, 1L) && SET(CURLOPT_PROXY, "") &&
	       SET(CURLOPT_NOPROXY, "*") && SET(CURLOPT_FRESH_CONNECT, 1L) && SET(CURLOPT_FORBID_REUSE, 1L) &&
	       SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED) &&
	       SET(CURLOPT_USERAGENT, "autocsr/" AUTOCSR_VERSION);
}

static bool set_tls(struct exchange *x, const char *roots)
{
	const struct buf *own = &x->h->settings->roots;
	struct curl_blob pem = { .flags = CURL_BLOB_COPY };

	pem.data = *roots != '\0' ? (void *)(uintptr_t)roots : own->p;
	pem.len = *roots != '\0' ? strlen(roots) : own->len;
	return SET(CURLOPT_SSL_VERIFYPEER, 1L) && SET(CURLOPT_SSL_VERIFYHOST, 2L) &&
	       SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) && SET(CURLOPT_CAPATH, (char *)NULL) &&
	       SET(CURLOPT_CAINFO, (char *)NULL) && SET(CURLOPT_CAINFO_BLOB, &pem);
}

static bool add_header(struct exchange *x, const char *name, const char *value)
{
	CLEANUP_STR char *line = NULL;
	struct curl_slist *longer;

	if (value != NULL && *value == '\0')
		return true;
	if (str_printf(&line, NULL, "%s:%s%s", name, value != NULL ? " " : "", value != NULL ? value : "") !=
		ACSR_OK)
		return false;
	longer = curl_slist_append(x->sent, line);
	if (longer != NULL)
		x->sent = longer;
	return longer != NULL;
}

static bool set_request(struct exchange *x, const struct msg_https_request *m)
{
	bool ok = SET(CURLOPT_URL, x->url) && SET(CURLOPT_TIMEOUT, (long)(m->timeout > 0 ? m->timeout : 1));

	if (strcmp(m->method, "HEAD") == 0)
		ok = ok && SET(CURLOPT_NOBODY, 1L);
	else if (strcmp(m->method, "POST") == 0)
		ok = ok && SET(CURLOPT_POST, 1L) && SET(CURLOPT_POSTFIELDSIZE, (long)x->post.len) &&
		     SET(CURLOPT_POSTFIELDS, buf_cstr(&x->post));
	else
		ok = ok && SET(CURLOPT_HTTPGET, 1L);
	return ok && add_header(x, "Content-Type", m->content_type) && add_header(x, "Accept", m->accept) &&
	       add_header(x, "Expect", NULL) && (x->sent == NULL || SET(CURLOPT_HTTPHEADER, x->sent));
}

static enum acsr_result check(const struct https *h, const struct msg_https_request *m, struct acsr_err *e)
{
	if (strncasecmp(m->url, "https://", 8) != 0 || !printable(m->url, strlen(m->url)) ||
		strpbrk(m->url, " @\\") != NULL)
		return err_set(e, "net.url", "%.200s is not a plain https:// URL", m->url);
	if (strcmp(m->method, "GET") != 0 && strcmp(m->method, "HEAD") != 0 && strcmp(m->method, "POST") != 0)
		return err_set(e, "ipc.field", "the method %s is not one of GET, HEAD, POST", m->method);
	if (!printable(m->content_type, strlen(m->content_type)) || !printable(m->accept, strlen(m->accept)))
		return err_set(e, "ipc.field", "a header is not plain text");
	if (*m->roots == '\0' && h->settings->roots.len == 0)
		return err_set(e, "net.roots",
			"this system has no root certificates, so %.120s cannot be verified; install "
			"ca-certificates, or give "
			"the issuer roots of its own",
			m->url);
	return ACSR_OK;
}

static enum acsr_result prepare(struct exchange *x, const struct msg_https_request *m, struct acsr_err *e)
{
	buf_init(&x->post, m->body.len + 1);
	buf_init(&x->body, m->most);
	TRY(str_dup(&x->url, m->url, e));
	TRY(buf_put(&x->post, m->body.p, m->body.len, e));
	x->easy = curl_easy_init();
	if (x->easy == NULL || !set_callbacks(x) || !set_habits(x) || !set_tls(x, m->roots) ||
		!set_request(x, m))
		return err_set(e, "sys.curl", "libcurl cannot start a transfer");
	return curl_loop_add(x->h->loop, x->easy, e);
}

enum acsr_result https_ask(
	struct https *h, uint64_t id, const struct msg_https_request *m, struct acsr_err *e)
{
	struct exchange *x;

	TRY(check(h, m, e));
	x = calloc(1, sizeof(*x));
	if (x == NULL)
		return err_nomem(e);
	*x = (struct exchange){ .next = h->all, .h = h, .id = id };
	h->all = x;
	if (prepare(x, m, e) == ACSR_OK)
		return ACSR_OK;
	exchange_free(x);
	return ACSR_FAIL;
}

enum acsr_result https_new(struct https **out, struct loop *l, const struct https_settings *settings,
	https_done_fn *done, void *arg, struct acsr_err *e)
{
	struct https *h = calloc(1, sizeof(*h));

	if (h == NULL)
		return err_nomem(e);
	*h = (struct https){ .settings = settings, .done = done, .arg = arg };
	if (curl_loop_new(&h->loop, l, CONNECTIONS, on_done, h, e) != ACSR_OK) {
		free(h);
		return ACSR_FAIL;
	}
	*out = h;
	return ACSR_OK;
}

void https_free(struct https *h)
{
	if (h == NULL)
		return;
	https_forget(h);
	curl_loop_free(h->loop);
	free(h);
}
