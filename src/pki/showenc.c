/* Password-based encryption, as found: RFC 8018, RFC 7292, RFC 1421 headers. */
#include "pki/showenc.h"

#include <openssl/err.h>
#include <openssl/kdf.h>
#include <openssl/objects.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "pki/show_int.h"

static json_t *encryption(
	const char *algorithm, const char *kdf, const char *prf, int64_t iterations, const char *cipher)
{
	return json_pack("{s:s, s:s?, s:s?, s:o, s:s?}", "algorithm", algorithm, "kdf", kdf, "prf", prf,
		"iterations", iterations > 0 ? json_integer(iterations) : json_null(), "cipher", cipher);
}

static void name_of(const ASN1_OBJECT *o, char *out, size_t cap)
{
	int nid = OBJ_obj2nid(o);

	if (nid != NID_undef)
		snprintf(out, cap, "%s", OBJ_nid2ln(nid));
	else
		ossl_oid(o, out, cap);
}

static int64_t count_of(const ASN1_INTEGER *i)
{
	int64_t n = 0;

	return ASN1_INTEGER_get_int64(&n, i) == 1 ? n : 0;
}

static json_t *pbkdf2(const char *algorithm, const X509_ALGOR *kdf, const char *cipher)
{
	PBKDF2PARAM *p = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBKDF2PARAM), kdf->parameter);
	char prf[80] = "hmacWithSHA1"; /* the default of RFC 8018 A.2 */
	json_t *o;

	if (p == NULL)
		return encryption(algorithm, "PBKDF2", NULL, 0, cipher);
	if (p->prf != NULL)
		name_of(p->prf->algorithm, prf, sizeof(prf));
	o = encryption(algorithm, "PBKDF2", prf, count_of(p->iter), cipher);
	PBKDF2PARAM_free(p);
	return o;
}

/* PBES2 and PBMAC1 (RFC 9579): a key derivation and a scheme. */
static json_t *two_parts(const X509_ALGOR *alg, const char *algorithm)
{
	PBE2PARAM *p = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBE2PARAM), alg->parameter);
	char kdf[80], cipher[80];
	json_t *o;

	if (p == NULL)
		return encryption(algorithm, NULL, NULL, 0, NULL);
	name_of(p->encryption->algorithm, cipher, sizeof(cipher));
	name_of(p->keyfunc->algorithm, kdf, sizeof(kdf));
	if (OBJ_obj2nid(p->keyfunc->algorithm) == NID_id_pbkdf2)
		o = pbkdf2(algorithm, p->keyfunc, cipher);
	else
		o = encryption(algorithm, kdf, NULL, 0, cipher);
	PBE2PARAM_free(p);
	return o;
}

static json_t *one_part(const X509_ALGOR *alg, const char *algorithm)
{
	PBEPARAM *p = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBEPARAM), alg->parameter);
	int cipher = NID_undef, md = NID_undef, known;
	json_t *o;

	known = EVP_PBE_find(EVP_PBE_TYPE_OUTER, OBJ_obj2nid(alg->algorithm), &cipher, &md, NULL);
	o = encryption(algorithm, NULL, known == 1 && md > 0 ? OBJ_nid2sn(md) : NULL,
		p != NULL ? count_of(p->iter) : 0, known == 1 && cipher > 0 ? OBJ_nid2sn(cipher) : NULL);
	PBEPARAM_free(p);
	return o;
}

json_t *enc_of_algorithm(const X509_ALGOR *alg)
{
	char name[80], oid[80];
	json_t *o;

	name_of(alg->algorithm, name, sizeof(name));
	ossl_oid(alg->algorithm, oid, sizeof(oid));
	if (OBJ_obj2nid(alg->algorithm) == NID_pbes2)
		o = two_parts(alg, "PBES2");
	else if (strcmp(oid, "1.2.840.113549.1.5.14") == 0)
		o = two_parts(alg, "PBMAC1");
	else
		o = one_part(alg, name);
	ERR_clear_error();
	return o;
}

/* "DEK-Info: AES-256-CBC,…": the key is one MD5 round over passphrase and IV. */
static json_t *from_headers(const char *pem)
{
	const char *info = strstr(pem, "DEK-Info:");
	char cipher[40] = "";

	if (info != NULL)
		(void)sscanf(info, "DEK-Info: %39[A-Za-z0-9-]", cipher);
	return encryption("RFC 1421", "MD5", NULL, 1, cipher[0] != '\0' ? cipher : NULL);
}

json_t *enc_of_key(const struct acsr_secret *key, const char *form)
{
	const unsigned char *p = acsr_secret_bytes(key);
	X509_SIG *sig;
	const X509_ALGOR *alg;
	json_t *o;

	if (strcmp(form, "encrypted PKCS#8") != 0)
		return from_headers((const char *)p);
	sig = d2i_X509_SIG(NULL, &p, (long)acsr_secret_len(key));
	ERR_clear_error();
	if (sig == NULL)
		return json_null();
	X509_SIG_get0(sig, &alg, NULL);
	o = enc_of_algorithm(alg);
	X509_SIG_free(sig);
	return o;
}

static bool has_cipher(const char *name)
{
	EVP_CIPHER *c = EVP_CIPHER_fetch(NULL, name, NULL);

	EVP_CIPHER_free(c);
	return c != NULL;
}

static bool has_digest(const char *name)
{
	EVP_MD *md;

	if (strncmp(name, "hmacWith", 8) == 0)
		name += 8;
	md = EVP_MD_fetch(NULL, name, NULL);
	EVP_MD_free(md);
	return md != NULL;
}

static bool has_kdf(const char *name)
{
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, name, NULL);

	EVP_KDF_free(kdf);
	return kdf != NULL || strcmp(name, "MD5") == 0;
}

static enum acsr_result lacks(const char *name, struct acsr_err *e)
{
	ERR_clear_error();
	return err_set(e, "openssl.unsupported",
		"it is encrypted with %.60s, which this OpenSSL (%s) does not have or has switched off; the "
		"passphrase was not judged: open it where it was made, and write it anew with modern "
		"algorithms",
		name, OpenSSL_version(OPENSSL_VERSION_STRING));
}

enum acsr_result enc_check_known(const json_t *o, struct acsr_err *e)
{
	const char *algorithm = json_string_value(json_object_get(o, "algorithm"));
	const char *kdf = json_string_value(json_object_get(o, "kdf"));
	const char *prf = json_string_value(json_object_get(o, "prf"));
	const char *cipher = json_string_value(json_object_get(o, "cipher"));

	if (algorithm == NULL)
		return ACSR_OK; /* it cannot be told; the decoder will say */
	if (cipher == NULL)
		return lacks(algorithm, e);
	if (strcmp(algorithm, "PBMAC1") == 0 ? !has_digest(cipher) : !has_cipher(cipher))
		return lacks(cipher, e);
	if (prf != NULL && !has_digest(prf))
		return lacks(prf, e);
	if (kdf != NULL && !has_kdf(kdf))
		return lacks(kdf, e);
	ERR_clear_error();
	return ACSR_OK;
}
