/* Serial numbers and what is known of each: the log's memory. A hash table that only grows. */
#ifndef SIGNER_SERIAL_INDEX_H
#define SIGNER_SERIAL_INDEX_H

#include <sys/types.h>

#include "issuance_log.h"

struct serial_entry {
	struct serial serial;
	uint8_t params[32];
	off_t issued_at; /* where the `issued` line begins; -1: not issued */
};

struct serial_index {
	struct serial_entry *v; /* a free slot has serial.len 0 */
	size_t cap, n;
};

/* NULL: not there. A loan until the next add. */
struct serial_entry *serial_index_find(const struct serial_index *x, const struct serial *s);
/* Room for one more, so that the next add cannot fail. */
ACSR_MUST_USE enum acsr_result serial_index_reserve(struct serial_index *x, struct acsr_err *e);
/* After serial_index_reserve; the serial must not be there. */
void serial_index_add(struct serial_index *x, const struct serial *s, const uint8_t params[32]);
void serial_index_free(struct serial_index *x);

#endif
