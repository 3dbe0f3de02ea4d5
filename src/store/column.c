/* Helpers. */
#include "store/column.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

void column_text(char *to, size_t cap, const struct db_rows *rows, int col)
{
	snprintf(to, cap, "%s", db_text(rows, col));
}

struct db_arg column_or_null(const char *text)
{
	return text != NULL && *text != '\0' ? DB_TEXT(text) : DB_NULL;
}

struct db_arg column_time(int64_t t)
{
	return t != 0 ? DB_INT(t) : DB_NULL;
}

enum acsr_result column_count(
	struct db *d, int64_t *n, const char *sql, const struct db_arg *args, struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;
	bool have;

	TRY(db_query(d, &rows, sql, args, e));
	TRY(db_next(rows, &have, e));
	*n = have ? db_int(rows, 0) : 0;
	return ACSR_OK;
}

enum acsr_result column_string(
	struct db *d, char **out, const char *sql, const struct db_arg *args, struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;
	bool have;

	TRY(db_query(d, &rows, sql, args, e));
	TRY(db_next(rows, &have, e));
	return str_dup(out, have ? db_text(rows, 0) : "", e);
}

void *column_grow(void *list, size_t n, size_t size, struct acsr_err *e)
{
	uint8_t *grown = realloc(list, (n + 1) * size);

	if (grown == NULL) {
		(void)err_nomem(e);
		return NULL;
	}
	memset(grown + n * size, 0, size);
	return grown;
}

enum acsr_result column_list(
	struct db_rows *rows, size_t size, column_read_fn *read, void **list, size_t *n, struct acsr_err *e)
{
	bool have;

	*list = NULL;
	*n = 0;
	for (;;) {
		uint8_t *grown;

		TRY(db_next(rows, &have, e));
		if (!have)
			return ACSR_OK;
		grown = column_grow(*list, *n, size, e);
		if (grown == NULL)
			return ACSR_FAIL;
		*list = grown;
		TRY(read(rows, grown + (*n)++ * size, e));
	}
}

void column_like(const char *part, char *out, size_t cap)
{
	size_t o = 0;

	out[o++] = '%';
	for (; *part != '\0' && o + 4 < cap; part++) {
		if (strchr("%_!", *part) != NULL)
			out[o++] = '!';
		out[o++] = *part;
	}
	out[o++] = '%';
	out[o] = '\0';
}
