/* Walk, read, hash. */
#include "front/portal_files.h"

#include <dirent.h>
#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"

static const struct {
	const char *ending, *type;
} types[] = {
	{ ".html", "text/html; charset=utf-8" },
	{ ".js", "text/javascript; charset=utf-8" },
	{ ".mjs", "text/javascript; charset=utf-8" },
	{ ".css", "text/css; charset=utf-8" },
	{ ".json", "application/json" },
	{ ".map", "application/json" },
	{ ".webmanifest", "application/manifest+json" },
	{ ".svg", "image/svg+xml" },
	{ ".png", "image/png" },
	{ ".ico", "image/x-icon" },
	{ ".woff2", "font/woff2" },
	{ ".txt", "text/plain; charset=utf-8" },
};

static const char *type_of(const char *name)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (str_ends(name, types[i].ending))
			return types[i].type;
	return NULL;
}

/* esbuild's mark: "-" and eight characters of base32 before the ending. */
static bool has_hash(const char *path)
{
	const char *dot = strchr(strrchr(path, '/'), '.');

	if (dot == NULL || dot - strrchr(path, '/') < 10 || dot[-9] != '-')
		return false;
	for (const char *s = dot - 8; s < dot; s++)
		if (!((*s >= 'A' && *s <= 'Z') || (*s >= '2' && *s <= '7')))
			return false;
	return true;
}

static enum acsr_result put_etag(struct portal_file *f, struct acsr_err *e)
{
	unsigned char md[EVP_MAX_MD_SIZE];
	char hex[33];

	if (EVP_Q_digest(NULL, "SHA256", NULL, f->body.p != NULL ? f->body.p : md, f->body.len, md, NULL) !=
		1)
		return err_set(e, "config.portal", "cannot hash %s", f->path);
	hex_encode(md, 16, hex);
	snprintf(f->etag, sizeof(f->etag), "\"%s\"", hex);
	return ACSR_OK;
}

static enum acsr_result load_file(
	struct portal_files *p, const char *file, const char *path, struct acsr_err *e)
{
	struct portal_file *f = &p->v[p->n];
	const char *type = type_of(path);

	if (type == NULL)
		return err_set(
			e, "config.portal", "the portal file %s has an ending that is not known", file);
	if (p->n == PORTAL_FILES_MAX)
		return err_set(e, "config.portal", "more than %d portal files", PORTAL_FILES_MAX);
	if (strlen(path) >= sizeof(f->path))
		return err_set(e, "config.portal", "the name of %s is too long", file);
	*f = (struct portal_file){ .type = type, .immutable = has_hash(path) };
	snprintf(f->path, sizeof(f->path), "%s", strcmp(path, "/index.html") == 0 ? "/" : path);
	buf_init(&f->body, PORTAL_FILE_MAX);
	p->n++;
	TRY(buf_read_file(&f->body, file, e));
	return put_etag(f, e);
}

static enum acsr_result walk(
	struct portal_files *p, const char *dir, const char *prefix, int depth, struct acsr_err *e);

static enum acsr_result load_entry(struct portal_files *p, const char *dir, const char *prefix,
	const char *name, int depth, struct acsr_err *e)
{
	CLEANUP_STR char *file = NULL, *path = NULL;
	struct stat st;

	TRY(str_printf(&file, e, "%s/%s", dir, name));
	TRY(str_printf(&path, e, "%s/%s", prefix, name));
	if (stat(file, &st) != 0)
		return err_errno(e, "config.portal", errno, "cannot read %s", file);
	if (S_ISDIR(st.st_mode))
		return walk(p, file, path, depth + 1, e);
	return S_ISREG(st.st_mode) ? load_file(p, file, path, e) : ACSR_OK;
}

static enum acsr_result walk(
	struct portal_files *p, const char *dir, const char *prefix, int depth, struct acsr_err *e)
{
	enum acsr_result r = ACSR_OK;
	struct dirent *d;
	DIR *at;

	if (depth > 8)
		return err_set(e, "config.portal", "the portal directory is nested too deeply at %s", dir);
	at = opendir(dir);
	if (at == NULL)
		return err_errno(e, "config.portal", errno, "cannot read the portal directory %s", dir);
	while (r == ACSR_OK && (d = readdir(at)) != NULL)
		if (d->d_name[0] != '.')
			r = load_entry(p, dir, prefix, d->d_name, depth, e);
	closedir(at);
	return r;
}

enum acsr_result portal_files_load(struct portal_files *out, const char *dir, struct acsr_err *e)
{
	out->n = 0;
	if (walk(out, dir, "", 0, e) == ACSR_OK)
		return ACSR_OK;
	portal_files_free(out);
	return ACSR_FAIL;
}

void portal_files_free(struct portal_files *p)
{
	for (size_t i = 0; i < p->n; i++)
		buf_free(&p->v[i].body);
	p->n = 0;
}

const struct portal_file *portal_files_find(const struct portal_files *p, const char *path)
{
	for (size_t i = 0; i < p->n; i++)
		if (strcmp(p->v[i].path, path) == 0)
			return &p->v[i];
	return NULL;
}

/* Is there such a directory? Then it is *out. */
static bool try_dir(char **out, const char *base, const char *place)
{
	CLEANUP_STR char *path = NULL;

	if (str_printf(&path, NULL, "%s%s", base, place) != ACSR_OK || access(path, R_OK | X_OK) != 0)
		return false;
	*out = path;
	path = NULL;
	return true;
}

bool portal_files_default_dir(char **out)
{
	char self[2048];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n <= 0)
		return false;
	self[n] = '\0';
	*strrchr(self, '/') = '\0';
	return try_dir(out, self, "/../../portal/dist") ||
	       try_dir(out, self, "/../../share/autocsr/portal") || try_dir(out, ACSR_PORTAL_DIR, "");
}

bool portal_etag_matches(const char *if_none_match, const char *etag)
{
	size_t n = strlen(etag);

	if (strcmp(if_none_match, "*") == 0)
		return true;
	for (const char *s = if_none_match; (s = strstr(s, etag)) != NULL; s++) {
		bool start = s == if_none_match || strchr(" ,/", s[-1]) != NULL;

		if (start && (s[n] == '\0' || s[n] == ',' || s[n] == ' '))
			return true;
	}
	return false;
}
