/* CAA record data from strangers: bytes in, a verdict out, never permission for a set that cannot be read. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "prober/caa.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The input is records, each with a byte for its length before it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes rdata[16];
	struct caa_record r;
	struct acsr_err e;
	char text[128];
	bool readable = true;
	size_t n = 0;

	for (size_t at = 0; at < size && n < 16;) {
		size_t len = data[at++];

		if (len > size - at)
			len = size - at;
		rdata[n++] = (struct bytes){ data + at, len };
		at += len;
	}
	for (size_t i = 0; i < n; i++) {
		readable = readable && caa_parse(rdata[i], &r, &e) == ACSR_OK;
		caa_print(rdata[i], text, sizeof(text));
	}
	for (int wildcard = 0; wildcard < 2; wildcard++) {
		const struct caa_asker us = { "ca.test", "https://ca.test/acct/1", "http-01", wildcard != 0 };
		const struct caa_asker nobody = { "ca.test", "", "", wildcard != 0 };
		bool allowed = caa_decide(rdata, n, "a.example", &us, &e) == ACSR_OK;

		if (allowed && !readable)
			abort();
		/* Parameters only ever take away: who has no account and no method may never do more. */
		if (!allowed && caa_decide(rdata, n, "a.example", &nobody, &e) == ACSR_OK)
			abort();
	}
	return 0;
}
