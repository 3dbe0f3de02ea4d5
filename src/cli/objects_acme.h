/* What the commands about ACME directories, keys and accounts share. */
#ifndef CLI_OBJECTS_ACME_H
#define CLI_OBJECTS_ACME_H

#include <stdlib.h>

#include "cli/command.h"
#include "cli/service.h"

/* The answer of one call becomes the result. */
ACSR_MUST_USE enum acsr_result acme_get(struct cli *c, const char *path, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result acme_post(
	struct cli *c, const char *path, const json_t *body, struct acsr_err *e);
/* DELETE of the object that the command's word names; the result is {done: its name}. */
ACSR_MUST_USE enum acsr_result acme_delete(
	struct cli *c, const char *kind, const char *done, struct acsr_err *e);
/* An option's value, or its values as a list, as a member of body; nothing when it was not given. */
ACSR_MUST_USE enum acsr_result acme_put(
	const struct cli *c, json_t *body, const char *option, const char *member, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result acme_put_list(
	const struct cli *c, json_t *body, const char *option, const char *member, struct acsr_err *e);

#endif
