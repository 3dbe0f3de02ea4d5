/* A database with the product's schema in a directory of its own, for one test. */
#ifndef TESTS_TEMPDB_H
#define TESTS_TEMPDB_H

#include "db/db.h"

/* cmocka's setup and teardown: *state is the struct db. */
int tempdb_begin(void **state);
int tempdb_end(void **state);

#endif
