/* Headers, JSON and problem documents of another CA. */
#include "core/upstream/reply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/jsontext.h"

enum { ALTERNATES = 16, DETAIL_SHOWN = 200, SUBPROBLEMS_SHOWN = 3, DIRECTORY_MAX = 65536 };

void reply_clear(struct upstream_reply *r)
{
	strv_free(&r->alternates);
	json_decref(r->json);
	*r = (struct upstream_reply){ 0 };
}

/* --- headers --- */

int64_t reply_retry_after(const char *value, int64_t now)
{
	struct tm tm = { 0 };
	uint64_t seconds;
	const char *end;

	if (str_u64(value, INT32_MAX, &seconds, NULL) == ACSR_OK)
		return (int64_t)seconds;
	if (*value != '\0' && value[strspn(value, "0123456789")] == '\0')
		return INT32_MAX;
	end = strptime(value, "%a, %d %b %Y %H:%M:%S GMT", &tm);
	if (end == NULL || *end != '\0')
		return -1;
	return (int64_t)timegm(&tm) > now ? (int64_t)timegm(&tm) - now : 0;
}

/* RFC 8555 6.5.1: base64url, nothing else. */
static void take_nonce(const char *value, char nonce[257])
{
	size_t n = strspn(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

	snprintf(nonce, 257, "%s", n > 0 && n <= 256 && value[n] == '\0' ? value : "");
}

static bool has_rel(const char *params, const char *rel)
{
	char quoted[32], plain[32];

	snprintf(quoted, sizeof(quoted), "rel=\"%s\"", rel);
	snprintf(plain, sizeof(plain), "rel=%s", rel);
	return strstr(params, quoted) != NULL || strstr(params, plain) != NULL;
}

/* <URL>;rel="alternate" (RFC 8288), several in one header separated by commas. */
static enum acsr_result take_links(
	const struct upstream_issuer *i, const char *value, struct upstream_reply *r, struct acsr_err *e)
{
	while ((value = strchr(value, '<')) != NULL) {
		const char *end = strchr(value, '>'), *next;
		CLEANUP_STR char *url = NULL, *params = NULL;

		if (end == NULL)
			return ACSR_OK;
		next = strchr(end, '<');
		TRY(str_printf(&url, e, "%.*s", (int)(end - value - 1), value + 1));
		TRY(str_printf(&params, e, "%.*s", next != NULL ? (int)(next - end) : (int)strlen(end), end));
		value = end;
		if (has_rel(params, "terms-of-service") && upstream_url_plain(url))
			snprintf(r->terms, sizeof(r->terms), "%s", url);
		if (!upstream_url_ok(i, url))
			continue;
		if (has_rel(params, "alternate") && r->alternates.n < ALTERNATES)
			TRY(strv_add(&r->alternates, url, e));
		else if (has_rel(params, "next"))
			snprintf(r->next, sizeof(r->next), "%s", url);
	}
	return ACSR_OK;
}

static void take_retry(struct core *c, const char *value, struct upstream_reply *r)
{
	int64_t most = conf_span(&c->proc->conf, "upstream.longest_wait"),
		n = reply_retry_after(value, c->now);

	if (n < 0)
		return;
	r->retry_after = n;
	r->retry_at = c->now + (n < 1 ? 1 : n < most ? n : most);
}

static enum acsr_result take_headers(struct core *c, const struct upstream_issuer *i,
	const struct msg_https_response *m, struct upstream_reply *r, char nonce[257], struct acsr_err *e)
{
	for (size_t k = 0; k < m->headers.n; k++) {
		const char *line = m->headers.v[k], *value = strstr(line, ": ");

		if (value == NULL)
			continue;
		value += 2;
		if (str_starts(line, "replay-nonce:"))
			take_nonce(value, nonce);
		else if (str_starts(line, "retry-after:"))
			take_retry(c, value, r);
		else if (str_starts(line, "link:"))
			TRY(take_links(i, value, r, e));
		else if (str_starts(line, "location:") && strlen(value) < sizeof(r->location))
			snprintf(r->location, sizeof(r->location), "%s", value);
	}
	return ACSR_OK;
}

/* --- problems (RFC 9457, RFC 8555 6.7) --- */

static void problem_type(json_t *problem, char out[48])
{
	static const char prefix[] = "urn:ietf:params:acme:error:";
	const char *type = json_string_value(json_object_get(problem, "type"));
	size_t n = 0;

	out[0] = '\0';
	if (type == NULL || !str_starts(type, prefix))
		return;
	type += sizeof(prefix) - 1;
	while ((type[n] >= 'a' && type[n] <= 'z') || (type[n] >= 'A' && type[n] <= 'Z'))
		n++;
	if (n > 0 && n < 40 && type[n] == '\0')
		snprintf(out, 48, "%s", type);
}

static const char *detail_of(json_t *problem)
{
	const char *detail = json_string_value(json_object_get(problem, "detail"));

	return detail != NULL && *detail != '\0' ? detail : "it gives no reason";
}

/* "DETAIL (www.example.com: DETAIL; …)" */
static void words_of(json_t *problem, char *out, size_t cap)
{
	json_t *subs = json_object_get(problem, "subproblems");
	size_t n = (size_t)snprintf(out, cap, "%.*s", DETAIL_SHOWN, detail_of(problem));

	for (size_t k = 0;
		json_is_array(subs) && k < json_array_size(subs) && k < SUBPROBLEMS_SHOWN && n + 1 < cap;
		k++) {
		json_t *sub = json_array_get(subs, k);
		const char *name =
			json_string_value(json_object_get(json_object_get(sub, "identifier"), "value"));

		n += (size_t)snprintf(out + n, cap - n, "%s%.60s: %.*s", k == 0 ? " (" : "; ",
			name != NULL ? name : "a name", DETAIL_SHOWN / 2, detail_of(sub));
	}
	if (json_is_array(subs) && json_array_size(subs) > 0 && n + 2 < cap)
		memcpy(out + n, ")", 2);
	str_whole(out);
}

static enum acsr_result problem(const struct upstream_issuer *i, struct upstream_reply *r, struct acsr_err *e)
{
	char words[330], id[64];

	problem_type(r->json, r->problem);
	words_of(r->json, words, sizeof(words));
	if (strcmp(r->problem, "rateLimited") == 0 || r->status == 429)
		return err_set(e, "upstream.limit", "%.50s asks us to slow down: %s", i->title, words);
	if (r->status >= 500)
		return err_set(
			e, "upstream.down", "%.50s has trouble (status %u): %s", i->title, r->status, words);
	if (r->status == 404 && r->problem[0] == '\0')
		return err_set(e, "upstream.absent", "%.50s does not know it any more: %s", i->title, words);
	snprintf(id, sizeof(id), "upstream.refused.%.40s", r->problem[0] != '\0' ? r->problem : "other");
	return err_set(e, id, "%.50s says: %s", i->title, words);
}

static enum acsr_result not_good(const struct upstream_issuer *i, const struct msg_https_response *m,
	struct upstream_reply *r, struct acsr_err *e)
{
	if (r->status >= 300 && r->status < 400)
		return err_set(e, "upstream.answer",
			"%.50s sends us elsewhere (status %u, to %.120s); redirects are not followed, so let "
			"an administrator "
			"check its directory URL",
			i->title, r->status, r->location[0] != '\0' ? r->location : "nowhere");
	if (r->json != NULL)
		return problem(i, r, e);
	if (r->status == 429)
		return err_set(e, "upstream.limit", "%.50s asks us to slow down", i->title);
	if (r->status == 404 || r->status == 410)
		return err_set(e, "upstream.absent", "%.50s does not know it any more (status %u)", i->title,
			r->status);
	return err_set(e, r->status >= 500 ? "upstream.down" : "upstream.answer",
		"%.50s answers with status %u and %s, not with ACME", i->title, r->status,
		m->content_type[0] != '\0' ? m->content_type : "no type");
}

enum acsr_result reply_read(struct core *c, const struct upstream_issuer *i,
	const struct msg_https_response *m, struct upstream_reply *r, char nonce[257], struct acsr_err *e)
{
	nonce[0] = '\0';
	r->status = (unsigned)m->status;
	r->body = (struct bytes){ m->body.p, m->body.len };
	TRY(take_headers(c, i, m, r, nonce, e));
	if (m->body.len > 0)
		r->json = json_loadb((const char *)m->body.p, m->body.len, JSON_REJECT_DUPLICATES, NULL);
	if (!json_is_object(r->json)) {
		json_decref(r->json);
		r->json = NULL;
	}
	if (r->status < 200 || r->status > 299)
		return not_good(i, m, r, e);
	if (r->location[0] != '\0' && !upstream_url_ok(i, r->location))
		return err_set(e, "upstream.answer",
			"%.50s leads us to %.120s, which is none of its own https:// servers", i->title,
			r->location);
	return ACSR_OK;
}

/* --- the directory --- */

enum acsr_result reply_directory(
	struct upstream_issuer *i, const struct upstream_reply *r, struct acsr_err *e)
{
	static const char *const needed[] = { "newNonce", "newAccount", "newOrder", "revokeCert" };
	char url[UPSTREAM_URL], *text = NULL;

	if (r->json == NULL || r->body.len > DIRECTORY_MAX)
		return err_set(e, "upstream.answer", "%s: what is at %.120s is no ACME directory", i->title,
			i->directory_url);
	TRY(json_text(json_incref(r->json), &text, e));
	free(i->directory);
	i->directory = text;
	for (size_t k = 0; k < sizeof(needed) / sizeof(needed[0]); k++) {
		upstream_directory_url(i, needed[k], url);
		if (*url == '\0')
			return err_set(e, "upstream.answer",
				"%s: the directory at %.120s has no https:// URL for %s", i->title,
				i->directory_url, needed[k]);
	}
	return ACSR_OK;
}
