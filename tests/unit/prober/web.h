/*
 * A small web server with bad manners, on threads of the test.
 *
 *   /ok the content · /padded with white space around it · /wrong another body · /404 · /303 · /two two
 * Locations /to?URL a 302 to URL · /n/K a redirect to /n/(K-1), /n/0 to /ok · /nowhere a 302 without Location
 *   /endless a body without end · /drip a byte now and then · /headers headers without end · /silent no
 * answer /garbage no HTTP · /short fewer bytes than promised · /hop a 307 with an endless body to /ok
 */
#ifndef TESTS_PROBER_WEB_H
#define TESTS_PROBER_WEB_H

#include <stdbool.h>

#define WEB_CONTENT "the random value"

struct web;

/* Listens on 127.0.0.1 at a free port. */
struct web *web_up(bool tls);
int web_port(const struct web *w);
unsigned web_connects(const struct web *w); /* since the start */
/* The Host header and path of the last request; valid until the next. */
const char *web_last_host(const struct web *w);
const char *web_last_path(const struct web *w);
void web_down(struct web *w);

#endif
