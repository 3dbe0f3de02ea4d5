/* What forensic reads of others: ELF files, lines of /proc, packets, configurations, sealed files. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cli/forensic/elffacts.h"
#include "cli/forensic/maps.h"
#include "cli/forensic/processes.h"
#include "cli/forensic/target.h"
#include "cli/forensic/unage.h"
#include "cli/forensic/wire.h"

static void as_text(const uint8_t *p, size_t n)
{
	char *text = calloc(1, n + 1), value[64];
	struct map m;

	if (text == NULL)
		return;
	if (n > 0)
		memcpy(text, p, n);
	(void)map_parse(&m, text);
	(void)process_status(text, "Uid");
	(void)target_ini(text, "server", "state", value, sizeof(value));
	(void)target_port(text);
	process_name(text, text, value, sizeof(value));
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static struct acsr_secret *identity;
	struct acsr_secret *plain = NULL;
	char recipient[UNAGE_RECIPIENT], what[64];
	struct elffacts f;

	if (identity == NULL && unage_identity(&identity, recipient, NULL) != ACSR_OK)
		abort();
	(void)!elffacts_read(&f, p, n, NULL);
	wire_describe(p, n, what, sizeof(what));
	if (unage_open(identity, p, n, &plain, NULL) == ACSR_OK)
		acsr_secret_free(plain);
	as_text(p, n);
	return 0;
}
