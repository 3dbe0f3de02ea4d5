/* Well-known public CAs by name: where their ACME directory is, as each of them documents it. */
#ifndef CLI_PRESETS_H
#define CLI_PRESETS_H

#include <stdbool.h>

#include "base/err.h"

struct preset {
	const char *name, *title, *directory_url;
	bool public;          /* trusted by browsers */
	bool eab;             /* wants an external account binding (RFC 8555 7.3.4) */
	const char *eab_from; /* where an operator gets it, or NULL */
};

/* NULL past the end. */
const struct preset *preset_at(unsigned i);
/* usage.ca, with the names there are. */
ACSR_MUST_USE enum acsr_result preset_find(const struct preset **out, const char *name, struct acsr_err *e);

#endif
