/* Whose names stand as the issuer in a heap of certificates: found by halves, for bundles may hold thousands. */
#ifndef PKI_ISSUERS_H
#define PKI_ISSUERS_H

#include <stdbool.h>

#include "autocsr/cert.h"

/* Zero-initialise it. */
struct issuers {
	struct issuer {
		uint8_t name[32]; /* SHA-256 of the issuer's DER */
		size_t at;
	} * v;
	size_t n, cap;
	bool sorted;
};

/* Certificate `at` is signed by the issuer that its view names. */
ACSR_MUST_USE enum acsr_result issuers_add(
	struct issuers *l, const struct acsr_cert_view *v, size_t at, struct acsr_err *e);
/* Did this one (number `at`) issue another of them, by name? Signatures are not looked at. */
bool issuers_issued_another(struct issuers *l, const struct acsr_cert_view *ca, size_t at);
void issuers_free(struct issuers *l);

#endif
