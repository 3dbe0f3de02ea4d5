/* The world that the prober's tests look at: a real DNS tree (dns-up.sh), and short calls to ask the prober.
 */
#ifndef TESTS_PROBER_WORLD_H
#define TESTS_PROBER_WORLD_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "role_harness.h"

struct world {
	char dir[64];
	int dns_port, web_port, tls_port;
	pid_t dns;
	struct harness prober;
};

/* What came back; evidence is parsed. Fixed buffers, so that a test may drop it without ado. */
struct answer {
	bool ok;
	char id[64], text[400];
	int64_t ttl;
	json_t *evidence;
};

int free_port(void);      /* free for UDP and TCP on 127.0.0.1 */
int silent_port(int *fd); /* a UDP port where questions arrive and are never answered; close fd */

void world_dns_up(struct world *w);
void world_dns_down(struct world *w);
/* Start a prober that asks the tree; allow: validation.allow_networks; timeout: "5s". */
void world_prober(struct world *w, const char *allow, const char *timeout);
/* The same with another resolver: "127.0.0.1:PORT". */
void world_prober_at(struct world *w, const char *resolver, const char *allow, const char *timeout);
void world_prober_stop(struct world *w);

void ask_http(struct world *w, const char *name, const char *path, const char *content, struct answer *a);
void ask_dns(struct world *w, const char *record, const char *value, struct answer *a);
void ask_caa(struct world *w, const char *name, bool wildcard, const char *identity, struct answer *a);
void answer_next(struct world *w, uint64_t *id, struct answer *a); /* of what was sent by hand */
void answer_free(struct answer *a);

/* Assert and drop. error NULL: it must have succeeded. */
void expect(struct answer *a, const char *error);
/* A member of the evidence's step i as text; "" when it is missing. */
const char *step_text(const struct answer *a, size_t i, const char *key);

#endif
