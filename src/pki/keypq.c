/* Post-quantum private keys as PKCS#8: ML-DSA in its three forms (RFC 9881 6), SLH-DSA (RFC 9909 7). Written
 * like the others, without a copy outside the secure heap. */
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "der.h"
#include "key_int.h"

#define PARAM_SEED "seed" /* OSSL_PKEY_PARAM_ML_DSA_SEED, a name that OpenSSL 3.0 does not have */
#define SEED_LEN 32
#define DER_SEED 0x80u /* [0] IMPLICIT OCTET STRING */
#define HEADERS 128    /* more than all headers and the algorithm take */

static bool has_seed(const struct acsr_key *k)
{
	size_t n = 0;
	bool yes = EVP_PKEY_get_octet_string_param(k->pkey, PARAM_SEED, NULL, 0, &n) == 1 && n == SEED_LEN;

	ERR_clear_error();
	return yes;
}

enum acsr_result acsr_pq_form_find(enum acsr_pq_form *out, const char *name, struct acsr_err *e)
{
	static const char *const names[] = { "seed", "expanded", "both" };

	for (size_t i = 0; i < 3; i++) {
		if (strcmp(names[i], name) != 0)
			continue;
		*out = (enum acsr_pq_form)(i + ACSR_PQ_SEED);
		return ACSR_OK;
	}
	return err_rule(
		e, "key.pq-form", NULL, "RFC 9881 6", "an ML-DSA key is written as seed, expanded or both");
}

enum acsr_result acsr_key_set_pq_form(struct acsr_key *k, enum acsr_pq_form form, struct acsr_err *e)
{
	if (form != ACSR_PQ_AUTO && k->alg != ACSR_KEY_ML_DSA)
		return err_rule(e, "key.pq-form", NULL, "RFC 9881 6",
			"seed, expanded and both are forms of ML-DSA keys; this one is %s", k->name);
	if ((form == ACSR_PQ_SEED || form == ACSR_PQ_BOTH) && !has_seed(k))
		return err_rule(e, "key.pq-form", NULL, "RFC 9881 6",
			"the key came without its seed, and from the expanded key it cannot be found again");
	k->pq_form = form;
	return ACSR_OK;
}

static enum acsr_result fetch(
	const struct acsr_key *k, const char *param, struct acsr_secret **out, struct acsr_err *e)
{
	struct acsr_secret *s;
	size_t n = 0;

	if (EVP_PKEY_get_octet_string_param(k->pkey, param, NULL, 0, &n) != 1)
		return ossl_err(e, "key.unsupported", "the private key cannot be read");
	TRY(secret_zeroed(&s, n, e));
	if (EVP_PKEY_get_octet_string_param(k->pkey, param, secret_data(s), n, &n) != 1) {
		acsr_secret_free(s);
		return ossl_err(e, "key.unsupported", "the private key cannot be read");
	}
	*out = s;
	return ACSR_OK;
}

enum acsr_result key_pq_seed(const struct acsr_key *k, struct acsr_secret **seed, struct acsr_err *e)
{
	if (k->alg != ACSR_KEY_ML_DSA || !has_seed(k))
		return err_rule(e, "key.pq-form", NULL, "RFC 9881 6", "the key came without its seed");
	return fetch(k, PARAM_SEED, seed, e);
}

/* ML-DSA-PrivateKey, the CHOICE of RFC 9881 6. */
static enum acsr_result put_ml_dsa(
	struct der_out *w, const struct acsr_key *k, const struct acsr_secret *expanded, struct acsr_err *e)
{
	CLEANUP_SECRET struct acsr_secret *seed = NULL;
	enum acsr_pq_form form = k->pq_form;
	size_t end = w->pos;

	if (form == ACSR_PQ_AUTO)
		form = has_seed(k) ? ACSR_PQ_SEED : ACSR_PQ_EXPANDED;
	if (form != ACSR_PQ_EXPANDED)
		TRY(fetch(k, PARAM_SEED, &seed, e));
	if (form != ACSR_PQ_SEED)
		der_put_tlv(w, DER_OCTET_STRING, acsr_secret_bytes(expanded), acsr_secret_len(expanded));
	if (form != ACSR_PQ_EXPANDED)
		der_put_tlv(w, form == ACSR_PQ_SEED ? DER_SEED : DER_OCTET_STRING, acsr_secret_bytes(seed),
			acsr_secret_len(seed));
	if (form == ACSR_PQ_BOTH)
		der_wrap(w, DER_SEQUENCE, end);
	return ACSR_OK;
}

static enum acsr_result put_all(
	struct der_out *w, const struct acsr_key *k, const struct acsr_secret *priv, struct acsr_err *e)
{
	uint8_t oid[] = { 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, 0 };
	const struct acsr_key_type *t;
	size_t alg;

	TRY(acsr_key_type_find(&t, k->name, e));
	oid[sizeof(oid) - 1] = (uint8_t)strtoul(strrchr(t->oid, '.') + 1, NULL, 10);
	if (k->alg == ACSR_KEY_ML_DSA)
		TRY(put_ml_dsa(w, k, priv, e));
	else
		der_put(w, acsr_secret_bytes(priv), acsr_secret_len(priv));
	der_wrap(w, DER_OCTET_STRING, w->cap);
	alg = w->pos;
	der_put_tlv(w, DER_OID, oid, sizeof(oid));
	der_wrap(w, DER_SEQUENCE, alg);
	der_put_small(w, 0);
	der_wrap(w, DER_SEQUENCE, w->cap);
	return ACSR_OK;
}

enum acsr_result key_pq_pkcs8(const struct acsr_key *k, struct acsr_secret **der, struct acsr_err *e)
{
	CLEANUP_SECRET struct acsr_secret *priv = NULL;
	CLEANUP_SECRET struct acsr_secret *room = NULL;
	struct der_out w;

	TRY(fetch(k, OSSL_PKEY_PARAM_PRIV_KEY, &priv, e));
	TRY(secret_zeroed(&room, acsr_secret_len(priv) + SEED_LEN + HEADERS, e));
	der_out_init(&w, secret_data(room), acsr_secret_len(room));
	TRY(put_all(&w, k, priv, e));
	if (w.failed)
		return err_set(e, "key.unsupported", "the private key is too large to be written");
	return acsr_secret_new(der, w.p + w.pos, w.cap - w.pos, e);
}
