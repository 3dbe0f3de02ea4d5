/*
 * What core has asked to be published or taken away: DNS updates, a few at a time, and files. Two about the same name run one
 * after the other, in the order in which they came, also across core's end and restart.
 */
#ifndef COURIER_PUBLISHER_H
#define COURIER_PUBLISHER_H

#include "ipc/conf.h"
#include "ipc/loop.h"
#include "ipc/messages.h"

struct publisher;

struct publisher_ops {
	void (*published)(void *arg, uint64_t id, const char *name, const char *detail);
	void (*failed)(void *arg, uint64_t id, const struct acsr_err *why);
};

/* Before the sandbox: read keys, open the directory. */
ACSR_MUST_USE enum acsr_result publisher_open(
	struct publisher **out, const struct conf *conf, struct acsr_err *e);
/* Once there is a loop. */
void publisher_start(struct publisher *p, struct loop *l, const struct publisher_ops *ops, void *arg);
void publisher_free(struct publisher *p);

/* Takes the fields of *m, also on failure. ops may be called from here. "busy.courier": too many are waiting. */
ACSR_MUST_USE enum acsr_result publisher_put(
	struct publisher *p, uint64_t id, struct msg_publish *m, struct acsr_err *e);
/* Nobody waits for answers any more: forget what is queued, finish what is under way in silence. */
void publisher_forget(struct publisher *p);
bool publisher_idle(const struct publisher *p);

#endif
