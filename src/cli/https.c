/* HTTPS by libcurl, which is loaded when it is needed. */
#include "cli/https.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"
#include "cli/curl_late.h"

#define ANSWER_MAX (8 * 1024 * 1024)
#define CONNECT_SECONDS 10L
#define TOTAL_SECONDS 60L

struct https {
	CURL *curl;
};

struct sink {
	struct https_answer *a;
	bool too_large;
};

static size_t on_body(char *p, size_t size, size_t n, void *user)
{
	struct sink *s = user;

	if (buf_put(&s->a->body, p, size * n, NULL) != ACSR_OK) {
		s->too_large = true;
		return 0;
	}
	return size * n;
}

/* The value of a header line when its name fits, with its length; NULL otherwise. */
static const char *value_of(const char *line, size_t n, const char *name, size_t *len)
{
	size_t m = strlen(name);

	if (n <= m || strncasecmp(line, name, m) != 0 || line[m] != ':')
		return NULL;
	for (line += ++m, n -= m; n > 0 && (*line == ' ' || *line == '\t'); n--)
		line++;
	while (n > 0 && (line[n - 1] == '\r' || line[n - 1] == '\n' || line[n - 1] == ' '))
		n--;
	*len = n;
	return line;
}

static size_t on_header(char *p, size_t size, size_t n, void *user)
{
	struct sink *s = user;
	size_t len;
	const char *v = value_of(p, size * n, "Retry-After", &len);

	if (v != NULL && len > 0 && len < 6)
		s->a->retry_after = strtol(v, NULL, 10);
	v = value_of(p, size * n, "X-Archive-SHA256", &len);
	if (v != NULL && len == 64) {
		memcpy(s->a->sha256, v, 64);
		s->a->sha256[64] = '\0';
	}
	return size * n;
}

/* What holds for every request. */
static void set_rules(CURL *c, const char *ca_file)
{
	curl_late.easy_setopt(c, CURLOPT_PROTOCOLS_STR, "https");
	curl_late.easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
	curl_late.easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_late.easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_late.easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 2L);
	if (ca_file != NULL) {
		curl_late.easy_setopt(c, CURLOPT_CAINFO, ca_file);
		curl_late.easy_setopt(c, CURLOPT_CAPATH, NULL);
	}
	curl_late.easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_late.easy_setopt(c, CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS);
	curl_late.easy_setopt(c, CURLOPT_TIMEOUT, TOTAL_SECONDS);
	curl_late.easy_setopt(c, CURLOPT_COOKIEFILE, "");
	curl_late.easy_setopt(c, CURLOPT_USERAGENT, "autocsr/" AUTOCSR_VERSION);
	curl_late.easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
	curl_late.easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
}

enum acsr_result https_new(struct https **out, const char *ca_file, struct acsr_err *e)
{
	struct https *h;

	TRY(curl_late_load(e));
	h = calloc(1, sizeof(*h));
	if (h == NULL || curl_late.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		free(h);
		return err_nomem(e);
	}
	h->curl = curl_late.easy_init();
	if (h->curl == NULL) {
		https_free(h);
		return err_nomem(e);
	}
	set_rules(h->curl, ca_file);
	*out = h;
	return ACSR_OK;
}

void https_free(struct https *h)
{
	if (h == NULL)
		return;
	curl_late.easy_cleanup(h->curl);
	free(h);
}

static enum acsr_result add_header(
	struct curl_slist **l, const char *name, const char *value, struct acsr_err *e)
{
	CLEANUP_STR char *line = NULL;
	struct curl_slist *more;

	TRY(str_printf(&line, e, "%s: %s", name, value));
	more = curl_late.slist_append(*l, line);
	wipe(line, strlen(line));
	if (more == NULL)
		return err_nomem(e);
	*l = more;
	return ACSR_OK;
}

static enum acsr_result add_bearer(struct curl_slist **l, const struct acsr_secret *token, struct acsr_err *e)
{
	CLEANUP_SECRET struct acsr_secret *line = NULL;
	static const char prefix[] = "Authorization: Bearer ";
	struct curl_slist *more;

	TRY(secret_zeroed(&line, sizeof(prefix) - 1 + acsr_secret_len(token), e));
	memcpy(secret_data(line), prefix, sizeof(prefix) - 1);
	memcpy(secret_data(line) + sizeof(prefix) - 1, acsr_secret_bytes(token), acsr_secret_len(token));
	more = curl_late.slist_append(*l, (const char *)acsr_secret_bytes(line));
	if (more == NULL)
		return err_nomem(e);
	*l = more;
	return ACSR_OK;
}

static enum acsr_result headers(struct curl_slist **l, const struct https_request *req, struct acsr_err *e)
{
	TRY(add_header(l, "Accept", "application/json, application/problem+json, */*;q=0.1", e));
	if (req->body != NULL)
		TRY(add_header(l, "Content-Type", "application/json", e));
	if (req->idempotency_key != NULL)
		TRY(add_header(l, "Idempotency-Key", req->idempotency_key, e));
	if (req->csrf != NULL)
		TRY(add_header(l, "X-CSRF-Token", req->csrf, e));
	if (req->bearer != NULL)
		TRY(add_bearer(l, req->bearer, e));
	return add_header(l, "Expect", "", e);
}

static void free_headers(struct curl_slist *l)
{
	for (struct curl_slist *i = l; i != NULL; i = i->next)
		wipe(i->data, strlen(i->data));
	curl_late.slist_free_all(l);
}

static void set_request(const struct https *h, const struct https_request *req, struct curl_slist *l,
	struct sink *s, char *error)
{
	CURL *c = h->curl;

