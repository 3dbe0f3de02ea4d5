/*
 * The front process among a played core and keymaker, and a client that can send any bytes, with and without
 * TLS. Fails the test where something does not come.
 */
#ifndef TESTS_FRONT_DOUBLE_H
#define TESTS_FRONT_DOUBLE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <gnutls/gnutls.h>

#include "role_harness.h"

struct front_double {
	struct harness h;
	char dir[64];  /* state directory */
	char base[64]; /* everything of this test */
	uint16_t https, http;
};

/* Listening sockets in the places where autocsrd leaves them. Once a process, before anything else is opened.
 */
void front_listen(struct front_double *d);
/* Start front, give it core, sign its certificate. `keys` as harness_start. */
void front_start(struct front_double *d, const char *const *keys);
/* Stop it; the directories stay until front_remove. */
void front_stop(struct front_double *d);
void front_remove(struct front_double *d);
/* Answer the tls_request that waits, with a certificate of a CA that is made for it. */
void front_sign(struct front_double *d);
/* Send another certificate for the same key, unasked, whose time to be renewed is over. */
void front_sign_late(struct front_double *d);

struct client {
	int fd;
	gnutls_session_t tls; /* NULL: plain */
	gnutls_certificate_credentials_t cred;
};

void client_connect(struct client *c, uint16_t port); /* without TLS */
void client_open(struct client *c, const struct front_double *d, bool tls);
/* False when the server closes instead. */
bool client_try_open(struct client *c, const struct front_double *d, bool tls);
void client_close(struct client *c);
void client_send(struct client *c, const void *p, size_t n);
void client_text(struct client *c, const char *s);
/* One answer with its body (Content-Length), or less when the connection ends. The contents as a string. */
const char *client_answer(struct client *c, struct buf *b);
/* Everything until the connection ends. */
const char *client_rest(struct client *c, struct buf *b);
/* The status of an answer, 0 when there is none. */
int status_of(const char *answer);

#endif
