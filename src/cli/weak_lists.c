/* Opening the lists of weak and blocked keys. */
#include "cli/weak_lists.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "cli/files.h"
#include "pki/weakfind.h"

#define BLOCKLIST_MAX ((size_t)256 * 1024 * 1024)

enum acsr_result weak_lists_open_path(struct weak_lists *l, const char *named, struct acsr_err *e)
{
	const char *env = getenv("AUTOCSR_WEAK_LIST");

	if (named == NULL && env != NULL && env[0] != '\0')
		named = env;
	if (named != NULL)
		TRY(str_dup(&l->path, named, e));
	else if (!weak_installed_list(&l->path))
		return ACSR_OK;
	return acsr_weaklist_open(&l->weak, l->path, e);
}

static enum acsr_result add_blocklist(struct weak_lists *l, const char *path, struct acsr_err *e)
{
	CLEANUP_BUF struct buf b = { 0 };
	enum acsr_result r;

	if (l->blocked == NULL)
		TRY(acsr_blocklist_new(&l->blocked, e));
	buf_init(&b, BLOCKLIST_MAX);
	TRY(file_get(&b, path, BLOCKLIST_MAX, e));
	r = acsr_blocklist_add(l->blocked, b.p, b.len, e);
	if (r != ACSR_OK)
		err_at(e, "%s", path);
	return r;
}

enum acsr_result weak_lists_open(struct weak_lists *l, const struct args *a, struct acsr_err *e)
{
	const char *path;

	TRY(weak_lists_open_path(l, args_one(a, "weak-list"), e));
	for (size_t i = 0; (path = args_many(a, "blocklist", i)) != NULL; i++)
		TRY(add_blocklist(l, path, e));
	return ACSR_OK;
}

void weak_lists_close(struct weak_lists *l)
{
	acsr_weaklist_free(l->weak);
	acsr_blocklist_free(l->blocked);
	free(l->path);
	*l = (struct weak_lists){ 0 };
}

json_t *weak_lists_json(const struct weak_lists *l)
{
	char covers[256];

	if (l->weak == NULL)
		return json_null();
	acsr_weaklist_summary(l->weak, covers, sizeof(covers));
	return json_pack("{s:s, s:I, s:s}", "file", l->path, "keys", (json_int_t)acsr_weaklist_count(l->weak),
		"covers", covers);
}
