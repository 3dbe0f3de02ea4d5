/* The real executable among a played core, front and courier. argv[1] is its path. */
#include "pool.h"

#include <dirent.h>
#include <poll.h>
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
#include "orders.h"
#include "role_harness.h"

static const char *binary;

static void start(struct harness *h, const char *const *keys)
{
	harness_start(h, binary, ROLE_KEYMAKER, NULL, keys);
	harness_peer(h, ROLE_CORE);
	harness_peer(h, ROLE_FRONT);
}

/* In `pids` up to `cap` children of the keymaker; how many there are. */
static size_t workers(const struct harness *h, pid_t *pids, size_t cap)
{
	char path[64], line[1024], *p = line;
	size_t n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)h->pid, (int)h->pid);
	f = fopen(path, "r");
	assert_non_null(f);
	if (fgets(line, sizeof(line), f) == NULL)
		line[0] = '\0';
	fclose(f);
	while (n < cap && *p >= '0') {
		pids[n++] = (pid_t)strtol(p, &p, 10);
		p += strspn(p, " ");
	}
	return n;
}

static void wait_for_workers(const struct harness *h, size_t want)
{
	pid_t pids[32];
	size_t n = 0;

	for (int waited = 0; waited < HARNESS_TIMEOUT_MS; waited += 5) {
		n = workers(h, pids, 32);
		if (n == want)
			return;
		poll(NULL, 0, 5);
	}
	fail_msg("%zu workers, expected %zu", n, want);
}

static void order(struct harness *h, uint64_t id, const char *type, enum role deliver)
{
	struct msg_key_make m = orders_new(type);

	m.deliver = deliver;
	harness_send(h, ROLE_CORE, MSG_key_make, id, &m, -1);
	orders_clear(&m);
}

/* The archive as the deliverer gets it, the rest as core does. */
static void receive(struct harness *h, uint64_t id, enum role deliver)
{
	struct msg_archive a;
	struct msg_key_started s;
	struct msg_key_result r;
	struct buf archive, result;
	struct acsr_key *key;
	int archive_fd, result_fd;
	uint64_t got;

	harness_recv(h, deliver, MSG_archive, &a, NULL, &archive_fd);
	assert_string_equal("ticket-1", a.ticket);
	harness_recv(h, ROLE_CORE, MSG_key_started, &s, &got, &result_fd);
	assert_int_equal(id, got);
	buf_init(&archive, 1 << 20);
	buf_init(&result, 1 << 20);
	harness_read_all(result_fd, &result);
	harness_read_all(archive_fd, &archive);
	assert_int_equal(
		ACSR_OK, chan_decode_frame(&result, ROLE_CORE, ROLE_KEYMAKER, MSG_key_result, &r, NULL));
	key = orders_open(archive.p, archive.len, r.code);
	orders_check_csr(r.csr.p, r.csr.len, key);
	assert_non_null(strstr(r.sandbox, "seccomp"));
	acsr_key_free(key);
	harness_clear(MSG_archive, &a);
	harness_clear(MSG_key_result, &r);
	buf_free(&archive);
	buf_free(&result);
}

static void test_an_order_for_front(void **state)
{
	static const char *const keys[] = { "keymaker.warm_workers=0", NULL };
	struct msg_key_gone gone;
	struct harness h;

	(void)state;
	start(&h, keys);
	order(&h, 7, "ec:p256", ROLE_FRONT);
	receive(&h, 7, ROLE_FRONT);
	harness_recv(&h, ROLE_CORE, MSG_key_gone, &gone, NULL, NULL);
	assert_string_equal("ticket-1", gone.ticket);
	assert_string_equal("done", gone.how);
	harness_clear(MSG_key_gone, &gone);
	wait_for_workers(&h, 0);
	harness_stop(&h);
}

static void test_an_order_for_courier(void **state)
{
	struct harness h;

	(void)state;
	start(&h, NULL);
	harness_peer(&h, ROLE_COURIER);
	order(&h, 8, "rsa:2048", ROLE_COURIER);
	receive(&h, 8, ROLE_COURIER);
	harness_stop(&h);
}

static void test_without_its_deliverer_nothing_is_made(void **state)
{
	static const char *const keys[] = { "keymaker.warm_workers=0", NULL };
	struct harness h;

	(void)state;
	start(&h, keys);
	order(&h, 9, "ec:p256", ROLE_COURIER);
	harness_recv_failed(&h, ROLE_CORE, 9, "busy.courier");
	wait_for_workers(&h, 0);
	harness_stop(&h);
}

static void test_a_bad_order_is_answered(void **state)
{
	struct harness h;

	(void)state;
	start(&h, NULL);
	order(&h, 10, "rsa:512", ROLE_FRONT);
	harness_recv_failed(&h, ROLE_CORE, 10, "request.field.key_type");
	order(&h, 11, "ec:p256", ROLE_FRONT);
	receive(&h, 11, ROLE_FRONT);
	harness_stop(&h);
}

