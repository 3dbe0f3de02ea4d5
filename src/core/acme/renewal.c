/*
 * When to renew (RFC 9773): a window about the last third of a certificate's life, a little different for each so that not
 * all come at once, or one that is past when the certificate is revoked or its issuer is in trouble.
 */
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "autocsr/cert.h"
#include "base/clock.h"
#include "core/acme/orders.h"
#include "core/issuers.h"
#include "core/jsontext.h"

enum { HOUR = 3600, ASK_AGAIN = 6 * HOUR, ASK_SOON = HOUR };

/* --- certificate ids (4.1) --- */

static enum acsr_result malformed(struct acsr_err *e)
{
	return err_rule(e, "acme.order.certificate-id", NULL, "RFC 9773 4.1",
		"a certificate's id is the base64url of its authority key identifier, a dot, and that of its "
		"serial");
}

/* DER's leading zero octet is part of the serial's bytes, of our hex it is not. */
static enum acsr_result read_id(const char *id, struct buf *aki, char serial[43], struct acsr_err *e)
{
	CLEANUP_BUF struct buf number = { 0 };
	const char *dot = strchr(id, '.');
	size_t skip;

	buf_init(&number, 24);
	if (dot == NULL || dot == id || strchr(dot + 1, '.') != NULL ||
		b64_decode(id, (size_t)(dot - id), true, aki, NULL) != ACSR_OK ||
		b64_decode(dot + 1, strlen(dot + 1), true, &number, NULL) != ACSR_OK || aki->len == 0 ||
		number.len == 0)
		return malformed(e);
	if ((number.p[0] & 0x80) != 0 || (number.len > 1 && number.p[0] == 0 && (number.p[1] & 0x80) == 0))
		return malformed(e); /* negative, or not as DER has it */
	skip = number.len > 1 && number.p[0] == 0;
	if (number.len - skip > 20)
		return malformed(e);
	hex_encode(number.p + skip, number.len - skip, serial);
	return ACSR_OK;
}

/* Is this the key identifier of the issuer that is named? */
static bool is_issuer(struct core *c, const char *issuer, const struct buf *aki)
{
	const struct issuer *is = issuers_find(c->issuers, issuer);
	struct acsr_cert_view *v = NULL;
	bool fits;

	if (is == NULL || acsr_cert_parse(&v, is->der.p, is->der.len, NULL) != ACSR_OK)
		return false;
	fits = v->ski_len == aki->len && memcmp(v->ski, aki->p, aki->len) == 0;
	acsr_cert_view_free(v);
	return fits;
}

enum acsr_result acme_certificate_of_id(
	struct core *c, const char *id, struct certificate *out, bool *have, struct acsr_err *e)
{
	CLEANUP_BUF struct buf aki = { 0 };
	char serial[43];

	*have = false;
	buf_init(&aki, 64);
	TRY(read_id(id, &aki, serial, e));
	if (certificate_load(c->db, serial, out, e) != ACSR_OK)
		return err_is(e, "object.absent") ? ACSR_OK : ACSR_FAIL;
	*have = out->sha256[0] != '\0' && is_issuer(c, out->issuer, &aki);
	return ACSR_OK;
}

/* --- the window --- */

/* "NAME", or "NAME@TIME" for what was issued before then. */
static bool hits(const char *word, const struct certificate *cert)
{
	const char *at = strchr(word, '@');
	size_t n = at != NULL ? (size_t)(at - word) : strlen(word);
	int64_t before;

	if (strlen(cert->issuer) != n || strncmp(word, cert->issuer, n) != 0)
		return false;
	return at == NULL ||
	       (clock_parse_rfc3339(at + 1, &before, NULL) == ACSR_OK && cert->created_at < before);
}

/* Does the operator say that this issuer's certificates are to be renewed at once? */
static enum acsr_result in_trouble(
	struct core *c, const struct certificate *cert, bool *is, struct acsr_err *e)
{
	CLEANUP_STRV struct strv words = { 0 };

	*is = false;
	TRY(acme_names_split(conf_str(&c->proc->conf, "acme.renew_now"), &words, e));
	for (size_t i = 0; i < words.n && !*is; i++)
		*is = hits(words.v[i], cert);
	return ACSR_OK;
}

/* A fixed number below `below` for each certificate. */
static int64_t jitter(const struct certificate *cert, int64_t below)
{
	uint8_t md[32] = { 0 };
	uint64_t x = 0;

	if (below <= 0 || EVP_Digest(cert->serial, strlen(cert->serial), md, NULL, EVP_sha256(), NULL) != 1)
		return 0;
	for (size_t i = 0; i < 8; i++)
		x = x << 8 | md[i];
	return (int64_t)(x % (uint64_t)below);
}

/* From about two thirds of its life on, over a twelfth of it. */
static void usual_window(const struct certificate *cert, int64_t *start, int64_t *end)
{
	int64_t life = cert->not_after - cert->not_before + 1;

	*start = cert->not_after - life / 3 + jitter(cert, life / 12);
	*end = *start + (life / 12 > 0 ? life / 12 : 1);
}

static void past_window(struct core *c, const struct certificate *cert, int64_t *start, int64_t *end)
{
	*end = cert->revoked_at != 0 && cert->revoked_at < c->now ? cert->revoked_at : c->now - HOUR;
	*start = *end - HOUR;
}

enum acsr_result acme_renewal_info(struct core *c, struct acme_request *a, struct acsr_err *e)
{
	const char *url = conf_str(&c->proc->conf, "acme.renew_now_url");
	struct certificate cert;
	int64_t start, end;
	bool have, trouble, now;
	json_t *out;

	TRY(acme_certificate_of_id(c, a->param[0], &cert, &have, e));
	if (!have)
		return err_set(e, "object.absent", "this server issued no such certificate");
	TRY(in_trouble(c, &cert, &trouble, e));
	now = trouble || strcmp(cert.state, "revoked") == 0;
	usual_window(&cert, &start, &end);
	if (now)
		past_window(c, &cert, &start, &end);
	out = json_pack("{s:{s:o,s:o}}", "suggestedWindow", "start", json_time(start), "end", json_time(end));
	if (trouble && *url != '\0')
		json_object_set_new(out, "explanationURL", json_string(url));
	TRY(request_header(a->q, e, "Retry-After: %d", now ? ASK_SOON : ASK_AGAIN));
	return request_answer(a->q, 200, out);
}
