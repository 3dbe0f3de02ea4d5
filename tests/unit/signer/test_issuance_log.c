/* What the log refuses, what it heals, and what it finds again. */
#include "issuance_log.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "ca_world.h"
#include "log_line.h"

static char dir[64], path[128];

static int make_dir(void **state)
{
	(void)state;
	ca_world_dir(dir);
	snprintf(path, sizeof(path), "%s/issuance.log", dir);
	return 0;
}

static int drop_dir(void **state)
{
	(void)state;
	ca_world_remove(dir);
	return 0;
}

static struct issuance_log *open_log(size_t healed)
{
	struct issuance_log *log;
	struct acsr_err e = { 0 };
	size_t got;

	if (issuance_log_open(&log, dir, &got, &e) != ACSR_OK)
		fail_msg("%s: %s", e.id, e.text);
	assert_int_equal(healed, got);
	return log;
}

static void damaged(const char *line)
{
	struct issuance_log *log;
	struct acsr_err e = { 0 };
	size_t healed;

	assert_int_equal(ACSR_FAIL, issuance_log_open(&log, dir, &healed, &e));
	assert_string_equal("sys.issuance-log", e.id);
	assert_non_null(strstr(e.text, line));
}

static const uint8_t spki[32] = { 1, 2, 3 };

static struct serial serial(uint8_t n)
{
	return (struct serial){ .v = { 0x40, n, 3, 4, 5, 6, 7, 8, 9 }, .len = 9 };
}

static void params_of(uint8_t n, uint8_t out[32])
{
	memset(out, n, 32);
}

static enum acsr_result begin_as(
	struct issuance_log *log, uint8_t n, const char *profile, const char *reference, struct acsr_err *e)
{
	CLEANUP_STRV struct strv names = { 0 };
	uint8_t params[32];
	const struct issuance i = { .serial = serial(n),
		.issuer = "issuing-1",
		.profile = profile,
		.reference = reference,
		.spki_sha256 = spki,
		.not_before = 1,
		.not_after = 2,
		.params = params,
		.names = &names };

	params_of(n, params);
	TRY(strv_add(&names, "DNS:a.example", e));
	TRY(strv_add(&names, "IP:192.0.2.1", e));
	return issuance_log_begin(log, &i, e);
}

static void begin(struct issuance_log *log, uint8_t n)
{
	struct acsr_err e = { 0 };

	if (begin_as(log, n, "dv", "ord_1", &e) != ACSR_OK)
		fail_msg("%s: %s", e.id, e.text);
}

static void done(struct issuance_log *log, uint8_t n)
{
	const struct serial s = serial(n);
	uint8_t der[300];

	memset(der, n, sizeof(der));
	assert_int_equal(ACSR_OK, issuance_log_done(log, &s, der, sizeof(der), NULL));
}

static void expect_state(const struct issuance_log *log, uint8_t n, enum issuance_state want)
{
	const struct serial s = serial(n);
	enum issuance_state got;
	uint8_t params[32];

	params_of(n, params);
	assert_int_equal(ACSR_OK, issuance_log_find(log, &s, params, &got, NULL));
	assert_int_equal(want, got);
}

static void expect_der(struct issuance_log *log, uint8_t n)
{
	const struct serial s = serial(n);
	struct acsr_blob der;

	assert_int_equal(ACSR_OK, issuance_log_certificate(log, &s, &der, NULL));
	assert_int_equal(300, der.len);
	for (size_t i = 0; i < der.len; i++)
		assert_int_equal(n, der.p[i]);
	acsr_blob_free(&der);
}

static void test_states_before_and_after_a_restart(void **state)
{
	struct issuance_log *log = open_log(0);

	(void)state;
	expect_state(log, 1, ISSUANCE_NONE);
	begin(log, 1);
	begin(log, 2);
	done(log, 1);
	for (int i = 0; i < 2; i++) {
		expect_state(log, 1, ISSUANCE_DONE);
		expect_state(log, 2, ISSUANCE_BEGUN);
		expect_state(log, 3, ISSUANCE_NONE);
		expect_der(log, 1);
		issuance_log_free(log);
		log = open_log(0);
	}
	done(log, 2);
	expect_der(log, 2);
	issuance_log_free(log);
}

