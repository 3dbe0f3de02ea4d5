/*
 * What the answers of all perspectives to one question amount to (BR 3.2.2.9). The numbers are dated rule data; a private
 * CA chooses by its settings. A perspective that could not be asked counts as one that disagrees.
 */
#ifndef CORE_QUORUM_H
#define CORE_QUORUM_H

#include "core/core.h"

struct quorum_rules {
	int64_t minimum; /* remote perspectives, at least */
	int64_t regions; /* of address registries, that those who agree are in, at least (fewer when fewer are asked) */
	int64_t few, many; /* who may disagree of 2 to 5, and of 6 or more */
};

/* Of these settings at this time. */
struct quorum_rules quorum_rules(const struct conf *conf, int64_t now);

/* ACSR_OK when control is shown, or CAA permits, from here and from enough other places. evidence (may be NULL) gets the
 * JSON of what each saw, to free, when it is yes. Errors: our own look's; "validation.quorum" or "caa.quorum" with what
 * the others saw; "busy.perspectives" when only perspectives that cannot be reached are missing; "sys.perspectives" when
 * fewer are configured than the rules demand. */
ACSR_MUST_USE enum acsr_result quorum_judge(const struct quorum_rules *rules,
	const struct msg_probe_result *r, char **evidence, struct acsr_err *e);

#endif
