/* core itself, without its process: a real database and loop, with the test in the place of front and
 * courier. */
#ifndef TESTS_CORE_WORLD_H
#define TESTS_CORE_WORLD_H

#include "core/request.h"

struct ask {
	const char *method, *path, *query;
	const char *body; /* JSON text; NULL: none */
	const char *cookie, *csrf, *bearer;
	const char *remote;       /* NULL: 192.0.2.1 */
	const char *content_type; /* NULL: JSON when there is a body */
};

enum courier_does { COURIER_AWAY, COURIER_SENDS, COURIER_REFUSES, COURIER_FAILS };

struct world {
	struct core c;
	struct proc p;
	struct chan *front, *courier;
	char dir[64];
	/* the last answer */
	unsigned status;
	json_t *answer;     /* NULL: it was no JSON */
	char text[200000];  /* its body */
	char headers[4000]; /* joined by line breaks */
	char cookie[100];   /* of its Set-Cookie, "" without one */
	enum courier_does courier_does;
	int mails; /* that reached courier */
};

/* cmocka's setup and teardown: *state is the struct world. */
int world_begin(void **state);
int world_end(void **state);
void world_conf(struct world *w, const char *key, const char *value);
/* Run one request; the status. */
unsigned world_ask(struct world *w, const struct ask *a);
unsigned world_get(struct world *w, const char *path);
/* The test in the place of another role; `hears` gets the world and every message. */
struct chan *world_join(
	struct world *w, enum role peer, void (*hears)(void *arg, struct chan *ch, struct msg *m));
/* Let the loop run for a moment: steps and jobs that are due. */
void world_turn(struct world *w);
/* The "type" of the last problem without its prefix, "" when it was none. */
const char *world_problem(const struct world *w);

/* A person with an account, logged in. */
struct person {
	char email[100], id[40], account[40], cookie[100], csrf[100];
};
#define WORLD_PASSWORD "four words make good"
void world_register(struct world *w, const char *email, struct person *out);
void world_login(struct world *w, const char *email, const char *password, struct person *out);
unsigned world_as(
	struct world *w, const struct person *p, const char *method, const char *path, const char *body);
/* Invite into owner's account, accept, log in. */
void world_invite(
	struct world *w, const struct person *owner, const char *email, const char *role, struct person *out);
/* The one-time part of the newest link of this kind that was mailed to this address. */
void world_link(struct world *w, const char *email, const char *purpose, char out[100]);
/* One number out of the database; the statement must be a literal. */
int64_t world_number(struct world *w, const char *sql);
void world_exec(struct world *w, const char *sql);
/* A transaction around direct calls into core. */
void world_open(struct world *w, int64_t now);
void world_close(struct world *w);

#endif