static void test_a_serial_belongs_to_its_parameters(void **state)
{
	struct issuance_log *log = open_log(0);
	const struct serial s = serial(1);
	struct acsr_err e = { 0 };
	enum issuance_state got;
	uint8_t params[32];

	(void)state;
	begin(log, 1);
	params_of(2, params);
	assert_int_equal(ACSR_FAIL, issuance_log_find(log, &s, params, &got, &e));
	assert_string_equal("cert.serial-reused", e.id);
	issuance_log_free(log);
}

static void test_done_only_once_and_after_begin(void **state)
{
	struct issuance_log *log = open_log(0);
	const struct serial s = serial(1);
	struct acsr_blob der;

	(void)state;
	assert_int_equal(ACSR_FAIL, issuance_log_done(log, &s, spki, 32, NULL));
	begin(log, 1);
	assert_int_equal(ACSR_FAIL, issuance_log_certificate(log, &s, &der, NULL));
	done(log, 1);
	assert_int_equal(ACSR_FAIL, issuance_log_done(log, &s, spki, 32, NULL));
	issuance_log_free(log);
}

static void test_text_cannot_forge_fields(void **state)
{
	static const char *const bad[] = { "ord\t1", "ord\n1", "ord\x7f" };
	struct issuance_log *log = open_log(0);
	struct acsr_err e = { 0 };

	(void)state;
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(ACSR_FAIL, begin_as(log, 1, "dv", bad[i], &e));
	expect_state(log, 1, ISSUANCE_NONE);
	begin(log, 1);
	issuance_log_free(log);
	issuance_log_free(open_log(0));
}

/* --- a crash in the middle of a line --- */

static off_t size_of_log(void)
{
	struct stat st;

	assert_int_equal(0, stat(path, &st));
	return st.st_size;
}

/* Cut at every byte of the last line: the line is gone, and everything before it is there. */
static void test_every_torn_line_is_healed(void **state)
{
	struct issuance_log *log = open_log(0);
	off_t whole, before;

	(void)state;
	begin(log, 1);
	before = size_of_log();
	begin(log, 2);
	whole = size_of_log();
	issuance_log_free(log);
	for (off_t size = whole - 1; size > before; size--) {
		assert_int_equal(0, truncate(path, size));
		log = open_log((size_t)(size - before));
		expect_state(log, 1, ISSUANCE_BEGUN);
		expect_state(log, 2, ISSUANCE_NONE);
		assert_int_equal(before, size_of_log());
		begin(log, 2); /* and the chain goes on */
		issuance_log_free(log);
		log = open_log(0);
		expect_state(log, 2, ISSUANCE_BEGUN);
		issuance_log_free(log);
	}
}

static void append_raw(const void *p, size_t n)
{
	FILE *f = fopen(path, "a");

	assert_non_null(f);
	assert_int_equal(n, fwrite(p, 1, n, f));
	assert_int_equal(0, fclose(f));
}

/* Blocks that were allocated and never written read as zeros. */
static void test_zeros_at_the_end_are_healed(void **state)
{
	struct issuance_log *log = open_log(0);
	const char zeros[100] = { 0 };

	(void)state;
	begin(log, 1);
	issuance_log_free(log);
	append_raw(zeros, sizeof(zeros));
	log = open_log(sizeof(zeros));
	expect_state(log, 1, ISSUANCE_BEGUN);
	issuance_log_free(log);
}

/* A power cut may leave a hole where the last two lines were to be, and keep what came behind it. */
static void test_a_hole_in_the_last_lines_is_healed(void **state)
{
	struct issuance_log *log = open_log(0);
	off_t before, middle, whole;

	(void)state;
	begin(log, 1);
	done(log, 1);
	before = size_of_log();
	begin(log, 2);
	middle = size_of_log();
	done(log, 2);
	whole = size_of_log();
	issuance_log_free(log);
	assert_int_equal(0, ca_world_run(dir, "cp issuance.log whole"));
	for (off_t from = before; from < whole; from += 13) {
		off_t hole_end = from + 40 < whole ? from + 40 : whole;
		off_t kept = from < middle ? before : middle;
		FILE *f;

		assert_int_equal(0, ca_world_run(dir, "cp whole issuance.log"));
		f = fopen(path, "r+");
		assert_non_null(f);
		assert_int_equal(0, fseek(f, from, SEEK_SET));
		for (off_t at = from; at < hole_end; at++)
			fputc(0, f);
		assert_int_equal(0, fclose(f));
		log = open_log((size_t)(whole - kept));
		expect_state(log, 1, ISSUANCE_DONE);
		expect_state(log, 2, kept == middle ? ISSUANCE_BEGUN : ISSUANCE_NONE);
		issuance_log_free(log);
	}
}