/* The warm worker of before the order is the one that serves it, and another takes its place. */
static void test_warm_workers_are_used_and_replaced(void **state)
{
	static const char *const keys[] = { "keymaker.warm_workers=1", NULL };
	struct harness h;
	pid_t before, after;

	(void)state;
	start(&h, keys);
	wait_for_workers(&h, 1);
	assert_int_equal(1, workers(&h, &before, 1));
	order(&h, 1, "rsa:2048", ROLE_FRONT);
	receive(&h, 1, ROLE_FRONT);
	for (int i = 0; kill(before, 0) == 0 && i < 2000; i++)
		poll(NULL, 0, 5);
	wait_for_workers(&h, 1);
	assert_int_equal(1, workers(&h, &after, 1));
	assert_int_not_equal(before, after);
	harness_stop(&h);
}

static void test_other_types_leave_warm_workers_alone(void **state)
{
	static const char *const keys[] = { "keymaker.warm_workers=1", NULL };
	struct harness h;
	pid_t before, after;

	(void)state;
	start(&h, keys);
	assert_int_equal(1, workers(&h, &before, 1));
	order(&h, 1, "ed25519", ROLE_FRONT);
	receive(&h, 1, ROLE_FRONT);
	wait_for_workers(&h, 1);
	assert_int_equal(1, workers(&h, &after, 1));
	assert_int_equal(before, after);
	harness_stop(&h);
}

/* With one place and a warm worker in it, an order that cannot use it is not kept waiting. */
static void test_a_warm_worker_gives_way(void **state)
{
	static const char *const keys[] = { "keymaker.warm_workers=1", "keymaker.max_workers=1", NULL };
	struct harness h;

	(void)state;
	start(&h, keys);
	wait_for_workers(&h, 1);
	order(&h, 1, "ec:p256", ROLE_FRONT);
	receive(&h, 1, ROLE_FRONT);
	harness_stop(&h);
}

static void test_idle_warm_workers_end_until_needed(void **state)
{
	static const char *const keys[] = { "keymaker.warm_workers=2", "keymaker.warm_idle=1s", NULL };
	struct harness h;

	(void)state;
	start(&h, keys);
	wait_for_workers(&h, 0);
	order(&h, 1, "rsa:2048", ROLE_FRONT);
	receive(&h, 1, ROLE_FRONT);
	wait_for_workers(&h, 2);
	harness_stop(&h);
}

static void test_limits_may_change(void **state)
{
	static const char *const keys[] = { "keymaker.warm_workers=0", NULL };
	static const char *const more[] = { "keymaker.warm_workers=3", NULL };
	struct harness h;

	(void)state;
	start(&h, keys);
	harness_reload(&h, more);
	wait_for_workers(&h, 3);
	harness_stop(&h);
}

/* Two at a time; the rest in line; every order is served. */
static void test_orders_wait_in_line(void **state)
{
	static const char *const keys[] = { "keymaker.warm_workers=1", "keymaker.max_workers=2", NULL };
	struct harness h;
	pid_t pids[32];

	(void)state;
	start(&h, keys);
	for (uint64_t i = 0; i < 12; i++)
		order(&h, i, i % 3 == 0 ? "rsa:2048" : "ec:p256", ROLE_FRONT);
	for (uint64_t i = 0; i < 12; i++) {
		receive(&h, i, ROLE_FRONT);
		assert_true(workers(&h, pids, 32) <= 2);
	}
	harness_stop(&h);
}

/* The line is bounded, and whoever finds it full is told. rsa:4096 keeps the workers busy. */
static void test_a_full_line_refuses(void **state)
{
	static const char *const keys[] = { "keymaker.warm_workers=0", "keymaker.max_workers=1", NULL };
	struct harness h;

	(void)state;
	start(&h, keys);
	order(&h, 1000, "rsa:4096", ROLE_FRONT);
	order(&h, 1001, "rsa:4096", ROLE_FRONT);
	{
		struct msg_key_started s;
		int fd;

		harness_recv(&h, ROLE_CORE, MSG_key_started, &s, NULL, &fd);
		close(fd);
	}
	for (uint64_t i = 0; i < POOL_QUEUE + 32; i++)
		order(&h, i, "rsa:4096", ROLE_FRONT);
	for (;;) { /* those that were begun meanwhile make room for as many */
		struct msg_failed f;
		uint64_t id;

		if (harness_peek(&h, ROLE_CORE) == MSG_key_started) {
			struct msg_key_started s;
			int fd;

			harness_recv(&h, ROLE_CORE, MSG_key_started, &s, NULL, &fd);
			close(fd);
			continue;
		}
		harness_recv(&h, ROLE_CORE, MSG_failed, &f, &id, NULL);
		assert_string_equal("busy.keymaker", f.id);
		assert_true(id >= POOL_QUEUE - 2);
		harness_clear(MSG_failed, &f);
		break;
	}
	harness_kill(&h);
	harness_drop(&h);
}

