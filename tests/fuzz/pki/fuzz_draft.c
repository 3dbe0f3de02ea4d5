/* Request files of all three forms: what is read can be written as JSON, and that reads back the same. */
#include <stdlib.h>
#include <string.h>

#include "autocsr/draft.h"
#include "base/err.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	ACSR_CLEANUP_BLOB struct acsr_blob json = { 0 }, second = { 0 };
	struct acsr_csr_draft d, again;
	struct acsr_err e = { 0 };

	acsr_csr_draft_init(&d);
	acsr_csr_draft_init(&again);
	if (acsr_csr_draft_read(&d, data, size, ACSR_NAMES_PRIVATE, &e) != ACSR_OK) {
		must(e.id[0] != '\0' && d.sans.n == 0);
		return 0;
	}
	must(acsr_csr_draft_json(&d, &json, &e) == ACSR_OK);
	/* policies, templates and extensions may still contradict each other; what is read is what is written
	 */
	must(json.len > 256 * 1024 ||
		acsr_csr_draft_read(&again, json.p, json.len, ACSR_NAMES_PRIVATE, &e) == ACSR_OK);
	must(acsr_csr_draft_json(&again, &second, &e) == ACSR_OK);
	must(json.len > 256 * 1024 || (json.len == second.len && memcmp(json.p, second.p, json.len) == 0));
	acsr_csr_draft_free(&d);
	acsr_csr_draft_free(&again);
	return 0;
}
