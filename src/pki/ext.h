/* X.509 extensions to typed fields and back: shared by CSRs and certificates. */
#ifndef PKI_EXT_H
#define PKI_EXT_H

#include "autocsr/csr.h"
#include "autocsr/subject.h"
#include "base/str.h"
#include "ossl.h"
#include "reading.h"

#define OID_MS_TEMPLATE_NAME "1.3.6.1.4.1.311.20.2"
#define OID_MS_TEMPLATE_OID "1.3.6.1.4.1.311.21.7"

/* What the extensions say that CSRs and certificates have in common. */
struct ext_common {
	struct acsr_sans sans;
	struct strv ekus;
	bool has_ku;
	unsigned ku;
	bool has_basic_constraints, ca;
	int path_len; /* -1: none */
	bool must_staple;
	struct acsr_policy *policies;
	size_t n_policies;
	struct acsr_ms_template ms_template;
	uint8_t ski[64];
	size_t ski_len;
	struct acsr_ext *exts;
	size_t n_exts;
};

void ext_common_free(struct ext_common *c);
/* The parts, for views that take them over. */
void ext_free_list(struct acsr_ext *v, size_t n);
void ext_free_policies(struct acsr_policy *v, size_t n);
void ext_free_template(struct acsr_ms_template *t);
/* AREA.extensions.bad, AREA.extensions.duplicate, and those of subject_from_gens. A lenient reading lists
 * every extension, marks what breaks a rule, and reads the first of a kind. */
ACSR_MUST_USE enum acsr_result ext_read(struct ext_common *out, const STACK_OF(X509_EXTENSION) * exts,
	size_t max_sans, const struct reading *how, struct acsr_err *e);

/* extbuild.c. Building: each makes one extension and pushes it. */
ACSR_MUST_USE enum acsr_result ext_push(
	STACK_OF(X509_EXTENSION) * *exts, int nid, bool critical, void *value, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result ext_push_sans(
	STACK_OF(X509_EXTENSION) * *exts, const struct acsr_sans *sans, bool critical, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result ext_push_ekus(
	STACK_OF(X509_EXTENSION) * *exts, const char *const *ekus, size_t n, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result ext_push_ku(STACK_OF(X509_EXTENSION) * *exts, unsigned ku, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result ext_push_must_staple(STACK_OF(X509_EXTENSION) * *exts, struct acsr_err *e);

ACSR_MUST_USE enum acsr_result ext_push_constraints(
	STACK_OF(X509_EXTENSION) * *exts, bool ca, int path_len, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result ext_push_ski(
	STACK_OF(X509_EXTENSION) * *exts, EVP_PKEY *key, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result ext_push_policies(
	STACK_OF(X509_EXTENSION) * *exts, const struct acsr_policy *v, size_t n, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result ext_push_template(
	STACK_OF(X509_EXTENSION) * *exts, const struct acsr_ms_template *t, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result ext_push_raw(
	STACK_OF(X509_EXTENSION) * *exts, const struct acsr_raw_ext *v, struct acsr_err *e);

/* msext.c: Microsoft's template extensions, from the contents of extnValue. false: not so. */
bool ext_read_template_name(struct acsr_ms_template *t, const uint8_t *p, size_t n);
bool ext_read_template_oid(struct acsr_ms_template *t, const uint8_t *p, size_t n);

static inline void ext_free_stack(STACK_OF(X509_EXTENSION) * *s)
{
	sk_X509_EXTENSION_pop_free(*s, X509_EXTENSION_free);
}

#endif
