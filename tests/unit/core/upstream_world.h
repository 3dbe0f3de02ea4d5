/*
 * An ACME CA as core sees it, without network and keys: the test in the place of courier, signer and prober. What core would
 * sign reaches the CA as it is. Time is moved by ca_wait.
 */
#ifndef TESTS_UPSTREAM_WORLD_H
#define TESTS_UPSTREAM_WORLD_H

#include "core/order.h"
#include "core/upstream/orders.h"
#include "core_world.h"

#define CA_DIRECTORY "https://ca.test/dir"

/* What one kind of URL does: "" works. Otherwise a problem's type ("userActionRequired"), a status ("500"), or an error of the
 * courier ("net.connect"). */
struct ca_part {
	char does[32];
	int asked;
	int times;        /* how often it does that before it works; 0: always */
	char last[2000];  /* payload */
	char nonce[40];   /* that the last request was signed with */
	char refused[40]; /* that came with its last refusal */
	const char *hook; /* a statement that is run before it answers, once; NULL: none */
};

struct ca {
	struct ca_part new_order, order, authz, challenge, finalize, account, new_account, key_change,
		deactivate, renewal;
	char order_status[16]; /* of an order: pending ready processing valid */
	char authz_status[16]; /* "": pending until told and then the verdict */
	char verdict[16];      /* "": valid */
	char challenge_status[16];
	char types[200]; /* challenges that it offers */
	char terms[80], instance[80];
	char gives[16]; /* the number of the authorization that an order gets; "": one of its own */
	int orders;     /* made so far */
	bool told;
	char token[80];         /* of its challenges */
	char gave[40];          /* the nonce of its last answer */
	char window[300];       /* the body of an answer there */
	char retry_after[60];   /* a header of those answers, "": none */
	char renewal_path[300]; /* that was asked for last */
	/* the prober and the signer */
	bool seen;
	int looks;
	char forgotten[65], signed_by[65], made[65]; /* names of keys, the last */
	bool signer_away;
	int mails; /* about terms of service */
	char mail_to[100], mail[2000];
};
extern struct ca ca;
extern struct person ann, bob;

/* Whether time can be moved at all: false in a build without -Dtest_clock, where main() returns 77. */
bool ca_has_clock(void);
/* cmocka's setup: a world with ann and bob, the issuer "ca" with an account, the product "up" that goes there. */
int ca_begin(void **state);
/* An order of that person for the name, just being validated. */
void ca_order(struct world *w, const struct person *p, const char *id, const char *name);
/* It gets a certificate of the CA that is valid so many seconds from now, and is issued. */
void ca_certify(struct world *w, const char *id, int64_t lives);
/* Its names are validated from the beginning, in this round. */
void ca_begin_anew(struct world *w, const char *id, int64_t round);
/* Whatever is due now is done. */
void ca_work(struct world *w);
/* Time passes, and then what is due is done. */
void ca_wait(struct world *w, int64_t seconds);
/* Until something is due that was not, at most so long: seconds that passed. */
int64_t ca_next(struct world *w, const char *kind);
/* Loans until the next call. */
const char *ca_state(struct world *w, const char *id);
const char *ca_reason(struct world *w, const char *id);
const char *ca_step(struct world *w, const char *id);
const char *ca_issuer(struct world *w, const char *id);
/* A member of the row's detail as a number; -1: it has none. */
int64_t ca_detail(struct world *w, const char *id, const char *member);

#endif
