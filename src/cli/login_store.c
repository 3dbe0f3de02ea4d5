/* Keeping and reading a login. */
#include "cli/login_store.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"
#include "cli/files.h"
#include "cli/fileset.h"

#define LOGIN_MAX (64 * 1024)

void login_free(struct login *l)
{
	free(l->server);
	free(l->token_id);
	free(l->ca_file);
	acsr_secret_free(l->token);
	*l = (struct login){ 0 };
}

enum acsr_result login_folder(char **out, struct acsr_err *e)
{
	const char *xdg = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	const struct passwd *pw;

	if (xdg != NULL && xdg[0] == '/')
		return str_printf(out, e, "%s/autocsr", xdg);
	if (home == NULL || home[0] != '/') {
		pw = getpwuid(getuid());
		home = pw != NULL ? pw->pw_dir : NULL;
	}
	if (home == NULL)
		return err_set(e, "sys.home", "there is no home directory to keep a login in; set HOME");
	return str_printf(out, e, "%s/.config/autocsr", home);
}

static enum acsr_result in_folder(char **out, const char *folder, const char *name, struct acsr_err *e)
{
	return str_printf(out, e, "%s/%s", folder, name);
}

static enum acsr_result read_json(struct login *l, const char *path, bool *has_ca, struct acsr_err *e)
{
	CLEANUP_BUF struct buf b = { 0 };
	const char *server, *id;
	enum acsr_result r = ACSR_OK;
	json_t *o;

	buf_init(&b, LOGIN_MAX);
	TRY(file_get(&b, path, LOGIN_MAX, e));
	o = json_loadb((const char *)b.p, b.len, JSON_REJECT_DUPLICATES, NULL);
	server = json_string_value(json_object_get(o, "server"));
	id = json_string_value(json_object_get(o, "token_id"));
	*has_ca = json_is_true(json_object_get(o, "ca_file"));
	if (server == NULL)
		r = err_set(e, "input.login", "%s is broken; log in again with autocsr login", path);
	else
		r = str_dup(&l->server, server, e);
	if (r == ACSR_OK && id != NULL)
		r = str_dup(&l->token_id, id, e);
	json_decref(o);
	return r;
}

enum acsr_result login_load(struct login *l, struct acsr_err *e)
{
	CLEANUP_STR char *folder = NULL;
	CLEANUP_STR char *json = NULL;
	CLEANUP_STR char *token = NULL;
	bool has_ca = false;

	*l = (struct login){ 0 };
	if (login_folder(&folder, NULL) != ACSR_OK)
		return ACSR_OK;
	TRY(in_folder(&json, folder, "login.json", e));
	if (access(json, F_OK) != 0)
		return ACSR_OK;
	TRY(in_folder(&token, folder, "token", e));
	if (read_json(l, json, &has_ca, e) != ACSR_OK || file_get_secret(&l->token, token, e) != ACSR_OK ||
		(has_ca && in_folder(&l->ca_file, folder, "ca.pem", e) != ACSR_OK)) {
		login_free(l);
		return ACSR_FAIL;
	}
	return ACSR_OK;
}

/* mkdir -p with mode 0700 for what is made. */
static enum acsr_result make_folder(char *path, struct acsr_err *e)
{
	for (char *at = path + 1;; at++) {
		if (*at != '/' && *at != '\0')
			continue;
		char was = *at;

		*at = '\0';
		if (mkdir(path, 0700) != 0 && errno != EEXIST) {
			(void)err_errno(e, "sys.folder", errno, "cannot make the folder %s", path);
			*at = was;
			return ACSR_FAIL;
		}
		*at = was;
		if (was == '\0')
			return ACSR_OK;
	}
}

static enum acsr_result replace(
	const char *folder, const char *name, const void *p, size_t n, struct acsr_err *e)
{
	CLEANUP_STR char *path = NULL;
	CLEANUP_STR char *next = NULL;

	TRY(in_folder(&path, folder, name, e));
	TRY(str_printf(&next, e, "%s.new", path));
	TRY(file_put(next, p, n, 0600, true, e));
	if (rename(next, path) != 0)
		return err_errno(e, "sys.write", errno, "cannot replace %s", path);
	return ACSR_OK;
}

enum acsr_result login_save(const char *server, const char *token_id, const struct acsr_secret *token,
	const struct buf *ca, struct acsr_err *e)
{
	CLEANUP_STR char *folder = NULL;
	CLEANUP_STR char *text = NULL;
	json_t *o;

	TRY(login_folder(&folder, e));
	TRY(make_folder(folder, e));
	TRY(login_forget(e));
	if (ca != NULL)
		TRY(replace(folder, "ca.pem", ca->p, ca->len, e));
	TRY(replace(folder, "token", acsr_secret_bytes(token), acsr_secret_len(token), e));
	o = json_pack("{s:s, s:s?, s:b}", "server", server, "token_id", token_id, "ca_file", ca != NULL);
	text = o != NULL ? json_dumps(o, JSON_INDENT(2)) : NULL;
	json_decref(o);
	if (text == NULL)
		return err_nomem(e);
	return replace(folder, "login.json", text, strlen(text), e);
}

enum acsr_result login_forget(struct acsr_err *e)
{
	static const char *const names[] = { "login.json", "token", "ca.pem" };
	CLEANUP_STR char *folder = NULL;

	TRY(login_folder(&folder, e));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		CLEANUP_STR char *path = NULL;

		TRY(in_folder(&path, folder, names[i], e));
		if (unlink(path) != 0 && errno != ENOENT)
			return err_errno(e, "sys.write", errno, "cannot remove %s", path);
	}
	return ACSR_OK;
}
