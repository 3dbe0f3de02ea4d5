/* A worker as the pool starts it: forked, sandboxed, fed through a pipe, and looked at from outside. */
#include "worker.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "autocsr/key.h"
#include "ipc/chan.h"
#include "make.h"
#include "orders.h"
#include "rehearse.h"

/* A sanitizer keeps the standard error for its report. */
#if defined(__SANITIZE_ADDRESS__)
enum { KEPT = 1 };
#else
enum { KEPT = 0 };
#endif

struct run {
	pid_t pid;
	int order, result, archive;
};

static void pipes(int p[2])
{
	assert_int_equal(0, pipe2(p, O_CLOEXEC));
}

static struct run start(const char *ready_type)
{
	int order[2], result[2], archive[2];
	struct run r;

	pipes(order);
	pipes(result);
	pipes(archive);
	r.pid = fork();
	assert_true(r.pid >= 0);
	if (r.pid == 0) {
		const struct worker_pipes theirs = { order[0], result[1], archive[1] };
		const struct worker_setup setup = { .ready_type = ready_type, .facts = "parent's facts" };

		worker_run(&theirs, &setup);
	}
	close(order[0]);
	close(result[1]);
	close(archive[1]);
	r.order = order[1];
	r.result = result[0];
	r.archive = archive[0];
	return r;
}

static void put_order(const struct run *r, struct msg_key_make *order)
{
	CLEANUP_BUF struct buf frame = { 0 };

	buf_init(&frame, 65536);
	assert_int_equal(ACSR_OK, msg_encode(msg_desc(MSG_key_make), 77, order, &frame, NULL));
	assert_int_equal(frame.len, write(r->order, frame.p, frame.len));
}

static void read_to_end(int *fd, struct buf *out)
{
	buf_init(out, 1 << 20);
	assert_int_equal(ACSR_OK, buf_read_fd(out, *fd, NULL));
	close(*fd);
	*fd = -1;
}

static int end_of(struct run *r)
{
	int status;

	assert_int_equal(r->pid, waitpid(r->pid, &status, 0));
	if (r->order >= 0)
		close(r->order);
	if (r->result >= 0)
		close(r->result);
	if (r->archive >= 0)
		close(r->archive);
	return status;
}

static void assert_exit(int status, int code)
{
	if (!WIFEXITED(status) || WEXITSTATUS(status) != code)
		fail_msg("the worker ended with status 0x%x (%s)", status,
			WIFEXITED(status) ? worker_exit_name(WEXITSTATUS(status)) : "signal");
}

/* Everything about what came out; the modulus or point in *spki. */
static void check_output(struct run *r, uint8_t spki[32], const char *facts)
{
	struct msg_key_result m;
	struct buf result, archive;
	struct acsr_err e = { 0 };
	uint8_t sha256[32];
	struct acsr_key *key;

	read_to_end(&r->archive, &archive);
	read_to_end(&r->result, &result);
	if (chan_decode_frame(&result, ROLE_CORE, ROLE_KEYMAKER, MSG_key_result, &m, &e) != ACSR_OK)
		fail_msg("%s: %s", e.id, e.text);
	assert_int_equal(0, buf_unread(&result));
	assert_int_equal(77, result.p[15]);
	assert_int_equal(archive.len, m.archive_size);
	assert_int_equal(1, EVP_Q_digest(NULL, "SHA256", NULL, archive.p, archive.len, sha256, NULL));
	assert_int_equal(32, m.archive_sha256.len);
	assert_memory_equal(sha256, m.archive_sha256.p, 32);
	key = orders_open(archive.p, archive.len, m.code);
	orders_check_csr(m.csr.p, m.csr.len, key);
	assert_int_equal(ACSR_OK, acsr_key_spki_sha256(key, spki, NULL));
	assert_non_null(strstr(m.sandbox, facts));
	acsr_key_free(key);
	msg_clear(msg_desc(MSG_key_result), &m);
	buf_free(&result);
	buf_free(&archive);
}

static void one_order(const char *ready_type, const char *key_type)
{
	struct msg_key_make order = orders_new(key_type);
	struct run r = start(ready_type);
	uint8_t spki[32];

	put_order(&r, &order);
	check_output(&r, spki, "parent's facts");
	assert_exit(end_of(&r), WORKER_DONE);
	orders_clear(&order);
}

