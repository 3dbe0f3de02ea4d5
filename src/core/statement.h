/*
 * The operator's statement about a public issuer: that it is neither the CA nor its affiliate. Without one
 * the service makes no keys for that issuer (BR 6.1.1.3). It comes from an administrator, by the API, or from
 * the configuration file ([ca] operator_is_not_ca), and it holds until it is withdrawn.
 */
#ifndef CORE_STATEMENT_H
#define CORE_STATEMENT_H

#include "core/request.h"
#include "store/statements.h"

/* Who states what the configuration file states. */
#define STATEMENT_BY_FILE "configuration file"

/* What holds now for the issuer that a product names ("": the one that issues). */
ACSR_MUST_USE enum acsr_result statement_for(
	struct core *c, const char *issuer, struct statement *out, bool *have, struct acsr_err *e);
/* At start and after a change of the settings: what the configuration file states is noted, once, and so is
 * that it does not any more. */
ACSR_MUST_USE enum acsr_result statement_of_file(struct core *c, struct acsr_err *e);

#endif
