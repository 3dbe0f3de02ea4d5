/*
 * limits.h: refuse what the readers would refuse before it is read at all, as a server does.
 *
 * Run: limits 1000 100000000
 * Prints: 1000 bytes: may be a CSR
 * Prints: 100000000 bytes: csr.too-large
 */
#include <stdio.h>
#include <stdlib.h>

#include <autocsr/limits.h>

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		unsigned long long length = strtoull(argv[i], NULL, 10);

		printf("%llu bytes: %s\n", length,
			length > ACSR_CSR_DER_MAX_SLHDSA ? "csr.too-large"
			: length > ACSR_CSR_DER_MAX      ? "a CSR only if its key is SLH-DSA"
							 : "may be a CSR");
	}
	return 0;
}
