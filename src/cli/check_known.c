/* Keys that are in use already, for --known: objects, or a list of their hashes. */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "cli/batch.h"
#include "cli/check_job.h"
#include "cli/files.h"
#include "autocsr/match.h"

#define LIST_MAX (64 * 1024 * 1024)

/* "sha256 label" */
static enum acsr_result take_line(
	struct acsr_known *k, const char *line, const char *path, struct acsr_err *e)
{
	size_t n = strspn(line, "0123456789abcdefABCDEF"), got = 0;
	char hex[65] = "";
	uint8_t spki[32];

	if (n != 64 || (line[n] != '\0' && line[n] != ' ' && line[n] != '\t'))
		return err_set(e, "input.known", "%s: \"%.40s\" is no SHA-256 in hex", path, line);
	memcpy(hex, line, 64);
	str_lower(hex);
	TRY(hex_decode(hex, spki, sizeof(spki), &got, e));
	line += n + strspn(line + n, " \t");
	return acsr_known_add(k, spki, *line != '\0' ? line : path, e);
}

/* A list begins with a comment or 64 hex digits; nothing else that holds a key does. */
static bool is_list(struct buf *b)
{
	const char *text = buf_cstr(b);

	return text[0] == '#' ||
	       (strspn(text, "0123456789abcdefABCDEF") == 64 && strchr(" \t\r\n", text[64]) != NULL);
}

static enum acsr_result take_list(struct acsr_known *k, struct buf *b, const char *path, struct acsr_err *e)
{
	char *save = NULL;

	for (char *line = strtok_r((char *)b->p, "\r\n", &save); line != NULL;
		line = strtok_r(NULL, "\r\n", &save))
		if (line[0] != '#')
			TRY(take_line(k, line, path, e));
	return ACSR_OK;
}

/* A key that is locked or damaged is told: else it would silently count as unknown. */
static enum acsr_result take_object(
	void *ctx, const struct acsr_match_item *item, const struct acsr_err *why, struct acsr_err *e)
{
	if (item != NULL)
		return acsr_known_add(ctx, item->spki_sha256, item->name, e);
	if (e != NULL)
		*e = *why;
	return ACSR_FAIL;
}

static enum acsr_result take_objects(
	struct acsr_known *k, const struct buf *b, const char *path, struct acsr_err *e)
{
	struct acsr_matcher *m = NULL;
	enum acsr_result r;

	TRY(acsr_matcher_new(&m, e));
	r = acsr_matcher_add(m, path, b->p, b->len, NULL, take_object, k, e);
	acsr_matcher_free(m);
	if (r != ACSR_OK)
		err_at(e, "%s", path);
	return r;
}

static enum acsr_result take_file(void *ctx, const char *path, struct acsr_err *e)
{
	CLEANUP_BUF struct buf b = { 0 };

	buf_init(&b, LIST_MAX);
	TRY(file_get(&b, path, LIST_MAX, e));
	return is_list(&b) ? take_list(ctx, &b, path, e) : take_objects(ctx, &b, path, e);
}

enum acsr_result check_known_add(struct acsr_known *k, const char *path, struct acsr_err *e)
{
	return batch_walk(&path, 1, take_file, k, e);
}
