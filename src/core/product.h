/* Products: what can be ordered, from which issuer, with which keys. */
#ifndef CORE_PRODUCT_H
#define CORE_PRODUCT_H

#include "core/request.h"
#include "store/products.h"

/* The four products of a first start. */
ACSR_MUST_USE enum acsr_result product_seed(struct core *c, struct acsr_err *e);
/* Take away the key types that the product's issuer or its fallback does not take; when the default is among those, the
 * first that is left takes its place. Not for what is stored again. */
ACSR_MUST_USE enum acsr_result product_fit_issuers(struct core *c, struct product *p, struct acsr_err *e);
/* Is the issuer publicly trusted, or the one that may take over? */
ACSR_MUST_USE enum acsr_result product_is_public(
	struct core *c, const struct product *p, bool *public, struct acsr_err *e);
/* With the key types that its issuers take. "request.field.product" when it does not exist or is not sold. */
ACSR_MUST_USE enum acsr_result product_for_order(
	struct core *c, const char *id, struct product *out, struct acsr_err *e);
/* Is anything ordered at its issuer ("state.issuer-off" when the operator has switched it off)? */
ACSR_MUST_USE enum acsr_result product_issuer_on(struct core *c, const struct product *p, struct acsr_err *e);
bool product_has_key_type(const struct product *p, const char *key_type);
/* Those of its key types that this OpenSSL can make, separated by blanks: for menus and texts. */
void product_key_types(const struct product *p, char out[PRODUCT_KEY_TYPES]);
/* May a key of this type be made for the product, and can it? key.type, openssl.unsupported; `field` is what
 * the customer said it in. */
ACSR_MUST_USE enum acsr_result product_check_key_type(
	const struct product *p, const char *key_type, const char *field, struct acsr_err *e);
/* How long after hand-over an unlock code can be revealed, in seconds. */
int64_t product_code_window(struct core *c, const struct product *p);

#endif
