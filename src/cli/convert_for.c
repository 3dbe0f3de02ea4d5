/* cert convert --for: the files that one server wants, checked, written together, and the lines that name
 * them. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "autocsr/bundle.h"
#include "autocsr/cert.h"
#include "base/secret.h"
#include "base/str.h"
#include "cli/convert.h"
#include "cli/say.h"

/* What the files begin with when nobody says: the certificate's first name. */
static enum acsr_result name_of(const struct convert *v, char **out, struct acsr_err *e)
{
	struct acsr_cert_view *view = NULL;
	const char *name = "server";
	enum acsr_result r;

	TRY(acsr_cert_parse(&view, v->chain.v[0].p, v->chain.v[0].len, e));
	for (size_t i = view->sans.n; i > 0; i--)
		if (view->sans.v[i - 1].type == ACSR_SAN_DNS)
			name = view->sans.v[i - 1].value;
	if (str_starts(name, "*."))
		r = str_printf(out, e, "wildcard.%s", name + 2);
	else
		r = str_dup(out, name, e);
	acsr_cert_view_free(view);
	TRY(r);
	if ((*out)[0] == '.' || (*out)[0] == '-' ||
		(*out)[strspn(*out, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_")] !=
			'\0')
		return err_set(e, "usage.value",
			"the certificate's name is not fit for a file name: give --out PREFIX");
	return ACSR_OK;
}

/* The path as a configuration needs it: from the root on. The directory exists. */
static enum acsr_result absolute(char **out, const char *path, struct acsr_err *e)
{
	const char *slash = strrchr(path, '/');
	CLEANUP_STR char *dir = slash != NULL ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
	CLEANUP_STR char *real = dir != NULL ? realpath(dir, NULL) : NULL;

	if (real == NULL)
		return err_set(e, "input.path", "there is no directory for %s", path);
	return str_printf(
		out, e, "%s/%s", strcmp(real, "/") == 0 ? "" : real, slash != NULL ? slash + 1 : path);
}

static enum acsr_result put_fullchain(const struct convert *v, struct buf *b, struct acsr_err *e)
{
	ACSR_CLEANUP_BLOB struct acsr_blob pem = { NULL, 0 };

	TRY(acsr_bundle(ACSR_FORMAT_FULLCHAIN, &v->chain.v[0], v->chain.v + 1, v->chain.n - 1, &pem, e));
	return buf_put(b, pem.p, pem.len, e);
}

/* Fullchain and key in one file: joined in memory that is wiped. */
static enum acsr_result write_part(struct convert *v, struct file_set *set, const char *path,
	const struct acsr_server_file *f, struct acsr_err *e)
{
	CLEANUP_BUF struct buf chain = { 0 };
	CLEANUP_SECRET struct acsr_secret *key = NULL, *both = NULL;
	bool key_first = f->part == ACSR_PART_KEY_CHAIN;
	uint8_t *p;

	buf_init(&chain, ACSR_INPUT_MAX);
	if (f->part != ACSR_PART_KEY)
		TRY(put_fullchain(v, &chain, e));
	if (f->part == ACSR_PART_FULLCHAIN)
		return file_set_write(set, path, chain.p, chain.len, e);
	TRY(acsr_key_pkcs8_pem(v->key, &key, e));
	if (f->part == ACSR_PART_KEY)
		return file_set_write(set, path, acsr_secret_bytes(key), acsr_secret_len(key), e);
	TRY(secret_zeroed(&both, chain.len + acsr_secret_len(key), e));
	p = secret_data(both);
	memcpy(p + (key_first ? acsr_secret_len(key) : 0), chain.p, chain.len);
	memcpy(p + (key_first ? 0 : chain.len), acsr_secret_bytes(key), acsr_secret_len(key));
	return file_set_write(set, path, p, acsr_secret_len(both), e);
}

static enum acsr_result write_file(struct convert *v, const struct acsr_server *s, struct file_set *set,
	const char *path, const struct acsr_server_file *f, struct acsr_err *e)
{
	ACSR_CLEANUP_BLOB struct acsr_blob der = { NULL, 0 };

	if (f->part != ACSR_PART_PKCS12)
		return write_part(v, set, path, f, e);
	TRY(convert_pkcs12(v, s->alias, &der, e));
	return file_set_write(set, path, der.p, der.len, e);
}

static enum acsr_result put_lines(json_t *result, char *text, struct acsr_err *e)
{
	json_t *lines = json_array();
	char *line;

	TRY(command_put(result, "configuration", lines, e));
	while ((line = strsep(&text, "\n")) != NULL)
		if ((*line != '\0' || text != NULL) && json_array_append_new(lines, json_string(line)) != 0)
			return err_nomem(e);
	return ACSR_OK;
}

static enum acsr_result put_config(
	json_t *result, const struct acsr_server *s, char *const path[2], struct acsr_err *e)
{
	CLEANUP_BUF struct buf b = { 0 };

	buf_init(&b, 64 * 1024);
	for (const char *p = s->config; *p != '\0'; p++) {
		if (p[0] == '%' && (p[1] == '1' || p[1] == '2')) {
			TRY(buf_putstr(&b, path[p[1] - '1'], e));
			p++;
		} else {
			TRY(buf_put(&b, p, 1, e));
		}
	}
	return put_lines(result, (char *)(uintptr_t)buf_cstr(&b), e);
}

static const char *holds(enum acsr_server_part part)
{
	static const char *const texts[] = { "", "certificate and intermediates", "private key",
		"certificate, intermediates and private key", "private key, certificate and intermediates",
		"private key, certificate and intermediates (PKCS#12)" };

	return texts[part];
}

static enum acsr_result put_files(
	json_t *result, const struct acsr_server *s, char *const path[2], struct acsr_err *e)
{
	json_t *list = json_array();

	TRY(command_put(result, "files", list, e));
	for (size_t i = 0; i < 2 && s->files[i].part != 0; i++) {
		json_t *o = json_object();

		if (o == NULL || json_array_append_new(list, o) != 0)
			return err_nomem(e);
		TRY(command_put_str(o, "file", path[i], e));
		TRY(command_put_str(o, "holds", holds(s->files[i].part), e));
		TRY(command_put_str(o, "mode", acsr_server_secret(&s->files[i]) ? "0600" : "0644", e));
	}
	return ACSR_OK;
}

/* What a server's clients would stumble over. */
static enum acsr_result put_notes(
	const struct convert *v, const struct acsr_server *s, json_t *result, struct acsr_err *e)
{
	struct acsr_cert_view *leaf = NULL;
	json_t *notes = json_array();
	bool alone;

	TRY(command_put(result, "notes", notes, e));
	if (s->note != NULL)
		json_array_append_new(notes, json_string(s->note));
	TRY(acsr_cert_parse(&leaf, v->chain.v[0].p, v->chain.v[0].len, e));
	alone = v->chain.n == 1 && !leaf->self_issued;
	acsr_cert_view_free(leaf);
	if (alone)
		json_array_append_new(
			notes, json_string("no intermediate certificate was given: unless a root issued this "
					   "certificate "
					   "itself, clients will not find the way to it; add --chain FILE"));
	return ACSR_OK;
}

static enum acsr_result write_all(
	struct convert *v, const struct acsr_server *s, char *const path[2], struct acsr_err *e)
{
	for (size_t i = 0; i < 2 && s->files[i].part != 0; i++)
		TRY(file_set_plan(&v->files, path[i], acsr_server_secret(&s->files[i]) ? 0600 : 0644, e));
	for (size_t i = 0; i < 2 && s->files[i].part != 0; i++)
		TRY(write_file(v, s, &v->files, path[i], &s->files[i], e));
	return file_set_commit(&v->files, e);
}

static enum acsr_result deliver(struct convert *v, const struct acsr_server *s, const char *prefix,
	json_t *result, char *path[2], struct acsr_err *e)
{
	size_t n = strlen(prefix);

	/* who says --out www.pem means www.pem, not www.pem.pem */
	for (size_t i = 0; i < 2 && s->files[i].part != 0; i++)
		if (n > strlen(s->files[i].suffix) && str_ends(prefix, s->files[i].suffix))
			n = strlen(prefix) - strlen(s->files[i].suffix);
	for (size_t i = 0; i < 2 && s->files[i].part != 0; i++) {
		CLEANUP_STR char *name = NULL;

		TRY(str_printf(&name, e, "%.*s%s", (int)n, prefix, s->files[i].suffix));
		TRY(absolute(&path[i], name, e));
	}
	TRY(write_all(v, s, path, e));
	TRY(command_put_str(result, "server", s->name, e));
	TRY(put_files(result, s, path, e));
	TRY(put_config(result, s, path, e));
	return put_notes(v, s, result, e);
}

enum acsr_result convert_for(
	struct convert *v, const struct acsr_server *s, json_t *result, struct acsr_err *e)
{
	CLEANUP_STR char *made_up = NULL;
	const char *prefix = args_one(v->a, "out");
	char *path[2] = { NULL, NULL };
	enum acsr_result r;

	if (v->chain.n == 0)
		return err_set(e, "input.no-certificate", "there is no certificate for %s", s->title);
	if (v->key == NULL)
		return err_set(e, "usage.key", "%s needs the private key too: --key FILE", s->title);
	if (prefix == NULL) {
		TRY(name_of(v, &made_up, e));
		prefix = made_up;
	}
	r = deliver(v, s, prefix, result, path, e);
	free(path[0]);
	free(path[1]);
	return r;
}
