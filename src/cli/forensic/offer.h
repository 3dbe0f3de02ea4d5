/* What the service offers for the test: a product whose keys it makes, its key types, and the forms of hand-over that can
 * be opened here. */
#ifndef CLI_FORENSIC_OFFER_H
#define CLI_FORENSIC_OFFER_H

#include "cli/forensic/opener.h"
#include "cli/service.h"

enum { OFFER_TYPES = 16, OFFER_FORMS = 16 };

struct offer {
	char product[101], version[64]; /* version of the service, "" when it does not tell */
	const char *types[OFFER_TYPES]; /* in the order in which they are used, as are the forms */
	size_t n_types;
	const struct form *forms[OFFER_FORMS];
	size_t n_forms;
	bool old; /* the service knows archives with codes only, and no hand_over */
};

/*
 * From --product, --key-type, --form and --password-file, or what the service has. forensic.product usage.key-type
 * usage.form; usage.password when nothing can be opened without a code and there is no password to reveal one to.
 */
ACSR_MUST_USE enum acsr_result offer_find(
	struct offer *o, struct service *s, const struct args *a, struct acsr_err *e);

#endif
