/* Mails that wait to be sent, and for thirty days what became of them. */
#ifndef STORE_MAILS_H
#define STORE_MAILS_H

#include "db/db.h"

struct mail_row {
	char id[40], recipient[256], state[16];
	char *subject, *text, *html; /* owned when read; loans when added */
	char order_id[40];           /* "": none */
	int64_t created_at;
};

void mail_row_free(struct mail_row *m);
ACSR_MUST_USE enum acsr_result mails_add(struct db *d, const struct mail_row *m, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result mails_find(
	struct db *d, const char *id, struct mail_row *out, bool *have, struct acsr_err *e);
/* Sent, or refused for good: the texts are blanked. */
ACSR_MUST_USE enum acsr_result mails_end(
	struct db *d, const char *id, const char *state, const char *reply, int64_t at, struct acsr_err *e);
/* What the server said last time; the mail stays queued. */
ACSR_MUST_USE enum acsr_result mails_note(
	struct db *d, const char *id, const char *reply, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result mails_prune(struct db *d, int64_t before, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result mails_queued(struct db *d, int64_t *n, struct acsr_err *e);

#endif
