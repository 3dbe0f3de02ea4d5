/* A list of held requests, in the order in which they came. */
#include "core/acme/wait.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "core/acme/acme_int.h"

struct acme_waiting {
	struct acme_waiting *next;
	struct acme_request *a;
	acme_wait_fn *fn;
	int64_t until_ms;
	char id[40];
};

static void waiting_free(void *arg)
{
	struct acme_waiting *w = arg;

	request_release(w->a->q);
	free(w);
}

static enum acsr_result wake(struct core *c, void *arg, struct acsr_err *e)
{
	struct acme_waiting *w = arg;

	w->a->q->later = false;
	return w->fn(c, w->a, w->id, e);
}

enum acsr_result acme_wait(struct core *c, struct acme_request *a, const char *id, acme_wait_fn *fn,
	bool *held, struct acsr_err *e)
{
	struct acme_waiting *w, **end = &c->acme->waiting;
	size_t n = 0;

	*held = false;
	for (; *end != NULL; end = &(*end)->next)
		n++;
	if (n >= ACME_WAITING)
		return ACSR_OK;
	w = calloc(1, sizeof(*w));
	if (w == NULL)
		return err_nomem(e);
	*w = (struct acme_waiting){
		.a = a, .fn = fn, .until_ms = clock_mono_ms() + ACME_WAIT * INT64_C(1000)
	};
	snprintf(w->id, sizeof(w->id), "%s", id);
	request_hold(a->q);
	a->q->later = true;
	*end = w;
	*held = true;
	return ACSR_OK;
}

/* Answer those that `id` names, or, when it is NULL, those whose time is over. */
static void release(struct core *c, const char *id, int64_t now_ms)
{
	struct acme_waiting **p = &c->acme->waiting;

	while (*p != NULL) {
		struct acme_waiting *w = *p;

		if (id != NULL ? strcmp(w->id, id) != 0 : w->until_ms > now_ms) {
			p = &w->next;
			continue;
		}
		*p = w->next;
		core_step(c, w->a->q, wake, w, waiting_free);
	}
}

void acme_decided(struct core *c, const char *id)
{
	release(c, id, 0);
}

void acme_wait_tick(struct core *c)
{
	if (c->acme != NULL)
		release(c, NULL, clock_mono_ms());
}