static void test_a_hole_further_up_is_not_a_crash(void **state)
{
	struct issuance_log *log = open_log(0);
	off_t at;
	FILE *f;

	(void)state;
	begin(log, 1);
	at = size_of_log() - 30;
	done(log, 1);
	begin(log, 2);
	issuance_log_free(log);
	f = fopen(path, "r+");
	assert_non_null(f);
	assert_int_equal(0, fseek(f, at, SEEK_SET));
	fputc(0, f);
	assert_int_equal(0, fclose(f));
	damaged("line 1");
}

/* --- what is not a crash --- */

static void test_every_changed_byte_is_seen(void **state)
{
	struct issuance_log *log = open_log(0);
	off_t size;

	(void)state;
	begin(log, 1);
	done(log, 1);
	begin(log, 2);
	issuance_log_free(log);
	size = size_of_log();
	for (off_t at = 0; at < size; at += 7) {
		FILE *f = fopen(path, "r+");
		struct issuance_log *opened = NULL;
		size_t healed;
		int c;

		assert_non_null(f);
		assert_int_equal(0, fseek(f, at, SEEK_SET));
		c = fgetc(f);
		assert_int_equal(0, fseek(f, at, SEEK_SET));
		fputc(c == 'x' ? 'y' : 'x', f);
		assert_int_equal(0, fclose(f));
		if (at != size - 1)
			assert_int_equal(ACSR_FAIL, issuance_log_open(&opened, dir, &healed, NULL));
		f = fopen(path, "r+");
		assert_int_equal(0, fseek(f, at, SEEK_SET));
		fputc(c, f);
		assert_int_equal(0, fclose(f));
	}
	issuance_log_free(open_log(0));
}

static void test_a_line_taken_out_is_seen(void **state)
{
	struct issuance_log *log = open_log(0);

	(void)state;
	for (uint8_t n = 1; n < 4; n++)
		begin(log, n);
	issuance_log_free(log);
	assert_int_equal(0, ca_world_run(dir, "sed -i 2d issuance.log"));
	damaged("line 2");
}

static void test_a_line_put_in_is_seen(void **state)
{
	static const char line[] = "3\t2026-11-23T00:00:00Z\tsign\t40\t00\n";
	struct issuance_log *log = open_log(0);

	(void)state;
	begin(log, 1);
	issuance_log_free(log);
	append_raw(line, sizeof(line) - 1);
	damaged("line 2");
}

static void test_a_second_writer_is_refused(void **state)
{
	struct issuance_log *log = open_log(0), *second;
	struct acsr_err e = { 0 };
	size_t healed;

	(void)state;
	assert_int_equal(ACSR_FAIL, issuance_log_open(&second, dir, &healed, &e));
	assert_string_equal("sys.locked", e.id);
	issuance_log_free(log);
	issuance_log_free(open_log(0));
}

/* --- a full disk --- */

static void limit_size(rlim_t n)
{
	struct rlimit rl;

	assert_int_equal(0, getrlimit(RLIMIT_FSIZE, &rl));
	rl.rlim_cur = n;
	assert_int_equal(0, setrlimit(RLIMIT_FSIZE, &rl));
}

static void test_a_full_disk_leaves_the_log_whole(void **state)
{
	struct issuance_log *log = open_log(0);
	struct acsr_err e = { 0 };
	off_t before;

	(void)state;
	begin(log, 1);
	before = size_of_log();
	for (rlim_t room = 0; room < 200; room += 40) {
		limit_size((rlim_t)before + room);
		assert_int_equal(ACSR_FAIL, begin_as(log, 2, "dv", "ord_2", &e));
		limit_size(RLIM_INFINITY);
		assert_string_equal("sys.nospace", e.id);
		assert_int_equal(before, size_of_log());
		expect_state(log, 2, ISSUANCE_NONE);
	}
	begin(log, 2);
	issuance_log_free(log);
	log = open_log(0);
	expect_state(log, 2, ISSUANCE_BEGUN);
	issuance_log_free(log);
}

