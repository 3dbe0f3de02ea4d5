/*
 * Publishing proofs of control without a human hand: a TXT record by RFC 2136 or the operator's hook, a file by our own
 * web server, a directory or the hook. What is wanted is a row of `publications`, so that it gets published after a crash
 * too, and whatever may have been published is taken away again, also after a cancelled order or a crash.
 *
 * It never says that a CA will see the proof: look with control_ask before the CA is told. The look also finds what a
 * customer published by hand, so a failing publication is a reason to tell, not one to give up.
 */
#ifndef CORE_PUBLISH_H
#define CORE_PUBLISH_H

#include "core/core.h"

struct publish {
	const char *automation; /* of the issuer: dns-update hook responder directory; "": nobody publishes */
	const char *account_id, *order_id, *validation_id;
	const char *method; /* http dns dns-account, as in struct control */
	const char *name;   /* A-label form or an IP address, without "*." */
	const char *where;  /* as in struct control: the path of the file, or the record's whole name */
	const char *value;  /* the file's content, or the TXT value */
	/* The kind of job that is made due for the validation whenever the state below changes; "" for none. */
	const char *wake;
};

enum publish_step {
	PUBLISH_BY_HAND, /* nobody publishes this: no automation, or not for this name; why says what stands against it */
	PUBLISH_UNDER_WAY, /* asked for, or waiting for the next try */
	PUBLISH_DONE,      /* whoever takes it has accepted it; DNS servers may still need a moment */
	PUBLISH_FAILING    /* tried, and tried again at retry_at; why says what was wrong last */
};
struct publish_state {
	enum publish_step step;
	struct acsr_err why;  /* text for people: fit for order_wait */
	int64_t retry_at;     /* epoch seconds, or 0 */
	int64_t published_at; /* the same; set when DONE */
	char cname[256]; /* not "": `where` must once be made a CNAME to this name, by whom owns the name */
};

/* Could this automation ever publish this method's proofs, as the service is configured? To choose a challenge by. */
bool publish_can(struct core *c, const char *automation, const char *method);

/* Have it published, and tell how far that is. Repeat as often as you like; another value or place for the same
 * validation replaces what was wanted before. Fails only on our own trouble; refusals are states. */
ACSR_MUST_USE enum acsr_result publish_want(
	struct core *c, const struct publish *p, struct publish_state *out, struct acsr_err *e);
/* The validation has ended, or its order has: take away what was published for it. Repeatable; without any, nothing. */
ACSR_MUST_USE enum acsr_result publish_drop(struct core *c, const char *validation_id, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result publish_drop_order(struct core *c, const char *order_id, struct acsr_err *e);

/* The name that _acme-challenge.NAME may be made a CNAME to, so that proofs for this account need nobody's hand: a random
 * label below [publish] delegate_zone, the same for ever. "" when there is no such zone. */
ACSR_MUST_USE enum acsr_result publish_delegation(
	struct core *c, const char *account_id, const char *name, char cname[256], struct acsr_err *e);

/* GET /.well-known/acme-challenge/TOKEN, with or without TLS. */
struct request;
ACSR_MUST_USE enum acsr_result publish_respond(struct core *c, struct request *q, struct acsr_err *e);

/* Jobs, by the id of a publication. */
ACSR_MUST_USE enum acsr_result publish_job(
	struct core *c, const char *id, int64_t attempts, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result unpublish_job(
	struct core *c, const char *id, int64_t attempts, struct acsr_err *e);

#endif
