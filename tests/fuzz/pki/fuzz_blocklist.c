/* Blocklists and the text forms of weak lists: what is accepted is found again. */
#include <stdlib.h>

#include "autocsr/weakkey.h"
#include "base/err.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void block(const uint8_t *data, size_t size)
{
	static const uint8_t zero[32];
	struct acsr_blocklist *l = NULL;
	struct acsr_err e;
	size_t n;

	must(acsr_blocklist_new(&l, &e) == ACSR_OK);
	if (acsr_blocklist_add(l, data, size, &e) == ACSR_OK) {
		n = acsr_blocklist_count(l);
		must(n <= size / 44 + 1 && (n > 0 || !acsr_blocklist_has(l, zero)));
		must(acsr_blocklist_add(l, data, size, &e) == ACSR_OK && acsr_blocklist_count(l) == n);
	} else {
		must(acsr_blocklist_count(l) == 0 && err_is(&e, "input.blocklist"));
	}
	acsr_blocklist_free(l);
}

static void build(enum acsr_weak_form form, const uint8_t *data, size_t size)
{
	const struct acsr_weak_section like = { .form = form, .width = 8, .bits = 2048 };
	struct acsr_weaklist_builder *b = NULL;
	struct acsr_weaklist *l = NULL;
	struct acsr_blob out = { 0 };
	struct acsr_err e;

	must(acsr_weaklist_builder_new(&b, &e) == ACSR_OK);
	if (acsr_weaklist_builder_text(b, &like, data, size, &e) == ACSR_OK &&
		acsr_weaklist_builder_write(b, &out, &e) == ACSR_OK)
		must(acsr_weaklist_from(&l, out.p, out.len, &e) == ACSR_OK);
	acsr_weaklist_free(l);
	acsr_blob_free(&out);
	acsr_weaklist_builder_free(b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	block(data, size);
	build(ACSR_WEAK_OPENSSL, data, size);
	build(ACSR_WEAK_SPKI, data, size);
	return 0;
}
