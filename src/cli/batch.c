/* Walking through files and directories. */
#include "cli/batch.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/str.h"

#define MAX_DEPTH 32
#define NAME_CAP 4096 /* PATH_MAX */

struct walk {
	batch_fn fn;
	void *ctx;
};

static enum acsr_result walk_directory(
	const struct walk *w, const char *path, unsigned depth, struct acsr_err *e);

static int visible(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

/* A name inside a directory: links to files are followed, links to directories are not. */
static enum acsr_result walk_entry(const struct walk *w, const char *path, unsigned depth, struct acsr_err *e)
{
	struct stat link, target;

	if (lstat(path, &link) != 0)
		return w->fn(w->ctx, path, e);
	if (S_ISDIR(link.st_mode))
		return depth < MAX_DEPTH ? walk_directory(w, path, depth + 1, e) : ACSR_OK;
	if (stat(path, &target) == 0 && !S_ISREG(target.st_mode))
		return ACSR_OK;
	return w->fn(w->ctx, path, e);
}

static enum acsr_result walk_directory(
	const struct walk *w, const char *path, unsigned depth, struct acsr_err *e)
{
	const char *slash = str_ends(path, "/") ? "" : "/";
	struct dirent **names = NULL;
	enum acsr_result r = ACSR_OK;
	int n = scandir(path, &names, visible, alphasort);

	if (n < 0)
		return w->fn(w->ctx, path, e);
	for (int i = 0; i < n; i++) {
		CLEANUP_STR char *full = NULL;

		if (r == ACSR_OK)
			r = str_printf(&full, e, "%s%s%s", path, slash, names[i]->d_name);
		if (r == ACSR_OK)
			r = walk_entry(w, full, depth, e);
		free(names[i]);
	}
	free(names);
	return r;
}

static bool is_directory(const char *path)
{
	struct stat st;

	return strcmp(path, "-") != 0 && stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

enum acsr_result batch_walk(const char *const *words, size_t n, batch_fn fn, void *ctx, struct acsr_err *e)
{
	const struct walk w = { fn, ctx };

	for (size_t i = 0; i < n; i++) {
		if (is_directory(words[i]))
			TRY(walk_directory(&w, words[i], 1, e));
		else
			TRY(fn(ctx, words[i], e));
	}
	return ACSR_OK;
}

bool batch_is_many(const char *const *words, size_t n)
{
	return n > 1 || (n == 1 && is_directory(words[0]));
}

/* A name, up to the line break, which is dropped. `end` when there is none left. */
static enum acsr_result read_name(FILE *f, char name[NAME_CAP], bool *end, struct acsr_err *e)
{
	size_t n = 0;
	int c;

	while ((c = getc_unlocked(f)) != EOF && c != '\n') {
		if (c == '\0' || n == NAME_CAP - 1)
			return err_set(e, "input.list",
				c == '\0' ? "a line of the list holds a NUL byte; write one file name a line"
					  : "a line of the list is longer than a file name can be");
		name[n++] = (char)c;
	}
	*end = c == EOF && n == 0;
	while (n > 0 && name[n - 1] == '\r')
		n--;
	name[n] = '\0';
	return ACSR_OK;
}

static enum acsr_result each_line(FILE *f, batch_fn fn, void *ctx, struct acsr_err *e)
{
	char name[NAME_CAP];

	for (bool end = false;;) {
		TRY(read_name(f, name, &end, e));
		if (end)
			return ACSR_OK;
		if (name[0] != '\0')
			TRY(fn(ctx, name, e));
	}
}

enum acsr_result batch_list(const char *list, batch_fn fn, void *ctx, struct acsr_err *e)
{
	bool is_stdin = strcmp(list, "-") == 0;
	FILE *f = is_stdin ? stdin : fopen(list, "re");
	enum acsr_result r;

	if (f == NULL)
		return err_errno(e, "input.open", errno, "cannot open %s", list);
	r = each_line(f, fn, ctx, e);
	if (r == ACSR_OK && ferror(f))
		r = err_set(e, "input.read", "cannot read %s", list);
	if (!is_stdin)
		fclose(f);
	return r;
}
