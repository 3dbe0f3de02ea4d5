/* The attributes of CSRs: names and readable texts, for the files of this folder. */
#ifndef PKI_ATTR_H
#define PKI_ATTR_H

#include "autocsr/csr.h"
#include "ossl.h"

/* Never fails for what the attribute holds, only without memory. The value of a challengePassword is not
 * kept. */
ACSR_MUST_USE enum acsr_result attr_take(struct acsr_attr *out, X509_ATTRIBUTE *a, struct acsr_err *e);
void attr_free_list(struct acsr_attr *v, size_t n);

#endif
