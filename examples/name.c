/*
 * name.h: may a publicly trusted CA certify these names, and what are they in their canonical form?
 *
 * Run: name WWW.Bücher.example.com *.example.com 192.0.2.1 printer.local *.co.uk
 * Prints: www.xn--bcher-kva.example.com
 * Prints: *.example.com
 * Prints: 192.0.2.1: name.ip.reserved
 * Prints: printer.local: name.special
 * Prints: *.co.uk: name.wildcard.suffix
 */
#include <stdio.h>
#include <string.h>

#include <autocsr/name.h>

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		struct acsr_name name;
		struct acsr_err e;

		if (acsr_name_check(argv[i], strlen(argv[i]), ACSR_NAMES_PUBLIC, &name, &e) != ACSR_OK)
			printf("%s: %s, %s\n", argv[i], e.id, e.text);
		else
			printf("%s (%s), suffix %s\n", name.ascii, name.unicode, name.suffix);
	}
	return 0;
}
