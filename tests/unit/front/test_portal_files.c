/* The portal's files: types, tags, hashed names, and what is left out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "front/portal_files.h"

static char dir[64];
static struct portal_files files;

static void put(const char *name, const char *text)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static int setup(void **state)
{
	char sub[80];

	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/autocsr-portal-XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(sub, sizeof(sub), "%s/img", dir);
	mkdir(sub, 0755);
	put("index.html", "<!doctype html>");
	return 0;
}

static int teardown(void **state)
{
	char command[128];

	(void)state;
	portal_files_free(&files);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

static void load(void)
{
	struct acsr_err e;

	if (portal_files_load(&files, dir, &e) != ACSR_OK)
		fail_msg("%s", e.text);
}

static void files_have_types_and_tags(void **state)
{
	const struct portal_file *f;

	(void)state;
	put("app-ABCDEFG7.js", "1");
	put("app-abcdefg7.css", "");
	put("img/logo.svg", "<svg/>");
	put(".hidden.js", "x");
	load();
	assert_int_equal(files.n, 4);
	f = portal_files_find(&files, "/");
	assert_non_null(f);
	assert_string_equal(f->type, "text/html; charset=utf-8");
	assert_false(f->immutable);
	/* the first 16 bytes of sha256("<!doctype html>") */
	assert_int_equal(strlen(f->etag), 34);
	f = portal_files_find(&files, "/app-ABCDEFG7.js");
	assert_true(f->immutable);
	assert_string_equal(f->type, "text/javascript; charset=utf-8");
	assert_string_equal(f->etag, "\"6b86b273ff34fce19d6b804eff5a3f57\"");
	f = portal_files_find(&files, "/app-abcdefg7.css");
	assert_false(f->immutable);
	assert_int_equal(f->body.len, 0);
	assert_string_equal(portal_files_find(&files, "/img/logo.svg")->type, "image/svg+xml");
	assert_null(portal_files_find(&files, "/index.html"));
	assert_null(portal_files_find(&files, "/.hidden.js"));
	assert_null(portal_files_find(&files, "/img"));
	assert_null(portal_files_find(&files, "/img/../index.html"));
	assert_null(portal_files_find(&files, ""));
}

static void unknown_types_are_an_error(void **state)
{
	struct acsr_err e;

	(void)state;
	put("backup.tar", "x");
	assert_int_equal(portal_files_load(&files, dir, &e), ACSR_FAIL);
	assert_string_equal(e.id, "config.portal");
	assert_int_equal(files.n, 0);
}

static void a_missing_directory_is_an_error(void **state)
{
	struct acsr_err e;

	(void)state;
	assert_int_equal(portal_files_load(&files, "/nonexistent", &e), ACSR_FAIL);
	assert_string_equal(e.id, "config.portal");
}

static void etags_match(void **state)
{
	(void)state;
	assert_true(portal_etag_matches("\"a\"", "\"a\""));
	assert_true(portal_etag_matches("W/\"a\"", "\"a\""));
	assert_true(portal_etag_matches("\"b\", \"a\"", "\"a\""));
	assert_true(portal_etag_matches("\"b\",\"a\",\"c\"", "\"a\""));
	assert_true(portal_etag_matches("*", "\"a\""));
	assert_false(portal_etag_matches("", "\"a\""));
	assert_false(portal_etag_matches("\"ab\"", "\"a\""));
	assert_false(portal_etag_matches("a", "\"a\""));
	assert_false(portal_etag_matches("\"a\"b", "\"a\""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(files_have_types_and_tags, setup, teardown),
		cmocka_unit_test_setup_teardown(unknown_types_are_an_error, setup, teardown),
		cmocka_unit_test(a_missing_directory_is_an_error),
		cmocka_unit_test(etags_match),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
