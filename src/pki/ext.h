/* X.509 extensions to typed fields and back: shared by CSRs and certificates. */
#ifndef PKI_EXT_H
#define PKI_EXT_H

#include "autocsr/csr.h"
#include "autocsr/subject.h"
#include "base/str.h"
#include "ossl.h"
#include "reading.h"

/* What the extensions say that CSRs and certificates have in common. */
struct ext_common {
	struct acsr_sans sans;
	struct strv ekus;
	bool has_ku;
	unsigned ku;
	bool has_basic_constraints, ca;
	int path_len; /* -1: none */
	bool must_staple;
	struct acsr_ext *exts;
	size_t n_exts;
};

void ext_common_free(struct ext_common *c);
/* AREA.extensions.bad, AREA.extensions.duplicate, and those of subject_from_gens. */
ACSR_MUST_USE enum acsr_result ext_read(struct ext_common *out, const STACK_OF(X509_EXTENSION) * exts,
	size_t max_sans, const struct reading *how, struct acsr_err *e);

/* Building: each makes one extension and pushes it. */
ACSR_MUST_USE enum acsr_result ext_push(
	STACK_OF(X509_EXTENSION) * *exts, int nid, bool critical, void *value, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result ext_push_sans(
	STACK_OF(X509_EXTENSION) * *exts, const struct acsr_sans *sans, bool critical, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result ext_push_ekus(
	STACK_OF(X509_EXTENSION) * *exts, const char *const *ekus, size_t n, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result ext_push_ku(STACK_OF(X509_EXTENSION) * *exts, unsigned ku, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result ext_push_must_staple(STACK_OF(X509_EXTENSION) * *exts, struct acsr_err *e);

static inline void ext_free_stack(STACK_OF(X509_EXTENSION) * *s)
{
	sk_X509_EXTENSION_pop_free(*s, X509_EXTENSION_free);
}

#endif
