/* The schema, step by step; made from the SQL files in migrations/ when building. A landed file never
 * changes. */
#ifndef STORE_MIGRATIONS_H
#define STORE_MIGRATIONS_H

#include <stddef.h>

extern const char *const store_migrations[];
extern const size_t store_migrations_count;

#endif
