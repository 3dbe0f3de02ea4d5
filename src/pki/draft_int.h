/* Inside of drafts, for the files of this folder. */
#ifndef PKI_DRAFT_INT_H
#define PKI_DRAFT_INT_H

#include "autocsr/draft.h"
#include "base/err.h"

/* Append; everything is copied. */
ACSR_MUST_USE enum acsr_result draft_note(struct acsr_csr_draft *d, struct acsr_err *e, const char *fmt, ...)
	ACSR_PRINTF(3, 4);
ACSR_MUST_USE enum acsr_result draft_add_eku(struct acsr_csr_draft *d, const char *name, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result draft_add_policy(
	struct acsr_csr_draft *d, const char *oid, const char *cps, struct acsr_err *e);
/* csr.new.extension when the contents are not one DER element. */
ACSR_MUST_USE enum acsr_result draft_add_ext(struct acsr_csr_draft *d, const char *oid, bool critical,
	const uint8_t *der, size_t len, struct acsr_err *e);
/* *at becomes a copy of s. */
ACSR_MUST_USE enum acsr_result draft_replace(char **at, const char *s, struct acsr_err *e);

/* A file in the form of OpenSSL's configuration. */
bool draft_is_openssl(const char *text);
ACSR_MUST_USE enum acsr_result draft_read_openssl(
	struct acsr_csr_draft *d, const char *text, enum acsr_name_policy policy, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result draft_read_ini(
	struct acsr_csr_draft *d, char *text, enum acsr_name_policy policy, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result draft_read_json(struct acsr_csr_draft *d, const char *text, size_t len,
	enum acsr_name_policy policy, struct acsr_err *e);

#endif
