/*
 * The header of a mail, as text: pure functions. What could add a header line or a recipient is refused here.
 */
#ifndef COURIER_MAIL_TEXT_H
#define COURIER_MAIL_TEXT_H

#include "base/str.h"
#include "ipc/messages.h"

/* An addr-spec (RFC 5321 4.1.2) without quotes, comments or address literals: local@domain, ASCII. */
bool mail_is_address(const char *s);

/* Recipient, subject, mail id, attachment name and bodies. Error: "mail.refused" with the field. */
ACSR_MUST_USE enum acsr_result mail_check(const struct msg_mail *m, struct acsr_err *e);

/* "Name: value" lines, in order, for a mail that mail_check let pass; no MIME headers. `from` is an address.
 */
ACSR_MUST_USE enum acsr_result mail_headers(
	const struct msg_mail *m, const char *from, int64_t now, struct strv *out, struct acsr_err *e);

/* RFC 2047: as it is when it is printable ASCII, else encoded words of at most 75 characters in UTF-8,
 * folded, never splitting a character. */
ACSR_MUST_USE enum acsr_result mail_encode_words(const char *s, struct buf *out, struct acsr_err *e);

/* Line ends of a body as mail wants them: LF and CRLF become CRLF. */
ACSR_MUST_USE enum acsr_result mail_put_lines(const char *s, struct buf *out, struct acsr_err *e);

/* "Mon, 23 Nov 2026 08:15:00 +0000" (RFC 5322 3.3); out needs 32 bytes. */
void mail_date(int64_t t, char out[32]);

#endif
