/* INI by inih, checked against the table of keys. */
#include "config.h"

#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "ipc/anchor.h"

struct reading {
	struct conf *out;
	bool have_error; /* then inih's line number is that of `why` */
	struct acsr_err why;
};

static const char *find(const struct conf *c, const char *section, const char *name)
{
	char key[128];
	size_t n = (size_t)snprintf(key, sizeof(key), "%s.%s=", section, name);

	for (size_t i = 0; i < c->pairs.n; i++)
		if (strncmp(c->pairs.v[i], key, n) == 0)
			return c->pairs.v[i] + n;
	return NULL;
}

static enum acsr_result add(
	struct conf *c, const char *section, const char *name, const char *value, struct acsr_err *e)
{
	CLEANUP_STR char *pair = NULL;

	TRY(str_printf(&pair, e, "%s.%s=%s", section, name, value));
	return strv_add(&c->pairs, pair, e);
}

static enum acsr_result absolute(const char *value, char **out, struct acsr_err *e)
{
	char cwd[4096];

	if (*value == '\0' || *value == '/')
		return str_dup(out, value, e);
	if (getcwd(cwd, sizeof(cwd)) == NULL)
		return err_errno(e, "config.path", errno, "cannot tell the current directory");
	return str_printf(out, e, "%s/%s", cwd, str_starts(value, "./") ? value + 2 : value);
}

/* The known key that a misspelt one most resembles: same first letters. */
static const char *resembling(const char *section, const char *name)
{
	size_t best_len = 0;
	const char *best = NULL;

	for (const struct conf_key *k = conf_keys(); k->section != NULL; k++) {
		size_t n = 0;

		while (name[n] != '\0' && name[n] == k->name[n])
			n++;
		if (strcmp(k->section, section) == 0 && n > best_len) {
			best_len = n;
			best = k->name;
		}
	}
	return best;
}

static enum acsr_result unknown(const char *section, const char *name, struct acsr_err *e)
{
	const char *near = resembling(section, name);

	if (near != NULL)
		return err_set(e, "config.unknown-key", "there is no key \"%s\" in [%s]; is \"%s\" meant?",
			name, section, near);
	return err_set(e, "config.unknown-key", "there is no key \"%s\" in [%s]; see autocsrd.conf(5)", name,
		section);
}

/* What the type alone does not say, so that the error can name the line. */
static enum acsr_result check_meaning(
	const char *section, const char *name, const char *value, struct acsr_err *e)
{
	size_t n = strlen(name);
	long port = n > 5 && strcmp(name + n - 5, "_port") == 0 ? strtol(value, NULL, 10) : 1;

	if (port < 1 || port > 65535)
		return err_set(e, "config.value", "%s is a port: write a number from 1 to 65535", name);
	if (strcmp(section, "mail") == 0 && strcmp(name, "smtp") == 0 && *value != '\0' &&
		!str_starts(value, "smtp://") && !str_starts(value, "smtps://"))
		return err_set(e, "config.value", "smtp is smtp://HOST:PORT or smtps://HOST:PORT");
	return ACSR_OK;
}

static enum acsr_result take(
	struct reading *r, const char *section, const char *name, const char *value, struct acsr_err *e)
{
	const struct conf_key *k = conf_key_find(section, name);
	CLEANUP_STR char *path = NULL;

	if (k == NULL)
		return unknown(section, name, e);
	if (find(r->out, section, name) != NULL)
		return err_set(e, "config.repeated", "%s stands twice in [%s]; remove one", name, section);
	TRY(conf_check(k, value, e));
	TRY(check_meaning(section, name, value, e));
	if (k->type != CONF_PATH)
		return add(r->out, section, name, value, e);
	TRY(absolute(value, &path, e));
	return add(r->out, section, name, path, e);
}

static int on_pair(void *user, const char *section, const char *name, const char *value)
{
	struct reading *r = user;

	if (r->have_error)
		return 0;
	r->have_error = take(r, section, name, value, &r->why) != ACSR_OK;
	return !r->have_error;
}

