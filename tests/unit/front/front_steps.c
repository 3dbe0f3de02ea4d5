/* The steps that the tests of the front process share. */
#include "front_steps.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct front_double d;
static char portal[96];
char portal_key[128];

static void write_file(const char *name, const char *text)
{
	char path[160];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", portal, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

int setup(void **state)
{
	(void)state;
	front_listen(&d);
	snprintf(portal, sizeof(portal), "%s/portal", d.base);
	mkdir(portal, 0755);
	write_file("index.html", "<!doctype html><title>portal</title>");
	write_file("app-ABCDEFG7.js", "console.log(1)\n");
	snprintf(portal_key, sizeof(portal_key), "server.portal=%s", portal);
	return 0;
}

int teardown(void **state)
{
	(void)state;
	front_remove(&d);
	return 0;
}

void begin_with(const char *a, const char *b, const char *c)
{
	const char *keys[] = { portal_key, "server.http_listen=127.0.0.1:8080",
		"server.public_url=https://certs.example.test", a, b, c, NULL };
	char stored[160];

	snprintf(stored, sizeof(stored), "%s/tls.pem", d.dir);
	unlink(stored);
	front_start(&d, keys);
}

int begin(void **state)
{
	(void)state;
	begin_with(NULL, NULL, NULL);
	return 0;
}

int end(void **state)
{
	(void)state;
	front_stop(&d);
	return 0;
}

void has(const char *answer, const char *what)
{
	if (strstr(answer, what) == NULL)
		fail_msg("no %s in: %s", what, answer);
}

void has_not(const char *answer, const char *what)
{
	if (strstr(answer, what) != NULL)
		fail_msg("%s in: %s", what, answer);
}

/* Send bytes on a fresh connection and read until it ends. */
const char *once(const void *p, size_t n, struct buf *b)
{
	struct client c;

	client_open(&c, &d, true);
	client_send(&c, p, n);
	(void)client_answer(&c, b);
	client_close(&c);
	return buf_cstr(b);
}

void next_request(struct msg_http_request *m, uint64_t *id)
{
	*m = (struct msg_http_request){ 0 };
	harness_recv(&d.h, ROLE_CORE, MSG_http_request, m, id, NULL);
}

void respond(uint64_t id, unsigned status, const char *body, const char *ticket)
{
	struct msg_http_response m = { .status = status,
		.content_type = (char *)(uintptr_t) "application/json",
		.ticket = (char *)(uintptr_t)ticket,
		.body = { .p = (uint8_t *)(uintptr_t)body, .len = strlen(body) } };

	harness_send(&d.h, ROLE_CORE, MSG_http_response, id, &m, -1);
}
