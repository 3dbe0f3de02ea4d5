/* The few of the toolkit's profiles that core may name. */
#include "profiles.h"

#include <string.h>

#include "base/err.h"

static const char *const leaves[] = { "dv", "ov", "ev", "service" };

enum acsr_result profiles_find(const struct acsr_profile **out, const char *name, struct acsr_err *e)
{
	for (size_t i = 0; i < sizeof(leaves) / sizeof(leaves[0]); i++)
		if (strcmp(leaves[i], name) == 0)
			return acsr_profile_find(out, name, e);
	return err_rule(e, "cert.profile", "profile", NULL, "the signer has no profile %s", name);
}
