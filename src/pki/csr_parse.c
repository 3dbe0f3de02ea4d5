/* Reading certificate signing requests: strictly for the service, leniently for those who want to know what
 * is wrong. */
#include "autocsr/csr.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attr.h"
#include "base/limits.h"
#include "csr_asn1.h"
#include "spki.h"
#include "der.h"
#include "ext.h"
#include "key_int.h"
#include "pem.h"
#include "reading.h"
#include "subject_int.h"

#define LIMIT_SPKI (16 * 1024)
#define MAX_ATTRIBUTES 32

static const struct reading strict = { "csr", NULL };

/* The SubjectPublicKeyInfo, found without OpenSSL: request, info, version, subject, key. */
static enum acsr_result find_spki(struct bytes in, struct der_tlv *spki, struct acsr_err *e)
{
	struct der_tlv t;

	TRY(der_expect(&in, DER_SEQUENCE, &t, "csr", e));
	if (in.len != 0)
		return err_set(e, "csr.trailing", "there are bytes after the end of the CSR");
	in = t.body;
	TRY(der_expect(&in, DER_SEQUENCE, &t, "csr", e));
	in = t.body;
	TRY(der_expect(&in, DER_INTEGER, &t, "csr", e));
	TRY(der_expect(&in, DER_SEQUENCE, &t, "csr", e));
	return der_expect(&in, DER_SEQUENCE, spki, "csr", e);
}

/* Its algorithm's OID (contents) and the key's bits without the count of unused ones. */
static enum acsr_result split_spki(struct bytes in, struct bytes *oid, struct bytes *key, struct acsr_err *e)
{
	struct der_tlv alg, t;

	TRY(der_expect(&in, DER_SEQUENCE, &alg, "csr", e));
	TRY(der_expect(&alg.body, DER_OID, &t, "csr", e));
	*oid = t.body;
	TRY(der_expect(&in, DER_BIT_STRING, &t, "csr", e));
	if (t.body.len == 0)
		return err_set(e, "csr.der", "the public key is empty");
	*key = (struct bytes){ t.body.p + 1, t.body.len - 1 };
	return ACSR_OK;
}

/* 2.16.840.1.101.3.4.3.20 to .31 (RFC 9909) */
static bool is_slh_dsa(struct bytes oid)
{
	static const uint8_t arc[] = { 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03 };

	return oid.len == sizeof(arc) + 1 && memcmp(oid.p, arc, sizeof(arc)) == 0 &&
	       oid.p[sizeof(arc)] >= 20 && oid.p[sizeof(arc)] <= 31;
}

static bool is_rsa(struct bytes oid)
{
	static const uint8_t rsa[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1 };

	return oid.len == sizeof(rsa) && memcmp(oid.p, rsa, sizeof(rsa)) == 0;
}

/* OpenSSL reads a negative modulus as a positive one. */
static enum acsr_result check_rsa_integers(struct bytes key, struct acsr_err *e)
{
	struct der_tlv seq, t;

	TRY(der_check(key, "csr", e));
	TRY(der_expect(&key, DER_SEQUENCE, &seq, "csr", e));
	for (int i = 0; i < 2; i++) {
		TRY(der_expect(&seq.body, DER_INTEGER, &t, "csr", e));
		if (t.body.p[0] >= 0x80)
			return err_rule(e, "csr.der.integer", NULL, "RFC 8017 A.1.1",
				"the RSA key has a negative number");
	}
	return ACSR_OK;
}

/* What this much input is allowed to be; judged before OpenSSL sees a byte. */
static enum acsr_result check_size(struct bytes in, const struct reading *how, struct acsr_err *e)
{
	struct der_tlv spki;
	struct bytes oid, key;

	if (in.len <= LIMIT_CSR_DER)
		return ACSR_OK;
	if (in.len <= LIMIT_CSR_DER_SLHDSA && find_spki(in, &spki, e) == ACSR_OK &&
		split_spki(spki.body, &oid, &key, e) == ACSR_OK && is_slh_dsa(oid))
		return ACSR_OK;
	if (in.len > LIMIT_CSR_DER_SLHDSA)
		how = &strict;
	return reading_broken(how, "too-large", NULL, "policy", e,
		"the CSR has %zu bytes; at most %d are read", in.len, LIMIT_CSR_DER);
}

/* Strict DER to its leaves, also inside an RSA key. */
static enum acsr_result check_der(struct bytes in, struct acsr_err *e)
{
	struct der_tlv spki;
	struct bytes oid, key;

	TRY(find_spki(in, &spki, e));
	TRY(split_spki(spki.body, &oid, &key, e));
	TRY(der_check(in, "csr", e));
	return is_rsa(oid) ? check_rsa_integers(key, e) : ACSR_OK;
}

