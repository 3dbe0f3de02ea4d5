/* Names: a canonical form is clean ASCII, stays what it is when judged again, and covers itself. */
#include <stdlib.h>
#include <string.h>

#include "autocsr/name.h"
#include "base/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void judge(const uint8_t *data, size_t size, enum acsr_name_policy policy)
{
	struct acsr_name n, again;
	struct acsr_err e;

	if (acsr_name_check((const char *)data, size, policy, &n, &e) != ACSR_OK) {
		must(strncmp(e.id, "name.", 5) == 0 || strcmp(e.id, "sys.nomem") == 0);
		return;
	}
	must(strlen(n.ascii) <= 253 && n.ascii[0] != '\0');
	for (const char *p = n.ascii; *p != '\0'; p++)
		must((*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9') || strchr("-.*:", *p) != NULL);
	must(!str_has_control(n.unicode) && str_is_utf8(n.unicode, strlen(n.unicode)));
	must(acsr_name_check(n.ascii, strlen(n.ascii), policy, &again, &e) == ACSR_OK);
	must(strcmp(again.ascii, n.ascii) == 0 && again.kind == n.kind);
	must(acsr_name_covers(n.ascii, n.ascii));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	judge(data, size, ACSR_NAMES_PUBLIC);
	judge(data, size, ACSR_NAMES_PRIVATE);
	return 0;
}
