/*
 * err.h: what an error tells, to the program (id) and to a person (text, field, source).
 *
 * Run: err
 * Prints: id     name.wildcard.position
 * Prints: text   …
 */
#include <stdio.h>
#include <string.h>

#include <autocsr/err.h>
#include <autocsr/name.h>

int main(void)
{
	static const char given[] = "www.*.example.com";
	struct acsr_name name;
	struct acsr_err e = { 0 };

	if (acsr_name_check(given, strlen(given), ACSR_NAMES_PUBLIC, &name, &e) == ACSR_OK)
		return 1;
	printf("id     %s\ntext   %s\nfield  %s\nsource %s\n", e.id, e.text, e.field, e.source);
	/* Programs compare ids, or families of them. */
	return strncmp(e.id, "name.", 5) == 0 ? 0 : 1;
}
