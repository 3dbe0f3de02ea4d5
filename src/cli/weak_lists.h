/* The lists of weak and blocked keys that a command judges keys by. */
#ifndef CLI_WEAK_LISTS_H
#define CLI_WEAK_LISTS_H

#include <jansson.h>

#include "autocsr/weakkey.h"
#include "cli/args.h"

/* Options of every command that takes them. */
#define WEAK_LIST_OPTIONS                                                                                  \
	{ "weak-list", OPT_ONE, "FILE", "list of Debian weak keys; the installed one when left out" },     \
	{                                                                                                  \
		"blocklist", OPT_MANY, "FILE", "SPKI SHA-256 hashes, one a line, of keys that are refused" \
	}

struct weak_lists {
	struct acsr_weaklist *weak;     /* NULL: none was named and none is installed */
	struct acsr_blocklist *blocked; /* NULL: none was named */
	char *path;                     /* of the weak list */
};

/* --weak-list, else AUTOCSR_WEAK_LIST, else the installed list; every --blocklist. What was named must be
 * there and sound; that nothing is installed is no error. */
ACSR_MUST_USE enum acsr_result weak_lists_open(
	struct weak_lists *l, const struct args *a, struct acsr_err *e);
/* The weak list alone; `named` may be NULL. */
ACSR_MUST_USE enum acsr_result weak_lists_open_path(
	struct weak_lists *l, const char *named, struct acsr_err *e);
void weak_lists_close(struct weak_lists *l);
#define CLEANUP_WEAK_LISTS __attribute__((cleanup(weak_lists_close)))

/* {"file", "keys", "covers"}, or null without a list. A new reference. */
json_t *weak_lists_json(const struct weak_lists *l);

#endif