static int pss_digest(const X509_ALGOR *alg)
{
	RSA_PSS_PARAMS *p = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(RSA_PSS_PARAMS), alg->parameter);
	int md = NID_sha1; /* the default of RFC 8017 */

	if (p != NULL && p->hashAlgorithm != NULL)
		md = OBJ_obj2nid(p->hashAlgorithm->algorithm);
	RSA_PSS_PARAMS_free(p);
	return md;
}

/* The digest that the signature's scheme names; NID_undef: a scheme without one, or one we do not know. */
static int digest_of(const X509_ALGOR *alg)
{
	int md = NID_undef, pk = NID_undef, nid = OBJ_obj2nid(alg->algorithm);

	if (nid == NID_rsassaPss)
		return pss_digest(alg);
	return OBJ_find_sigid_algs(nid, &md, &pk) == 1 ? md : NID_undef;
}

/* One reading: the view that it fills, and what it does about broken rules. */
struct reader {
	struct acsr_csr_view *v;
	struct csr_asn1 *x;
	bool der; /* strictly */
	struct reading how;
	bool seen; /* an extension request */
};

static enum acsr_result broken_key(struct reader *r, const char *text, struct acsr_err *e)
{
	ERR_clear_error();
	return reading_broken(&r->how, "key", NULL, "BR 6.1.5", e, "%s", text);
}

/* As DER: hashes and comparisons are over that. */
static enum acsr_result take_spki(struct reader *r, struct acsr_err *e)
{
	struct bytes spki = csr_asn1_spki(r->x);
	const unsigned char *in = spki.p;
	X509_PUBKEY *decoded = NULL;
	unsigned char *p = NULL;
	int n;

	if (r->der)
		return acsr_blob_copy(&r->v->spki, spki.p, spki.len, e);
	decoded = d2i_X509_PUBKEY(NULL, &in, (long)spki.len);
	n = decoded != NULL ? i2d_X509_PUBKEY(decoded, &p) : -1;
	X509_PUBKEY_free(decoded);
	ERR_clear_error();
	return n > 0 ? ossl_take(&r->v->spki, p, n, "cannot encode the public key", e)
		     : acsr_blob_copy(&r->v->spki, spki.p, spki.len, e);
}

static enum acsr_result take_key(struct reader *r, struct acsr_err *e)
{
	struct acsr_csr_view *v = r->v;
	EVP_PKEY *pkey;
	const struct acsr_key_type *type;
	struct acsr_err why = { 0 };
	char oid[80];

	TRY(take_spki(r, e));
	(void)EVP_Q_digest(NULL, "SHA256", NULL, v->spki.p, v->spki.len, v->spki_sha256, NULL);
	type = key_type_of_spki(v->spki.p, v->spki.len, oid);
	snprintf(v->key_name, sizeof(v->key_name), "%.47s", type != NULL ? type->name : oid);
	if (v->spki.len > LIMIT_SPKI)
		return broken_key(r, "the public key is too large to be read", e);
	errno = 0; /* where a decoder has no memory OpenSSL goes on to the next, and forgets why */
	pkey = spki_key((struct bytes){ v->spki.p, v->spki.len });
	if (pkey == NULL && errno == ENOMEM)
		return err_nomem(e);
	if (pkey == NULL && type != NULL && acsr_key_type_require(type, &why) != ACSR_OK)
		return reading_found(&r->how, &why, e);
	if (pkey == NULL)
		return broken_key(r, "the public key cannot be read, or its algorithm is not known", e);
	TRY(key_adopt(&v->key, pkey, e));
	snprintf(v->key_name, sizeof(v->key_name), "%s", v->key->name);
	if (v->key->alg != ACSR_KEY_OTHER)
		return ACSR_OK;
	return reading_broken(
		&r->how, "key", NULL, "BR 6.1.5", e, "the key algorithm %s is not accepted", v->key->name);
}

static enum acsr_result name_signature(struct reader *r, struct acsr_err *e)
{
	struct acsr_csr_view *v = r->v;
	const X509_ALGOR *alg = r->x->alg;
	int md = digest_of(alg);

	key_alg_name(alg->algorithm, v->signature_alg, sizeof(v->signature_alg));
	snprintf(v->digest, sizeof(v->digest), "%s", md != NID_undef ? OBJ_nid2sn(md) : "");
	if (md == NID_undef || md == NID_sha256 || md == NID_sha384 || md == NID_sha512)
		return ACSR_OK;
	return reading_broken(&r->how, "digest", NULL, "BR 7.1.3.2", e,
		"the CSR is signed with %s (%s); sign it with SHA-256 or better", v->signature_alg,
		v->digest);
}

