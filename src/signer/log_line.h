/* One line of the issuance log: written with its chain, read back into fields. */
#ifndef SIGNER_LOG_LINE_H
#define SIGNER_LOG_LINE_H

#include "base/buf.h"
#include "issuance_log.h"

enum { LOG_LINE_MAX = 256 * 1024, LOG_FIELDS_MAX = 13, LOG_CHAIN = 32 };

/* Append "\tCHAIN\n" to the line (which ends without TAB) and move `chain` on. */
ACSR_MUST_USE enum acsr_result log_line_seal(struct buf *line, uint8_t chain[LOG_CHAIN], struct acsr_err *e);

struct log_line {
	char *field[LOG_FIELDS_MAX]; /* loans into the text that was taken apart */
	size_t n;                    /* without the chain */
};

/* Check the chain of the line (n bytes, no newline), move `chain` on and split; the text is changed. Fails
 * without a reason: the caller knows the line's number. */
ACSR_MUST_USE enum acsr_result log_line_open(
	struct log_line *out, char *line, size_t n, uint8_t chain[LOG_CHAIN]);

/* Strict readings of one field. */
ACSR_MUST_USE enum acsr_result log_line_serial(const char *hex, struct serial *out);
ACSR_MUST_USE enum acsr_result log_line_hash(const char *hex, uint8_t out[32]);

#endif
