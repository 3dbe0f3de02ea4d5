/*
 * code.h: an unlock code for a person, and what the person types back.
 *
 * Run: code
 * Prints: …-…-…-…-…, check symbol …
 * Prints: typed again in lower case: the same code
 * Prints: with one wrong character: archive.code.check
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include <autocsr/code.h>

int main(void)
{
	struct acsr_secret *code = NULL, *shown = NULL, *again = NULL;
	char typed[ACSR_CODE_SHOWN + 4];
	struct acsr_err e;
	size_t n;

	if (acsr_code_new(&code, &e) != ACSR_OK || acsr_code_show(code, '-', &shown, &e) != ACSR_OK)
		return 1;
	printf("%s, check symbol %c\n", (const char *)acsr_secret_bytes(shown), acsr_code_check(code));

	n = (size_t)snprintf(
		typed, sizeof(typed), "%s %c", (const char *)acsr_secret_bytes(shown), acsr_code_check(code));
	for (size_t i = 0; i < n; i++)
		typed[i] = (char)tolower((unsigned char)typed[i]);
	if (acsr_code_normalise(typed, n, &again, &e) == ACSR_OK &&
		memcmp(acsr_secret_bytes(again), acsr_secret_bytes(code), ACSR_CODE_CHARS) == 0)
		printf("typed again in lower case: the same code\n");

	acsr_secret_free(again);
	again = NULL;
	typed[0] = typed[0] == 'a' ? 'b' : 'a';
	if (acsr_code_normalise(typed, n, &again, &e) != ACSR_OK)
		printf("with one wrong character: %s\n", e.id);
	acsr_secret_free(again);
	acsr_secret_free(shown);
	acsr_secret_free(code);
	return 0;
}
