/* What the signer said of its issuers. */
#include "core/issuers.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autocsr/cert.h"
#include "base/log.h"

enum { ISSUERS = 16 };

struct issuers {
	struct issuer v[ISSUERS];
	size_t n;
};

enum acsr_result issuers_new(struct issuers **out, struct acsr_err *e)
{
	*out = calloc(1, sizeof(**out));
	return *out != NULL ? ACSR_OK : err_nomem(e);
}

static void issuer_clear(struct issuer *i)
{
	free(i->certificate);
	free(i->chain);
	blob_free(&i->der);
	blob_free(&i->subject);
	*i = (struct issuer){ 0 };
}

static enum acsr_result read_certificate(struct issuer *i, struct acsr_err *e)
{
	struct acsr_cert_view *view;
	struct acsr_blob *ders;
	enum acsr_result r;
	size_t n;

	TRY(acsr_input_certs((const uint8_t *)i->certificate, strlen(i->certificate), &ders, &n, e));
	r = acsr_cert_parse(&view, ders[0].p, ders[0].len, e);
	if (r == ACSR_OK) {
		i->not_before = view->not_before;
		i->not_after = view->not_after;
		hex_encode(view->sha256, sizeof(view->sha256), i->sha256);
		memcpy(i->spki_sha256, view->spki_sha256, sizeof(i->spki_sha256));
		r = blob_set(&i->subject, view->subject_der.p, view->subject_der.len, e);
		acsr_cert_view_free(view);
		if (r == ACSR_OK)
			r = blob_set(&i->der, ders[0].p, ders[0].len, e);
	}
	acsr_certs_free(ders, n);
	return r;
}

static enum acsr_result fill(struct issuer *i, const struct msg_issuer *m, struct acsr_err *e)
{
	snprintf(i->name, sizeof(i->name), "%s", m->name);
	snprintf(i->kind, sizeof(i->kind), "%s", m->kind);
	i->can_sign = m->can_sign != 0;
	TRY(str_dup(&i->certificate, m->certificate, e));
	TRY(str_dup(&i->chain, m->chain, e));
	return read_certificate(i, e);
}

enum acsr_result issuers_set(struct issuers *l, const struct msg_issuer *m, struct acsr_err *e)
{
	struct issuer fresh = { 0 };
	size_t at = 0;

	while (at < l->n && strcmp(l->v[at].name, m->name) != 0)
		at++;
	if (at == ISSUERS)
		return err_set(e, "sys.issuers", "more than %d issuers", ISSUERS);
	if (fill(&fresh, m, e) != ACSR_OK) {
		issuer_clear(&fresh);
		return ACSR_FAIL;
	}
	issuer_clear(&l->v[at]);
	l->v[at] = fresh;
	l->n += at == l->n;
	return ACSR_OK;
}

const struct issuer *issuers_at(const struct issuers *l, size_t i)
{
	return i < l->n ? &l->v[i] : NULL;
}

const struct issuer *issuers_find(const struct issuers *l, const char *name)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->v[i].name, name) == 0)
			return &l->v[i];
	return NULL;
}

enum acsr_result issuer_chain_without_root(const struct issuer *i, struct buf *out, struct acsr_err *e)
{
	static const char begin[] = "-----BEGIN CERTIFICATE-----";

	TRY(buf_putstr(out, i->certificate, e));
	for (const char *p = strstr(i->chain, begin); p != NULL;) {
		const char *next = strstr(p + 1, begin);

		if (next == NULL)
			break; /* the last one is the root */
		TRY(buf_put(out, p, (size_t)(next - p), e));
		p = next;
	}
	return ACSR_OK;
}
