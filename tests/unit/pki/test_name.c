/* Names: the table of verdicts, wildcard matching, registrable domains, replacing the suffix list. */
#include "check.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "autocsr/name.h"

/* "\xNN" to bytes, in place; the length. */
static size_t unescape(char *s)
{
	char *out = s;

	for (char *p = s; *p != '\0';) {
		if (p[0] == '\\' && p[1] == 'x') {
			char hex[3] = { p[2], p[3], 0 };

			*out++ = (char)strtoul(hex, NULL, 16);
			p += 4;
		} else {
			*out++ = *p++;
		}
	}
	return (size_t)(out - s);
}

static const char *kind_name(enum acsr_name_kind k)
{
	static const char *const names[] = { "dns", "wildcard", "ip" };

	return names[k];
}

static void check_warnings(const char *line, const char *want, unsigned got)
{
	unsigned bits = 0;

	if (want == NULL)
		return;
	if (strchr(want, 's') != NULL)
		bits |= ACSR_NAME_WARN_SCRIPTS;
	if (strchr(want, 'h') != NULL)
		bits |= ACSR_NAME_WARN_HOMOGRAPH;
	if (bits != got)
		print_error("%s: warnings %u, expected %u\n", line, got, bits);
	assert_int_equal(bits, got);
}

/* One row; 1 when the verdict differs. */
static int check_row(char *row)
{
	char line[4096], *rest = row, *policy, *input, *verdict, *canonical, *warnings;
	struct acsr_name n = { 0 };
	struct acsr_err e = { 0 };
	enum acsr_result r;
	size_t len;
	const char *got;

	snprintf(line, sizeof(line), "%.120s", row);
	policy = strsep(&rest, "\t");
	input = strsep(&rest, "\t");
	verdict = strsep(&rest, "\t");
	canonical = strsep(&rest, "\t");
	warnings = strsep(&rest, "\t");
	len = unescape(input);
	r = acsr_name_check(
		input, len, strcmp(policy, "public") == 0 ? ACSR_NAMES_PUBLIC : ACSR_NAMES_PRIVATE, &n, &e);
	got = r == ACSR_OK ? kind_name(n.kind) : e.id;
	if (strcmp(got, verdict) != 0 || (r == ACSR_OK && strcmp(n.ascii, canonical) != 0)) {
		print_error("%s: %s %s %s\n", line, got, n.ascii, e.text);
		return 1;
	}
	if (r == ACSR_OK)
		check_warnings(line, warnings, n.warnings);
	return 0;
}

static void the_table(void **state)
{
	FILE *f = fopen(VECTORS "/names.tsv", "r");
	char *line = NULL;
	size_t cap = 0, rows = 0;
	int wrong = 0;

	(void)state;
	assert_non_null(f);
	while (getline(&line, &cap, f) > 0) {
		if (line[0] == '#')
			continue;
		line[strcspn(line, "\n")] = '\0';
		rows++;
		wrong += check_row(line);
	}
	free(line);
	fclose(f);
	assert_true(rows >= 300);
	assert_int_equal(wrong, 0);
}

static void failure_leaves_the_output_alone(void **state)
{
	struct acsr_name n = { .ascii = "untouched" };

	(void)state;
	FAILS("name.underscore", acsr_name_check("a_b.com", 7, ACSR_NAMES_PUBLIC, &n, &e));
	assert_string_equal(n.ascii, "untouched");
}

static void both_forms(void **state)
{
	struct acsr_name n;

	(void)state;
	OK(acsr_name_check("*.xn--bcher-kva.co.uk", 21, ACSR_NAMES_PUBLIC, &n, &e));
	assert_string_equal(n.unicode, "*.b\xc3\xbc"
				       "cher.co.uk");
	assert_string_equal(n.suffix, "co.uk");
	OK(acsr_name_check("2001:DB8::1", 11, ACSR_NAMES_PRIVATE, &n, &e));
	assert_string_equal(n.unicode, "2001:db8::1");
	assert_int_equal(n.ip_len, 16);
	assert_int_equal(n.ip[15], 1);
}

