/*
 * One mail to one recipient through the configured server (RFC 5321, 3207, 4954), on libcurl.
 *
 * The outcome is the server's last word: only a 2xx after the end of the data counts as sent.
 */
#ifndef COURIER_SMTP_H
#define COURIER_SMTP_H

#include "base/secret.h"
#include "courier/curl_loop.h"
#include "ipc/messages.h"

enum smtp_starttls { SMTP_TLS_REQUIRED, SMTP_TLS_OPTIONAL, SMTP_TLS_OFF };

struct smtp_settings {
	char *server; /* "smtp://HOST:PORT" or "smtps://HOST:PORT" */
	enum smtp_starttls starttls;
	char *from;
	struct buf roots; /* PEM */
	char *user;       /* "": do not log in */
	struct acsr_secret *password;
	int64_t timeout_ms; /* all in all */
};

struct smtp_transfer;

/* Prepare; starts when smtp_start gives it to the loop. Mail, archive (NULL: none) and settings must outlive
 * it. */
ACSR_MUST_USE enum acsr_result smtp_new(struct smtp_transfer **out, const struct smtp_settings *s,
	const struct msg_mail *m, const struct buf *archive, void *tag, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result smtp_start(struct smtp_transfer *t, struct curl_loop *c, struct acsr_err *e);
void smtp_free(struct smtp_transfer *t); /* takes it out of the loop; NULL is fine */

/* The transfer of a handle that the loop reports, and its tag. */
struct smtp_transfer *smtp_of(CURL *easy);
void *smtp_tag(const struct smtp_transfer *t);

/* What came of it. OK: *reply is the server's acceptance (a loan). Errors: "net.mail-tls", "mail.refused"
 * (a permanent refusal), "net.mail-temporary" (everything that may be better later). */
ACSR_MUST_USE enum acsr_result smtp_outcome(
	struct smtp_transfer *t, CURLcode result, const char **reply, struct acsr_err *e);

#endif