	curl_late.easy_setopt(c, CURLOPT_URL, req->url);
	curl_late.easy_setopt(c, CURLOPT_HTTPHEADER, l);
	curl_late.easy_setopt(c, CURLOPT_ERRORBUFFER, error);
	curl_late.easy_setopt(c, CURLOPT_WRITEDATA, s);
	curl_late.easy_setopt(c, CURLOPT_HEADERDATA, s);
	/* On a connection that it reuses, libcurl repeats a request whose answer never came. */
	curl_late.easy_setopt(c, CURLOPT_FRESH_CONNECT,
		strcmp(req->method, "GET") != 0 && req->idempotency_key == NULL ? 1L : 0L);
	curl_late.easy_setopt(c, CURLOPT_HTTPGET, 1L);
	if (req->body != NULL) {
		curl_late.easy_setopt(c, CURLOPT_POSTFIELDSIZE, (long)acsr_secret_len(req->body));
		curl_late.easy_setopt(c, CURLOPT_POSTFIELDS, (const char *)acsr_secret_bytes(req->body));
	} else if (strcmp(req->method, "POST") == 0) {
		curl_late.easy_setopt(c, CURLOPT_POSTFIELDSIZE, 0L);
		curl_late.easy_setopt(c, CURLOPT_POSTFIELDS, "");
	}
	curl_late.easy_setopt(c, CURLOPT_CUSTOMREQUEST, req->method);
}

static enum acsr_result failed(CURLcode code, const char *detail, const char *url, struct acsr_err *e)
{
	const char *text = detail[0] != '\0' ? detail : curl_late.easy_strerror(code);

	switch (code) {
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
		return err_set(e, "net.resolve", "%s: the name of the service does not resolve", url);
	case CURLE_COULDNT_CONNECT:
		return err_set(e, "net.connect", "%s: the service cannot be reached: %s", url, text);
	case CURLE_OPERATION_TIMEDOUT:
		return err_set(e, "net.timeout", "%s: the service did not answer in time", url);
	case CURLE_SSL_CACERT_BADFILE:
		return err_set(e, "input.ca-file", "the CA file cannot be used: %s", text);
	case CURLE_PEER_FAILED_VERIFICATION:
		return err_set(e, "net.certificate",
			"%s: the service's certificate is not trusted (%s); give its root with --ca-file",
			url, text);
	case CURLE_SSL_CONNECT_ERROR:
		return err_set(e, "net.tls", "%s: no TLS connection: %s", url, text);
	case CURLE_UNSUPPORTED_PROTOCOL:
		return err_set(e, "input.server", "%s: only https is spoken", url);
	default:
		return err_set(e, "net.io", "%s: %s", url, text);
	}
}

enum acsr_result https_do(
	struct https *h, const struct https_request *req, struct https_answer *a, struct acsr_err *e)
{
	char error[CURL_ERROR_SIZE] = "";
	struct curl_slist *l = NULL;
	struct sink s = { a, false };
	CURLcode code;

	buf_reset(&a->body);
	a->body.max = ANSWER_MAX;
	a->retry_after = 0;
	a->sha256[0] = '\0';
	if (headers(&l, req, e) != ACSR_OK) {
		free_headers(l);
		return ACSR_FAIL;
	}
	set_request(h, req, l, &s, error);
	code = curl_late.easy_perform(h->curl);
	curl_late.easy_setopt(h->curl, CURLOPT_HTTPHEADER, NULL);
	curl_late.easy_setopt(h->curl, CURLOPT_ERRORBUFFER, NULL);
	free_headers(l);
	if (s.too_large)
		return err_set(e, "net.large", "the answer is larger than %d bytes", ANSWER_MAX);
	if (code != CURLE_OK)
		return failed(code, error, req->url, e);
	curl_late.easy_getinfo(h->curl, CURLINFO_RESPONSE_CODE, &a->status);
	return ACSR_OK;
}

static bool has_part(CURLU *u, CURLUPart part)
{
	char *s = NULL;
	bool has = curl_late.url_get(u, part, &s, 0) == CURLUE_OK && s != NULL && s[0] != '\0';

	curl_late.free(s);
	return has;
}

static bool is_server(const char *text)
{
	CURLU *u = curl_late.url();
	char *scheme = NULL;
	bool ok = u != NULL && !str_has_control(text) && strchr(text, ' ') == NULL &&
		  curl_late.url_set(u, CURLUPART_URL, text, 0) == CURLUE_OK &&
		  curl_late.url_get(u, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
		  strcmp(scheme, "https") == 0 && !has_part(u, CURLUPART_USER) &&
		  !has_part(u, CURLUPART_PASSWORD) && !has_part(u, CURLUPART_QUERY) &&
		  !has_part(u, CURLUPART_FRAGMENT);

	curl_late.free(scheme);
	curl_late.url_cleanup(u);
	return ok;
}

enum acsr_result https_server(char **out, const char *text, struct acsr_err *e)
{
	size_t n = strlen(text);
	char *s = NULL;

	TRY(curl_late_load(e));
	if (!is_server(text))
		return err_set(e, "input.server",
			"the service's address is like https://ca.example.com, not %.80s", text);
	while (n > 0 && text[n - 1] == '/')
		n--;
	TRY(str_printf(&s, e, "%.*s", (int)n, text));
	*out = s;
	return ACSR_OK;
}

enum acsr_result https_escape(char **out, const char *text, struct acsr_err *e)
{
	enum acsr_result r;
	char *s;

	TRY(curl_late_load(e));
	s = curl_late.easy_escape(NULL, text, (int)strlen(text));
	if (s == NULL)
		return err_nomem(e);
	r = str_dup(out, s, e);
	curl_late.free(s);
	return r;
}
