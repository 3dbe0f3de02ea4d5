/*
 * The role processes: start them, connect them in a star around core (and keymaker with those who
 * deliver), notice when one dies, start it again, stop them in order.
 */
#ifndef AUTOCSRD_ROLES_H
#define AUTOCSRD_ROLES_H

#include "ipc/chan.h"
#include "ipc/conf.h"

struct roles;

/* listeners: https, http (-1: none); they stay the caller's. all_ready is called each time that every role
 * has become ready; all_gone when a stop is complete. */
struct roles_setup {
	struct loop *loop;
	struct conf *conf; /* a loan, read at every start of a role */
	const char *state;
	bool first_start;
	int listeners[2];
	void (*all_ready)(void *arg);
	void (*all_gone)(void *arg);
	void *arg;
};

ACSR_MUST_USE enum acsr_result roles_start(
	struct roles **out, const struct roles_setup *s, struct acsr_err *e);
/* After SIGCHLD: reap, log, and start again with a pause that grows. */
void roles_reap(struct roles *r);
void roles_reload(struct roles *r); /* send the configuration anew */
void roles_stop(struct roles *r);   /* front first, core and signer last; all_gone follows */
void roles_free(struct roles *r);

#endif
