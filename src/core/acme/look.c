/* A list of looks, few at any time. */
#include "core/acme/look.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "core/acme/acme_int.h"

/* More than a question to the prober may take: then none of its answers will come. */
enum { GIVEN_UP_MS = 300 * 1000, ANSWERS = 2 };

static void drop(struct acme_look **at)
{
	struct acme_look *l = *at;

	*at = l->next;
	free(l);
}

/* The step that asked was undone, so nobody was asked. They are in the order of their age, the newest first. */
static void drop_old(struct core *c, int64_t now_ms)
{
	struct acme_look **at = &c->acme->looks;

	while (*at != NULL && (*at)->begun_ms > now_ms - GIVEN_UP_MS)
		at = &(*at)->next;
	while (*at != NULL)
		drop(at);
}

enum acsr_result acme_look_begin(struct core *c, struct acme_look **out, struct acsr_err *e)
{
	struct acme_look *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return err_nomem(e);
	l->begun_ms = clock_mono_ms();
	l->awaited = ANSWERS;
	snprintf(l->number, sizeof(l->number), "%llu", (unsigned long long)++c->acme->last_look);
	drop_old(c, l->begun_ms);
	l->next = c->acme->looks;
	c->acme->looks = l;
	*out = l;
	return ACSR_OK;
}

struct acme_look *acme_look_find(struct core *c, const char *number)
{
	for (struct acme_look *l = c->acme->looks; l != NULL; l = l->next)
		if (strcmp(l->number, number) == 0)
			return l;
	return NULL;
}

void acme_look_done(struct core *c, struct acme_look *l)
{
	struct acme_look **at = &c->acme->looks;

	if (l == NULL || --l->awaited > 0)
		return;
	while (*at != l)
		at = &(*at)->next;
	drop(at);
}
