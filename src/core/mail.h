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
 * The templates and the values that each wants ({{service}}, the public URL, is always there; a value that is
 * not given is empty).
 *
 * To people:
 * - confirm: link, account
 * - known-address, password-changed: nothing
 * - reset: link
 * - passkey-added, passkey-removed: name
 * - second-factor-removed: by
 * - invite: link, account, by
 * - always-second: by, at, what
 * - issuer-terms (administrators): title, name, terms
 *
 * About an order, all with order, names (with blanks or commas between) and url (PUBLIC_URL/#/orders/ID):
 * - archive (a ZIP), key-FORMAT (keyform.h): filename, key_filename, sha256, recipient (sealed)
 * - validation: tasks (lines; an empty line between two names)
 * - code-revealed: by (with the address that it was asked from), at
 * - issued: serial, not_after
 * - failed, waiting: reason
 * - revoked: serial, reason
 * - expiring: not_after
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
