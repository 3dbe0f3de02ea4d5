/* Finding commands in their lists; the options that all of them share. */
#include "cli/command.h"

#include <string.h>

#include "base/str.h"
#include "cli/say.h"

const struct opt command_common[] = {
	{ "json", OPT_FLAG, NULL, "one JSON document on standard output" },
	{ "help", OPT_FLAG, NULL, "this text" },
	{ 0 },
};

const struct opt command_service[] = {
	{ "server", OPT_ONE, "URL",
		"the service, https://ca.example.com (or AUTOCSR_SERVER, or autocsr login)" },
	{ "token-file", OPT_ONE, "FILE", "file with an API token (or AUTOCSR_TOKEN, or autocsr login)" },
	{ "ca-file", OPT_ONE, "FILE",
		"PEM roots to trust for the service instead of the system's (or AUTOCSR_CA_FILE)" },
	{ 0 },
};

const struct command *command_at(size_t i)
{
	const struct command *const *c;

	for (c = command_toolkit; *c != NULL; c++)
		if (i-- == 0)
			return *c;
	for (c = command_online; *c != NULL; c++)
		if (i-- == 0)
			return *c;
	return NULL;
}

const struct command *command_find(const char *noun, const char *verb)
{
	const struct command *c;

	for (size_t i = 0; (c = command_at(i)) != NULL; i++) {
		if (strcmp(c->noun, noun) != 0)
			continue;
		if (c->verb == NULL ? verb == NULL : verb != NULL && strcmp(c->verb, verb) == 0)
			return c;
	}
	return NULL;
}

bool command_is_noun(const char *noun)
{
	const struct command *c;

	for (size_t i = 0; (c = command_at(i)) != NULL; i++)
		if (strcmp(c->noun, noun) == 0)
			return true;
	return false;
}

enum acsr_result command_put(json_t *o, const char *key, json_t *value, struct acsr_err *e)
{
	if (value == NULL || json_object_set_new(o, key, value) != 0)
		return err_nomem(e);
	return ACSR_OK;
}

enum acsr_result command_put_str(json_t *o, const char *key, const char *value, struct acsr_err *e)
{
	CLEANUP_STR char *safe = NULL;

	if (value == NULL)
		return command_put(o, key, json_null(), e);
	if (str_is_utf8(value, strlen(value)))
		return command_put(o, key, json_string(value), e);
	safe = say_safe(value);
	return command_put(o, key, json_string(safe), e);
}

enum acsr_result command_say(struct cli *c, struct acsr_err *e)
{
	enum acsr_result r = say_result(c, e);

	c->said = c->streamed = true;
	if (r != ACSR_OK && err_is(e, "sys.write"))
		return err_set(e, "sys.write", "cannot write to standard output, so no file was made");
	return r;
}

enum acsr_result command_take(struct cli *c, json_t *answer, struct acsr_err *e)
{
	int bad = json_is_object(answer) ? json_object_update(c->result, answer) : 1;

	json_decref(answer);
	return bad == 0 ? ACSR_OK
			: err_set(e, "net.answer", "the service's answer is not what was asked for");
}
