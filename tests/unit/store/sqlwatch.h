/* What SQLite really does: every statement of every connection is counted, and can be explained. For tests only, so that
 * "this does not get slower" is a number and no time. */
#ifndef TESTS_SQLWATCH_H
#define TESTS_SQLWATCH_H

#include <stddef.h>

struct sqlwatch {
	unsigned statements; /* that were run, without BEGIN, SAVEPOINT and their like */
	long steps;          /* of SQLite's virtual machine: the work that was done */
	long scanned;        /* rows that were passed on the way through a whole table */
};
extern struct sqlwatch sqlwatch;

/* Before the database is opened. */
void sqlwatch_begin(void);
/* Count from zero, and forget the texts. */
void sqlwatch_zero(void);
/* The different texts since then, n of them. */
size_t sqlwatch_count(void);
const char *sqlwatch_text(size_t i);
/* EXPLAIN QUERY PLAN of one, a line a step. */
void sqlwatch_plan(const char *sql, char *out, size_t cap);

#endif