static enum acsr_result check_signature(struct reader *r, struct acsr_err *e)
{
	int ok;

	TRY(name_signature(r, e));
	r->v->signature = ACSR_SIGNATURE_UNCHECKED;
	if (r->v->key == NULL)
		return reading_broken(&r->how, "signature", NULL, "RFC 2986 4.2", e,
			"the CSR's signature cannot be checked without its key");
	errno = 0;
	ok = csr_asn1_verify(r->x, r->v->key->pkey);
	if (ok != 1 && ossl_ran_short())
		return err_nomem(e);
	ERR_clear_error();
	r->v->signature = ok == 1 ? ACSR_SIGNATURE_GOOD : ACSR_SIGNATURE_BAD;
	if (ok == 1)
		return ACSR_OK;
	return reading_broken(&r->how, "signature", NULL, "RFC 2986 4.2", e,
		"the CSR's signature is not that of its key; make the CSR anew");
}

static enum acsr_result no_request(struct reader *r, struct acsr_err *e)
{
	ERR_clear_error();
	return reading_broken(
		&r->how, "extensions.bad", NULL, "RFC 2985 5.4.2", e, "the extension request cannot be read");
}

static STACK_OF(X509_EXTENSION) * decode_extensions(X509_ATTRIBUTE *a)
{
	const ASN1_TYPE *t = X509_ATTRIBUTE_count(a) == 1 ? X509_ATTRIBUTE_get0_type(a, 0) : NULL;
	STACK_OF(X509_EXTENSION) * exts;
	const unsigned char *p, *end;

	if (t == NULL || t->type != V_ASN1_SEQUENCE)
		return NULL;
	p = t->value.sequence->data;
	end = p + t->value.sequence->length;
	exts = (STACK_OF(X509_EXTENSION) *)ASN1_item_d2i(
		NULL, &p, t->value.sequence->length, ASN1_ITEM_rptr(X509_EXTENSIONS));
	if (p != end)
		ext_free_stack(&exts);
	return p == end ? exts : NULL;
}

static enum acsr_result take_extensions(struct reader *r, X509_ATTRIBUTE *a, struct acsr_err *e)
{
	__attribute__((cleanup(ext_free_stack))) STACK_OF(X509_EXTENSION) *exts = decode_extensions(a);
	struct ext_common c = { .path_len = -1 };
	struct acsr_csr_view *v = r->v;
	enum acsr_result done;

	if (exts == NULL)
		return no_request(r, e);
	done = ext_read(&c, exts, LIMIT_NAMES, &r->how, e);
	v->sans = c.sans;
	v->ekus = c.ekus.v;
	v->n_ekus = c.ekus.n;
	v->has_ku = c.has_ku;
	v->ku = c.ku;
	v->has_basic_constraints = c.has_basic_constraints;
	v->ca = c.ca;
	v->path_len = c.path_len;
	v->must_staple = c.must_staple;
	v->policies = c.policies;
	v->n_policies = c.n_policies;
	v->ms_template = c.ms_template;
	v->ski_len = c.ski_len;
	memcpy(v->ski, c.ski, sizeof(v->ski));
	v->exts = c.exts;
	v->n_exts = c.n_exts;
	return done;
}

/* The extensions of the first request count. */
static enum acsr_result take_request(struct reader *r, X509_ATTRIBUTE *a, struct acsr_err *e)
{
	if (r->seen)
		return reading_broken(&r->how, "extensions.several", NULL, "RFC 2985 5.4.2", e,
			"the CSR has more than one extension request");
	r->seen = true;
	return take_extensions(r, a, e);
}

static enum acsr_result take_attribute(struct reader *r, X509_ATTRIBUTE *a, struct acsr_err *e)
{
	const ASN1_OBJECT *o = X509_ATTRIBUTE_get0_object(a);
	struct strv list = { r->v->attributes, r->v->n_attributes };
	enum acsr_result done;
	char oid[80];
	int nid = OBJ_obj2nid(o);

	TRY(attr_take(&r->v->attrs[r->v->n_attrs], a, e));
	r->v->n_attrs++;
	if (nid == NID_ext_req || nid == NID_ms_ext_req)
		return take_request(r, a, e);
	if (nid == NID_pkcs9_challengePassword) {
		r->v->challenge_password = true;
		return ACSR_OK;
	}
	ossl_oid(o, oid, sizeof(oid));
	done = strv_add(&list, oid, e);
	r->v->attributes = list.v;
	r->v->n_attributes = list.n;
	return done;
}

