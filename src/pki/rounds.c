/* Counting the work of key derivations before it is done. */
#include "pki/rounds.h"

#include <openssl/err.h>
#include <openssl/pkcs12.h>
#include <stdbool.h>
#include <string.h>

/* Too large a number, or a negative one, is more than enough. */
static int64_t number(const ASN1_INTEGER *i)
{
	int64_t n = 0;

	if (ASN1_INTEGER_get_int64(&n, i) != 1 || n < 0)
		return INT64_MAX;
	return n;
}

static int64_t product(int64_t a, int64_t b)
{
	int64_t n;

	return __builtin_mul_overflow(a, b, &n) ? INT64_MAX : n;
}

static int64_t pbkdf2(const X509_ALGOR *kdf)
{
	PBKDF2PARAM *p = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBKDF2PARAM), kdf->parameter);
	int64_t n = p != NULL ? number(p->iter) : 0;

	PBKDF2PARAM_free(p);
	return n;
}

static int64_t scrypt(const X509_ALGOR *kdf)
{
	SCRYPT_PARAMS *p = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(SCRYPT_PARAMS), kdf->parameter);
	int64_t n = 0;

	if (p != NULL)
		n = product(product(number(p->costParameter), number(p->blockSize)),
			number(p->parallelizationParameter));
	SCRYPT_PARAMS_free(p);
	return n;
}

/* PBES2, PBMAC1: a key derivation and what it is for. */
static int64_t two_parts(const X509_ALGOR *alg)
{
	PBE2PARAM *p = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBE2PARAM), alg->parameter);
	int64_t n = 0;

	if (p != NULL && OBJ_obj2nid(p->keyfunc->algorithm) == NID_id_pbkdf2)
		n = pbkdf2(p->keyfunc);
	else if (p != NULL && OBJ_obj2nid(p->keyfunc->algorithm) == NID_id_scrypt)
		n = scrypt(p->keyfunc);
	PBE2PARAM_free(p);
	return n;
}

static int64_t one_part(const X509_ALGOR *alg)
{
	PBEPARAM *p = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBEPARAM), alg->parameter);
	int64_t n = p != NULL ? number(p->iter) : 0;

	PBEPARAM_free(p);
	return n;
}

static bool is_pbmac1(const X509_ALGOR *alg)
{
	char oid[80];

	ossl_oid(alg->algorithm, oid, sizeof(oid));
	return strcmp(oid, "1.2.840.113549.1.5.14") == 0;
}

static enum acsr_result spend(struct rounds *r, int64_t n, struct acsr_err *e)
{
	ERR_clear_error();
	if (n > r->left)
		return err_set(e, "input.rounds",
			"its passphrase is to be hashed %lld times; at most %d are done in one file",
			(long long)n, ROUNDS_MAX);
	r->left -= n;
	return ACSR_OK;
}

enum acsr_result rounds_spend(struct rounds *r, const X509_ALGOR *alg, struct acsr_err *e)
{
	bool two = OBJ_obj2nid(alg->algorithm) == NID_pbes2 || is_pbmac1(alg);

	return spend(r, two ? two_parts(alg) : one_part(alg), e);
}

enum acsr_result rounds_spend_mac(struct rounds *r, const PKCS12 *p12, struct acsr_err *e)
{
	const ASN1_INTEGER *iterations = NULL;
	const X509_ALGOR *alg = NULL;

	PKCS12_get0_mac(NULL, &alg, NULL, &iterations, p12);
	if (alg != NULL && is_pbmac1(alg))
		return rounds_spend(r, alg, e);
	return spend(r, iterations != NULL ? number(iterations) : 1, e);
}

enum acsr_result rounds_spend_key(struct rounds *r, const uint8_t *der, size_t len, struct acsr_err *e)
{
	X509_SIG *locked = d2i_X509_SIG(NULL, &der, (long)len);
	const X509_ALGOR *alg = NULL;
	enum acsr_result result = ACSR_OK;

	if (locked != NULL) {
		X509_SIG_get0(locked, &alg, NULL);
		result = rounds_spend(r, alg, e);
	}
	X509_SIG_free(locked);
	ERR_clear_error();
	return result;
}
