/* Opening every object in what people give. */
#include "autocsr/contents.h"

#include <openssl/err.h>
#include <openssl/pkcs7.h>
#include <stdlib.h>
#include <string.h>

#include "autocsr/pkcs12.h"
#include "ossl.h"

struct opener {
	struct acsr_contents *out;
	const struct acsr_secret *passphrase;
	const struct acsr_input_object *o;
};

static void content_free(struct acsr_content *c)
{
	acsr_blob_free(&c->der);
	acsr_key_free(c->key);
}

void acsr_contents_free(struct acsr_contents *c)
{
	for (size_t i = 0; i < c->n; i++)
		content_free(&c->v[i]);
	free(c->v);
	*c = (struct acsr_contents){ 0 };
}

int acsr_content_locked(const struct acsr_content *c)
{
	return err_is(&c->err, "key.passphrase.") || err_is(&c->err, "input.passphrase") ||
	       err_is(&c->err, "match.passphrase");
}

/* Room for one more, zeroed but for what every object says. */
static enum acsr_result add(struct opener *w, enum acsr_input_kind kind, const char *within,
	struct acsr_content **out, struct acsr_err *e)
{
	struct acsr_contents *l = w->out;

	if ((l->n & (l->n - 1)) == 0) {
		struct acsr_content *v = realloc(l->v, (l->n == 0 ? 1 : 2 * l->n) * sizeof(*v));

		if (v == NULL)
			return err_nomem(e);
		l->v = v;
	}
	*out = &l->v[l->n++];
	**out = (struct acsr_content){ .kind = kind, .within = within, .line = w->o->line };
	return ACSR_OK;
}

static enum acsr_result add_der(struct opener *w, enum acsr_input_kind kind, const char *within,
	const uint8_t *p, size_t n, struct acsr_err *e)
{
	struct acsr_content *c;

	TRY(add(w, kind, within, &c, e));
	return acsr_blob_copy(&c->der, p, n, e);
}

/* Something that cannot be opened; running out of memory is nobody's own fault. */
static enum acsr_result add_error(struct opener *w, const struct acsr_err *why, struct acsr_err *e)
{
	struct acsr_content *c;

	if (err_is(why, "sys.nomem"))
		return err_nomem(e);
	TRY(add(w, w->o->kind, "", &c, e));
	c->err = *why;
	return ACSR_OK;
}

static enum acsr_result add_key(struct opener *w, enum acsr_input_kind kind, const char *within,
	struct acsr_key *key, struct acsr_err *e)
{
	struct acsr_content *c;

	if (add(w, kind, within, &c, e) != ACSR_OK) {
		acsr_key_free(key);
		return ACSR_FAIL;
	}
	c->key = key;
	return ACSR_OK;
}

static enum acsr_result open_private(struct opener *w, struct acsr_err *e)
{
	struct acsr_key *key = NULL;
	struct acsr_err why = { 0 };
	const struct acsr_secret *s = w->o->secret;

	if (acsr_key_load_private(&key, acsr_secret_bytes(s), acsr_secret_len(s), w->passphrase, &why) !=
		ACSR_OK)
		return add_error(w, &why, e);
	return add_key(w, w->o->kind, "", key, e);
}

static enum acsr_result open_public(struct opener *w, struct acsr_err *e)
{
	struct acsr_key *key = NULL;
	struct acsr_err why = { 0 };

	if (acsr_key_load_public(&key, w->o->der, w->o->der_len, &why) != ACSR_OK)
		return add_error(w, &why, e);
	return add_key(w, w->o->kind, "", key, e);
}

static enum acsr_result add_x509(struct opener *w, X509 *x, struct acsr_err *e)
{
	ACSR_CLEANUP_BLOB struct acsr_blob der = { 0 };
	unsigned char *p = NULL;
	int n = i2d_X509(x, &p);

	TRY(ossl_take(&der, p, n, "cannot encode a certificate", e));
	return add_der(w, ACSR_INPUT_CERT, "PKCS#7", der.p, der.len, e);
}