static enum acsr_result fill_presets(struct conf *c, struct acsr_err *e)
{
	for (const struct conf_key *k = conf_keys(); k->section != NULL; k++) {
		CLEANUP_STR char *path = NULL;
		char preset[256];

		if (find(c, k->section, k->name) != NULL)
			continue;
		conf_preset(k, preset);
		if (k->type == CONF_PATH)
			TRY(absolute(preset, &path, e));
		TRY(add(c, k->section, k->name, path != NULL ? path : preset, e));
	}
	return ACSR_OK;
}

static enum acsr_result replace(
	struct conf *c, const char *section, const char *name, const char *value, struct acsr_err *e)
{
	CLEANUP_STR char *pair = NULL;
	char key[128];
	size_t n = (size_t)snprintf(key, sizeof(key), "%s.%s=", section, name);

	TRY(str_printf(&pair, e, "%s%s", key, value));
	for (size_t i = 0; i < c->pairs.n; i++) {
		if (strncmp(c->pairs.v[i], key, n) != 0)
			continue;
		free(c->pairs.v[i]);
		c->pairs.v[i] = pair;
		pair = NULL;
		break;
	}
	return ACSR_OK;
}

/* https:// with the port left out when it is 443. */
static enum acsr_result url_of(
	const char *scheme, const char *usual_port, const char *listen, char **out, struct acsr_err *e)
{
	const char *port = strrchr(listen, ':');

	if (port != NULL && strcmp(port + 1, usual_port) == 0)
		return str_printf(out, e, "%s://%.*s", scheme, (int)(port - listen), listen);
	return str_printf(out, e, "%s://%s", scheme, listen);
}

static enum acsr_result derive(struct conf *c, struct acsr_err *e)
{
	const char *http = conf_str(c, "server.http_listen");

	if (*conf_str(c, "server.public_url") == '\0') {
		CLEANUP_STR char *url = NULL;

		TRY(url_of("https", "443", conf_str(c, "server.listen"), &url, e));
		TRY(replace(c, "server", "public_url", url, e));
	}
	if (*conf_str(c, "ca.base_url") == '\0') {
		CLEANUP_STR char *url = NULL;

		if (*http != '\0')
			TRY(url_of("http", "80", http, &url, e));
		TRY(replace(c, "ca", "base_url", url != NULL ? url : conf_str(c, "server.public_url"), e));
	}
	return ACSR_OK;
}

/* The file is made at the first start, its folder is not: a disk that is not mounted must not be written beside. */
static enum acsr_result check_code_store(const char *path, const struct conf *c, struct acsr_err *e)
{
	const char *file = conf_str(c, "database.code_store");
	CLEANUP_STR char *folder = NULL;
	struct stat st;

	if (*file == '\0' && strcmp(conf_str(c, "database.code_store_state"), "used") != 0)
		return err_set(e, "config.together",
			"%s: [database] code_store_state and code_store belong together; name the file",
			path);
	if (*file == '\0')
		return ACSR_OK;
	TRY(str_printf(&folder, e, "%.*s", (int)(strrchr(file, '/') - file + 1), file));
	if (stat(folder, &st) == 0 && S_ISDIR(st.st_mode))
		return ACSR_OK;
	return err_set(e, "config.value",
		"%s: [database] code_store: there is no folder %s; make it, or mount its disk", path, folder);
}

/* core sees no folder but its own, and SQLite makes more files beside the one that is named. */
static enum acsr_result check_database(const char *path, const struct conf *c, struct acsr_err *e)
{
	const char *url = conf_str(c, "database.url");

	if (!str_starts(url, "sqlite:")) /* an unknown kind of database has words of its own */
		return ACSR_OK;
	if (url[7] != '\0' && strchr(url, '/') == NULL && strcmp(url + 7, ".") != 0 &&
		strcmp(url + 7, "..") != 0)
		return ACSR_OK;
	return err_set(e, "config.value",
		"%s: [database] url = %s: name a file without a folder, such as sqlite:autocsr.db; it is "
		"kept in "
		"%s/core, and another disk is mounted there",
		path, url, conf_str(c, "server.state"));
}

