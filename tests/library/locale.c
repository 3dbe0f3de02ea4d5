/* Prints what the library makes of texts in which locales differ; the answer must be the same in every one.
 */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "autocsr/crl.h"
#include "autocsr/name.h"
#include "autocsr/subject.h"

int main(int argc, char **argv)
{
	static const char *const names[] = { "ISTANBUL.IDI.example.com", "\xdd.example.com",
		"\xe4.example.com", "\xc4\xb0.example.com" };
	struct acsr_dn dn = { 0 };
	struct acsr_sans sans = { 0 };
	struct acsr_err e;
	int code = -1;

	if (argc > 1 && setlocale(LC_ALL, argv[1]) == NULL)
		return 3;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct acsr_name n;

		if (acsr_name_check(names[i], strlen(names[i]), ACSR_NAMES_PUBLIC, &n, &e) == ACSR_OK)
			printf("%s %s\n", n.ascii, n.suffix);
		else
			printf("%s\n", e.id);
	}
	if (acsr_dn_parse(&dn, "TITLE=x,serialnumber=I,dc=example", &e) != ACSR_OK ||
		acsr_sans_add(&sans, ACSR_SAN_DNS, "idi.example.com", &e) != ACSR_OK)
		printf("%s\n", e.id);
	printf("%s\n", acsr_dn_get(&dn, "title") != NULL ? "title" : "no title");
	printf("%s\n", acsr_sans_has(&sans, ACSR_SAN_DNS, "IDI.EXAMPLE.COM") ? "has it" : "has it not");
	if (acsr_reason_find(&code, "AFFILIATIONCHANGED", &e) == ACSR_OK)
		printf("reason %d\n", code);
	/* To the test: is this a locale in which the C library would have erred? */
	fprintf(stderr, "%d\n", strcasecmp("I", "i") != 0);
	acsr_sans_free(&sans);
	acsr_dn_free(&dn);
	return 0;
}
