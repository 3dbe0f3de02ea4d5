/* What an operator's hook wrote goes to logs, the API and people's terminals: whatever it was, a short line of whole UTF-8 comes
 * of it, in which nothing acts on a terminal or begins another line. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "hook/said.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
	if (!ok)
		abort();
}

static size_t separators(const char *text)
{
	size_t n = 0;

	for (const char *at = text; (at = strstr(at, " / ")) != NULL; at++)
		n++;
	return n;
}

/* Without separators of its own: no more lines than are kept. */
static bool is_plain(const uint8_t *data, size_t size)
{
	return memchr(data, '/', size) == NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char out[SAID_MAX + 8], *raw = malloc(size + 1);

	must(raw != NULL);
	memcpy(raw, data, size); /* of exactly that size: a look behind it is found */
	memset(out, 'G', sizeof(out));
	said_short((struct bytes){ (const uint8_t *)raw, size }, out);
	for (size_t i = SAID_MAX; i < sizeof(out); i++)
		must(out[i] == 'G');
	must(memchr(out, '\0', SAID_MAX) != NULL);
	must(!str_has_control(out) && str_is_utf8(out, strlen(out)));
	must(strlen(out) <= 3 * size + 1);
	must(size == 0 || !is_plain(data, size) || separators(out) < SAID_LINES);
	free(raw);
	return 0;
}
