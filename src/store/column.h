/* Small helpers that the store files share: optional columns, counts, patterns. */
#ifndef STORE_COLUMN_H
#define STORE_COLUMN_H

#include "db/db.h"

/* Copy a text column into a char array; what does not fit was never written by us and is cut. */
#define COLUMN_TEXT(to, rows, col) column_text(to, sizeof(to), rows, col)
void column_text(char *to, size_t cap, const struct db_rows *rows, int col);

struct db_arg column_or_null(const char *text); /* "" and NULL are SQL NULL */
struct db_arg column_time(int64_t t);           /* 0 is SQL NULL */

/* The single number that a query gives. */
ACSR_MUST_USE enum acsr_result column_count(
	struct db *d, int64_t *n, const char *sql, const struct db_arg *args, struct acsr_err *e);
/* The single text that a query gives, "" when there is no row. *out is yours. */
ACSR_MUST_USE enum acsr_result column_string(
	struct db *d, char **out, const char *sql, const struct db_arg *args, struct acsr_err *e);
/* The list with room for one more after its n structs, which is zeroed; NULL without memory, and the list is as it was. */
void *column_grow(void *list, size_t n, size_t size, struct acsr_err *e);
/* The rest of the rows as a list of structs of `size` bytes, zeroed before `read` fills each. On failure too *list and *n are
 * what was read, for the caller to free. */
typedef enum acsr_result column_read_fn(const struct db_rows *r, void *row, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result column_list(
	struct db_rows *rows, size_t size, column_read_fn *read, void **list, size_t *n, struct acsr_err *e);
/* "%part%" for LIKE … ESCAPE '!', with the pattern characters of part taken literally. */
void column_like(const char *part, char *out, size_t cap);

#endif