static enum acsr_result add_crl(struct opener *w, X509_CRL *crl, struct acsr_err *e)
{
	ACSR_CLEANUP_BLOB struct acsr_blob der = { 0 };
	unsigned char *p = NULL;
	int n = i2d_X509_CRL(crl, &p);

	TRY(ossl_take(&der, p, n, "cannot encode a CRL", e));
	return add_der(w, ACSR_INPUT_CRL, "PKCS#7", der.p, der.len, e);
}

static enum acsr_result add_signed(struct opener *w, const PKCS7_SIGNED *s, struct acsr_err *e)
{
	for (int i = 0; i < sk_X509_num(s->cert); i++)
		TRY(add_x509(w, sk_X509_value(s->cert, i), e));
	for (int i = 0; i < sk_X509_CRL_num(s->crl); i++)
		TRY(add_crl(w, sk_X509_CRL_value(s->crl, i), e));
	return ACSR_OK;
}

static enum acsr_result open_pkcs7(struct opener *w, struct acsr_err *e)
{
	const unsigned char *p = w->o->der;
	PKCS7 *p7 = d2i_PKCS7(NULL, &p, (long)w->o->der_len);
	struct acsr_err why = { 0 };
	enum acsr_result r;

	if (p7 != NULL && PKCS7_type_is_signed(p7) && p7->d.sign != NULL) {
		r = add_signed(w, p7->d.sign, e);
	} else {
		(void)err_set(&why, "input.pkcs7",
			p7 == NULL ? "the PKCS#7 is damaged"
				   : "the PKCS#7 is no signed data, so it holds no certificates");
		r = add_error(w, &why, e);
	}
	PKCS7_free(p7);
	ERR_clear_error();
	return r;
}

static enum acsr_result open_pkcs12(struct opener *w, struct acsr_err *e)
{
	struct acsr_pkcs12 *p = NULL;
	struct acsr_err why = { 0 };
	enum acsr_result r = ACSR_OK;

	if (acsr_pkcs12_read(&p, w->o->der, w->o->der_len, w->passphrase, &why) != ACSR_OK)
		return add_error(w, &why, e);
	for (size_t i = 0; r == ACSR_OK && i < p->n_keys; i++) {
		r = add_key(w, ACSR_INPUT_PRIVATE_KEY, "PKCS#12", p->keys[i], e);
		p->keys[i] = NULL;
	}
	for (size_t i = 0; r == ACSR_OK && i < p->n_certs; i++)
		r = add_der(w, ACSR_INPUT_CERT, "PKCS#12", p->certs[i].p, p->certs[i].len, e);
	acsr_pkcs12_free(p);
	return r;
}

static enum acsr_result open_object(struct opener *w, struct acsr_err *e)
{
	const struct acsr_input_object *o = w->o;
	struct acsr_err why = { 0 };

	if (o->err.id[0] != '\0')
		return add_error(w, &o->err, e);
	switch (o->kind) {
	case ACSR_INPUT_PRIVATE_KEY:
		return open_private(w, e);
	case ACSR_INPUT_PUBLIC_KEY:
		return open_public(w, e);
	case ACSR_INPUT_PKCS7:
		return open_pkcs7(w, e);
	case ACSR_INPUT_PKCS12:
		return open_pkcs12(w, e);
	case ACSR_INPUT_CERT:
	case ACSR_INPUT_CSR:
	case ACSR_INPUT_CRL:
		return add_der(w, o->kind, "", o->der, o->der_len, e);
	case ACSR_INPUT_PARAMETERS: /* stand before many an EC key */
		return ACSR_OK;
	default:
		(void)acsr_input_wrong(o->kind, "a key, CSR or certificate", &why);
		return add_error(w, &why, e);
	}
}

enum acsr_result acsr_contents_read(struct acsr_contents *out, const uint8_t *p, size_t len,
	const struct acsr_secret *passphrase, struct acsr_err *e)
{
	struct opener w = { .out = out, .passphrase = passphrase };
	struct acsr_input *in = NULL;
	enum acsr_result r = ACSR_OK;

	TRY(acsr_input_open(&in, p, len, e));
	while (r == ACSR_OK && (w.o = acsr_input_next(in)) != NULL)
		r = open_object(&w, e);
	acsr_input_close(in);
	return r;
}
