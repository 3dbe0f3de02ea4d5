/* The command tables: complete, without doubles, and every one with help that shows it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "cli/command.h"
#include "cli/help.h"

static void every_command_is_complete(void **state)
{
	const struct command *c;

	(void)state;
	for (size_t i = 0; (c = command_at(i)) != NULL; i++) {
		assert_non_null(c->run);
		assert_true(strlen(c->summary) > 5 && strlen(c->summary) < 60);
		assert_true(c->min_words <= c->max_words && c->max_words <= ARGS_WORDS);
		assert_int_equal(c->max_words > 0, c->words[0] != '\0');
		assert_ptr_equal(command_find(c->noun, c->verb), c);
	}
	assert_true(c == NULL);
}

/* No option twice within what one command takes, none that hides a common one. */
static void no_option_twice(void **state)
{
	const struct command *c;

	(void)state;
	for (size_t i = 0; (c = command_at(i)) != NULL; i++) {
		const struct opt *sets[] = { c->opts, c->service ? command_service : NULL, command_common };
		const char *seen[80];
		size_t n = 0;

		for (size_t s = 0; s < 3; s++)
			for (const struct opt *o = sets[s]; o != NULL && o->name != NULL; o++) {
				if (o->kind == OPT_HEAD)
					continue;
				for (size_t k = 0; k < n; k++)
					assert_string_not_equal(seen[k], o->name);
				assert_true(o->kind == OPT_FLAG || o->arg != NULL);
				seen[n++] = o->name;
			}
	}
}

static void nouns_and_verbs(void **state)
{
	(void)state;
	assert_true(command_is_noun("csr"));
	assert_true(command_is_noun("match"));
	assert_false(command_is_noun("new"));
	assert_null(command_find("csr", NULL));
	assert_null(command_find("csr", "revoke"));
	assert_non_null(command_find("match", NULL));
	assert_null(command_find("match", "x"));
}

static void help_shows_the_command_and_all_of_its_options(void **state)
{
	const struct command *c;

	(void)state;
	for (size_t i = 0; (c = command_at(i)) != NULL; i++) {
		char *text = NULL;
		size_t n = 0;
		FILE *f = open_memstream(&text, &n);

		assert_non_null(f);
		help_command(f, c);
		fclose(f);
		assert_non_null(strstr(text, c->summary));
		for (const struct opt *o = c->opts; o != NULL && o->name != NULL; o++) {
			char want[64];

			if (o->kind == OPT_HEAD)
				continue;
			snprintf(want, sizeof(want), "  --%s ", o->name);
			assert_non_null(strstr(text, want));
		}
		assert_int_equal(strstr(text, "--token-file") != NULL || !c->service, 1);
		free(text);
	}
}

static void results_take_what_is_not_utf8(void **state)
{
	json_t *o = json_object();
	struct acsr_err e;

	(void)state;
	assert_int_equal(command_put_str(o, "a", "x\xff", &e), ACSR_OK);
	assert_int_equal(command_put_str(o, "b", NULL, &e), ACSR_OK);
	assert_string_equal(json_string_value(json_object_get(o, "a")), "x\\xff");
	assert_true(json_is_null(json_object_get(o, "b")));
	assert_int_equal(command_put(o, "c", NULL, &e), ACSR_FAIL);
	json_decref(o);
}

static void answers_must_be_objects(void **state)
{
	struct cli c = { .result = json_object() };
	struct acsr_err e;

	(void)state;
	assert_int_equal(command_take(&c, json_array(), &e), ACSR_FAIL);
	assert_string_equal(e.id, "net.answer");
	assert_int_equal(command_take(&c, json_pack("{s:i}", "n", 1), &e), ACSR_OK);
	assert_int_equal(json_integer_value(json_object_get(c.result, "n")), 1);
	json_decref(c.result);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_command_is_complete),
		cmocka_unit_test(no_option_twice),
		cmocka_unit_test(nouns_and_verbs),
		cmocka_unit_test(help_shows_the_command_and_all_of_its_options),
		cmocka_unit_test(results_take_what_is_not_utf8),
		cmocka_unit_test(answers_must_be_objects),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
