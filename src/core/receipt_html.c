/* A receipt for people: to read, print and keep. */
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "core/receipt.h"

static const char style[] =
	"body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 "
	"1rem;color:#1b1f24;background:#fff}"
	"h1{font-size:1.5rem;margin:0 0 .3rem}h2{font-size:1.05rem;margin:1.6rem 0 .3rem;border-bottom:1px "
	"solid "
	"#c9d1d9}"
	"dl{display:grid;grid-template-columns:13rem 1fr;gap:.2rem 1rem;margin:0}dt{color:#57606a}"
	"dd{margin:0;overflow-wrap:anywhere;white-space:pre-line}code,pre{font:.85rem/1.4 "
	"ui-monospace,monospace}"
	"pre{white-space:pre-wrap;overflow-wrap:anywhere;background:#f6f8fa;padding:.7rem;border:1px solid "
	"#d0d7de}"
	"@media(max-width:32rem){dl{grid-template-columns:1fr}dd{margin-bottom:.4rem}}"
	"@media print{body{margin:0;font-size:11pt}h2,dl{break-inside:avoid}}";

enum { PAGE_MAX = 6 * RECEIPT_MAX, STYLE_HASH = B64_LEN(32) };

static enum acsr_result style_hash(char out[STYLE_HASH], struct acsr_err *e)
{
	uint8_t digest[32];

	if (EVP_Q_digest(NULL, "SHA256", NULL, style, sizeof(style) - 1, digest, NULL) != 1)
		return err_set(e, "sys.digest", "cannot hash");
	b64_encode(digest, sizeof(digest), false, out);
	return ACSR_OK;
}

enum acsr_result receipt_html_policy(char out[300], struct acsr_err *e)
{
	char hash[STYLE_HASH];

	TRY(style_hash(hash, e));
	snprintf(out, 300,
		"default-src 'none'; style-src 'sha256-%s'; base-uri 'none'; form-action 'none'; "
		"frame-ancestors 'none'; sandbox",
		hash);
	return ACSR_OK;
}

/* --- writing --- */

static enum acsr_result put_safe(struct buf *out, const char *s, struct acsr_err *e)
{
	for (size_t n; *s != '\0'; s += n) {
		n = strcspn(s, "&<>\"'");
		if (n > 0) {
			TRY(buf_put(out, s, n, e));
			continue;
		}
		TRY(buf_printf(out, e, "&#%d;", *s));
		n = 1;
	}
	return ACSR_OK;
}

/* A row; nothing when there is nothing to tell. */
static enum acsr_result put(struct buf *out, const char *label, const char *value, struct acsr_err *e)
{
	if (*value == '\0')
		return ACSR_OK;
	TRY(buf_printf(out, e, "<dt>%s</dt><dd>", label));
	TRY(put_safe(out, value, e));
	return buf_putstr(out, "</dd>\n", e);
}

static enum acsr_result put_code(struct buf *out, const char *label, const char *value, struct acsr_err *e)
{
	if (*value == '\0')
		return ACSR_OK;
	TRY(buf_printf(out, e, "<dt>%s</dt><dd><code>", label));
	TRY(put_safe(out, value, e));
	return buf_putstr(out, "</code></dd>\n", e);
}

static enum acsr_result put_time(struct buf *out, const char *label, int64_t t, struct acsr_err *e)
{
	char at[21], text[32];

	if (t == 0)
		return ACSR_OK;
	clock_rfc3339(t, at);
	snprintf(text, sizeof(text), "%.10s %.8s UTC", at, at + 11);
	return put(out, label, text, e);
}

static enum acsr_result put_entry(
	struct buf *out, const char *label, const struct receipt_entry *x, struct acsr_err *e)
{
	char text[120];

	if (x->seq == 0)
		return ACSR_OK;
	snprintf(text, sizeof(text), "number %lld, leaf hash %s", (long long)x->seq, x->leaf);
	return put_code(out, label, text, e);
}

static enum acsr_result heading(struct buf *out, const char *text, struct acsr_err *e)
{
	return buf_printf(out, e, "</dl>\n<h2>%s</h2>\n<dl>\n", text);
}

/* --- what it says --- */

/* The one sentence that matters. */
static const char *summary(const struct receipt *r)
{
	if (strcmp(r->grade, "browser") == 0)
		return "The key of this order was made in the customer's browser. The service has had its "
		       "CSR "
		       "only, and never the key.";
	if (strcmp(r->grade, "sealed") == 0)
		return "The service made this key, sealed it to the customer's own public key and handed it "
		       "over. No unlock code ever existed, and the service has kept no copy.";
	if (strcmp(r->part, "final") == 0)
		return "The service made this key, handed it over in an archive under an unlock code, and "
		       "has "
		       "destroyed the code since. It has kept neither key nor archive nor code.";
	return "The service made this key and handed it over in an archive under an unlock code. It has kept "
	       "neither key nor archive; the code can be looked up until it is destroyed, and a final "
	       "receipt "
	       "tells when that was.";
}

static const char *grade_text(const struct receipt *r)
{
	return strcmp(r->grade, "browser") == 0  ? "made in the browser"
	       : strcmp(r->grade, "sealed") == 0 ? "sealed to the customer's public key"
						 : "archive and unlock code";
}

static enum acsr_result put_order(struct buf *out, const struct receipt *r, struct acsr_err *e)
{
	CLEANUP_BUF struct buf names = { 0 };