static enum acsr_result take_attributes(struct reader *r, struct acsr_err *e)
{
	int n = r->x->info->attributes != NULL ? sk_X509_ATTRIBUTE_num(r->x->info->attributes) : 0;

	if (n > MAX_ATTRIBUTES) {
		TRY(reading_broken(&r->how, "extensions.bad", NULL, "policy", e,
			"the CSR has %d attributes; at most %d are read", n, MAX_ATTRIBUTES));
		n = MAX_ATTRIBUTES;
	}
	r->v->attrs = calloc((size_t)n + 1, sizeof(*r->v->attrs));
	if (r->v->attrs == NULL)
		return err_nomem(e);
	for (int i = 0; i < n; i++)
		TRY(take_attribute(r, sk_X509_ATTRIBUTE_value(r->x->info->attributes, i), e));
	return ACSR_OK;
}

static enum acsr_result fill(struct reader *r, struct acsr_err *e)
{
	int64_t version = -1;

	if (ASN1_INTEGER_get_int64(&version, r->x->info->version) != 1 || version != 0)
		TRY(reading_broken(&r->how, "version", NULL, "RFC 2986 4.1", e,
			"the CSR's version is %lld, not 0 (version 1)", (long long)version));
	TRY(take_key(r, e));
	TRY(check_signature(r, e));
	TRY(subject_from_name(&r->v->subject, r->x->info->subject, &r->how, e));
	return take_attributes(r, e);
}

void acsr_csr_view_free(struct acsr_csr_view *v)
{
	if (v == NULL)
		return;
	acsr_dn_free(&v->subject);
	acsr_sans_free(&v->sans);
	acsr_key_free(v->key);
	acsr_blob_free(&v->spki);
	strv_free(&(struct strv){ v->ekus, v->n_ekus });
	strv_free(&(struct strv){ v->attributes, v->n_attributes });
	acsr_findings_free(&v->broken);
	ext_free_policies(v->policies, v->n_policies);
	ext_free_template(&v->ms_template);
	ext_free_list(v->exts, v->n_exts);
	attr_free_list(v->attrs, v->n_attrs);
	free(v);
}

/* Size and DER first. Lenient: what is only badly encoded goes on to OpenSSL, which decides. */
static enum acsr_result open_der(struct reader *r, struct bytes in, struct acsr_err *e)
{
	const unsigned char *p = in.p;
	struct acsr_err found = { 0 };

	TRY(check_size(in, &r->how, e));
	r->der = check_der(in, &found) == ACSR_OK;
	if (!r->der)
		TRY(reading_found(&r->how, &found, e));
	r->x = csr_asn1_read(&p, in.len);
	if (r->x != NULL && (r->how.broken != NULL || p == in.p + in.len))
		return ACSR_OK;
	if (found.id[0] == '\0')
		return ossl_err(e, "csr.der", "this is not a CSR");
	ERR_clear_error();
	if (e != NULL)
		*e = found;
	return ACSR_FAIL;
}

static enum acsr_result read_csr(
	struct acsr_csr_view **out, struct bytes in, bool lenient, struct acsr_err *e)
{
	struct reader r = { .v = calloc(1, sizeof(*r.v)), .how = { "csr", NULL } };
	enum acsr_result done;

	if (r.v == NULL)
		return err_nomem(e);
	r.v->path_len = -1;
	if (lenient)
		r.how.broken = &r.v->broken;
	done = open_der(&r, in, e);
	if (done == ACSR_OK) {
		(void)EVP_Q_digest(NULL, "SHA256", NULL, in.p, in.len, r.v->sha256, NULL);
		done = fill(&r, e);
	}
	csr_asn1_free(r.x);
	ERR_clear_error();
	if (done != ACSR_OK)
		acsr_csr_view_free(r.v);
	else
		*out = r.v;
	return done;
}

enum acsr_result acsr_csr_parse(
	struct acsr_csr_view **out, const uint8_t *der, size_t len, struct acsr_err *e)
{
	return read_csr(out, (struct bytes){ der, len }, false, e);
}

enum acsr_result acsr_csr_read(struct acsr_csr_view **out, const uint8_t *der, size_t len, struct acsr_err *e)
{
	return read_csr(out, (struct bytes){ der, len }, true, e);
}

enum acsr_result key_parse_csr(struct acsr_csr_view **out, const uint8_t *der, size_t len, struct acsr_err *e)
{
	struct acsr_err why = { 0 };

	if (acsr_csr_parse(out, der, len, &why) == ACSR_OK)
		return ACSR_OK;
	if (err_is(&why, "openssl.unsupported"))
		return acsr_csr_read(out, der, len, e);
	if (e != NULL)
		*e = why;
	return ACSR_FAIL;
}
