/*
 * From libmicrohttpd's idea of a request head to ours.
 *
 * libmicrohttpd 0.9.75 (Debian 12) ends lines in its buffer with NUL and works with C strings, so what stands
 * behind a NUL that the client sent is invisible through its interface, and of a folded header (obs-fold) the
 * second line is lost. Both are ways to smuggle. The block of memory that it parsed in place is still there:
 * names and values point into it, so whatever lies between them must be only line ends. Version 1.0 refuses
 * both by itself when told to be strict; this check goes when Debian 12 goes.
 */
#include <string.h>
#include <strings.h>

#include "base/secret.h"
#include "front/http_internal.h"

static enum MHD_Result add_field(void *cls, enum MHD_ValueKind kind, const char *name, const char *value)
{
	struct http_head *h = cls;

	(void)kind;
	h->fields[h->head.nfields] = (struct request_field){ name, value != NULL ? value : "" };
	h->head.nfields++;
	return h->head.nfields <= REQUEST_FIELDS_MAX ? MHD_YES : MHD_NO;
}

#if MHD_VERSION < 0x01000000

/* [*at, to) holds at most `ends` line-end bytes, by now NUL. */
static bool only_line_ends(const char *at, const char *to, size_t ends)
{
	if (to < at || (size_t)(to - at) > ends)
		return false;
	for (; at < to; at++)
		if (*at != '\0')
			return false;
	return true;
}

/* Between a name and its value there is the colon, by now NUL, and white space. */
static bool only_colon(const char *at, const char *to)
{
	if (to <= at || *at != '\0')
		return false;
	for (at++; at < to; at++)
		if (*at != ' ' && *at != '\t')
			return false;
	return true;
}

static bool line_is_whole(const struct http_head *h, const char *target, const char *url)
{
	const struct request_head *r = &h->head;

	return url == r->method + strlen(r->method) + 1 && r->version == url + strlen(target) + 1;
}

static bool nothing_hidden(const struct http_head *h, const char *target, const char *url)
{
	const char *start = h->head.method, *end = start + h->head.size;
	const char *at = h->head.version + strlen(h->head.version);

	if (!line_is_whole(h, target, url))
		return false;
	for (size_t i = 0; i < h->head.nfields; i++) {
		const struct request_field *f = &h->fields[i];

		if (f->name < start || f->name >= end || f->value < start || f->value >= end)
			return false;
		if (!only_line_ends(at, f->name, 2) || !only_colon(f->name + strlen(f->name), f->value))
			return false;
		at = f->value + strlen(f->value);
	}
	return only_line_ends(at, end, 4);
}

#else

static bool nothing_hidden(const struct http_head *h, const char *target, const char *url)
{
	(void)h, (void)target, (void)url;
	return true;
}

#endif

enum acsr_result http_head_read(struct http_head *out, struct http_exchange *x, const char *url,
	const char *method, const char *version, struct acsr_err *e)
{
	const union MHD_ConnectionInfo *size =
		MHD_get_connection_info(x->mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);

	out->head = (struct request_head){ .method = method,
		.target = x->target,
		.version = version,
		.fields = out->fields,
		.size = size != NULL ? size->header_size : 0,
		.plain = !x->server->config.tls };
	memcpy(out->head.peer, x->conn->addr, 16);
	MHD_get_connection_values(x->mhd, MHD_HEADER_KIND, add_field, out);
	if (out->head.nfields <= REQUEST_FIELDS_MAX && !nothing_hidden(out, x->target, url))
		return err_rule(e, "request.header", "", "RFC 9112 5.2",
			"NUL bytes, folded lines and stray spaces are not permitted in headers");
	return ACSR_OK;
}

/* The strings are in the connection's own buffer, which is const only to say that we should not parse it. */
static void wipe_text(const char *s)
{
	wipe((void *)(uintptr_t)s, strlen(s));
}

static enum MHD_Result wipe_credential(
	void *cls, enum MHD_ValueKind kind, const char *name, const char *value)
{
	(void)cls;
	if (value == NULL)
		return MHD_YES;
	if (kind == MHD_COOKIE_KIND || strcasecmp(name, "Cookie") == 0 ||
		strcasecmp(name, "Authorization") == 0)
		wipe_text(value);
	return MHD_YES;
}

void http_head_wipe(struct http_exchange *x)
{
	MHD_get_connection_values(x->mhd, MHD_HEADER_KIND, wipe_credential, NULL);
	MHD_get_connection_values(x->mhd, MHD_COOKIE_KIND, wipe_credential, NULL);
}
