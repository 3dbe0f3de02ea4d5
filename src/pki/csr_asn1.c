/* CSRs by a template of our own. */
#include "pki/csr_asn1.h"

#include <openssl/asn1t.h>

typedef struct csr_info CSR_INFO;
typedef struct csr_asn1 CSR_ASN1;

/* clang-format off */
ASN1_SEQUENCE_enc(CSR_INFO, enc, 0) = {
	ASN1_SIMPLE(CSR_INFO, version, ASN1_INTEGER),
	ASN1_SIMPLE(CSR_INFO, subject, X509_NAME),
	ASN1_SIMPLE(CSR_INFO, spki, ASN1_ANY),
	ASN1_IMP_SET_OF_OPT(CSR_INFO, attributes, X509_ATTRIBUTE, 0),
} static_ASN1_SEQUENCE_END_ref(CSR_INFO, CSR_INFO)

ASN1_SEQUENCE(CSR_ASN1) = {
	ASN1_SIMPLE(CSR_ASN1, info, CSR_INFO),
	ASN1_SIMPLE(CSR_ASN1, alg, X509_ALGOR),
	ASN1_SIMPLE(CSR_ASN1, signature, ASN1_BIT_STRING),
} static_ASN1_SEQUENCE_END(CSR_ASN1)
/* clang-format on */

struct csr_asn1 *csr_asn1_read(const unsigned char **p, size_t len)
{
	struct csr_asn1 *x = (struct csr_asn1 *)ASN1_item_d2i(NULL, p, (long)len, ASN1_ITEM_rptr(CSR_ASN1));

	if (x == NULL || x->info->spki->type == V_ASN1_SEQUENCE)
		return x;
	csr_asn1_free(x);
	return NULL;
}

void csr_asn1_free(struct csr_asn1 *x)
{
	ASN1_item_free((ASN1_VALUE *)x, ASN1_ITEM_rptr(CSR_ASN1));
}

struct bytes csr_asn1_spki(const struct csr_asn1 *x)
{
	const ASN1_STRING *s = x->info->spki->value.sequence;

	return (struct bytes){ ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s) };
}

int csr_asn1_verify(const struct csr_asn1 *x, EVP_PKEY *pkey)
{
	return ASN1_item_verify(ASN1_ITEM_rptr(CSR_INFO), x->alg, x->signature, x->info, pkey);
}
