/* The table of key types, and what a key or signature is called that this OpenSSL need not know. */
#include "autocsr/key.h"

#include <openssl/err.h>
#include <stdio.h>
#include <string.h>

#include "der.h"
#include "key_int.h"

#define RSA(n)                                                      \
	{                                                           \
		"rsa:" #n, ACSR_KEY_RSA, n, "RSA", NULL, true, NULL \
	}
#define EC(n)                                                        \
	{                                                            \
		"ec:p" #n, ACSR_KEY_EC, n, "EC", "P-" #n, true, NULL \
	}
/* NIST's arc of signature algorithms, which keys and signatures share. */
#define SIG(last) "2.16.840.1.101.3.4.3." #last
#define ML_DSA(n, last)                                                                \
	{                                                                              \
		"ml-dsa-" #n, ACSR_KEY_ML_DSA, 0, "ML-DSA-" #n, NULL, false, SIG(last) \
	}
#define SLH_DSA(hash, HASH, n, last)                                                                      \
	{                                                                                                 \
		"slh-dsa-" hash "-" n, ACSR_KEY_SLH_DSA, 0, "SLH-DSA-" HASH "-" n, NULL, false, SIG(last) \
	}

static const struct acsr_key_type types[] = {
	RSA(2048),
	RSA(3072),
	RSA(4096),
	EC(256),
	EC(384),
	EC(521),
	{ "ed25519", ACSR_KEY_ED25519, 256, "ED25519", NULL, false, NULL },
	{ "ed448", ACSR_KEY_ED448, 456, "ED448", NULL, false, NULL },
	ML_DSA(44, 17),
	ML_DSA(65, 18),
	ML_DSA(87, 19),
	SLH_DSA("sha2", "SHA2", "128s", 20),
	SLH_DSA("sha2", "SHA2", "128f", 21),
	SLH_DSA("sha2", "SHA2", "192s", 22),
	SLH_DSA("sha2", "SHA2", "192f", 23),
	SLH_DSA("sha2", "SHA2", "256s", 24),
	SLH_DSA("sha2", "SHA2", "256f", 25),
	SLH_DSA("shake", "SHAKE", "128s", 26),
	SLH_DSA("shake", "SHAKE", "128f", 27),
	SLH_DSA("shake", "SHAKE", "192s", 28),
	SLH_DSA("shake", "SHAKE", "192f", 29),
	SLH_DSA("shake", "SHAKE", "256s", 30),
	SLH_DSA("shake", "SHAKE", "256f", 31),
};

const struct acsr_key_type *acsr_key_type_at(size_t i)
{
	return i < sizeof(types) / sizeof(types[0]) ? &types[i] : NULL;
}

enum acsr_result acsr_key_type_find(const struct acsr_key_type **out, const char *name, struct acsr_err *e)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (strcmp(types[i].name, name) != 0)
			continue;
		*out = &types[i];
		return ACSR_OK;
	}
	return err_rule(e, "key.type", "key_type", NULL,
		"unknown key type \"%.40s\"; choose one like rsa:2048, ec:p256 or ed25519", name);
}

bool acsr_key_type_available(const struct acsr_key_type *t)
{
	EVP_KEYMGMT *m = EVP_KEYMGMT_fetch(NULL, t->evp, NULL);

	EVP_KEYMGMT_free(m);
	ERR_clear_error();
	return m != NULL;
}

enum acsr_result acsr_key_type_require(const struct acsr_key_type *t, struct acsr_err *e)
{
	const char *version = OpenSSL_version(OPENSSL_VERSION_STRING);

	if (acsr_key_type_available(t))
		return ACSR_OK;
	if (t->oid == NULL)
		return err_set(e, "openssl.unsupported",
			"this OpenSSL (%s) has no %s; choose another key type", version, t->name);
	return err_set(e, "openssl.unsupported", "this OpenSSL (%s) has no %s; 3.5 or newer does", version,
		t->alg == ACSR_KEY_ML_DSA ? "ML-DSA" : "SLH-DSA");
}

const struct acsr_key_type *key_type_by_oid(const char *oid)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (types[i].oid != NULL && strcmp(types[i].oid, oid) == 0)
			return &types[i];
	return NULL;
}

void key_alg_name(const ASN1_OBJECT *o, char *out, size_t cap)
{
	const struct acsr_key_type *t;
	char oid[80];

	ossl_oid(o, oid, sizeof(oid));
	t = key_type_by_oid(oid);
	snprintf(out, cap, "%s",
		t != NULL                     ? t->evp
		: OBJ_obj2nid(o) != NID_undef ? OBJ_nid2ln(OBJ_obj2nid(o))
					      : oid);
}

/* AlgorithmIdentifier { OID … } as dotted text; empty when it is none. */
static void algorithm_oid(struct bytes alg, char *out, size_t cap)
{
	struct der_tlv t;
	const unsigned char *p;
	ASN1_OBJECT *o;

	out[0] = '\0';
	if (der_expect(&alg, DER_OID, &t, "key", NULL) != ACSR_OK)
		return;
	p = t.whole.p;
	o = d2i_ASN1_OBJECT(NULL, &p, (long)t.whole.len);
	ossl_oid(o, out, cap);
	ASN1_OBJECT_free(o);
	ERR_clear_error();
}

const struct acsr_key_type *key_type_of_spki(const uint8_t *der, size_t len, char oid[80])
{
	struct bytes in = { der, len };
	struct der_tlv outer, alg;

	oid[0] = '\0';
	if (der_expect(&in, DER_SEQUENCE, &outer, "key", NULL) != ACSR_OK ||
		der_expect(&outer.body, DER_SEQUENCE, &alg, "key", NULL) != ACSR_OK)
		return NULL;
	algorithm_oid(alg.body, oid, 80);
	return key_type_by_oid(oid);
}

const struct acsr_key_type *key_type_of_pkcs8(const uint8_t *der, size_t len)
{
	struct bytes in = { der, len };
	struct der_tlv outer, t;
	char oid[80];

	if (der_expect(&in, DER_SEQUENCE, &outer, "key", NULL) != ACSR_OK ||
		der_expect(&outer.body, DER_INTEGER, &t, "key", NULL) != ACSR_OK ||
		der_expect(&outer.body, DER_SEQUENCE, &t, "key", NULL) != ACSR_OK)
		return NULL;
	algorithm_oid(t.body, oid, sizeof(oid));
	return key_type_by_oid(oid);
}

void key_describe_spki(const struct acsr_key *k, const uint8_t *der, size_t len, char out[48])
{
	char oid[80];
	const struct acsr_key_type *t = key_type_of_spki(der, len, oid);

	snprintf(out, 48, "%.47s", k != NULL ? k->name : t != NULL ? t->name : oid);
}
