/* Made, migrated, removed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include "store/migrations.h"
#include "tempdb.h"

static char dir[32];

int tempdb_begin(void **state)
{
	struct db *d;

	snprintf(dir, sizeof(dir), "/tmp/autocsr-db-XXXXXX");
	assert_non_null(mkdtemp(dir));
	assert_int_equal(db_open(&d, "sqlite:t.db", dir, NULL), ACSR_OK);
	assert_int_equal(db_migrate(d, store_migrations, store_migrations_count, NULL), ACSR_OK);
	*state = d;
	return 0;
}

int tempdb_end(void **state)
{
	static const char *const files[] = { "t.db", "t.db-wal", "t.db-shm" };

	db_close(*state);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		char path[64];

		snprintf(path, sizeof(path), "%s/%s", dir, files[i]);
		unlink(path);
	}
	return rmdir(dir);
}
