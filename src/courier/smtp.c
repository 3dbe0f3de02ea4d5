/* An easy handle with its mime parts, and the reading of its result. */
#include "courier/smtp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "courier/mail_text.h"

enum { BODY_MAX = 1 << 20 };

struct smtp_transfer {
	CURL *easy;
	struct curl_loop *in; /* NULL: not in a loop */
	curl_mime *mime;
	struct curl_slist *headers, *rcpt;
	const struct buf *archive;
	size_t archive_at;
	char reply[512]; /* the last line that the server said */
	char why[CURL_ERROR_SIZE];
	char *url;
	void *tag;
};

/* --- what the server says --- */

static size_t on_reply(char *p, size_t one, size_t n, void *arg)
{
	struct smtp_transfer *t = arg;
	size_t len = one * n;

	while (len > 0 && (p[len - 1] == '\r' || p[len - 1] == '\n'))
		len--;
	if (len >= 3 && memcmp(p, "221", 3) != 0) /* the answer to QUIT is not about the mail */
		snprintf(t->reply, sizeof(t->reply), "%.*s", (int)(len < 511 ? len : 511), p);
	return one * n;
}

static size_t discard(char *p, size_t one, size_t n, void *arg)
{
	(void)p, (void)arg;
	return one * n;
}

/* --- the message --- */

static size_t read_archive(char *out, size_t one, size_t n, void *arg)
{
	struct smtp_transfer *t = arg;
	size_t left = t->archive->len - t->archive_at;
	size_t take = one * n < left ? one * n : left;

	memcpy(out, t->archive->p + t->archive_at, take);
	t->archive_at += take;
	return take;
}

static int seek_archive(void *arg, curl_off_t offset, int origin)
{
	struct smtp_transfer *t = arg;

	if (origin != SEEK_SET || offset < 0 || (size_t)offset > t->archive->len)
		return CURL_SEEKFUNC_CANTSEEK;
	t->archive_at = (size_t)offset;
	return CURL_SEEKFUNC_OK;
}

static bool slist_add(struct curl_slist **l, const char *s)
{
	struct curl_slist *longer = curl_slist_append(*l, s);

	if (longer == NULL)
		return false;
	*l = longer;
	return true;
}

static bool add_text(curl_mime *m, const char *text, const char *type)
{
	curl_mimepart *p = curl_mime_addpart(m);
	CLEANUP_BUF struct buf lines = { 0 };
	struct acsr_err e;

	buf_init(&lines, BODY_MAX);
	return p != NULL && mail_put_lines(text, &lines, &e) == ACSR_OK &&
	       curl_mime_data(p, buf_cstr(&lines), lines.len) == CURLE_OK &&
	       curl_mime_type(p, type) == CURLE_OK && curl_mime_encoder(p, "quoted-printable") == CURLE_OK;
}

static bool add_both(curl_mime *to, const struct msg_mail *m)
{
	return add_text(to, m->text, "text/plain; charset=utf-8") &&
	       add_text(to, m->html, "text/html; charset=utf-8");
}

/* multipart/alternative: the whole mail, or a part of it when there is an attachment. */
static bool add_bodies(struct smtp_transfer *t, const struct msg_mail *m)
{
	curl_mimepart *p;
	curl_mime *both;

	if (t->archive == NULL)
		return slist_add(&t->headers, "Content-Type: multipart/alternative") && add_both(t->mime, m);
	p = curl_mime_addpart(t->mime);
	both = curl_mime_init(t->easy);
	if (p == NULL || both == NULL || !add_both(both, m) || curl_mime_subparts(p, both) != CURLE_OK) {
		curl_mime_free(both);
		return false;
	}
	return curl_mime_type(p, "multipart/alternative") == CURLE_OK;
}

