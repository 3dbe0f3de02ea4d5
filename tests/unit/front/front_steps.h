/* The steps that the tests of the front process share: one front, one portal directory, a played core. */
#ifndef TESTS_FRONT_STEPS_H
#define TESTS_FRONT_STEPS_H

#include "front_double.h"

extern struct front_double d;
extern char portal_key[128]; /* "server.portal=…" */

#define HOST "Host: certs.example.test\r\n"
#define GET(target) "GET " target " HTTP/1.1\r\n" HOST "\r\n"

/* Of the whole program: sockets, directories. */
int setup(void **state);
int teardown(void **state);
/* A front with these further keys (may be NULL); its certificate is signed. */
void begin_with(const char *a, const char *b, const char *c);
int begin(void **state);
int end(void **state);
#define IN_FRONT(t) cmocka_unit_test_setup_teardown(t, begin, end)

void has(const char *answer, const char *what);
void has_not(const char *answer, const char *what);
/* Send bytes on a fresh connection and read one answer. */
const char *once(const void *p, size_t n, struct buf *b);

/* Core's side: the next request, and an answer (ticket: "" or whose archive is the body). */
void next_request(struct msg_http_request *m, uint64_t *id);
void respond(uint64_t id, unsigned status, const char *body, const char *ticket);

#endif