/* The prober could only end at a bad one, and end again when it is started anew. The packaged one is its own matter. */
static enum acsr_result check_anchor(const char *path, const struct conf *c, struct acsr_err *e)
{
	const char *file = conf_str(c, "validation.trust_anchor_file");
	struct acsr_err why;

	if (*file == '\0' || anchor_check(file, &why) == ACSR_OK)
		return ACSR_OK;
	return err_set(e, why.id, "%s: %s", path, why.text);
}

/* Rules between keys, and the files that they name. */
static enum acsr_result check_together(const char *path, const struct conf *c, struct acsr_err *e)
{
	bool cert = *conf_str(c, "server.tls_certificate") != '\0',
	     key = *conf_str(c, "server.tls_key") != '\0';

	if (cert != key)
		return err_set(e, "config.together",
			"%s: [server] tls_certificate and tls_key belong together; set both or none", path);
	if (*conf_str(c, "mail.smtp") != '\0' && *conf_str(c, "mail.from") == '\0')
		return err_set(e, "config.together",
			"%s: [mail] smtp is set, so set the sender address, from, too", path);
	TRY(check_database(path, c, e));
	TRY(check_code_store(path, c, e));
	TRY(check_anchor(path, c, e));
	return config_check_publish(path, c, e);
}

static enum acsr_result read_file(const char *path, struct conf *out, struct acsr_err *e)
{
	struct reading r = { .out = out };
	CLEANUP_BUF struct buf text = { 0 };
	int line;

	buf_init(&text, 1024 * 1024);
	TRY(buf_read_file(&text, path, e));
	if (memchr(text.p != NULL ? (const char *)text.p : "", 0, text.len) != NULL)
		return err_set(e, "config.syntax", "%s: has a zero byte; is it a text file?", path);
	line = ini_parse_string(buf_cstr(&text), on_pair, &r);
	if (r.have_error)
		return err_set(e, r.why.id, "%s:%d: %s", path, line, r.why.text);
	if (line != 0)
		return err_set(e, "config.syntax", "%s:%d: neither [section] nor key = value", path, line);
	return ACSR_OK;
}

enum acsr_result config_read(const char *path, struct conf *out, struct acsr_err *e)
{
	struct conf c = { 0 };

	if (read_file(path, &c, e) != ACSR_OK || fill_presets(&c, e) != ACSR_OK || derive(&c, e) != ACSR_OK ||
		check_together(path, &c, e) != ACSR_OK) {
		strv_free(&c.pairs);
		return ACSR_FAIL;
	}
	*out = c;
	return ACSR_OK;
}

enum acsr_result config_for_role(const struct conf *all, enum role role, struct strv *out, struct acsr_err *e)
{
	for (const struct conf_key *k = conf_keys(); k->section != NULL; k++) {
		CLEANUP_STR char *pair = NULL;

		if ((k->roles & (1u << role)) == 0)
			continue;
		TRY(str_printf(&pair, e, "%s.%s=%s", k->section, k->name, find(all, k->section, k->name)));
		TRY(strv_add(out, pair, e));
	}
	return ACSR_OK;
}

/* FNV-1a */
static uint64_t mark_of(const char *value)
{
	uint64_t h = 0xcbf29ce484222325u;

	for (; *value != '\0'; value++)
		h = (h ^ (uint8_t)*value) * 0x100000001b3u;
	return h;
}

enum acsr_result config_marks(const struct conf *all, struct strv *out, struct acsr_err *e)
{
	for (const struct conf_key *k = conf_keys(); k->section != NULL; k++) {
		CLEANUP_STR char *mark = NULL;

		TRY(str_printf(&mark, e, "%s.%s=%016llx", k->section, k->name,
			(unsigned long long)mark_of(find(all, k->section, k->name))));
		TRY(strv_add(out, mark, e));
	}
	return ACSR_OK;
}
