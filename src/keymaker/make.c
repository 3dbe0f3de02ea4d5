/* Key in, CSR and archive out; the plain key is gone before the archive's hash is taken. */
#include "make.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <string.h>

#include "autocsr/archive.h"
#include "autocsr/csr.h"
#include "pki/ext.h"
#include "pki/fields.h"

enum { SUBJECT_ENTRY_MAX = 512, SAN_ENTRY_MAX = 260, EKU_MAX = 64, EKUS_MAX = 8 };

/* --- before there is a key --- */

static enum acsr_result check_key_type(const char *name, struct acsr_err *e)
{
	const struct acsr_key_type *t;

	if (acsr_key_type_find(&t, name, NULL) != ACSR_OK)
		return err_rule(
			e, "request.field.key_type", "key_type", NULL, "there is no key type %s", name);
	if (acsr_key_type_require(t, e) == ACSR_OK)
		return ACSR_OK;
	err_at(e, "key_type");
	return ACSR_FAIL;
}

static bool is_oid(const char *s)
{
	ASN1_OBJECT *o = strspn(s, "0123456789.") == strlen(s) ? OBJ_txt2obj(s, 1) : NULL;
	bool is = o != NULL;

	ASN1_OBJECT_free(o);
	ERR_clear_error();
	return is;
}

/* Twice the same, or an OID that cannot be encoded: what building the CSR would find. */
static enum acsr_result try_ekus(const struct strv *ekus, struct acsr_err *e)
{
	__attribute__((cleanup(ext_free_stack))) STACK_OF(X509_EXTENSION) *exts = NULL;
	struct acsr_err why = { 0 };

	if (ext_push_ekus(&exts, (const char *const *)ekus->v, ekus->n, &why) == ACSR_OK)
		return ACSR_OK;
	return err_set(e, "request.field.ekus", "%s", why.text);
}

static enum acsr_result check_ekus(const struct strv *ekus, struct acsr_err *e)
{
	for (size_t i = 0; i < ekus->n; i++) {
		const char *s = ekus->v[i];

		if (strlen(s) > EKU_MAX ||
			(strcmp(s, "serverAuth") != 0 && strcmp(s, "clientAuth") != 0 && !is_oid(s)))
			return err_set(e, "request.field.ekus",
				"an extended key usage is serverAuth, clientAuth or a dotted OID");
	}
	return try_ekus(ekus, e);
}

static enum acsr_result check_entry_name(const char *name, struct acsr_err *e)
{
	size_t n = strlen(name);

	if (n == 0 || n > ACSR_ARCHIVE_NAME_MAX || strchr(name, '/') != NULL || strchr(name, '\\') != NULL ||
		str_has_control(name) || name[0] == '.')
		return err_set(
			e, "request.field.entry_name", "this cannot be a file name inside the archive");
	return ACSR_OK;
}

/* Both lists must fit into a pipe together with the rest of the order. */
static enum acsr_result check_lengths(const struct strv *l, size_t max, const char *what, struct acsr_err *e)
{
	for (size_t i = 0; i < l->n; i++)
		if (strlen(l->v[i]) > max)
			return err_set(e, "request.too-large", "%s[%zu] is too long", what, i);
	return ACSR_OK;
}

static enum acsr_result check_names(const struct msg_key_make *order, struct acsr_err *e)
{
	struct acsr_dn dn = { 0 };
	struct acsr_sans sans = { 0 };
	enum acsr_result r;

	TRY(check_lengths(&order->subject, SUBJECT_ENTRY_MAX, "subject", e));
	TRY(check_lengths(&order->sans, SAN_ENTRY_MAX, "sans", e));
	r = fields_dn(&dn, &order->subject, e);
	if (r == ACSR_OK)
		r = fields_sans(&sans, &order->sans, e);
	acsr_dn_free(&dn);
	acsr_sans_free(&sans);
	return r;
}

enum acsr_result make_check(const struct msg_key_make *order, struct acsr_err *e)
{
	if (order->deliver != ROLE_FRONT && order->deliver != ROLE_COURIER)
		return err_set(e, "request.field.deliver", "an archive goes to front or courier");
	TRY(check_key_type(order->key_type, e));
	TRY(check_ekus(&order->ekus, e));
	TRY(check_entry_name(order->entry_name, e));
	TRY(form_check(order, e));
	return check_names(order, e);
}

/* --- with the key --- */

static enum acsr_result build_csr(struct acsr_blob *out, const struct msg_key_make *order,
	const struct acsr_key *key, struct acsr_err *e)
{
	struct acsr_dn dn = { 0 };
	struct acsr_sans sans = { 0 };
	const char *ekus[EKUS_MAX];
	struct acsr_csr_request req = { .subject = &dn, .sans = &sans, .ekus = ekus };
	enum acsr_result r;

	for (; req.n_ekus < order->ekus.n && req.n_ekus < EKUS_MAX; req.n_ekus++)
		ekus[req.n_ekus] = order->ekus.v[req.n_ekus];
	r = fields_dn(&dn, &order->subject, e);
	if (r == ACSR_OK)
		r = fields_sans(&sans, &order->sans, e);
	if (r == ACSR_OK)
		r = acsr_csr_build(&req, key, out, e);
	acsr_dn_free(&dn);
	acsr_sans_free(&sans);
	return r;
}

/* Parsing verifies the signature, so this is the pairwise consistency test as well. */
static enum acsr_result prove(const struct acsr_blob *csr, const struct acsr_key *key, struct acsr_err *e)
{
	const struct acsr_key_policy policy = { .allow_eddsa = true, .allow_pqc = true };
	struct acsr_csr_view *v = NULL;
	struct acsr_err why = { 0 };
	enum acsr_result r = acsr_csr_parse(&v, csr->p, csr->len, &why);

	if (r == ACSR_OK && !acsr_key_same(v->key, key))
		r = err_set(&why, "key.mismatch", "the CSR holds another key");
	if (r == ACSR_OK)
		r = acsr_key_check_public(v->key, &policy, NULL, &why);
	acsr_csr_view_free(v);
	return r == ACSR_OK
		       ? ACSR_OK
		       : err_set(e, "sys.key-check", "the new key is not good: %s (%s)", why.text, why.id);
}

static enum acsr_result pack(struct made *m, const struct msg_key_make *order, const struct acsr_key *key,
	unsigned rounds, struct acsr_err *e)
{
	TRY(form_make(&m->archive, order, key, &m->csr, rounds, e));
	if (EVP_Q_digest(NULL, "SHA256", NULL, m->archive.bytes, m->archive.len, m->archive_sha256, NULL) !=
		1)
		return err_set(e, "sys.openssl", "cannot hash the archive");
	return ACSR_OK;
}

enum acsr_result make_order_rounds(struct made *out, const struct msg_key_make *order,
	const struct acsr_key *key, unsigned rounds, struct acsr_err *e)
{
	struct made m = { 0 };
	enum acsr_result r = build_csr(&m.csr, order, key, e);

	if (r == ACSR_OK)
		r = prove(&m.csr, key, e);
	if (r == ACSR_OK)
		r = pack(&m, order, key, rounds, e);
	if (r == ACSR_OK)
		*out = m;
	else
		made_clear(&m);
	return r;
}

enum acsr_result make_order(
	struct made *out, const struct msg_key_make *order, const struct acsr_key *key, struct acsr_err *e)
{
	return make_order_rounds(out, order, key, 0, e);
}

void made_clear(struct made *m)
{
	acsr_blob_free(&m->csr);
	form_clear(&m->archive);
	wipe(m, sizeof(*m));
}
