/*
 * A look at a challenge asks two things at once, whether the proof is there and whether CAA forbids us, and the answers come
 * in either order. Here is what came first, until the other is there. In memory only: the job asks both again.
 */
#ifndef CORE_ACME_LOOK_H
#define CORE_ACME_LOOK_H

#include "core/acme/acme.h"

struct acme_look {
	struct acme_look *next;
	char number[24];   /* for the detail of both questions */
	int64_t begun_ms;  /* monotonic */
	int awaited;       /* answers that are still to come */
	int64_t proved_at; /* epoch seconds when a good proof came, 0: not yet */
	int64_t caa_at;    /* the same of what CAA says */
	bool caa_forbids;
	struct acsr_err caa_why;
};

/* A new one. One that was given up since without answers goes. */
ACSR_MUST_USE enum acsr_result acme_look_begin(struct core *c, struct acme_look **out, struct acsr_err *e);
/* The one that an answer is for; NULL when it was given up. */
struct acme_look *acme_look_find(struct core *c, const char *number);
/* This answer was seen to. The last one takes the look with it. l may be NULL. */
void acme_look_done(struct core *c, struct acme_look *l);

#endif
