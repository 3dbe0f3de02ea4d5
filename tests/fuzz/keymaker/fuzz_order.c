/* Orders from a core that may be anyone: whatever decodes is refused with a reason, or can be made. */
#include <stdlib.h>

#include "autocsr/key.h"
#include "make.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static struct acsr_key *key;

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct buf in = { .p = (uint8_t *)(uintptr_t)p, .len = n, .cap = n, .max = n };
	struct msg_key_make order = { 0 };
	struct acsr_err e = { 0 };
	struct made made;

	if (key == NULL && acsr_key_generate(&key, "ec:p256", NULL) != ACSR_OK)
		abort();
	if (msg_decode(msg_desc(MSG_key_make), &in, &order, &e) != ACSR_OK)
		return 0;
	if (make_check(&order, &e) == ACSR_OK) {
		/* A check that lets through what then fails would leave core without a reason. */
		if (make_order_rounds(&made, &order, key, 1, &e) != ACSR_OK)
			abort();
		made_clear(&made);
	} else if (*e.id == '\0' || *e.text == '\0') {
		abort();
	}
	msg_clear(msg_desc(MSG_key_make), &order);
	return 0;
}
