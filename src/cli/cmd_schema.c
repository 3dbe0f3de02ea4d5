/* schema: the JSON schemas of what the commands print with --json. */
#include <string.h>

#include "cli/cmds.h"
#include "cli/say.h"
#include "cli/schemas.h"
#include "cli/view.h"

static enum acsr_result list(struct cli *c, struct acsr_err *e)
{
	json_t *all = json_array();

	TRY(command_put(c->result, "schemas", all, e));
	for (const struct schema_file *s = schema_files; s->name != NULL; s++)
		if (json_array_append_new(all, json_pack("{s:s, s:s}", "name", s->name, "title", s->title)) !=
			0)
			return err_nomem(e);
	return ACSR_OK;
}

static const struct schema_file *find(const char *name)
{
	for (const struct schema_file *s = schema_files; s->name != NULL; s++)
		if (strcmp(s->name, name) == 0)
			return s;
	return NULL;
}

static enum acsr_result cmd_schema_run(struct cli *c, struct acsr_err *e)
{
	const struct schema_file *s;
	json_t *doc;

	if (c->args.n_words == 0)
		return list(c, e);
	s = find(c->args.words[0]);
	if (s == NULL)
		return err_set(e, "usage.value", "there is no schema %.40s; autocsr schema lists them",
			c->args.words[0]);
	doc = json_loads((const char *)s->text, JSON_REJECT_DUPLICATES, NULL);
	if (doc == NULL || json_object_update_new(c->result, doc) != 0)
		return err_nomem(e);
	return buf_putstr(&c->raw, (const char *)s->text, e);
}

static void cmd_schema_show(struct cli *c, const json_t *result)
{
	const json_t *all = json_object_get(result, "schemas");

	(void)c;
	for (size_t i = 0; i < json_array_size(all); i++)
		say_field(
			view_str(json_array_get(all, i), "name"), view_str(json_array_get(all, i), "title"));
}

static const char schema_text[] = "JSON Schema (2020-12) of what the commands print with --json. Within a "
				  "major version members are only\n"
				  "added, never renamed, removed or given another meaning. The schemas refer "
				  "to each other by \"$id\".\n"
				  "\n"
				  "  autocsr schema\n"
				  "  autocsr schema csr >csr.json\n";

const struct command cmd_schema = { "schema", NULL, "[NAME]", 0, 1, "the JSON schemas of what --json prints",
	schema_text, NULL, .run = cmd_schema_run, .show = cmd_schema_show };