static bool add_archive(struct smtp_transfer *t, const struct msg_mail *m)
{
	curl_mimepart *p;

	if (t->archive == NULL)
		return true;
	p = curl_mime_addpart(t->mime);
	return p != NULL &&
	       curl_mime_data_cb(p, (curl_off_t)t->archive->len, read_archive, seek_archive, NULL, t) ==
		       CURLE_OK &&
	       curl_mime_type(p, m->attachment_type) == CURLE_OK &&
	       curl_mime_filename(p, m->attachment_name) == CURLE_OK &&
	       curl_mime_encoder(p, "base64") == CURLE_OK;
}

static enum acsr_result add_headers(
	struct smtp_transfer *t, const struct smtp_settings *s, const struct msg_mail *m, struct acsr_err *e)
{
	CLEANUP_STRV struct strv lines = { 0 };

	TRY(mail_headers(m, s->from, clock_now(), &lines, e));
	for (size_t i = 0; i < lines.n; i++)
		if (!slist_add(&t->headers, lines.v[i]))
			return err_nomem(e);
	return slist_add(&t->rcpt, m->to) ? ACSR_OK : err_nomem(e);
}

static enum acsr_result compose(
	struct smtp_transfer *t, const struct smtp_settings *s, const struct msg_mail *m, struct acsr_err *e)
{
	t->mime = curl_mime_init(t->easy);
	if (t->mime == NULL || !add_bodies(t, m) || !add_archive(t, m))
		return err_nomem(e);
	return add_headers(t, s, m, e);
}

/* --- the handle --- */

#define SET(option, value)                                                \
	do {                                                              \
		CURLcode set_ = curl_easy_setopt(t->easy, option, value); \
		if (set_ != CURLE_OK)                                     \
			return set_;                                      \
	} while (0)

static CURLcode set_tls(struct smtp_transfer *t, const struct smtp_settings *s)
{
	struct curl_blob roots = { .data = s->roots.p, .len = s->roots.len, .flags = CURL_BLOB_NOCOPY };
	long use = s->starttls == SMTP_TLS_REQUIRED   ? CURLUSESSL_ALL
		   : s->starttls == SMTP_TLS_OPTIONAL ? CURLUSESSL_TRY
						      : CURLUSESSL_NONE;

	SET(CURLOPT_USE_SSL, use);
	SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(CURLOPT_SSL_VERIFYPEER, 1L);
	SET(CURLOPT_SSL_VERIFYHOST, 2L);
	/* Only these roots: without this the system's directory would count beside ca_file. */
	SET(CURLOPT_CAPATH, NULL);
	if (roots.len > 0)
		SET(CURLOPT_CAINFO_BLOB, &roots);
	return CURLE_OK;
}

static CURLcode set_login(struct smtp_transfer *t, const struct smtp_settings *s)
{
	if (*s->user == '\0')
		return CURLE_OK;
	SET(CURLOPT_USERNAME, s->user);
	SET(CURLOPT_PASSWORD, s->password != NULL ? (const char *)acsr_secret_bytes(s->password) : "");
	return CURLE_OK;
}

static CURLcode set_all(struct smtp_transfer *t, const struct smtp_settings *s)
{
	SET(CURLOPT_URL, t->url);
	SET(CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	SET(CURLOPT_PROXY, "");
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_TIMEOUT_MS, (long)s->timeout_ms);
	SET(CURLOPT_FORBID_REUSE, 1L);
	SET(CURLOPT_ERRORBUFFER, t->why);
	SET(CURLOPT_PRIVATE, t);
	SET(CURLOPT_HEADERFUNCTION, on_reply);
	SET(CURLOPT_HEADERDATA, t);
	SET(CURLOPT_WRITEFUNCTION, discard);
	SET(CURLOPT_MAIL_FROM, s->from);
	SET(CURLOPT_MAIL_RCPT, t->rcpt);
	SET(CURLOPT_HTTPHEADER, t->headers);
	SET(CURLOPT_MIMEPOST, t->mime);
	if (set_tls(t, s) != CURLE_OK)
		return CURLE_SSL_CONNECT_ERROR;
	return set_login(t, s);
}

