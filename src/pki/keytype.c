/* The table of key types. */
#include "autocsr/key.h"

#include <string.h>

#include "ossl.h"

#define RSA(n)                                                \
	{                                                     \
		"rsa:" #n, ACSR_KEY_RSA, n, "RSA", NULL, true \
	}
#define EC(n)                                                  \
	{                                                      \
		"ec:p" #n, ACSR_KEY_EC, n, "EC", "P-" #n, true \
	}
#define ML_DSA(n)                                                           \
	{                                                                   \
		"ml-dsa-" #n, ACSR_KEY_ML_DSA, 0, "ML-DSA-" #n, NULL, false \
	}
#define SLH_DSA(hash, HASH, n)                                                                 \
	{                                                                                      \
		"slh-dsa-" hash "-" n, ACSR_KEY_SLH_DSA, 0, "SLH-DSA-" HASH "-" n, NULL, false \
	}

static const struct acsr_key_type types[] = {
	RSA(2048),
	RSA(3072),
	RSA(4096),
	EC(256),
	EC(384),
	EC(521),
	{ "ed25519", ACSR_KEY_ED25519, 256, "ED25519", NULL, false },
	{ "ed448", ACSR_KEY_ED448, 456, "ED448", NULL, false },
	ML_DSA(44),
	ML_DSA(65),
	ML_DSA(87),
	SLH_DSA("sha2", "SHA2", "128s"),
	SLH_DSA("sha2", "SHA2", "128f"),
	SLH_DSA("sha2", "SHA2", "192s"),
	SLH_DSA("sha2", "SHA2", "192f"),
	SLH_DSA("sha2", "SHA2", "256s"),
	SLH_DSA("sha2", "SHA2", "256f"),
	SLH_DSA("shake", "SHAKE", "128s"),
	SLH_DSA("shake", "SHAKE", "128f"),
	SLH_DSA("shake", "SHAKE", "192s"),
	SLH_DSA("shake", "SHAKE", "192f"),
	SLH_DSA("shake", "SHAKE", "256s"),
	SLH_DSA("shake", "SHAKE", "256f"),
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
	return m != NULL;
}
