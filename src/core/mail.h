/*
 * Mail: texts are made here, queued in the database, and sent by the courier until the server has accepted
 * them or refused them for good. Nothing secret is in a mail, and no mail has an unlock code or a key in it.
 */
#ifndef CORE_MAIL_H
#define CORE_MAIL_H

#include "core/core.h"

struct mail_value {
	const char *name, *value;
};

/*
 * The templates and the values that each wants ({{service}}, the public URL, is always there):
 *   to people            confirm: link · known-address · reset: link · invite: account, by, link ·
 *                        password-changed
 *   to those of an order (all: order, names, url)
 *                        code-revealed: by, at · archive: filename, key_filename, sha256 · validation: tasks
 * (lines; an empty line between two names) · issued: serial, not_after · failed: reason · waiting: reason ·
 * revoked: serial, reason · expiring: not_after names: comma-separated; url: of the order's page,
 * PUBLIC_URL/#/orders/ID. A value that is not given is empty.
 */

/* Queue a mail from the template `what` (mail_templates.c), its {{name}} replaced by the values (escaped for
 * HTML in the HTML part); order_id may be NULL. Ends with a NULL name. When no mail server is configured:
 * nothing is queued, and the log says so. */
ACSR_MUST_USE enum acsr_result mail_queue(struct core *c, const char *what, const char *to,
	const char *order_id, const struct mail_value *values, struct acsr_err *e);
bool mail_possible(const struct core *c);
/* Render without queueing: for the archive mail, which cannot be stored. All three are the caller's. */
ACSR_MUST_USE enum acsr_result mail_render(const char *what, const struct mail_value *values, char **subject,
	char **text, char **html, struct acsr_err *e);
/* Tell somebody that their password was changed; nothing when no mail is configured. */
ACSR_MUST_USE enum acsr_result mail_password_changed(struct core *c, const char *email, struct acsr_err *e);
/* Job "mail". */
ACSR_MUST_USE enum acsr_result mail_job(
	struct core *c, const char *mail_id, int64_t attempts, struct acsr_err *e);

#endif
