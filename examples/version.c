/*
 * version.h: which library a program was built with, and which it runs with.
 *
 * Run: version
 * Prints: built with 1.…, runs with 1.…
 */
#include <stdio.h>

#include <autocsr/version.h>

#if !ACSR_VERSION_AT_LEAST(1, 0)
#error "this program needs libautocsr 1.0 or newer"
#endif

int main(void)
{
	printf("built with %d.%d.%d, runs with %s\n", ACSR_VERSION_MAJOR, ACSR_VERSION_MINOR,
		ACSR_VERSION_PATCH, acsr_version());
	return 0;
}
