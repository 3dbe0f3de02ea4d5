/*
 * Makes a long audit log with the store's own code, and measures what one more entry costs at that length.
 *
 *   auditfill FILE.db ENTRIES     append until there are so many; the database must exist and not be in use
 *   auditfill FILE.db measure N   JSON: microseconds of one entry with the tree, and of its row alone; nothing stays
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "store/audit.h"

enum { AT_ONCE = 20000 };

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static enum acsr_result append(struct db *d, long i, struct acsr_err *e)
{
	char detail[80];
	struct audit_entry a = { .at = 1700000000 + i,
		.actor = "bench@example.com",
		.account_id = "acc_bench",
		.action = "bench.entry",
		.object = "ord_bench",
		.detail = detail };

	snprintf(detail, sizeof(detail), "entry %ld of a log that is long", i);
	return audit_append(d, &a, e);
}

/* The row without its place in the tree: what a plain log would cost. */
static enum acsr_result plain(struct db *d, long i, struct acsr_err *e)
{
	char detail[80];
	int64_t last;

	snprintf(detail, sizeof(detail), "entry %ld of a log that is long", i);
	TRY(audit_size(d, &last, e));
	return db_exec(d, NULL,
		"INSERT INTO audit (seq, at, actor, account_id, action, object, detail, hash) "
		"VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
		DB_ARGS(DB_INT(last + 1), DB_INT(1700000000), DB_TEXT("bench@example.com"),
			DB_TEXT("acc_bench"), DB_TEXT("bench.entry"), DB_TEXT("ord_bench"), DB_TEXT(detail),
			DB_TEXT("")),
		e);
}

static enum acsr_result fill(struct db *d, int64_t wanted, struct acsr_err *e)
{
	int64_t have;

	TRY(audit_size(d, &have, e));
	while (have < wanted) {
		TRY(db_begin(d, e));
		for (int i = 0; i < AT_ONCE && have < wanted; i++, have++)
			TRY(append(d, have, e));
		TRY(db_commit(d, e));
	}
	return ACSR_OK;
}

static enum acsr_result run(struct db *d, enum acsr_result (*one)(struct db *, long, struct acsr_err *),
	long n, double *each, struct acsr_err *e)
{
	double start = now();

	TRY(db_begin(d, e));
	for (long i = 0; i < n; i++)
		TRY(one(d, i, e));
	*each = (now() - start) / (double)n * 1e6;
	db_rollback(d);
	return ACSR_OK;
}

static enum acsr_result measure(struct db *d, long n, struct acsr_err *e)
{
	double with, without, ignored;

	TRY(run(d, append, n, &ignored, e)); /* warms the cache */
	TRY(run(d, append, n, &with, e));
	TRY(run(d, plain, n, &without, e));
	printf("{\"with_us\": %.2f, \"without_us\": %.2f}\n", with, without);
	return ACSR_OK;
}

int main(int argc, char **argv)
{
	bool measuring = argc == 4 && strcmp(argv[2], "measure") == 0;
	struct acsr_err e = { 0 };
	char url[4200];
	struct db *d;

	if (argc != 3 && !measuring)
		return 2;
	snprintf(url, sizeof(url), "sqlite:%s", argv[1]);
	if (db_open(&d, url, ".", &e) == ACSR_OK &&
		(measuring ? measure(d, atol(argv[3]), &e) : fill(d, atol(argv[2]), &e)) == ACSR_OK) {
		db_close(d);
		return 0;
	}
	fprintf(stderr, "%s\n", e.text);
	return 1;
}
