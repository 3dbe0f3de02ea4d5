/*
 * Attempts at a password that are under way, and those that wait for them. An attempt counts as wrong until it is
 * judged (throttle.h), so six right ones at the same moment would look like guessing: the sixth waits here for one
 * of the others instead of being refused. What is judged wrong stays counted, and then nobody waits any more.
 */
#ifndef CORE_TURN_H
#define CORE_TURN_H

#include "core/throttle.h"

/* Part of whoever attempts; zero-initialised. It must outlive its being in the lists. */
struct turn {
	struct turn *next;
	bool listed; /* among those under way or those that wait */
	const struct throttle *of;
	struct request *q;
	step_fn *run; /* what is done again */
	void (*done)(void *arg);
	void *arg;
};

/* Under way from now on, until turn_end. */
void turn_begin(struct core *c, struct turn *t, const struct throttle *of);
/* Is one under way that counts in one of the buckets of `of`? Then q waits, and when that one is judged, `run` runs
 * with arg as a step of q, followed by `done`. False: nothing was done; there is none, or too many wait already. */
bool turn_wait(struct core *c, struct turn *t, const struct throttle *of, struct request *q, step_fn *run,
	void (*done)(void *arg), void *arg);
/* It is judged, and what it counted is in the database. Nothing happens to one that never began. */
void turn_end(struct core *c, struct turn *t);

#endif
