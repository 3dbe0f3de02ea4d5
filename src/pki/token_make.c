/* Making a key pair inside a PKCS#11 token. */
#include <openssl/ec.h>

#include "base/rnd.h"
#include "token_int.h"

enum { ID_SIZE = 16, EC_PARAMS = 16 };

/* Label and id: the URI's, else made up. */
struct naming {
	CK_ATTRIBUTE label, id;
	uint8_t made_id[ID_SIZE];
};

static enum acsr_result name_it(struct token *t, struct naming *n, struct acsr_err *e)
{
	const CK_ATTRIBUTE *label = p11_kit_uri_get_attribute(t->uri, CKA_LABEL);
	const CK_ATTRIBUTE *id = p11_kit_uri_get_attribute(t->uri, CKA_ID);

	TRY(rnd_fill(n->made_id, ID_SIZE, e));
	n->id = id != NULL ? *id : (CK_ATTRIBUTE){ CKA_ID, n->made_id, ID_SIZE };
	n->label = label != NULL ? *label : (CK_ATTRIBUTE){ CKA_LABEL, (void *)(uintptr_t) "autocsr", 7 };
	return ACSR_OK;
}

static enum acsr_result refuse_twin(struct token *t, struct naming *n, struct acsr_err *e)
{
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_ATTRIBUTE match[] = { { CKA_CLASS, &class, sizeof(class) }, n->label };
	CK_OBJECT_HANDLE o;
	size_t found;

	TRY(token_find(t, match, 2, &o, &found, e));
	if (found == 0)
		return ACSR_OK;
	return err_set(e, "token.exists",
		"the token already holds a private key with that label; choose another object= in the URI");
}

static enum acsr_result curve_oid(const char *group, uint8_t *out, size_t *len, struct acsr_err *e)
{
	const ASN1_OBJECT *o = OBJ_nid2obj(EC_curve_nist2nid(group));
	unsigned char *p = out;
	int n = o != NULL ? i2d_ASN1_OBJECT(o, NULL) : -1;

	if (n <= 0 || n > EC_PARAMS || i2d_ASN1_OBJECT(o, &p) != n)
		return err_set(e, "token.type", "the curve %.20s has no object identifier here", group);
	*len = (size_t)n;
	return ACSR_OK;
}

static enum acsr_result generate(
	struct token *t, const struct acsr_key_type *type, struct naming *n, struct acsr_err *e)
{
	CK_MECHANISM how = { type->alg == ACSR_KEY_RSA ? CKM_RSA_PKCS_KEY_PAIR_GEN : CKM_EC_KEY_PAIR_GEN,
		NULL, 0 };
	CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
	CK_BYTE exponent[] = { 1, 0, 1 }, params[EC_PARAMS];
	CK_ULONG bits = type->bits;
	size_t params_len = 0;
	CK_ATTRIBUTE rsa[] = { { CKA_TOKEN, &yes, 1 }, { CKA_VERIFY, &yes, 1 }, n->label, n->id,
		{ CKA_MODULUS_BITS, &bits, sizeof(bits) }, { CKA_PUBLIC_EXPONENT, exponent, 3 } };
	CK_ATTRIBUTE ec[] = { { CKA_TOKEN, &yes, 1 }, { CKA_VERIFY, &yes, 1 }, n->label, n->id,
		{ CKA_EC_PARAMS, params, 0 } };
	CK_ATTRIBUTE private[] = { { CKA_TOKEN, &yes, 1 }, { CKA_PRIVATE, &yes, 1 },
		{ CKA_SENSITIVE, &yes, 1 }, { CKA_EXTRACTABLE, &no, 1 }, { CKA_SIGN, &yes, 1 }, n->label,
		n->id };
	CK_OBJECT_HANDLE public_key;
	CK_RV rv;

	if (type->alg == ACSR_KEY_EC)
		TRY(curve_oid(type->group, params, &params_len, e));
	ec[4].ulValueLen = params_len;
	rv = type->alg == ACSR_KEY_RSA ? t->f->C_GenerateKeyPair(t->session, &how, rsa, 6, private, 7,
						 &public_key, &t->private_key)
				       : t->f->C_GenerateKeyPair(t->session, &how, ec, 5, private, 7,
						 &public_key, &t->private_key);
	if (rv == CKR_MECHANISM_INVALID || rv == CKR_CURVE_NOT_SUPPORTED || rv == CKR_KEY_SIZE_RANGE)
		return err_set(e, "token.type", "the token cannot make a key of the type %s: %s", type->name,
			p11_kit_strerror(rv));
	return rv == CKR_OK ? ACSR_OK : token_failed(e, "make a key", rv);
}

enum acsr_result acsr_token_generate(struct acsr_key **out, const char *uri, const char *module,
	const char *type, const struct acsr_secret *pin, struct acsr_err *e)
{
	const struct acsr_key_type *wanted;
	struct naming n;
	struct token *t;

	TRY(acsr_key_type_find(&wanted, type, e));
	if (wanted->alg != ACSR_KEY_RSA && wanted->alg != ACSR_KEY_EC)
		return err_set(e, "token.type", "in a token only RSA and EC keys can be made, not %s", type);
	TRY(token_open(&t, uri, module, true, pin, e));
	if (name_it(t, &n, e) == ACSR_OK && refuse_twin(t, &n, e) == ACSR_OK &&
		generate(t, wanted, &n, e) == ACSR_OK && token_hold(t, out, e) == ACSR_OK)
		return ACSR_OK;
	token_free(t);
	return ACSR_FAIL;
}