static void covering(void **state)
{
	(void)state;
	assert_true(acsr_name_covers("example.com", "EXAMPLE.com"));
	assert_true(acsr_name_covers("*.example.com", "www.example.com"));
	assert_true(acsr_name_covers("192.0.2.1", "192.0.2.1"));
	assert_true(acsr_name_covers("*.example.com", "*.example.com"));
	assert_false(acsr_name_covers("*.example.com", "example.com"));
	assert_false(acsr_name_covers("*.example.com", "a.b.example.com"));
	assert_false(acsr_name_covers("*.example.com", ".example.com"));
	assert_false(acsr_name_covers("f*.example.com", "foo.example.com"));
	assert_false(acsr_name_covers("www.*.com", "www.example.com"));
	assert_false(acsr_name_covers("*.0.2.1", "192.0.2.1"));
	assert_false(acsr_name_covers("example.com", "xexample.com"));
	assert_false(acsr_name_covers("*.www.example.com", "*.example.com"));
}

static void registrable(void **state)
{
	char out[256];

	(void)state;
	OK(acsr_name_registrable("a.b.example.co.uk", out, &e));
	assert_string_equal(out, "example.co.uk");
	OK(acsr_name_registrable("*.example.com", out, &e));
	assert_string_equal(out, "example.com");
	OK(acsr_name_registrable("example.com", out, &e));
	assert_string_equal(out, "example.com");
	OK(acsr_name_registrable("www.demo.test", out, &e));
	assert_string_equal(out, "demo.test");
	FAILS("name.suffix", acsr_name_registrable("co.uk", out, &e));
	FAILS("name.suffix", acsr_name_registrable("localhost", out, &e));
}

/* In a process of its own, because a list is for good: 0 when the list at `path` was taken, counts, and
 * stays. */
static int with_list(const char *path)
{
	struct acsr_err e;
	struct acsr_name n;
	pid_t pid = fork();
	int status = -1;

	if (pid != 0)
		return waitpid(pid, &status, 0) == pid ? status : -1;
	if (acsr_name_psl_load(path, &e) != ACSR_OK)
		_exit(1);
	if (acsr_name_check("*.demo.test", 11, ACSR_NAMES_PRIVATE, &n, &e) == ACSR_OK ||
		strcmp(e.id, "name.wildcard.suffix") != 0)
		_exit(2);
	_exit(acsr_name_psl_load(path, &e) == ACSR_OK || strcmp(e.id, "config.psl.late") != 0 ? 3 : 0);
}

/* First of all: no name has been checked yet. */
static void another_list(void **state)
{
	static const char text[] =
		"// ===BEGIN ICANN DOMAINS===\ncom\ndemo.test\ntest\n// ===END ICANN DOMAINS===\n";
	struct acsr_name n;
	char dir[64], path[128];

	(void)state;
	temp_dir(dir);
	write_file(dir, "list", text, strlen(text));
	write_file(dir, "bad", "hello", 5);
	snprintf(path, sizeof(path), "%s/bad", dir);
	FAILS("config.psl", acsr_name_psl_load(path, &e));
	FAILS("config.psl", acsr_name_psl_load("/nonexistent", &e));
	snprintf(path, sizeof(path), "%s/list", dir);
	assert_int_equal(with_list(path), 0);
	OK(acsr_name_check("*.demo.test", 11, ACSR_NAMES_PRIVATE, &n, &e));
	FAILS("config.psl.late", acsr_name_psl_load(path, &e));
	OK(acsr_name_psl_load(NULL, &e));
	assert_int_equal(sh("rm -r %s", dir), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(another_list),
		cmocka_unit_test(the_table),
		cmocka_unit_test(failure_leaves_the_output_alone),
		cmocka_unit_test(both_forms),
		cmocka_unit_test(covering),
		cmocka_unit_test(registrable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
