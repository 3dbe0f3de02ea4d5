/* Policies as documents: found by name, read within limits, with the ones that they build upon. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "pki/policy_data.h"
#include "policy_int.h"

#define POLICY_MAX (64 * 1024)
#define MAX_DEPTH 8

/* Where names are looked for. */
struct search {
	const char *const *dirs;
	bool files; /* may files be read at all? */
};

static enum acsr_result parse(
	json_t **out, const char *text, size_t len, const char *from, struct acsr_err *e)
{
	json_error_t bad;
	json_t *doc;

	errno = 0; /* jansson calls a text bad that it has no memory for */
	doc = json_loadb(text, len, JSON_REJECT_DUPLICATES, &bad);
	if (doc == NULL && errno == ENOMEM)
		return err_nomem(e);
	if (json_is_object(doc)) {
		if (json_object_set_new(doc, POLICY_FROM, json_string(from)) == 0) {
			*out = doc;
			return ACSR_OK;
		}
		json_decref(doc);
		return err_nomem(e);
	}
	(void)err_set(e, "input.policy", "%s is not a policy: %s (line %d)", from,
		doc == NULL ? bad.text : "not a JSON object", doc == NULL ? bad.line : 1);
	json_decref(doc);
	return ACSR_FAIL;
}

static enum acsr_result parse_file(json_t **out, const char *path, struct acsr_err *e)
{
	CLEANUP_BUF struct buf b = { 0 };

	buf_init(&b, POLICY_MAX);
	TRY(buf_read_file(&b, path, e));
	return parse(out, (const char *)b.p, b.len, path, e);
}

static bool parse_inside(json_t **out, const char *name, enum acsr_result *r, struct acsr_err *e)
{
	if (strcmp(name, "public") == 0)
		*r = parse(out, (const char *)policy_public_json, policy_public_json_len, name, e);
	else if (strcmp(name, "private") == 0)
		*r = parse(out, (const char *)policy_private_json, policy_private_json_len, name, e);
	else
		return false;
	return true;
}

/* Is it DIR/NAME.json in one of the directories, and not the file `from` itself? *path is the caller's. */
static enum acsr_result find_in_dirs(
	char **path, const char *name, const char *const *dirs, const char *from, struct acsr_err *e)
{
	for (size_t i = 0; dirs != NULL && dirs[i] != NULL; i++) {
		CLEANUP_STR char *candidate = NULL;

		TRY(str_printf(&candidate, e, "%s/%s.json", dirs[i], name));
		if (strcmp(candidate, from) == 0 || access(candidate, R_OK) != 0)
			continue;
		*path = candidate;
		candidate = NULL;
		return ACSR_OK;
	}
	return ACSR_OK;
}

/* `from`: the file that builds upon it, or "": an installed private.json builds upon the one inside the
 * library, not upon itself. */
static enum acsr_result load_one(
	json_t **out, const char *name, const struct search *where, const char *from, struct acsr_err *e)
{
	CLEANUP_STR char *path = NULL;
	enum acsr_result r;

	if (where->files && (strchr(name, '/') != NULL || str_ends(name, ".json")))
		return parse_file(out, name, e);
	TRY(find_in_dirs(&path, name, where->dirs, from, e));
	if (path != NULL)
		return parse_file(out, path, e);
	if (parse_inside(out, name, &r, e))
		return r;
	if (where->files)
		return parse_file(out, name, e);
	return err_rule(e, "input.policy", "base", NULL, "there is no policy \"%.60s\"", name);
}

/* The "base" of a document: a path is relative to the document's own folder. *out is the caller's. */
static enum acsr_result base_of(char **out, const json_t *doc, struct acsr_err *e)
{
	const json_t *base = json_object_get(doc, "base");
	const char *name = json_string_value(base),
		   *from = json_string_value(json_object_get(doc, POLICY_FROM));
	const char *slash = strrchr(from, '/');

	if (base == NULL)
		return strcmp(from, "public") == 0 || strcmp(from, "private") == 0
			       ? ACSR_OK
			       : str_dup(out, "private", e);
	if (name == NULL || *name == '\0')
		return err_rule(e, "input.policy", "base", NULL,
			"%s: \"base\" is \"public\", \"private\" or another policy", from);
	if (slash == NULL || name[0] == '/' || (strchr(name, '/') == NULL && !str_ends(name, ".json")))
		return str_dup(out, name, e);
	return str_printf(out, e, "%.*s/%s", (int)(slash - from), from, name);
}

/* Put `doc` (taken over) and all that it builds upon in front of the layers. */
static enum acsr_result add_layers(
	json_t *layers, json_t *doc, const struct search *where, struct acsr_err *e)
{
	for (unsigned depth = 0;; depth++) {
		CLEANUP_STR char *base = NULL;

		if (json_array_insert_new(layers, 0, doc) != 0)
			return err_nomem(e);
		if (depth == MAX_DEPTH)
			return err_rule(e, "input.policy", "base", NULL,
				"more than %d policies build upon each other", MAX_DEPTH);
		TRY(base_of(&base, doc, e));
		if (base == NULL)
			return ACSR_OK;
		TRY(load_one(&doc, base, where, json_string_value(json_object_get(doc, POLICY_FROM)), e));
	}
}

static enum acsr_result collect(json_t **out, json_t *doc, const struct search *where, struct acsr_err *e)
{
	json_t *layers = json_array();

	if (layers == NULL) {
		json_decref(doc);
		return err_nomem(e);
	}
	if (add_layers(layers, doc, where, e) != ACSR_OK) {
		json_decref(layers);
		return ACSR_FAIL;
	}
	*out = layers;
	return ACSR_OK;
}

enum acsr_result policy_layers(json_t **out, const char *name, const char *const *dirs, struct acsr_err *e)
{
	const struct search where = { dirs, true };
	json_t *doc;

	TRY(load_one(&doc, name, &where, "", e));
	return collect(out, doc, &where, e);
}

enum acsr_result policy_layers_from(json_t **out, const char *json, size_t len, struct acsr_err *e)
{
	const struct search where = { NULL, false };
	json_t *doc;

	if (len > POLICY_MAX)
		return err_rule(e, "input.policy", NULL, NULL, "a policy has at most %d bytes", POLICY_MAX);
	TRY(parse(&doc, json, len, "the policy", e));
	return collect(out, doc, &where, e);
}
