/* Where one kind of object is wanted: the CSR, or the certificates, in what somebody gave. */
#include <stdlib.h>
#include <string.h>

#include "autocsr/cert.h"
#include "autocsr/csr.h"
#include "autocsr/input.h"
#include "base/limits.h"
#include "base/str.h"

#define MAX_TEXT (4 * LIMIT_CSR_DER_SLHDSA)
#define MAX_CERTS 32
#define MAX_CERTS_TEXT (4 * 1024 * 1024)

static void close_input(struct acsr_input **in)
{
	acsr_input_close(*in);
}
#define CLEANUP_INPUT __attribute__((cleanup(close_input)))

/* Keys in any wrapping: a PKCS#12 file holds one, and so may a damaged block. */
static bool is_secret(const struct acsr_input_object *o)
{
	return o->kind == ACSR_INPUT_PRIVATE_KEY || o->kind == ACSR_INPUT_PKCS12;
}

struct picked {
	struct acsr_blob der;
	struct acsr_err damage;     /* of the first that cannot be decoded */
	enum acsr_input_kind other; /* what else was there */
	int found;
};

/* Without a label, what looks like nothing may be a damaged CSR: its parser says how. */
static bool may_be_csr(const struct acsr_input_object *o)
{
	return o->kind == ACSR_INPUT_CSR || (o->kind == ACSR_INPUT_UNKNOWN && o->label[0] == '\0');
}

static enum acsr_result look_at(struct picked *p, const struct acsr_input_object *o, struct acsr_err *e)
{
	if (is_secret(o))
		return acsr_input_wrong(ACSR_INPUT_PRIVATE_KEY, "a CSR", e);
	if (!may_be_csr(o)) {
		if (o->kind != ACSR_INPUT_UNKNOWN)
			p->other = o->kind;
		return ACSR_OK;
	}
	if (p->found++ > 0)
		return ACSR_OK;
	if (o->err.id[0] != '\0') {
		p->damage = o->err;
		return ACSR_OK;
	}
	return acsr_blob_copy(&p->der, o->der, o->der_len, e);
}

static enum acsr_result pick_csr(struct acsr_input *in, struct picked *p, struct acsr_err *e)
{
	const struct acsr_input_object *o;

	while ((o = acsr_input_next(in)) != NULL)
		TRY(look_at(p, o, e));
	if (p->found > 1)
		return err_set(e, "input.several", "there are %d CSRs; give one at a time", p->found);
	if (p->found == 0)
		return acsr_input_wrong(p->other, "a CSR", e);
	if (p->damage.id[0] != '\0')
		return err_set(e, p->damage.id, "%s", p->damage.text);
	return ACSR_OK;
}

enum acsr_result acsr_input_csr(const uint8_t *p, size_t len, struct acsr_blob *der, struct acsr_err *e)
{
	CLEANUP_INPUT struct acsr_input *in = NULL;
	struct picked picked = { 0 };

	if (len > MAX_TEXT)
		return err_set(
			e, "csr.too-large", "the input has %zu bytes; at most %d are read", len, MAX_TEXT);
	TRY(acsr_input_open(&in, p, len, e));
	if (pick_csr(in, &picked, e) != ACSR_OK) {
		acsr_blob_free(&picked.der);
		return ACSR_FAIL;
	}
	*der = picked.der;
	return ACSR_OK;
}

void acsr_certs_free(struct acsr_blob *v, size_t n)
{
	for (size_t i = 0; v != NULL && i < n; i++)
		acsr_blob_free(&v[i]);
	free(v);
}

/* Append one certificate's DER to a list with room for MAX_CERTS. */
static enum acsr_result add_cert(
	struct acsr_blob *v, size_t *n, const struct acsr_input_object *o, struct acsr_err *e)
{
	if (o->err.id[0] != '\0')
		return err_set(e, o->err.id, "%s", o->err.text);
	if (acsr_input_kind_of_der(o->der, o->der_len, NULL) != ACSR_INPUT_CERT)
		return acsr_input_wrong(ACSR_INPUT_UNKNOWN, "a certificate", e);
	if (*n == MAX_CERTS)
		return err_set(e, "input.several", "there are more than %d certificates", MAX_CERTS);
	TRY(acsr_blob_copy(&v[*n], o->der, o->der_len, e));
	(*n)++;
	return ACSR_OK;
}

static enum acsr_result pick_certs(struct acsr_input *in, struct acsr_blob *v, size_t *n, struct acsr_err *e)
{
	enum acsr_input_kind other = ACSR_INPUT_UNKNOWN;
	const struct acsr_input_object *o;

	while ((o = acsr_input_next(in)) != NULL) {
		if (is_secret(o))
			return acsr_input_wrong(ACSR_INPUT_PRIVATE_KEY, "a certificate", e);
		if (o->kind == ACSR_INPUT_CERT)
			TRY(add_cert(v, n, o, e));
		else if (o->kind != ACSR_INPUT_UNKNOWN)
			other = o->kind;
	}
	return *n > 0 ? ACSR_OK : acsr_input_wrong(other, "a certificate", e);
}

enum acsr_result acsr_input_certs(
	const uint8_t *p, size_t len, struct acsr_blob **out, size_t *n, struct acsr_err *e)
{
	CLEANUP_INPUT struct acsr_input *in = NULL;
	struct acsr_blob *v;
	size_t count = 0;

	if (len > MAX_CERTS_TEXT)
		return err_set(e, "cert.too-large", "the input has %zu bytes; at most %d are read", len,
			MAX_CERTS_TEXT);
	TRY(acsr_input_open(&in, p, len, e));
	v = calloc(MAX_CERTS, sizeof(*v));
	if (v == NULL)
		return err_nomem(e);
	if (pick_certs(in, v, &count, e) != ACSR_OK) {
		acsr_certs_free(v, count);
		return ACSR_FAIL;
	}
	*out = v;
	*n = count;
	return ACSR_OK;
}
