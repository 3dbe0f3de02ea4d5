/* A record of many years, or one that was damaged at length, is read back in little memory. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "log_file.h"

#define OK(call) assert_int_equal((call), ACSR_OK)

enum { LINES = 100000, MOST_KB = 8 * 1024 };

static char dir[40], path[60];

static int reads_until_failure; /* 0: none fails */

ssize_t __real_pread64(int fd, void *p, size_t n, off_t at);
ssize_t __wrap_pread64(int fd, void *p, size_t n, off_t at);
ssize_t __wrap_pread64(int fd, void *p, size_t n, off_t at)
{
	if (reads_until_failure > 0 && --reads_until_failure == 0) {
		errno = EIO;
		return -1;
	}
	return __real_pread64(fd, p, n, at);
}

static enum acsr_result count(void *arg, const struct log_line *l, off_t at, struct acsr_err *e)
{
	(void)l;
	(void)at;
	(void)e;
	++*(size_t *)arg;
	return ACSR_OK;
}

static int begin(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/autocsr-log-XXXXXX");
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/big.log", dir);
	return 0;
}

static int end(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(dir);
}

/* `lines` good lines of about 650 octets, as log_file_append writes them but for the disk's pace. */
static off_t write_lines(size_t lines)
{
	struct log_file f = { .fd = -1 };
	FILE *out = fopen(path, "w");
	char text[500];
	struct stat st;

	assert_non_null(out);
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	for (size_t i = 0; i < lines; i++) {
		CLEANUP_BUF struct buf line = { 0 };

		OK(log_file_begin(&f, &line, "receipt", NULL));
		OK(log_file_text(&line, text, NULL));
		OK(log_line_seal(&line, f.chain, NULL));
		assert_int_equal(fwrite(line.p, 1, line.len, out), line.len);
		f.lines++;
	}
	assert_int_equal(fclose(out), 0);
	assert_int_equal(stat(path, &st), 0);
	return st.st_size;
}

struct seen {
	size_t lines, healed;
	long kb; /* of memory, more than before */
	char id[64];
};

static long peak(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return u.ru_maxrss;
}

/* Opened by a process of its own, whose memory is measured. */
static struct seen open_apart(void)
{
	struct seen seen = { 0 };
	int pipes[2];
	pid_t pid;

	assert_int_equal(pipe(pipes), 0);
	pid = fork();
	if (pid == 0) {
		struct log_file f = { .what = "the big log", .damaged = "sys.big", .fd = -1 };
		struct acsr_err e = { 0 };
		long before = peak();

		if (log_file_open(&f, dir, "big.log", count, &seen.lines, &seen.healed, &e) != ACSR_OK)
			snprintf(seen.id, sizeof(seen.id), "%s", e.id);
		seen.kb = peak() - before;
		_exit(write(pipes[1], &seen, sizeof(seen)) == sizeof(seen) ? 0 : 1);
	}
	assert_int_equal(read(pipes[0], &seen, sizeof(seen)), sizeof(seen));
	waitpid(pid, NULL, 0);
	close(pipes[0]);
	close(pipes[1]);
	return seen;
}

static void append(const char *text, off_t sparse, const char *after)
{
	int fd = open(path, O_WRONLY | O_APPEND);
	struct stat st;

	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	fstat(fd, &st);
	assert_int_equal(ftruncate(fd, st.st_size + sparse), 0);
	assert_int_equal(write(fd, after, strlen(after)), (ssize_t)strlen(after));
	close(fd);
}

static void many_lines_need_little_memory(void **state)
{
	off_t size = write_lines(LINES);
	struct seen seen = open_apart();

	(void)state;
	assert_true(size > 50 * 1000 * 1000);
	assert_string_equal(seen.id, "");
	assert_int_equal(seen.lines, LINES);
	assert_int_equal(seen.healed, 0);
	assert_in_range(seen.kb, 0, MOST_KB);
}