static void test_every_key_type(void **state)
{
	static const char *const types[] = { "rsa:2048", "rsa:3072", "rsa:4096", "ec:p256", "ec:p384",
		"ec:p521", "ed25519" };

	(void)state;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		one_order(NULL, types[i]);
}

/* Nothing that a form needs is loaded or called too late: the sandbox would kill the worker. */
static void one_form(const char *dir, const char *form, const char *name)
{
	CLEANUP_STR char *recipient = name != NULL ? orders_recipient(dir, name) : NULL;
	struct msg_key_make order = orders_new("ec:p256");
	struct run r = start(NULL);
	struct msg_key_result m;
	struct buf result, archive;
	struct acsr_key *key;

	orders_form(&order, form, recipient != NULL ? recipient : "");
	put_order(&r, &order);
	read_to_end(&r.archive, &archive);
	read_to_end(&r.result, &result);
	assert_exit(end_of(&r), WORKER_DONE);
	assert_int_equal(
		ACSR_OK, chan_decode_frame(&result, ROLE_CORE, ROLE_KEYMAKER, MSG_key_result, &m, NULL));
	assert_true((m.code == NULL) == (name != NULL));
	key = orders_unlock(dir, form, name, archive.p, archive.len, m.code);
	orders_check_csr(m.csr.p, m.csr.len, key);
	assert_non_null(strstr(m.sandbox, "fresh seed"));
	acsr_key_free(key);
	msg_clear(msg_desc(MSG_key_result), &m);
	buf_free(&result);
	buf_free(&archive);
	orders_clear(&order);
}

static void test_every_form(void **state)
{
	static const char *const forms[][2] = { { "zip", NULL }, { "pkcs8", NULL }, { "p12", NULL },
		{ "p12-legacy", NULL }, { "age", "age" }, { "age", "ed" }, { "age", "rsa" }, { "cms", "r2" },
		{ "cms", "p256" } };
	char dir[64];

	(void)state;
	if (!orders_recipients(dir)) {
		print_message("age or ssh-keygen is not installed\n");
		skip();
	}
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		one_form(dir, forms[i][0], forms[i][1]);
	orders_forget(dir);
}

static void test_a_warm_worker(void **state)
{
	(void)state;
	one_order("rsa:2048", "rsa:2048");
}

static void test_a_warm_worker_makes_what_was_ordered(void **state)
{
	(void)state;
	one_order("rsa:2048", "ec:p256");
}

/* Forked from one state of the generators, as the pool does it. */
static void test_workers_make_different_keys(void **state)
{
	struct msg_key_make order = orders_new("ec:p256");
	struct run r[4];
	uint8_t spki[4][32];

	(void)state;
	for (size_t i = 0; i < 4; i++)
		r[i] = start(NULL);
	for (size_t i = 0; i < 4; i++)
		put_order(&r[i], &order);
	for (size_t i = 0; i < 4; i++) {
		check_output(&r[i], spki[i], "one process for this order");
		assert_exit(end_of(&r[i]), WORKER_DONE);
		for (size_t k = 0; k < i; k++)
			assert_memory_not_equal(spki[i], spki[k], 32);
	}
	orders_clear(&order);
}

static void test_no_order_no_output(void **state)
{
	struct run r = start(NULL);
	struct buf result, archive;

	(void)state;
	close(r.order);
	r.order = -1;
	read_to_end(&r.result, &result);
	read_to_end(&r.archive, &archive);
	assert_int_equal(0, result.len + archive.len);
	assert_exit(end_of(&r), WORKER_DONE);
}

static void test_a_senseless_order_makes_nothing(void **state)
{
	static const char *const bad[] = { "\0\0\0\x0c", "\0\0\0\x0c\0\1\0\x31\0\0\0\0\0\0\0\1",
		"\xff\xff\xff\xff\0\1\0\x30\0\0\0\0\0\0\0\1" };
	static const size_t len[] = { 4, 16, 16 };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct run r = start(NULL);
		struct buf result, archive;

		assert_int_equal(len[i], write(r.order, bad[i], len[i]));
		close(r.order);
		r.order = -1;
		read_to_end(&r.result, &result);
		read_to_end(&r.archive, &archive);
		assert_int_equal(0, result.len + archive.len);
		assert_exit(end_of(&r), WORKER_ORDER);
	}
}

