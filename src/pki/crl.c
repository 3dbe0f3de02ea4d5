/* Making and reading certificate revocation lists. */
#include "autocsr/crl.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autocsr/cert.h"
#include "base/ascii.h"
#include "base/buf.h"
#include "certview.h"
#include "der.h"
#include "ext.h"
#include "key_int.h"
#include "pem.h"

#define MAX_CRL (32 * 1024 * 1024)

static const struct {
	int code;
	const char *name;
	bool customer;
} reasons[] = {
	{ 0, "unspecified", true },
	{ 1, "keyCompromise", true },
	{ 2, "cACompromise", false },
	{ 3, "affiliationChanged", true },
	{ 4, "superseded", true },
	{ 5, "cessationOfOperation", true },
	{ 6, "certificateHold", false },
	{ 8, "removeFromCRL", false },
	{ 9, "privilegeWithdrawn", false },
	{ 10, "aACompromise", false },
};
#define N_REASONS (sizeof(reasons) / sizeof(reasons[0]))

const char *acsr_reason_name(int code)
{
	for (size_t i = 0; i < N_REASONS; i++)
		if (reasons[i].code == code)
			return reasons[i].name;
	return NULL;
}

enum acsr_result acsr_reason_find(int *code, const char *name, struct acsr_err *e)
{
	for (size_t i = 0; i < N_REASONS; i++) {
		if (ascii_casecmp(reasons[i].name, name) != 0)
			continue;
		*code = reasons[i].code;
		return ACSR_OK;
	}
	return err_rule(e, "cert.reason", "reason", "RFC 5280 5.3.1",
		"unknown reason \"%.40s\"; use unspecified, keyCompromise, affiliationChanged, superseded or "
		"cessationOfOperation",
		name);
}

bool acsr_reason_by_customer(int code)
{
	for (size_t i = 0; i < N_REASONS; i++)
		if (reasons[i].code == code)
			return reasons[i].customer;
	return false;
}

static int compare(const struct acsr_crl_entry *a, const struct acsr_crl_entry *b)
{
	if (a->serial_len != b->serial_len)
		return a->serial_len < b->serial_len ? -1 : 1;
	return memcmp(a->serial, b->serial, a->serial_len);
}

static int compare_ptr(const void *a, const void *b)
{
	return compare(*(const struct acsr_crl_entry *const *)a, *(const struct acsr_crl_entry *const *)b);
}

static enum acsr_result check_entry(const struct acsr_crl_entry *it, struct acsr_err *e)
{
	if (it->serial_len == 0 || it->serial_len > 20 || it->serial[0] == 0)
		return err_set(e, "cert.serial", "a serial number of no or more than 20 octets");
	if (acsr_reason_name(it->reason) == NULL || it->reason == ACSR_REASON_CERTIFICATE_HOLD ||
		it->reason == ACSR_REASON_REMOVE_FROM_CRL)
		return err_rule(
			e, "cert.reason", NULL, "BR 7.2.2", "reason %d cannot stand in the CRL", it->reason);
	return ACSR_OK;
}

static enum acsr_result check_entries(const struct acsr_crl_spec *s, struct acsr_err *e)
{
	const struct acsr_crl_entry **sorted;
	enum acsr_result r = ACSR_OK;

	for (size_t i = 0; i < s->n_entries; i++)
		TRY(check_entry(&s->entries[i], e));
	sorted = calloc(s->n_entries + 1, sizeof(const struct acsr_crl_entry *));
	if (sorted == NULL)
		return err_nomem(e);
	for (size_t i = 0; i < s->n_entries; i++)
		sorted[i] = &s->entries[i];
	qsort(sorted, s->n_entries, sizeof(const struct acsr_crl_entry *), compare_ptr);
	for (size_t i = 1; i < s->n_entries; i++)
		if (compare(sorted[i - 1], sorted[i]) == 0)
			r = err_set(e, "cert.crl.duplicate", "a serial number stands twice in the CRL");
	free(sorted);
	return r;
}

