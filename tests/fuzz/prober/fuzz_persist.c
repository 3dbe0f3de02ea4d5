/* TXT records of dns-persist-01 from strangers: bytes in, a verdict out; a wildcard never gets more than the plain name. */
#include <stdint.h>
#include <stdlib.h>

#include "prober/persist.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct persist_asker who = { "ca.test", "https://ca.test/acct/1", false, 1800000000 };
	struct persist_asker nobody = { "ca.test", "", false, 1800000000 };
	struct bytes text = { data, size };
	enum persist_verdict plain = persist_judge(text, &who), wild;

	who.wildcard = true;
	wild = persist_judge(text, &who);
	if (wild == PERSIST_YES && plain != PERSIST_YES)
		abort();
	if (persist_judge(text, &nobody) == PERSIST_YES)
		abort();
	return 0;
}
