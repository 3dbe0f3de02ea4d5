/* Frames from a hostile peer: whatever decodes must encode to the same bytes again, and nothing may leak. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ipc/messages.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* input: u16 type, then the fields */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct msg_desc *d;
	struct buf in, out;
	struct acsr_err e;
	void *m;

	if (size < 2)
		return 0;
	d = msg_desc((unsigned)data[0] << 8 | data[1]);
	if (d == NULL)
		return 0;
	m = calloc(1, msg_size(d));
	buf_init(&in, 1 << 22);
	buf_init(&out, 1 << 23);
	if (m == NULL || buf_put(&in, data + 2, size - 2, &e) != ACSR_OK)
		abort();
	if (msg_decode(d, &in, m, &e) == ACSR_OK) {
		if (msg_encode(d, 7, m, &out, &e) != ACSR_OK || out.len != size - 2 + IPC_HEADER ||
			memcmp(out.p + out.len - (size - 2), data + 2, size - 2) != 0)
			abort();
		msg_clear(d, m);
	}
	free(m);
	buf_free(&in);
	buf_free(&out);
	return 0;
}
