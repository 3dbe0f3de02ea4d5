/*
 * The portal's static files, read into memory before the sandbox. A request can only name what is in this
 * table, so there is no path to trick.
 */
#ifndef FRONT_PORTAL_FILES_H
#define FRONT_PORTAL_FILES_H

#include <stdbool.h>

#include "base/buf.h"

enum { PORTAL_FILES_MAX = 256, PORTAL_FILE_MAX = 8 << 20 };

struct portal_file {
	char path[256]; /* "/assets/app.js"; index.html is "/" */
	const char *type;
	char etag[36];  /* with its quotes */
	bool immutable; /* its name carries a hash of its content */
	struct buf body;
};

struct portal_files {
	struct portal_file v[PORTAL_FILES_MAX];
	size_t n;
};

/* Everything below dir but names that start with a dot. Errors: "config.portal" (cannot be read, too many, a
 * file type that is not known). */
ACSR_MUST_USE enum acsr_result portal_files_load(
	struct portal_files *out, const char *dir, struct acsr_err *e);
void portal_files_free(struct portal_files *p);
const struct portal_file *portal_files_find(const struct portal_files *p, const char *path);

/* Where the portal was built or installed, seen from this program; *out is yours. False: nowhere. */
bool portal_files_default_dir(char **out);

/* Does an If-None-Match name this entity tag (weakly compared, RFC 9110 13.1.2)? */
bool portal_etag_matches(const char *if_none_match, const char *etag);

#endif
