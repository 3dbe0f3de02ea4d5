/*
 * What comes over TLS from the other side, a service that asks or a prober that answers: frames one after the other, as they
 * are taken from either end. Nothing but what that side may send gets through, and nobody's memory is filled.
 */
#include <stdint.h>
#include <stdlib.h>

#include "ipc/chan.h"
#include "prober/perspective.h"
#include "prober/probe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void take_all(const uint8_t *data, size_t size, enum role self, enum role peer)
{
	CLEANUP_BUF struct buf in = { 0 };
	struct acsr_err e;

	buf_init(&in, 1024 * 1024);
	if (buf_put(&in, data, size, &e) != ACSR_OK)
		return;
	for (;;) {
		const struct probe_kind *kind;
		struct probe_ask ask;
		struct msg m = { 0 };
		bool have;

		if (chan_take_frame(&in, self, peer, PERSPECTIVE_FRAME, &m, &have, &e) != ACSR_OK || !have)
			break;
		if (self == ROLE_CORE && m.type != MSG_probe_result && m.type != MSG_failed &&
			!msg_permitted(msg_desc(m.type), peer, self))
			abort();
		if (self == ROLE_PROBER && probe_from_message(m.type, m.body, &kind, &ask) &&
			ask.name == NULL)
			abort();
		chan_drop_frame(&m);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	take_all(data, size, ROLE_PROBER, ROLE_CORE);
	take_all(data, size, ROLE_CORE, ROLE_PROBER);
	return 0;
}