	buf_init(&names, RECEIPT_MAX);
	for (size_t i = 0; i < r->names.n; i++)
		TRY(buf_printf(&names, e, "%s%s", i > 0 ? "\n" : "", r->names.v[i]));
	TRY(put(out, "Order", r->order, e));
	TRY(put(out, "Request", r->request, e));
	TRY(put(out, "Account", r->account, e));
	TRY(put(out, "Product", r->product, e));
	TRY(put(out, "Names", buf_cstr(&names), e));
	return put(out, "Service", r->service, e);
}

static enum acsr_result put_key(struct buf *out, const struct receipt *r, struct acsr_err *e)
{
	char size[40] = "";

	if (r->archive_size > 0)
		snprintf(size, sizeof(size), "%lld bytes", (long long)r->archive_size);
	TRY(heading(out, "The key", e));
	TRY(put(out, "Key type", r->key_type, e));
	TRY(put(out, "Made by", strcmp(r->made_by, "service") == 0 ? "the service" : "the customer's browser",
		e));
	TRY(put_code(out, "SPKI SHA-256", r->spki_sha256, e));
	TRY(put(out, "Handed over", grade_text(r), e));
	TRY(put(out, "Format", r->format, e));
	TRY(put(out, "By", r->delivery, e));
	TRY(put(out, "Sealed to", r->recipient, e));
	TRY(put_code(out, "Recipient SHA-256", r->recipient_sha256, e));
	TRY(put_code(out, "Archive SHA-256", r->archive_sha256, e));
	return put(out, "Archive size", size, e);
}

static enum acsr_result put_times(struct buf *out, const struct receipt *r, struct acsr_err *e)
{
	TRY(heading(out, "When", e));
	TRY(put_time(out, "Authorised", r->authorised_at, e));
	TRY(put_time(out, "Made", r->made_at, e));
	TRY(put_time(out, "Worker ended", r->gone_at, e));
	TRY(put_time(out, r->made_at != 0 ? "Handed over" : "CSR accepted", r->handed_over_at, e));
	TRY(put_time(out, "Code destroyed", r->destroyed_at, e));
	TRY(put_time(out, "This was signed", r->signed_at, e));
	TRY(put(out, "Software", r->software, e));
	return put(out, "Worker's sandbox", r->sandbox, e);
}

static enum acsr_result put_people(struct buf *out, const struct receipt *r, struct acsr_err *e)
{
	if (r->authorised_at != 0) {
		TRY(heading(out, "Who authorised the making of the key", e));
		TRY(put(out, "By", r->authorised_by, e));
		TRY(put(out, "With", strcmp(r->authorised_kind, "token") == 0 ? "an API token" : "a login",
			e));
		TRY(put(out, "Token", r->authorised_token, e));
		TRY(put(out, "From the network", r->authorised_network, e));
		TRY(put(out, "Wording", r->authorised_wording, e));
	}
	TRY(heading(out, "The issuer", e));
	TRY(put(out, "Name", r->issuer, e));
	TRY(put(out, "Kind", strcmp(r->issuer_kind, "public") == 0 ? "publicly trusted" : "private", e));
	TRY(put(out, "The operator's statement", r->statement, e));
	TRY(put(out, "Stated by", r->statement_author, e));
	return put_time(out, "Stated", r->statement_at, e);
}

static enum acsr_result put_log(struct buf *out, const struct receipt *r, struct acsr_err *e)
{
	char text[160] = "";

	if (r->checkpoint_size > 0)
		snprintf(text, sizeof(text), "%lld entries, root %s", (long long)r->checkpoint_size,
			r->checkpoint_root);
	TRY(heading(out, "In the audit log", e));
	TRY(put(out, "Log", r->log, e));
	TRY(put_entry(out, "Key made", &r->made, e));
	TRY(put_entry(out, "Handed over", &r->handed_over, e));
	TRY(put_entry(out, "Code destroyed", &r->destroyed, e));
	return put_code(out, "Checkpoint then", text, e);
}

static enum acsr_result put_head(struct buf *out, const struct receipt *r, struct acsr_err *e)
{
	char hash[STYLE_HASH];

	TRY(style_hash(hash, e));
	TRY(buf_printf(out, e,
		"<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
		"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
		"'sha256-%s'\">\n"
		"<meta name=\"viewport\" content=\"width=device-width\">\n<title>Receipt ",
		hash));
	TRY(put_safe(out, r->order, e));
	TRY(buf_printf(out, e, "</title>\n<style>%s</style></head><body>\n<h1>", style));
	TRY(buf_putstr(out, strcmp(r->part, "final") == 0 ? "Final receipt" : "Receipt of a hand-over", e));
	return buf_printf(out, e, "</h1>\n<p>%s</p>\n<dl>\n", summary(r));
}

static enum acsr_result put_foot(
	struct buf *out, const struct receipt_signed *s, const char *document, struct acsr_err *e)
{
	TRY(buf_printf(out, e,
		"</dl>\n<h2>The signed document</h2>\n<p>Signed with the Ed25519 key of the SPKI SHA-256 "
		"<code>%s</code>. This page is only for reading: what counts is the document below. Save it "
		"as it is, and check it with <code>autocsr receipt verify</code> or openssl, against the key "
		"that the service publishes.</p>\n<pre>",
		s->key_id));
	TRY(put_safe(out, document, e));
	return buf_putstr(out, "</pre>\n</body></html>\n", e);
}

enum acsr_result receipt_html(
	const struct receipt_signed *s, const char *document, struct buf *out, struct acsr_err *e)
{
	const struct receipt *r = &s->receipt;

	buf_init(out, PAGE_MAX);
	TRY(put_head(out, r, e));
	TRY(put_order(out, r, e));
	TRY(put_key(out, r, e));
	TRY(put_times(out, r, e));
	TRY(put_people(out, r, e));
	TRY(put_log(out, r, e));
	return put_foot(out, s, document, e);
}
