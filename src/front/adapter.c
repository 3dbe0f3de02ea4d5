/* The request adapter. */
#include "front/adapter.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/limits.h"
#include "front/target.h"

static enum acsr_result refuse(struct acsr_err *e, const char *field, const char *source, const char *what)
{
	return err_rule(e, "request.header", field, source, "%s", what);
}

const char *adapter_field(const struct request_head *h, const char *name)
{
	for (size_t i = 0; i < h->nfields; i++)
		if (strcasecmp(h->fields[i].name, name) == 0)
			return h->fields[i].value;
	return NULL;
}

static size_t count(const struct request_head *h, const char *name)
{
	size_t n = 0;

	for (size_t i = 0; i < h->nfields; i++)
		n += strcasecmp(h->fields[i].name, name) == 0;
	return n;
}

/* --- rules about the whole head --- */

static enum acsr_result check_version(const struct request_head *h, struct acsr_err *e)
{
	if (strcmp(h->version, "HTTP/1.1") == 0 || strcmp(h->version, "HTTP/1.0") == 0)
		return ACSR_OK;
	return err_rule(e, "request.version", "", "RFC 9112 2.3", "only HTTP/1.1 and HTTP/1.0 are served");
}

static enum acsr_result check_method(const struct request_head *h, struct acsr_err *e)
{
	static const char *const served[] = { "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE" };
	static const char *const known[] = { "OPTIONS", "TRACE", "CONNECT" };

	for (size_t i = 0; i < sizeof(served) / sizeof(served[0]); i++)
		if (strcmp(h->method, served[i]) == 0)
			return ACSR_OK;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(h->method, known[i]) == 0)
			return err_rule(
				e, "request.method", "", "RFC 9110 9", "this method is not served here");
	return err_rule(e, "request.method.unknown", "", "RFC 9110 9.1", "the method is not known");
}

static enum acsr_result check_size(const struct request_head *h, struct acsr_err *e)
{
	if (h->size > LIMIT_HTTP_HEADERS)
		return err_rule(e, "request.headers", "", "", "the headers are larger than %d bytes",
			LIMIT_HTTP_HEADERS);
	if (h->nfields > REQUEST_FIELDS_MAX)
		return err_rule(
			e, "request.headers", "", "", "more than %d header fields", REQUEST_FIELDS_MAX);
	return ACSR_OK;
}