static void test_a_killed_worker_gives_end_of_file(void **state)
{
	struct run r = start("rsa:2048");
	struct buf result, archive;

	(void)state;
	assert_int_equal(0, kill(r.pid, SIGKILL));
	read_to_end(&r.result, &result);
	read_to_end(&r.archive, &archive);
	assert_int_equal(0, result.len + archive.len);
	assert_true(WIFSIGNALED(end_of(&r)));
}

static void test_a_reader_that_is_gone(void **state)
{
	struct msg_key_make order = orders_new("ec:p256");
	struct run r = start(NULL);

	(void)state;
	close(r.archive);
	r.archive = -1;
	signal(SIGPIPE, SIG_IGN);
	put_order(&r, &order);
	{
		int status = end_of(&r);

		assert_true((WIFEXITED(status) && WEXITSTATUS(status) == WORKER_ARCHIVE) ||
			    (WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE));
	}
	orders_clear(&order);
}

/* --- from outside --- */

static void slurp(pid_t pid, const char *what, struct buf *out)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, what);
	buf_init(out, 1 << 20);
	assert_int_equal(ACSR_OK, buf_read_file(out, path, NULL));
}

static void assert_has(pid_t pid, const char *what, const char *text)
{
	CLEANUP_BUF struct buf b = { 0 };

	slurp(pid, what, &b);
	if (strstr(buf_cstr(&b), text) == NULL)
		fail_msg("/proc/PID/%s lacks '%s': %s", what, text, buf_cstr(&b));
}

/* It waits in read(2) when its set-up is done. */
static void wait_until_ready(pid_t pid)
{
	for (int i = 0; i < 20000; i++) {
		CLEANUP_BUF struct buf b = { 0 };

		slurp(pid, "status", &b);
		if (strstr(buf_cstr(&b), "Seccomp:\t2") != NULL && strstr(buf_cstr(&b), "State:\tS") != NULL)
			return;
		usleep(1000);
	}
	fail_msg("the worker does not become ready");
}

static int count_fds(pid_t pid)
{
	char command[128], line[32];
	FILE *f;

	snprintf(command, sizeof(command), "ls /proc/%d/fd | wc -l", (int)pid);
	f = popen(command, "r");
	assert_non_null(f);
	assert_non_null(fgets(line, sizeof(line), f));
	pclose(f);
	return atoi(line);
}

static void test_what_surrounds_a_worker(void **state)
{
	struct run r = start("ec:p256");

	(void)state;
	wait_until_ready(r.pid);
	assert_has(r.pid, "status", "NoNewPrivs:\t1");
	assert_has(r.pid, "status", "Threads:\t1");
	assert_has(r.pid, "limits", "Max core file size        0                    0");
	assert_has(r.pid, "limits", "Max file size             0                    0");
	assert_has(r.pid, "limits", "Max open files            6                    6");
	assert_has(r.pid, "limits", "Max cpu time              60                   60");
	assert_int_equal(3 + KEPT, count_fds(r.pid));
	close(r.order);
	r.order = -1;
	assert_exit(end_of(&r), WORKER_DONE);
}

static void test_names_of_exits(void **state)
{
	(void)state;
	assert_string_equal("done", worker_exit_name(WORKER_DONE));
	assert_string_equal("setup", worker_exit_name(WORKER_SETUP));
	assert_string_equal("result", worker_exit_name(WORKER_RESULT));
	assert_string_equal("unknown", worker_exit_name(3));
}

static int load(void **state)
{
	(void)state;
	return rehearse_all(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_key_type),
		cmocka_unit_test(test_every_form),
		cmocka_unit_test(test_a_warm_worker),
		cmocka_unit_test(test_a_warm_worker_makes_what_was_ordered),
		cmocka_unit_test(test_workers_make_different_keys),
		cmocka_unit_test(test_no_order_no_output),
		cmocka_unit_test(test_a_senseless_order_makes_nothing),
		cmocka_unit_test(test_a_killed_worker_gives_end_of_file),
		cmocka_unit_test(test_a_reader_that_is_gone),
		cmocka_unit_test(test_what_surrounds_a_worker),
		cmocka_unit_test(test_names_of_exits),
	};

	return cmocka_run_group_tests(tests, load, NULL);
}
