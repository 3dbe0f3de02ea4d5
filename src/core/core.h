/*
 * core decides everything. One loop; at the end of each turn all waiting steps run in one transaction (group
 * commit), and only after the commit do answers and messages leave. What is told to anybody is on the disk before; what
 * nobody is told of yet is synced with what comes after it.
 *
 * A step is one piece of work: a request, the answer of another process, a job that fell due. It runs inside
 * a savepoint of its own, so a step that fails undoes itself and nobody else.
 */
#ifndef CORE_CORE_H
#define CORE_CORE_H

#include "db/db.h"
#include "ipc/role.h"

struct request;  /* request.h */
struct kek;      /* kek.h */
struct pool;     /* pool.h */
struct issuers;  /* issuers.h */
struct keylists; /* keylists.h */
struct upstream; /* upstream/call.h */
struct acme;     /* acme/acme_int.h */
struct turn;     /* turn.h */
struct call;
struct acsr_key;
struct step;
struct outgoing;

/* Where the signing of the audit log stands (checkpoint.h). */
struct checkpoint {
	char *verifier;    /* the signer's C2SP verifier key; NULL until it has said so */
	char *note;        /* its last checkpoint, "" when there is none */
	uint64_t size;     /* entries under it */
	uint64_t kept;     /* the same, once it is surely in the database too */
	int64_t asked_at;  /* epoch seconds; the signer is at the next one, 0: it is not */
	int64_t next_at;   /* epoch seconds: not before */
	char trouble[400]; /* why there is no newer one, "" when all is well */
};

/* What receipts are signed with (receipt.h). */
struct receipt_key {
	struct acsr_key *key; /* public; NULL until the signer has said so */
	char *verifier;       /* the same as a C2SP verifier key */
	char id[65];
};

struct core {
	struct proc *proc;
	struct db *db;
	struct db *code_store; /* of wrapped unlock codes: db itself, or one of its own (code.h) */
	struct kek *kek;
	struct pool *pool, *readers;
	struct issuers *issuers;
	struct keylists *keylists;
	struct upstream *upstream; /* exchanges with other CAs; NULL before the first */
	struct acme *acme;
	struct checkpoint checkpoint;
	struct receipt_key receipt_key;
	struct step *steps, **steps_tail;
	struct outgoing *outbox, **outbox_tail; /* of the running transaction */
	struct call *calls;                     /* asked, not yet answered */
	uint64_t next_call;
	struct loop_timer *job_timer, *tick_timer;
	struct strv roles;   /* "front PID RESTARTS ready", from autocsrd */
	uint64_t front_life; /* grows when front dies: what it asked before is not answered any more */
	struct {
		int64_t since;
		uint64_t seen;
	} strangers; /* wrong attempts for nobody who is known, in this minute (throttle.h) */
	struct {
		struct turn *running, *waiting;
	} turns;                 /* attempts at passwords (turn.h) */
	int64_t passing;         /* rows that this batch wrote and no answer tells of, such as used nonces */
	bool unsynced;           /* what was committed may not be on the disk yet */
	bool code_sweep;         /* codes without a request may be in the store */
	bool forget;             /* after this commit, overwrite what the log still holds of deleted rows */
	int64_t forget_again_ms; /* monotonic; when somebody else's reading kept us from it */
	bool trouble;            /* the last batch or claim of jobs failed: pause before the next claim */
	int64_t now;             /* seconds; the same for a whole batch */
	struct core_counters {
		uint64_t requests, answers_4xx, answers_5xx, batches, steps, keys_made, certificates,
			logins_failed, passwords_checked, passwords_slowed;
	} count;
};

typedef enum acsr_result step_fn(struct core *c, void *arg, struct acsr_err *e);

/* Run `run` in the next batch. q (NULL: none) is answered from what run leaves in it, unless run sets
 * q->later: then some later step answers it. `done` (may be NULL) frees arg afterwards, whatever happened. */
void core_step(struct core *c, struct request *q, step_fn *run, void *arg, void (*done)(void *arg));

/* --- talking to other roles, from within a step: nothing leaves before the commit --- */

/* What is remembered of a question to another role until its answer comes. */
struct call {
	struct call *next;
	uint64_t id;
	enum role to;
	unsigned asked;      /* the question's type */
	int64_t deadline_ms; /* monotonic */
	char object[64];     /* what it is about: an order, a validation, a mail … */
	char detail[96];
	struct request *q; /* the request that waits for this answer, or NULL */
	/* m is NULL when there is no answer (why tells: the role is down, or too slow), or the answer. A
	 * MSG_failed answer comes as m == NULL with its error in why. m->fd is yours. Runs as a step of its
	 * own with q. */
	enum acsr_result (*fn)(struct core *c, struct call *call, struct msg *m, const struct acsr_err *why,
		struct acsr_err *e);
};

/* Ask; seconds: how long to wait for the answer. The fields object, detail, q, fn of `like` are copied. When
 * q is set, q->later is set too. */
ACSR_MUST_USE enum acsr_result core_ask(struct core *c, enum role to, unsigned type, const void *body,
	int seconds, const struct call *like, struct acsr_err *e);
/* Tell without an answer. */
ACSR_MUST_USE enum acsr_result core_tell(
	struct core *c, enum role to, unsigned type, uint64_t id, const void *body, struct acsr_err *e);

/* --- the audit log, in the same transaction as what it tells of --- */
ACSR_MUST_USE enum acsr_result core_audit(struct core *c, const char *actor, const char *account_id,
	const char *action, const char *object, struct acsr_err *e, const char *detail, ...)
	ACSR_PRINTF(7, 8);

/* --- jobs --- */
/* Have `kind` done for `object` from due_at on; see jobs.c for the kinds. */
ACSR_MUST_USE enum acsr_result core_want_job(
	struct core *c, const char *kind, const char *object, int64_t due_at, struct acsr_err *e);
/* Set the timer for the job that falls due next; what is due already runs in the next turn (job_kinds.c). */
void core_run_jobs(struct core *c);

/* Internal to batch.c and call.c. */
struct outgoing {
	struct outgoing *next;
	enum role to;     /* ROLE_ANY: the log; the frame is four texts, each with its NUL */
	char code_of[40]; /* of a request whose code the frame is, for the store; an empty frame deletes it */
	unsigned type;
	uint64_t id;
	struct buf frame;
	struct call *call; /* NULL: nobody waits */
};
/* Say it in the log once the transaction has ended well. */
ACSR_MUST_USE enum acsr_result call_log(struct core *c, const char *event, const char *object,
	const char *actor, const char *detail, struct acsr_err *e);
/* Have the code store keep this code around the commit (code.c), or delete it when wrapped is empty. */
ACSR_MUST_USE enum acsr_result call_code(
	struct core *c, const char *request_id, struct bytes wrapped, struct acsr_err *e);
void call_flush(struct core *c);                                    /* after the commit: send all */
void call_drop_after(struct core *c, struct outgoing **keep_until); /* a step failed: forget what it sent */
void call_answered(struct core *c, struct msg *m); /* any message of another role with an id */
void call_peer_gone(struct core *c, enum role peer);
void call_tick(struct core *c);  /* deadlines */
void batch_run(void *core);      /* every turn of the loop */
void batch_tick(struct core *c); /* nothing stays off the disk for long */

#endif
