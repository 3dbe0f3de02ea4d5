/*
 * How every role process starts and lives. The same litany each time: read the configuration from autocsrd,
 * open what is needed while privileges last, enter the sandbox, say ready, run the loop.
 */
#ifndef IPC_ROLE_H
#define IPC_ROLE_H

#include "ipc/chan.h"
#include "ipc/conf.h"
#include "ipc/sandbox.h"

struct proc;

/* Handles one type of message from one peer. m is cleared afterwards (see chan.h). */
typedef void role_message_fn(struct proc *r, struct chan *c, struct msg *m);

struct role_handler {
	enum role peer;
	unsigned type;
	role_message_fn *fn;
};

struct role_spec {
	enum role role;
	struct sandbox_needs needs;
	size_t secure_heap; /* bytes, a power of two; 0: none */
	/* Open files and set up libraries, before the sandbox. `dir` is where this role's files are. */
	enum acsr_result (*open)(struct proc *r, struct acsr_err *e);
	/* After the sandbox: set up watches and timers. May be NULL. */
	enum acsr_result (*start)(struct proc *r, struct acsr_err *e);
	/* A channel to a peer opened or closed. Both may be NULL. After `closed`, what was asked of the peer
	 * will not be answered. */
	void (*peer_opened)(struct proc *r, enum role peer);
	void (*peer_closed)(struct proc *r, enum role peer);
	/* autocsrd asks to stop: finish, then call role_stop. NULL: stop at once. */
	void (*stopping)(struct proc *r);
	/* r->conf has been replaced (SIGHUP). May be NULL. */
	void (*reload)(struct proc *r);
	const struct role_handler *handlers; /* ends with type 0 */
};

struct proc {
	const struct role_spec *spec;
	struct loop *loop;
	struct conf conf;
	/* This role's state directory, without a slash at the end; "" when it has none. Started as root, the
	 * sandbox makes it the root directory, so its name differs in `open` and from `start` on: what is
	 * opened again later must be opened in `start`. */
	char dir[4096];
	bool first_start;
	bool hold_ready;                /* set in open or start: the role calls role_ready itself, later */
	struct chan *peers[ROLE_COUNT]; /* NULL while that role is down */
	int listeners[2];               /* front: https, http; -1 when not configured */
	char sandbox[256];              /* what protects this process, for people */
	void *own;                      /* the role's own state */
};

/* main() of every role: returns the exit status. */
int role_main(const struct role_spec *spec, void *own);

/* Send to a peer; error "busy.ROLE" when it is down right now. fd as in chan_send. */
ACSR_MUST_USE enum acsr_result role_send(struct proc *r, enum role to, unsigned type, uint64_t id,
	const void *body, int fd, struct acsr_err *e);
/* Answer a request of core that could not be done. */
void role_send_failed(struct proc *r, uint64_t id, const struct acsr_err *why);
void role_ready(struct proc *r); /* tell autocsrd; role_main does it after `start` unless r->hold_ready */
void role_stop(struct proc *r);
/* The peer sent something senseless: log it and have it restarted. */
void role_fault(struct proc *r, enum role peer, const struct acsr_err *why);

#endif
