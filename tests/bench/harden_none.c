/*
 * A keymaker without its hardening, to measure what that costs. Linked in the place of src/keymaker/harden.c into a
 * program of its own that is never installed.
 */
#include "harden.h"

#include <stdio.h>

enum acsr_result harden_process(struct acsr_err *e)
{
	(void)e;
	return ACSR_OK;
}

enum acsr_result harden_worker(bool lock_memory, char *how, size_t cap, struct acsr_err *e)
{
	(void)lock_memory;
	(void)e;
	snprintf(how, cap, "NOT hardened: built to be measured");
	return ACSR_OK;
}

enum acsr_result harden_sandbox(struct acsr_err *e)
{
	(void)e;
	return ACSR_OK;
}

void harden_end(void)
{
}
