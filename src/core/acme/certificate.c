/*
 * Downloading a certificate (RFC 8555 7.4.2): /cert/SERIAL is the usual chain, /cert/SERIAL/N the N-th other one.
 *
 * Other chains are those that really exist: by another certificate of the same issuing key (a cross-certificate), and at
 * last the usual one with its root.
 */
#include <stdlib.h>
#include <string.h>

#include "autocsr/cert.h"
#include "core/acme/orders.h"
#include "core/issuers.h"

enum { CHAINS = 16 };

struct chain {
	const struct issuer *issuer;
	bool root; /* with the root at its end */
};

/* Is b another certificate for the key of issuer a? */
static bool same_key(const struct issuer *a, const struct issuer *b)
{
	return a != b && memcmp(a->spki_sha256, b->spki_sha256, sizeof(a->spki_sha256)) == 0 &&
	       a->subject.len == b->subject.len && memcmp(a->subject.p, b->subject.p, a->subject.len) == 0;
}

static size_t chains_of(struct core *c, const char *issuer, struct chain out[CHAINS])
{
	const struct issuer *is = issuers_find(c->issuers, issuer);
	size_t n = 0;

	if (is == NULL)
		return 0;
	out[n++] = (struct chain){ is, false };
	for (size_t i = 0; issuers_at(c->issuers, i) != NULL && n < CHAINS - 1; i++)
		if (same_key(is, issuers_at(c->issuers, i)))
			out[n++] = (struct chain){ issuers_at(c->issuers, i), false };
	if (*is->chain != '\0')
		out[n++] = (struct chain){ is, true };
	return n;
}

/* --- */

/* That the asking account got, by its serial. */
static enum acsr_result find(struct core *c, const struct acme_request *a, struct certificate *cert,
	struct buf *der, struct acsr_err *e)
{
	CLEANUP_ACME_ORDER struct acme_order o = { 0 };
	struct acsr_err ignored;
	bool have;

	TRY(acme_order_by_serial(c->db, a->param[0], &o, &have, e));
	if (!have || strcmp(o.acme_account_id, a->account.id) != 0 ||
		certificate_der(c->db, o.id, o.serial, cert, der, &ignored) != ACSR_OK)
		return err_set(e, "object.absent", "this account has no such certificate");
	return ACSR_OK;
}

static enum acsr_result which(const struct acme_request *a, size_t n, uint64_t *i, struct acsr_err *e)
{
	*i = 0;
	if (a->param[1][0] == '\0')
		return ACSR_OK;
	if (str_u64(a->param[1], CHAINS, i, NULL) != ACSR_OK || *i == 0 || *i >= n)
		return err_set(e, "object.absent", "this certificate has no such chain");
	return ACSR_OK;
}

static enum acsr_result put_chain(
	struct acme_request *a, const struct buf *der, const struct chain *chain, struct acsr_err *e)
{
	struct acsr_blob pem = { 0 };
	enum acsr_result r;

	TRY(acsr_cert_pem(der->p, der->len, &pem, e));
	r = buf_put(&a->q->raw, pem.p, pem.len, e);
	acsr_blob_free(&pem);
	TRY(r);
	if (!chain->root)
		return issuer_chain_without_root(chain->issuer, &a->q->raw, e);
	TRY(buf_putstr(&a->q->raw, chain->issuer->certificate, e));
	return buf_putstr(&a->q->raw, chain->issuer->chain, e);
}

/* No "up": clients of before RFC 8555 (mod_md) then look there for the chain that they have, and by POST. */
static enum acsr_result put_links(
	struct acme_request *a, const char *serial, size_t n, uint64_t shown, struct acsr_err *e)
{
	for (size_t i = 0; i < n; i++) {
		if (i == shown)
			continue;
		TRY(i == 0 ? request_header(a->q, e, "Link: <%s/cert/%s>;rel=\"alternate\"", a->base, serial)
			   : request_header(a->q, e, "Link: <%s/cert/%s/%zu>;rel=\"alternate\"", a->base,
				     serial, i));
	}
	return ACSR_OK;
}

enum acsr_result acme_certificate(struct core *c, struct acme_request *a, struct acsr_err *e)
{
	CLEANUP_BUF struct buf der = { 0 };
	struct chain chains[CHAINS];
	struct certificate cert;
	uint64_t i;
	size_t n;

	buf_init(&der, 65536);
	TRY(acme_want_empty(a, e));
	TRY(find(c, a, &cert, &der, e));
	n = chains_of(c, cert.issuer, chains);
	if (n == 0)
		return err_set(e, "busy.signer", "the issuer's chain is not here yet");
	TRY(which(a, n, &i, e));
	TRY(put_chain(a, &der, &chains[i], e));
	TRY(put_links(a, cert.serial, n, i, e));
	a->q->status = 200;
	a->q->content_type = "application/pem-certificate-chain";
	return ACSR_OK;
}
