/*
 * Issuers as operators see them: what of a request's body makes a row (issuer_form.c), what of a row is shown
 * (issuer_view.c), and the names under which products and orders know them.
 */
#ifndef CORE_UPSTREAM_ISSUER_H
#define CORE_UPSTREAM_ISSUER_H

#include "core/proof.h"
#include "core/request.h"
#include "store/issuers.h"

/* The members of the body into the row; fresh: it is being added, so that name and kind are taken and nothing is there
 * yet. Judges the whole row; p (may be NULL) gets who is said to ask. "request.field.…", "object.exists",
 * "state.issuer-account", "policy.issuer-public". */
ACSR_MUST_USE enum acsr_result issuer_read(struct core *c, struct request *q, bool fresh,
	struct upstream_issuer *is, struct proof *p, struct acsr_err *e);

/* E-mail addresses as a JSON list of "mailto:…", which replaces *out. "request.field.contacts" (RFC 8555 7.3). */
enum { ISSUER_CONTACTS = 10 }; /* at most */
ACSR_MUST_USE enum acsr_result issuer_contacts(json_t *given, char **out, struct acsr_err *e);

/* As the API shows it, new reference; statement: whether somebody has stated about it, and what follows. */
ACSR_MUST_USE enum acsr_result issuer_json(
	struct core *c, const struct upstream_issuer *is, json_t **out, struct acsr_err *e);
/* What the CA's directory says about itself (RFC 8555 7.1.1), as a JSON object, or null before it was asked. */
json_t *issuer_meta_json(const struct upstream_issuer *is);

/* Is this a name of ours, or of another CA's? */
ACSR_MUST_USE enum acsr_result issuer_exists(
	struct core *c, const char *name, bool *ours, bool *other, struct acsr_err *e);
/* Is the issuer publicly trusted (BR 6.1.1.3 binds)? Ours as [ca] kind says, others by their own flag; "" is ours. */
ACSR_MUST_USE enum acsr_result issuer_is_public(
	struct core *c, const char *name, bool *public, struct acsr_err *e);

#endif