static int set_reason(X509_REVOKED *rev, int reason)
{
	ASN1_ENUMERATED *code;
	int ok;

	if (reason == ACSR_REASON_UNSPECIFIED)
		return 1;
	code = ASN1_ENUMERATED_new();
	ok = code != NULL && ASN1_ENUMERATED_set(code, reason) == 1 &&
	     X509_REVOKED_add1_ext_i2d(rev, NID_crl_reason, code, 0, X509V3_ADD_DEFAULT) == 1;
	ASN1_ENUMERATED_free(code);
	return ok;
}

static X509_REVOKED *make_revoked(const struct acsr_crl_entry *it)
{
	OSSL_AUTO(ossl_free_bn) BIGNUM *bn = BN_bin2bn(it->serial, (int)it->serial_len, NULL);
	ASN1_INTEGER *serial = bn != NULL ? BN_to_ASN1_INTEGER(bn, NULL) : NULL;
	ASN1_TIME *when = ASN1_TIME_set(NULL, (time_t)it->revoked_at);
	X509_REVOKED *rev = X509_REVOKED_new();
	int ok = serial != NULL && when != NULL && rev != NULL &&
		 X509_REVOKED_set_serialNumber(rev, serial) == 1 &&
		 X509_REVOKED_set_revocationDate(rev, when) == 1 && set_reason(rev, it->reason);

	ASN1_INTEGER_free(serial);
	ASN1_TIME_free(when);
	if (ok)
		return rev;
	X509_REVOKED_free(rev);
	return NULL;
}

static enum acsr_result add_entries(X509_CRL *crl, const struct acsr_crl_spec *s, struct acsr_err *e)
{
	for (size_t i = 0; i < s->n_entries; i++) {
		X509_REVOKED *rev = make_revoked(&s->entries[i]);

		if (rev == NULL || X509_CRL_add0_revoked(crl, rev) != 1) {
			X509_REVOKED_free(rev);
			return ossl_err(e, "sys.openssl", "cannot add an entry to the CRL");
		}
	}
	return X509_CRL_sort(crl) == 1 ? ACSR_OK : ossl_err(e, "sys.openssl", "cannot sort the CRL");
}

static enum acsr_result add_number(X509_CRL *crl, uint64_t number, struct acsr_err *e)
{
	ASN1_INTEGER *n = ASN1_INTEGER_new();
	int ok = n != NULL && ASN1_INTEGER_set_uint64(n, number) == 1 &&
		 X509_CRL_add1_ext_i2d(crl, NID_crl_number, n, 0, X509V3_ADD_DEFAULT) == 1;

	ASN1_INTEGER_free(n);
	return ok ? ACSR_OK : ossl_err(e, "sys.openssl", "cannot number the CRL");
}

static enum acsr_result add_aki(X509_CRL *crl, X509 *issuer, struct acsr_err *e)
{
	const ASN1_OCTET_STRING *id = X509_get0_subject_key_id(issuer);
	AUTHORITY_KEYID *aki = AUTHORITY_KEYID_new();
	int ok = aki != NULL;

	if (ok && id != NULL) {
		aki->keyid = ASN1_OCTET_STRING_dup(id);
		ok = aki->keyid != NULL && X509_CRL_add1_ext_i2d(crl, NID_authority_key_identifier, aki, 0,
						   X509V3_ADD_DEFAULT) == 1;
	}
	AUTHORITY_KEYID_free(aki);
	return ok ? ACSR_OK : ossl_err(e, "sys.openssl", "cannot name the CRL's issuer");
}

static enum acsr_result set_head(
	X509_CRL *crl, const struct acsr_crl_spec *s, X509 *issuer, struct acsr_err *e)
{
	ASN1_TIME *from = ASN1_TIME_set(NULL, (time_t)s->this_update);
	ASN1_TIME *to = ASN1_TIME_set(NULL, (time_t)s->next_update);
	int ok = from != NULL && to != NULL && X509_CRL_set_version(crl, 1) == 1 &&
		 X509_CRL_set_issuer_name(crl, X509_get_subject_name(issuer)) == 1 &&
		 X509_CRL_set1_lastUpdate(crl, from) == 1 && X509_CRL_set1_nextUpdate(crl, to) == 1;

	ASN1_TIME_free(from);
	ASN1_TIME_free(to);
	return ok ? ACSR_OK : ossl_err(e, "sys.openssl", "cannot make a CRL");
}