static void test_a_killed_worker_gives_end_of_file(void **state)
{
	static const char *const keys[] = { "keymaker.warm_workers=0", NULL };
	struct harness h;
	struct msg_archive a;
	struct msg_key_started s;
	struct buf out;
	int archive_fd, result_fd;
	pid_t pid;

	(void)state;
	start(&h, keys);
	order(&h, 1, "rsa:4096", ROLE_FRONT);
	harness_recv(&h, ROLE_FRONT, MSG_archive, &a, NULL, &archive_fd);
	harness_recv(&h, ROLE_CORE, MSG_key_started, &s, NULL, &result_fd);
	harness_clear(MSG_archive, &a);
	assert_int_equal(1, workers(&h, &pid, 1));
	assert_int_equal(0, kill(pid, SIGKILL));
	buf_init(&out, 1 << 20);
	harness_read_all(result_fd, &out);
	harness_read_all(archive_fd, &out);
	assert_int_equal(0, out.len);
	order(&h, 2, "ec:p256", ROLE_FRONT); /* and life goes on */
	receive(&h, 2, ROLE_FRONT);
	harness_stop(&h);
}

static void test_without_core_workers_end(void **state)
{
	static const char *const keys[] = { "keymaker.warm_workers=0", "keymaker.max_workers=1", NULL };
	struct harness h;
	struct msg_key_started s;
	int fd;

	(void)state;
	start(&h, keys);
	order(&h, 1, "rsa:4096", ROLE_FRONT);
	order(&h, 2, "rsa:4096", ROLE_FRONT);
	harness_recv(&h, ROLE_CORE, MSG_key_started, &s, NULL, &fd);
	harness_peer_close(&h, ROLE_CORE);
	wait_for_workers(&h, 0);
	close(fd);
	harness_stop(&h);
}

static void test_workers_die_with_the_keymaker(void **state)
{
	static const char *const keys[] = { "keymaker.warm_workers=2", NULL };
	struct harness h;
	pid_t pids[2];

	(void)state;
	start(&h, keys);
	wait_for_workers(&h, 2);
	assert_int_equal(2, workers(&h, pids, 2));
	harness_kill(&h);
	for (size_t i = 0; i < 2; i++) {
		char path[64], line[256] = "";
		FILE *f;

		/* An orphan may stay a zombie for as long as its new parent likes. */
		for (int waited = 0; waited < 2000; waited++) {
			snprintf(path, sizeof(path), "/proc/%d/stat", (int)pids[i]);
			f = fopen(path, "r");
			if (f == NULL || fgets(line, sizeof(line), f) == NULL)
				snprintf(line, sizeof(line), ") Z");
			if (f != NULL)
				fclose(f);
			if (strstr(line, ") Z") != NULL || strstr(line, ") X") != NULL)
				break;
			poll(NULL, 0, 5);
		}
		assert_non_null(strstr(line, strstr(line, ") X") != NULL ? ") X" : ") Z"));
	}
	harness_drop(&h);
}

/* The parent: no file, no core dump; its own log says so. */
static void test_what_surrounds_the_parent(void **state)
{
	struct harness h;
	char path[64];
	CLEANUP_BUF struct buf b = { 0 };

	(void)state;
	buf_init(&b, 1 << 16);
	start(&h, NULL);
	snprintf(path, sizeof(path), "/proc/%d/status", (int)h.pid);
	assert_int_equal(ACSR_OK, buf_read_file(&b, path, NULL));
	assert_non_null(strstr(buf_cstr(&b), "NoNewPrivs:\t1"));
	assert_non_null(strstr(buf_cstr(&b), "Seccomp:\t2"));
	snprintf(path, sizeof(path), "/proc/%d/limits", (int)h.pid);
	buf_reset(&b);
	assert_int_equal(ACSR_OK, buf_read_file(&b, path, NULL));
	assert_non_null(strstr(buf_cstr(&b), "Max core file size        0                    0"));
	harness_stop(&h);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_order_for_front),
		cmocka_unit_test(test_an_order_for_courier),
		cmocka_unit_test(test_without_its_deliverer_nothing_is_made),
		cmocka_unit_test(test_a_bad_order_is_answered),
		cmocka_unit_test(test_warm_workers_are_used_and_replaced),
		cmocka_unit_test(test_other_types_leave_warm_workers_alone),
		cmocka_unit_test(test_a_warm_worker_gives_way),
		cmocka_unit_test(test_idle_warm_workers_end_until_needed),
		cmocka_unit_test(test_limits_may_change),
		cmocka_unit_test(test_orders_wait_in_line),
		cmocka_unit_test(test_a_full_line_refuses),
		cmocka_unit_test(test_a_killed_worker_gives_end_of_file),
		cmocka_unit_test(test_without_core_workers_end),
		cmocka_unit_test(test_workers_die_with_the_keymaker),
		cmocka_unit_test(test_what_surrounds_the_parent),
	};

	if (argc != 2)
		return 2;
	binary = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
