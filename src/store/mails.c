/* SQL of the table mails. */
#include "store/mails.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "base/str.h"

static void wipe_free(char *s)
{
	if (s != NULL)
		wipe(s, strlen(s));
	free(s);
}

void mail_row_free(struct mail_row *m)
{
	wipe_free(m->subject);
	wipe_free(m->text);
	wipe_free(m->html);
	*m = (struct mail_row){ 0 };
}

enum acsr_result mails_add(struct db *d, const struct mail_row *m, struct acsr_err *e)
{
	return db_exec(d, NULL,
		"INSERT INTO mails (id, order_id, recipient, subject, text, html, state, reply, created_at, "
		"sent_at) VALUES ($1, $2, $3, $4, $5, $6, 'queued', '', $7, NULL)",
		DB_ARGS(DB_TEXT(m->id), DB_TEXT(m->order_id[0] != '\0' ? m->order_id : NULL),
			DB_TEXT(m->recipient), DB_TEXT(m->subject), DB_TEXT(m->text), DB_TEXT(m->html),
			DB_INT(m->created_at)),
		e);
}

static enum acsr_result read_mail(const struct db_rows *r, struct mail_row *m, struct acsr_err *e)
{
	*m = (struct mail_row){ .created_at = db_int(r, 6) };
	snprintf(m->id, sizeof(m->id), "%s", db_text(r, 0));
	snprintf(m->recipient, sizeof(m->recipient), "%s", db_text(r, 1));
	snprintf(m->state, sizeof(m->state), "%s", db_text(r, 5));
	snprintf(m->order_id, sizeof(m->order_id), "%s", db_text(r, 7));
	TRY(str_dup(&m->subject, db_text(r, 2), e));
	TRY(str_dup(&m->text, db_text(r, 3), e));
	return str_dup(&m->html, db_text(r, 4), e);
}

enum acsr_result mails_find(
	struct db *d, const char *id, struct mail_row *out, bool *have, struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;

	TRY(db_query(d, &rows,
		"SELECT id, recipient, subject, text, html, state, created_at, order_id FROM mails WHERE id "
		"= "
		"$1",
		DB_ARGS(DB_TEXT(id)), e));
	TRY(db_next(rows, have, e));
	if (!*have || read_mail(rows, out, e) == ACSR_OK)
		return ACSR_OK;
	mail_row_free(out);
	return ACSR_FAIL;
}

enum acsr_result mails_end(
	struct db *d, const char *id, const char *state, const char *reply, int64_t at, struct acsr_err *e)
{
	return db_exec(d, NULL,
		"UPDATE mails SET state = $2, reply = $3, sent_at = $4, text = '', html = '' WHERE id = $1",
		DB_ARGS(DB_TEXT(id), DB_TEXT(state), DB_TEXT(reply), DB_INT(at)), e);
}

enum acsr_result mails_note(struct db *d, const char *id, const char *reply, struct acsr_err *e)
{
	return db_exec(d, NULL, "UPDATE mails SET reply = $2 WHERE id = $1",
		DB_ARGS(DB_TEXT(id), DB_TEXT(reply)), e);
}

enum acsr_result mails_prune(struct db *d, int64_t before, struct acsr_err *e)
{
	TRY(db_exec(d, NULL,
		"DELETE FROM jobs WHERE kind = 'mail' AND object IN "
		"(SELECT id FROM mails WHERE created_at < $1)",
		DB_ARGS(DB_INT(before)), e));
	return db_exec(d, NULL, "DELETE FROM mails WHERE created_at < $1", DB_ARGS(DB_INT(before)), e);
}

enum acsr_result mails_queued(struct db *d, int64_t *n, struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;
	bool have;

	TRY(db_query(d, &rows, "SELECT COUNT(*) FROM mails WHERE state = 'queued'", DB_NO_ARGS, e));
	TRY(db_next(rows, &have, e));
	*n = have ? db_int(rows, 0) : 0;
	return ACSR_OK;
}