enum acsr_result acsr_crl_check(const struct acsr_crl_spec *spec, struct acsr_err *e)
{
	if (spec->next_update <= spec->this_update)
		return err_set(e, "cert.crl.times", "the CRL's next update is not after this one");
	return check_entries(spec, e);
}

enum acsr_result acsr_crl_sign(const struct acsr_crl_spec *spec, const struct acsr_key *issuer_key,
	struct acsr_blob *der, struct acsr_err *e)
{
	OSSL_AUTO(ossl_free_crl) X509_CRL *crl = X509_CRL_new();
	OSSL_AUTO(ossl_free_x509) X509 *issuer = NULL;
	const EVP_MD *md;
	unsigned char *p = NULL;
	int n;

	if (crl == NULL)
		return err_nomem(e);
	TRY(acsr_crl_check(spec, e));
	TRY(key_digest(&md, issuer_key, NULL, e));
	TRY(certview_load(&issuer, spec->issuer_der, spec->issuer_len, e));
	if (EVP_PKEY_eq(X509_get0_pubkey(issuer), issuer_key->pkey) != 1)
		return ossl_err(
			e, "cert.issuer-key", "the signing key is not that of the issuer's certificate");
	TRY(set_head(crl, spec, issuer, e));
	TRY(add_aki(crl, issuer, e));
	TRY(add_number(crl, spec->number, e));
	TRY(add_entries(crl, spec, e));
	if (X509_CRL_sign(crl, issuer_key->pkey, md) <= 0)
		return ossl_err(e, "sys.openssl", "cannot sign the CRL");
	n = i2d_X509_CRL(crl, &p);
	return ossl_take(der, p, n, "cannot encode the CRL", e);
}

static enum acsr_result take_revoked(struct acsr_crl_entry *out, const X509_REVOKED *rev, struct acsr_err *e)
{
	int crit;
	ASN1_ENUMERATED *code = X509_REVOKED_get_ext_d2i(rev, NID_crl_reason, &crit, NULL);

	out->reason = code != NULL ? (int)ASN1_ENUMERATED_get(code) : 0;
	ASN1_ENUMERATED_free(code);
	if (acsr_reason_name(out->reason) == NULL)
		return err_set(e, "cert.crl.parse", "an unknown reason code in the CRL");
	TRY(certview_serial(X509_REVOKED_get0_serialNumber(rev), out->serial, &out->serial_len, e));
	return certview_time(&out->revoked_at, X509_REVOKED_get0_revocationDate(rev), e);
}

static enum acsr_result take_entries(struct acsr_crl_view *v, X509_CRL *crl, struct acsr_err *e)
{
	STACK_OF(X509_REVOKED) *list = X509_CRL_get_REVOKED(crl);
	int n = sk_X509_REVOKED_num(list);

	if (n <= 0)
		return ACSR_OK;
	v->entries = calloc((size_t)n, sizeof(*v->entries));
	if (v->entries == NULL)
		return err_nomem(e);
	for (int i = 0; i < n; i++, v->n_entries++)
		TRY(take_revoked(&v->entries[i], sk_X509_REVOKED_value(list, i), e));
	return ACSR_OK;
}

static enum acsr_result fill(struct acsr_crl_view *v, X509_CRL *crl, struct acsr_err *e)
{
	ASN1_INTEGER *number = X509_CRL_get_ext_d2i(crl, NID_crl_number, NULL, NULL);
	unsigned char *p = NULL;
	int nid = X509_CRL_get_signature_nid(crl), n;

