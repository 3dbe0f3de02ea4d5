/* Reading executables by way of the processes that run them. */
#include "cli/forensic/programs.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/str.h"
#include "cli/command.h"
#include "cli/forensic/elffacts.h"
#include "cli/forensic/maps.h"

enum { PROGRAM_MAX = 64 * 1024 * 1024, PROGRAMS_MAX = 256 };

static bool is_known(const json_t *list, const char *path)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		if (strcmp(json_string_value(json_object_get(json_array_get(list, i), "path")), path) == 0)
			return true;
	return json_array_size(list) >= PROGRAMS_MAX;
}

static enum acsr_result put_facts(json_t *o, const struct buf *file, struct acsr_err *e)
{
	struct elffacts f;
	struct acsr_err why = { 0 };
	unsigned char hash[32];
	char hex[65];
	size_t len = 0;

	if (EVP_Q_digest(NULL, "SHA256", NULL, file->p, file->len, hash, &len) != 1)
		return err_set(e, "sys.openssl", "OpenSSL does not hash");
	hex_encode(hash, sizeof(hash), hex);
	TRY(command_put_str(o, "sha256", hex, e));
	if (elffacts_read(&f, file->p, file->len, &why) != ACSR_OK)
		return command_put_str(o, "error", why.text, e);
	TRY(command_put(o, "program", json_boolean(f.executable), e));
	TRY(command_put(o, "pie", json_boolean(f.pie), e));
	TRY(command_put(o, "relro", json_boolean(f.relro), e));
	TRY(command_put(o, "bind_now", json_boolean(f.bind_now), e));
	return command_put(o, "nx_stack", json_boolean(f.nx_stack), e);
}

/* `through` is where it can be read, `path` what it is called. */
static enum acsr_result add(json_t *list, const char *through, const char *path, struct acsr_err *e)
{
	CLEANUP_BUF struct buf file = { 0 };
	struct acsr_err why = { 0 };
	json_t *o;

	if (is_known(list, path))
		return ACSR_OK;
	o = json_object();
	if (o == NULL || json_array_append_new(list, o) != 0)
		return err_nomem(e);
	TRY(command_put_str(o, "path", path, e));
	buf_init(&file, PROGRAM_MAX);
	if (buf_read_file(&file, through, &why) != ACSR_OK)
		return command_put_str(o, "error", why.text, e);
	return put_facts(o, &file, e);
}

/* Does the process's own environment tell the linker to bind everything at start? */
static bool told_to_bind(pid_t pid)
{
	static const char name[] = "LD_BIND_NOW=";
	CLEANUP_BUF struct buf env = { 0 };
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/environ", (int)pid);
	buf_init(&env, 256 * 1024);
	if (buf_read_file(&env, path, NULL) != ACSR_OK)
		return false;
	for (size_t at = 0; at < env.len; at += strnlen((const char *)env.p + at, env.len - at) + 1)
		if (env.len - at > sizeof(name) - 1 && memcmp(env.p + at, name, sizeof(name) - 1) == 0)
			return env.p[at + sizeof(name) - 1] != '\0';
	return false;
}

/* Of what the keymaker maps: libraries without the flag are bound at start too when it was told so. */
static enum acsr_result put_bound(json_t *list, size_t from, bool told, struct acsr_err *e)
{
	for (size_t i = from; i < json_array_size(list); i++) {
		json_t *o = json_array_get(list, i);

		if (json_object_get(o, "bind_now") != NULL)
			TRY(command_put(o, "told_to_bind_now", json_boolean(told), e));
	}
	return ACSR_OK;
}

/* Everything that the keymaker maps as code. map_files is the very file, even when another lies at its path now. */
static enum acsr_result add_mapped(json_t *list, const struct process *p, struct acsr_err *e)
{
	struct map *v = NULL;
	size_t n = 0, from = json_array_size(list);
	enum acsr_result r = ACSR_OK;

	if (maps_read(&v, &n, (int)p->pid, NULL) != ACSR_OK)
		return ACSR_OK;
	for (size_t i = 0; r == ACSR_OK && i < n; i++) {
		char through[96];

		snprintf(through, sizeof(through), "/proc/%d/map_files/%llx-%llx", (int)p->pid,
			(unsigned long long)v[i].from, (unsigned long long)v[i].to);
		if (v[i].executable && v[i].name[0] == '/')
			r = add(list, through, v[i].name, e);
	}
	free(v);
	return r == ACSR_OK ? put_bound(list, from, told_to_bind(p->pid), e) : ACSR_FAIL;
}

static enum acsr_result add_all(json_t *list, const struct processes *ps, struct acsr_err *e)
{
	for (size_t i = 0; i < ps->n; i++) {
		char through[64];

		snprintf(through, sizeof(through), "/proc/%d/exe", (int)ps->v[i].pid);
		if (ps->v[i].exe[0] == '\0')
			continue;
		TRY(add(list, through, ps->v[i].exe, e));
		if (strcmp(ps->v[i].name, "keymaker") == 0)
			TRY(add_mapped(list, &ps->v[i], e));
	}
	return ACSR_OK;
}

enum acsr_result programs_json(json_t **out, const struct processes *ps, struct acsr_err *e)
{
	json_t *list = json_array();

	if (list == NULL)
		return err_nomem(e);
	if (add_all(list, ps, e) != ACSR_OK) {
		json_decref(list);
		return ACSR_FAIL;
	}
	*out = list;
	return ACSR_OK;
}