static enum acsr_result prepare(
	struct smtp_transfer *t, const struct smtp_settings *s, const struct msg_mail *m, struct acsr_err *e)
{
	CURLcode r;

	t->easy = curl_easy_init();
	if (t->easy == NULL)
		return err_nomem(e);
	/* The path is the name that EHLO says. */
	TRY(str_printf(&t->url, e, "%s/%s", s->server, strchr(s->from, '@') + 1));
	TRY(compose(t, s, m, e));
	r = set_all(t, s);
	return r == CURLE_OK ? ACSR_OK
			     : err_set(e, "sys.curl", "cannot set up a mail: %s", curl_easy_strerror(r));
}

enum acsr_result smtp_new(struct smtp_transfer **out, const struct smtp_settings *s, const struct msg_mail *m,
	const struct buf *archive, void *tag, struct acsr_err *e)
{
	struct smtp_transfer *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return err_nomem(e);
	t->archive = archive;
	t->tag = tag;
	if (prepare(t, s, m, e) != ACSR_OK) {
		smtp_free(t);
		return ACSR_FAIL;
	}
	*out = t;
	return ACSR_OK;
}

enum acsr_result smtp_start(struct smtp_transfer *t, struct curl_loop *c, struct acsr_err *e)
{
	TRY(curl_loop_add(c, t->easy, e));
	t->in = c;
	return ACSR_OK;
}

void smtp_free(struct smtp_transfer *t)
{
	if (t == NULL)
		return;
	if (t->in != NULL)
		curl_loop_remove(t->in, t->easy);
	curl_easy_cleanup(t->easy);
	curl_mime_free(t->mime);
	curl_slist_free_all(t->headers);
	curl_slist_free_all(t->rcpt);
	free(t->url);
	free(t);
}

struct smtp_transfer *smtp_of(CURL *easy)
{
	char *t = NULL;

	curl_easy_getinfo(easy, CURLINFO_PRIVATE, &t);
	return (struct smtp_transfer *)(void *)t;
}

void *smtp_tag(const struct smtp_transfer *t)
{
	return t->tag;
}

/* --- the outcome --- */

static bool is_tls(CURLcode r)
{
	return r == CURLE_USE_SSL_FAILED || r == CURLE_SSL_CONNECT_ERROR ||
	       r == CURLE_PEER_FAILED_VERIFICATION || r == CURLE_SSL_CIPHER || r == CURLE_SSL_CERTPROBLEM ||
	       r == CURLE_SSL_CACERT_BADFILE || r == CURLE_SSL_ISSUER_ERROR ||
	       r == CURLE_SSL_INVALIDCERTSTATUS;
}

/* The server said no; a connection that broke afterwards, or a login that the operator can mend, is no no. */
static bool is_refusal(CURLcode r, long code)
{
	return code >= 500 && code < 600 &&
	       (r == CURLE_SEND_ERROR || r == CURLE_WEIRD_SERVER_REPLY || r == CURLE_REMOTE_ACCESS_DENIED ||
		       r == CURLE_REMOTE_FILE_NOT_FOUND || r == CURLE_QUOTE_ERROR);
}

enum acsr_result smtp_outcome(
	struct smtp_transfer *t, CURLcode result, const char **reply, struct acsr_err *e)
{
	const char *why = t->why[0] != '\0' ? t->why : curl_easy_strerror(result);
	long code = 0;

	t->in = NULL;
	curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &code);
	if (result == CURLE_OK) {
		*reply = t->reply;
		return ACSR_OK;
	}
	if (is_tls(result))
		return err_set(e, "net.mail-tls", "no safe connection to the mail server: %s", why);
	if (is_refusal(result, code))
		return err_set(e, "mail.refused", "the mail server refuses it: %s", t->reply);
	if (t->reply[0] != '\0')
		return err_set(
			e, "net.mail-temporary", "the mail server did not take it: %s (%s)", why, t->reply);
	return err_set(e, "net.mail-temporary", "the mail server did not take it: %s", why);
}
