/*
 * Redirects from strangers. What is accepted must print to a URL that parses to the same again, has no
 * userinfo, and whose host is a name or a plain address.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "prober/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
	if (!ok)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct url base, u, again;
	struct netaddr a;
	char text[URL_TEXT], *location = malloc(size + 1);
	struct acsr_err e;

	if (location == NULL)
		return 0;
	memcpy(location, data, size);
	location[size] = '\0';
	must(url_make(&base, "www.example.com", 80, "/a/b?c", &e) == ACSR_OK);
	if (url_follow(&u, &base, location, &e) == ACSR_OK) {
		url_print(&u, text);
		must(url_follow(&again, &base, text, &e) == ACSR_OK);
		must(again.https == u.https && again.port == u.port && again.literal == u.literal &&
			strcmp(again.host, u.host) == 0 && strcmp(again.path, u.path) == 0);
		must(memchr(u.host, '@', strlen(u.host)) == NULL);
		must(u.literal == netaddr_parse(u.host, &a) &&
			(u.literal || !netaddr_is_numeric_host(u.host)));
		if (u.literal)
			(void)netaddr_reserved(&u.addr);
	}
	free(location);
	return 0;
}
