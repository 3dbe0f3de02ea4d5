/* Receipts: what is read is printed as the same text, in order or not, and its signature is judged. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "pki/receipt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

/* The document made of it is read as the same receipt. */
static void again(const struct receipt_signed *s)
{
	CLEANUP_BUF struct buf doc = { 0 };
	struct receipt_signed two;
	struct acsr_err e;

	buf_init(&doc, RECEIPT_MAX);
	if (receipt_document((const char *)s->text.p, s->text.len, s->signature, s->key, &doc, &e) != ACSR_OK)
		return; /* longer than a document may be */
	must(receipt_read(&two, doc.p, doc.len, &e) == ACSR_OK);
	must(two.text.len == s->text.len && memcmp(two.text.p, s->text.p, s->text.len) == 0);
	must(strcmp(two.key_id, s->key_id) == 0);
	receipt_signed_clear(&two);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct receipt_signed s;
	struct acsr_err e;
	const char *why;

	if (receipt_read(&s, data, size, &e) != ACSR_OK) {
		must(err_is(&e, "receipt.") || err_is(&e, "sys.nomem") || err_is(&e, "request.too-large"));
		return 0;
	}
	must(receipt_check(&s.receipt, &e) == ACSR_OK);
	must(receipt_in_order(&s.receipt, &why) == (why == NULL));
	(void)!receipt_verify((const char *)s.text.p, s.text.len, s.signature, s.key, &e);
	again(&s);
	receipt_signed_clear(&s);
	return 0;
}