static enum acsr_result crl(
	struct issuance_log *log, const char *issuer, uint64_t number, uint8_t p, struct acsr_err *e)
{
	uint8_t params[32];
	const struct crl_issuance i = { issuer, number, 1, 2, 0, params };

	params_of(p, params);
	return issuance_log_crl(log, &i, e);
}

/* A disk that takes the bytes and cannot keep them. */
static bool sync_fails;
static int syncs;

int __real_fdatasync(int fd);
int __wrap_fdatasync(int fd);

int __wrap_fdatasync(int fd)
{
	syncs++;
	if (!sync_fails)
		return __real_fdatasync(fd);
	errno = EIO;
	return -1;
}

/* What is about to be signed is on the disk with what was signed; of what is begun and never done, one at most waits. */
static void test_when_the_disk_is_asked(void **state)
{
	struct issuance_log *log = open_log(0);
	struct acsr_err e;

	(void)state;
	syncs = 0;
	begin(log, 1);
	assert_int_equal(syncs, 0);
	done(log, 1);
	assert_int_equal(syncs, 1);
	begin(log, 2);
	assert_int_equal(syncs, 1);
	begin(log, 3);
	assert_int_equal(syncs, 2);
	assert_int_equal(ACSR_OK, crl(log, "issuing-1", 1, 1, &e));
	assert_int_equal(syncs, 3);
	begin(log, 4);
	issuance_log_free(log);
	/* as after a kill: what the next process reads, and answers from, is on the disk first */
	log = open_log(0);
	assert_int_equal(syncs, 4);
	issuance_log_free(log);
}

/* A log whose disk takes nothing answers nothing. */
static void test_a_failing_disk_at_the_start(void **state)
{
	struct issuance_log *log = open_log(0);
	struct acsr_err e = { 0 };
	size_t healed;

	(void)state;
	begin(log, 1);
	issuance_log_free(log);
	sync_fails = true;
	log = NULL;
	assert_int_equal(ACSR_FAIL, issuance_log_open(&log, dir, &healed, &e));
	sync_fails = false;
	assert_null(log);
	assert_string_equal("sys.write", e.id);
}

