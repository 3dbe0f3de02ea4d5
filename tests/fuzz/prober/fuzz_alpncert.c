/* Certificates that servers show for tls-alpn-01: whatever OpenSSL can read gets a verdict, and a yes has the digest in it. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "prober/alpncert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t digest[32] = "0123456789abcdef0123456789abcde";
	struct netaddr addr = { .family = AF_INET, .b = { 192, 0, 2, 1 } };
	const uint8_t *p = data;
	struct acsr_err e = { 0 };
	X509 *cert = d2i_X509(NULL, &p, (long)size);

	if (cert == NULL)
		return 0;
	if (alpncert_check(cert, "www.example.com", NULL, digest, &e) == ACSR_OK &&
		memmem(data, size, digest, 32) == NULL)
		abort();
	if (alpncert_check(cert, NULL, &addr, digest, &e) != ACSR_OK && e.id[0] == '\0')
		abort();
	X509_free(cert);
	return 0;
}