static void a_tail_of_zeros_is_cut_off_however_long(void **state)
{
	off_t size = write_lines(10);
	struct seen seen;
	struct stat st;

	(void)state;
	append("11\t2026", 300 * 1000 * 1000, "");
	seen = open_apart();
	assert_string_equal(seen.id, "");
	assert_int_equal(seen.lines, 10);
	assert_int_equal(seen.healed, 300 * 1000 * 1000 + 7);
	assert_in_range(seen.kb, 0, MOST_KB);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, size);
	assert_int_equal(open_apart().lines, 10);
}

static void a_line_longer_than_any_is_damage(void **state)
{
	struct seen seen;
	off_t size;
	struct stat st;

	(void)state;
	write_lines(10);
	append("11\t2026", 300 * 1000 * 1000, "\nnext\nnext\n");
	stat(path, &st);
	size = st.st_size;
	seen = open_apart();
	assert_string_equal(seen.id, "sys.big");
	assert_int_equal(seen.lines, 10);
	assert_in_range(seen.kb, 0, MOST_KB);
	stat(path, &st);
	assert_int_equal(st.st_size, size); /* left as it is */
}

/* Of the last two lines neither may have been on the disk. */
static void zeros_before_one_more_line_are_cut_off_too(void **state)
{
	off_t size = write_lines(10);
	struct seen seen;
	struct stat st;

	(void)state;
	append("11\t2026", 100 * 1000 * 1000, "\nnext\n");
	seen = open_apart();
	assert_string_equal(seen.id, "");
	assert_int_equal(seen.lines, 10);
	assert_in_range(seen.kb, 0, MOST_KB);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, size);
}

/* The buffer ends within a line, at its end, and before it. */
static void lines_of_all_lengths_around_a_piece(void **state)
{
	(void)state;
	for (size_t less = 0; less < 4; less++) {
		struct log_file f = { .fd = -1 };
		struct seen seen;
		FILE *out = fopen(path, "w");

		for (size_t i = 0; i < 6; i++) {
			CLEANUP_BUF struct buf line = { 0 };
			size_t n;
			char *text;

			OK(log_file_begin(&f, &line, "receipt", NULL));
			/* a TAB before the text, then TAB, chain and newline */
			n = i % 2 == 0 ? LOG_LINE_MAX - line.len - 2 - LOG_CHAIN * 2 - 1 - less : 10 + i;
			text = malloc(n + 1);
			memset(text, 'y', n);
			text[n] = '\0';
			OK(log_file_text(&line, text, NULL));
			free(text);
			OK(log_line_seal(&line, f.chain, NULL));
			assert_true(i % 2 == 1 || line.len >= LOG_LINE_MAX - less - 60);
			assert_int_equal(fwrite(line.p, 1, line.len, out), line.len);
			f.lines++;
		}
		fclose(out);
		seen = open_apart();
		assert_string_equal(seen.id, "");
		assert_int_equal(seen.lines, 6);
		append("7\t2026", 0, "");
		seen = open_apart();
		assert_int_equal(seen.lines, 6);
		assert_int_equal(seen.healed, 6);
	}
}

/* What cannot be read is still there: a disk in trouble must not cost the log. */
static void a_read_that_fails_cuts_nothing_off(void **state)
{
	off_t size = write_lines(1000); /* about three pieces */
	struct seen seen;
	struct stat st;

	(void)state;
	for (int n = 1; n <= 3; n++) {
		reads_until_failure = n;
		seen = open_apart();
		assert_string_equal(seen.id, "sys.read");
		assert_int_equal(seen.healed, 0);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_size, size);
	}
	reads_until_failure = 0;
	assert_int_equal(open_apart().lines, 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(many_lines_need_little_memory, begin, end),
		cmocka_unit_test_setup_teardown(a_tail_of_zeros_is_cut_off_however_long, begin, end),
		cmocka_unit_test_setup_teardown(zeros_before_one_more_line_are_cut_off_too, begin, end),
		cmocka_unit_test_setup_teardown(a_line_longer_than_any_is_damage, begin, end),
		cmocka_unit_test_setup_teardown(lines_of_all_lengths_around_a_piece, begin, end),
		cmocka_unit_test_setup_teardown(a_read_that_fails_cuts_nothing_off, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
