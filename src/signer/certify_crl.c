/* The judgement on a revocation list. */
#include <stdlib.h>
#include <string.h>

#include "autocsr/crl.h"
#include "certify.h"
#include "params.h"

static enum acsr_result bad_entry(size_t i, struct acsr_err *e)
{
	(void)err_set(e, "cert.crl.entry", "an entry is SERIALHEX EPOCHSECONDS REASON");
	err_at(e, "entries[%zu]", i);
	return ACSR_FAIL;
}

/* A name of RFC 5280, or its number. */
static enum acsr_result read_reason(const char *s, int *reason, struct acsr_err *e)
{
	uint64_t n;

	if (str_u64(s, 10, &n, NULL) == ACSR_OK && acsr_reason_name((int)n) != NULL) {
		*reason = (int)n;
		return ACSR_OK;
	}
	return acsr_reason_find(reason, s, e);
}

static enum acsr_result read_entry(const char *text, size_t i, struct acsr_crl_entry *out, struct acsr_err *e)
{
	CLEANUP_STR char *copy = NULL;
	char *rest, *serial, *at;
	uint64_t t;

	TRY(str_dup(&copy, text, e));
	rest = copy;
	serial = strsep(&rest, " ");
	at = strsep(&rest, " ");
	if (rest == NULL || hex_decode(serial, out->serial, 20, &out->serial_len, NULL) != ACSR_OK ||
		out->serial_len == 0 || str_u64(at, INT64_MAX, &t, NULL) != ACSR_OK)
		return bad_entry(i, e);
	out->revoked_at = (int64_t)t;
	return read_reason(rest, &out->reason, e);
}

static enum acsr_result read_entries(const struct strv *l, struct acsr_crl_entry **out, struct acsr_err *e)
{
	struct acsr_crl_entry *v = calloc(l->n + 1, sizeof(*v));

	if (v == NULL)
		return err_nomem(e);
	for (size_t i = 0; i < l->n; i++) {
		if (read_entry(l->v[i], i, &v[i], e) == ACSR_OK)
			continue;
		free(v);
		return ACSR_FAIL;
	}
	*out = v;
	return ACSR_OK;
}

static enum acsr_result sign_logged(struct authority *a, const struct issuer *issuer,
	const struct msg_sign_crl *m, const struct acsr_crl_spec *spec, struct acsr_blob *der,
	struct acsr_err *e)
{
	uint8_t params[32];
	struct crl_issuance is = { .issuer = issuer->name,
		.number = m->number,
		.this_update = spec->this_update,
		.next_update = spec->next_update,
		.entries = m->entries.n,
		.params = params };

	TRY(acsr_crl_check(spec, e)); /* before it uses up a number */
	TRY(params_of_crl(&is, &m->entries, params, e));
	TRY(issuance_log_crl(a->log, &is, e));
	return acsr_crl_sign(spec, issuer->key, der, e);
}

enum acsr_result certify_crl(
	struct authority *a, const struct msg_sign_crl *m, struct acsr_blob *der, struct acsr_err *e)
{
	struct acsr_crl_entry *entries = NULL;
	struct acsr_crl_spec spec = { .number = m->number,
		.this_update = (int64_t)m->this_update,
		.next_update = (int64_t)m->next_update,
		.n_entries = m->entries.n };
	const struct issuer *issuer;
	enum acsr_result r;

	TRY(certify_issuer(&issuer, a, m->issuer, e));
	TRY(read_entries(&m->entries, &entries, e));
	spec.entries = entries;
	spec.issuer_der = issuer->der.p;
	spec.issuer_len = issuer->der.len;
	r = sign_logged(a, issuer, m, &spec, der, e);
	free(entries);
	return r;
}
