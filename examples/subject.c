/*
 * subject.h: a subject and names from text, and back.
 *
 * Run: subject
 * Prints: CN=www.example.com,O=Example\, Inc,C=DE
 * Prints: organisation Example, Inc
 * Prints: ip 2001:db8::1
 * Prints: subject.country: …
 */
#include <stdio.h>
#include <stdlib.h>

#include <autocsr/subject.h>

int main(void)
{
	struct acsr_dn subject = { 0 };
	struct acsr_sans names = { 0 };
	struct acsr_err e;
	char *text = NULL;

	if (acsr_dn_parse(&subject, "CN=www.example.com,O=Example\\, Inc,C=DE", &e) != ACSR_OK ||
		acsr_dn_print(&text, &subject, &e) != ACSR_OK ||
		acsr_sans_add(&names, ACSR_SAN_DNS, "www.example.com", &e) != ACSR_OK ||
		acsr_sans_add(&names, ACSR_SAN_IP, "2001:0db8::0001", &e) != ACSR_OK) {
		fprintf(stderr, "%s: %s\n", e.id, e.text);
		return 1;
	}
	printf("%s\norganisation %s\n", text, acsr_dn_get(&subject, "O"));
	for (size_t i = 0; i < names.n; i++)
		printf("%s %s\n", acsr_san_type_name(names.v[i].type), names.v[i].value);
	if (acsr_dn_add(&subject, "C", "Germany", &e) != ACSR_OK)
		printf("%s: %s\n", e.id, e.text);
	free(text);
	acsr_sans_free(&names);
	acsr_dn_free(&subject);
	return 0;
}