	v->has_number = number != NULL && ASN1_INTEGER_get_uint64(&v->number, number) == 1;
	ASN1_INTEGER_free(number);
	snprintf(v->signature_alg, sizeof(v->signature_alg), "%s", nid != NID_undef ? OBJ_nid2ln(nid) : "");
	TRY(certview_time(&v->this_update, X509_CRL_get0_lastUpdate(crl), e));
	if (X509_CRL_get0_nextUpdate(crl) != NULL)
		TRY(certview_time(&v->next_update, X509_CRL_get0_nextUpdate(crl), e));
	n = i2d_X509_NAME(X509_CRL_get_issuer(crl), &p);
	TRY(ossl_take(&v->issuer_der, p, n, "cannot encode a name", e));
	return take_entries(v, crl, e);
}

void acsr_crl_view_free(struct acsr_crl_view *v)
{
	if (v == NULL)
		return;
	acsr_blob_free(&v->issuer_der);
	free(v->entries);
	free(v);
}

/* The DER of a CRL that may be PEM. */
static enum acsr_result to_der(
	const uint8_t *p, size_t len, struct buf *room, struct bytes *der, struct acsr_err *e)
{
	struct bytes in = { p, len };
	struct pem_block b;
	size_t pos = 0;

	if (len > MAX_CRL)
		return err_set(
			e, "cert.crl.too-large", "the CRL has %zu bytes; at most %d are read", len, MAX_CRL);
	*der = in;
	if (len > 0 && p[0] == DER_SEQUENCE)
		return ACSR_OK;
	if (!pem_next(in, &pos, &b) || strcmp(b.label, "X509 CRL") != 0)
		return err_set(e, "cert.crl.parse", "this is not a CRL");
	TRY(pem_decode(b.text, room, e));
	*der = (struct bytes){ room->p, room->len };
	return ACSR_OK;
}

static enum acsr_result load(
	X509_CRL **out, struct bytes der, const struct acsr_key *issuer, struct acsr_err *e)
{
	const unsigned char *p = der.p;
	X509_CRL *crl = NULL;
	struct acsr_err why;

	if (der_check(der, "cert.crl", &why) != ACSR_OK)
		return err_set(e, "cert.crl.parse", "%s", why.text);
	crl = d2i_X509_CRL(NULL, &p, (long)der.len);
	if (crl == NULL)
		return ossl_err(e, "cert.crl.parse", "this is not a CRL");
	errno = 0;
	if (issuer != NULL && X509_CRL_verify(crl, issuer->pkey) != 1) {
		X509_CRL_free(crl);
		if (errno == ENOMEM)
			return err_nomem(e);
		return ossl_err(e, "verify.signature", "the CRL is not signed by its issuer");
	}
	*out = crl;
	return ACSR_OK;
}

enum acsr_result acsr_crl_parse(struct acsr_crl_view **out, const uint8_t *p, size_t len,
	const struct acsr_key *issuer, struct acsr_err *e)
{
	OSSL_AUTO(ossl_free_crl) X509_CRL *crl = NULL;
	CLEANUP_BUF struct buf room = { 0 };
	struct acsr_crl_view *v;
	struct bytes der = { 0 };

	buf_init(&room, MAX_CRL);
	TRY(to_der(p, len, &room, &der, e));
	TRY(load(&crl, der, issuer, e));
	v = calloc(1, sizeof(*v));
	if (v == NULL)
		return err_nomem(e);
	if (fill(v, crl, e) != ACSR_OK) {
		acsr_crl_view_free(v);
		return ACSR_FAIL;
	}
	ERR_clear_error();
	*out = v;
	return ACSR_OK;
}

const struct acsr_crl_entry *acsr_crl_find(
	const struct acsr_crl_view *v, const uint8_t *serial, size_t serial_len)
{
	while (serial_len > 0 && *serial == 0) {
		serial++;
		serial_len--;
	}
	for (size_t i = 0; i < v->n_entries; i++)
		if (v->entries[i].serial_len == serial_len &&
			memcmp(v->entries[i].serial, serial, serial_len) == 0)
			return &v->entries[i];
	return NULL;
}