static bool is_token(const char *s)
{
	if (*s == '\0')
		return false;
	for (; *s != '\0'; s++) {
		bool alnum = (*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') || (*s >= '0' && *s <= '9');

		if (!alnum && strchr("!#$%&'*+-.^_`|~", *s) == NULL)
			return false;
	}
	return true;
}

static bool is_field_value(const char *s)
{
	for (; *s != '\0'; s++) {
		unsigned char c = (unsigned char)*s;

		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return false;
	}
	return true;
}

static enum acsr_result check_syntax(const struct request_head *h, struct acsr_err *e)
{
	for (size_t i = 0; i < h->nfields; i++) {
		if (!is_token(h->fields[i].name))
			return refuse(e, "", "RFC 9110 5.1", "a header name is not a token");
		if (!is_field_value(h->fields[i].value))
			return refuse(
				e, h->fields[i].name, "RFC 9110 5.5", "a control character in a header");
	}
	return ACSR_OK;
}

static enum acsr_result check_single(const struct request_head *h, struct acsr_err *e)
{
	static const char *const single[] = { "Host", "Content-Length", "Transfer-Encoding", "Content-Type",
		"Content-Encoding", "Authorization", "Origin", "X-CSRF-Token", "Idempotency-Key",
		"User-Agent", "Expect" };

	for (size_t i = 0; i < sizeof(single) / sizeof(single[0]); i++)
		if (count(h, single[i]) > 1)
			return refuse(e, single[i], "RFC 9110 5.3", "this header must not be repeated");
	return ACSR_OK;
}

/* --- rules about one field --- */

static enum acsr_result check_host(const struct request_head *h, struct acsr_err *e)
{
	const char *host = adapter_field(h, "Host");

	if (host == NULL || *host == '\0')
		return refuse(e, "Host", "RFC 9112 3.2", "the Host header is missing");
	for (const char *s = host; *s != '\0'; s++) {
		bool alnum = (*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') || (*s >= '0' && *s <= '9');

		if (!alnum && strchr("-._:[]", *s) == NULL)
			return refuse(e, "Host", "RFC 9112 3.2", "the Host header is not a host and port");
	}
	return ACSR_OK;
}

static enum acsr_result check_framing(
	const struct request_head *h, struct request_facts *facts, struct acsr_err *e)
{
	const char *length = adapter_field(h, "Content-Length");
	const char *coding = adapter_field(h, "Transfer-Encoding");

	if (length != NULL && coding != NULL)
		return refuse(e, "Transfer-Encoding", "RFC 9112 6.1",
			"Content-Length and Transfer-Encoding together");
	if (coding != NULL && strcmp(h->version, "HTTP/1.0") == 0)
		return refuse(e, "Transfer-Encoding", "RFC 9112 6.1", "Transfer-Encoding in HTTP/1.0");
	if (coding != NULL && strcasecmp(coding, "chunked") != 0)
		return refuse(e, "Transfer-Encoding", "RFC 9112 6.1", "only chunked is understood");
	if (adapter_field(h, "Content-Encoding") != NULL)
		return refuse(e, "Content-Encoding", "RFC 9110 8.4", "request bodies must not be encoded");
	facts->chunked = coding != NULL;
	facts->length = 0;
	if (length == NULL)
		return ACSR_OK;
	if (str_u64(length, UINT64_MAX, &facts->length, NULL) != ACSR_OK)
		return refuse(e, "Content-Length", "RFC 9112 6.2", "Content-Length is not a number");
	if (facts->length > LIMIT_HTTP_BODY)
		return err_rule(
			e, "request.too-large", "", "", "the body is larger than %d bytes", LIMIT_HTTP_BODY);
	return ACSR_OK;
}

static enum acsr_result check_expect(const struct request_head *h, struct acsr_err *e)
{
	const char *expect = adapter_field(h, "Expect");

	if (expect == NULL || strcasecmp(expect, "100-continue") == 0)
		return ACSR_OK;
	return refuse(e, "Expect", "RFC 9110 10.1.1", "only 100-continue is understood");
}

/* --- what core gets --- */

/* A field that must be printable ASCII, of at most max bytes; "" when it is absent. */
static enum acsr_result take_ascii(
	const struct request_head *h, const char *name, size_t max, char **out, struct acsr_err *e)
{
	const char *v = adapter_field(h, name);

	if (v == NULL)
		v = "";
	if (strlen(v) > max)
		return refuse(e, name, "", "the header is too long");
	for (const char *s = v; *s != '\0'; s++)
		if (*s < 0x20 || *s > 0x7e)
			return refuse(e, name, "RFC 9110 5.5", "only printable ASCII is permitted here");
	return str_dup(out, v, e);
}

/* Only for people: what is too long or no text is cut rather than refused. */
static enum acsr_result take_user_agent(const struct request_head *h, char **out, struct acsr_err *e)
{
	const char *v = adapter_field(h, "User-Agent");

	TRY(str_dup(out, v != NULL ? v : "", e));
	if (strlen(*out) > 512)
		(*out)[512] = '\0';
	for (char *s = *out; *s != '\0'; s++)
		if (*s < 0x20 || *s > 0x7e)
			*s = '?';
	return ACSR_OK;
}

/* RFC 6750 2.1 b64token. Another scheme is no credential of ours. */
static enum acsr_result take_bearer(
	const struct request_head *h, struct acsr_secret **out, struct acsr_err *e)
{
	const char *v = adapter_field(h, "Authorization");
	size_t n;

	if (v == NULL || strncasecmp(v, "Bearer ", 7) != 0)
		return ACSR_OK;
	for (v += 7; *v == ' ';)
		v++;
	n = strspn(v, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~+/=");
	if (n == 0 || n > 256 || v[n] != '\0')
		return refuse(e, "Authorization", "RFC 6750 2.1", "the bearer token is not well-formed");
	return acsr_secret_new(out, v, n, e);
}

static enum acsr_result keep_cookie(const char *v, size_t n, struct acsr_secret **out, struct acsr_err *e)
{
	if (*out != NULL)
		return refuse(e, "Cookie", "RFC 6265 5.4", "the session cookie is there twice");
	if (n == 0 || n > 256)
		return refuse(e, "Cookie", "", "the session cookie is empty or too long");
	return acsr_secret_new(out, v, n, e);
}

/* It only speeds a login up: one that is no good, or a second one, is as none. */
static enum acsr_result keep_device(const char *v, size_t n, struct acsr_secret **out, struct acsr_err *e)
{
	return *out == NULL && n > 0 && n <= 64 ? acsr_secret_new(out, v, n, e) : ACSR_OK;
}

static enum acsr_result scan_cookies(const char *v, struct msg_http_request *out, struct acsr_err *e)
{
	static const char name[] = "__Host-autocsr=", device[] = "__Host-autocsr-device=";

	while (*v != '\0') {
		size_t n;

		v += strspn(v, "; \t");
		n = strcspn(v, ";");
		if (strncmp(v, name, sizeof(name) - 1) == 0)
			TRY(keep_cookie(v + sizeof(name) - 1, n - (sizeof(name) - 1), &out->cookie, e));
		if (strncmp(v, device, sizeof(device) - 1) == 0)
			TRY(keep_device(v + sizeof(device) - 1, n - (sizeof(device) - 1), &out->device, e));
		v += n;
	}
	return ACSR_OK;
}

static enum acsr_result take_cookies(
	const struct request_head *h, struct msg_http_request *out, struct acsr_err *e)
{
	for (size_t i = 0; i < h->nfields; i++)
		if (strcasecmp(h->fields[i].name, "Cookie") == 0)
			TRY(scan_cookies(h->fields[i].value, out, e));
	return ACSR_OK;
}

/* --- who is asking --- */

void adapter_address_text(const uint8_t addr[16], char out[46])
{
	static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

	if (memcmp(addr, mapped, sizeof(mapped)) == 0)
		inet_ntop(AF_INET, addr + 12, out, 46);
	else
		inet_ntop(AF_INET6, addr, out, 46);
}

/* The last entry of a comma-separated list of length n: its start, its length in *len. */
static const char *last_entry(const char *s, size_t n, size_t *len)
{
	const char *start = s + n;

	while (start > s && start[-1] != ',')
		start--;
	*len = n - (size_t)(start - s);
	while (*len > 0 && (*start == ' ' || *start == '\t')) {
		start++;
		(*len)--;
	}
	while (*len > 0 && (start[*len - 1] == ' ' || start[*len - 1] == '\t'))
		(*len)--;
	return start;
}

static bool parse_entry(const char *s, size_t n, uint8_t out[16])
{
	char text[46];

	if (n == 0 || n >= sizeof(text))
		return false;
	memcpy(text, s, n);
	text[n] = '\0';
	return network_parse_address(text, out);
}

/* Walk one X-Forwarded-For from its end. True when the walk is over: an address that is no proxy was found
 * (now in addr), or an entry that nobody can read (addr stays). */
static bool walk_forwarded(const char *v, const struct networks *proxies, uint8_t addr[16])
{
	size_t left = strlen(v);

	for (;;) {
		uint8_t found[16];
		size_t n;
		const char *entry = last_entry(v, left, &n);

		if (!parse_entry(entry, n, found))
			return true;
		memcpy(addr, found, 16);
		if (!networks_have(proxies, found))
			return true;
		while (entry > v && entry[-1] != ',')
			entry--;
		if (entry == v)
			return false;
		left = (size_t)(entry - v) - 1;
	}
}

static enum acsr_result take_remote(
	const struct request_head *h, const struct networks *proxies, char **out, struct acsr_err *e)
{
	uint8_t addr[16];
	char text[46];

	memcpy(addr, h->peer, 16);
	for (size_t i = h->nfields; i > 0 && networks_have(proxies, h->peer); i--) {
		const struct request_field *f = &h->fields[i - 1];

		if (strcasecmp(f->name, "X-Forwarded-For") == 0 && walk_forwarded(f->value, proxies, addr))
			break;
	}
	adapter_address_text(addr, text);
	return str_dup(out, text, e);
}

/* --- all of it --- */

static enum acsr_result check_head(
	const struct request_head *h, struct request_facts *facts, struct acsr_err *e)
{
	TRY(check_version(h, e));
	TRY(check_method(h, e));
	TRY(check_size(h, e));
	TRY(check_syntax(h, e));
	TRY(check_single(h, e));
	TRY(check_host(h, e));
	TRY(check_expect(h, e));
	return check_framing(h, facts, e);
}

static enum acsr_result take_fields(const struct request_head *h, const struct networks *proxies,
	struct msg_http_request *out, struct acsr_err *e)
{
	TRY(str_dup(&out->method, h->method, e));
	TRY(take_remote(h, proxies, &out->remote, e));
	TRY(target_read(h->target, &out->path, &out->query, e));
	TRY(take_ascii(h, "Host", 300, &out->host, e));
	TRY(take_ascii(h, "Origin", 512, &out->origin, e));
	TRY(take_ascii(h, "Content-Type", 256, &out->content_type, e));
	TRY(take_ascii(h, "X-CSRF-Token", 256, &out->csrf, e));
	TRY(take_ascii(h, "Idempotency-Key", 256, &out->idempotency_key, e));
	TRY(take_user_agent(h, &out->user_agent, e));
	TRY(take_cookies(h, out, e));
	TRY(take_bearer(h, &out->bearer, e));
	out->plain = h->plain;
	return ACSR_OK;
}

enum acsr_result adapter_read(const struct request_head *h, const struct networks *proxies,
	struct msg_http_request *out, struct request_facts *facts, struct acsr_err *e)
{
	*out = (struct msg_http_request){ 0 };
	TRY(check_head(h, facts, e));
	if (take_fields(h, proxies, out, e) == ACSR_OK)
		return ACSR_OK;
	msg_clear(msg_desc(MSG_http_request), out);
	return ACSR_FAIL;
}
