/*
 * The signer's own record of everything it signs, written before it signs: STATE/signer/issuance.log.
 *
 * One line an event, fields separated by one TAB, "-" for an empty field:
 *   SEQ TIME sign   SERIAL ISSUER PROFILE REFERENCE SPKI-SHA256 NOT-BEFORE NOT-AFTER PARAMS NAMES CHAIN
 *   SEQ TIME issued SERIAL CERTIFICATE-SHA256 DER-BASE64 CHAIN
 *   SEQ TIME crl    ISSUER NUMBER THIS-UPDATE NEXT-UPDATE ENTRIES PARAMS CHAIN
 * SEQ counts from 1, TIME is RFC 3339, hex is lower case, NOT-*, *-UPDATE are epoch seconds, NAMES are
 * comma-separated "DNS:…" and "IP:…". PARAMS is a SHA-256 over everything that decides the contents. CHAIN is
 * SHA-256(previous CHAIN as 32 bytes (zeros at first) | the line without its last TAB and CHAIN), hex: nobody
 * changes or takes out a line unseen (who cuts lines off the end is found by the database, which has them).
 *
 * A `sign` line is in the file before the key is used, so a signer that is killed while it signs leaves it; it is on the
 * disk (fdatasync) with its `issued` line, before the certificate leaves. What a power cut may take with the line is a
 * signature that nobody has seen. A `crl` line is on the disk before its function returns. What was torn of the last
 * two lines is cut off at the next start; any other damage stops the signer. The file is locked against a second signer.
 */
#ifndef SIGNER_ISSUANCE_LOG_H
#define SIGNER_ISSUANCE_LOG_H

#include "autocsr/blob.h"
#include "base/err.h"
#include "base/str.h"

struct issuance_log;

/* DIR/issuance.log, made when it is not there. *healed: bytes of a torn last line that were cut off.
 * "sys.issuance-log" (damaged; the text names the line), "sys.locked", "sys.open". */
ACSR_MUST_USE enum acsr_result issuance_log_open(
	struct issuance_log **out, const char *dir, size_t *healed, struct acsr_err *e);
void issuance_log_free(struct issuance_log *log);

struct serial {
	uint8_t v[20]; /* big-endian */
	size_t len;
};

/* What a certificate is about to be. Loans; texts without TAB and control characters. */
struct issuance {
	struct serial serial;
	const char *issuer, *profile, *reference;
	const uint8_t *spki_sha256; /* 32 */
	int64_t not_before, not_after;
	const uint8_t *params; /* 32 */
	const struct strv *names;
};

enum issuance_state {
	ISSUANCE_NONE,  /* the serial is free */
	ISSUANCE_BEGUN, /* these parameters were about to be signed; no certificate has left */
	ISSUANCE_DONE   /* these parameters were signed: issuance_log_certificate has the result */
};
/* "cert.serial-reused" when the serial belongs to other parameters. */
ACSR_MUST_USE enum acsr_result issuance_log_find(const struct issuance_log *log, const struct serial *serial,
	const uint8_t params[32], enum issuance_state *state, struct acsr_err *e);

/* The `sign` line; the serial must be ISSUANCE_NONE. "sys.nospace" "sys.write": nothing may be signed. */
ACSR_MUST_USE enum acsr_result issuance_log_begin(
	struct issuance_log *log, const struct issuance *i, struct acsr_err *e);
/* The `issued` line; only then may the certificate leave. When the disk takes neither this nor the `sign` line, the
 * process ends. */
ACSR_MUST_USE enum acsr_result issuance_log_done(struct issuance_log *log, const struct serial *serial,
	const uint8_t *der, size_t len, struct acsr_err *e);
/* The DER of an ISSUANCE_DONE serial, read back from the file. */
ACSR_MUST_USE enum acsr_result issuance_log_certificate(
	struct issuance_log *log, const struct serial *serial, struct acsr_blob *der, struct acsr_err *e);
/* The serial of the newest ISSUANCE_DONE certificate of a CA profile ("ca-…") with that reference. */
bool issuance_log_find_ca(const struct issuance_log *log, const char *reference, struct serial *serial);

struct crl_issuance {
	const char *issuer;
	uint64_t number;
	int64_t this_update, next_update;
	size_t entries;
	const uint8_t *params; /* 32 */
};
/* The `crl` line, before signing. The number must be greater than the last one of that issuer
 * ("cert.crl.number"); the last one may be signed again with the same parameters, which writes no line. */
ACSR_MUST_USE enum acsr_result issuance_log_crl(
	struct issuance_log *log, const struct crl_issuance *i, struct acsr_err *e);

#endif
