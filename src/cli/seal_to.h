/* The value of --seal-to: to whom a key is sealed. */
#ifndef CLI_SEAL_TO_H
#define CLI_SEAL_TO_H

#include "autocsr/seal.h"

/* `value` is a recipient, or @FILE with one in it: text, or a certificate in DER. Checked as acsr_recipient_parse does,
 * now; a private key is refused here, and goes nowhere. *text (NULL: not wanted) is what a service takes, yours. The
 * field of errors is --seal-to. */
ACSR_MUST_USE enum acsr_result seal_to_read(
	struct acsr_recipient **out, char **text, const char *value, struct acsr_err *e);

#endif
