/*
 * By which rules `csr check` judges: public CAs (BR), private ones, or a file of the user's own.
 *
 * The file is JSON; every member is optional, an unknown one is an error:
 *   {"base": "public"|"private", "key_types": ["ec:p256"], "max_names": 10, "wildcards": false,
 *    "ip_addresses": false, "suffixes": ["example.com"], "subject_required": ["O"],
 *    "subject_allowed": ["CN", "O", "C"]}
 */
#ifndef PKI_CSR_POLICY_H
#define PKI_CSR_POLICY_H

#include <jansson.h>
#include <stdbool.h>

#include "base/err.h"

struct csr_policy {
	bool public_trust;
	bool wildcards, ip_addresses;
	size_t max_names;
	json_t *file; /* owned, or NULL; the lists are read from it */
};

/* "public", "private", NULL (private), or a file's path. input.policy */
ACSR_MUST_USE enum acsr_result csr_policy_load(struct csr_policy *p, const char *name, struct acsr_err *e);
void csr_policy_free(struct csr_policy *p);
#define CLEANUP_POLICY __attribute__((cleanup(csr_policy_free)))

/* Is `value` in that list of the file (ASCII case ignored)? An absent list says `absent`. */
bool csr_policy_lists(const struct csr_policy *p, const char *list, const char *value, bool absent);
/* The list itself, or NULL. */
const json_t *csr_policy_list(const struct csr_policy *p, const char *list);

#endif
