/* The configuration file: every mistake is told with file, line and remedy; what each role may see. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "config.h"

static char path[64];

static enum acsr_result read_text(const char *text, struct conf *out, struct acsr_err *e)
{
	int fd;
	enum acsr_result r;

	snprintf(path, sizeof(path), "/tmp/autocsr-conf-XXXXXX");
	fd = mkstemp(path);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	r = config_read(path, out, e);
	unlink(path);
	return r;
}

/* Refused in this line, with these words. */
static void assert_refused(const char *text, int line, const char *words)
{
	struct conf c = { 0 };
	struct acsr_err e;
	char start[96];

	assert_int_equal(read_text(text, &c, &e), ACSR_FAIL);
	snprintf(start, sizeof(start), "%s:%d: ", path, line);
	if (strncmp(e.text, start, strlen(start)) != 0 || strstr(e.text, words) == NULL)
		fail_msg("%s", e.text);
	assert_memory_equal(e.id, "config.", 7);
	strv_free(&c.pairs);
}

static void mistakes(void **state)
{
	(void)state;
	assert_refused("[server]\nlisen = 127.0.0.1:1\n", 2, "listen");
	assert_refused("[server]\n\n\nnonsense = 1\n", 4, "nonsense");
	assert_refused("[nonsense]\na = 1\n", 2, "nonsense");
	assert_refused("[server]\nlisten = nowhere\n", 2, "HOST:PORT");
	assert_refused("[server]\nlisten = 127.0.0.1:1\nlisten = 127.0.0.1:2\n", 3, "twice");
	assert_refused("[validation]\nhttp_port = 0\n", 2, "65535");
	assert_refused("[validation]\nhttp_port = 65536\n", 2, "65535");
	assert_refused("[mail]\nsmtp = http://x\n", 2, "smtp://");
	assert_refused("[server]\nwhat is this\n", 2, "key = value");
}

static void together(void **state)
{
	struct conf c = { 0 };
	struct acsr_err e;

	(void)state;
	assert_int_equal(read_text("[server]\ntls_key = /k\n", &c, &e), ACSR_FAIL);
	assert_string_equal(e.id, "config.together");
	strv_free(&c.pairs);
	assert_int_equal(read_text("[mail]\nsmtp = smtp://127.0.0.1:25\n", &c, &e), ACSR_FAIL);
	assert_string_equal(e.id, "config.together");
	strv_free(&c.pairs);
}

/* core's sandbox would keep SQLite out, with words that help nobody. */
static void the_database_is_a_name_and_no_path(void **state)
{
	static const char *const refused[] = { "sqlite:/srv/other/a.db", "sqlite:../a.db", "sqlite:sub/a.db",
		"sqlite:", "sqlite:.", "sqlite:.." };
	struct conf c = { 0 };
	struct acsr_err e;
	char text[100];

	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		snprintf(text, sizeof(text), "[database]\nurl = %s\n", refused[i]);
		assert_int_equal(read_text(text, &c, &e), ACSR_FAIL);
		assert_string_equal(e.id, "config.value");
		assert_non_null(strstr(e.text, "without a folder"));
		strv_free(&c.pairs);
	}
	assert_int_equal(read_text("[database]\nurl = sqlite:other.db\n", &c, &e), ACSR_OK);
	strv_free(&c.pairs);
}

static void defaults_and_what_derives_from_others(void **state)
{
	struct conf c = { 0 };
	struct acsr_err e;

	(void)state;
	assert_int_equal(
		read_text("[server]\nlisten = 127.0.0.1:9443 ; here\nhttp_listen = 127.0.0.1:80\n", &c, &e),
		ACSR_OK);
	assert_string_equal(conf_str(&c, "server.listen"), "127.0.0.1:9443");
	assert_string_equal(conf_str(&c, "server.public_url"), "https://127.0.0.1:9443");
	assert_string_equal(conf_str(&c, "ca.base_url"), "http://127.0.0.1");
	assert_int_equal(conf_span(&c, "orders.archive_window"), 900);
	assert_int_equal(conf_str(&c, "server.state")[0], '/');
	strv_free(&c.pairs);
}

static void an_empty_file_is_enough(void **state)
{
	struct conf c = { 0 };
	struct acsr_err e;

	(void)state;
	assert_int_equal(read_text("", &c, &e), ACSR_OK);
	assert_string_equal(conf_str(&c, "server.public_url"), "https://127.0.0.1:8443");
	strv_free(&c.pairs);
}

static bool sees(const struct conf *c, enum role role, const char *key)
{
	CLEANUP_STRV struct strv keys = { 0 };

	assert_int_equal(config_for_role(c, role, &keys, NULL), ACSR_OK);
	for (size_t i = 0; i < keys.n; i++)
		if (strncmp(keys.v[i], key, strlen(key)) == 0)
			return true;
	return false;
}

/* Who needs a secret gets its place, and nobody else. */
static void roles_see_only_what_is_theirs(void **state)
{
	struct conf c = { 0 };

	(void)state;
	assert_int_equal(read_text("", &c, NULL), ACSR_OK);
	assert_true(sees(&c, ROLE_COURIER, "mail.password_file="));
	assert_true(sees(&c, ROLE_CORE, "secrets.kek_file="));
	for (int role = ROLE_FRONT; role < ROLE_COUNT; role++) {
		assert_int_equal(sees(&c, (enum role)role, "mail.password_file="), role == ROLE_COURIER);
		assert_int_equal(sees(&c, (enum role)role, "secrets.kek_file="), role == ROLE_CORE);
		assert_int_equal(sees(&c, (enum role)role, "database.url="), role == ROLE_CORE);
		assert_int_equal(sees(&c, (enum role)role, "server.state="), 0);
	}
	strv_free(&c.pairs);
}

static void files_that_are_no_configuration(void **state)
{
	struct conf c = { 0 };
	struct acsr_err e;

	(void)state;
	assert_int_equal(config_read("/nowhere/at/all.conf", &c, &e), ACSR_FAIL);
	assert_non_null(strstr(e.text, "/nowhere/at/all.conf"));
	assert_int_equal(config_read("/bin/true", &c, &e), ACSR_FAIL);
	strv_free(&c.pairs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mistakes),
		cmocka_unit_test(together),
		cmocka_unit_test(the_database_is_a_name_and_no_path),
		cmocka_unit_test(defaults_and_what_derives_from_others),
		cmocka_unit_test(an_empty_file_is_enough),
		cmocka_unit_test(roles_see_only_what_is_theirs),
		cmocka_unit_test(files_that_are_no_configuration),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