/* Nothing that it could still say would be sure: it knows of a line that is on no disk. */
static void test_a_failing_disk_ends_the_process(void **state)
{
	struct issuance_log *log = open_log(0);
	int status;
	off_t before;
	pid_t pid;

	(void)state;
	begin(log, 1);
	done(log, 1);
	before = size_of_log();
	pid = fork();
	if (pid == 0) {
		signal(SIGABRT, SIG_DFL);
		begin(log, 2);
		sync_fails = true;
		done(log, 2);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	issuance_log_free(log);
	assert_int_equal(before, size_of_log());
	log = open_log(0);
	expect_state(log, 2, ISSUANCE_NONE);
	begin(log, 2);
	issuance_log_free(log);
	issuance_log_free(open_log(0));
}

static void test_a_failing_disk_leaves_the_log_whole(void **state)
{
	struct issuance_log *log = open_log(0);
	struct acsr_err e = { 0 };
	off_t before;

	(void)state;
	begin(log, 1);
	done(log, 1);
	before = size_of_log();
	sync_fails = true;
	assert_int_equal(ACSR_FAIL, crl(log, "issuing-1", 1, 1, &e));
	sync_fails = false;
	assert_string_equal("sys.write", e.id);
	assert_int_equal(before, size_of_log());
	assert_int_equal(ACSR_OK, crl(log, "issuing-1", 1, 1, &e));
	begin(log, 2);
	issuance_log_free(log);
	issuance_log_free(open_log(0));
}

/* With a right chain, as only the signer itself could make: still every field must be what it is to be. */
static void test_lines_that_cannot_be(void **state)
{
#define HASH "abababababababababababababababababababababababababababababababab"
	static const char *const bad[] = {
		"2\tT\tcrl\tissuing-1\t1\t1\t2\t0\t" HASH, /* not the first */
		"x\tT\tcrl\tissuing-1\t1\t1\t2\t0\t" HASH, /* no number */
		"1\tT\tcrl\tissuing-1\t0\t1\t2\t0\t" HASH, /* CRL numbers begin at 1 */
		"1\tT\tcrl\tissuing-1\t1\t1\t2\t" HASH,    /* a field missing */
		"1\tT\tcrl\tissuing-1\t1\t1\t2\t0\tabab",  /* a short hash */
		"1\tT\tissued\t40\t" HASH "\tAAAA",        /* without its `sign` line */
		"1\tT\tsign\t\ti\tdv\tr\t" HASH "\t1\t2\t" HASH "\t-",
		"1\tT\tnonsense\t40",
		"1\tT",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CLEANUP_BUF struct buf line = { 0 };
		uint8_t chain[LOG_CHAIN] = { 0 };

		buf_init(&line, 4096);
		assert_int_equal(ACSR_OK, buf_putstr(&line, bad[i], NULL));
		assert_int_equal(ACSR_OK, log_line_seal(&line, chain, NULL));
		ca_world_write(dir, "issuance.log", line.p, line.len);
		damaged("line 1");
	}
}

/* --- CRLs and CAs --- */

static void test_crl_numbers_grow(void **state)
{
	struct issuance_log *log = open_log(0);
	struct acsr_err e = { 0 };

	(void)state;
	assert_int_equal(ACSR_OK, crl(log, "issuing-1", 5, 1, &e));
	for (int i = 0; i < 2; i++) {
		off_t size = size_of_log();

		assert_int_equal(ACSR_FAIL, crl(log, "issuing-1", 4, 1, &e));
		assert_string_equal("cert.crl.number", e.id);
		assert_int_equal(ACSR_FAIL, crl(log, "issuing-1", 5, 2, &e)); /* other contents */
		assert_int_equal(ACSR_OK, crl(log, "issuing-1", 5, 1, &e));   /* the same again */
		assert_int_equal(size, size_of_log());
		issuance_log_free(log);
		log = open_log(0);
	}
	assert_int_equal(ACSR_OK, crl(log, "root", 1, 1, &e)); /* each issuer counts alone */
	assert_int_equal(ACSR_OK, crl(log, "issuing-1", 6, 2, &e));
	issuance_log_free(log);
}

static void test_ca_certificates_are_found_again(void **state)
{
	struct issuance_log *log = open_log(0);
	struct serial found, want = serial(2);

	(void)state;
	assert_int_equal(ACSR_OK, begin_as(log, 1, "dv", "root", NULL));
	done(log, 1);
	assert_false(issuance_log_find_ca(log, "root", &found)); /* not a CA profile */
	assert_int_equal(ACSR_OK, begin_as(log, 2, "ca-root", "root", NULL));
	assert_false(issuance_log_find_ca(log, "root", &found)); /* not signed yet */
	done(log, 2);
	for (int i = 0; i < 2; i++) {
		assert_true(issuance_log_find_ca(log, "root", &found));
		assert_memory_equal(want.v, found.v, want.len);
		assert_false(issuance_log_find_ca(log, "issuing-1", &found));
		issuance_log_free(log);
		log = open_log(0);
	}
	issuance_log_free(log);
}

#define T(f) cmocka_unit_test_setup_teardown(f, make_dir, drop_dir)

int main(void)
{
	const struct CMUnitTest tests[] = { T(test_states_before_and_after_a_restart),
		T(test_a_serial_belongs_to_its_parameters), T(test_done_only_once_and_after_begin),
		T(test_text_cannot_forge_fields), T(test_every_torn_line_is_healed),
		T(test_zeros_at_the_end_are_healed), T(test_every_changed_byte_is_seen),
		T(test_a_line_taken_out_is_seen), T(test_a_line_put_in_is_seen),
		T(test_a_second_writer_is_refused), T(test_a_full_disk_leaves_the_log_whole),
		T(test_when_the_disk_is_asked), T(test_a_hole_in_the_last_lines_is_healed),
		T(test_a_hole_further_up_is_not_a_crash), T(test_a_failing_disk_ends_the_process),
		T(test_a_failing_disk_at_the_start),
		T(test_a_failing_disk_leaves_the_log_whole), T(test_lines_that_cannot_be),
		T(test_crl_numbers_grow), T(test_ca_certificates_are_found_again) };

	signal(SIGXFSZ, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
